//! The pipeline behind a log: rings, roles and their threads.
//!
//! Rules are judged by several threads (`judging`); history and the alert book have one each.
//!
//! They begin at the beginning of the log, or go on from where a set of snapshots was taken; at the record at which one is begun, each
//! writes its part of it ([`vigie_log::cuts`]).
//!
//! Roles are plain threads, not tasks: they compute and block, and each owns its state. They end when the log's ring is
//! closed, in the order of the data, so that joining them means everything has been folded.

mod taking_down;

mod judging;

use crate::app::health::{Health, Part};
use crate::app::pipeline::judging::{Merging, TOLD_RING_MAX, Worker};
use crate::app::pipeline::taking_down::TakingDown;
use crate::app::roles::book::{BookRole, SavedBook, Waiting};
use crate::app::roles::history::HistoryFeed;
use crate::app::roles::judged::Judged;
use crate::app::roles::loaded::LoadedRules;
use crate::app::roles::merger::MergerRole;
use crate::app::roles::questions::{Questions, questions};
use crate::app::roles::resumed::{BOOK_PART, HISTORY_PART, ResumedRoles};
use crate::app::roles::unseeded::{Unseeded, show_unseeded};
use crate::exit::Failure;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;
use vigie_alerts::desk::live::LiveDesk;
use vigie_alerts::feed::{AlertFeed, RING_ROWS_MAX as FEED_ROWS_MAX};
use vigie_alerts::live::LiveAlerts;
use vigie_log::cuts::Cuts;
use vigie_log::ring::{Reader, ring};
use vigie_model::position::PartitionIx;
use vigie_model::record::Record;
use vigie_model::stream::{AlertItem, AlertRecord};
use vigie_rules::partition_set::{PartitionSet, Share};
use vigie_rules::told::Told;

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
    /// Threads that judge them, each its share; at most one for each partition is of use.
    pub threads: PartitionIx,
    /// Where rows go, if anywhere.
    pub history: Option<HistoryFeed>,
    /// Who else wants to see the alert stream.
    pub observer: Option<Observer>,
    /// What the roles go on from; `None` at the beginning of a log.
    pub resumed: Option<ResumedRoles>,
    /// When snapshots are taken, if they are.
    pub cuts: Option<Arc<Cuts>>,
}

/// Running roles.
#[derive(Debug)]
pub struct Pipeline {
    /// Alerts as they stand.
    pub live: Arc<LiveAlerts>,
    /// The desk as it stands.
    pub desk: Arc<LiveDesk>,
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
    threads: Vec<(String, JoinHandle<()>)>,
}

/// How many read the log: so many threads with rules, who merges what they tell, and history if there is any.
#[must_use]
pub const fn readers_of(threads: PartitionIx, has_history: bool) -> usize {
    threads as usize + 1 + has_history as usize
}

impl Pipeline {
    /// The roles behind a log, which has given one of [`readers_of`] to each.
    ///
    /// # Errors
    /// When a thread cannot be started.
    ///
    /// # Panics
    /// When there are fewer readers than roles.
    pub fn start(mut options: PipelineOptions, mut readers: Vec<Reader<Arc<Record>>>) -> Result<Self, Failure> {
        let cuts = options.cuts.take();
        let mut starts = starts(&mut options)?;
        let (alerts, mut alert_readers) = ring(ALERT_RING_MAX, |_: &AlertRecord| 1, 1);
        let of_merger = readers.pop().expect("the merger has a reader");
        let of_workers =
            readers.split_off(readers.len().checked_sub(options.threads.into()).expect("workers have readers"));
        let wakers = of_workers.iter().map(Reader::waker).collect();
        let (questions, asked_of_workers, asked) = questions(Arc::clone(&options.centre), wakers, of_merger.waker());
        let (unseeded, waiting_rules) = watch::channel(Unseeded::default());
        let live = Arc::new(LiveAlerts::new(&options.centre));
        let desk = Arc::<LiveDesk>::default();
        let feed = Arc::new(AlertFeed::new(&options.centre, 0, FEED_ROWS_MAX));
        let mut pipeline = Self {
            live: Arc::clone(&live),
            desk: Arc::clone(&desk),
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
            let (health, cuts) = (Arc::clone(&pipeline.health), cuts.clone());
            let run = move || run_history(reader, &history, cuts.as_deref(), &health);
            pipeline.spawn("history", Part::History, run)?;
        }
        let loaded = Arc::new(LoadedRules::new(of_workers.len() + 1));
        let mut workers = Vec::new();
        for ((log, asked), worker) in of_workers.into_iter().zip(asked_of_workers).zip(0..) {
            let engines = starts.workers.next().expect("every worker has a start");
            let share = Share { worker, workers: options.threads };
            let taking_down = TakingDown::new(cuts.clone(), share, options.partitions);
            let (told, reader) = ring(TOLD_RING_MAX, Told::weight, 1);
            workers.extend(reader);
            let worker_thread = Worker { log, engines, loaded: Arc::clone(&loaded), told, asked, taking_down };
            pipeline.spawn(&format!("rules-{worker}"), Part::Rules, move || worker_thread.run())?;
        }
        if let Some((next_sequence, log_time_ms)) = starts.place {
            pipeline.judged.show(next_sequence, starts.merger.next_position());
            Part::FOLDING.iter().for_each(|part| pipeline.health.folded(*part, log_time_ms));
            show_unseeded(starts.merger.merger(), &unseeded);
        }
        let merging = Merging {
            role: starts.merger,
            cuts: cuts.clone(),
            log: of_merger,
            workers,
            loaded,
            alerts,
            judged: Arc::clone(&pipeline.judged),
            unseeded,
            asked,
        };
        pipeline.spawn("merger", Part::Rules, move || merging.run())?;
        let waiting = Arc::clone(&pipeline.waiting);
        let book = match starts.book {
            Some(saved) => BookRole::resumed(saved, live, desk, feed, waiting),
            None => BookRole::new(live, desk, feed, waiting),
        };
        let reader = alert_readers.pop().expect("the book has a reader");
        let (history, observer) = (options.history, options.observer);
        let health = Arc::clone(&pipeline.health);
        let run = move || run_book(reader, book, history.as_ref(), observer, cuts.as_deref(), &health);
        pipeline.spawn("book", Part::Book, run)?;
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

    fn spawn(&mut self, name: &str, part: Part, run: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
        let watch = self.health.watch(part);
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _watch = watch;
            run();
        });
        let thread =
            spawned.map_err(|error| Failure::io(format!("cannot start the thread of role '{name}'"), error))?;
        self.threads.push((name.to_owned(), thread));
        Ok(())
    }
}

/// Where the roles start.
struct Starts {
    workers: std::vec::IntoIter<PartitionSet>,
    merger: MergerRole,
    book: Option<SavedBook>,
    /// Sequence of the first record they do not know, and log time of the newest they know.
    place: Option<(u64, i64)>,
}

/// Takes what the roles go on from out of the options, if there is something; else they start at the beginning of the log.
fn starts(options: &mut PipelineOptions) -> Result<Starts, Failure> {
    let (partitions, workers) = (options.partitions, options.threads);
    let shares = (0..workers).map(|worker| Share { worker, workers });
    let Some(resumed) = options.resumed.take() else {
        let sets: Vec<_> = shares.map(|share| PartitionSet::new(share, partitions)).collect();
        let merger = MergerRole::new(partitions, workers.into());
        return Ok(Starts { workers: sets.into_iter(), merger, book: None, place: None });
    };
    let ResumedRoles { next_sequence, log_time_ms, engines, merger, stream, book } = resumed;
    let mut of_workers: Vec<Vec<_>> = shares.clone().map(|_| Vec::new()).collect();
    for (partition, engine) in engines.into_iter().enumerate() {
        of_workers[partition % usize::from(workers)].push(engine);
    }
    let sets = shares.zip(of_workers).map(|(share, engines)| PartitionSet::restore(share, engines, &merger));
    let sets: Result<Vec<_>, _> = sets.collect();
    let sets = sets.map_err(|unfit| Failure::io("cannot go on from a snapshot", unfit))?;
    let merger = MergerRole::resumed(merger, stream, workers.into());
    Ok(Starts { workers: sets.into_iter(), merger, book: Some(book), place: Some((next_sequence, log_time_ms)) })
}

fn run_book(
    mut alerts: Reader<AlertRecord>,
    mut book: BookRole,
    history: Option<&HistoryFeed>,
    mut observer: Option<Observer>,
    cuts: Option<&Cuts>,
    health: &Health,
) {
    let mut records = Vec::new();
    while alerts.take(&mut records) {
        let folded_ms = records.last().map(|record| record.log_time_ms);
        for records in records.chunks(ALERTS_AT_ONCE_MAX) {
            let mut applied = Vec::new();
            for record in records {
                applied.extend(book.step(record));
                if let (Some(cuts), AlertItem::Tick { tick_ms }) = (cuts, &record.item)
                    && cuts.is_at_tick(*tick_ms)
                {
                    // It is the last that follows from its record of the log.
                    cuts.part(BOOK_PART, |hand_over| drop(hand_over(book.snapshot())));
                }
            }
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

fn run_history(mut log: Reader<Arc<Record>>, history: &HistoryFeed, cuts: Option<&Cuts>, health: &Health) {
    let mut records = Vec::new();
    while log.take(&mut records) {
        for records in records.chunk_by(|before, _| !cuts.is_some_and(|cuts| cuts.is_at(before.sequence))) {
            history.records(records);
            let last = records.last().map(|record| record.sequence);
            if let Some(cuts) = cuts.filter(|cuts| last.is_some_and(|last| cuts.is_at(last))) {
                let taken = serde_json::to_vec(&history.taken()).expect("numbers are always JSON");
                cuts.part(HISTORY_PART, |hand_over| drop(hand_over(taken)));
            }
        }
        if let Some(last) = records.drain(..).next_back() {
            health.folded(Part::History, last.log_time_ms);
        }
    }
}

#[cfg(test)]
mod tests;
