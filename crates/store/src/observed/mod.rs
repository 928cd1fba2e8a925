//! Observations between the log and their file: kept as the log has them, and turned into columns of history only for
//! whoever needs those, a query or a commit.
//!
//! They come by the million, so nothing is done to a row before it must be: `buffer` copies columns of integers, a
//! query makes Arrow columns of the few that are hot ([`crate::rows::observations`]), and a commit goes from the integers
//! to the bytes of a Parquet file (`file`) in the order that `order` finds.

pub(crate) mod buffer;
pub(crate) mod order;

pub(crate) mod sorted;

pub(crate) mod file;

pub mod stages;

#[cfg(test)]
mod tests;
