//! `vigie import`: archives into history, beside the log.
//!
//! Files are read through the doors of `replay` (mappings, units, spaces, rejections), sorted by event time, sifted against
//! what history has ([`vigie_store::backfill`]), and committed. Memory does not grow with the files.

use crate::app::cli::import::ImportArgs;
use crate::app::commands::running::{answer, block_on};
use crate::app::lock::{DataLock, centre_of, note_time_zone};
use crate::app::retention::limits_of;
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::config::control::{Prepared, prepare};
use crate::exit::Failure;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use vigie_ingest::decode::feed::FeedSpec;
use vigie_ingest::decode::names::NameCache;
use vigie_ingest::files::inputs::{InputOptions, Inputs};
use vigie_log::interner::{Interner, NAMES_PER_KIND_MAX};
use vigie_model::batch::{Events, Origin, Source};
use vigie_model::control::Control;
use vigie_model::id::hashed_id;
use vigie_model::names::{NameEntry, NameKind, Names};
use vigie_model::time::format_utc;
use vigie_store::backfill::archive::Archive;
use vigie_store::backfill::parquet::to_arrow;
use vigie_store::backfill::sieve::{Sieve, Sifted};
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::reader::HistoryReader;
use vigie_store::history::source::RowSource;
use vigie_store::history::writer::History;

/// Rows sifted at once.
const BATCH_ROWS: usize = 8192;
/// Rows from the future whose lines are told.
const FUTURE_TOLD_MAX: usize = 10;

/// The last line of an import.
#[derive(Debug, Default, Serialize)]
struct Summary {
    files: usize,
    read: u64,
    taken: u64,
    duplicates: u64,
    /// Rows that are older than the retention of their feed.
    retention: u64,
    rejected: u64,
    /// Event times of the oldest and newest row taken.
    from: Option<String>,
    until: Option<String>,
    days: usize,
    dry_run: bool,
    elapsed_s: f64,
}

/// Names that inputs have given so far, as entries of a dictionary.
struct Dictionary {
    interner: Arc<Interner>,
    names: Names,
}

/// Runs the command.
///
/// # Errors
/// When configuration or inputs are unusable, history cannot be read or written, or rows were rejected.
pub fn run(args: &ImportArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let prepared = prepare(&args.config).map_err(Failure::Configuration)?;
    if !args.json {
        for warning in &prepared.warnings {
            eprintln!("{warning}");
        }
    }
    let summary = block_on(import(args, &prepared))?;
    let line = serde_json::to_string(&summary).map_err(|error| Failure::io("cannot write the summary", error))?;
    answer(line.as_bytes())?;
    match summary.rejected {
        0 => Ok(()),
        _ if summary.taken + summary.duplicates + summary.retention == 0 => {
            Err(Failure::Io("every row was rejected".to_owned()))
        }
        rejected => Err(Failure::No(format!("{rejected} rows were rejected; all others are in history"))),
    }
}

async fn import(args: &ImportArgs, prepared: &Prepared) -> Result<Summary, Failure> {
    let (started, centre) = (Instant::now(), Arc::clone(&prepared.control.centre));
    let data = args.data.as_deref().unwrap_or(&prepared.config.centre.data_dir);
    let scratch = tempfile::tempdir().map_err(|error| Failure::io("cannot make a temporary folder", error))?;
    let (mut inputs, interner) = open_inputs(args, prepared, &scratch)?;
    let mut dictionary = Dictionary { interner, names: Names::default() };
    let log_time_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let log_time_ms = i64::try_from(log_time_ms).unwrap_or(i64::MAX);
    let _lock;
    let (source, mut archive): (Option<Arc<dyn RowSource>>, _) = if args.dry_run {
        (stored(data, &centre).await?, None)
    } else {
        _lock = DataLock::take(data, &centre)?;
        note_time_zone(data, &prepared.config.centre.time_zone)?;
        let history = Arc::new(open_history(data, &prepared.control).await?);
        let archive = Archive::begin(Arc::clone(&history), &prepared.control, log_time_ms).await;
        (Some(history), Some(archive.map_err(|error| Failure::io("cannot write history", error))?))
    };
    let limits = limits_of(&prepared.config).in_force(log_time_ms);
    let sieve = Sieve::new(source, centre, log_time_ms, &limits).await;
    let mut sieve = sieve.map_err(|error| Failure::io("cannot read history", error))?;
    let mut summary = Summary { files: args.input.len(), dry_run: args.dry_run, ..Summary::default() };
    let (mut covered, mut future) = (None, Vec::new());
    let mut spent = Events::default();
    while let Some(batch) = inputs.next_in(std::mem::take(&mut spent)) {
        let batch = batch.map_err(|error| Failure::Io(error.to_string()))?;
        let names = dictionary.take_new();
        let sifted = sieve.sift(&batch, &dictionary.names).await;
        let sifted = sifted.map_err(|error| Failure::io("cannot compare with history", error))?;
        summary.count(&sifted, &mut covered, &mut future);
        if let Some(archive) = &mut archive {
            let stored = archive.store(names, sifted).await;
            stored.map_err(|error| Failure::io("cannot write history", error))?;
        }
        spent = batch;
    }
    if let Some(archive) = archive {
        archive.finish().await.map_err(|error| Failure::io("cannot write history", error))?;
    }
    tell_rejected(args, &inputs, &future, &mut summary);
    if summary.retention > 0 && !args.json {
        eprintln!("{} rows are older than the retention of their feed, and are left out", summary.retention);
    }
    summary.days = sieve.days_taken();
    if let Some((oldest_ms, newest_ms)) = covered {
        (summary.from, summary.until) = (Some(format_utc(oldest_ms)), Some(format_utc(newest_ms)));
    }
    summary.read = summary.taken + summary.duplicates + summary.retention + summary.rejected;
    summary.elapsed_s = started.elapsed().as_secs_f64();
    Ok(summary)
}

fn open_inputs(args: &ImportArgs, prepared: &Prepared, scratch: &TempDir) -> Result<(Inputs, Arc<Interner>), Failure> {
    let config = &prepared.config;
    let registry = Arc::new(prepared.registry());
    let interner = Arc::new(Interner::new(NAMES_PER_KIND_MAX));
    let names = NameCache::new(Arc::clone(&interner), registry);
    let options = InputOptions { batch_rows: BATCH_ROWS, ..InputOptions::new(feed_of(args, prepared)?) };
    let paths = args.input.iter().enumerate().map(|(number, path)| readable(path, number, scratch.path()));
    let inputs = Inputs::open(&paths.collect::<Result<Vec<_>, _>>()?, &config.csv, names, options, |_| {});
    Ok((inputs.map_err(|error| Failure::Io(error.to_string()))?, interner))
}

/// The feed of native events; a name that is not declared would be a typing error in every row.
fn feed_of(args: &ImportArgs, prepared: &Prepared) -> Result<FeedSpec, Failure> {
    let feeds = prepared.config.feed_specs();
    let unknown = || {
        let known: Vec<_> = feeds.names().collect();
        let name = args.feed.as_deref().unwrap_or_default();
        Failure::Usage(format!("feed '{name}' is not declared; declared: {}", known.join(", ")))
    };
    feeds.find(args.feed.as_deref()).cloned().ok_or_else(unknown)
}

/// A file as the doors read it: Parquet becomes an Arrow IPC file in a temporary folder, a batch at a time.
fn readable(path: &Path, number: usize, scratch: &Path) -> Result<PathBuf, Failure> {
    let is_parquet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
    if !is_parquet {
        return Ok(path.to_owned());
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let arrow = scratch.join(format!("{number}-{stem}.arrows"));
    to_arrow(path, &arrow).map_err(|error| Failure::io(format!("cannot read {}", path.display()), error))?;
    Ok(arrow)
}

/// What history has, for a dry run; a folder may have none yet.
async fn stored(data: &Path, centre: &str) -> Result<Option<Arc<dyn RowSource>>, Failure> {
    match centre_of(data) {
        None => Ok(None),
        Some(owner) if owner != centre => {
            Err(Failure::Io(format!("{} belongs to the centre '{owner}', not '{centre}'", data.display())))
        }
        Some(_) => {
            let reader = HistoryReader::open(&data.join("history")).await;
            Ok(Some(Arc::new(reader.map_err(|error| Failure::io("cannot open history", error))?)))
        }
    }
}

/// History as an import of these spaces writes it: their versions are stored once, however often they are imported with.
async fn open_history(data: &Path, control: &Control) -> Result<History, Failure> {
    let log_id = format!("import-{}", hashed_id(&[&control.centre, &format!("{:?}", control.spaces)]));
    let options = HistoryOptions::new(data.join("history"), Arc::clone(&control.centre), log_id).for_backfill();
    History::open(options).await.map_err(|error| Failure::io("cannot open history", error))
}

fn tell_rejected(args: &ImportArgs, inputs: &Inputs, future: &[Origin], summary: &mut Summary) {
    for (file, path) in inputs.reports().iter().zip(&args.input) {
        summary.rejected += file.report.rejected;
        if args.json {
            continue;
        }
        for reject in &file.report.rejects {
            eprintln!("{}:{}: rejected: {}", path.display(), reject.line, reject.reason);
        }
        let of_file = future.iter().filter(|origin| origin.source == Source::File(file.hash));
        for origin in of_file.take(FUTURE_TOLD_MAX) {
            eprintln!("{}:{}: rejected: its time has not come yet; check its time zone", path.display(), origin.line);
        }
        for note in file.report.notes() {
            eprintln!("{}: note: {note}", path.display());
        }
    }
}

impl Summary {
    fn count(&mut self, sifted: &Sifted, covered: &mut Option<(i64, i64)>, future: &mut Vec<Origin>) {
        self.taken += sifted.rows() as u64;
        self.duplicates += sifted.duplicates;
        self.retention += sifted.expired;
        self.rejected += sifted.future.len() as u64;
        future.extend(&sifted.future);
        future.truncate(FUTURE_TOLD_MAX * self.files);
        if let Some((oldest_ms, newest_ms)) = sifted.covered_ms {
            let (oldest, newest) = covered.unwrap_or((oldest_ms, newest_ms));
            *covered = Some((oldest.min(oldest_ms), newest.max(newest_ms)));
        }
    }
}

impl Dictionary {
    /// Entries of the names given since the last call.
    fn take_new(&mut self) -> Vec<NameEntry> {
        let mut entries = Vec::new();
        for kind in NameKind::ALL {
            let known = u32::try_from(self.names.all(kind).len()).expect("an interner keeps fewer names");
            let new = (known..).map_while(|index| Some((index, self.interner.name(kind, index)?)));
            entries.extend(new.map(|(index, name)| NameEntry { kind, index, name }));
        }
        self.names.learn(&entries);
        entries
    }
}
