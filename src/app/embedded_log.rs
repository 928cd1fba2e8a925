//! The embedded log of a data folder: opened for a server, with everything found told to people.

use crate::config::log::Log;
use crate::exit::{Failure, count};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_log::disk::SystemDisk;
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::{OpenedLog, SegmentLog};
use vigie_log::segments::options::{LogOptions, Recovery};
use vigie_log::store::RING_ROWS_MAX;
use vigie_model::id::hashed_id;

/// The folder of the log in a data folder.
#[must_use]
pub fn log_folder(data: &Path) -> PathBuf {
    data.join("log")
}

/// What the log of a data folder is, and with which record it begins; one that is to be created has an identity already.
///
/// # Errors
/// When it cannot be read, or was created with another number of partitions.
pub fn log_beginning(data: &Path, centre: &str, config: &Log) -> Result<(LogIdentity, u64), Failure> {
    let found = SegmentLog::beginning(Arc::new(SystemDisk), &log_folder(data))
        .map_err(|error| Failure::io("cannot open the log", error))?;
    let fresh = || LogIdentity { log_id: new_log_id(centre).into(), partitions: config.partitions };
    let (identity, first_sequence) = found.unwrap_or_else(|| (fresh(), 0));
    let (found, wanted) = (identity.partitions, config.partitions);
    if found != wanted {
        let folder = log_folder(data);
        return Err(Failure::Io(format!(
            "the log in {} was created with {}, [log] partitions says {wanted}; set it to {found}, or choose another data folder",
            folder.display(),
            count(usize::from(found), "partition"),
        )));
    }
    Ok((identity, first_sequence))
}

/// Opens the log of a data folder, or creates it, for a start that needs it from a record on; `readers` roles read it.
///
/// # Errors
/// When it cannot be read or written.
pub fn open_log(
    data: &Path,
    identity: LogIdentity,
    config: &Log,
    readers: usize,
    needed_from: u64,
) -> Result<OpenedLog, Failure> {
    let options = LogOptions { bytes_max: config.bytes_max, needed_from, ..LogOptions::new(log_folder(data)) };
    let opened = SegmentLog::open(Arc::new(SystemDisk), options, identity, RING_ROWS_MAX, readers)
        .map_err(|error| Failure::io("cannot open the log", error))?;
    tell(&opened.recovery);
    Ok(opened)
}

/// Opens a fresh log for a replay, beside the server's: a replay always begins at its beginning, so one left by an earlier
/// replay is removed.
///
/// # Errors
/// When it cannot be removed or written.
pub fn open_replay_log(data: &Path, identity: LogIdentity, config: &Log, readers: usize) -> Result<OpenedLog, Failure> {
    let folder = data.join("replay-log");
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::io(format!("cannot remove {}", folder.display()), error));
        }
        _ => {}
    }
    let options = LogOptions { bytes_max: config.bytes_max, ..LogOptions::new(folder) };
    let opened = SegmentLog::open(Arc::new(SystemDisk), options, identity, RING_ROWS_MAX, readers);
    opened.map_err(|error| Failure::io("cannot open the replay's log", error))
}

/// Damage is an alarm: people must hear of it at every start until the folder is mended.
fn tell(recovery: &Recovery) {
    if recovery.next_sequence > 0 {
        let (segments, records) = (recovery.segments, recovery.next_sequence);
        let begins_at = recovery.first_sequence;
        tracing::info!(segments, begins_at, records, "the log is judged again before requests are taken");
    }
    if let Some(cut) = &recovery.cut {
        let segment = cut.segment.display();
        tracing::warn!(%segment, at = cut.at, bytes = cut.bytes, "cut the torn end of the log: nobody was answered for it");
    }
    let mut lost = 0;
    for hole in &recovery.holes {
        lost += hole.sequences.end - hole.sequences.start;
        tracing::error!(
            segment = %hole.segment.display(),
            at = hole.bytes.start,
            first_record = hole.sequences.start,
            records = hole.sequences.end - hole.sequences.start,
            kept = %hole.kept.display(),
            "records of the log are damaged and left out; `vigie verify` shows all of it"
        );
    }
    metrics::gauge!("vigie_log_records_damaged").set(lost as f64);
}

/// A new log's identity: this process at this instant.
fn new_log_id(centre: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    hashed_id(&[centre, "log", &std::process::id().to_string(), &now.as_nanos().to_string()])
}
