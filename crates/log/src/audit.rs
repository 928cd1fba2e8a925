//! The audit log: entries that are only ever added, each chained to the one before it by a hash, durable before they count.
//!
//! ```text
//! audit/audit-00000001.jsonl    entries, one a line, oldest first
//! audit/audit-00000002.jsonl    the next file; its first entry names the chain that it continues
//! audit/*.tmp                   a file that was never finished
//! ```
//!
//! An entry is a line of JSON, so that people and `jq` can read it:
//!
//! ```text
//! {"chain":"9f6c...","number":17,"time":"2026-03-01T12:00:00Z","entry":{...}}
//! ```
//!
//! `chain` is the BLAKE3 hash of the chain value before it, as 32 bytes, and of the line behind `"chain":"...",`. Whoever changes,
//! removes or moves an entry breaks the chain at that place, and [`check::check_audit`] names it. Two things no chain can show by
//! itself: that its newest entries are gone, and that somebody has made all of it anew from some place on; a note elsewhere of the
//! newest chain value, which `vigie verify` prints, shows both.
//!
//! **Crashes.** An entry whose writing was cut short is not whole, and was never promised. It is dropped at the next start, and an
//! entry `audit mended` says so. Only text that no whole entry can have passes for that: a line that ends nowhere, or that holds
//! bytes no entry holds. Anything else that is not what was written is [damage](crate::error::LogError::Damaged), and no entry is
//! added behind it.
//!
//! **Writers.** One at a time; who shares the folder with other processes takes a lock of its own around [`writer::AuditLog::append`],
//! which goes on from wherever the others have ended. Files are never removed by Vigie.
//!
//! ```
//! use std::path::Path;
//! use std::sync::Arc;
//! use vigie_log::audit::check::check_audit;
//! use vigie_log::audit::writer::AuditLog;
//! use vigie_log::disk::SystemDisk;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let mut audit = AuditLog::new(Arc::new(SystemDisk), &folder.path().join("audit"));
//! audit.append(0, r#"{"what":"a query"}"#).unwrap();
//! let report = check_audit(Arc::new(SystemDisk), &folder.path().join("audit")).unwrap();
//! assert_eq!((report.entries, report.findings.len()), (2, 0), "the first entry of a file is about the file");
//! ```

pub mod line;

mod scan;

mod folder;

pub mod writer;

pub mod check;
