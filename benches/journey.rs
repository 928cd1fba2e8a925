//! The journey: bytes of NDJSON to rows in history and alerts in the book, through every role.
//!
//! One iteration decodes seeded lines (about 190 bytes, one sensor per space, values that cross the threshold), runs them
//! through sequencer, rules, alert book and history in memory, and ends when every role has folded them, the last timers
//! fired. `through the durable log` writes and syncs each body of 4,000 lines; `with history` adds the commit to Delta Lake.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;
use vigie::app::pipeline::{Pipeline, PipelineOptions, readers_of};
use vigie::app::roles::history::HistoryFeed;
use vigie_ingest::decode::feed::FeedSpec;
use vigie_ingest::decode::names::NameCache;
use vigie_ingest::decode::native::Decoder;
use vigie_ingest::decode::report::Report;
use vigie_ingest::spaces::registry::{Registry, UnknownSpace};
use vigie_log::clock::LogClock;
use vigie_log::disk::SystemDisk;
use vigie_log::interner::Interner;
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::SegmentLog;
use vigie_log::segments::options::LogOptions;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::{LogStore, MemoryLog, RING_ROWS_MAX};
use vigie_model::batch::Events;
use vigie_model::control::{Control, SourceFile};
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::writer::History;

const EVENTS: usize = 20_000;
const SPACES: usize = 1_000;
const EVENTS_PER_BODY: usize = 4_000;
const PARTITIONS: u16 = 16;
/// Threads that judge.
const THREADS: u16 = 2;
const START_MS: u64 = 1_700_000_000_000;

const RULES: &str = "\
groups:
- name: bench
  rules:
  - {alert: Loud, kind: threshold, metric: noise_dba, per: sensor, raise: 'value >= 85', clear: 'value < 80', for: 30s, keep_firing_for: 1m, stale_after: 10m}
  - {alert: Busy, kind: window, metric: noise_dba, per: space, window: 60s, every: 5s, agg: mean, raise: 'value > 90', clear: 'value < 70'}
";

/// Bodies of native lines in order of time; `xorshift` seeded with a constant, so that every run sees the same.
fn bodies() -> Vec<String> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let line = |index: usize| {
        let (space, value) = (next() as usize % SPACES, 400 + next() % 600);
        let time_ms = START_MS + index as u64 * 10;
        format!(
            "{{\"type\":\"observation\",\"id\":\"bench-{index:08}\",\"node\":\"n{}\",\"space\":\"space-{space:05}\",\"sensor\":\"s{space:05}\",\
             \"metric\":\"noise_dba\",\"value\":{}.{},\"time\":{time_ms},\"quality\":\"good\"}}\n",
            space % 100,
            value / 10,
            value % 10
        )
    };
    let lines: Vec<_> = (0..EVENTS).map(line).collect();
    lines.chunks(EVENTS_PER_BODY).map(<[String]>::concat).collect()
}

fn control() -> Arc<Control> {
    Arc::new(Control {
        centre: "bench".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: vec![SourceFile { path: "bench.yaml".into(), text: RULES.into() }],
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    })
}

/// The log of one journey.
enum Through {
    Memory,
    /// Segment files in this folder; each body is committed.
    Segments(PathBuf),
}

/// Runs all bodies through the roles; returns once everything is folded.
fn journey(bodies: &[String], history: Option<HistoryFeed>, through: Through) {
    let readers = readers_of(THREADS, history.is_some());
    let (centre, observer) = ("bench".into(), None);
    let options = PipelineOptions {
        centre,
        partitions: PARTITIONS,
        threads: THREADS,
        history,
        observer,
        resumed: None,
        cuts: None,
    };
    let (log, readers): (Box<dyn LogStore>, _) = match through {
        Through::Memory => {
            let (log, readers) = MemoryLog::new(RING_ROWS_MAX, readers);
            (Box::new(log), readers)
        }
        Through::Segments(folder) => {
            let identity = LogIdentity { log_id: "bench".into(), partitions: PARTITIONS };
            let log = LogOptions::new(folder.join("log"));
            let opened = SegmentLog::open(Arc::new(SystemDisk), log, identity, RING_ROWS_MAX, readers);
            let opened = opened.expect("the log opens");
            (Box::new(opened.log), opened.readers)
        }
    };
    let pipeline = Pipeline::start(options, readers).expect("threads start");
    let interner = Arc::new(Interner::new(1 << 20));
    let registry = Registry::new("bench", Arc::default(), UnknownSpace::Register, SPACES, 0.0);
    let mut decoder = Decoder::new(NameCache::new(Arc::clone(&interner), Arc::new(registry)));
    let settings = Settings { partitions: PARTITIONS, ..Settings::new("bench".into()) };
    let mut sequencer = Sequencer::start(settings, LogClock::Data, log, interner, control()).expect("the log starts");
    let feed = FeedSpec::named("bench");
    for body in bodies {
        let (mut events, mut report) = (Events::default(), Report::default());
        decoder.decode_body(&feed, body.as_bytes(), &mut events, &mut report);
        assert_eq!(report.rejected, 0, "{:?}", report.rejects.first());
        black_box(sequencer.take(&events).expect("the log takes them"));
        sequencer.commit().expect("the log commits them");
    }
    sequencer.finish_replay().and_then(|()| sequencer.commit()).expect("the log ends");
    drop(sequencer);
    pipeline.join().expect("no role fails");
}

fn benches(criterion: &mut Criterion) {
    let bodies = bodies();
    let mut group = criterion.benchmark_group("journey");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS as u64));
    group
        .bench_function("decode, log, rules, book", |bencher| bencher.iter(|| journey(&bodies, None, Through::Memory)));
    group.bench_function("the same through the durable log", |bencher| {
        // On the same file system as the target folder: a temporary folder may be memory, which syncs nothing.
        let folder = || tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
        let run = |folder: tempfile::TempDir| {
            journey(&bodies, None, Through::Segments(folder.path().to_owned()));
            folder
        };
        bencher.iter_batched(folder, run, BatchSize::PerIteration);
    });

    let runtime = Runtime::new().expect("threads start");
    group.bench_function("with history", |bencher| {
        let open = || {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let options = HistoryOptions {
                partitions: PARTITIONS,
                ..HistoryOptions::new(folder.path().join("history"), "bench", "bench")
            };
            let history = runtime.block_on(History::open(options)).expect("history opens");
            (folder, Arc::new(history))
        };
        let run = |(folder, history): (tempfile::TempDir, Arc<History>)| {
            let feed = HistoryFeed::new(Arc::clone(&history), runtime.handle().clone());
            journey(&bodies, Some(feed), Through::Memory);
            assert_eq!(runtime.block_on(history.flush()).expect("it commits") as usize / EVENTS, 1);
            folder
        };
        bencher.iter_batched(open, run, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(journeys, benches);
criterion_main!(journeys);
