//! Column chunks of Parquet put together here: of codes, for columns whose few different values are known by number
//! beforehand ([`coded`]), of ids that begin like the ones before ([`fronts`]), and of numbers that differ little ([`steps`]).
//!
//! The writer of the `parquet` crate takes values and finds out which are equal, by hashing every one; a row of observations
//! has ten columns of texts whose names the log has numbered long before. So these chunks are made of a
//! dictionary page and data pages of codes. It copies texts before it encodes them, and keeps a level for each; ids are
//! encoded from where they lie. Chunks are spliced into a file whose other columns, footer and indexes that crate
//! writes. Format: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>, data pages of version 1.

pub(crate) mod runs;

pub(crate) mod deltas;

pub(crate) mod chunk;

pub(crate) mod coded;
pub(crate) mod fronts;
pub(crate) mod steps;

#[cfg(test)]
mod tests;
