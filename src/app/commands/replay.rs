//! `vigie replay`: recorded input through the whole pipeline, as fast as it goes.
//!
//! The same sequencer and roles as in `serve`, with the data's own times as the clock. Its log's identity is a hash of
//! inputs and rules, and offsets count rows in judged order; so repeating a replay into the same folder finds every row
//! stored already and adds nothing.

use crate::app::cli::ReplayArgs;
use crate::app::commands::running::{answer, block_on};
use crate::app::embedded_log::open_replay_log;
use crate::app::lock::{DataLock, note_time_zone};
use crate::app::pipeline::{Observer, Pipeline, PipelineOptions, readers_of};
use crate::app::roles::history::HistoryFeed;
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::config::control::{Prepared, prepare};
use crate::config::file::FEED_DEFAULT;
use crate::digest::Digest;
use crate::exit::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::runtime::Handle;
use vigie_alerts::wire::transition_json;
use vigie_ingest::decode::feed::FeedSpec;
use vigie_ingest::decode::names::NameCache;
use vigie_ingest::files::inputs::{InputOptions, Inputs, Progress};
use vigie_log::clock::LogClock;
use vigie_log::intake::COMMIT_BYTES;
use vigie_log::interner::{Interner, NAMES_PER_KIND_MAX};
use vigie_log::receipt::Receipt;
use vigie_log::segments::header::LogIdentity;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::{LogStore, MemoryLog, RING_ROWS_MAX};
use vigie_model::batch::Events;
use vigie_model::id::hashed_id;
use vigie_model::position::PartitionIx;
use vigie_model::stream::{AlertItem, AlertRecord};
use vigie_store::history::flusher::Flusher;
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::writer::History;

/// Batches that may wait for the sequencer: enough for both threads to go on, and few megabytes.
const BATCHES_AHEAD_MAX: usize = 4;

/// Hot rows after which a replay commits. Nobody reads beside a replay, and few large files cost less than many small ones.
const ROWS_PER_FLUSH: usize = 200_000;
/// Hot rows of a replay at most: it takes rows while it commits.
const ROWS_HOT_MAX: usize = ROWS_PER_FLUSH * 2;

/// The last line of a replay.
#[derive(Debug, Serialize)]
struct Summary {
    events: u64,
    accepted: u64,
    rejected: u64,
    late: u64,
    duplicates: u64,
    raised: u64,
    cleared: u64,
    elapsed_s: f64,
    events_per_s: f64,
    digest: String,
}

/// What the alert stream amounts to; shared with the book's thread, which alone writes it until the end.
struct Collected {
    digest: Digest,
    alerts: Option<BufWriter<File>>,
    failed: Option<std::io::Error>,
}

/// Runs the command.
///
/// # Errors
/// When configuration or inputs are unusable, or a file cannot be written.
pub fn run(args: &ReplayArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let prepared = prepare(&args.config).map_err(Failure::Configuration)?;
    if !args.json {
        for warning in &prepared.warnings {
            eprintln!("{warning}");
        }
    }
    let started = Instant::now();
    let reading = progress_bar(args.json, "reading {bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let (inputs, interner) = open_inputs(args, &prepared, &reading)?;
    if !inputs.is_reading() {
        reading.finish_and_clear();
    }
    let summary = block_on(replay(args, prepared, inputs, interner, started));
    reading.finish_and_clear();
    let summary = summary?;
    let line = serde_json::to_string(&summary).map_err(|error| Failure::io("cannot write the summary", error))?;
    answer(line.as_bytes())?;
    if summary.accepted + summary.duplicates == 0 && summary.rejected > 0 {
        let text = "every row was rejected; without --json the first reasons are printed, with file and line";
        return Err(Failure::Io(text.to_owned()));
    }
    Ok(())
}

fn open_inputs(args: &ReplayArgs, prepared: &Prepared, bar: &ProgressBar) -> Result<(Inputs, Arc<Interner>), Failure> {
    let config = &prepared.config;
    let registry = Arc::new(prepared.registry());
    let interner = Arc::new(Interner::new(NAMES_PER_KIND_MAX));
    let names = NameCache::new(Arc::clone(&interner), registry);
    let options = InputOptions {
        keep_order: args.keep_order,
        batch_rows: args.batch as usize,
        ..InputOptions::new(FeedSpec::named(FEED_DEFAULT))
    };
    let bar = bar.clone();
    let progress = move |progress: Progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_read);
    };
    let inputs = Inputs::open(&args.input, &config.csv, names, options, progress);
    Ok((inputs.map_err(|error| Failure::Io(error.to_string()))?, interner))
}

async fn replay(
    args: &ReplayArgs,
    prepared: Prepared,
    inputs: Inputs,
    interner: Arc<Interner>,
    started: Instant,
) -> Result<Summary, Failure> {
    let partitions = args.partitions.unwrap_or(prepared.config.log.partitions);
    let centre: Arc<str> = prepared.config.centre.id.as_str().into();
    let log_id: Arc<str> = replay_log_id(&prepared, &inputs, partitions, args.keep_order)?.into();
    let _lock = args.data.as_deref().map(|data| DataLock::take(data, &centre)).transpose()?;
    args.data.as_deref().map_or(Ok(()), |data| note_time_zone(data, &prepared.config.centre.time_zone))?;
    let history = match &args.data {
        Some(data) => Some(open_history(data, &centre, &log_id, partitions).await?),
        None => None,
    };
    let flusher = history.as_ref().map(|history| Flusher::start(Arc::clone(history)));
    let collected = Arc::new(Mutex::new(Collected {
        digest: Digest::default(),
        alerts: args.alerts.as_deref().map(create).transpose()?,
        failed: None,
    }));
    let threads = prepared.config.rules.threads(partitions);
    let readers = readers_of(threads, history.is_some());
    let options = PipelineOptions {
        centre: Arc::clone(&centre),
        partitions,
        threads,
        history: history.map(|history| HistoryFeed::new(history, Handle::current())),
        observer: Some(observer(Arc::clone(&collected), centre)),
        resumed: None,
        cuts: None,
    };
    let (log, readers): (Box<dyn LogStore>, _) = match args.data.as_deref().filter(|_| args.through_log) {
        Some(data) => {
            let identity = LogIdentity { log_id: Arc::clone(&log_id), partitions };
            let opened = open_replay_log(data, identity, &prepared.config.log, readers)?;
            (Box::new(opened.log), opened.readers)
        }
        None => {
            let (log, readers) = MemoryLog::new(RING_ROWS_MAX, readers);
            (Box::new(log), readers)
        }
    };
    let pipeline = Pipeline::start(options, readers)?;
    let settings = Settings { partitions, tick_ms: prepared.config.time.tick_ms, ..Settings::new(Arc::clone(&log_id)) };
    let json = args.json;
    // While files are still read, how far they are says how far everything is.
    let judging =
        progress_bar(json || inputs.is_reading(), "judging {bar:40} {human_pos}/{human_len} events {per_sec} {eta}");
    let folded = tokio::task::spawn_blocking(move || {
        let sequencer = Sequencer::start(settings, LogClock::Data, log, interner, prepared.control);
        let sequencer = sequencer.map_err(|error| Failure::io("cannot start the log", error))?;
        let counted = feed(sequencer, inputs, json, &judging);
        pipeline.join()?;
        counted
    });
    let (receipt, rejected) = folded.await.map_err(|error| Failure::io("cannot wait for the roles", error))??;
    if let Some(flusher) = flusher {
        flusher.stop().await.map_err(|error| Failure::io("cannot commit history", error))?;
    }
    let collected = Arc::into_inner(collected).expect("the book's thread has ended");
    let collected = collected.into_inner().expect("no holder of the collection panics");
    if let Some(error) = collected.failed {
        return Err(Failure::io("cannot write the alerts", error));
    }
    if let Some(mut alerts) = collected.alerts {
        alerts.flush().map_err(|error| Failure::io("cannot write the alerts", error))?;
    }
    let elapsed_s = started.elapsed().as_secs_f64();
    let events = receipt.accepted + receipt.duplicates + rejected;
    Ok(Summary {
        events,
        accepted: receipt.accepted,
        rejected,
        late: receipt.late,
        duplicates: receipt.duplicates,
        raised: collected.digest.raised(),
        cleared: collected.digest.cleared(),
        elapsed_s,
        events_per_s: events as f64 / elapsed_s,
        digest: collected.digest.finish(),
    })
}

/// Hands all batches to the sequencer and ends its log; what was accepted, and how many rows were rejected. Reading and
/// decoding run ahead on a thread of their own, which gets the batches back: a few serve for all, and their memory is
/// neither asked for again nor cold.
fn feed(
    mut sequencer: Sequencer<Box<dyn LogStore>>,
    mut inputs: Inputs,
    json: bool,
    bar: &ProgressBar,
) -> Result<(Receipt, u64), Failure> {
    let mut total = Receipt::default();
    bar.set_length(inputs.reports().iter().map(|file| file.report.taken).sum());
    std::thread::scope(|scope| {
        let (ahead, batches) = sync_channel(BATCHES_AHEAD_MAX);
        let (back, spent) = sync_channel::<Events>(BATCHES_AHEAD_MAX);
        let reader = std::thread::Builder::new().name("reader".to_owned());
        // Nobody listens any more once judging has failed, which is then the failure to tell.
        let files = &mut inputs;
        let mut next = move || files.next_in(spent.try_recv().unwrap_or_default());
        let read = move || while next().is_some_and(|batch| ahead.send(batch).is_ok()) {};
        reader.spawn_scoped(scope, read).map_err(|error| Failure::io("cannot start a thread", error))?;
        for batch in batches {
            let batch = batch.map_err(|error| Failure::Io(error.to_string()))?;
            let receipt = sequencer.take(&batch).map_err(|error| Failure::io("the log failed", error))?;
            if sequencer.pending_bytes() >= COMMIT_BYTES {
                sequencer.commit().map_err(|error| Failure::io("the log failed", error))?;
            }
            total.accepted += receipt.accepted;
            total.duplicates += receipt.duplicates;
            total.late += receipt.late;
            bar.set_position(total.accepted + total.duplicates);
            // One that does not fit is dropped.
            let _ = back.try_send(batch);
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    let finished = sequencer.finish_replay().and_then(|()| sequencer.commit());
    finished.map_err(|error| Failure::io("the log failed", error))?;
    let mut rejected = 0;
    for file in inputs.reports() {
        rejected += file.report.rejected;
        if json {
            continue;
        }
        for reject in &file.report.rejects {
            eprintln!("{}:{}: rejected: {}", file.path.display(), reject.line, reject.reason);
        }
        for note in file.report.notes() {
            eprintln!("{}: note: {note}", file.path.display());
        }
    }
    Ok((total, rejected))
}

fn observer(collected: Arc<Mutex<Collected>>, centre: Arc<str>) -> Observer {
    Box::new(move |record: &AlertRecord| {
        let AlertItem::Transition(transition) = &record.item else { return };
        let mut collected = collected.lock().expect("no holder of the collection panics");
        collected.digest.add(transition);
        if !transition.state.is_of_episode() || collected.failed.is_some() {
            return;
        }
        if let Some(alerts) = &mut collected.alerts {
            let line = transition_json(&centre, transition, record.position);
            if let Err(error) = writeln!(alerts, "{line}") {
                collected.failed = Some(error);
            }
        }
    })
}

async fn open_history(
    data: &Path,
    centre: &Arc<str>,
    log_id: &Arc<str>,
    partitions: PartitionIx,
) -> Result<Arc<History>, Failure> {
    let options = HistoryOptions {
        partitions,
        rows_per_flush: ROWS_PER_FLUSH,
        rows_hot_max: ROWS_HOT_MAX,
        ..HistoryOptions::new(data.join("history"), Arc::clone(centre), Arc::clone(log_id))
    };
    let opened = History::open(options).await;
    opened.map(Arc::new).map_err(|error| Failure::io("cannot open history", error))
}

/// The same inputs, configuration, spaces, rules and partitions make the same log, in the same version of Vigie.
fn replay_log_id(
    prepared: &Prepared,
    inputs: &Inputs,
    partitions: PartitionIx,
    keep_order: bool,
) -> Result<String, Failure> {
    let file = &prepared.config.file;
    let config = std::fs::read_to_string(file);
    let config = config.map_err(|error| Failure::io(format!("cannot read {} again", file.display()), error))?;
    let inputs = format!("{:032x}", inputs.identity());
    let settings = format!("{partitions} {keep_order}");
    let spaces = format!("{:?}", prepared.control.spaces);
    let mut parts = vec!["replay", env!("CARGO_PKG_VERSION"), &config, &inputs, &settings, &spaces];
    parts.extend(prepared.control.rules.iter().map(|file| file.text.as_ref()));
    Ok(hashed_id(&parts))
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    let created = File::create(path);
    created.map(BufWriter::new).map_err(|error| Failure::io(format!("cannot create {}", path.display()), error))
}

/// Shown on a terminal only.
fn progress_bar(hidden: bool, template: &str) -> ProgressBar {
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target).with_style(style)
}
