//! The pipeline behind a log: rings, roles and their threads.
//!
//! Roles are plain threads, not tasks: they compute and block, and each owns its state. They end when the log's ring is
//! closed, in the order of the data, so that joining them means everything has been folded.

use crate::app::health::{Health, Part};
use crate::app::roles::book::{BookRole, Waiting};
use crate::app::roles::history::HistoryFeed;
use crate::app::roles::questions::{Asked, Questions, questions};
use crate::app::roles::rules::RulesRole;
use crate::app::roles::unseeded::{Unseeded, show_unseeded};
use crate::exit::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::sync::watch;
use vigie_alerts::feed::{AlertFeed, RING_ROWS_MAX as FEED_ROWS_MAX};
use vigie_alerts::live::LiveAlerts;
use vigie_log::ring::{Reader, Writer, ring};
use vigie_model::position::PartitionIx;
use vigie_model::record::Record;
use vigie_model::stream::AlertRecord;

/// Alert records that may wait for the book; transitions are small.
const ALERT_RING_MAX: usize = 1 << 16;

/// Records of the alert stream that the book takes in before history hears of them.
const ALERTS_AT_ONCE_MAX: usize = 256;

/// Sees every record of the alert stream, in order, on the book's thread.
pub type Observer = Box<dyn FnMut(&AlertRecord) + Send>;

/// What the pipeline works for and with.
pub struct PipelineOptions {
    /// The centre.
    pub centre: Arc<str>,
    /// Partitions of the log.
    pub partitions: PartitionIx,
    /// Where rows go, if anywhere.
    pub history: Option<HistoryFeed>,
    /// Who else wants to see the alert stream.
    pub observer: Option<Observer>,
}

/// How far the rules have judged the log, and how long the alert stream is by then.
#[derive(Debug, Default)]
pub struct Judged {
    alert_position: AtomicU64,
    /// Written last: whoever sees it sees the position that belongs to it, or a later one.
    next_sequence: AtomicU64,
}

impl Judged {
    /// Sequence of the next record to be judged.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence.load(Ordering::Acquire)
    }

    /// Position of the next record of the alert stream.
    #[must_use]
    pub fn alert_position(&self) -> u64 {
        self.alert_position.load(Ordering::Acquire)
    }

    fn show(&self, next_sequence: u64, alert_position: u64) {
        self.alert_position.store(alert_position, Ordering::Release);
        self.next_sequence.store(next_sequence, Ordering::Release);
    }
}

/// Running roles.
#[derive(Debug)]
pub struct Pipeline {
    /// Alerts as they stand.
    pub live: Arc<LiveAlerts>,
    /// The public alert stream.
    pub feed: Arc<AlertFeed>,
    /// Commands whose outcome is awaited.
    pub waiting: Arc<Waiting>,
    /// Where the running rules are asked.
    pub questions: Arc<Questions>,
    /// How the roles are doing.
    pub health: Arc<Health>,
    /// How far the rules have judged.
    pub judged: Arc<Judged>,
    /// The baseline rules that wait for seeds.
    pub unseeded: watch::Receiver<Unseeded>,
    threads: Vec<(&'static str, JoinHandle<()>)>,
}

impl PipelineOptions {
    /// How many roles read the log: rules, and history if there is any.
    #[must_use]
    pub const fn readers(&self) -> usize {
        if self.history.is_some() { 2 } else { 1 }
    }
}

impl Pipeline {
    /// The roles behind a log, which has given one of [`PipelineOptions::readers`] to each.
    ///
    /// # Errors
    /// When a thread cannot be started.
    ///
    /// # Panics
    /// When there are fewer readers than roles.
    pub fn start(options: PipelineOptions, mut readers: Vec<Reader<Arc<Record>>>) -> Result<Self, Failure> {
        let (alert_writer, mut alert_readers) = ring(ALERT_RING_MAX, |_: &AlertRecord| 1, 1);
        let reader = readers.pop().expect("rules have a reader");
        let (questions, asked) = questions(Arc::clone(&options.centre), reader.waker());
        let (unseeded, waiting_rules) = watch::channel(Unseeded::default());
        let live = Arc::new(LiveAlerts::new(&options.centre));
        let feed = Arc::new(AlertFeed::new(&options.centre, 0, FEED_ROWS_MAX));
        let mut pipeline = Self {
            live: Arc::clone(&live),
            feed: Arc::clone(&feed),
            waiting: Arc::default(),
            questions: Arc::new(questions),
            health: Arc::default(),
            judged: Arc::default(),
            unseeded: waiting_rules,
            threads: Vec::new(),
        };
        if let Some(history) = options.history.clone() {
            let reader = readers.pop().expect("history has a reader");
            let health = Arc::clone(&pipeline.health);
            pipeline.spawn("history", Part::History, move || run_history(reader, &history, &health))?;
        }
        let rules = RulesRole::new(options.partitions);
        let judged = Arc::clone(&pipeline.judged);
        let shown = Shown { judged, unseeded };
        pipeline.spawn("rules", Part::Rules, move || run_rules(reader, rules, &alert_writer, &shown, &asked))?;
        let book = BookRole::new(live, feed, Arc::clone(&pipeline.waiting));
        let reader = alert_readers.pop().expect("the book has a reader");
        let (history, observer) = (options.history, options.observer);
        let health = Arc::clone(&pipeline.health);
        pipeline.spawn("book", Part::Book, move || run_book(reader, book, history.as_ref(), observer, &health))?;
        Ok(pipeline)
    }

    /// Waits until every role has folded the whole log. The log must have been dropped.
    ///
    /// # Errors
    /// When a role panicked.
    pub fn join(self) -> Result<(), Failure> {
        for (name, thread) in self.threads {
            thread.join().map_err(|_| Failure::Io(format!("the role '{name}' failed; its message is above")))?;
        }
        self.waiting.clear();
        Ok(())
    }

    fn spawn(&mut self, name: &'static str, part: Part, run: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
        let watch = self.health.watch(part);
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _watch = watch;
            run();
        });
        let thread =
            spawned.map_err(|error| Failure::io(format!("cannot start the thread of role '{name}'"), error))?;
        self.threads.push((name, thread));
        Ok(())
    }
}

/// What the rules show of themselves after each batch of the log.
struct Shown {
    judged: Arc<Judged>,
    unseeded: watch::Sender<Unseeded>,
}

fn run_rules(
    mut log: Reader<Arc<Record>>,
    mut rules: RulesRole,
    alerts: &Writer<AlertRecord>,
    shown: &Shown,
    asked: &Asked,
) {
    let (mut records, mut out) = (Vec::new(), Vec::new());
    while log.take(&mut records) {
        if let Some(judged_next) = records.last().map(|record| record.sequence + 1) {
            for record in records.drain(..) {
                rules.step(&record, &mut out);
            }
            if alerts.append(out.drain(..)).is_err() {
                return;
            }
            shown.judged.show(judged_next, rules.next_position());
            show_unseeded(rules.core(), &shown.unseeded);
        }
        asked.answer(rules.core());
    }
}

fn run_book(
    mut alerts: Reader<AlertRecord>,
    mut book: BookRole,
    history: Option<&HistoryFeed>,
    mut observer: Option<Observer>,
    health: &Health,
) {
    let mut records = Vec::new();
    while alerts.take(&mut records) {
        let folded_ms = records.last().map(|record| record.log_time_ms);
        for records in records.chunks(ALERTS_AT_ONCE_MAX) {
            let applied: Vec<_> = records.iter().filter_map(|record| book.step(record)).collect();
            if let Some(history) = history {
                history.alerts(records, &applied);
            }
            if let Some(observer) = &mut observer {
                records.iter().for_each(&mut *observer);
            }
        }
        records.clear();
        if let Some(folded_ms) = folded_ms {
            health.folded(Part::Book, folded_ms);
        }
    }
}

fn run_history(mut log: Reader<Arc<Record>>, history: &HistoryFeed, health: &Health) {
    let mut records = Vec::new();
    while log.take(&mut records) {
        history.records(&records);
        if let Some(last) = records.drain(..).next_back() {
            health.folded(Part::History, last.log_time_ms);
        }
    }
}
