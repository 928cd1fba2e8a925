//! The files of an audit log.

use crate::audit::line::{Chain, LINE_BYTES_MAX, NO_CHAIN, from_hex, hex, write_line};
use crate::audit::scan::Head;
use crate::disk::{Disk, DiskFile};
use crate::error::LogError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PREFIX: &str = "audit-";
const SUFFIX: &str = ".jsonl";
/// The longest file that is read: far more than a writer lets one grow, and what a machine can hold.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Before the chain value that a file continues, in its first entry.
const CONTINUES: &str = "\"entry\":{\"what\":\"audit file begun\",\"continues\":\"";

/// The folder of an audit log on a disk.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{PREFIX}{number:08}{SUFFIX}"))
    }

    /// Numbers of the files, ascending.
    pub(crate) fn files(&self) -> Result<Vec<u64>, LogError> {
        let names = self.disk.list(&self.path).map_err(LogError::disk("list", &self.path))?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes a file that continues `head`, whole and durable or not at all. Returns the chain behind its first entry, and
    /// how long it is.
    pub(crate) fn begin(
        &self,
        number: u64,
        head: Head,
        time_ms: i64,
    ) -> Result<(Box<dyn DiskFile>, Head, u64), LogError> {
        let path = self.file(number);
        let temporary = path.with_extension("tmp");
        // What an interrupted beginning left.
        let _ = self.disk.remove(&temporary);
        let entry = format!("{{{}{}\"}}", &CONTINUES["\"entry\":{".len()..], hex(&head.chain));
        let mut line = Vec::new();
        let chain = write_line(&mut line, &head.chain, head.next, time_ms, &entry);
        let file = self.disk.create(&temporary).map_err(LogError::disk("create", &temporary))?;
        file.write_at(0, &line).map_err(LogError::disk("write", &temporary))?;
        file.sync_data().map_err(LogError::disk("sync", &temporary))?;
        self.disk.rename(&temporary, &path).map_err(LogError::disk("rename to", &path))?;
        self.disk.sync_folder(&self.path).map_err(LogError::disk("sync", &self.path))?;
        Ok((file, Head { chain, next: head.next + 1 }, line.len() as u64))
    }
}

/// The bytes of a file from `from` on.
pub(crate) fn read_from(file: &dyn DiskFile, path: &Path, from: u64, length: u64) -> Result<Vec<u8>, LogError> {
    if length - from > FILE_BYTES_MAX {
        return Err(LogError::damaged(path, format!("it has {length} bytes, more than any file of an audit log")));
    }
    let mut bytes = vec![0; usize::try_from(length - from).expect("bounded above")];
    let filled = file.read_at(from, &mut bytes).map_err(LogError::disk("read", path))?;
    bytes.truncate(filled);
    Ok(bytes)
}

/// The chain that a file says it continues, and the number of its first entry.
pub(crate) fn continued(bytes: &[u8]) -> Option<Head> {
    let end = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n')?;
    let line = str::from_utf8(&bytes[..end]).ok()?;
    let (_, digits) = line.split_once(CONTINUES)?;
    let chain: Chain = from_hex(digits.strip_suffix("\"}}")?.as_bytes())?;
    let (_, number) = line.split_once("\"number\":")?;
    let next = number.split(',').next()?.parse().ok()?;
    Some(Head { chain, next })
}

/// What the first file continues.
pub(crate) const BEGINNING: Head = Head { chain: NO_CHAIN, next: 1 };

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    (digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
