//! The embedded log as the sequencer's store: records become frames, one commit makes them durable, and only then do the
//! roles see them.
//!
//! Nothing can be judged, shown or stored in history that a crash could take back.

use crate::disk::Disk;
use crate::error::LogError;
use crate::ring::{Reader, Writer, ring};
use crate::segments::codec::{ControlRef, Kind, encode};
use crate::segments::control_files::ControlReader;
use crate::segments::files::Segments;
use crate::segments::folder::Folder;
use crate::segments::frame::{Frame, append};
use crate::segments::header::LogIdentity;
use crate::segments::options::{LogOptions, Recovery};
use crate::segments::stored::StoredRecords;
use crate::segments::survey::beginning;
use crate::store::{LogStore, Room, rows_of};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use vigie_model::control::Control;
use vigie_model::record::{Payload, Record};

/// A log in segment files.
#[derive(Debug)]
pub struct SegmentLog {
    segments: Segments,
    stored: StoredRecords,
    first_sequence: u64,
    writer: Writer<Arc<Record>>,
    /// Frames of the records waiting for a commit, and the records.
    frames: Vec<u8>,
    waiting: Vec<Arc<Record>>,
}

/// A log that was opened.
#[derive(Debug)]
pub struct OpenedLog {
    /// The log; it first gives back what it holds, see [`LogStore::recall`].
    pub log: SegmentLog,
    /// One reader for each role.
    pub readers: Vec<Reader<Arc<Record>>>,
    /// What was found.
    pub recovery: Recovery,
}

impl SegmentLog {
    /// Opens the log in a folder, or creates it with `identity`; an existing log keeps its own. `ring_rows_max` and `roles`
    /// as for a memory log.
    ///
    /// # Errors
    /// When the disk fails, or the log is of a newer format or cannot be read at all.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: LogOptions,
        identity: LogIdentity,
        ring_rows_max: usize,
        roles: usize,
    ) -> Result<OpenedLog, LogError> {
        let folder = Folder { disk, path: options.folder.clone() };
        let (segments, recovery, stored) = Segments::open(folder, options, identity)?;
        let (writer, readers) = ring(ring_rows_max, rows_of, roles);
        let first_sequence = recovery.next_sequence;
        let log = Self { segments, stored, first_sequence, writer, frames: Vec::new(), waiting: Vec::new() };
        Ok(OpenedLog { log, readers, recovery })
    }

    /// What this log is.
    #[must_use]
    pub const fn identity(&self) -> &LogIdentity {
        self.segments.identity()
    }

    /// What the log in a folder is, and with which record it begins; `None` when there is none.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn beginning(disk: Arc<dyn Disk>, path: &Path) -> Result<Option<(LogIdentity, u64)>, LogError> {
        disk.create_folder(path).map_err(LogError::disk("create", path))?;
        beginning(&Folder { disk, path: path.to_owned() })
    }

    /// The control record that the log in a folder keeps under a name.
    ///
    /// # Errors
    /// When there is none, it is damaged, or of other semantics.
    pub fn control_named(disk: Arc<dyn Disk>, path: &Path, hash: [u8; 32]) -> Result<Arc<Control>, LogError> {
        ControlReader::default().read(&Folder { disk, path: path.to_owned() }, ControlRef { hash })
    }

    /// Knows the control record that is in force before the first record given back.
    pub fn know_control(&mut self, control: Arc<Control>, hash: [u8; 32]) {
        self.segments.know_control(control, ControlRef { hash });
    }

    /// Deletes segments of which every record lies below `floor`, the sequence that every role is durably past, and also
    /// below `aged`, or there is little room; some of them, the oldest first. Returns how many.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn delete_below(&mut self, floor: u64, aged: u64) -> Result<usize, LogError> {
        self.segments.delete_below(floor, aged)
    }

    fn frame(&mut self, record: &Record) -> Result<(), LogError> {
        let control = match &record.payload {
            Payload::Control(control) => Some(self.file_of(control)?),
            _ => None,
        };
        let commit_first = self.waiting.first().map_or(record.sequence, |first| first.sequence);
        let (kind, partition) = Kind::of(&record.payload);
        let frame = Frame {
            sequence: record.sequence,
            commit_first,
            log_time_ms: record.log_time_ms,
            kind: kind as u8,
            partition,
            payload: &[],
        };
        append(&mut self.frames, self.segments.key(), &frame, |out| encode(&record.payload, control, out));
        Ok(())
    }

    fn file_of(&mut self, control: &Arc<Control>) -> Result<ControlRef, LogError> {
        let written = self.segments.write_control(control)?;
        written.ok_or_else(|| self.segments.full("no room for rules and spaces: free space on its disk"))
    }
}

impl LogStore for SegmentLog {
    fn recall(&mut self) -> Result<Option<Record>, LogError> {
        let record = self.stored.next_record()?;
        if let Some((control, named)) = self.stored.take_control() {
            self.segments.know_control(control, named);
        }
        Ok(record)
    }

    fn first_sequence(&self) -> u64 {
        self.first_sequence
    }

    fn pass_on(&mut self, record: Arc<Record>) -> Result<(), LogError> {
        Ok(self.writer.append([record])?)
    }

    fn append(&mut self, records: Vec<Record>) -> Result<(), LogError> {
        for record in records {
            let start = self.frames.len();
            self.frame(&record)?;
            if self.frames.len() as u64 > self.segments.commit_bytes_max() {
                // More than one commit takes: what was waiting goes first, and this record begins another one.
                self.frames.truncate(start);
                self.commit()?;
                self.frame(&record)?;
            }
            let (bytes, segment_bytes) = (self.frames.len(), self.segments.commit_bytes_max());
            if bytes as u64 > segment_bytes {
                return Err(LogError::TooLarge { bytes, segment_bytes });
            }
            self.waiting.push(Arc::new(record));
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), LogError> {
        let Some(first) = self.waiting.first() else { return Ok(()) };
        let began = Instant::now();
        self.segments.commit(&self.frames, first.sequence)?;
        metrics::histogram!("vigie_log_commit_seconds").record(began.elapsed().as_secs_f64());
        metrics::counter!("vigie_log_bytes_total").increment(self.frames.len() as u64);
        self.frames.clear();
        Ok(self.writer.append(self.waiting.drain(..))?)
    }

    fn keep_room_for(&mut self, control: &Arc<Control>) -> Result<bool, LogError> {
        Ok(self.segments.write_control(control)?.is_some())
    }

    fn name_control(&mut self, control: &Arc<Control>) -> Result<Option<[u8; 32]>, LogError> {
        Ok(self.segments.write_control(control)?.map(|named| named.hash))
    }

    fn forget(&mut self, floor: u64, aged: u64) -> Result<Option<u64>, LogError> {
        let before = self.segments.first_sequence();
        if let Err(error) = self.delete_below(floor, aged) {
            self.segments.check_poison()?;
            tracing::warn!(%error, "segments that nobody needs could not be removed");
        }
        let begins_at = self.segments.first_sequence();
        Ok((begins_at > before).then_some(begins_at))
    }

    fn pending_bytes(&self) -> usize {
        self.frames.len()
    }

    fn make_room(&mut self) {
        self.segments.make_room();
    }

    fn room(&self) -> Room {
        self.segments.room(self.frames.len() as u64)
    }

    fn fill(&self) -> f64 {
        self.writer.fill()
    }
}
