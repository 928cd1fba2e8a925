//! Files that survive a power failure: whoever is told that a file was published finds it again, whole.
//!
//! A file is written under a temporary name in the folder [`STAGING`], fsynced in pieces, given its name by a link or a
//! rename, and then the folder is fsynced; so are the parents of new folders. **Invariants**
//! - A name is never visible before the bytes behind it are durable.
//! - A function that returned `Ok` has made the name durable too. After an error the outcome is unknown: the name may be
//!   there.
//! - After a failed fsync nothing is written any more, see [`Poison`].
//!
//! A crash leaves temporary files at most; [`DurableFiles::sweep`] removes them at the next start.

use super::disk::{Disk, DiskFile};
use super::poison::Poison;
use std::collections::{BTreeSet, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

/// The folder of temporary files, beside the tables. One folder, so that a start need not search all of history.
pub(crate) const STAGING: &str = "_staging";
/// Bytes between two fsyncs of a file: small pieces keep the disk free for the log, whose senders wait.
const PIECE_BYTES: usize = 256 * 1024;

/// Tells this process's temporary files from those that a dead one left.
static PROCESS_STAMP: LazyLock<String> = LazyLock::new(|| {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}-", std::process::id(), since_epoch.as_nanos())
});
static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// What to do when a name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publish {
    /// Fail, and leave the file that has it.
    Create,
    /// Replace the file that has it.
    Overwrite,
}

/// The files below one folder. Calls block; run them where that is allowed.
#[derive(Debug)]
pub(crate) struct DurableFiles {
    root: PathBuf,
    disk: Arc<dyn Disk>,
    poison: Arc<Poison>,
    /// Folders whose names this process knows to be durable. That a folder exists is not enough: a killed predecessor
    /// may have made it just before.
    folders: Mutex<HashSet<PathBuf>>,
    /// Files published and not yet claimed, see [`DurableFiles::claim`].
    unclaimed: Mutex<BTreeSet<PathBuf>>,
}

/// A file under its temporary name.
#[derive(Debug)]
pub(crate) struct Staged {
    file: Box<dyn DiskFile>,
    path: PathBuf,
}

impl DurableFiles {
    /// Creates `root` when it is missing, and makes it durable.
    ///
    /// # Errors
    /// When it cannot be created or synced.
    pub(crate) fn open(root: &Path, disk: Arc<dyn Disk>, poison: Arc<Poison>) -> io::Result<Self> {
        let root = resolved(root)?;
        // The data folder and what we put into it is our business; what exists above it was there before.
        let above = root.ancestors().skip(2).filter(|folder| folder.is_dir());
        let folders = Mutex::new(above.map(Path::to_owned).collect());
        let files = Self { root, disk, poison, folders, unclaimed: Mutex::default() };
        files.make_folder(&files.root)?;
        files.make_folder(&files.root.join(STAGING))?;
        Ok(files)
    }

    /// The folder, absolute and without symbolic links.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The mark that a failed fsync sets.
    pub(crate) fn poison(&self) -> &Arc<Poison> {
        &self.poison
    }

    /// Removes the temporary files of dead processes. What cannot be removed stays, invisible to everybody.
    pub(crate) fn sweep(&self) {
        let staging = self.root.join(STAGING);
        let entries = std::fs::read_dir(&staging).map(|entries| entries.flatten().collect::<Vec<_>>());
        let names = entries.unwrap_or_default();
        let left =
            names.iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with(PROCESS_STAMP.as_str()));
        for entry in left {
            if let Err(error) = self.disk.remove(&entry.path()) {
                tracing::warn!(path = %entry.path().display(), %error, "cannot remove a temporary file of an earlier run");
            }
        }
    }

    /// Makes the names in an existing folder durable, and its own. Whoever decides by what it sees in a folder calls this
    /// first: a process that was killed may have left a name that a power failure would still take back.
    ///
    /// # Errors
    /// When the disk cannot promise it.
    pub(crate) fn settle(&self, folder: &Path) -> io::Result<()> {
        self.make_folder(folder)?;
        self.sync_folder(folder)
    }

    /// Writes a whole file and publishes it.
    ///
    /// # Errors
    /// When the name is taken ([`Publish::Create`]), the disk is full or fails, or an fsync failed earlier.
    pub(crate) fn put<'a>(&self, path: &Path, chunks: impl Iterator<Item = &'a [u8]>, how: Publish) -> io::Result<()> {
        let staged = self.stage()?;
        match self.write_all(&staged, chunks) {
            Ok(()) => self.publish(&staged, path, how),
            Err(error) => {
                self.discard(&staged);
                Err(error)
            }
        }
    }

    /// Begins a file of which parts are written in any order.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub(crate) fn stage(&self) -> io::Result<Staged> {
        self.check_poison()?;
        let name = format!("{}{}", *PROCESS_STAMP, NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed));
        let path = self.root.join(STAGING).join(name);
        Ok(Staged { file: self.disk.create(&path)?, path })
    }

    /// Writes one part of a staged file, durably.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub(crate) fn write_part(&self, staged: &Staged, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut at = offset;
        for piece in bytes.chunks(PIECE_BYTES) {
            self.check_poison()?;
            staged.file.write_at(at, piece)?;
            self.sync_file(staged)?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    /// Gives a staged file its name.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub(crate) fn publish(&self, staged: &Staged, path: &Path, how: Publish) -> io::Result<()> {
        let folder = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
        let named = self.check_poison().and_then(|()| self.make_folder(folder)).and_then(|()| match how {
            Publish::Create => self.disk.link(&staged.path, path),
            Publish::Overwrite => self.disk.rename(&staged.path, path),
        });
        if named.is_err() || how == Publish::Create {
            self.discard(staged);
        }
        named?;
        self.unclaimed().insert(path.to_owned());
        self.sync_folder(folder)
    }

    /// Removes a staged file. Failing is harmless: the next start tries again.
    pub(crate) fn discard(&self, staged: &Staged) {
        if let Err(error) = self.disk.remove(&staged.path) {
            tracing::debug!(path = %staged.path.display(), %error, "a temporary file stays until the next start");
        }
    }

    /// Removes a published file.
    ///
    /// # Errors
    /// When it does not exist or cannot be removed, or an fsync failed earlier.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.check_poison()?;
        self.disk.remove(path)
    }

    /// The files published below `folder` since the last claim: whoever commits them claims them, and after a failed
    /// commit knows by this which files nothing names.
    pub(crate) fn claim(&self, folder: &Path) -> Vec<PathBuf> {
        let mut unclaimed = self.unclaimed();
        let claimed: Vec<PathBuf> = unclaimed.iter().filter(|path| path.starts_with(folder)).cloned().collect();
        unclaimed.retain(|path| !path.starts_with(folder));
        claimed
    }

    fn write_all<'a>(&self, staged: &Staged, chunks: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        let (mut at, mut unsynced) = (0_u64, 0);
        for piece in chunks.flat_map(|chunk| chunk.chunks(PIECE_BYTES)) {
            staged.file.write_at(at, piece)?;
            at += piece.len() as u64;
            unsynced += piece.len();
            if unsynced >= PIECE_BYTES {
                self.sync_file(staged)?;
                unsynced = 0;
            }
        }
        if unsynced > 0 || at == 0 { self.sync_file(staged) } else { Ok(()) }
    }

    /// Creates a folder and those above it, and makes their names durable.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if self.folders.lock().expect("no holder of the folders panics").contains(folder) {
            return Ok(());
        }
        let parent = folder.parent().ok_or_else(|| io::Error::other("the root of the disk is no folder of history"))?;
        self.make_folder(parent)?;
        let existed = match self.disk.create_folder(folder) {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => true,
            Err(error) => return Err(error),
        };
        match std::fs::read_dir(parent) {
            // Somebody else made a folder in one that we may not even read.
            Err(error) if existed && error.kind() == ErrorKind::PermissionDenied => {}
            _ => self.sync_folder(parent)?,
        }
        self.folders.lock().expect("no holder of the folders panics").insert(folder.to_owned());
        Ok(())
    }

    fn sync_file(&self, staged: &Staged) -> io::Result<()> {
        staged.file.sync().inspect_err(|error| self.poison.set(&staged.path, error))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.check_poison()?;
        self.disk.sync_folder(folder).inspect_err(|error| self.poison.set(folder, error))
    }

    fn check_poison(&self) -> io::Result<()> {
        self.poison.reason().map_or(Ok(()), |reason| Err(io::Error::other(format!("{reason}; restart the process"))))
    }

    fn unclaimed(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        self.unclaimed.lock().expect("no holder of the unclaimed files panics")
    }
}

/// `path` absolute and without symbolic links, also when its last folders do not exist yet.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    while !existing.exists() {
        let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else { break };
        missing.push(name.to_owned());
        existing = parent;
    }
    let mut resolved = existing.canonicalize()?;
    resolved.extend(missing.iter().rev());
    Ok(resolved)
}
