//! Checking a log that nobody is writing, without changing it: `vigie verify`.

use crate::disk::Disk;
use crate::error::LogError;
use crate::interner::{Interner, NAMES_PER_KIND_MAX};
use crate::known::Known;
use crate::segments::folder::Folder;
use crate::segments::header::LogIdentity;
use crate::segments::stored::StoredRecords;
use crate::segments::survey::{Survey, survey};
use crate::settings::Settings;
use crate::state::Resumed;
use std::path::Path;
use std::sync::Arc;
use vigie_model::position::PartitionIx;
use vigie_model::record::Record;

/// What a log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// What the log is; `None` when there is none.
    pub identity: Option<LogIdentity>,
    /// Number of segments.
    pub segments: usize,
    /// Sequence of the first record there is.
    pub begins_at: u64,
    /// Records that can be read.
    pub records: u64,
    /// Log time of the newest of them.
    pub newest_ms: Option<i64>,
    /// The offset of the next row of each partition; of none when the beginning is gone and no snapshot knows it.
    pub next_offsets: Vec<u64>,
    /// What is wrong.
    pub findings: Vec<LogFinding>,
    /// What is not wrong, but worth knowing.
    pub notes: Vec<String>,
}

/// Something that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFinding {
    /// Where, and what it is.
    pub what: String,
    /// What to do.
    pub to_do: String,
}

const RESTORE: &str = "stop, keep a copy of the folder, and put the file back from a backup; without one the server starts and goes on \
                       without these records, and history keeps what of them it had committed";
const MOVE_AWAY: &str = "the server cannot start with this log: put the file back from a backup, or move the log folder away; history keeps what it \
                         has committed, and what was not committed by then is lost";

/// Reads a whole log: checksums, sequences, names, offsets. `visit` sees every record in order. Of a log whose beginning is gone that
/// takes what a snapshot knows, `resumed`: of records before its place, and of all without one, only the bytes are checked. Cost: two
/// passes over the bytes, one of them decoding.
///
/// # Errors
/// When the disk fails.
pub fn verify_log(
    disk: Arc<dyn Disk>,
    path: &Path,
    resumed: Option<Resumed>,
    mut visit: impl FnMut(&Record, PartitionIx),
) -> Result<LogReport, LogError> {
    let folder = Folder { disk, path: path.to_owned() };
    let mut report = LogReport {
        identity: None,
        segments: 0,
        begins_at: 0,
        records: 0,
        newest_ms: None,
        next_offsets: Vec::new(),
        findings: Vec::new(),
        notes: Vec::new(),
    };
    let found = match survey(&folder, 0) {
        Ok(found) => found,
        Err(error @ LogError::Disk { .. }) => return Err(error),
        Err(error) => {
            report.find(error.to_string(), MOVE_AWAY);
            return Ok(report);
        }
    };
    report.identity = found.identity.clone();
    report.segments = found.segments.len();
    report.begins_at = found.segments.first().map_or(0, |segment| segment.first_sequence);
    report.tell_damage(&found);
    if let Some(identity) = &found.identity {
        read_all(StoredRecords::new(folder, &found), identity, resumed, &mut report, &mut visit)?;
    }
    Ok(report)
}

fn read_all(
    mut stored: StoredRecords,
    identity: &LogIdentity,
    resumed: Option<Resumed>,
    report: &mut LogReport,
    visit: &mut impl FnMut(&Record, PartitionIx),
) -> Result<(), LogError> {
    let (interner, partitions) = (Interner::new(NAMES_PER_KIND_MAX), identity.partitions);
    let settings = Settings { partitions, ids_remembered: 1, ..Settings::new(Arc::clone(&identity.log_id)) };
    let mut known = match resumed {
        Some(resumed) => Some(Known::resumed(resumed, &settings, &interner)?),
        None => (report.begins_at == 0).then(|| Known::new(partitions, 1)),
    };
    loop {
        match stored.next_record() {
            Ok(Some(record)) => {
                report.newest_ms = Some(record.log_time_ms);
                report.records += 1;
                let Some(known) = known.as_mut().filter(|known| known.next_sequence <= record.sequence) else {
                    continue;
                };
                if let Err(misfit) = known.take_in(&record, &interner) {
                    report.find(format!("record {} does not fit: {misfit}", record.sequence), MOVE_AWAY);
                    break;
                }
                visit(&record, partitions);
            }
            Ok(None) => break,
            Err(error @ LogError::Disk { .. }) => return Err(error),
            Err(error) => {
                report.find(error.to_string(), MOVE_AWAY);
                break;
            }
        }
    }
    report.next_offsets = known.map(|known| known.partitions.next_offsets()).unwrap_or_default();
    Ok(())
}

impl LogReport {
    fn tell_damage(&mut self, found: &Survey) {
        for (first_sequence, hole) in &found.holes {
            let segment = found.segments.iter().find(|segment| segment.first_sequence == *first_sequence);
            let path = segment.map_or_else(String::new, |segment| segment.path.display().to_string());
            let (bytes, records) = (&hole.bytes, &hole.sequences);
            let what = format!(
                "{path}: bytes {} to {} are damaged: records {} to {} cannot be read",
                bytes.start,
                bytes.end,
                records.start,
                records.end - 1
            );
            self.find(what, RESTORE);
        }
        let Some((last, before)) = found.segments.split_last() else { return };
        for segment in before.iter().filter(|segment| segment.tail_bytes > 0) {
            let bytes = segment.tail_bytes;
            self.notes.push(format!(
                "{}: {bytes} bytes behind its last record are not zero; no record is missing",
                segment.path.display()
            ));
        }
        if last.tail_bytes > 0 {
            self.notes.push(format!(
                "{}: its last {} bytes are the torn end of a commit nobody was answered for; the next start cuts them off",
                last.path.display(),
                last.tail_bytes
            ));
        }
    }

    fn find(&mut self, what: String, to_do: &str) {
        self.findings.push(LogFinding { what, to_do: to_do.to_owned() });
    }
}
