//! Where a start begins: at the newest set of snapshots that can be believed, else at the beginning of the log.
//!
//! A set is used when all of it can be read, the log goes on from it, and history has committed what the set takes for stored. Each
//! that is not is told in one line, and the next older one is tried. Once the beginning of the log is gone there has to be one.

use crate::app::embedded_log::{log_folder, open_log};
use crate::app::roles::resumed::ResumedParts;
use crate::config::log::Log;
use crate::exit::Failure;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_log::disk::{Disk, SystemDisk};
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::OpenedLog;
use vigie_log::snapshots::sets::{Set, Snapshots};
use vigie_log::snapshots::stamp::{Refused, Stamp};
use vigie_model::control::ENGINE_SEMANTICS;
use vigie_store::history::writer::History;

/// The log, opened, and what a start goes on from.
pub struct Beginning {
    /// The log.
    pub opened: OpenedLog,
    /// The set it goes on from, and its parts.
    pub resumed: Option<(Set, ResumedParts)>,
}

/// The folder of snapshots in a data folder.
#[must_use]
pub fn snapshots_folder(data: &Path) -> PathBuf {
    data.join("snapshots")
}

/// The snapshots of a data folder.
///
/// # Errors
/// When there is no folder for them, nor can be.
pub fn open_snapshots(data: &Path) -> Result<Snapshots, Failure> {
    let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
    Snapshots::open(disk, &snapshots_folder(data)).map_err(|error| Failure::io("cannot open the snapshots", error))
}

/// The snapshots of a data folder whose log begins with a record. While it is the first there can be a start without them: then what is
/// wrong is told, and there are none.
///
/// # Errors
/// When there is no folder for them, nor can be, and there has to be one.
pub fn usable_snapshots(data: &Path, first_sequence: u64) -> Result<Option<Snapshots>, Failure> {
    match open_snapshots(data) {
        Err(failure) if first_sequence == 0 => {
            tracing::warn!("{failure}; none are taken");
            Ok(None)
        }
        opened => opened.map(Some),
    }
}

/// Sets that a log may go on from, the newest first, and a line for each that it cannot.
///
/// # Errors
/// When their folder cannot be read.
pub fn sets_of(snapshots: &Snapshots, identity: &LogIdentity) -> Result<(Vec<Set>, Vec<Refused>), Failure> {
    let wanted = Stamp {
        log_id: Arc::clone(&identity.log_id),
        semantics: ENGINE_SEMANTICS,
        control: [0; 32],
        partitions: identity.partitions,
        next_sequence: 0,
    };
    snapshots.sets(&wanted).map_err(|error| Failure::io("cannot look for snapshots", error))
}

/// Why there is no start without a set of snapshots.
#[must_use]
pub fn beginning_is_missing(data: &Path, first_sequence: u64) -> String {
    let (log, snapshots) = (log_folder(data), snapshots_folder(data));
    format!(
        "the log in {} begins with record {first_sequence}: what was before it has been deleted, as snapshots held what followed from it, and \
         no set of them in {} can be used. Put that folder back from a backup, and the folders log and history of the same instant; or move the \
         log folder away: history keeps what it has committed, and the alerts that are open now are forgotten",
        log.display(),
        snapshots.display()
    )
}

/// Opens a log that begins with a record, at the newest set that can be used; `readers` roles read it.
///
/// # Errors
/// When log or snapshots cannot be read, or the beginning of the log is gone and no set can be used.
pub fn begin(
    data: &Path,
    (identity, first_sequence): (LogIdentity, u64),
    config: &Log,
    readers: usize,
    snapshots: Option<&Snapshots>,
    history: &History,
) -> Result<Beginning, Failure> {
    let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
    let (sets, refused) =
        snapshots.map_or_else(|| Ok(Default::default()), |snapshots| sets_of(snapshots, &identity))?;
    let tell = |refused: &Refused| tracing::warn!("{refused}");
    refused.iter().for_each(tell);
    for (set, snapshots) in sets.into_iter().zip(snapshots.into_iter().cycle()) {
        let next_sequence = set.stamp().next_sequence;
        let found = ResumedParts::read(&disk, &log_folder(data), snapshots, &set).and_then(|parts| {
            if first_sequence > next_sequence {
                return Err(format!("the log begins behind it, with record {first_sequence}"));
            }
            let lacks = "history lacks rows that it takes for stored";
            if history.has_committed(&parts.history) { Ok(parts) } else { Err(lacks.to_owned()) }
        });
        let parts = match found {
            Ok(parts) => parts,
            Err(why) => {
                tell(&snapshots.refuse(&set, why));
                continue;
            }
        };
        let needed_from = parts.log.state.needed_from();
        let mut opened = open_log(data, identity.clone(), config, readers, needed_from)?;
        if opened.recovery.next_sequence < next_sequence {
            tell(&snapshots.refuse(&set, "the log has lost records that it knows"));
            // Other records will get these numbers.
            snapshots.remove_set(&set).map_err(|error| Failure::io("cannot remove a snapshot", error))?;
            continue;
        }
        if first_sequence > needed_from {
            tracing::error!(first_sequence, needed_from, "ids of lost records are not told apart any more");
        }
        opened.log.know_control(Arc::clone(&parts.log.control), parts.control_hash);
        return Ok(Beginning { opened, resumed: Some((set, parts)) });
    }
    if first_sequence > 0 {
        return Err(Failure::Io(beginning_is_missing(data, first_sequence)));
    }
    Ok(Beginning { opened: open_log(data, identity, config, readers, 0)?, resumed: None })
}
