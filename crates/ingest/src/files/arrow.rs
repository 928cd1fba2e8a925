//! Arrow IPC files as inputs: looked through once for identity and order, then read batch by batch.
//!
//! Memory: one batch, its dictionaries, and nothing that grows with the file.

use crate::decode::arrow_ipc::column::Column;
use crate::decode::arrow_ipc::error::Unreadable;
use crate::decode::arrow_ipc::reader::ArrowReader;
use crate::decode::arrow_ipc::rows::RowSink;
use crate::decode::arrow_ipc::stream::{Bounds, Stream};
use crate::decode::feed::FeedSpec;
use crate::decode::names::NameCache;
use crate::decode::report::Report;
use crate::files::error::Error;
use crate::files::order::Times;
use crate::limits::ARROW_BATCH_BYTES_MAX;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use vigie_model::batch::{Events, Source};
use vigie_model::diagnostic::Diagnostic;
use xxhash_rust::xxh3::Xxh3;

/// Bytes read at one time.
const BUFFER_BYTES: usize = 128 << 10;
const BOUNDS: Bounds = Bounds::EachBatch(ARROW_BATCH_BYTES_MAX);

/// The rows of an Arrow IPC file.
#[derive(Debug)]
pub(super) struct ArrowRows {
    reader: ArrowReader<BufReader<File>>,
}

impl ArrowRows {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io { path: path.to_owned(), source };
        let input = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(failed)?);
        let reader = ArrowReader::open(input, BOUNDS).map_err(|error| unusable(path, error))?;
        Ok(Self { reader })
    }

    /// Appends rows until `events` holds at least `events_max`, or the file ends; whether there may be more.
    pub(super) fn read(
        &mut self,
        events_max: usize,
        names: &mut NameCache,
        feed: &FeedSpec,
        source: Source,
        events: &mut Events,
        report: &mut Report,
    ) -> io::Result<bool> {
        let mut sink = RowSink { names, feed, source, events, report, body: None };
        while sink.events.len() < events_max {
            let rows_max = events_max - sink.events.len();
            match self.reader.read(rows_max, &mut sink) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(Unreadable::Io(error)) => return Err(error),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(true)
    }

    /// Bytes taken from the file so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }
}

/// Looks through a whole file: the hash of its content, its size, and, when its rows are known to come in order of time,
/// between which instants. Times of rows that will be refused count as well, if they are instants.
pub(super) fn scan_arrow(path: &Path) -> Result<(u128, u64, Option<Times>), Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let input = Hashing { input: File::open(path).map_err(failed)?, hasher: Xxh3::new() };
    let input = BufReader::with_capacity(BUFFER_BYTES, input);
    let mut stream =
        Stream::open(input, BOUNDS, |column| column == Column::Time).map_err(|error| unusable(path, error))?;
    let mut times = Some(Times::NONE);
    while let Some(batch) = stream.next_batch().map_err(|error| unusable(path, error))? {
        batch.for_each_time(|time_ms| {
            let here = Times { first_ms: time_ms, last_ms: time_ms };
            times = times.and_then(|times| times.followed_by(here));
        });
    }
    let bytes = stream.bytes_read();
    Ok((stream.into_input().into_inner().hasher.digest128(), bytes, times))
}

fn unusable(path: &Path, error: Unreadable) -> Error {
    match error {
        Unreadable::Io(source) => Error::Io { path: path.to_owned(), source },
        Unreadable::Columns(found) => {
            let shown = path.display().to_string();
            Error::Unusable(found.into_iter().map(|found| Diagnostic::error(shown.as_str(), 0, 0, found)).collect())
        }
        error => Error::Unusable(vec![Diagnostic::error(path.display().to_string(), 0, 0, error.to_string())]),
    }
}

/// Hashes what is read.
struct Hashing<R> {
    input: R,
    hasher: Xxh3,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        Ok(length)
    }
}
