//! `vigie verify`: is everything in a data folder whole, readable, and of one mind?
//!
//! The log first (checksums, sequence, names), with the snapshots beside it, then history (tables, files, rows), then both together:
//! history must not be ahead of the log. The chain of the audit log, which neither of them knows of, stands for itself. The log is judged
//! once more to learn where its alert stream ends; from its oldest snapshot on when its beginning is gone. Nothing is changed.

use crate::app::audit::audit_folder;
use crate::app::beginning::{beginning_is_missing, open_snapshots, sets_of, snapshots_folder};
use crate::app::cli::VerifyArgs;
use crate::app::commands::running::{block_on, say};
use crate::app::embedded_log::log_folder;
use crate::app::lock::{DataLock, centre_of};
use crate::app::retention::retention_folder;
use crate::app::roles::resumed::{ResumedParts, ResumedRoles};
use crate::app::roles::rules::RulesRole;
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::{Failure, count};
use std::path::Path;
use std::sync::Arc;
use vigie_log::audit::check::read_audit;
use vigie_log::disk::{Disk, SystemDisk};
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::SegmentLog;
use vigie_log::verify::{LogReport, verify_log};
use vigie_model::record::Record;
use vigie_model::stream::AlertRecord;
use vigie_model::time::format_utc;
use vigie_store::upkeep::retention::filed::{Audited, Step, check};
use vigie_store::verify::finding::LogPositions;
use vigie_store::verify::verify as verify_history;

/// Runs the command.
///
/// # Errors
/// [`Failure::No`] when something is wrong; when the folder is in use or cannot be read.
pub fn run(args: &VerifyArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let Some(centre) = centre_of(&args.data) else {
        return Err(Failure::Io(format!("{} is not a data folder: it belongs to no centre", args.data.display())));
    };
    // Nobody may write meanwhile: log and history would be of different instants.
    let _lock = DataLock::take(&args.data, &centre)?;
    block_on(verify(&args.data))
}

async fn verify(data: &Path) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let positions = match verify_the_log(data, &mut findings)? {
        Some((report, alert_stream_next)) => {
            findings.extend(report.findings.iter().map(|finding| format!("{}\n    {}", finding.what, finding.to_do)));
            positions(&report, alert_stream_next)
        }
        None => {
            say("log: there is none");
            None
        }
    };
    let mut audited = Vec::new();
    findings.extend(verify_the_audit(data, &mut audited)?);
    findings.extend(verify_retention(data, &audited)?);
    let history = verify_history(&data.join("history"), positions.as_ref()).await;
    say(&format!("history: {}", if history.is_empty() { "whole" } else { "not whole" }));
    findings.extend(history.iter().map(ToString::to_string));
    if findings.is_empty() {
        say("nothing is wrong");
        return Ok(());
    }
    for finding in &findings {
        say(&format!("  {finding}"));
    }
    Err(Failure::No(format!("{} in {}", count(findings.len(), "finding"), data.display())))
}

/// The report of the log and where its alert stream ends, as far as it can be judged; what is wrong with snapshots is added to
/// the findings.
fn verify_the_log(data: &Path, findings: &mut Vec<String>) -> Result<Option<(LogReport, Option<u64>)>, Failure> {
    let folder = log_folder(data);
    if !folder.is_dir() {
        return Ok(None);
    }
    let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
    // A log whose first segment cannot be read is told below.
    let found = SegmentLog::beginning(Arc::clone(&disk), &folder).ok().flatten();
    let oldest = match &found {
        Some((identity, _)) => verify_snapshots(data, identity, findings)?,
        None => None,
    };
    let begins_at = found.map_or(0, |(_, begins_at)| begins_at);
    let mut stream = AlertStream::default();
    let mut resumed = None;
    if begins_at > 0 {
        match oldest {
            Some(ResumedParts { log, roles, .. }) => {
                let next_sequence = roles.next_sequence;
                say(&format!(
                    "log: it begins with record {begins_at}; by its oldest snapshot it can be judged from record {next_sequence} on"
                ));
                stream = AlertStream::resumed(roles)?;
                resumed = Some(log);
            }
            None => findings.push(beginning_is_missing(data, begins_at)),
        }
    }
    let can_be_judged = begins_at == 0 || resumed.is_some();
    let report = verify_log(disk, &folder, resumed, |record, partitions| stream.judge(record, partitions));
    let report = report.map_err(|error| Failure::io("cannot read the log", error))?;
    let newest = report.newest_ms.map_or_else(String::new, |newest_ms| format!(", to {}", format_utc(newest_ms)));
    let whole = if report.findings.is_empty() { "whole" } else { "not whole" };
    let (segments, records) = (count(report.segments, "segment"), report.records);
    say(&format!("log: {whole}; {segments}, {records} records{newest}"));
    for note in &report.notes {
        say(&format!("  note: {note}"));
    }
    let end = (report.findings.is_empty() && can_be_judged).then_some(stream.next);
    Ok(Some((report, end)))
}

/// Reads all snapshots of a log; the oldest of those that are whole.
fn verify_snapshots(
    data: &Path,
    identity: &LogIdentity,
    findings: &mut Vec<String>,
) -> Result<Option<ResumedParts>, Failure> {
    if !snapshots_folder(data).is_dir() {
        return Ok(None);
    }
    let (disk, snapshots): (Arc<dyn Disk>, _) = (Arc::new(SystemDisk), open_snapshots(data)?);
    let (sets, mut refused) = sets_of(&snapshots, identity)?;
    let (mut whole, mut oldest) = (0, None);
    for set in sets {
        match ResumedParts::read(&disk, &log_folder(data), &snapshots, &set) {
            Ok(parts) => (whole, oldest) = (whole + 1, Some(parts)),
            Err(why) => refused.push(snapshots.refuse(&set, why)),
        }
    }
    say(&format!("snapshots: {}", if refused.is_empty() { count(whole, "set") } else { "not whole".to_owned() }));
    let to_do =
        "remove the files of this set: while an older one or the whole log is there, nothing is lost by it but time";
    findings.extend(refused.iter().map(|refused| format!("{refused}\n    {to_do}")));
    Ok(oldest)
}

/// What is wrong with the audit log, in words; what it tells of retention is added to `audited`.
fn verify_the_audit(data: &Path, audited: &mut Vec<Audited>) -> Result<Vec<String>, Failure> {
    let folder = audit_folder(data);
    if !folder.is_dir() {
        say("audit: there is none");
        return Ok(Vec::new());
    }
    let report = read_audit(Arc::new(SystemDisk), &folder, |line| audited.extend(step_of(line)));
    let report = report.map_err(|error| Failure::io("cannot read the audit log", error))?;
    let whole = if report.findings.is_empty() { "whole" } else { "not whole" };
    let files = count(report.files, "file");
    say(&format!("audit: {whole}; {files}, {} entries, newest chain value {}", report.entries, report.newest_chain));
    for note in &report.notes {
        say(&format!("  note: {note}"));
    }
    Ok(report.findings.iter().map(|finding| format!("{}\n    {}", finding.what, finding.to_do)).collect())
}

/// The step of retention that a line of the audit log tells of, if it does.
fn step_of(line: &[u8]) -> Option<Audited> {
    const HASH: &[u8] = b"\"sha256\":";
    if !line.windows(HASH.len()).any(|window| window == HASH) {
        return None;
    }
    let line: serde_json::Value = serde_json::from_slice(line).ok()?;
    let entry = &line["entry"];
    let step = match entry["what"].as_str()? {
        "hold made" => Step::Made,
        "hold released" => Step::Released,
        "retention certificate" => Step::Certificate(entry["file"].as_str()?.to_owned()),
        _ => return None,
    };
    Some(Audited { step, sha256: entry["sha256"].as_str()?.to_owned() })
}

/// Whether certificates and holds are what the audit log tells of.
fn verify_retention(data: &Path, audited: &[Audited]) -> Result<Vec<String>, Failure> {
    let folder = retention_folder(data);
    if !folder.is_dir() && audited.is_empty() {
        return Ok(Vec::new());
    }
    let checked =
        check(&folder, audited).map_err(|error| Failure::io("cannot read what retention has filed", error))?;
    let whole = if checked.findings.is_empty() { "whole" } else { "not whole" };
    let certificates = count(checked.certificates, "certificate");
    say(&format!("retention: {whole}; {certificates}, {} of holds", count(checked.hold_lines, "step")));
    for note in &checked.notes {
        say(&format!("  note: {note}"));
    }
    Ok(checked.findings)
}

fn positions(report: &LogReport, alert_stream_next: Option<u64>) -> Option<LogPositions> {
    let identity = report.identity.as_ref().filter(|_| !report.next_offsets.is_empty())?;
    Some(LogPositions {
        log_id: Arc::clone(&identity.log_id),
        next_offsets: report.next_offsets.clone(),
        alert_stream_next,
    })
}

/// Judges the log to count its alert stream.
#[derive(Default)]
struct AlertStream {
    rules: Option<RulesRole>,
    next: u64,
    /// Reused between records.
    out: Vec<AlertRecord>,
}

impl AlertStream {
    /// Goes on from a snapshot.
    fn resumed(roles: ResumedRoles) -> Result<Self, Failure> {
        let next = roles.stream.next_position();
        let rules = RulesRole::resumed(roles.engines, roles.merger, roles.stream);
        let rules = rules.map_err(|unfit| Failure::io("cannot judge the log from its snapshot on", unfit))?;
        Ok(Self { rules: Some(rules), next, out: Vec::new() })
    }

    fn judge(&mut self, record: &Record, partitions: u16) {
        let rules = self.rules.get_or_insert_with(|| RulesRole::new(partitions));
        rules.step(record, &mut self.out);
        self.out.clear();
        self.next = rules.next_position();
    }
}
