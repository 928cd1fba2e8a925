//! Rows of history from the vocabulary of `vigie-model`: one function a table, each returning a batch that follows
//! [`Table::schema`](crate::schema::table::Table::schema).
//!
//! Nothing here reads a clock or touches a disk; the same record always makes the same rows.

pub(crate) mod columns;

pub(crate) mod observed;

pub mod alerts;
pub mod observations;

pub mod events;
pub mod spaces;

#[cfg(test)]
mod tests;
