//! The log's folder: which files belong to it, and what they are called.
//!
//! ```text
//! log/00000000000000000000.seg    a segment, named by the sequence of its first record
//! log/next.tmp                    the reserved space of the next segment, without content
//! log/control-<BLAKE3>.bin        a control record without its spaces, named by its content
//! log/spaces-<BLAKE3>.bin         the spaces of control records, named by their content
//! log/damaged-<segment>-<at>.bin  bytes that could not be read, kept for people
//! ```

use crate::disk::{Disk, DiskFile};
use crate::error::LogError;
use crate::segments::header::{HEADER_BYTES, Header};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_failpoints::point::reach;

/// The reserved space of the next segment.
const SPARE_NAME: &str = "next.tmp";
/// The file under construction; whatever has this ending when the log is opened was never finished.
const UNFINISHED: &str = ".tmp";
const SEGMENT: &str = ".seg";
/// The longest file the log reads at once; its own are far smaller.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 30;

/// The folder of a log on a disk.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) path: PathBuf,
}

impl Folder {
    /// Where the segment that begins with record `first_sequence` stands.
    pub(crate) fn segment(&self, first_sequence: u64) -> PathBuf {
        self.path.join(format!("{first_sequence:020}{SEGMENT}"))
    }

    pub(crate) fn spare(&self) -> PathBuf {
        self.path.join(SPARE_NAME)
    }

    /// Where the damaged bytes from `at` in the segment `first_sequence` are kept.
    pub(crate) fn damaged(&self, first_sequence: u64, at: u64) -> PathBuf {
        self.path.join(format!("damaged-{first_sequence:020}-{at}.bin"))
    }

    /// The first sequences of the segments, ascending.
    pub(crate) fn segments(&self) -> Result<Vec<u64>, LogError> {
        let mut found: Vec<u64> = self.names()?.iter().filter_map(|name| segment_number(name)).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Removes what was under construction when the process ended.
    pub(crate) fn remove_unfinished(&self) -> Result<(), LogError> {
        for name in self.names()?.iter().filter(|name| name.ends_with(UNFINISHED)) {
            let path = self.path.join(name);
            self.disk.remove(&path).map_err(LogError::disk("remove", &path))?;
        }
        Ok(())
    }

    /// All bytes of a file.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, LogError> {
        let file = self.open(path)?;
        let length = file.length().map_err(LogError::disk("read", path))?;
        if length > FILE_BYTES_MAX {
            return Err(LogError::damaged(path, format!("it has {length} bytes, more than any file of a log")));
        }
        let mut bytes = vec![0; usize::try_from(length).expect("bounded above")];
        let filled = file.read_at(0, &mut bytes).map_err(LogError::disk("read", path))?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// The header of a segment.
    pub(crate) fn header(&self, path: &Path) -> Result<Header, LogError> {
        let mut bytes = [0; HEADER_BYTES];
        let filled = self.open(path)?.read_at(0, &mut bytes).map_err(LogError::disk("read", path))?;
        Header::parse(&bytes[..filled], path)
    }

    /// Opens a file for reading and writing.
    pub(crate) fn open(&self, path: &Path) -> Result<Box<dyn DiskFile>, LogError> {
        self.disk.open(path).map_err(LogError::disk("open", path))
    }

    /// Writes a file that appears whole and durable, or not at all: a temporary file, synced, then renamed.
    pub(crate) fn write_whole(&self, path: &Path, reserve: u64, bytes: &[u8]) -> Result<Box<dyn DiskFile>, LogError> {
        let temporary = path.with_extension("tmp");
        let file = self.reserve(&temporary, reserve.max(bytes.len() as u64))?;
        self.fill(&*file, &temporary, path, bytes)?;
        Ok(file)
    }

    /// As [`Self::write_whole`]; `false` when there is no room for it, and then nothing is left of it.
    pub(crate) fn write_whole_if_room(&self, path: &Path, bytes: &[u8]) -> Result<bool, LogError> {
        let temporary = path.with_extension("tmp");
        match self.reserve(&temporary, bytes.len() as u64) {
            Ok(file) => self.fill(&*file, &temporary, path, bytes).map(|()| true),
            Err(error) => {
                tracing::warn!(%error, "no room for a file of the log");
                // What cannot be removed now is removed at the next start.
                let _ = self.disk.remove(&temporary);
                Ok(false)
            }
        }
    }

    fn reserve(&self, temporary: &Path, length: u64) -> Result<Box<dyn DiskFile>, LogError> {
        let file = self.disk.create(temporary).map_err(LogError::disk("create", temporary))?;
        file.reserve(length).map_err(LogError::disk("reserve", temporary))?;
        Ok(file)
    }

    fn fill(&self, file: &dyn DiskFile, temporary: &Path, path: &Path, bytes: &[u8]) -> Result<(), LogError> {
        file.write_at(0, bytes).map_err(LogError::disk("write", temporary))?;
        file.sync_data().map_err(LogError::disk("sync", temporary))?;
        self.publish(temporary, path)
    }

    /// Gives a synced file its name, durably.
    pub(crate) fn publish(&self, temporary: &Path, path: &Path) -> Result<(), LogError> {
        self.disk.rename(temporary, path).map_err(LogError::disk("rename to", path))?;
        reach("log.after_rename");
        self.sync()
    }

    /// Makes the names in the folder durable.
    pub(crate) fn sync(&self) -> Result<(), LogError> {
        self.disk.sync_folder(&self.path).map_err(LogError::disk("sync", &self.path))
    }

    fn names(&self) -> Result<Vec<String>, LogError> {
        self.disk.list(&self.path).map_err(LogError::disk("list", &self.path))
    }
}

fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SEGMENT)?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
