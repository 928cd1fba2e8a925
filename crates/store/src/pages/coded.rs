//! A column chunk of codes with its dictionary.

use super::runs::{bits_for, write, write_run};
use deltalake::parquet::basic::{BoundaryOrder, Compression, Encoding, Type};
use deltalake::parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use deltalake::parquet::column::writer::ColumnCloseResult;
use deltalake::parquet::data_type::ByteArray;
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder};
use deltalake::parquet::file::statistics::{Statistics, ValueStatistics};
use deltalake::parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use deltalake::parquet::schema::types::ColumnDescPtr;

/// Stands for "no value" among codes.
pub(crate) const NO_CODE: u32 = u32::MAX;

/// Rows of a data page. The `parquet` crate's default for its own pages, so that pages of all columns begin together.
const PAGE_ROWS: usize = 20_000;

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

/// A chunk that can be spliced into a file.
#[derive(Debug)]
pub(crate) struct CodedChunk {
    /// Its pages.
    pub(crate) bytes: Vec<u8>,
    /// What the file says about it.
    pub(crate) close: ColumnCloseResult,
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
) -> Result<CodedChunk, ParquetError> {
    let mut sink = TrackedWrite::new(Vec::new());
    let mut sizes = Sizes::default();
    let (mut offsets, mut pages) = (OffsetIndexBuilder::new(), ColumnIndexBuilder::new(Type::BYTE_ARRAY));
    let mut all = PageBounds::default();
    let mut writer = SerializedPageWriter::new(&mut sink);
    let dictionary_page = Page::DictionaryPage {
        buf: dictionary.plain.clone().into(),
        num_values: u32::try_from(dictionary.len()).expect("codes are 32 bits"),
        encoding: Encoding::PLAIN,
        is_sorted: false,
    };
    sizes.add(&writer.write_page(CompressedPage::new(dictionary_page, dictionary.plain.len()))?);
    let mut data_page_offset = None;
    for first in (0..codes.rows()).step_by(PAGE_ROWS) {
        let rows = PAGE_ROWS.min(codes.rows() - first);
        let (bytes, of_page) = data_page(column, dictionary, codes, first, rows, bounds);
        let length = bytes.len();
        let page = Page::DataPage {
            buf: bytes.into(),
            num_values: u32::try_from(rows).expect("pages are small"),
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let written = writer.write_page(CompressedPage::new(page, length))?;
        data_page_offset.get_or_insert(written.offset);
        sizes.add(&written);
        offsets.append_offset_and_size(as_i64(written.offset), as_i32(written.compressed_size)?);
        offsets.append_row_count(as_i64(rows as u64));
        let bytes_of = |text: Option<&str>| text.unwrap_or_default().as_bytes().to_vec();
        pages.append(of_page.min.is_none(), bytes_of(of_page.min), bytes_of(of_page.max), of_page.nulls);
        all.widen(&of_page);
    }
    writer.close()?;
    let statistics = statistics.or_else(|| (bounds != Bounds::No).then(|| all.statistics()));
    let mut metadata = ColumnChunkMetaData::builder(column.clone())
        .set_compression(Compression::UNCOMPRESSED)
        .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
        .set_total_compressed_size(as_i64(sizes.compressed))
        .set_total_uncompressed_size(as_i64(sizes.uncompressed))
        .set_num_values(as_i64(codes.rows() as u64))
        .set_dictionary_page_offset(Some(0))
        .set_data_page_offset(as_i64(data_page_offset.unwrap_or_default()));
    if let Some(statistics) = statistics {
        metadata = metadata.set_statistics(statistics);
    }
    pages.set_boundary_order(BoundaryOrder::UNORDERED);
    let close = ColumnCloseResult {
        bytes_written: sizes.compressed,
        rows_written: codes.rows() as u64,
        metadata: metadata.build()?,
        bloom_filter: None,
        column_index: (bounds == Bounds::OfPages).then(|| pages.build()).transpose()?,
        offset_index: Some(offsets.build()),
    };
    Ok(CodedChunk { bytes: sink.into_inner()?, close })
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

/// Appends definition levels with their length before them.
fn write_levels(rows: usize, write_all: impl FnOnce(&mut Vec<u8>), page: &mut Vec<u8>) {
    let mut levels = Vec::with_capacity(rows / 8 + 8);
    write_all(&mut levels);
    page.extend_from_slice(&u32::try_from(levels.len()).expect("pages are small").to_le_bytes());
    page.extend_from_slice(&levels);
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

/// Bytes of pages with their headers.
#[derive(Debug, Default)]
struct Sizes {
    compressed: u64,
    uncompressed: u64,
}

impl Sizes {
    fn add(&mut self, page: &PageWriteSpec) {
        self.compressed += page.compressed_size as u64;
        self.uncompressed += page.uncompressed_size as u64;
    }
}

fn as_i64(value: u64) -> i64 {
    i64::try_from(value).expect("a file is smaller than 2^63 bytes")
}

fn as_i32(value: usize) -> Result<i32, ParquetError> {
    i32::try_from(value).map_err(|_| ParquetError::General(format!("a page of {value} bytes is too large")))
}
