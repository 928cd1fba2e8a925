//! What people, the clock and the desk did with an alert, as fields of its JSON.

use crate::around::{Chattering, OutOfService};
use crate::view::{Acknowledgement, AlertView, Assignment, EscalatedTo, Reannounced, Shelving};
use serde::Serialize;
use std::sync::Arc;
use vigie_model::command::{Action, AlertDeed, Command, StepState};
use vigie_model::time::format_utc;

/// The fields of an alert's handling, in their order; those that say nothing are left out.
#[derive(Serialize)]
pub(crate) struct HandledRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<DoneRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shelved: Option<DoneRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned: Option<AssignedRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reannounced: Option<ReannouncedRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    escalated_to: Option<EscalatedRow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checklist: Vec<StepRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<DoneRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_service: Option<OutOfServiceRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    exercise: bool,
    #[serde(skip_serializing_if = "is_false")]
    test: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chattering: Option<ChatteringRow>,
}

impl<'a> HandledRow<'a> {
    /// The fields of an alert.
    pub(crate) fn of(alert: &'a AlertView) -> Self {
        let until_ms = alert.acknowledged_until_ms();
        Self {
            acknowledged: alert.acknowledged.as_ref().map(|seen| DoneRow::acknowledged(seen, until_ms)),
            shelved: alert.shelved.as_ref().map(DoneRow::shelved),
            assigned: alert.assigned.as_ref().map(AssignedRow::of),
            reannounced: alert.reannounced.as_ref().map(ReannouncedRow::of),
            escalated_to: alert.escalated_to.as_ref().map(EscalatedRow::of),
            checklist: checklist(alert),
            closed: alert.closed.as_deref().map(DoneRow::closed),
            out_of_service: alert.out_of_service.as_deref().map(OutOfServiceRow::of),
            mode: alert.mode.name.as_deref(),
            exercise: alert.mode.is_exercise,
            test: alert.is_test,
            incident_file: alert.incident_file.as_deref(),
            chattering: alert.chattering.map(ChatteringRow::of),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Who did something with an alert, when, in what words, and until when.
#[derive(Serialize)]
struct DoneRow<'a> {
    operator: &'a str,
    log_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared_time: Option<String>,
}

impl<'a> DoneRow<'a> {
    fn of(command: &'a Command) -> Self {
        Self {
            operator: &command.operator,
            log_time: format_utc(command.log_time_ms),
            disposition: None,
            cause: None,
            note: command.note.as_deref(),
            until: None,
            cleared_time: None,
        }
    }

    fn acknowledged(acknowledgement: &'a Acknowledgement, until_ms: Option<i64>) -> Self {
        Self { until: until_ms.map(format_utc), ..Self::of(&acknowledgement.by) }
    }

    fn shelved(shelving: &'a Shelving) -> Self {
        let until = Some(format_utc(shelving.until_ms));
        Self { until, cleared_time: shelving.cleared_ms.map(format_utc), ..Self::of(&shelving.by) }
    }

    fn closed(command: &'a Command) -> Self {
        let (disposition, cause) = match &command.action {
            Action::Alert { deed: AlertDeed::Close { disposition, cause }, .. } => {
                (Some(disposition.as_str()), cause.as_deref())
            }
            _ => (None, None),
        };
        Self { disposition, cause, ..Self::of(command) }
    }
}

#[derive(Serialize)]
struct AssignedRow<'a> {
    operator: &'a str,
    to: &'a str,
    log_time: String,
}

impl<'a> AssignedRow<'a> {
    fn of(assigned: &'a Assignment) -> Self {
        Self { operator: &assigned.operator, to: &assigned.to, log_time: format_utc(assigned.log_time_ms) }
    }
}

#[derive(Serialize)]
struct ReannouncedRow {
    log_time: String,
    reason: &'static str,
}

impl ReannouncedRow {
    fn of(again: &Reannounced) -> Self {
        Self { log_time: format_utc(again.log_time_ms), reason: again.why.as_str() }
    }
}

#[derive(Serialize)]
struct EscalatedRow<'a> {
    desk: &'a str,
    log_time: String,
}

impl<'a> EscalatedRow<'a> {
    fn of(escalated: &'a EscalatedTo) -> Self {
        Self { desk: &escalated.desk, log_time: format_utc(escalated.log_time_ms) }
    }
}

#[derive(Serialize)]
struct StepRow<'a> {
    step: u32,
    text: &'a str,
    state: StepState,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// Every step of the procedure with which the alert opened, and what was said about it.
fn checklist<'a>(alert: &'a AlertView) -> Vec<StepRow<'a>> {
    let steps = (1..).zip(&alert.opened.rule.procedure);
    let row = |(step, text): (u32, &'a Arc<str>)| {
        let checked = alert.checklist.get(&step);
        let by = checked.map(|checked| &*checked.by);
        StepRow {
            step,
            text,
            state: checked.map_or(StepState::Open, |checked| checked.state),
            operator: by.map(|by| &*by.operator),
            log_time: by.map(|by| format_utc(by.log_time_ms)),
            note: by.and_then(|by| by.note.as_deref()),
        }
    };
    steps.map(row).collect()
}

#[derive(Serialize)]
struct OutOfServiceRow<'a> {
    operator: &'a str,
    log_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    id: &'a str,
}

impl<'a> OutOfServiceRow<'a> {
    fn of(out: &'a OutOfService) -> Self {
        Self {
            operator: &out.operator,
            log_time: format_utc(out.log_time_ms),
            note: out.note.as_deref(),
            until: out.until_ms.map(format_utc),
            id: &out.id,
        }
    }
}

#[derive(Serialize)]
struct ChatteringRow {
    since: String,
    count: u64,
}

impl ChatteringRow {
    fn of(chattering: Chattering) -> Self {
        Self { since: format_utc(chattering.since_ms), count: chattering.count }
    }
}
