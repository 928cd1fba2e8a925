//! A column chunk of texts, each without what it shares with the one before: Parquet's `DELTA_BYTE_ARRAY`.
//!
//! For texts that are all different while neighbours begin alike, as ids of one source do.

use super::chunk::{Chunk, DataPage, PAGE_ROWS, write_compressed, write_levels};
use super::deltas::write_deltas;
use super::runs::{write, write_run};
use deltalake::parquet::basic::Encoding;
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::schema::types::ColumnDescPtr;

/// The chunk of an optional column of texts that has one for each row, or none.
///
/// # Errors
/// When a page would be larger than 2 GiB.
pub(crate) fn chunk_of_fronts<'a>(
    column: &ColumnDescPtr,
    texts: impl ExactSizeIterator<Item = Option<&'a str>>,
) -> Result<Chunk, ParquetError> {
    let (mut rest, mut page) = (texts, Fronts::default());
    let pages = std::iter::from_fn(|| {
        let rows = rest.len().min(PAGE_ROWS);
        page.clear();
        rest.by_ref().take(rows).for_each(|text| page.push(text));
        (rows > 0).then(|| DataPage { bytes: page.bytes(), rows, encoding: Encoding::DELTA_BYTE_ARRAY })
    });
    write_compressed(pages)?.describe(column, &[Encoding::RLE, Encoding::DELTA_BYTE_ARRAY], None, None)
}

/// The rows of a page in the making.
#[derive(Debug, Default)]
struct Fronts<'a> {
    /// Whether each row has a text.
    levels: Vec<u32>,
    /// Of each text: the bytes it shares with the one before, and how many follow.
    shared: Vec<i64>,
    own: Vec<i64>,
    /// What follows, of all texts.
    tails: Vec<u8>,
    last: &'a [u8],
}

impl<'a> Fronts<'a> {
    fn clear(&mut self) {
        self.levels.clear();
        self.shared.clear();
        self.own.clear();
        self.tails.clear();
        self.last = &[];
    }

    fn push(&mut self, text: Option<&'a str>) {
        self.levels.push(u32::from(text.is_some()));
        let Some(text) = text.map(str::as_bytes) else { return };
        let shared = shared_length(self.last, text);
        self.shared.push(shared as i64);
        self.own.push((text.len() - shared) as i64);
        self.tails.extend_from_slice(&text[shared..]);
        self.last = text;
    }

    fn bytes(&self) -> Vec<u8> {
        let rows = self.levels.len();
        let mut page = Vec::with_capacity(self.tails.len() + rows * 3 + 64);
        let has_all = self.shared.len() == rows;
        let levels = |out: &mut Vec<u8>| if has_all { write_run(1, rows, 1, out) } else { write(&self.levels, 1, out) };
        write_levels(rows, levels, &mut page);
        write_deltas(&self.shared, &mut page);
        write_deltas(&self.own, &mut page);
        page.extend_from_slice(&self.tails);
        page
    }
}

/// How many bytes two texts begin with alike; eight are compared at once.
fn shared_length(one: &[u8], next: &[u8]) -> usize {
    let (ones, nexts) = (one.as_chunks::<8>().0, next.as_chunks::<8>().0);
    let words = ones.iter().zip(nexts).take_while(|(one, next)| one == next).count();
    let at = words * 8;
    at + one[at..].iter().zip(&next[at..]).take_while(|(one, next)| one == next).count()
}
