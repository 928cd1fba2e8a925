//! Column chunks of Parquet written from codes: for columns whose few different values are known by number beforehand.
//!
//! The writer of the `parquet` crate takes values and finds out which are equal, by hashing every one; a row of observations
//! has ten columns of texts whose names the log has numbered long before. So these chunks are put together here, of a
//! dictionary page and data pages of codes, and spliced into a file whose other columns, footer and indexes that crate
//! writes. Format: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>, data pages of version 1.

pub(crate) mod runs;

pub(crate) mod coded;

#[cfg(test)]
mod tests;
