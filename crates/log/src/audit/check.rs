//! Checking an audit log that nobody is writing, without changing it: `vigie verify`.

use crate::audit::folder::{BEGINNING, Folder, continued, read_from};
use crate::audit::line::hex;
use crate::audit::scan::{Rest, scan};
use crate::disk::Disk;
use crate::error::LogError;
use crate::verify::LogFinding;
use std::path::Path;
use std::sync::Arc;

/// What an audit log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Number of files.
    pub files: usize,
    /// Entries that are what was written.
    pub entries: u64,
    /// Chain value of the newest one, in hexadecimal.
    pub newest_chain: String,
    /// What is wrong.
    pub findings: Vec<LogFinding>,
    /// What is not wrong, but worth knowing.
    pub notes: Vec<String>,
}

const ALTERED: &str = "somebody or the disk has changed it: keep a copy of the folder, compare it with a backup, and find out who had \
                       access; until the folder is restored or moved away no query is answered";

/// Reads a whole audit log, file by file.
///
/// # Errors
/// When the disk fails, or a file is larger than any.
pub fn check_audit(disk: Arc<dyn Disk>, path: &Path) -> Result<AuditReport, LogError> {
    read_audit(disk, path, |_| {})
}

/// Reads a whole audit log, file by file, and gives each of its lines to `each`, also those that are not what was written.
///
/// # Errors
/// As [`check_audit`].
pub fn read_audit(disk: Arc<dyn Disk>, path: &Path, mut each: impl FnMut(&[u8])) -> Result<AuditReport, LogError> {
    let folder = Folder { disk, path: path.to_owned() };
    let mut report = AuditReport::default();
    let mut head = BEGINNING;
    let files = folder.files()?;
    for (index, number) in files.iter().enumerate() {
        let expected = index as u64 + 1;
        if *number != expected && report.findings.is_empty() {
            report.find(format!("{} is missing", folder.file(expected).display()), ALTERED);
        }
        let path = folder.file(*number);
        let file = folder.disk.open(&path).map_err(LogError::disk("open", &path))?;
        let length = file.length().map_err(LogError::disk("read", &path))?;
        let bytes = read_from(&*file, &path, 0, length)?;
        match continued(&bytes) {
            Some(continued) if continued == head => {}
            Some(continued) => {
                let what = format!("{}: it does not continue the chain of the file before it", path.display());
                report.find(what, ALTERED);
                head = continued;
            }
            None => report.find(format!("{}: its first entry does not say what it continues", path.display()), ALTERED),
        }
        bytes.split(|byte| *byte == b'\n').for_each(&mut each);
        let scanned = scan(&bytes, head);
        for broken in &scanned.broken {
            report.find(format!("{}: {}", place(&path, &bytes, broken.at), broken.what), ALTERED);
        }
        if let Rest::Torn(torn_bytes) = scanned.rest {
            let place = place(&path, &bytes, scanned.whole_bytes);
            if index + 1 == files.len() {
                report.notes.push(format!("{place}: {torn_bytes} bytes of an entry that was never finished"));
            } else {
                report.find(format!("{place}: an entry that is not whole, and another file behind it"), ALTERED);
            }
        }
        let mended = bytes.split(|byte| *byte == b'\n').filter(|line| is_mended(line)).count();
        if mended > 0 {
            report
                .notes
                .push(format!("{}: mended {mended} times after a crash (entries 'audit mended')", path.display()));
        }
        report.files += 1;
        report.entries += scanned.entries;
        head = scanned.head;
    }
    report.newest_chain = hex(&head.chain);
    Ok(report)
}

impl AuditReport {
    fn find(&mut self, what: String, to_do: &str) {
        self.findings.push(LogFinding { what, to_do: to_do.to_owned() });
    }
}

fn place(path: &Path, bytes: &[u8], at: usize) -> String {
    let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    format!("{}, line {line} (byte {at})", path.display())
}

fn is_mended(line: &[u8]) -> bool {
    const MENDED: &[u8] = b"\"entry\":{\"what\":\"audit mended\",";
    line.windows(MENDED.len()).any(|window| window == MENDED)
}
