//! Seeds baseline rules from history while the server runs, so that a new rule need not wait for weeks.
//!
//! The rules role shows which rules wait for seeds. What they would have learnt from the rows before their start is computed
//! once and appended to the log, where it takes effect; from then on they wait no more, after a restart either. It runs on a
//! thread of its own: intake and rules go on meanwhile, and a key takes its seeds on top of nothing or of little.
//!
//! **Order.** History is read once it holds every row of the log before the start. Records are appended one by one, so that
//! a rule with many keys never fills a commit; a rule that started afresh meanwhile gets none of them, since the rules take
//! seeds for the start they wait since only.

use crate::app::health::Health;
use crate::app::roles::unseeded::Unseeded;
use crate::exit::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;
use vigie_log::intake::{Intake, IntakeError};
use vigie_model::batch::Quality;
use vigie_model::seeds::{RuleStart, Seeds};
use vigie_rules::seeding::{Seeding, StoredRow};
use vigie_store::error::Error;
use vigie_store::history::writer::History;
use vigie_store::stored::values::StoredValues;

/// How often it is looked whether history has all rows before a start.
const FOLDED_LOOK: Duration = Duration::from_millis(50);

/// Pause before seeds are offered again to a log that had no room for them.
const OFFER_AGAIN: Duration = Duration::from_secs(1);

/// Pause before history is read again after it could not be read.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// What it works with.
pub struct SeederOptions {
    /// The centre.
    pub centre: Arc<str>,
    /// Where rows are read.
    pub history: Arc<History>,
    /// How far history has folded the log.
    pub health: Arc<Health>,
    /// Where seeds go.
    pub intake: Intake,
    /// The rules that wait for seeds.
    pub unseeded: watch::Receiver<Unseeded>,
}

/// Seeds rules until it is dropped.
#[derive(Debug)]
pub struct Seeder {
    /// Its end is what the thread waits for.
    _stop: oneshot::Sender<()>,
}

/// Why rules were not seeded.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the log is closed")]
    Closed,
    #[error("history cannot be read")]
    History(#[from] Error),
}

struct Work {
    options: SeederOptions,
    /// The starts whose seeds are in the log, until the rules have judged them.
    written: BTreeMap<Arc<str>, RuleStart>,
}

impl Seeder {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(options: SeederOptions) -> Result<Self, Failure> {
        let failed = |error| Failure::io("cannot start the thread that seeds rules", error);
        let (stop, stopped) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let work = Work { options, written: BTreeMap::new() };
        let run = async move {
            tokio::select! {
                _ = stopped => {}
                () = work.run() => {}
            }
        };
        // Nobody waits for the thread: what it has not written by a stop is computed at the next start.
        let spawned = std::thread::Builder::new().name("seeder".to_owned()).spawn(move || runtime.block_on(run));
        spawned.map_err(failed)?;
        Ok(Self { _stop: stop })
    }
}

impl Work {
    async fn run(mut self) {
        loop {
            let mut shown = self.options.unseeded.borrow_and_update().clone();
            metrics::gauge!("vigie_rules_unseeded").set(shown.starts.len() as f64);
            self.written.retain(|uid, start| shown.starts.get(uid) == Some(start));
            shown.starts.retain(|uid, _| !self.written.contains_key(uid));
            match self.seed(shown).await {
                Ok(true) => {}
                Ok(false) if self.options.unseeded.changed().await.is_ok() => {}
                Ok(false) | Err(Trouble::Closed) => return,
                Err(trouble @ Trouble::History(_)) => {
                    metrics::counter!("vigie_seeds_failed_total").increment(1);
                    let trouble = Failure::io("baseline rules are not seeded yet", trouble);
                    tracing::error!("{trouble}; it is tried again in {} s", READ_AGAIN.as_secs());
                    sleep(READ_AGAIN).await;
                }
            }
        }
    }

    /// Seeds the rules of the earliest start; whether there were any.
    async fn seed(&mut self, waiting: Unseeded) -> Result<bool, Trouble> {
        let (Some(rules), Some(start)) = (waiting.rules, waiting.starts.values().min().copied()) else {
            return Ok(false);
        };
        let wanted: BTreeSet<_> = waiting.starts.iter().filter(|(_, own)| **own == start).map(|(uid, _)| uid).collect();
        while self.options.health.folded_ms() <= start.log_time_ms {
            sleep(FOLDED_LOOK).await;
        }
        let began = Instant::now();
        tracing::info!(rules = wanted.len(), "baseline rules that begin are taught from history");
        let mut seeding = Seeding::new(rules, |identity| wanted.contains(&identity.uid), start);
        let rows = self.read(&mut seeding, start).await?;
        let mut keys = 0;
        for seeds in seeding.finish() {
            let (added, uid, is_last) = (seeds.keys.len(), Arc::clone(&seeds.rule_uid), !seeds.more);
            if self.write(seeds).await? {
                keys += added;
            }
            if is_last {
                self.written.insert(uid, start);
            }
        }
        let elapsed = began.elapsed().as_secs_f64();
        metrics::counter!("vigie_seeds_rows_total").increment(rows);
        metrics::counter!("vigie_seeds_keys_total").increment(keys as u64);
        metrics::histogram!("vigie_seeds_seconds").record(elapsed);
        tracing::info!(rules = wanted.len(), rows, keys, elapsed_s = elapsed, "baseline rules go on from history");
        Ok(true)
    }

    /// Lets rules learn from history; returns how many rows there were.
    async fn read(&self, seeding: &mut Seeding, start: RuleStart) -> Result<u64, Trouble> {
        let SeederOptions { centre, history, .. } = &self.options;
        let metrics: Vec<_> = seeding.metrics().cloned().collect();
        let metrics: Vec<&str> = metrics.iter().map(AsRef::as_ref).collect();
        let mut values = StoredValues::open(history.as_ref(), centre, &metrics, start.log_time_ms)?;
        let mut rows = 0;
        while let Some(batch) = values.next().await? {
            for value in batch.iter() {
                let value = value?;
                seeding.row(&StoredRow {
                    space: value.space,
                    sensor: value.sensor,
                    node: value.node,
                    metric: value.metric,
                    micros: value.micros,
                    event_time_ms: value.event_time_ms,
                    quality: Quality::Good,
                });
                rows += 1;
            }
        }
        Ok(rows)
    }

    /// Appends a record once there is room for it, unless its rule waits for it no more; whether it was appended.
    async fn write(&self, seeds: Seeds) -> Result<bool, Trouble> {
        let seeds = Arc::new(seeds);
        loop {
            if self.options.unseeded.borrow().starts.get(&seeds.rule_uid) != Some(&seeds.start) {
                return Ok(false);
            }
            match self.options.intake.seeds(Arc::clone(&seeds)).await {
                Ok(()) => return Ok(true),
                Err(IntakeError::Closed) => return Err(Trouble::Closed),
                Err(IntakeError::Busy | IntakeError::Full) => sleep(OFFER_AGAIN).await,
            }
        }
    }
}
