//! Pieces of JSON text, located and bounded: what `decode` and `spaces` read events and features from.

pub(crate) mod depth;
pub(crate) mod lines;
pub(crate) mod plain;

pub(crate) mod elements;
pub(crate) mod object;
