//! Recorded files as input of `vigie replay`: opened, decoded, and put in the order in which they are judged.

pub mod error;

mod order;
mod row;

mod arrow;
mod scan;

mod source;

mod sort;

pub mod inputs;
