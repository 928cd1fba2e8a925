//! Values on the wire: types of columns, rows of answers, parameters of statements.

mod numeric;
mod text;

pub(crate) mod types;

pub(crate) mod encode;

pub(crate) mod decode;

#[cfg(test)]
mod tests;
