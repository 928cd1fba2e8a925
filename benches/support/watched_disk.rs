//! The disk under the benches of the log.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use vigie_log::disk::{Disk, DiskFile, SystemDisk};

/// The system's files, with the syncs of each counted; or without any sync.
#[derive(Debug, Default)]
pub(crate) struct WatchedDisk {
    /// Syncs of files asked for so far.
    pub(crate) syncs: Arc<AtomicU64>,
    /// Whether syncs do nothing.
    pub(crate) is_unsynced: bool,
}

#[derive(Debug)]
struct WatchedFile {
    file: Box<dyn DiskFile>,
    syncs: Arc<AtomicU64>,
    is_unsynced: bool,
}

impl WatchedDisk {
    fn watched(&self, file: io::Result<Box<dyn DiskFile>>) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(WatchedFile { file: file?, syncs: Arc::clone(&self.syncs), is_unsynced: self.is_unsynced }))
    }
}

impl Disk for WatchedDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.create_folder(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.watched(SystemDisk.create(path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.watched(SystemDisk.open(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if self.is_unsynced { Ok(()) } else { SystemDisk.sync_folder(folder) }
    }
}

impl DiskFile for WatchedFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        self.file.reserve(length)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        if self.is_unsynced { Ok(()) } else { self.file.sync_data() }
    }
}
