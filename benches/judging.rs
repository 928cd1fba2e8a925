//! The rules' threads as a server has them, over the log's ring: SpaceBench's R2 and R8 with one worker and with more.
//!
//! Records are made beforehand and shared by all rounds. A round starts the roles, hands them the dictionary and one warm-up, and
//! then measures until everything is judged and merged. Numbers of workers take turns, and with them the rules on one thread, as
//! backtests have them; the median counts. The alert streams of all rounds must be the same.
//!
//! ```text
//! cargo bench --bench judging                                   # Markdown: 10,000 spaces, 1 M rows, 3 rounds
//! cargo bench --bench judging -- --spaces 1000000 --rows 4000000 --rounds 5 --threads 2
//! cargo bench --bench judging -- --test                         # once, few rows
//! ```

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vigie::app::pipeline::{Observer, Pipeline, PipelineOptions, readers_of};
use vigie::app::roles::book::BookRole;
use vigie::app::roles::judged::Judged;
use vigie::app::roles::rules::RulesRole;
use vigie::spacebench::names::dictionary;
use vigie::spacebench::options::Options;
use vigie::spacebench::rows::{Step, Steps};
use vigie::spacebench::rules::{ALL, R2, file};
use vigie::spacebench::stream::START_MS;
use vigie_alerts::feed::AlertFeed;
use vigie_alerts::live::LiveAlerts;
use vigie_log::ring::{Reader, ring};
use vigie_log::store::{LogStore, MemoryLog, RING_ROWS_MAX};
use vigie_model::control::{Control, SourceFile};
use vigie_model::position::PARTITIONS_DEFAULT;
use vigie_model::record::{Batch, Payload, Record};
use vigie_model::stream::AlertRecord;

const SCENARIOS: [(&str, &[&str]); 2] = [("R2", &[R2]), ("R8", &ALL)];

/// What is measured.
struct Size {
    spaces: u32,
    rows: usize,
    rounds: usize,
    threads: u16,
}

/// A log: what comes before the measurement, and what is measured.
struct Log {
    warm_up: Vec<Arc<Record>>,
    measured: Vec<Arc<Record>>,
}

/// What the measured part of a round took.
#[derive(Clone, Copy)]
struct Spent {
    wall: Duration,
    /// Processor time of all threads.
    cpu: Duration,
    /// Of the thread that had most: what remains of the time by the wall when every thread has a core.
    busiest: Duration,
}

/// A round, and its alert stream.
struct Round {
    spent: Spent,
    digest: String,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let cores =
        std::thread::available_parallelism().map_or(1, |cores| cores.get().min(PARTITIONS_DEFAULT.into()) as u16);
    let is_test = words.iter().any(|word| word == "--test");
    let number = |name: &str, default| {
        let at = words.iter().position(|word| word == name);
        at.map_or(default, |at| words[at + 1].parse().unwrap_or_else(|_| panic!("{name} NUMBER")))
    };
    let size = Size {
        spaces: number("--spaces", if is_test { 200 } else { 10_000 }),
        rows: number("--rows", if is_test { 20_000 } else { 1_000_000 }) as usize,
        rounds: number("--rounds", if is_test { 1 } else { 3 }) as usize,
        threads: number("--threads", cores.into()) as u16,
    };
    println!("| rules | spaces | workers | M events/s by the wall | of the busiest thread | processor time a row |");
    println!("|---|---|---|---|---|---|");
    for (name, rules) in SCENARIOS {
        measure(name, &log(rules, &size), &size);
    }
}

/// Rounds in turn: all on one thread, one worker, two, four and so on.
fn measure(name: &str, log: &Log, size: &Size) {
    let powers = (0..16).map(|power| 1 << power).take_while(|workers| *workers <= size.threads);
    let numbers: Vec<u16> = [0].into_iter().chain(powers).collect();
    let mut rounds: Vec<Vec<Round>> = numbers.iter().map(|_| Vec::new()).collect();
    for _ in 0..size.rounds {
        for (workers, rounds) in numbers.iter().zip(&mut rounds) {
            rounds.push(round(*workers, log));
        }
    }
    let digest = rounds[0][0].digest.clone();
    for (workers, rounds) in numbers.into_iter().zip(rounds) {
        assert!(
            rounds.iter().all(|round| round.digest == digest),
            "{name} with {workers} workers tells something else"
        );
        let median = |of: fn(&Spent) -> Duration| {
            let mut all: Vec<_> = rounds.iter().map(|round| of(&round.spent)).collect();
            all.sort();
            all[all.len() / 2].as_secs_f64()
        };
        let rate = |seconds: f64| size.rows as f64 / seconds / 1e6;
        let (wall, busiest, cpu) = (median(|s| s.wall), median(|s| s.busiest), median(|s| s.cpu));
        let workers = if workers == 0 { "all on one thread".to_owned() } else { workers.to_string() };
        println!(
            "| {name} | {} | {workers} | {:.2} | {:.2} | {:.3} us |",
            size.spaces,
            rate(wall),
            rate(busiest),
            cpu / size.rows as f64 * 1e6
        );
    }
}

/// One round; with no worker all rules are on one thread, which writes the alert stream itself.
fn round(workers: u16, log: &Log) -> Round {
    let hash = Arc::new(Mutex::new(Sha256::new()));
    let of_book = Arc::clone(&hash);
    let observer: Observer =
        Box::new(move |record| of_book.lock().expect("nobody panics").update(format!("{record:?}")));
    let spent = if workers == 0 {
        let (store, mut readers) = MemoryLog::new(RING_ROWS_MAX, 1);
        let one = OneThread::start(readers.remove(0), observer);
        let spent = hand_over(log, store, &one.judged);
        one.threads.into_iter().for_each(|thread| thread.join().expect("no role fails"));
        spent
    } else {
        let (store, readers) = MemoryLog::new(RING_ROWS_MAX, readers_of(workers, false));
        let options = PipelineOptions {
            centre: "spacebench".into(),
            partitions: PARTITIONS_DEFAULT,
            threads: workers,
            history: None,
            observer: Some(observer),
            resumed: None,
            cuts: None,
        };
        let pipeline = Pipeline::start(options, readers).expect("threads start");
        let spent = hand_over(log, store, &pipeline.judged);
        pipeline.join().expect("no role fails");
        spent
    };
    let hash = Arc::into_inner(hash).expect("the book has ended").into_inner().expect("nobody panics");
    Round { spent, digest: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect() }
}

/// Hands over the whole log and ends it; what the measured part took until it was judged.
fn hand_over(log: &Log, mut store: MemoryLog, judged: &Judged) -> Spent {
    let mut hand_over = |records: &[Arc<Record>]| {
        records.iter().for_each(|record| store.pass_on(Arc::clone(record)).expect("somebody reads the log"));
        let next = records.last().expect("there are records").sequence + 1;
        while judged.next_sequence() < next {
            std::thread::sleep(Duration::from_micros(200));
        }
    };
    hand_over(&log.warm_up);
    let (started, before) = (Instant::now(), threads());
    hand_over(&log.measured);
    between(&before, &threads(), started.elapsed())
}

/// All rules on one thread, and the book on another.
struct OneThread {
    judged: Arc<Judged>,
    threads: [JoinHandle<()>; 2],
}

impl OneThread {
    fn start(mut log: Reader<Arc<Record>>, mut observer: Observer) -> Self {
        let (alerts, mut alert_readers) = ring(1 << 16, |_: &AlertRecord| 1, 1);
        let judged = Arc::<Judged>::default();
        let shown = Arc::clone(&judged);
        let rules = std::thread::spawn(move || {
            let (mut role, mut records, mut out) = (RulesRole::new(PARTITIONS_DEFAULT), Vec::new(), Vec::new());
            while log.take(&mut records) {
                let next = records.last().map(|record| record.sequence + 1);
                records.drain(..).for_each(|record| role.step(&record, &mut out));
                alerts.append(out.drain(..)).expect("the book reads");
                next.into_iter().for_each(|next| shown.show(next, role.next_position()));
            }
        });
        let book = std::thread::spawn(move || {
            let live = Arc::new(LiveAlerts::new("spacebench"));
            let feed = Arc::new(AlertFeed::new("spacebench", 0, RING_ROWS_MAX));
            let (mut book, mut records) = (BookRole::new(live, Arc::default(), feed, Arc::default()), Vec::new());
            while alert_readers[0].take(&mut records) {
                for record in records.drain(..) {
                    book.step(&record);
                    observer(&record);
                }
            }
        });
        Self { judged, threads: [rules, book] }
    }
}

/// Every series once, a twentieth of the rows to warm up, and the rows.
fn log(rules: &[&str], size: &Size) -> Log {
    let options = Options { spaces: size.spaces, every_series_first: true, ..Options::default() };
    let control = Control {
        centre: "spacebench".into(),
        time_zone: "UTC".into(),
        tick_ms: 1_000,
        rules: vec![SourceFile { path: "spacebench.yaml".into(), text: file(rules).into() }],
        ..Control::default()
    };
    let mut records = Vec::new();
    let mut put = |log_time_ms, payload| {
        records.push(Arc::new(Record { sequence: records.len() as u64, log_time_ms, payload }));
        records.len()
    };
    put(START_MS, Payload::Control(Arc::new(control)));
    put(START_MS, Payload::Dictionary(dictionary(size.spaces, 1)));
    put(START_MS, Payload::IntakeUp);
    let mut steps = Steps::new(&options, PARTITIONS_DEFAULT);
    let warm_up = put_steps(&mut steps, options.series() as usize + size.rows / 20, &mut put);
    put_steps(&mut steps, size.rows, &mut put);
    let measured = records.split_off(warm_up);
    Log { warm_up: records, measured }
}

/// Makes records of the next rows, each tick once, before all rows that follow it; how many there are then.
fn put_steps(steps: &mut Steps, rows: usize, put: &mut impl FnMut(i64, Payload) -> usize) -> usize {
    let taken = steps.take(rows);
    let mut left: Vec<_> = taken.into_iter().map(|steps| steps.into_iter().peekable()).collect();
    let (mut count, mut log_time_ms) = (0, START_MS);
    loop {
        for (partition, steps) in (0..).zip(&mut left) {
            while let Some(Step { first_offset, rows, .. }) = steps.next_if(|step| step.tick.is_none()) {
                log_time_ms = rows.log_time_ms.last().copied().unwrap_or(log_time_ms).max(log_time_ms);
                if !rows.is_empty() {
                    count = put(log_time_ms, Payload::Observations(Batch { partition, first_offset, rows }));
                }
            }
        }
        let ticks = left.iter_mut().filter_map(|steps| steps.peek_mut()?.tick.take()).collect::<Vec<_>>();
        let Some((tick_ms, at_ms)) = ticks.first() else { return count };
        log_time_ms = log_time_ms.max(*at_ms);
        count = put(log_time_ms, Payload::Tick { tick_ms: *tick_ms });
    }
}

/// What was spent between two readings.
fn between(then: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>, wall: Duration) -> Spent {
    let of_thread = |(thread, ns): (&String, &u64)| Duration::from_nanos(ns - then.get(thread).copied().unwrap_or(0));
    let cpu = now.iter().map(of_thread).sum();
    Spent { wall, cpu, busiest: now.iter().map(of_thread).max().unwrap_or_default() }
}

/// Nanoseconds for which each thread of this process has had a processor, user and system, as Linux tells them.
fn threads() -> BTreeMap<String, u64> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the bench needs Linux");
    let ran = |path: PathBuf| {
        // A thread may end meanwhile; those that are measured wait for more.
        let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
    };
    let paths = tasks.filter_map(|task| Some(task.ok()?.path()));
    paths.map(|path| (path.display().to_string(), ran(path))).collect()
}
