//! `vigie demo`: a server on a fast clock, fed with a real city's counts by a client inside the process.
//!
//! It differs from `serve` in three things only: the clock, the client, and the words it prints. At the end of the two
//! weeks the clock stops, so that silence raises nothing, and everything stays queryable until Ctrl-C.

use crate::app::beginning::snapshots_folder;
use crate::app::cli::DemoArgs;
use crate::app::commands::demo_city::{LASTS_MS, OPENS, posts, write_files};
use crate::app::commands::demo_posts;
use crate::app::commands::running::{StopSignals, block_on, say};
use crate::app::embedded_log::log_folder;
use crate::app::listener::bind_free;
use crate::app::lock::DataLock;
use crate::app::server::{Server, ServerOptions};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::config::control::{Prepared, prepare};
use crate::exit::Failure;
use jiff::tz::TimeZone;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use vigie_alerts::feed::{AlertFeed, Told};
use vigie_log::clock::{Limit, LogClock};
use vigie_log::disk::SystemDisk;
use vigie_log::verify::verify_log;
use vigie_model::duration::parse_ms;
use vigie_model::principal::Principal;
use vigie_model::time::{format_local_date, format_local_day, parse_rfc3339_ms};
use vigie_store::history::log_time::log_time_max_ms;
use vigie_store::history::reader::HistoryReader;

/// The centre of the demo.
const CENTRE: &str = "melbourne";
/// The slowest and fastest demo: real time, and two weeks in a second and a bit.
const SPEED_RANGE_MS: std::ops::RangeInclusive<i64> = 1_000..=10 * 86_400_000;
/// How long the end of the demo may take to be folded before it is called finished anyway.
const SETTLE_MAX: Duration = Duration::from_secs(30);
/// How often the end of the demo is looked for.
const SETTLE_LOOK: Duration = Duration::from_millis(20);

/// Runs the command until Ctrl-C, or with `--until-end` until the two weeks are over.
///
/// # Errors
/// When options are wrong, the data folder is in use, or a part fails.
pub fn run(args: &DemoArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let speed_ms = parse_ms(&args.speed).map_err(|error| Failure::Usage(format!("--speed {}: {error}", args.speed)))?;
    if !SPEED_RANGE_MS.contains(&speed_ms) {
        return Err(Failure::Usage(format!(
            "--speed {}: expected between 1s and 10d of city time a second",
            args.speed
        )));
    }
    let from_ms = args.from.as_deref().map(parse_rfc3339_ms).transpose();
    let from_ms = from_ms.map_err(|error| Failure::Usage(format!("--from: {error}")))?;
    let lock = DataLock::take(&args.data, CENTRE)?;
    if args.fresh {
        forget(&args.data.join("history"))?;
        forget(&log_folder(&args.data))?;
        forget(&snapshots_folder(&args.data))?;
    }
    let prepared = prepare(&write_files(&args.data)?).map_err(Failure::Configuration)?;
    block_on(demo(args, prepared, lock, speed_ms as f64 / 1000.0, from_ms))
}

async fn demo(
    args: &DemoArgs,
    prepared: Prepared,
    lock: DataLock,
    speed: f64,
    from_ms: Option<i64>,
) -> Result<(), Failure> {
    let mut signals = StopSignals::listen()?;
    let opens_ms = parse_rfc3339_ms(OPENS).expect("the demo's opening time is well written");
    let ended_ms = last_log_time(&args.data).await?;
    let end_ms = opens_ms + LASTS_MS;
    if let (Some(from_ms), Some(ended_ms)) = (from_ms, ended_ms)
        && from_ms < ended_ms
    {
        let ended = format_local_day(ended_ms, &prepared.config.centre.zone);
        let text =
            format!("--from lies before {ended}, where the last demo in this folder ended; add --fresh to begin anew");
        return Err(Failure::Usage(text));
    }
    let start_ms = from_ms.or(ended_ms).unwrap_or(opens_ms).min(end_ms);
    // A demo that was killed between the tick of an hour and its post goes on with that post; one taken already is known.
    let after_ms = if from_ms.is_none() && ended_ms.is_some() { start_ms - 1 } else { start_ms };
    let posts = posts(&prepared, after_ms, end_ms)?;
    let zone = prepared.config.centre.zone.clone();
    let listener = bind_free(args.port).await?;
    let limit = Limit::at(demo_posts::first_limit_ms(&posts, end_ms));
    let clock = LogClock::anchored(start_ms, speed, limit.clone());
    let LogClock::Anchored(anchor) = clock.clone() else { unreachable!("an anchored clock was made above") };
    let options = ServerOptions { prepared, data: args.data.clone(), listener, clock };
    let server = Server::start(options).await?;
    lock.announce(&server.url)?;
    welcome(&server.url, &args.data, &format_local_day(start_ms, &zone), args.port);
    if ended_ms.is_some() && from_ms.is_none() {
        say("going on where the last demo ended; --fresh begins anew\n");
    }
    let told = tokio::spawn(tell(Arc::clone(&server.feed), zone));
    let stop = Arc::new(AtomicBool::new(false));
    let (url, stop_posts) = (server.url.clone(), Arc::clone(&stop));
    let mut posting =
        tokio::task::spawn_blocking(move || demo_posts::run(&posts, &url, &anchor, &limit, end_ms, &stop_posts));
    let done = tokio::select! {
        posted = &mut posting => {
            let posted = posted.map_err(|error| Failure::io("the demo's client failed", error)).and_then(|posted| posted);
            if posted.is_ok() {
                settle(&server, end_ms).await;
                say("\nthe demo's two weeks are over; the clock stands still and everything can be queried.");
                if !args.until_end {
                    say("Ctrl-C ends it.");
                    signals.received().await;
                }
            }
            posted
        }
        () = signals.received() => Ok(()),
        failure = server.part_ended() => Err(failure),
    };
    stop.store(true, Ordering::Relaxed);
    let stopped = signals.while_stopping(server.stop()).await;
    // The teller ends with the alert stream, which the server has closed.
    let _ = told.await;
    done.and(stopped)
}

/// Waits until the alert book and history have folded everything up to the end, where the sequencer ticks.
async fn settle(server: &Server, end_ms: i64) {
    let settled = async {
        while server.folded_ms() < end_ms {
            tokio::time::sleep(SETTLE_LOOK).await;
        }
    };
    if tokio::time::timeout(SETTLE_MAX, settled).await.is_err() {
        tracing::warn!("the log did not reach the end of the demo in time");
    }
}

/// Where the last demo ended, if there was one: where its log ends, which history may not have reached.
async fn last_log_time(data: &Path) -> Result<Option<i64>, Failure> {
    let log = log_folder(data);
    if log.is_dir() {
        let report = verify_log(Arc::new(SystemDisk), &log, None, |_, _| {});
        return Ok(report.map_err(|error| Failure::io("cannot read the log", error))?.newest_ms);
    }
    let root = data.join("history");
    if !root.exists() {
        return Ok(None);
    }
    let opened = HistoryReader::open(&root).await.map_err(|error| Failure::io("cannot open history", error))?;
    log_time_max_ms(&opened, CENTRE).await.map_err(|error| Failure::io("cannot read history", error))
}

fn forget(history: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(history) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::io(format!("cannot remove {}", history.display()), error))
        }
        _ => Ok(()),
    }
}

fn welcome(url: &str, data: &Path, opens: &str, port: u16) {
    if !url.ends_with(&format!(":{port}")) {
        say(&format!("port {port} is taken; this is the next free one"));
    }
    let data = data.display();
    say(&format!(
        "Melbourne's pedestrian counters, from {opens} (City of Melbourne Open Data, CC BY 4.0)\n\
         page: {url}\n\n\
         next, in another terminal:\n  \
         vigie sql \"SELECT date, rule, count(*) AS alerts FROM alerts WHERE state = 'active' GROUP BY date, rule ORDER BY date\" --data {data}\n  \
         vigie sql --describe alerts\n  \
         curl -sN {url}/v1/alerts/stream\n"
    ));
}

/// Prints each alert in words as it is raised or cleared, below its day, until the stream ends.
async fn tell(feed: Arc<AlertFeed>, zone: TimeZone) {
    let operator = Principal::local(CENTRE);
    let colours = std::io::stdout().is_terminal();
    let mut day = String::new();
    let mut head = feed.follow();
    // What the log held was told when it happened.
    let mut after = head.borrow().position;
    loop {
        let is_closed = head.borrow_and_update().is_closed;
        loop {
            let page = feed.page(&operator, after);
            after = page.after;
            for part in page.rows.iter().flat_map(|row| &row.parts) {
                if let Told::Transition { json, .. } = &part.told {
                    tell_row(json, &zone, &mut day, colours);
                }
            }
            if page.is_last {
                break;
            }
        }
        if is_closed || head.changed().await.is_err() {
            return;
        }
    }
}

fn tell_row(json: &str, zone: &TimeZone, day: &mut String, colours: bool) {
    let Ok(row) = serde_json::from_str::<serde_json::Value>(json) else { return };
    let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let (state, severity, summary) = (text("state"), text("severity"), text("summary"));
    if let Ok(event_time_ms) = parse_rfc3339_ms(text("event_time")) {
        let today = format_local_date(event_time_ms, zone);
        if today != *day {
            say(&format!("\n{today}"));
            *day = today;
        }
    }
    let colour = match (state, severity) {
        ("active", "critical" | "high") => "\u{1b}[31m",
        ("active", _) => "\u{1b}[33m",
        _ => "\u{1b}[2m",
    };
    let (start, end) = if colours { (colour, "\u{1b}[0m") } else { ("", "") };
    say(&format!("  {start}{state:<8} {severity:<13} {summary}{end}"));
}
