//! A running server: log, roles, history and listener, started and stopped in order.
//!
//! **Stopping** follows the data: the end of the log, then every role folds what is left, then streams and connections
//! end, then history commits. Whoever was answered finds its rows in history; requests that come meanwhile are told that
//! the log is closed. A stop takes a bounded time, also when history cannot be written.

use crate::app::backtests_door::BacktestsDoor;
use crate::app::commands_door::CommandsDoor;
use crate::app::connections::{ConnectionLimits, serve};
use crate::app::embedded_log::open_log;
use crate::app::health::Part;
use crate::app::listener::{HealthState, health_router};
use crate::app::lock::note_time_zone;
use crate::app::openapi::openapi_router;
use crate::app::pipeline::{Pipeline, PipelineOptions, readers_of};
use crate::app::pressure::pressure_gauge;
use crate::app::reload::creations::following;
use crate::app::reload::standing::Standing;
use crate::app::reload::{LOOK_EVERY, Reload, ReloadOptions};
use crate::app::reports_door::ReportsDoor;
use crate::app::roles::history::HistoryFeed;
use crate::app::roles::judged::Judged;
use crate::app::seeder::{Seeder, SeederOptions};
use crate::app::telemetry;
use crate::config::console::Console;
use crate::config::control::Prepared;
use crate::exit::Failure;
use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle as ThreadHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vigie_alerts::feed::AlertFeed;
use vigie_console::guard::same_site;
use vigie_console::refusal::as_problem;
use vigie_console::router::router as console_router;
use vigie_console::state::{ConsoleState, PageSettings};
use vigie_ingest::intake::dead_letters::DeadLetters;
use vigie_ingest::intake::http::router as intake_router;
use vigie_ingest::spaces::registry::Registry;
use vigie_log::clock::LogClock;
use vigie_log::error::LogError;
use vigie_log::intake::{Intake, spawn};
use vigie_log::interner::{Interner, NAMES_PER_KIND_MAX};
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::LogStore;
use vigie_model::control::Control;
use vigie_model::doors::QueryDoor;
use vigie_model::names::NameKind;
use vigie_model::position::LogId;
use vigie_model::principal::Principal;
use vigie_model::record::Gap;
use vigie_store::history::flusher::Flusher;
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::writer::History;
use vigie_store::sql::door::SqlDoor;
use vigie_store::sql::limits::SqlLimits;

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
    /// The log's intake.
    pub intake: Intake,
    /// The public alert stream.
    pub feed: Arc<AlertFeed>,
    history: Arc<History>,
    pipeline: Pipeline,
    sequencer: ThreadHandle<Result<(), LogError>>,
    flusher: Flusher,
    dead_letters: DeadLetters,
    reload: Reload,
    seeder: Seeder,
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
        note_time_zone(&data, &prepared.config.centre.time_zone)?;
        let metrics = telemetry::start_metrics();
        let partitions = prepared.config.log.partitions;
        let threads = prepared.config.rules.threads(partitions);
        let opened = open_log(&data, &centre, &prepared.config.log, readers_of(threads, true))?;
        let log_id = Arc::clone(&opened.log.identity().log_id);
        let history_options = HistoryOptions {
            partitions,
            ..HistoryOptions::new(data.join("history"), Arc::clone(&centre), Arc::clone(&log_id))
        };
        let history =
            History::open(history_options).await.map_err(|error| Failure::io("cannot open history", error))?;
        let history = Arc::new(history);
        let flusher = Flusher::start(Arc::clone(&history));
        let options = PipelineOptions {
            centre: Arc::clone(&centre),
            partitions,
            threads,
            history: Some(HistoryFeed::new(Arc::clone(&history), Handle::current())),
            observer: None,
        };
        let pipeline = Pipeline::start(options, opened.readers)?;
        let settings = Settings {
            partitions,
            tick_ms: prepared.config.time.tick_ms,
            max_skew_ms: prepared.config.time.max_skew_ms,
            ..Settings::new(Arc::clone(&log_id))
        };
        let interner = Arc::new(Interner::new(NAMES_PER_KIND_MAX));
        // It reads the whole log and waits for the roles, so it must not hold up the runtime they need.
        let names = Arc::clone(&interner);
        let recall = move || Sequencer::recalled(settings, clock, opened.log, interner);
        let sequencer = tokio::task::spawn_blocking(recall).await;
        let sequencer = sequencer.map_err(|error| Failure::io("cannot start the log", error))?;
        let mut sequencer = sequencer.map_err(|error| Failure::io("cannot start the log", error))?;
        caught_up(&pipeline, &sequencer).await?;
        let gap = gap_between(&history, &sequencer, &pipeline.judged);
        let control =
            following(sequencer.control().map(AsRef::as_ref), Control::clone(&prepared.control), &prepared.rules);
        let control = Arc::new(control);
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
            metrics,
        };
        let routes = routes(&prepared, &data, &log_id, &registry, &pipeline, &dead_letters, health)?;
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
        let serving = tokio::spawn(serve(listener, routes, ConnectionLimits::default(), stopped));
        tracing::info!(%url, %log_id, data = %data.display(), "serving");
        Ok(Self {
            url,
            intake,
            feed: Arc::clone(&pipeline.feed),
            history,
            pipeline,
            sequencer,
            flusher,
            dead_letters,
            reload,
            seeder,
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
            intake, feed, pipeline, sequencer, flusher, dead_letters, reload, seeder, stop, mut serving, ..
        } = self;
        drop((reload, seeder));
        pipeline.health.stopping();
        let folded = tokio::task::spawn_blocking(move || {
            intake.stop();
            let sequenced = sequencer.join().map_err(|_| Failure::Io("the sequencer failed".to_owned()))?;
            pipeline.join()?;
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

/// The declared spaces, and those that registered in earlier lives of the log.
fn registry(prepared: &Prepared, names: &Interner) -> Registry {
    let config = &prepared.config;
    let registry = Registry::new(
        &config.centre.id,
        Arc::clone(&prepared.control.spaces),
        config.spaces.unknown,
        vigie_ingest::limits::REGISTERED_SPACES_MAX,
        config.spaces.nearest_m.unwrap_or(0.0),
    );
    for space in (0..).map_while(|index| names.name(NameKind::Space, index)) {
        // One that is not let in any more has rows all the same.
        let _ = registry.admit(&space);
    }
    registry
}

fn routes(
    prepared: &Prepared,
    data: &Path,
    log_id: &LogId,
    registry: &Arc<Registry>,
    pipeline: &Pipeline,
    dead_letters: &DeadLetters,
    health: HealthState,
) -> Result<Router, Failure> {
    let config = &prepared.config;
    let (intake, history) = (&health.intake, &health.history);
    let centre: Arc<str> = config.centre.id.as_str().into();
    let sql = SqlDoor::new(Arc::clone(history) as Arc<_>, SqlLimits::default());
    let sql: Arc<dyn QueryDoor> = Arc::new(sql.map_err(|error| Failure::io("cannot open the SQL door", error))?);
    let waiting = Arc::clone(&pipeline.waiting);
    let commands = CommandsDoor::new(Arc::clone(&centre), Arc::clone(log_id), intake.clone(), waiting);
    let clock = intake.clone();
    let state = ConsoleState {
        centre_name: config.centre.name.as_str().into(),
        time_zone: config.centre.time_zone.as_str().into(),
        principal: Principal::local(&centre),
        hosts: config.http.hosts.clone().into(),
        alerts: Arc::clone(&pipeline.live),
        desk: Arc::clone(&pipeline.desk),
        feed: Arc::clone(&pipeline.feed),
        commands: Arc::new(commands),
        reports: Arc::new(ReportsDoor::new(Arc::clone(&centre), intake.clone(), Arc::clone(registry))),
        page: Arc::new(page_settings(&config.console)),
        queries: Some(sql),
        rules: Arc::clone(&pipeline.questions) as _,
        backtests: Some(Arc::new(BacktestsDoor::new(Arc::clone(&centre), config.file.clone(), data.to_owned()))),
        spaces: Arc::clone(registry) as Arc<_>,
        log_clock: Arc::new(move || clock.log_time_ms()),
    };
    let pressure = pressure_gauge(intake.clone());
    let feeds = config.feed_specs();
    let events = intake_router(intake.clone(), Arc::clone(registry), feeds, pressure, dead_letters.clone());
    // The console's routes have this guard already; a page of another site may not send events either.
    let guarded =
        events.merge(health_router(health)).merge(openapi_router()).layer(from_fn_with_state(state.clone(), same_site));
    Ok(guarded.merge(console_router(state)).layer(map_response(as_problem)))
}

fn page_settings(console: &Console) -> PageSettings {
    let Console { languages, camera_url, radio_url, basemap } = console.clone();
    PageSettings { languages, camera_url, radio_url, basemap }
}
