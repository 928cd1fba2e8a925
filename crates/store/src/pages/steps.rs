//! A column chunk of whole numbers as packed differences: for numbers that differ from row to row, but from their neighbours
//! by little.

use super::chunk::{Chunk, DataPage, PAGE_ROWS, write_levels, write_pages};
use super::coded::Bounds;
use super::deltas::write_deltas;
use super::runs::{write, write_run};
use deltalake::parquet::basic::{BoundaryOrder, Encoding, Type};
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::ColumnIndexBuilder;
use deltalake::parquet::file::statistics::ValueStatistics;
use deltalake::parquet::schema::types::ColumnDescPtr;

/// The numbers there are, and for each row 1 if it has one, else 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) values: Vec<i64>,
    pub(crate) levels: Vec<u32>,
}

/// The chunk of a column of 64-bit numbers that every row has.
///
/// # Errors
/// When a page would be larger than 2 GiB.
pub(crate) fn chunk_of_steps(column: &ColumnDescPtr, values: &[i64], bounds: Bounds) -> Result<Chunk, ParquetError> {
    let pages = values.chunks(PAGE_ROWS).map(|values| (Vec::new(), values.len(), values));
    write_chunk(column, pages, bounds)
}

/// The chunk of an optional column of 64-bit numbers.
///
/// # Errors
/// When a page would be larger than 2 GiB.
pub(crate) fn chunk_of_some_steps(
    column: &ColumnDescPtr,
    steps: &Steps,
    bounds: Bounds,
) -> Result<Chunk, ParquetError> {
    let mut rest = steps.values.as_slice();
    let pages = steps.levels.chunks(PAGE_ROWS).map(|levels| {
        let present = levels.iter().filter(|level| **level == 1).count();
        let (values, later) = rest.split_at(present);
        rest = later;
        let mut page = Vec::new();
        let write_all = |out: &mut Vec<u8>| match present {
            0 => write_run(0, levels.len(), 1, out),
            _ if present == levels.len() => write_run(1, levels.len(), 1, out),
            _ => write(levels, 1, out),
        };
        write_levels(levels.len(), write_all, &mut page);
        (page, levels.len(), values)
    });
    write_chunk(column, pages, bounds)
}

/// Pages, each what it begins with, its rows, and the values of those that have one.
fn write_chunk<'a>(
    column: &ColumnDescPtr,
    pages: impl Iterator<Item = (Vec<u8>, usize, &'a [i64])>,
    bounds: Bounds,
) -> Result<Chunk, ParquetError> {
    let mut index = ColumnIndexBuilder::new(Type::INT64);
    let (mut smallest, mut largest, mut nulls) = (None, None, 0);
    let pages = pages.map(|(mut bytes, rows, values)| {
        let (min, max) = (values.iter().min().copied(), values.iter().max().copied());
        let missing = rows - values.len();
        let bytes_of = |bound: Option<i64>| bound.map_or_else(Vec::new, |bound| bound.to_le_bytes().to_vec());
        index.append(values.is_empty(), bytes_of(min), bytes_of(max), missing as i64);
        smallest = smallest.into_iter().chain(min).min();
        largest = largest.max(max);
        nulls += missing as u64;
        write_deltas(values, &mut bytes);
        DataPage { bytes, rows, encoding: Encoding::DELTA_BINARY_PACKED }
    });
    let written = write_pages(None, pages)?;
    index.set_boundary_order(BoundaryOrder::UNORDERED);
    let index = (bounds == Bounds::OfPages).then(|| index.build()).transpose()?;
    let statistics = (bounds != Bounds::No).then(|| ValueStatistics::new(smallest, largest, None, Some(nulls), false));
    let statistics = statistics.map(|noted| noted.with_backwards_compatible_min_max(true).into());
    written.describe(column, &[Encoding::RLE, Encoding::DELTA_BINARY_PACKED], statistics, index)
}
