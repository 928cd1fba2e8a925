//! What a simulated disk is told to do wrong, and what it was asked.

use std::fmt;
use std::path::PathBuf;

/// What happens at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Power is lost during the call: no call answers any more until the restart.
    PowerLoss,
    /// The process is killed during the call: no call answers any more, but the disk keeps what completed calls did.
    Kill,
    /// The call fails with an I/O error, having done any part of what it should.
    Error,
}

/// Promises the disk breaks silently; for showing that the tests notice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lies {
    /// Syncs of files return without doing anything.
    pub(crate) sync_data: bool,
    /// Syncs of folders return without doing anything.
    pub(crate) sync_folder: bool,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    CreateFolder,
    List,
    Create,
    Open,
    Rename,
    Remove,
    SyncFolder,
    Length,
    Read { offset: u64, bytes: usize },
    Write { offset: u64, bytes: usize },
    Reserve { length: u64 },
    Truncate { length: u64 },
    SyncData,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The file or folder was not there, or there already.
    Refused,
    DiskFull,
    /// A fault struck.
    Fault(Fault),
}

/// One call of the disk.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: PathBuf,
    /// The file among all ever made; tells two files of the same name apart.
    pub(crate) file: Option<usize>,
    pub(crate) op: Op,
    pub(crate) outcome: Outcome,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.op, self.path.display())?;
        match self.outcome {
            Outcome::Done => Ok(()),
            outcome => write!(f, " -> {outcome:?}"),
        }
    }
}
