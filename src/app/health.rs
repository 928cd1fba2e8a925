//! Whether the process is alive and ready, told truthfully.
//!
//! *Alive* (`/healthz`): the sequencer and every role still run. *Ready* (`/readyz`): alive, history commits, and the
//! roles keep up with the log. Both answer 503 with the reasons otherwise; nothing here is a constant "ok".

use crate::exit::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tokio::sync::Notify;
use vigie_log::intake::Intake;
use vigie_store::history::writer::History;

/// How full the ring between sequencer and roles may be before the process is not ready: above, intake is about to wait.
const RING_FILL_MAX: f64 = 0.9;

/// What is watched.
#[derive(Debug, Default)]
pub struct Health {
    stopping: AtomicBool,
    ended: [AtomicBool; Part::ALL.len()],
    some_ended: Notify,
    folded_ms: [AtomicI64; Part::ALL.len()],
}

/// A part that has to run while the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Writes the log.
    Sequencer,
    /// Judges rules.
    Rules,
    /// Keeps the alert book.
    Book,
    /// Hands rows to history.
    History,
}

impl Part {
    const ALL: [Self; 4] = [Self::Sequencer, Self::Rules, Self::Book, Self::History];

    /// Those that note how far they have folded.
    pub const FOLDING: [Self; 2] = [Self::Book, Self::History];

    const fn name(self) -> &'static str {
        match self {
            Self::Sequencer => "sequencer",
            Self::Rules => "rules",
            Self::Book => "book",
            Self::History => "history",
        }
    }
}

/// Marks a part as ended when dropped, also by a panic. Held by the part's thread.
#[derive(Debug)]
pub struct Watch {
    health: Arc<Health>,
    part: Part,
}

impl Health {
    /// Watches a part: it counts as running until the returned guard is dropped.
    #[must_use]
    pub fn watch(self: &Arc<Self>, part: Part) -> Watch {
        Watch { health: Arc::clone(self), part }
    }

    /// Returns once a part has ended. Whoever runs the process then has to stop it: alerts would be missing.
    pub async fn part_ended(&self) -> Failure {
        loop {
            let notified = self.some_ended.notified();
            let reasons = self.not_alive();
            if !reasons.is_empty() {
                return Failure::Io(format!("{}; its message is above", reasons.join(", ")));
            }
            notified.await;
        }
    }

    /// Notes that a role has folded everything up to a log time.
    pub fn folded(&self, part: Part, log_time_ms: i64) {
        self.folded_ms[part as usize].store(log_time_ms, Ordering::Release);
    }

    /// The log time up to which the alert book and history have folded everything.
    #[must_use]
    pub fn folded_ms(&self) -> i64 {
        let folded = |part: Part| self.folded_ms[part as usize].load(Ordering::Acquire);
        folded(Part::Book).min(folded(Part::History))
    }

    /// From now on parts end because they were told to.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Why the process is not alive; empty when it is.
    #[must_use]
    pub fn not_alive(&self) -> Vec<String> {
        let ended = |part: &Part| self.ended[*part as usize].load(Ordering::Relaxed);
        Part::ALL.iter().filter(|part| ended(part)).map(|part| format!("{} has ended", part.name())).collect()
    }

    /// Why the process is not ready; empty when it is.
    #[must_use]
    pub fn not_ready(&self, intake: &Intake, history: &History) -> Vec<String> {
        let mut reasons = self.not_alive();
        if self.stopping.load(Ordering::Relaxed) {
            reasons.push("stopping".to_owned());
        }
        let fill = intake.ring_fill();
        if fill > RING_FILL_MAX {
            reasons.push(format!("roles are behind: the log's ring is {:.0} % full", fill * 100.0));
        }
        if !intake.has_room() {
            let fill = intake.log_fill() * 100.0;
            reasons.push(format!("the log has no room: {fill:.0} % of its cap is used, or its disk is full"));
        }
        let status = history.status();
        if let Some(error) = status.last_error {
            let attempts = status.failures_in_a_row;
            reasons.push(format!("history cannot be written ({attempts} attempts failed): {error}"));
        }
        reasons
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.health.ended[self.part as usize].store(true, Ordering::Relaxed);
        self.health.some_ended.notify_waiters();
        if std::thread::panicking() {
            tracing::error!(part = self.part.name(), "a part of the process panicked; restart it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_panics_makes_the_process_not_alive() {
        let health = Arc::new(Health::default());
        assert!(health.not_alive().is_empty());
        let watch = health.watch(Part::Rules);
        let panicked = std::thread::spawn(move || {
            let _watch = watch;
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert_eq!(health.not_alive(), ["rules has ended"]);
    }
}
