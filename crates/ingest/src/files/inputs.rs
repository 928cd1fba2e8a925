//! The inputs of a replay: several files as one stream of batches.
//!
//! By default rows come merged by event time, stable in the order of files and lines, sorted on disk where they do not
//! fit in memory; all files are then read before the first batch comes out. Files whose lines are in order already, one
//! after the other, are not sorted: their rows come as they are read. With `keep_order` all come as they stand.

use crate::decode::csv::mapping::Mapping;
use crate::decode::feed::FeedSpec;
use crate::decode::names::NameCache;
use crate::decode::native::Decoder;
use crate::decode::report::Report;
use crate::files::error::Error;
use crate::files::order::Times;
use crate::files::sort::{Limits, Merge, Sorter};
use crate::files::source::InputFile;
use crate::limits::SORT_ROWS_MAX;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use vigie_model::batch::Events;
use vigie_model::diagnostic::Diagnostic;
use xxhash_rust::xxh3::Xxh3;

/// Rows of a batch for which room is made beforehand, at most.
const BATCH_ROWS_FORESEEN_MAX: usize = 8192;
/// Rows read between two calls of the progress function.
const ROWS_PER_STEP: usize = 8192;

/// How inputs are read.
#[derive(Clone, Debug)]
pub struct InputOptions {
    /// Feed of native events.
    pub feed: FeedSpec,
    /// Rows come in file order instead of by event time.
    pub keep_order: bool,
    /// Rows of a batch, at least 1; a wide CSV line is never split, so a batch may hold one line's values more.
    pub batch_rows: usize,
    /// Rows sorted in memory; beyond it the sort uses the disk.
    pub sort_rows_max: usize,
    /// Where the sort writes its temporary files.
    pub sort_folder: PathBuf,
}

impl InputOptions {
    /// Defaults for native events of `feed`: by event time, 1,024 rows a batch, temporary files where the system has them.
    #[must_use]
    pub fn new(feed: FeedSpec) -> Self {
        let (sort_rows_max, sort_folder) = (SORT_ROWS_MAX, std::env::temp_dir());
        Self { feed, keep_order: false, batch_rows: 1024, sort_rows_max, sort_folder }
    }
}

/// How far inputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read so far, of all files.
    pub bytes_read: u64,
    /// Bytes of all files.
    pub bytes_total: u64,
}

/// What was found in one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file as given.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Hash of its content.
    pub hash: u128,
    /// Its rows; complete once the inputs are read.
    pub report: Report,
}

/// Input files as a stream of batches.
pub struct Inputs {
    opened: Opened,
    sorted: Option<Merge>,
    /// The newest event time so far, unless rows come as they stand.
    newest_ms: Option<i64>,
    batch_rows: usize,
    is_over: bool,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").field("files", &self.opened.reports).finish_non_exhaustive()
    }
}

impl Inputs {
    /// Opens files: CSV files through the mapping that is for them, others as native events. `progress` is called after
    /// every few thousand rows.
    ///
    /// # Errors
    /// [`Error::Unusable`] with everything wrong with any file; [`Error::Io`]; [`Error::Sort`].
    pub fn open(
        paths: &[PathBuf],
        mappings: &[Arc<Mapping>],
        names: NameCache,
        options: InputOptions,
        progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Self, Error> {
        let mut opened = Opened::open(paths, mappings, Decoder::new(names), options.feed, Box::new(progress))?;
        let batch_rows = options.batch_rows.max(1);
        let mut sorted = None;
        if !options.keep_order && !opened.is_in_order() {
            let limits =
                Limits { rows_max: options.sort_rows_max.max(1), folder: options.sort_folder, ..Limits::default() };
            let mut sorter = Sorter::new(limits);
            let rows_max = options.sort_rows_max.max(1);
            loop {
                let events_max = (sorter.pending().len() + ROWS_PER_STEP).min(rows_max);
                let is_more = opened.read(events_max, sorter.pending())?;
                sorter.settle().map_err(Error::Sort)?;
                if !is_more {
                    break;
                }
            }
            sorted = Some(sorter.finish().map_err(Error::Sort)?);
        }
        let newest_ms = (!options.keep_order).then_some(i64::MIN);
        Ok(Self { opened, sorted, newest_ms, batch_rows, is_over: false })
    }

    /// Whether files are still to be read while batches come out.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        self.sorted.is_none()
    }

    /// What was found in each file, in the order given; complete once the stream has ended.
    #[must_use]
    pub fn reports(&self) -> &[FileReport] {
        &self.opened.reports
    }

    /// A hash over the content of all files in their order: the same inputs give the same.
    #[must_use]
    pub fn identity(&self) -> u128 {
        let mut hasher = Xxh3::new();
        for file in &self.opened.reports {
            hasher.update(&file.hash.to_le_bytes());
        }
        hasher.digest128()
    }

    /// The next batch, as [`Iterator::next`] gives it, in the memory of one that nobody needs any more.
    pub fn next_in(&mut self, spent: Events) -> Option<Result<Events, Error>> {
        if self.is_over {
            return None;
        }
        let batch = self.next_batch(spent);
        self.is_over = batch.as_ref().map_or(true, Events::is_empty);
        batch.map(|events| (!events.is_empty()).then_some(events)).transpose()
    }

    fn next_batch(&mut self, mut events: Events) -> Result<Events, Error> {
        events.clear();
        events.reserve_observations(self.batch_rows.min(BATCH_ROWS_FORESEEN_MAX));
        let Some(merge) = &mut self.sorted else {
            while events.len() < self.batch_rows && self.opened.read(self.batch_rows, &mut events)? {}
            self.check_order(&events)?;
            return Ok(events);
        };
        while events.len() < self.batch_rows && merge.pop_into(&mut events).map_err(Error::Sort)? {}
        Ok(events)
    }
}

impl Inputs {
    /// What was seen when the files were opened must still be so: the log must not depend on who writes meanwhile.
    fn check_order(&mut self, events: &Events) -> Result<(), Error> {
        let Some(newest_ms) = &mut self.newest_ms else { return Ok(()) };
        for index in 0..events.len() {
            let time_ms = events.event_time_ms(index);
            if time_ms < *newest_ms {
                return Err(Error::Changed(self.opened.path_being_read()));
            }
            *newest_ms = time_ms;
        }
        Ok(())
    }
}

impl Iterator for Inputs {
    type Item = Result<Events, Error>;

    /// The next batch, never empty. After an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_in(Events::default())
    }
}

/// The files while they are read, one after the other.
struct Opened {
    files: Vec<InputFile>,
    reports: Vec<FileReport>,
    current: usize,
    bytes_before: u64,
    bytes_total: u64,
    decoder: Decoder,
    feed: FeedSpec,
    progress: Box<dyn FnMut(Progress) + Send>,
}

impl Opened {
    fn open(
        paths: &[PathBuf],
        mappings: &[Arc<Mapping>],
        mut decoder: Decoder,
        feed: FeedSpec,
        progress: Box<dyn FnMut(Progress) + Send>,
    ) -> Result<Self, Error> {
        let (mut files, mut reports, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for path in paths {
            match InputFile::open(path, mappings, decoder.names()) {
                Err(Error::Unusable(of_file)) => found.extend(of_file),
                Err(error) => return Err(error),
                Ok(file) => {
                    let (bytes, hash) = (file.bytes, file.hash);
                    reports.push(FileReport { path: path.clone(), bytes, hash, report: Report::default() });
                    files.push(file);
                }
            }
        }
        if !found.is_empty() {
            return Err(Error::Unusable(found));
        }
        let bytes_total = reports.iter().map(|file| file.bytes).sum();
        Ok(Self { files, reports, current: 0, bytes_before: 0, bytes_total, decoder, feed, progress })
    }

    /// Whether all rows are known to come in order of time.
    fn is_in_order(&self) -> bool {
        let mut files = self.files.iter();
        files.try_fold(Times::NONE, |times, file| times.followed_by(file.in_order?)).is_some()
    }

    /// The file that is being read, or was read last.
    fn path_being_read(&self) -> PathBuf {
        self.reports.get(self.current).or(self.reports.last()).map_or_else(PathBuf::new, |file| file.path.clone())
    }

    /// Appends rows until `events` holds `events_max`, or the current file ends; whether there may be more.
    fn read(&mut self, events_max: usize, events: &mut Events) -> Result<bool, Error> {
        let Some(file) = self.files.get_mut(self.current) else { return Ok(false) };
        let FileReport { path, bytes, report, .. } = &mut self.reports[self.current];
        let is_more = file
            .read(events_max, &mut self.decoder, &self.feed, events, report)
            .map_err(|source| Error::Io { path: path.clone(), source })?;
        let bytes_read = self.bytes_before + file.bytes_read();
        (self.progress)(Progress { bytes_read, bytes_total: self.bytes_total });
        if !is_more {
            if !report.unmatched_names.is_empty() {
                return Err(unmatched(&self.reports[self.current]));
            }
            self.current += 1;
            self.bytes_before += *bytes;
        }
        Ok(true)
    }
}

/// A name that the mapping does not list would be rows silently missing from every verdict, so it ends the replay.
fn unmatched(file: &FileReport) -> Error {
    let shown = file.path.display().to_string();
    let diagnostic = |(name, hint): (&String, &Option<String>)| {
        Diagnostic::error(shown.as_str(), 0, 0, format!("name '{name}' is not in the mapping's name map"))
            .hint_opt(hint.clone())
    };
    Error::Unusable(file.report.unmatched_names.iter().map(diagnostic).collect())
}

#[cfg(test)]
mod tests;
