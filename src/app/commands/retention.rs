//! `vigie retention`: rows that are too old go, others stay by legal holds.

use crate::app::audit::AuditFolder;
use crate::app::cli::retention::{
    AddArgs, AnswerFormat, HoldCommand, ListArgs, ReleaseArgs, RetentionCommand, RunArgs,
};
use crate::app::commands::running::{answer, block_on};
use crate::app::lock::{DataLock, centre_of};
use crate::app::retention::{retention_folder, retention_of};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::config::control::prepare;
use crate::exit::Failure;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vigie_model::time::{format_utc, parse_rfc3339_ms};
use vigie_store::error::Error;
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::writer::History;
use vigie_store::upkeep::retention::book::{HoldBook, Kept};
use vigie_store::upkeep::retention::certificate::Certificate;
use vigie_store::upkeep::retention::hold::{Hold, Release};
use vigie_store::upkeep::retention::run::{Progress, Retention};

/// The log whose rows this command takes: none. No log has this id, so no position is read or written.
const NO_LOG: &str = "none";

/// Runs the command.
///
/// # Errors
/// When the folder is in use or has no history, a file cannot be read or written, or there is no such hold.
pub fn run(command: &RetentionCommand, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    match command {
        RetentionCommand::Run(args) => delete(args),
        RetentionCommand::Hold(HoldCommand::Add(args)) => add(args),
        RetentionCommand::Hold(HoldCommand::List(args)) => list(args),
        RetentionCommand::Hold(HoldCommand::Release(args)) => release(args),
    }
}

fn delete(args: &RunArgs) -> Result<(), Failure> {
    let config = prepare(&args.config).map_err(Failure::Configuration)?.config;
    let data = args.data.as_deref().unwrap_or(&config.centre.data_dir);
    let root = data.join("history");
    let centre = centre_of(data).filter(|_| root.is_dir());
    let centre = centre.ok_or_else(|| Failure::Io(format!("there is no history in {}", data.display())))?;
    if centre != config.centre.id {
        let (data, own) = (data.display(), &config.centre.id);
        return Err(Failure::Io(format!("{data} belongs to the centre '{centre}', not '{own}'")));
    }
    let _lock = DataLock::take(data, &centre)?;
    let retention = retention_of(&config, data);
    let certificate = block_on(async {
        let options = HistoryOptions { partitions: 1, ..HistoryOptions::new(root, centre, NO_LOG) };
        let history = History::open(options).await.map_err(|error| Failure::io("cannot open history", error))?;
        let certificate = match args.dry_run {
            true => retention.count(&history, now_ms()).await,
            false => delete_all(&retention, &history).await,
        };
        certificate.map_err(|error| failure("cannot delete what is too old", error))
    })?;
    let text = match args.format {
        AnswerFormat::Text => certificate.text(),
        AnswerFormat::Json => certificate.json(),
    };
    answer(text.as_bytes())
}

/// Files go at once: nobody reads beside this command.
async fn delete_all(retention: &Retention, history: &History) -> Result<Certificate, Error> {
    let began_ms = now_ms();
    loop {
        let outcome = retention.run(history, Duration::ZERO, now_ms(), &AtomicBool::new(false)).await?;
        let Progress::Done(certificate) = outcome else { unreachable!("nothing stops it, and no file waits") };
        if certificate.began_ms >= began_ms {
            return Ok(*certificate);
        }
        // It finished what another process had begun; now what is too old today.
        eprintln!("finished and filed the run of {}", format_utc(certificate.began_ms));
    }
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let hold = Hold {
        id: String::new(),
        made_ms: now_ms(),
        from_ms: instant("--from", args.from.as_deref())?,
        to_ms: instant("--to", args.to.as_deref())?,
        spaces: args.space.iter().cloned().collect(),
        feeds: args.feed.iter().cloned().collect(),
        requester: args.requester.clone(),
        reference: args.reference.clone(),
        reason: args.reason.clone(),
        ends_ms: instant("--ends", args.ends.as_deref())?,
    };
    let (book, audit) = (book_of(&args.data)?, AuditFolder::new(&args.data, false));
    let hold = book.make(hold, &audit).map_err(|error| failure("cannot make the hold", error))?;
    answer(format!("hold {} is in force", hold.id).as_bytes())
}

fn release(args: &ReleaseArgs) -> Result<(), Failure> {
    let release = Release {
        hold: args.hold.clone(),
        released_ms: now_ms(),
        requester: args.requester.clone(),
        reason: args.reason.clone(),
    };
    let (book, audit) = (book_of(&args.data)?, AuditFolder::new(&args.data, false));
    book.release(&release, &audit).map_err(|error| failure("cannot release the hold", error))?;
    answer(format!("hold {} is released; its rows go with the next run", args.hold).as_bytes())
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let holds = book_of(&args.data)?.all().map_err(|error| failure("cannot read the holds", error))?;
    let text = match args.format {
        AnswerFormat::Json => {
            serde_json::to_string_pretty(&holds).map_err(|error| Failure::io("cannot write the holds", error))?
        }
        AnswerFormat::Text if holds.is_empty() => "there is no hold".to_owned(),
        AnswerFormat::Text => holds.iter().map(|kept| in_words(kept, now_ms())).collect(),
    };
    answer(text.as_bytes())
}

/// A hold in a few lines.
fn in_words(kept: &Kept, now_ms: i64) -> String {
    let hold = &kept.hold;
    let any = |names: &std::collections::BTreeSet<String>, all: &str| match names.is_empty() {
        true => all.to_owned(),
        false => names.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let time = |at_ms: Option<i64>, none: &str| at_ms.map_or_else(|| none.to_owned(), format_utc);
    let state = match &kept.release {
        Some(release) => {
            format!("released {} by {}: {}", format_utc(release.released_ms), release.requester, release.reason)
        }
        None if kept.is_in_force(now_ms) => format!("in force until {}", time(hold.ends_ms, "it is released")),
        None => format!("ended {}", time(hold.ends_ms, "")),
    };
    let mut text = String::new();
    let (from, to) = (time(hold.from_ms, "the beginning"), time(hold.to_ms, "the end of time"));
    let (spaces, feeds) = (any(&hold.spaces, "all spaces"), any(&hold.feeds, "all feeds"));
    let made = format_utc(hold.made_ms);
    writeln!(text, "{}: {state}", hold.id)
        .and_then(|()| writeln!(text, "  {from} to {to}; {spaces}; {feeds}"))
        .and_then(|()| writeln!(text, "  {} ({}), made {made}: {}", hold.requester, hold.reference, hold.reason))
        .expect("a text can be written");
    text
}

fn book_of(data: &Path) -> Result<HoldBook, Failure> {
    match centre_of(data) {
        Some(_) => Ok(HoldBook::new(&retention_folder(data))),
        None => Err(Failure::Io(format!("{} is not a data folder: it belongs to no centre", data.display()))),
    }
}

fn instant(option: &str, text: Option<&str>) -> Result<Option<i64>, Failure> {
    text.map(|text| parse_rfc3339_ms(text).map_err(|error| Failure::Usage(format!("{option} {text}: {error}"))))
        .transpose()
}

fn failure(doing: &str, error: Error) -> Failure {
    match error {
        Error::Hold { reason } => Failure::No(reason),
        Error::Audit(reason) => Failure::Io(format!("{doing}: {}: {reason}", Error::Audit(reason.clone()))),
        error => Failure::io(doing, error),
    }
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
