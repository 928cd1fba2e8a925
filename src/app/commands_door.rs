//! The door for operators' commands: into the log, and back with the outcome.
//!
//! The waiter is registered before the command is handed to the log, so that its outcome cannot pass unnoticed.

use crate::app::roles::book::Waiting;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use tokio::sync::oneshot;
use vigie_log::intake::{Intake, IntakeError};
use vigie_model::command::{Command, Outcome};
use vigie_model::doors::{CommandAnswer, CommandError, CommandRequest, CommandSink, DoorFuture};
use vigie_model::id::hashed_id;
use vigie_model::position::LogId;
use vigie_model::principal::Principal;

/// Commands that may wait for their outcome at once.
const WAITING_MAX: usize = 1024;

/// Writes commands to the log of one centre.
#[derive(Debug)]
pub struct CommandsDoor {
    centre: Arc<str>,
    log_id: LogId,
    intake: Intake,
    waiting: Arc<Waiting>,
    /// When this door was opened: a log outlives the process, and numbers begin anew with it.
    opened_ns: u128,
    next: AtomicU64,
}

impl CommandsDoor {
    /// A door to the log behind `intake`; outcomes come through `waiting`.
    #[must_use]
    pub fn new(centre: Arc<str>, log_id: LogId, intake: Intake, waiting: Arc<Waiting>) -> Self {
        let opened = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { centre, log_id, intake, waiting, opened_ns: opened.as_nanos(), next: AtomicU64::new(0) }
    }

    async fn give(&self, who: &Principal, request: CommandRequest) -> Result<CommandAnswer, CommandError> {
        if *who.scope.centre != *self.centre {
            return Ok(CommandAnswer { action_id: Arc::default(), outcome: Outcome::UnknownAlert });
        }
        if self.waiting.len() >= WAITING_MAX {
            return Err(CommandError::Busy);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (opened, number) = (self.opened_ns.to_string(), number.to_string());
        let action_id: Arc<str> = hashed_id(&[&self.log_id, "command", &opened, &number]).into();
        let (waiter, outcome) = oneshot::channel();
        self.waiting.insert(Arc::clone(&action_id), waiter);
        let command = Command {
            action_id: Arc::clone(&action_id),
            operator: request.operator,
            note: request.note,
            log_time_ms: 0,
            action: request.action,
        };
        if let Err(error) = self.intake.command(command).await {
            self.waiting.remove(&action_id);
            return Err(match error {
                IntakeError::Busy | IntakeError::Full => CommandError::Busy,
                IntakeError::Closed => CommandError::Closed,
            });
        }
        let outcome = outcome.await.map_err(|_| CommandError::Closed)?;
        Ok(CommandAnswer { action_id, outcome })
    }
}

impl CommandSink for CommandsDoor {
    fn command<'a>(
        &'a self,
        who: &'a Principal,
        request: CommandRequest,
    ) -> DoorFuture<'a, Result<CommandAnswer, CommandError>> {
        Box::pin(self.give(who, request))
    }
}
