//! Certificates on file, `DATA/retention/certificates`, each with its hash in the audit log; and whether they are still what was written.
//!
//! A certificate gets its name once the audit log has its hash. Until then it waits under another one; the next run finishes what
//! was cut short, so that the audit log may have a hash twice, and no certificate is without.

use super::book::HoldBook;
use super::certificate::Certificate;
use super::plain_file::{give_name, put, read, sha256};
use crate::error::Error;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use vigie_failpoints::point::reach;
use vigie_model::audit::{AuditRecord, AuditTrail, CertificateFiled};
use vigie_model::time::{format_utc, parse_rfc3339_ms};

const FOLDER: &str = "certificates";
const ENDING: &str = ".json";
const WAITING: &str = ".json.waiting";

/// A step that the audit log tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Which.
    pub step: Step,
    /// SHA-256 of what was kept of it.
    pub sha256: String,
}

/// Steps of retention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A hold was made.
    Made,
    /// A hold was released.
    Released,
    /// A certificate was filed under this name.
    Certificate(String),
}

/// What a check of the folder says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Certificates that are what was written.
    pub certificates: usize,
    /// Lines about holds that are what was written.
    pub hold_lines: usize,
    /// What is wrong.
    pub findings: Vec<String>,
    /// What is not wrong, but worth knowing.
    pub notes: Vec<String>,
}

/// Files a certificate; it is durable, and in the audit log, when this returns.
pub(super) fn file(folder: &Path, certificate: &Certificate, trail: &dyn AuditTrail) -> Result<(), Error> {
    let waiting = folder.join(FOLDER).join(name_of(certificate.began_ms) + WAITING);
    put(&waiting, certificate.json().as_bytes())?;
    reach("retention.certificate_waits");
    finish(&waiting, trail)
}

/// Files the certificates that wait since a run was cut short.
pub(super) fn finish_waiting(folder: &Path, trail: &dyn AuditTrail) -> Result<(), Error> {
    for name in names(folder)?.iter().filter(|name| name.ends_with(WAITING)) {
        finish(&folder.join(FOLDER).join(name), trail)?;
    }
    Ok(())
}

fn finish(waiting: &Path, trail: &dyn AuditTrail) -> Result<(), Error> {
    let text = read(waiting)?;
    let name = waiting.file_name().unwrap_or_default().to_string_lossy().replace(WAITING, ENDING);
    let told: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let rows = |key: &str| told[key].as_u64().unwrap_or(0);
    trail.write(&[AuditRecord::Certificate(CertificateFiled {
        file: name.clone(),
        sha256: sha256(text.as_bytes()),
        rows_deleted: rows("rows_deleted"),
        rows_held: rows("rows_held"),
    })])?;
    reach("retention.certificate_audited");
    give_name(waiting, &waiting.with_file_name(name))
}

/// Whether the certificate of the run that began then is filed.
pub(super) fn is_filed(folder: &Path, began_ms: i64) -> bool {
    folder.join(FOLDER).join(name_of(began_ms) + ENDING).exists()
}

fn name_of(began_ms: i64) -> String {
    format_utc(began_ms).replace(':', "-")
}

/// When the run of the newest certificate began.
pub(super) fn newest_ms(folder: &Path) -> Result<Option<i64>, Error> {
    let began = |name: &String| {
        let (date, time) = name.strip_suffix(ENDING)?.split_once('T')?;
        parse_rfc3339_ms(&format!("{date}T{}", time.replace('-', ":"))).ok()
    };
    Ok(names(folder)?.iter().filter_map(began).max())
}

/// Compares what is on file with what the audit log tells, oldest first.
///
/// # Errors
/// When the folder cannot be read.
pub fn check(folder: &Path, audited: &[Audited]) -> Result<Checked, Error> {
    let mut checked = Checked::default();
    check_certificates(folder, audited, &mut checked)?;
    let book = HoldBook::new(folder);
    let place = book.file().display().to_string();
    let lines: BTreeSet<String> = book.hashes()?.into_iter().collect();
    let kept = book.all().unwrap_or_else(|error| {
        checked.findings.push(format!("{error}\n    restore the file from a copy"));
        Vec::new()
    });
    let released = kept.iter().filter(|kept| kept.release.is_some()).count();
    let told = |wanted: &Step| -> BTreeSet<&String> {
        audited.iter().filter(|audited| audited.step == *wanted).map(|audited| &audited.sha256).collect()
    };
    let (made, let_go) = (told(&Step::Made), told(&Step::Released));
    checked.hold_lines = lines.iter().filter(|line| made.contains(line) || let_go.contains(line)).count();
    for _ in made.iter().filter(|hash| !lines.contains(**hash)) {
        checked.findings.push(format!("{place}: a hold that the audit log tells of is altered or gone\n    {RESTORE}"));
    }
    let released_as_told = let_go.iter().filter(|hash| lines.contains(**hash)).count();
    if released > released_as_told {
        checked.findings.push(format!("{place}: a release that the audit log does not tell of\n    {RESTORE}"));
    }
    if let_go.len() > released_as_told {
        checked.notes.push(format!("{place}: a release was cut short before it took effect; its hold is in force"));
    }
    if lines.len() > checked.hold_lines + released.saturating_sub(released_as_told) {
        checked.notes.push(format!("{place}: has a hold that the audit log does not tell of; it is in force"));
    }
    Ok(checked)
}

const RESTORE: &str = "somebody or the disk has changed it: restore it from a copy, and find out who had access";

fn check_certificates(folder: &Path, audited: &[Audited], checked: &mut Checked) -> Result<(), Error> {
    let names: BTreeSet<String> = names(folder)?.into_iter().collect();
    let place = |name: &str| folder.join(FOLDER).join(name).display().to_string();
    let told = |name: &str, hash: &str| {
        audited.iter().any(|entry| entry.sha256 == hash && entry.step == Step::Certificate(name.to_owned()))
    };
    for name in names.iter().filter(|name| name.ends_with(ENDING)) {
        let path = folder.join(FOLDER).join(name);
        let bytes = std::fs::read(&path).map_err(|source| Error::Retention { action: "read", path, source })?;
        if told(name, &sha256(&bytes)) {
            checked.certificates += 1;
        } else {
            checked.findings.push(format!("{}: is not the certificate that was filed\n    {RESTORE}", place(name)));
        }
    }
    let filed = audited.iter().filter_map(|entry| match &entry.step {
        Step::Certificate(name) => Some(name),
        Step::Made | Step::Released => None,
    });
    for name in filed.collect::<BTreeSet<_>>() {
        let waiting = name.replace(ENDING, WAITING);
        if names.contains(&waiting) {
            checked.notes.push(format!("{}: waits for the next run to be filed", place(&waiting)));
        } else if !names.contains(name) {
            checked.findings.push(format!("{}: is gone\n    {RESTORE}", place(name)));
        }
    }
    Ok(())
}

/// The names of all files in the folder of certificates, sorted.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let path: PathBuf = folder.join(FOLDER);
    let failed = |source| Error::Retention { action: "read", path: path.clone(), source };
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names = entries.map(name).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    names.sort_unstable();
    Ok(names)
}
