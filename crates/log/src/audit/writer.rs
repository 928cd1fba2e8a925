//! Adding entries.

use crate::audit::folder::{BEGINNING, Folder, continued, read_from};
use crate::audit::line::{LINE_BYTES_MAX, write_line};
use crate::audit::scan::{Head, Rest, scan};
use crate::disk::{Disk, DiskFile};
use crate::error::LogError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that has grown to this is followed by a new one, in bytes: some 15,000 queries.
const FILE_BYTES_FULL: u64 = 8 << 20;

/// The writer's end of an audit log.
#[derive(Debug)]
pub struct AuditLog {
    folder: Folder,
    file_bytes_full: u64,
    /// The newest file, once it is known.
    newest: Option<Newest>,
    /// Whether a sync has failed: nothing is known about what is stored since.
    is_poisoned: bool,
}

/// The newest file and how it ends.
#[derive(Debug)]
struct Newest {
    number: u64,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    length: u64,
    head: Head,
}

impl AuditLog {
    /// An audit log in `folder`, which need not exist; its parent has to. Nothing is read or written yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        let folder = Folder { disk, path: folder.to_owned() };
        Self { folder, file_bytes_full: FILE_BYTES_FULL, newest: None, is_poisoned: false }
    }

    /// Begins a new file when one has grown to `bytes`.
    #[must_use]
    pub const fn with_full_files_of(mut self, bytes: u64) -> Self {
        self.file_bytes_full = bytes;
        self
    }

    /// Adds an entry, a JSON object in one line; it is durable when this returns. One at a time, so that a crash leaves at
    /// most one that is not whole.
    ///
    /// # Errors
    /// When the disk fails, or what is there is not what was written: then it does not count as added. After a sync has
    /// failed every further call fails.
    pub fn append(&mut self, time_ms: i64, entry: &str) -> Result<(), LogError> {
        if self.is_poisoned {
            return Err(LogError::Poisoned { folder: self.folder.path.clone() });
        }
        let known = self.newest.take();
        let mut newest = self.caught_up(known, time_ms)?;
        self.write(&mut newest, time_ms, entry)?;
        self.newest = Some(newest);
        Ok(())
    }

    /// The newest file, with all that others have added meanwhile, and not full.
    fn caught_up(&mut self, known: Option<Newest>, time_ms: i64) -> Result<Newest, LogError> {
        let mut newest = match known {
            Some(known) => known,
            None => self.open(time_ms)?,
        };
        loop {
            self.follow(&mut newest, time_ms)?;
            if newest.length < self.file_bytes_full {
                return Ok(newest);
            }
            let next = newest.number + 1;
            newest = if self.folder.files()?.contains(&next) {
                self.existing(next)?
            } else {
                self.begin(next, newest.head, time_ms)?
            };
        }
    }

    /// Opens the newest file; makes the first one where there is none.
    fn open(&mut self, time_ms: i64) -> Result<Newest, LogError> {
        let path = &self.folder.path;
        self.folder.disk.create_folder(path).map_err(LogError::disk("create", path))?;
        match self.folder.files()?.last() {
            Some(number) => self.existing(*number),
            None => {
                if let Some(parent) = path.parent() {
                    self.folder.disk.sync_folder(parent).map_err(LogError::disk("sync", parent))?;
                }
                self.begin(1, BEGINNING, time_ms)
            }
        }
    }

    fn begin(&mut self, number: u64, head: Head, time_ms: i64) -> Result<Newest, LogError> {
        let (file, head, length) = self.folder.begin(number, head, time_ms)?;
        Ok(Newest { number, path: self.folder.file(number), file, length, head })
    }

    /// A file of which nothing is known yet but the chain that it continues.
    fn existing(&self, number: u64) -> Result<Newest, LogError> {
        let path = self.folder.file(number);
        let file = self.folder.disk.open(&path).map_err(LogError::disk("open", &path))?;
        let length = file.length().map_err(LogError::disk("read", &path))?;
        let head = continued(&read_from(&*file, &path, 0, length)?);
        let head = head.ok_or_else(|| LogError::damaged(&path, "its first entry does not say what it continues"))?;
        Ok(Newest { number, path, file, length: 0, head })
    }

    /// Reads what others have added behind what is known, and drops what a crash has left of an entry.
    fn follow(&mut self, newest: &mut Newest, time_ms: i64) -> Result<(), LogError> {
        let length = newest.file.length().map_err(LogError::disk("read", &newest.path))?;
        if length < newest.length {
            return Err(LogError::damaged(&newest.path, "it has become shorter"));
        }
        let bytes = read_from(&*newest.file, &newest.path, newest.length, length)?;
        let scanned = scan(&bytes, newest.head);
        if let Some(broken) = scanned.broken.first() {
            let at = newest.length + broken.at as u64;
            return Err(LogError::damaged(&newest.path, format!("the entry at byte {at}: {}", broken.what)));
        }
        newest.length += scanned.whole_bytes as u64;
        newest.head = scanned.head;
        if let Rest::Torn(torn_bytes) = scanned.rest {
            tracing::warn!(file = %newest.path.display(), torn_bytes, "dropping an audit entry that was never finished");
            newest.file.truncate(newest.length).map_err(LogError::disk("cut", &newest.path))?;
            let mended = format!("{{\"what\":\"audit mended\",\"at\":{},\"torn_bytes\":{torn_bytes}}}", newest.length);
            self.write(newest, time_ms, &mended)?;
        }
        Ok(())
    }

    fn write(&mut self, newest: &mut Newest, time_ms: i64, entry: &str) -> Result<(), LogError> {
        debug_assert!(!entry.contains('\n'), "an entry is one line");
        if entry.len() > LINE_BYTES_MAX {
            let source = io::Error::new(io::ErrorKind::FileTooLarge, format!("an entry of {} bytes", entry.len()));
            return Err(LogError::disk("write", &newest.path)(source));
        }
        let mut line = Vec::new();
        let chain = write_line(&mut line, &newest.head.chain, newest.head.next, time_ms, entry);
        newest.file.write_at(newest.length, &line).map_err(LogError::disk("write", &newest.path))?;
        newest.file.sync_data().map_err(|error| {
            self.is_poisoned = true;
            LogError::disk("sync", &newest.path)(error)
        })?;
        newest.length += line.len() as u64;
        newest.head = Head { chain, next: newest.head.next + 1 };
        Ok(())
    }
}
