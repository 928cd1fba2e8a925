//! What column chunks are made of, whatever their encoding: pages, and what the file says about them.

use deltalake::parquet::basic::{Compression, Encoding};
use deltalake::parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use deltalake::parquet::column::writer::ColumnCloseResult;
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use deltalake::parquet::file::page_index::column_index::ColumnIndexMetaData;
use deltalake::parquet::file::statistics::Statistics;
use deltalake::parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use deltalake::parquet::schema::types::ColumnDescPtr;

/// Rows of a data page. The `parquet` crate's default for its own pages, so that pages of all columns begin together.
pub(super) const PAGE_ROWS: usize = 20_000;

/// A chunk that can be spliced into a file.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Its pages.
    pub(crate) bytes: Vec<u8>,
    /// What the file says about it.
    pub(crate) close: ColumnCloseResult,
}

/// Rows, encoded, with their definition levels before them.
#[derive(Debug)]
pub(super) struct DataPage {
    pub(super) bytes: Vec<u8>,
    pub(super) rows: usize,
    pub(super) encoding: Encoding,
}

/// The pages of a chunk, written.
pub(super) struct Pages {
    bytes: Vec<u8>,
    offsets: OffsetIndexBuilder,
    rows: u64,
    compressed: u64,
    uncompressed: u64,
    has_dictionary: bool,
    first_data_page: u64,
    compression: Compression,
}

/// Writes a dictionary, given as its bytes and the number of its values, if there is one, and data pages, as they are.
pub(super) fn write_pages(
    dictionary: Option<(&[u8], usize)>,
    pages: impl Iterator<Item = DataPage>,
) -> Result<Pages, ParquetError> {
    write_all(dictionary, pages.map(|page| (page.bytes.len(), page)), Compression::UNCOMPRESSED)
}

/// Writes data pages compressed with Snappy: for what packing leaves alike.
pub(super) fn write_compressed(pages: impl Iterator<Item = DataPage>) -> Result<Pages, ParquetError> {
    let mut snappy = snap::raw::Encoder::new();
    let compressed = pages.map(|page| {
        let bytes = snappy.compress_vec(&page.bytes).map_err(|error| ParquetError::General(error.to_string()))?;
        Ok((page.bytes.len(), DataPage { bytes, ..page }))
    });
    let compressed = compressed.collect::<Result<Vec<_>, ParquetError>>()?;
    write_all(None, compressed.into_iter(), Compression::SNAPPY)
}

/// Pages come with what they take uncompressed.
fn write_all(
    dictionary: Option<(&[u8], usize)>,
    pages: impl Iterator<Item = (usize, DataPage)>,
    compression: Compression,
) -> Result<Pages, ParquetError> {
    let mut sink = TrackedWrite::new(Vec::new());
    let mut written = Pages {
        bytes: Vec::new(),
        offsets: OffsetIndexBuilder::new(),
        rows: 0,
        compressed: 0,
        uncompressed: 0,
        has_dictionary: dictionary.is_some(),
        first_data_page: 0,
        compression,
    };
    let mut writer = SerializedPageWriter::new(&mut sink);
    if let Some((bytes, count)) = dictionary {
        let page = Page::DictionaryPage {
            buf: bytes.to_vec().into(),
            num_values: u32::try_from(count).expect("codes are 32 bits"),
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        written.add(&writer.write_page(CompressedPage::new(page, bytes.len()))?);
    }
    for (length, DataPage { bytes, rows, encoding }) in pages {
        let page = Page::DataPage {
            buf: bytes.into(),
            num_values: u32::try_from(rows).expect("pages are small"),
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let spec = writer.write_page(CompressedPage::new(page, length))?;
        if written.rows == 0 {
            written.first_data_page = spec.offset;
        }
        written.rows += rows as u64;
        written.add(&spec);
        written.offsets.append_offset_and_size(as_i64(spec.offset), as_i32(spec.compressed_size)?);
        written.offsets.append_row_count(as_i64(rows as u64));
    }
    writer.close()?;
    written.bytes = sink.into_inner()?;
    Ok(written)
}

impl Pages {
    /// The chunk, with what the file says about it.
    pub(super) fn describe(
        self,
        column: &ColumnDescPtr,
        encodings: &[Encoding],
        statistics: Option<Statistics>,
        column_index: Option<ColumnIndexMetaData>,
    ) -> Result<Chunk, ParquetError> {
        let mut metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(self.compression)
            .set_encodings(encodings.to_vec())
            .set_total_compressed_size(as_i64(self.compressed))
            .set_total_uncompressed_size(as_i64(self.uncompressed))
            .set_num_values(as_i64(self.rows))
            .set_dictionary_page_offset(self.has_dictionary.then_some(0))
            .set_data_page_offset(as_i64(self.first_data_page));
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: self.compressed,
            rows_written: self.rows,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index,
            offset_index: Some(self.offsets.build()),
        };
        Ok(Chunk { bytes: self.bytes, close })
    }

    fn add(&mut self, page: &PageWriteSpec) {
        self.compressed += page.compressed_size as u64;
        self.uncompressed += page.uncompressed_size as u64;
    }
}

/// Appends definition levels with their length before them.
pub(super) fn write_levels(rows: usize, write_all: impl FnOnce(&mut Vec<u8>), page: &mut Vec<u8>) {
    let mut levels = Vec::with_capacity(rows / 8 + 8);
    write_all(&mut levels);
    page.extend_from_slice(&u32::try_from(levels.len()).expect("pages are small").to_le_bytes());
    page.extend_from_slice(&levels);
}

fn as_i64(value: u64) -> i64 {
    i64::try_from(value).expect("a file is smaller than 2^63 bytes")
}

fn as_i32(value: usize) -> Result<i32, ParquetError> {
    i32::try_from(value).map_err(|_| ParquetError::General(format!("a page of {value} bytes is too large")))
}
