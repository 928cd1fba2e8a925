//! The audit trail of queries, kept in `DATA/audit`.
//!
//! Servers and commands that read committed rows add to the same chain, each entry under a lock of the operating system:
//! `DATA/audit.lock` is held for the time of one entry, and whoever has it goes on from what the others have added.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use vigie_log::audit::writer::AuditLog;
use vigie_log::disk::SystemDisk;
use vigie_log::error::LogError;
use vigie_model::audit::{AuditError, AuditRecord, AuditTrail, QueryBegun};

/// Bytes of a statement that are kept; longer ones are never run.
const STATEMENT_BYTES_MAX: usize = 64 << 10;
const LOCK_NAME: &str = "audit.lock";

/// The folder of the audit log in a data folder.
#[must_use]
pub fn audit_folder(data: &Path) -> PathBuf {
    data.join("audit")
}

/// The audit log of a data folder.
#[derive(Debug)]
pub struct AuditFolder {
    data: PathBuf,
    keeps_text: bool,
    log: Mutex<AuditLog>,
}

impl AuditFolder {
    /// The audit log of `data`; `keeps_text` says whether the text of statements is kept beside their hash.
    #[must_use]
    pub fn new(data: &Path, keeps_text: bool) -> Self {
        let log = AuditLog::new(Arc::new(SystemDisk), &audit_folder(data));
        Self { data: data.to_owned(), keeps_text, log: Mutex::new(log) }
    }

    fn json(&self, record: &AuditRecord) -> Result<String, AuditError> {
        let json = match record {
            AuditRecord::Begun(begun) => {
                let kept = |text: &Arc<str>| text[..text.floor_char_boundary(STATEMENT_BYTES_MAX)].into();
                let statement = begun.statement.as_ref().filter(|_| self.keeps_text).map(kept);
                serde_json::to_string(&AuditRecord::Begun(QueryBegun { statement, ..begun.clone() }))
            }
            record => serde_json::to_string(record),
        };
        json.map_err(|error| AuditError(error.to_string()))
    }
}

impl AuditTrail for AuditFolder {
    fn write(&self, records: &[AuditRecord]) -> Result<(), AuditError> {
        let entries = records.iter().map(|record| self.json(record)).collect::<Result<Vec<_>, _>>()?;
        let path = self.data.join(LOCK_NAME);
        let failed = |error: std::io::Error| AuditError(format!("{}: {error}", path.display()));
        let lock = File::options().create(true).write(true).truncate(false).open(&path).map_err(failed)?;
        let mut log = self.log.lock().expect("no holder of the audit log panics");
        lock.lock().map_err(failed)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        entries.iter().try_for_each(|entry| log.append(now_ms, entry)).map_err(in_words)
    }
}

fn in_words(error: LogError) -> AuditError {
    AuditError(match error {
        LogError::Damaged { path, what } => format!(
            "{} is not what was written ({what}); `vigie verify` shows all of it. Restore the folder 'audit' from a copy, or move \
             it away to begin a new one",
            path.display()
        ),
        other => other.to_string(),
    })
}
