//! Takes changed rules, spaces, metrics, calendars and events into a running server.
//!
//! The files are looked at every second ([`contents`]). Once they have changed, they are checked as at a start. With a
//! mistake, nothing changes, and everybody is told why. Without one, they become a control record of the log, and take
//! effect there: for rows behind it, for every role, and again at the next start.
//!
//! **Order.** First the control record is durable, then the door admits the new spaces, so that no row of a space is
//! judged by rules that do not know it. Rows of a space that is gone may still follow; they are judged as those of a space
//! that nobody declared.

pub mod contents;
pub mod creations;
pub mod standing;

use crate::app::reload::contents::{Looker, Settling};
use crate::app::reload::creations::following;
use crate::app::reload::standing::Standing;
use crate::config::control::{Prepared, files, prepare};
use crate::config::file::Config;
use crate::exit::{Failure, count};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;
use vigie_ingest::spaces::registry::Registry;
use vigie_log::intake::{Intake, IntakeError};
use vigie_model::control::Control;
use vigie_model::diagnostic::Diagnostic;
use vigie_model::id::hashed_id;
use vigie_rules::changes::{RuleChange, changes};
use vigie_rules::spec::RuleSet;

/// Time between two looks at the files.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Mistakes told one by one; `vigie check` tells all.
const MISTAKES_TOLD_MAX: usize = 100;
/// Mistakes named to who asks whether the process is ready.
const MISTAKES_NAMED_MAX: usize = 5;
/// Rules told one by one when they change.
const CHANGES_TOLD_MAX: usize = 100;
/// Hex digits of a rule set's version: a double holds their number exactly.
const VERSION_DIGITS: usize = 12;

/// What runs, and where changes of it go.
pub struct ReloadOptions {
    /// What the server was started with.
    pub config: Config,
    /// The newest control record of the log.
    pub control: Arc<Control>,
    /// Its rules.
    pub rules: Arc<RuleSet>,
    /// The log's intake.
    pub intake: Intake,
    /// The spaces the door admits.
    pub registry: Arc<Registry>,
    /// Where it is told how the files stand to what runs.
    pub standing: Arc<Standing>,
    /// Time between two looks at the files.
    pub look_every: Duration,
}

/// Watches the files until it is dropped.
#[derive(Debug)]
pub struct Reload {
    /// Its end is what the thread waits for.
    _stop: Sender<()>,
}

impl Reload {
    /// Starts watching; `runtime` runs the listener.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(options: ReloadOptions, runtime: Handle) -> Result<Self, Failure> {
        let (stop, stopped) = channel();
        tell_version(&options.rules);
        options.standing.same();
        // So that both are there before anything happens.
        metrics::counter!("vigie_rules_reloads_total").increment(0);
        metrics::counter!("vigie_rules_reload_failed_total").increment(0);
        let watcher = Watcher::new(options, runtime);
        // Nobody waits for the thread: a look at a network that hangs must not hold up a stop.
        let spawned = std::thread::Builder::new().name("reload".to_owned()).spawn(move || watcher.run(&stopped));
        spawned.map_err(|error| Failure::io("cannot start the thread that watches the rules", error))?;
        Ok(Self { _stop: stop })
    }
}

/// Whether watching goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Look,
    End,
}

struct Watcher {
    options: ReloadOptions,
    runtime: Handle,
    looker: Looker,
    settling: Settling,
    /// Sections whose change waits for a restart, as far as told.
    waiting: Vec<&'static str>,
}

impl Watcher {
    fn new(options: ReloadOptions, runtime: Handle) -> Self {
        let (looker, settling) = (Looker::default(), Settling::default());
        Self { options, runtime, looker, settling, waiting: Vec::new() }
    }

    fn run(mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(self.options.look_every) == Err(RecvTimeoutError::Timeout) {
            if self.look() == Next::End {
                return;
            }
        }
    }

    fn look(&mut self) -> Next {
        let file = self.options.config.file.clone();
        let now = self.looker.look(&files(&file), SystemTime::now());
        if !self.settling.look(now) {
            return Next::Look;
        }
        let read = prepare(&file);
        let after = self.looker.look(&files(&file), SystemTime::now());
        if !self.settling.is_taken(&after) {
            // They changed while they were read: nobody knows what was read.
            self.settling.again();
            return Next::Look;
        }
        match read {
            Ok(prepared) => self.take(prepared),
            Err(mistakes) => {
                self.refuse(&mistakes);
                Next::Look
            }
        }
    }

    /// Files with mistakes: the running rules stay.
    fn refuse(&self, found: &[Diagnostic]) {
        let mistakes: Vec<_> = found.iter().filter(|found| found.is_error()).map(ToString::to_string).collect();
        let named: String = mistakes.iter().take(MISTAKES_NAMED_MAX).map(|mistake| format!("\n{mistake}")).collect();
        let words = count(mistakes.len(), "mistake");
        self.options.standing.differs(&format!("the files on disk have {words}; what runs is older:{named}"));
        metrics::counter!("vigie_rules_reload_failed_total").increment(1);
        for mistake in mistakes.iter().take(MISTAKES_TOLD_MAX) {
            tracing::error!("{mistake}");
        }
        tracing::error!(mistakes = mistakes.len(), "the changed files have mistakes; what runs stays as it is");
    }

    /// Files without mistakes: a control record, if they say something else than the newest one.
    fn take(&mut self, prepared: Prepared) -> Next {
        let running = Arc::clone(&self.options.control);
        let Prepared { config, control, rules, warnings } = prepared;
        self.tell_what_waits(&config);
        let control = Control {
            centre: Arc::clone(&running.centre),
            time_zone: Arc::clone(&running.time_zone),
            tick_ms: running.tick_ms,
            ..Arc::unwrap_or_clone(control)
        };
        let control = Arc::new(following(Some(&running), control, &rules));
        if control == running {
            if self.options.standing.why_differs().is_some() {
                tracing::info!("the files on disk are again what runs");
            }
            self.options.standing.same();
            return Next::Look;
        }
        match self.runtime.block_on(self.options.intake.change_control(Arc::clone(&control))) {
            Ok(_) => {}
            Err(IntakeError::Closed) => return Next::End,
            Err(busy @ (IntakeError::Busy | IntakeError::Full)) => {
                self.options.standing.differs(&format!("the changed files are not taken yet: {busy}"));
                self.settling.again();
                return Next::Look;
            }
        }
        if control.spaces != running.spaces {
            self.options.registry.declare(Arc::clone(&control.spaces));
        }
        self.options.standing.same();
        metrics::counter!("vigie_rules_reloads_total").increment(1);
        tell_version(&rules);
        tell_changes(&self.options.rules, &rules, control.spaces != running.spaces, warnings.len());
        (self.options.control, self.options.rules) = (control, rules);
        Next::Look
    }

    /// Says once what of the configuration cannot be taken while running.
    fn tell_what_waits(&mut self, config: &Config) {
        let waiting = config.waiting_for_restart(&self.options.config);
        if waiting != self.waiting && !waiting.is_empty() {
            let waiting = waiting.join(", ");
            tracing::warn!(%waiting, "these changes of the configuration take effect only when the server is started again");
        }
        self.waiting = waiting;
    }
}

/// One number for the rules that run: equal on all servers with the same rules.
fn tell_version(rules: &RuleSet) {
    let version = version(rules);
    let number = u64::from_str_radix(&version, 16).expect("a version is hex digits");
    metrics::gauge!("vigie_rules_version").set(number as f64);
    tracing::info!(rules = rules.len(), %version, "rules in force");
}

fn version(rules: &RuleSet) -> String {
    let by_name: BTreeMap<_, _> = rules.identities().map(|rule| (&rule.name, &rule.version)).collect();
    let parts: Vec<&str> = by_name.into_iter().flat_map(|(name, version)| [&**name, &**version]).collect();
    let mut version = hashed_id(&parts);
    version.truncate(VERSION_DIGITS);
    version
}

fn tell_changes(old: &RuleSet, new: &RuleSet, spaces_changed: bool, warnings: usize) {
    let changes = changes(old, new);
    for (rule, change) in changes.iter().take(CHANGES_TOLD_MAX) {
        tracing::info!(%rule, "rule {}", change.as_str());
    }
    let count = |what: RuleChange| changes.values().filter(|found| **found == what).count();
    tracing::info!(
        added = count(RuleChange::Added),
        removed = count(RuleChange::Removed),
        changed = count(RuleChange::Changed),
        started_afresh = count(RuleChange::StartedAfresh),
        spaces_changed,
        warnings,
        "the changed files are in force"
    );
}

#[cfg(test)]
mod tests;
