//! The segments being written: commits, rolls, the space kept ready, and what may be deleted.
//!
//! **A commit** is one write and one `fdatasync`; it never spans two segments. Any error of either poisons the log: what
//! is on disk is then unknown, so nothing is tried again, and everybody who waits fails.
//!
//! **A roll** writes the header into the space kept ready, syncs it, gives it its name, and syncs the folder, before the
//! first commit into it. Its space was reserved long before: a full disk shows there, where nothing is lost by it, and
//! goes away when space returns.

use crate::disk::DiskFile;
use crate::error::LogError;
use crate::segments::codec::ControlRef;
use crate::segments::control_files::ControlWriter;
use crate::segments::folder::Folder;
use crate::segments::header::{HEADER_BYTES, Header, LogIdentity, LogKey};
use crate::segments::options::{Cut, LogOptions, Quarantined, Recovery};
use crate::segments::scan::{Hole, scan};
use crate::segments::stored::StoredRecords;
use crate::segments::survey::{Survey, survey};
use crate::store::{EVENTS_FILL_MAX, KEPT_FILL_MAX, Room};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use vigie_failpoints::point::{number, reach};
use vigie_model::control::Control;

/// Bytes of a segment kept for ticks and commands when no further segment can be made, as a share of it.
const KEPT_SHARE: u64 = 8;
/// Segments deleted in one go: each waits for a sync, and senders wait meanwhile.
const DELETED_AT_ONCE_MAX: usize = 4;

/// The files of an open log.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: Folder,
    options: LogOptions,
    identity: LogIdentity,
    key: LogKey,
    /// The first sequence of each, ascending; the last is `current`.
    segments: VecDeque<u64>,
    current: Box<dyn DiskFile>,
    /// Where the next commit goes in `current`.
    position: u64,
    spare: Option<Box<dyn DiskFile>>,
    /// Above which the oldest segments go that nobody needs.
    kept_bytes_max: u64,
    control_files: ControlWriter,
    is_poisoned: bool,
}

impl Segments {
    /// Opens the log in a folder, or creates it with `identity`. Cuts a torn end, keeps a copy of damaged bytes, and makes
    /// sure that all that is read is on stable storage.
    ///
    /// # Errors
    /// When the disk fails, or a segment cannot be read at all.
    pub(crate) fn open(
        folder: Folder,
        options: LogOptions,
        identity: LogIdentity,
    ) -> Result<(Self, Recovery, StoredRecords), LogError> {
        folder.disk.create_folder(&folder.path).map_err(LogError::disk("create", &folder.path))?;
        if let Some(parent) = folder.path.parent() {
            folder.disk.sync_folder(parent).map_err(LogError::disk("sync", parent))?;
        }
        folder.remove_unfinished()?;
        let survey = survey(&folder, options.needed_from)?;
        let identity = survey.identity.clone().unwrap_or(identity);
        let holes = quarantine(&folder, &survey)?;
        let recovery = Recovery {
            next_sequence: survey.next_sequence(),
            first_sequence: survey.segments.first().map_or(0, |segment| segment.first_sequence),
            segments: survey.segments.len(),
            cut: cut_of(&survey),
            holes,
        };
        let stored = StoredRecords::new(folder.clone(), &survey);
        let mut firsts: VecDeque<_> = survey.segments.iter().map(|segment| segment.first_sequence).collect();
        let key = identity.key();
        let kept_bytes_max = number("log.kept_bytes").unwrap_or((options.bytes_max as f64 * KEPT_FILL_MAX) as u64);
        let begin = |first_sequence| {
            let header = Header { key, partitions: identity.partitions, first_sequence };
            rebuild(&folder, &options, &header.bytes(), HEADER_BYTES, first_sequence)
        };
        let (current, position) = match &survey.last {
            Some((bytes, scan)) if scan.holes.is_empty() => {
                if let ([.., before, _], true) = (&survey.segments[..], scan.runs.is_empty()) {
                    rebuild_before(&folder, &options, before.first_sequence, scan.header.first_sequence)?;
                }
                rebuild(&folder, &options, bytes, scan.end, scan.header.first_sequence)?
            }
            Some((bytes, scan)) => {
                // What proves the damage may stand in the torn end. A new segment proves it for good, so it comes first.
                let next = begin(scan.next_sequence)?;
                rebuild(&folder, &options, bytes, scan.end, scan.header.first_sequence)?;
                firsts.push_back(scan.next_sequence);
                next
            }
            None => {
                firsts.push_back(0);
                begin(0)?
            }
        };
        let mut segments = Self {
            folder,
            options,
            identity,
            key,
            segments: firsts,
            current,
            position,
            spare: None,
            kept_bytes_max,
            control_files: ControlWriter::default(),
            is_poisoned: false,
        };
        segments.make_room();
        Ok((segments, recovery, stored))
    }

    /// What this log is.
    pub(crate) const fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    /// The key of its checksums.
    pub(crate) const fn key(&self) -> &LogKey {
        &self.key
    }

    /// The most bytes of one commit.
    pub(crate) const fn commit_bytes_max(&self) -> u64 {
        self.options.segment_bytes - HEADER_BYTES as u64
    }

    /// Makes `frames`, which begin with record `first_sequence`, durable.
    pub(crate) fn commit(&mut self, frames: &[u8], first_sequence: u64) -> Result<(), LogError> {
        self.check_poison()?;
        let committed = self.write(frames, first_sequence);
        self.is_poisoned = committed.is_err();
        committed
    }

    /// Knows a control record that is in its file already.
    pub(crate) fn know_control(&mut self, control: Arc<Control>, named: ControlRef) {
        self.control_files.know(control, named);
    }

    /// Sequence of the first record there is.
    pub(crate) fn first_sequence(&self) -> u64 {
        self.segments.front().copied().unwrap_or(0)
    }

    /// Makes a control record durable; `None` when the disk has no room for it, which is no error.
    pub(crate) fn write_control(&mut self, control: &Arc<Control>) -> Result<Option<ControlRef>, LogError> {
        self.check_poison()?;
        let written = self.control_files.write(&self.folder, control);
        self.is_poisoned = written.is_err();
        written
    }

    /// Tries to keep the next segment's space ready. Failing is no error: [`Self::room`] tells.
    pub(crate) fn make_room(&mut self) {
        if self.spare.is_some() || self.is_poisoned || !self.may_grow() {
            return;
        }
        match self.reserve() {
            Ok(spare) => self.spare = Some(spare),
            Err(error) => {
                tracing::warn!(%error, "no room for another segment of the log; events are refused until there is");
                // The next attempt starts anew, whatever this one left.
                let _ = self.folder.disk.remove(&self.folder.spare());
            }
        }
    }

    /// Whether there is room for more behind `pending` bytes that wait for a commit. A request may need a whole segment, so
    /// what waits must not need the one that is ready.
    pub(crate) fn room(&self, pending: u64) -> Room {
        let fill = self.used() as f64 / self.options.bytes_max as f64;
        let has_segment = self.spare.is_some();
        let left = self.options.segment_bytes.saturating_sub(self.position + pending);
        let is_free = self.position + pending <= self.options.segment_bytes;
        Room {
            fill,
            events: has_segment && is_free && fill < EVENTS_FILL_MAX,
            ticks: has_segment || left >= self.options.segment_bytes / KEPT_SHARE,
        }
    }

    /// Bytes of the cap in use.
    fn used(&self) -> u64 {
        (self.segments.len() as u64 - 1) * self.options.segment_bytes + self.position
    }

    /// Deletes segments whose records lie below `floor`, the sequence every role is durably past: the oldest first, while
    /// their records lie below `aged` or much of the cap is used, and [`DELETED_AT_ONCE_MAX`] at the most. Returns how many.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn delete_below(&mut self, floor: u64, aged: u64) -> Result<usize, LogError> {
        let mut deleted = 0;
        while let (Some(oldest), Some(second)) = (self.segments.front(), self.segments.get(1)) {
            let is_aged = *second <= aged;
            let is_much = self.used() > self.kept_bytes_max || !self.may_grow();
            let is_free = *second <= floor && (is_aged || is_much);
            if !is_free || deleted == DELETED_AT_ONCE_MAX {
                break;
            }
            let path = self.folder.segment(*oldest);
            self.folder.disk.remove(&path).map_err(LogError::disk("remove", &path))?;
            // One by one: a crash may undo any removal that is not durable, and the log must not have a gap after it.
            let removed = self.folder.sync();
            self.is_poisoned |= removed.is_err();
            removed?;
            self.segments.pop_front();
            deleted += 1;
            metrics::counter!("vigie_log_segments_deleted_total").increment(1);
            reach("log.segment_removed");
        }
        Ok(deleted)
    }

    fn write(&mut self, frames: &[u8], first_sequence: u64) -> Result<(), LogError> {
        if self.position + frames.len() as u64 > self.options.segment_bytes {
            self.roll(first_sequence)?;
        }
        let path = || self.folder.segment(self.segments.back().copied().unwrap_or(0));
        reach("log.before_write");
        self.current.write_at(self.position, frames).map_err(|error| LogError::disk("write", &path())(error))?;
        reach("log.before_sync");
        self.current.sync_data().map_err(|error| LogError::disk("sync", &path())(error))?;
        reach("log.after_sync");
        self.position += frames.len() as u64;
        Ok(())
    }

    /// Goes on in a new segment that begins with record `first_sequence`.
    fn roll(&mut self, first_sequence: u64) -> Result<(), LogError> {
        self.make_room();
        let Some(file) = self.spare.take() else {
            return Err(self.full("no room for another segment: free space on its disk or raise [log] max_mib"));
        };
        let header = Header { key: self.key, partitions: self.identity.partitions, first_sequence };
        let spare = self.folder.spare();
        file.write_at(0, &header.bytes()).map_err(LogError::disk("write", &spare))?;
        file.sync_data().map_err(LogError::disk("sync", &spare))?;
        reach("log.roll_header_synced");
        self.folder.publish(&spare, &self.folder.segment(first_sequence))?;
        reach("log.roll_folder_synced");
        self.segments.push_back(first_sequence);
        (self.current, self.position) = (file, HEADER_BYTES as u64);
        self.make_room();
        Ok(())
    }

    /// The error that says that there is no room.
    pub(crate) fn full(&self, why: &str) -> LogError {
        LogError::Full { folder: self.folder.path.clone(), why: why.to_owned() }
    }

    fn reserve(&self) -> Result<Box<dyn DiskFile>, LogError> {
        let path = self.folder.spare();
        let file = self.folder.disk.create(&path).map_err(LogError::disk("create", &path))?;
        file.reserve(self.options.segment_bytes).map_err(LogError::disk("reserve", &path))?;
        Ok(file)
    }

    /// Whether the cap leaves space for one more segment.
    fn may_grow(&self) -> bool {
        (self.segments.len() as u64 + 1) * self.options.segment_bytes <= self.options.bytes_max
    }

    pub(crate) fn check_poison(&self) -> Result<(), LogError> {
        if self.is_poisoned {
            return Err(LogError::Poisoned { folder: self.folder.path.clone() });
        }
        Ok(())
    }
}

/// Writes the last segment anew, without what is behind its end, and puts it in the old one's place.
///
/// After a failed or missing sync, reading may show bytes that never reached the disk, and syncing them again would not
/// write them. A whole new file does not depend on what became of the old one, and a crash leaves one of the two.
fn rebuild(
    folder: &Folder,
    options: &LogOptions,
    bytes: &[u8],
    end: usize,
    first_sequence: u64,
) -> Result<(Box<dyn DiskFile>, u64), LogError> {
    let path = folder.segment(first_sequence);
    Ok((folder.write_whole(&path, options.segment_bytes, &bytes[..end])?, end as u64))
}

/// The same for the segment before one without records, which may be there only because that one was damaged: its last commit
/// is then as doubtful as that of a last segment.
fn rebuild_before(folder: &Folder, options: &LogOptions, first_sequence: u64, next_first: u64) -> Result<(), LogError> {
    let path = folder.segment(first_sequence);
    let bytes = folder.read(&path)?;
    let end = scan(&bytes, &path, Some(next_first))?.end;
    rebuild(folder, options, &bytes, end, first_sequence).map(drop)
}

fn cut_of(survey: &Survey) -> Option<Cut> {
    let (segment, (_, scan)) = (survey.segments.last()?, survey.last.as_ref()?);
    let (at, bytes) = (scan.end as u64, segment.tail_bytes as u64);
    (bytes > 0).then(|| Cut { segment: segment.path.clone(), at, bytes })
}

/// Copies damaged bytes beside the log, once.
fn quarantine(folder: &Folder, survey: &Survey) -> Result<Vec<Quarantined>, LogError> {
    let mut holes = Vec::new();
    for (first_sequence, Hole { bytes, sequences }) in &survey.holes {
        let segment = folder.segment(*first_sequence);
        let kept = folder.damaged(*first_sequence, bytes.start as u64);
        match folder.disk.open(&kept) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let all = folder.read(&segment)?;
                folder.write_whole(&kept, 0, &all[bytes.clone()])?;
            }
            Err(error) => return Err(LogError::disk("open", &kept)(error)),
        }
        let bytes = bytes.start as u64..bytes.end as u64;
        holes.push(Quarantined { segment, bytes, sequences: sequences.clone(), kept });
    }
    Ok(holes)
}
