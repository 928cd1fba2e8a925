//! The calls on local disk whose effects a crash may undo.
//!
//! History is written in no other way, so a test can put another disk in place of [`SystemDisk`]: one that stops at
//! any call, forgets what was not synced, or fails a sync.
//!
//! **What a crash may undo.** Bytes written since the last [`DiskFile::sync`] of their file; a name that was created,
//! linked, renamed or removed since the last [`Disk::sync_folder`] of its folder. An error of a sync says that nothing is
//! known about what it should have kept; it must never be retried.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A tree of files.
pub(crate) trait Disk: Debug + Send + Sync {
    /// Creates a folder, whose parent exists.
    ///
    /// # Errors
    /// When it exists or cannot be created.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Creates an empty file.
    ///
    /// # Errors
    /// When the name exists or cannot be created.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file a second name.
    ///
    /// # Errors
    /// When the second name exists or cannot be created.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name, in place of whatever had that name.
    ///
    /// # Errors
    /// When the file does not exist or cannot be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name of a file.
    ///
    /// # Errors
    /// When it does not exist or cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable: those that are there and those that are gone.
    ///
    /// # Errors
    /// When the system cannot promise it.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// An open file.
pub(crate) trait DiskFile: Debug + Send + Sync {
    /// Writes all of `bytes` at `offset`. An error leaves any part of them written.
    ///
    /// # Errors
    /// When the disk is full or fails.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable, with the length of the file.
    ///
    /// # Errors
    /// When the system cannot promise it.
    fn sync(&self) -> io::Result<()>;
}

/// The disk of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemDisk;

impl Disk for SystemDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::options().write(true).create_new(true).open(path)?))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

impl DiskFile for File {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
