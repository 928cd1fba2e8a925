//! `vigie verify`: is everything in a data folder whole, readable, and of one mind?
//!
//! The log first (checksums, sequence, names), then history (tables, files, rows), then both together: history must not be
//! ahead of the log. The log is judged once more to learn where its alert stream ends. Nothing is changed.

use crate::app::cli::VerifyArgs;
use crate::app::commands::running::{block_on, say};
use crate::app::embedded_log::log_folder;
use crate::app::lock::{DataLock, centre_of};
use crate::app::roles::rules::RulesRole;
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::{Failure, count};
use std::path::Path;
use std::sync::Arc;
use vigie_log::disk::SystemDisk;
use vigie_log::verify::{LogReport, verify_log};
use vigie_model::record::Record;
use vigie_model::stream::AlertRecord;
use vigie_model::time::format_utc;
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
    let positions = match verify_the_log(data)? {
        Some((report, alert_stream_next)) => {
            findings.extend(report.findings.iter().map(|finding| format!("{}\n    {}", finding.what, finding.to_do)));
            positions(&report, alert_stream_next)
        }
        None => {
            say("log: there is none");
            None
        }
    };
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

/// The report of the log and where its alert stream ends, as far as it can be judged.
fn verify_the_log(data: &Path) -> Result<Option<(LogReport, Option<u64>)>, Failure> {
    let folder = log_folder(data);
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut stream = AlertStream::default();
    let report = verify_log(Arc::new(SystemDisk), &folder, |record, partitions| stream.judge(record, partitions));
    let report = report.map_err(|error| Failure::io("cannot read the log", error))?;
    let newest = report.newest_ms.map_or_else(String::new, |newest_ms| format!(", to {}", format_utc(newest_ms)));
    let whole = if report.findings.is_empty() { "whole" } else { "not whole" };
    let (segments, records) = (count(report.segments, "segment"), report.records);
    say(&format!("log: {whole}; {segments}, {records} records{newest}"));
    for note in &report.notes {
        say(&format!("  note: {note}"));
    }
    let end = report.findings.is_empty().then_some(stream.next);
    Ok(Some((report, end)))
}

fn positions(report: &LogReport, alert_stream_next: Option<u64>) -> Option<LogPositions> {
    let identity = report.identity.as_ref()?;
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
    fn judge(&mut self, record: &Record, partitions: u16) {
        let rules = self.rules.get_or_insert_with(|| RulesRole::new(partitions));
        rules.step(record, &mut self.out);
        self.out.clear();
        self.next = rules.next_position();
    }
}
