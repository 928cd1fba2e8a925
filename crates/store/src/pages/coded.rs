//! A column chunk of codes with its dictionary.

use super::chunk::{Chunk, DataPage, PAGE_ROWS, write_levels, write_pages};
use super::runs::{bits_for, write, write_run};
use deltalake::parquet::basic::{BoundaryOrder, Encoding, Type};
use deltalake::parquet::data_type::ByteArray;
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::ColumnIndexBuilder;
use deltalake::parquet::file::statistics::{Statistics, ValueStatistics};
use deltalake::parquet::schema::types::ColumnDescPtr;

/// Stands for "no value" among codes.
pub(crate) const NO_CODE: u32 = u32::MAX;

/// Different values of a column, each with its code: the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary<'a> {
    /// The values as a data page would have them.
    plain: Vec<u8>,
    count: usize,
    /// The values, if they are texts.
    texts: Vec<&'a str>,
}

/// Codes of all rows of a column.
#[derive(Debug)]
pub(crate) enum Codes {
    /// Every row has the value with code 0.
    Constant {
        /// Number of rows.
        rows: usize,
    },
    /// A code a row, or [`NO_CODE`].
    Each(Vec<u32>),
}

/// Which smallest and largest values are noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// None.
    No,
    /// Those of the file.
    OfFile,
    /// Those of the file and of each page, for texts.
    OfPages,
}

impl<'a> Dictionary<'a> {
    /// Adds a text; returns its code.
    pub(crate) fn add_text(&mut self, text: &'a str) -> u32 {
        let length = u32::try_from(text.len()).expect("a text of a row is shorter than 4 GiB");
        self.plain.extend_from_slice(&length.to_le_bytes());
        self.plain.extend_from_slice(text.as_bytes());
        self.texts.push(text);
        self.next_code()
    }

    /// Adds a number, as its little-endian bytes; returns its code.
    pub(crate) fn add_number(&mut self, bytes: &[u8]) -> u32 {
        self.plain.extend_from_slice(bytes);
        self.next_code()
    }

    /// Number of values.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    fn next_code(&mut self) -> u32 {
        self.count += 1;
        u32::try_from(self.count - 1).expect("a file has fewer than 2^32 rows")
    }
}

impl Codes {
    fn rows(&self) -> usize {
        match self {
            Self::Constant { rows } => *rows,
            Self::Each(codes) => codes.len(),
        }
    }
}

/// The chunk of a column that is described so. `bounds` are for texts; a column of numbers gets `statistics` instead.
///
/// # Errors
/// When the column does not fit the description, or a page would be larger than 2 GiB.
pub(crate) fn chunk(
    column: &ColumnDescPtr,
    dictionary: &Dictionary<'_>,
    codes: &Codes,
    bounds: Bounds,
    statistics: Option<Statistics>,
) -> Result<Chunk, ParquetError> {
    let (mut index, mut all) = (ColumnIndexBuilder::new(Type::BYTE_ARRAY), PageBounds::default());
    let pages = (0..codes.rows()).step_by(PAGE_ROWS).map(|first| {
        let rows = PAGE_ROWS.min(codes.rows() - first);
        let (bytes, of_page) = data_page(column, dictionary, codes, first, rows, bounds);
        let bytes_of = |text: Option<&str>| text.unwrap_or_default().as_bytes().to_vec();
        index.append(of_page.min.is_none(), bytes_of(of_page.min), bytes_of(of_page.max), of_page.nulls);
        all.widen(&of_page);
        DataPage { bytes, rows, encoding: Encoding::RLE_DICTIONARY }
    });
    let written = write_pages(Some((&dictionary.plain, dictionary.len())), pages)?;
    let statistics = statistics.or_else(|| (bounds != Bounds::No).then(|| all.statistics()));
    index.set_boundary_order(BoundaryOrder::UNORDERED);
    let index = (bounds == Bounds::OfPages).then(|| index.build()).transpose()?;
    written.describe(column, &[Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY], statistics, index)
}

/// The bytes of one data page: definition levels if values may be missing, the width of codes, and the codes.
fn data_page<'a>(
    column: &ColumnDescPtr,
    dictionary: &Dictionary<'a>,
    codes: &Codes,
    first: usize,
    rows: usize,
    bounds: Bounds,
) -> (Vec<u8>, PageBounds<'a>) {
    let bits = bits_for(dictionary.len());
    let is_nullable = column.max_def_level() > 0;
    let mut page = Vec::with_capacity(rows * usize::from(bits) / 8 + 64);
    let mut of_page = PageBounds::default();
    match codes {
        Codes::Constant { .. } => {
            if is_nullable {
                write_levels(rows, |out| write_run(1, rows, 1, out), &mut page);
            }
            page.push(bits);
            write_run(0, rows, bits, &mut page);
            of_page.meet(&dictionary.texts, &[0], bounds);
        }
        Codes::Each(codes) => {
            let codes = &codes[first..first + rows];
            let present: Vec<u32>;
            let present = if is_nullable {
                of_page.nulls = codes.iter().filter(|code| **code == NO_CODE).count() as i64;
                present = codes.iter().copied().filter(|code| *code != NO_CODE).collect();
                let write_all = |out: &mut Vec<u8>| match of_page.nulls {
                    0 => write_run(1, rows, 1, out),
                    _ => write(&codes.iter().map(|code| u32::from(*code != NO_CODE)).collect::<Vec<_>>(), 1, out),
                };
                write_levels(rows, write_all, &mut page);
                present.as_slice()
            } else {
                codes
            };
            page.push(bits);
            write(present, bits, &mut page);
            of_page.meet(&dictionary.texts, present, bounds);
        }
    }
    (page, of_page)
}

/// The smallest and largest text of a page or chunk, and how many are missing.
#[derive(Clone, Copy, Debug, Default)]
struct PageBounds<'a> {
    min: Option<&'a str>,
    max: Option<&'a str>,
    nulls: i64,
}

impl<'a> PageBounds<'a> {
    /// Takes in the texts of codes; equal neighbours count once.
    fn meet(&mut self, texts: &[&'a str], codes: &[u32], bounds: Bounds) {
        if bounds == Bounds::No {
            return;
        }
        for same in codes.chunk_by(PartialEq::eq) {
            let text = texts[same[0] as usize];
            self.min = Some(self.min.map_or(text, |min| min.min(text)));
            self.max = Some(self.max.map_or(text, |max| max.max(text)));
        }
    }

    fn widen(&mut self, other: &Self) {
        self.nulls += other.nulls;
        self.min = self.min.into_iter().chain(other.min).min();
        self.max = self.max.into_iter().chain(other.max).max();
    }

    fn statistics(&self) -> Statistics {
        let text = |text: Option<&str>| text.map(ByteArray::from);
        let nulls = u64::try_from(self.nulls).unwrap_or_default();
        ValueStatistics::new(text(self.min), text(self.max), None, Some(nulls), false).into()
    }
}
