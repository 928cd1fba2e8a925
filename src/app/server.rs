//! A running server: log, roles, history and listener, started and stopped in order.
//!
//! **Stopping** follows the data: the end of the log, then every role folds what is left, then streams and connections
//! end, then history commits. Whoever was answered finds its rows in history; requests that come meanwhile are told that
//! the log is closed. A stop takes a bounded time, also when history cannot be written.

use crate::app::beginning::{Beginning, begin, usable_snapshots};
use crate::app::connections::{ConnectionLimits, serve};
use crate::app::embedded_log::log_beginning;
use crate::app::health::Part;
use crate::app::keeper::Keeper;
use crate::app::listener::HealthState;
use crate::app::lock::note_time_zone;
use crate::app::pipeline::{Pipeline, PipelineOptions, readers_of};
use crate::app::postgres::PostgresWire;
use crate::app::reload::creations::following;
use crate::app::reload::standing::Standing;
use crate::app::reload::{LOOK_EVERY, Reload, ReloadOptions};
use crate::app::retention::daily_retention;
use crate::app::roles::history::HistoryFeed;
use crate::app::roles::judged::Judged;
use crate::app::roles::resumed::parts_of;
use crate::app::routes::{registry, routes};
use crate::app::seeder::{Seeder, SeederOptions};
use crate::app::sql_door::sql_door;
use crate::app::telemetry;
use crate::config::control::Prepared;
use crate::exit::Failure;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle as ThreadHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vigie_alerts::feed::AlertFeed;
use vigie_ingest::intake::dead_letters::DeadLetters;
use vigie_log::clock::LogClock;
use vigie_log::cuts::Cuts;
use vigie_log::error::LogError;
use vigie_log::intake::{Intake, spawn};
use vigie_log::interner::{Interner, NAMES_PER_KIND_MAX};
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::LogStore;
use vigie_model::control::Control;
use vigie_model::record::Gap;
use vigie_store::history::flusher::Flusher;
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::writer::History;
use vigie_store::upkeep::keeper::Upkeep;

/// How often it is looked whether the roles have caught up.
const CATCH_UP_LOOK: Duration = Duration::from_millis(2);

/// How long open connections may take to end once the process stops.
const CONNECTIONS_END_MAX: Duration = Duration::from_secs(3);

/// How long the roles may take to fold what is left; longer means that history has no room and cannot be written.
const FOLD_MAX: Duration = Duration::from_secs(60);

/// How long the last commits may take; a healthy disk needs a fraction of a second.
const COMMIT_MAX: Duration = Duration::from_secs(20);

/// How long the last dead letters may take to be written.
const DEAD_LETTERS_MAX: Duration = Duration::from_secs(3);

/// What to serve.
pub struct ServerOptions {
    /// Checked configuration, spaces and rules.
    pub prepared: Prepared,
    /// The data folder.
    pub data: PathBuf,
    /// Where to listen.
    pub listener: TcpListener,
    /// What tells the time.
    pub clock: LogClock,
}

/// A running server.
pub struct Server {
    /// The address of the page.
    pub url: String,
    /// Where the Postgres wire is served, if it is.
    pub postgres: Option<SocketAddr>,
    /// The log's intake.
    pub intake: Intake,
    /// The public alert stream.
    pub feed: Arc<AlertFeed>,
    history: Arc<History>,
    pipeline: Pipeline,
    sequencer: ThreadHandle<Result<(), LogError>>,
    flusher: Flusher,
    upkeep: Upkeep,
    dead_letters: DeadLetters,
    reload: Reload,
    seeder: Seeder,
    keeper: Option<Keeper>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Starts log, roles, history and listener. What the log holds is judged again first; requests are taken once that is
    /// done.
    ///
    /// # Errors
    /// When log or history cannot be opened or a thread not started.
    pub async fn start(options: ServerOptions) -> Result<Self, Failure> {
        let ServerOptions { prepared, data, listener, clock } = options;
        let address =
            listener.local_addr().map_err(|error| Failure::io("cannot tell the listener's address", error))?;
        let url = format!("http://{address}");
        let centre: Arc<str> = prepared.config.centre.id.as_str().into();
        let wire = match &prepared.config.sql.postgres {
            Some(config) => Some(PostgresWire::bind(config, &centre).await?),
            None => None,
        };
        note_time_zone(&data, &prepared.config.centre.time_zone)?;
        let metrics = telemetry::start_metrics();
        let partitions = prepared.config.log.partitions;
        let threads = prepared.config.rules.threads(partitions);
        let log_config = &prepared.config.log;
        let log_found = log_beginning(&data, &centre, log_config)?;
        let log_id = Arc::clone(&log_found.0.log_id);
        let history_options = HistoryOptions {
            partitions,
            ..HistoryOptions::new(data.join("history"), Arc::clone(&centre), Arc::clone(&log_id))
        };
        let history =
            History::open(history_options).await.map_err(|error| Failure::io("cannot open history", error))?;
        let history = Arc::new(history);
        let snapshots = usable_snapshots(&data, log_found.1)?;
        let Beginning { opened, resumed } =
            begin(&data, log_found, log_config, readers_of(threads, true), snapshots.as_ref(), &history)?;
        let newest = resumed.as_ref().map(|(set, parts)| (set.stamp().clone(), parts.log.state.needed_from()));
        let (resumed_log, resumed_roles) = match resumed {
            Some((_, parts)) => {
                history.resume(&parts.history, &parts.log.state.dictionary(), &parts.log.control);
                (Some(parts.log), Some(parts.roles))
            }
            None => (None, None),
        };
        let cuts = log_config.snapshot_every_ms.zip(snapshots).map(|(every_ms, snapshots)| {
            let first_ms =
                resumed_log.as_ref().map_or(i64::MIN, |log| log.state.log_time_ms().saturating_add(every_ms));
            Arc::new(Cuts::new(snapshots, every_ms, parts_of(partitions), first_ms))
        });
        let flusher = Flusher::start(Arc::clone(&history));
        // A city whose clock is not ours has no days that could be over.
        let retention = matches!(clock, LogClock::Wall(_)).then(|| daily_retention(&prepared.config, &data)).flatten();
        let upkeep = Upkeep::start(Arc::clone(&history), prepared.config.history.upkeep(), retention)
            .map_err(|error| Failure::io("cannot start the thread that looks after history", error))?;
        let options = PipelineOptions {
            centre: Arc::clone(&centre),
            partitions,
            threads,
            history: Some(HistoryFeed::new(Arc::clone(&history), Handle::current())),
            observer: None,
            resumed: resumed_roles,
            cuts: cuts.clone(),
        };
        let pipeline = Pipeline::start(options, opened.readers)?;
        let settings = Settings {
            partitions,
            tick_ms: prepared.config.time.tick_ms,
            max_skew_ms: prepared.config.time.max_skew_ms,
            age_max_ms: log_config.age_max_ms,
            ..Settings::new(Arc::clone(&log_id))
        };
        let interner = Arc::new(Interner::new(NAMES_PER_KIND_MAX));
        // It reads the whole log and waits for the roles, so it must not hold up the runtime they need.
        let names = Arc::clone(&interner);
        let recall = move || Sequencer::recalled(settings, clock, opened.log, interner, resumed_log);
        let sequencer = tokio::task::spawn_blocking(recall).await;
        let sequencer = sequencer.map_err(|error| Failure::io("cannot start the log", error))?;
        let mut sequencer = sequencer.map_err(|error| Failure::io("cannot start the log", error))?;
        caught_up(&pipeline, &sequencer).await?;
        let gap = gap_between(&history, &sequencer, &pipeline.judged);
        let control =
            following(sequencer.control().map(AsRef::as_ref), Control::clone(&prepared.control), &prepared.rules);
        let control = Arc::new(control);
        let keeper = match cuts {
            Some(cuts) => {
                sequencer.take_snapshots(Arc::clone(&cuts));
                Some(Keeper::start(cuts, Arc::clone(&history), newest)?)
            }
            None => None,
        };
        sequencer.begin(Arc::clone(&control), gap).map_err(|error| Failure::io("cannot start the log", error))?;
        let (intake, sequencer) = spawn(sequencer, pipeline.health.watch(Part::Sequencer))
            .map_err(|error| Failure::io("cannot start the sequencer's thread", error))?;
        let dead_letters = DeadLetters::start(&data.join("dead-letters"))
            .map_err(|error| Failure::io("cannot start the writer of dead letters", error))?;
        let registry = Arc::new(registry(&prepared, &names));
        let standing = Arc::<Standing>::default();
        let health = HealthState {
            health: Arc::clone(&pipeline.health),
            intake: intake.clone(),
            history: Arc::clone(&history),
            standing: Arc::clone(&standing),
            sets: keeper.as_ref().map(|keeper| Arc::clone(&keeper.sets)).unwrap_or_default(),
            metrics,
        };
        let sql = sql_door(&prepared, &data, &history)?;
        let routes = routes(&prepared, &data, &log_id, &registry, &pipeline, &dead_letters, &sql, health);
        let reload = ReloadOptions {
            config: prepared.config,
            control,
            rules: prepared.rules,
            intake: intake.clone(),
            registry,
            standing,
            look_every: LOOK_EVERY,
        };
        let reload = Reload::start(reload, Handle::current())?;
        let seeder = Seeder::start(SeederOptions {
            centre,
            history: Arc::clone(&history),
            health: Arc::clone(&pipeline.health),
            intake: intake.clone(),
            unseeded: pipeline.unseeded.clone(),
        })?;
        let (stop, stopped) = watch::channel(false);
        let postgres = wire.as_ref().map(|wire| wire.address);
        if let Some(wire) = wire {
            wire.serve(sql, stopped.clone());
        }
        let serving = tokio::spawn(serve(listener, routes, ConnectionLimits::default(), stopped));
        tracing::info!(%url, %log_id, data = %data.display(), "serving");
        Ok(Self {
            url,
            postgres,
            intake,
            feed: Arc::clone(&pipeline.feed),
            history,
            pipeline,
            sequencer,
            flusher,
            upkeep,
            dead_letters,
            reload,
            seeder,
            keeper,
            stop,
            serving,
        })
    }

    /// Stops in the order of the data; returns once everything taken is in history.
    ///
    /// # Errors
    /// When a part had failed, or the last commit fails.
    pub async fn stop(self) -> Result<(), Failure> {
        let Self {
            intake,
            feed,
            pipeline,
            sequencer,
            flusher,
            upkeep,
            dead_letters,
            reload,
            seeder,
            keeper,
            stop,
            mut serving,
            ..
        } = self;
        drop((reload, seeder));
        let upkept = tokio::task::spawn_blocking(move || upkeep.stop());
        pipeline.health.stopping();
        let folded = tokio::task::spawn_blocking(move || {
            intake.stop();
            let sequenced = sequencer.join().map_err(|_| Failure::Io("the sequencer failed".to_owned()))?;
            pipeline.join()?;
            drop(keeper);
            sequenced.map_err(|error| Failure::io("the log failed", error))
        });
        let folded = tokio::time::timeout(FOLD_MAX, folded).await;
        let folded = match folded {
            Ok(joined) => joined.unwrap_or_else(|error| Err(Failure::io("cannot wait for the roles", error))),
            Err(_) => Err(Failure::Io(
                "history cannot be written; the next start commits its newest rows from the log".to_owned(),
            )),
        };
        feed.close();
        // The listener may have failed and be gone already.
        let _ = stop.send(true);
        if tokio::time::timeout(CONNECTIONS_END_MAX, &mut serving).await.is_err() {
            tracing::warn!("some connections did not end in time and are left to the end of the process");
            serving.abort();
        }
        let written = tokio::task::spawn_blocking(move || dead_letters.stop());
        if tokio::time::timeout(DEAD_LETTERS_MAX, written).await.is_err() {
            tracing::warn!("the last dead letters could not be written in time");
        }
        if let Err(error) = upkept.await {
            tracing::warn!(%error, "the thread that looks after history cannot be waited for");
        }
        let committed = match tokio::time::timeout(COMMIT_MAX, flusher.stop()).await {
            Ok(committed) => committed.map_err(|error| Failure::io("cannot commit history", error)),
            Err(_) => Err(Failure::Io(
                "history could not be committed in time; the next start commits its newest rows from the log"
                    .to_owned(),
            )),
        };
        folded.and(committed)
    }

    /// Returns once a part that has to run has ended, or history cannot be written any more.
    pub async fn part_ended(&self) -> Failure {
        tokio::select! {
            failure = self.pipeline.health.part_ended() => failure,
            reason = self.history.poisoned() => Failure::Io(format!("history is closed: {reason}")),
        }
    }

    /// The log time up to which alert book and history have folded everything.
    #[must_use]
    pub fn folded_ms(&self) -> i64 {
        self.pipeline.health.folded_ms()
    }
}

/// Returns once the roles have judged again what the log held: before, pages would show half of it.
async fn caught_up<S: LogStore>(pipeline: &Pipeline, sequencer: &Sequencer<S>) -> Result<(), Failure> {
    let is_behind = || {
        pipeline.judged.next_sequence() < sequencer.next_sequence()
            || pipeline.health.folded_ms() < sequencer.last_tick_ms()
    };
    let folded = async {
        while is_behind() {
            tokio::time::sleep(CATCH_UP_LOOK).await;
        }
    };
    tokio::select! {
        () = folded => Ok(()),
        failure = pipeline.health.part_ended() => Err(failure),
    }
}

/// Whether history has rows or alerts that the log does not hold (any more), because its newest records are damaged or gone:
/// numbering then goes on behind them, or new rows would pass for the lost ones.
fn gap_between<S: LogStore>(history: &History, sequencer: &Sequencer<S>, judged: &Judged) -> Option<Gap> {
    let (own, stored) = (sequencer.next_offsets(), history.next_offsets());
    let lost_rows: u64 = own.iter().zip(&stored).map(|(own, stored)| stored.saturating_sub(*own)).sum();
    if lost_rows == 0 && judged.alert_position() >= history.next_alert_position() {
        return None;
    }
    tracing::error!(lost_rows, "history is ahead of the log, which lost its newest records; `vigie verify` shows more");
    Some(Gap {
        next_offsets: own.into_iter().zip(stored).map(|(own, stored)| own.max(stored)).collect(),
        alert_position: judged.alert_position().max(history.next_alert_position()),
    })
}
