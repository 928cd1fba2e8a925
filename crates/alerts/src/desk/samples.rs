//! Commands and alerts for the desk's tests.

use crate::desk::asked::DeskAlert;
use std::sync::Arc;
use vigie_model::alert::AlertId;
use vigie_model::command::{Action, Command, DeskDeed};
use vigie_model::severity::Severity;

/// A command about the centre, taken at `now_ms`; its id is `a` with that time.
pub(crate) fn desk_command(operator: &str, deed: DeskDeed, now_ms: i64) -> Command {
    Command {
        action_id: format!("a{now_ms}").into(),
        operator: operator.into(),
        note: None,
        log_time_ms: now_ms,
        action: Action::Desk(deed),
    }
}

/// What an alert of the desk's tests consists of.
pub(crate) struct Sample {
    id: AlertId,
    rule: Arc<str>,
    key: Arc<str>,
    space: Arc<str>,
    severity: Severity,
}

impl Sample {
    pub(crate) fn new(id: &str, rule: &str, space: &str, severity: Severity) -> Self {
        Self { id: AlertId::from_text(id), rule: rule.into(), key: space.into(), space: space.into(), severity }
    }

    pub(crate) fn alert(&self) -> DeskAlert<'_> {
        DeskAlert {
            id: &self.id,
            rule: &self.rule,
            key: &self.key,
            space: &self.space,
            severity: self.severity,
            cause: None,
            is_exercise: false,
            is_test: false,
            is_out_of_service: false,
        }
    }
}
