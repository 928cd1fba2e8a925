//! What the roles go on from: the parts of one set of snapshots, read and checked as a whole.
//!
//! | part | what | who writes it |
//! |---|---|---|
//! | `log` | names, offsets, times, identities | whoever keeps sets, from what the sequencer took down |
//! | `partition-N` | the engine of a partition | the worker that has it |
//! | `city`, `stream` | what looks over all partitions; where the alert stream stands | the merger |
//! | `book` | control room and newest public rows | the book role |
//! | `history` | how far history had taken the log | the history role |
//!
//! **Invariant**: either all of it is read and fits together, or nothing is used.

use crate::app::roles::alert_stream::AlertStream;
use crate::app::roles::book::SavedBook;
use std::path::Path;
use std::sync::Arc;
use vigie_log::disk::Disk;
use vigie_log::segments::log::SegmentLog;
use vigie_log::snapshots::sets::{Set, Snapshots};
use vigie_log::state::{LogState, Resumed};
use vigie_model::names::Names;
use vigie_model::position::PartitionIx;
use vigie_rules::engine::Engine;
use vigie_rules::load::load;
use vigie_rules::merger::Merger;
use vigie_store::history::resume::HistoryPlace;

/// The part of whoever keeps sets.
pub const LOG_PART: &str = "log";
/// Parts of the merger.
pub const CITY_PART: &str = "city";
/// See [`CITY_PART`].
pub const STREAM_PART: &str = "stream";
/// The part of the book role.
pub const BOOK_PART: &str = "book";
/// The part of the history role.
pub const HISTORY_PART: &str = "history";

/// The part of a partition's engine.
#[must_use]
pub fn partition_part(partition: PartitionIx) -> String {
    format!("partition-{partition}")
}

/// How many parts the roles write together.
#[must_use]
pub const fn parts_of(partitions: PartitionIx) -> usize {
    partitions as usize + [CITY_PART, STREAM_PART, BOOK_PART, HISTORY_PART].len()
}

/// What the sequencer and all roles remember at one place of the log.
#[derive(Debug)]
pub struct ResumedParts {
    /// The sequencer.
    pub log: Resumed,
    /// The content of the control record's file.
    pub control_hash: [u8; 32],
    /// The rules.
    pub roles: ResumedRoles,
    /// History.
    pub history: HistoryPlace,
}

/// What the roles of the pipeline remember.
#[derive(Debug)]
pub struct ResumedRoles {
    /// Sequence of the first record that they do not know.
    pub next_sequence: u64,
    /// Log time of the newest one that they know.
    pub log_time_ms: i64,
    /// The engines of all partitions.
    pub engines: Vec<Engine>,
    /// What looks over them.
    pub merger: Merger,
    /// Where the alert stream stands.
    pub stream: AlertStream,
    /// The control room.
    pub book: SavedBook,
}

impl ResumedParts {
    /// Reads a set; the control record in force stands in the log in `log_folder`.
    ///
    /// # Errors
    /// Why it cannot be gone on from.
    pub fn read(disk: &Arc<dyn Disk>, log_folder: &Path, snapshots: &Snapshots, set: &Set) -> Result<Self, String> {
        let (partitions, control_hash) = (set.stamp().partitions, set.stamp().control);
        let mut room = Vec::new();
        let state = LogState::read(part(snapshots, set, LOG_PART, &mut room)?, partitions)?;
        let control = SegmentLog::control_named(Arc::clone(disk), log_folder, control_hash)
            .map_err(|error| format!("its rules cannot be read: {error}"))?;
        let loaded = load(&control).map_err(|_| "its rules have mistakes for this program".to_owned())?;
        let mut names = Names::default();
        names.learn(&state.dictionary());
        let (rules, names) = (loaded.rules, Arc::new(names));
        let mut engines = Vec::new();
        for partition in 0..partitions {
            let bytes = part(snapshots, set, &partition_part(partition), &mut room)?;
            engines.push(Engine::restore(&rules, &names, bytes).map_err(|unfit| unfit.to_string())?);
        }
        let merger = Merger::restore(&rules, partitions, part(snapshots, set, CITY_PART, &mut room)?)
            .map_err(|unfit| unfit.to_string())?;
        let stream = serde_json::from_slice(part(snapshots, set, STREAM_PART, &mut room)?)
            .map_err(|error| format!("the place in the alert stream cannot be read: {error}"))?;
        let book = SavedBook::read(part(snapshots, set, BOOK_PART, &mut room)?)?;
        let history = serde_json::from_slice(part(snapshots, set, HISTORY_PART, &mut room)?)
            .map_err(|error| format!("the place of history cannot be read: {error}"))?;
        if state.next_sequence() != set.stamp().next_sequence {
            return Err("its parts are of different places".to_owned());
        }
        let (next_sequence, log_time_ms) = (state.next_sequence(), state.log_time_ms());
        let roles = ResumedRoles { next_sequence, log_time_ms, engines, merger, stream, book };
        Ok(Self { log: Resumed { state, control }, control_hash, roles, history })
    }
}

fn part<'a>(snapshots: &Snapshots, set: &Set, name: &str, room: &'a mut Vec<u8>) -> Result<&'a [u8], String> {
    snapshots.read(set, name, room).map_err(|refused| format!("{}: {}", refused.path.display(), refused.why))
}
