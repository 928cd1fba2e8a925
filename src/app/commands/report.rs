//! `vigie report`: history as one HTML file, and whether the data behind such a file are still the same.

use crate::app::cli::Format;
use crate::app::cli::report::{ReportArgs, ReportCommand, ReportLanguage};
use crate::app::commands::asker::{Asker, Manner};
use crate::app::commands::running::answer;
use crate::app::lock::{centre_of, time_zone_of};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::Failure;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use vigie_model::doors::AnswerBounds;
use vigie_model::time::{format_local_instant, format_utc, parse_rfc3339_ms};
use vigie_report::asking::AskError;
use vigie_report::facts::Span;
use vigie_report::language::Language;
use vigie_report::making::{Extent, Kind, Request, differences, make};
use vigie_report::manifest::Manifest;
use vigie_report::measure::Measure;
use vigie_report::page::{manifest_of, page};
use vigie_report::wording::Wording;

/// Runs the command.
///
/// # Errors
/// When history does not answer, the span is wrong or the file cannot be written; with `--check`, when the data differ.
pub fn run(command: &ReportCommand, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let (kind, args, measures) = command.parts();
    let asker = Asker::new(&args.data);
    let reason = Some(format!("report {}", kind.name()));
    let manner = Manner { format: Format::Json, reason, bounds: AnswerBounds::default() };
    let mut history = |sql: &str| {
        let mut answer = Vec::new();
        asker.ask(sql, &manner, &mut answer)?;
        Ok(answer)
    };
    match &args.check {
        Some(report) => check(report, &args.data, &mut history),
        None => write(kind, args, measures, &mut history),
    }
}

fn write(
    kind: Kind,
    args: &ReportArgs,
    measures: &[Measure],
    history: &mut dyn FnMut(&str) -> Result<Vec<u8>, Failure>,
) -> Result<(), Failure> {
    let zone = zone_of(&args.data);
    let Some(extent) = Extent::of(history).map_err(unasked)? else {
        return Err(Failure::No(format!("{} holds no rows yet: there is nothing to report", args.data.display())));
    };
    // Bounds are written to the second.
    let after = |epoch_ms: i64| epoch_ms.div_euclid(1000) * 1000 + 1000;
    let as_of_ms = given("--as-of", args.as_of.as_deref())?.unwrap_or(after(extent.taken_ms));
    let newest_ms = if kind == Kind::Perception { after(extent.last_ms) } else { as_of_ms };
    let to_ms = given("--to", args.to.as_deref())?.unwrap_or(newest_ms);
    let from_ms = given("--from", args.from.as_deref())?.unwrap_or(extent.usual(kind, to_ms).from_ms);
    if from_ms >= to_ms {
        let (from, to) = (format_local_instant(from_ms, &zone), format_local_instant(to_ms, &zone));
        return Err(Failure::Usage(format!("the span is empty: --from {from} is not before --to {to}")));
    }
    let language = match args.lang {
        ReportLanguage::En => Language::English,
        ReportLanguage::Fr => Language::French,
    };
    let output =
        args.output.clone().unwrap_or_else(|| PathBuf::from(format!("report-{}-{}.html", kind.name(), day(to_ms))));
    let request = Request {
        kind,
        centre: centre_of(&args.data).unwrap_or_default(),
        span: Span { from_ms, to_ms },
        measures: measures.to_vec(),
        wording: Wording { language, zone },
        as_of_ms,
        made_at_ms: Timestamp::now().as_millisecond(),
        command: command_again(kind, args, measures, Span { from_ms, to_ms }, as_of_ms),
        vigie: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let document = make(&request, history).map_err(unasked)?;
    std::fs::write(&output, page(&document))
        .map_err(|error| Failure::io(format!("cannot write {}", output.display()), error))?;
    let mut said = document.findings.join("\n");
    said.push_str(&format!("\n{}", output.display()));
    answer(said.as_bytes())
}

fn check(report: &Path, data: &Path, history: &mut dyn FnMut(&str) -> Result<Vec<u8>, Failure>) -> Result<(), Failure> {
    let text = std::fs::read_to_string(report)
        .map_err(|error| Failure::io(format!("cannot read {}", report.display()), error))?;
    let Some(manifest) = manifest_of(&text) else {
        return Err(Failure::Usage(format!(
            "{} has no manifest; expected a file that `vigie report` wrote",
            report.display()
        )));
    };
    if !manifest.has_hashes() {
        return check_by_making(report, &text, &manifest, data, history);
    }
    let differing = differences(&manifest, history)?;
    if differing.is_empty() {
        return answer(
            format!("the same: {} questions, as of {}", manifest.questions.len(), manifest.as_of).as_bytes(),
        );
    }
    Err(Failure::No(format!(
        "{} of {} questions are answered otherwise now than when {} was made ({}): {}; retention, an erasure or another data folder may be why",
        differing.len(),
        manifest.questions.len(),
        report.display(),
        manifest.made_at,
        differing.join(", ")
    )))
}

/// A report for publication holds no hashes: it is made again, and has to be the file that is there.
fn check_by_making(
    report: &Path,
    text: &str,
    manifest: &Manifest,
    data: &Path,
    history: &mut dyn FnMut(&str) -> Result<Vec<u8>, Failure>,
) -> Result<(), Failure> {
    let Some(request) = Request::again(manifest, zone_of(data)) else {
        return Err(Failure::Usage(format!(
            "the manifest of {} is damaged; expected the report, times and measures that `vigie report` wrote",
            report.display()
        )));
    };
    let again = page(&make(&request, history).map_err(unasked)?);
    if again == text {
        return answer(format!("the same: made again as of {}, byte for byte", manifest.as_of).as_bytes());
    }
    Err(Failure::No(format!(
        "{} is not what the same command makes of history now; retention, an erasure, another data folder, another version than {} or a change in the file may be why",
        report.display(),
        manifest.vigie
    )))
}

fn zone_of(data: &Path) -> TimeZone {
    time_zone_of(data).and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC)
}

fn given(option: &str, text: Option<&str>) -> Result<Option<i64>, Failure> {
    text.map(|text| parse_rfc3339_ms(text).map_err(|error| Failure::Usage(format!("{option} '{text}': {error}"))))
        .transpose()
}

fn day(epoch_ms: i64) -> String {
    format_utc(epoch_ms - 1).chars().take(10).collect()
}

/// The command with every bound written out.
fn command_again(kind: Kind, args: &ReportArgs, measures: &[Measure], span: Span, as_of_ms: i64) -> String {
    let lang = match args.lang {
        ReportLanguage::En => "en",
        ReportLanguage::Fr => "fr",
    };
    let mut command = format!(
        "vigie report {} --data {} --from {} --to {} --as-of {} --lang {lang}",
        kind.name(),
        args.data.display(),
        format_utc(span.from_ms),
        format_utc(span.to_ms),
        format_utc(as_of_ms)
    );
    for measure in measures {
        // As a shell reads it: nothing but a quote ends a quoted word.
        command.push_str(&format!(" --measure '{}'", measure.to_string().replace('\'', "'\\''")));
    }
    command
}

fn unasked(error: AskError<Failure>) -> Failure {
    match error {
        AskError::History { name, error: Failure::Usage(text) } => Failure::Usage(format!("{name}: {text}")),
        AskError::History { error, .. } => error,
        form @ AskError::Form { .. } => Failure::Io(form.to_string()),
    }
}
