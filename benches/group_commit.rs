//! Group commit against the bare disk: how many synced commits a second the log makes, beside how many the same disk
//! makes when one thread writes as many bytes and calls `fdatasync` in a loop.
//!
//! Each round measures the bare disk, then the log with 1, 8 and 64 senders that each wait for their answer before they
//! send the next event, so that a disk that gets slower or faster does so for both. Printed are medians over the rounds.
//! `cargo bench --bench group_commit` takes about 25 s; `-- --test` one short round.

#[path = "support/watched_disk.rs"]
mod watched_disk;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use vigie_log::clock::LogClock;
use vigie_log::disk::DiskFile;
use vigie_log::intake::{Intake, spawn};
use vigie_log::interner::Interner;
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::{OpenedLog, SegmentLog};
use vigie_log::segments::options::LogOptions;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::RING_ROWS_MAX;
use vigie_model::batch::{Events, ObservationRow, Origin, Quality};
use vigie_model::control::Control;
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameKind};
use watched_disk::WatchedDisk;

const SENDERS: [usize; 3] = [1, 8, 64];
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(700);
/// Bytes of one commit of the bare disk: those of a commit with one observation.
const COMMIT_BYTES: usize = 128;
const FILE_BYTES: u64 = 64 << 20;
const SPACES: usize = 64;

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (rounds, round) = if is_test { (1, Duration::from_millis(50)) } else { (ROUNDS, ROUND) };
    // On the same file system as the target folder: a temporary folder may be memory, which syncs nothing.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
    let log = Log::open(folder.path());
    let runtime = Runtime::new().expect("threads start");
    let mut bare = BareDisk::open(folder.path());
    let mut raw = Vec::new();
    let mut grouped = SENDERS.map(|_| (Vec::new(), Vec::new()));
    for _ in 0..rounds {
        raw.push(bare.synced_writes(round));
        for (senders, (commits, answers)) in SENDERS.into_iter().zip(&mut grouped) {
            let (synced, answered) = runtime.block_on(log.send(senders, round));
            commits.push(synced);
            answers.push(answered);
        }
    }
    let raw = median(raw);
    println!("bare disk: {raw:.0} fdatasync/s");
    for (senders, (commits, answers)) in SENDERS.into_iter().zip(grouped) {
        let (commits, answers) = (median(commits), median(answers));
        println!(
            "{senders:>2} senders: {commits:.0} commits/s ({:.0} % of the bare disk), {answers:.0} answers/s ({:.0} %)",
            100.0 * commits / raw,
            100.0 * answers / raw
        );
    }
}

/// A file with its space reserved, as a segment is.
struct BareDisk {
    file: File,
    position: u64,
}

impl BareDisk {
    fn open(folder: &Path) -> Self {
        let file = File::options().read(true).write(true).create_new(true).open(folder.join("bare")).expect("a file");
        file.reserve(FILE_BYTES).expect("space for a segment");
        File::sync_all(&file).expect("it syncs");
        Self { file, position: 0 }
    }

    /// Synced writes a second of one thread.
    fn synced_writes(&mut self, round: Duration) -> f64 {
        let (bytes, began, mut synced) = ([7u8; COMMIT_BYTES], Instant::now(), 0u64);
        while began.elapsed() < round {
            self.file.write_all_at(&bytes, self.position).expect("it writes");
            File::sync_data(&self.file).expect("it syncs");
            self.position += COMMIT_BYTES as u64;
            synced += 1;
        }
        synced as f64 / began.elapsed().as_secs_f64()
    }
}

/// A log behind its intake, with a reader that takes everything.
struct Log {
    intake: Intake,
    syncs: Arc<AtomicU64>,
    next_id: AtomicU64,
}

impl Log {
    fn open(folder: &Path) -> Self {
        let disk = Arc::new(WatchedDisk::default());
        let syncs = Arc::clone(&disk.syncs);
        let identity = LogIdentity { log_id: "bench".into(), partitions: 16 };
        let options = LogOptions::new(folder.join("log"));
        let opened = SegmentLog::open(disk, options, identity, RING_ROWS_MAX, 1).expect("the log opens");
        let OpenedLog { log, mut readers, .. } = opened;
        let mut reader = readers.pop().expect("one reader");
        std::thread::spawn(move || {
            let mut records = Vec::new();
            while reader.take(&mut records) {
                records.clear();
            }
        });
        let control = Control {
            centre: "bench".into(),
            time_zone: "UTC".into(),
            tick_ms: 1000,
            rules: Vec::new(),
            spaces: Arc::default(),
            metrics: Arc::default(),
            ..Control::default()
        };
        let (settings, interner) = (Settings::new("bench".into()), Arc::new(Interner::new(1 << 20)));
        let sequencer = Sequencer::start(settings, LogClock::wall(), log, interner, Arc::new(control));
        let (intake, _) = spawn(sequencer.expect("the log starts"), ()).expect("its thread starts");
        Self { intake, syncs, next_id: AtomicU64::new(0) }
    }

    /// Commits and answers a second while `senders` send one event after the other, as tasks of the door would.
    async fn send(&self, senders: usize, round: Duration) -> (f64, f64) {
        let is_over = Arc::new(AtomicBool::new(false));
        let (before, began) = (self.syncs.load(Ordering::SeqCst), Instant::now());
        let tasks: Vec<_> = (0..senders)
            .map(|sender| {
                let (intake, is_over) = (self.intake.clone(), Arc::clone(&is_over));
                let first_id = self.next_id.fetch_add(1 << 32, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut answered = 0u64;
                    while !is_over.load(Ordering::Relaxed) {
                        let event = event(&intake, sender % SPACES, first_id + answered);
                        intake.submit(event).await.expect("the queue holds all senders");
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        tokio::time::sleep(round).await;
        is_over.store(true, Ordering::Relaxed);
        let mut answered = 0;
        for task in tasks {
            answered += task.await.expect("a sender does not panic");
        }
        let elapsed_s = began.elapsed().as_secs_f64();
        let commits = self.syncs.load(Ordering::SeqCst) - before;
        (commits as f64 / elapsed_s, answered as f64 / elapsed_s)
    }
}

fn event(intake: &Intake, space: usize, id: u64) -> Events {
    let interner = intake.interner();
    let name = |kind, text: &str| interner.intern(kind, text).expect("few names");
    let id = format!("e-{id}");
    let row = ObservationRow {
        feed: name(NameKind::Feed, "bench"),
        space: name(NameKind::Space, &format!("space-{space}")),
        metric: name(NameKind::Metric, "noise"),
        sensor: NO_NAME,
        node: NO_NAME,
        seq: None,
        id: Some(&id),
        value: Decimal::from_micros(1),
        event_time_ms: 1_700_000_000_000,
        sent_time_ms: None,
        log_time_ms: 0,
        quality: Quality::Good,
        flags: 0,
    };
    let mut events = Events::default();
    events.push_observation(row, Origin::default());
    events
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
