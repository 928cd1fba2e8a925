//! The log alone: rows sequenced in memory, frames written and synced, the same without the sync, and a log read again.
//!
//! `sequence` is what a replay asks of its log: a new sequencer takes 256 decoded batches of 4,096 rows with unique ids in
//! order of time, 2,000 to the second, finds no duplicate, splits them into 16 partitions, and hands them to a thread that
//! drops them. Its memory of ids grows from nothing, as in a replay. What counts is the processor time of the sequencer's
//! thread, without that of the other one and without waiting.
//!
//! One iteration of `append` encodes and commits a batch of 1,000 observations. `without sync` runs the same code on a
//! disk whose sync does nothing: the difference is the disk's. `recall` opens a log of 200,000 observations and reads all
//! of it, checksums and identities included, as a restart does before the roles judge it.

#[path = "support/watched_disk.rs"]
mod watched_disk;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::cell::LazyCell;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vigie_log::clock::LogClock;
use vigie_log::disk::{Disk, SystemDisk};
use vigie_log::interner::Interner;
use vigie_log::ring::Reader;
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::SegmentLog;
use vigie_log::segments::options::LogOptions;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::{LogStore, MemoryLog, RING_ROWS_MAX};
use vigie_model::batch::{Events, ObservationRow, Origin, Quality};
use vigie_model::control::Control;
use vigie_model::decimal::Decimal;
use vigie_model::names::NameKind;
use vigie_model::record::Record;
use watched_disk::WatchedDisk;

const BATCH_ROWS: usize = 1_000;
const RECALLED_ROWS: usize = 200_000;
const SPACES: usize = 1_000;
/// Rows of a batch of a replay, batches, and the spaces they are about: each is heard every five seconds.
const REPLAYED: (usize, usize, usize) = (4_096, 256, 10_000);
const START_MS: i64 = 1_700_000_000_000;

/// A sequencer over a log in a folder, and a thread that takes what a role would.
fn open(disk: Arc<dyn Disk>, folder: &Path) -> Sequencer<SegmentLog> {
    let identity = LogIdentity { log_id: "bench".into(), partitions: 16 };
    let opened = SegmentLog::open(disk, LogOptions::new(folder.join("log")), identity, 1 << 18, 1);
    let mut opened = opened.expect("the log opens");
    drop_all(opened.readers.pop().expect("one reader"));
    sequencer(LogClock::wall(), opened.log, Arc::new(Interner::new(1 << 20)))
}

/// A thread that takes what a role would.
fn drop_all(mut reader: Reader<Arc<Record>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut records = Vec::new();
        while reader.take(&mut records) {
            records.clear();
        }
    })
}

fn sequencer<S: LogStore>(clock: LogClock, store: S, interner: Arc<Interner>) -> Sequencer<S> {
    let control = Control {
        centre: "bench".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: Vec::new(),
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    };
    Sequencer::start(Settings::new("bench".into()), clock, store, interner, Arc::new(control)).expect("the log starts")
}

/// Processor time this thread has had, as Linux tells it; elsewhere the time since the first call.
fn thread_time() -> Duration {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| FIRST.elapsed(), Duration::from_nanos)
}

fn sequence(criterion: &mut Criterion) {
    let ((batch_rows, batches, spaces), interner) = (REPLAYED, Arc::new(Interner::new(1 << 20)));
    let batch = |batch| rows(&interner, batch * batch_rows..(batch + 1) * batch_rows, spaces, 0.5);
    let mut group = criterion.benchmark_group("log");
    group.sample_size(10).throughput(Throughput::Elements((batches * batch_rows) as u64));
    let batches = LazyCell::new(|| (0..batches).map(batch).collect::<Vec<_>>());
    group.bench_function("sequence 1,048,576 rows in memory", |bencher| {
        let start = || {
            let (store, mut readers) = MemoryLog::new(RING_ROWS_MAX, 1);
            let taker = drop_all(readers.pop().expect("one reader"));
            (sequencer(LogClock::Data, store, Arc::clone(&interner)), taker)
        };
        let take = |(mut sequencer, taker): (Sequencer<MemoryLog>, JoinHandle<()>)| {
            let batches: &[Events] = &batches;
            let began = thread_time();
            for batch in batches {
                assert_eq!(sequencer.take(batch).expect("it takes them").accepted, batch_rows as u64);
            }
            sequencer.finish_replay().expect("it ends");
            drop(sequencer);
            let took = thread_time() - began;
            taker.join().expect("it only drops");
            took
        };
        bencher.iter_custom(|iterations| (0..iterations).map(|_| take(start())).sum());
    });
    group.finish();
}

fn batch(interner: &Interner, first: usize) -> Events {
    rows(interner, first..first + BATCH_ROWS, SPACES, 10.0)
}

/// Rows of a city of so many spaces, so many milliseconds apart.
fn rows(interner: &Interner, indices: Range<usize>, spaces: usize, apart_ms: f64) -> Events {
    let name = |kind, text: &str| interner.intern(kind, text).expect("few names");
    let mut events = Events::default();
    for index in indices {
        let (space, id) = (index % spaces, format!("edge-bench-{index:08}"));
        let row = ObservationRow {
            feed: name(NameKind::Feed, "bench"),
            space: name(NameKind::Space, &format!("space-{space:05}")),
            metric: name(NameKind::Metric, "noise_dba"),
            sensor: name(NameKind::Sensor, &format!("s{space:05}")),
            node: name(NameKind::Node, &format!("n{}", space % 100)),
            seq: None,
            id: Some(&id),
            value: Decimal::from_micros(40_000_000 + index as i64 * 7_919 % 60_000_000),
            event_time_ms: START_MS + (index as f64 * apart_ms) as i64,
            sent_time_ms: None,
            log_time_ms: 0,
            quality: Quality::Good,
            flags: 0,
        };
        events.push_observation(row, Origin::default());
    }
    events
}

fn folder() -> TempDir {
    // On the same file system as the target folder: a temporary folder may be memory, which syncs nothing.
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written")
}

fn appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    group.sample_size(20).throughput(Throughput::Elements(BATCH_ROWS as u64));
    let disks: [(&str, Arc<dyn Disk>); 2] = [
        ("append 1,000 rows and sync", Arc::new(SystemDisk)),
        ("append 1,000 rows without sync", Arc::new(WatchedDisk { is_unsynced: true, ..WatchedDisk::default() })),
    ];
    for (name, disk) in disks {
        let folder = folder();
        let mut sequencer = open(disk, folder.path());
        let interner = Arc::clone(sequencer.interner());
        let mut first = 0;
        group.bench_function(name, |bencher| {
            let next = || {
                first += BATCH_ROWS;
                batch(&interner, first - BATCH_ROWS)
            };
            let take = |events: Events| {
                assert_eq!(sequencer.take(&events).expect("it takes them").accepted, BATCH_ROWS as u64);
                sequencer.commit().expect("it commits");
            };
            bencher.iter_batched(next, take, BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn recall(criterion: &mut Criterion) {
    let folder = folder();
    let mut sequencer = open(Arc::new(SystemDisk), folder.path());
    let interner = Arc::clone(sequencer.interner());
    for first in (0..RECALLED_ROWS).step_by(BATCH_ROWS) {
        sequencer.take(&batch(&interner, first)).expect("it takes them");
        sequencer.commit().expect("it commits");
    }
    drop(sequencer);
    let mut group = criterion.benchmark_group("log");
    group.sample_size(10).throughput(Throughput::Elements(RECALLED_ROWS as u64));
    group.bench_function("recall 200,000 rows", |bencher| {
        bencher.iter(|| drop(open(Arc::new(SystemDisk), folder.path())));
    });
    group.finish();
}

criterion_group!(benches, sequence, appends, recall);
criterion_main!(benches);
