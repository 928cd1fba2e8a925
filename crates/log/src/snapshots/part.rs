//! A part of a set while it is written, and its file when it is read.

use crate::disk::{Disk, DiskFile};
use crate::error::LogError;
use crate::snapshots::file::{Header, Tail, head, tail};
use crc32c::crc32c_append;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many bytes are made durable at a time: a file synced at once would hold up the log's own syncs.
const SYNC_BYTES: u64 = 32 << 20;
/// The ending of what was never finished.
pub(crate) const UNFINISHED: &str = "tmp";

/// A file that is being written.
#[derive(Debug)]
pub struct NewPart {
    disk: Arc<dyn Disk>,
    file: Box<dyn DiskFile>,
    temporary: PathBuf,
    path: PathBuf,
    part: String,
    written: u64,
    synced: u64,
    tail: Tail,
}

/// A part that is durable but for its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub(crate) name: String,
    pub(crate) length: u64,
    pub(crate) checksum: u32,
}

impl NewPart {
    /// Begins a file in place of one that was never finished.
    pub(crate) fn begin(disk: &Arc<dyn Disk>, path: PathBuf, header: &Header) -> Result<Self, LogError> {
        let temporary = path.with_extension(UNFINISHED);
        // Whatever was begun under this name is of no use; mostly nothing was.
        let _ = disk.remove(&temporary);
        let file = disk.create(&temporary).map_err(LogError::disk("create", &temporary))?;
        let part = header.part.clone();
        let mut new =
            Self { disk: Arc::clone(disk), file, temporary, path, part, written: 0, synced: 0, tail: Tail::default() };
        new.append(&head(header))?;
        Ok(new)
    }

    /// Appends to the body.
    ///
    /// # Errors
    /// When the disk is full or fails; the part is then of no use.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), LogError> {
        let Tail { length, checksum } = &mut self.tail;
        (*length, *checksum) = (*length + piece.len() as u64, crc32c_append(*checksum, piece));
        self.append(piece)?;
        if self.written - self.synced >= SYNC_BYTES {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes it durable and gives it its name, which is durable only once the set is committed.
    ///
    /// # Errors
    /// When the disk is full or fails; the part is then of no use.
    pub fn finish(mut self) -> Result<Part, LogError> {
        self.append(&tail(self.tail))?;
        self.sync()?;
        self.disk.rename(&self.temporary, &self.path).map_err(LogError::disk("rename to", &self.path))?;
        let Tail { length, checksum } = self.tail;
        Ok(Part { name: self.part, length, checksum })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        self.file.write_at(self.written, bytes).map_err(LogError::disk("write", &self.temporary))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.file.sync_data().map_err(LogError::disk("sync", &self.temporary))?;
        self.synced = self.written;
        Ok(())
    }
}

/// Reads the whole of a file, if it is no longer than `length_max`.
pub(crate) fn read_whole(disk: &dyn Disk, path: &Path, length_max: u64, room: &mut Vec<u8>) -> Result<(), String> {
    let told = |error: std::io::Error| format!("it cannot be read: {error}");
    let file = disk.open(path).map_err(told)?;
    let length = file.length().map_err(told)?;
    if length > length_max {
        return Err(format!("it has {length} bytes, more than it should"));
    }
    room.resize(usize::try_from(length).map_err(|_| "it does not fit into memory".to_owned())?, 0);
    let read = file.read_at(0, room).map_err(told)?;
    room.truncate(read);
    Ok(())
}
