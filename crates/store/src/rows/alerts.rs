//! Rows of `alerts` and `actions`: what the alert stream says about episodes, and what operators did with them.

use super::columns::{Common, batch, instants, instants_or_null, offset, texts, texts_or_null};
use crate::schema::table::Table;
use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vigie_model::alert::{AlertId, Transition};
use vigie_model::command::{Action, AlertDeed, DeskDeed, Outcome};
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand, LogDeed, LogPlace, RuleVersions};

/// Who stands for the log itself in the column of operators.
pub(crate) const LOG_OPERATOR: &str = "vigie";

/// The alert stream is one order, stored as one partition.
pub(crate) const STREAM_PARTITION: u16 = 0;

/// The rows of those records of the alert stream that are transitions of episodes; `None` when none is.
#[must_use]
pub fn alerts(records: &[AlertRecord], centre: &str) -> Option<RecordBatch> {
    let rows: Vec<(&AlertRecord, &Transition)> = records.iter().filter_map(of_episode).collect();
    if rows.is_empty() {
        return None;
    }
    let transitions = || rows.iter().map(|(_, transition)| *transition);
    let columns = vec![
        texts(transitions().map(|row| row.alert_id.as_str())),
        texts(transitions().map(|row| &row.rule.name)),
        texts(transitions().map(|row| &row.rule.uid)),
        texts(transitions().map(|row| &row.rule.version)),
        texts(transitions().map(|row| &row.key)),
        texts(transitions().map(|row| &row.space)),
        texts(transitions().map(|row| row.severity.as_str())),
        texts(transitions().map(|row| row.state.as_str())),
        instants(transitions().map(|row| row.event_time_ms)),
        texts_or_null(transitions().map(|row| row.reason)),
        texts(transitions().map(|row| row.evidence.as_deref().unwrap_or("{}"))),
        texts(transitions().map(|row| &row.summary)),
    ];
    let common = Common {
        centre,
        feeds: transitions().map(|row| row.feed.as_ref()).collect(),
        log_time_ms: rows.iter().map(|(record, _)| record.log_time_ms).collect(),
        partitions: vec![STREAM_PARTITION; rows.len()],
        offsets: rows.iter().map(|(record, _)| offset(record.position)).collect(),
        dated_ms: transitions().map(|row| row.event_time_ms).collect(),
    };
    Some(batch(Table::Alerts, columns, &common))
}

fn of_episode(record: &AlertRecord) -> Option<(&AlertRecord, &Transition)> {
    let AlertItem::Transition(transition) = &record.item else { return None };
    transition.state.is_of_episode().then_some((record, transition.as_ref()))
}

/// What the note of a mark says, as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct MarkNote {
    /// Where in the log; a replay's end has its tick in place of the newest one.
    #[serde(flatten)]
    pub(crate) place: LogPlace,
    /// Versions of rules in force from there on.
    #[serde(default, skip_serializing_if = "RuleVersions::is_empty")]
    pub(crate) rules: RuleVersions,
}

/// The row of what the log did by itself; `None` for every other record of the alert stream.
#[must_use]
pub fn mark(record: &AlertRecord, centre: &str) -> Option<RecordBatch> {
    let AlertItem::Mark(mark) = &record.item else { return None };
    let mut note = MarkNote { place: mark.place.clone(), rules: mark.rules.clone() };
    if let LogDeed::ReplayEnded { tick_ms } = mark.what {
        (note.place.tick_ms, note.place.tick_log_time_ms) = (Some(tick_ms), Some(record.log_time_ms));
    }
    let note = serde_json::to_string(&note).expect("whole numbers and texts are JSON");
    let (action, position) = (mark.what.as_str(), record.position);
    let one = |text: &str| texts(std::iter::once(text));
    let nothing = || texts_or_null(std::iter::once(None::<&str>));
    let columns = vec![
        one(&format!("{action}-{position}")),
        nothing(),
        one(""),
        one(LOG_OPERATOR),
        one(action),
        one(&note),
        instants_or_null(std::iter::once(None)),
        nothing(),
        nothing(),
        one(Outcome::Done.as_str()),
        instants(std::iter::once(record.log_time_ms)),
        nothing(),
    ];
    let common = Common {
        centre,
        feeds: vec![""],
        log_time_ms: vec![record.log_time_ms],
        partitions: vec![STREAM_PARTITION],
        offsets: vec![offset(position)],
        dated_ms: vec![record.log_time_ms],
    };
    Some(batch(Table::Actions, columns, &common))
}

/// The row of a command with its outcome.
#[must_use]
pub fn action(applied: &AppliedCommand, centre: &str) -> RecordBatch {
    let command = &applied.command;
    let (disposition, cause) = match &command.action {
        Action::Alert { deed: AlertDeed::Close { disposition, cause }, .. } => {
            (Some(disposition.as_str()), cause.as_deref())
        }
        _ => (None, None),
    };
    let one = |text: &str| texts(std::iter::once(text));
    let columns = vec![
        one(&command.action_id),
        texts_or_null(std::iter::once(command.action.alert_id().map(AlertId::as_str))),
        one(&applied.space),
        one(&command.operator),
        one(command.action.as_str()),
        texts_or_null(std::iter::once(command.note.as_ref())),
        instants_or_null(std::iter::once(command.action.until_ms())),
        texts_or_null(std::iter::once(disposition)),
        texts_or_null(std::iter::once(cause)),
        one(applied.outcome.as_str()),
        instants(std::iter::once(command.log_time_ms)),
        texts_or_null(std::iter::once(target(&command.action))),
    ];
    let common = Common {
        centre,
        feeds: vec![""],
        log_time_ms: vec![command.log_time_ms],
        partitions: vec![STREAM_PARTITION],
        offsets: vec![offset(applied.position)],
        dated_ms: vec![command.log_time_ms],
    };
    batch(Table::Actions, columns, &common)
}

/// What a command names besides its alert, as JSON; `None` when that is nothing.
fn target(action: &Action) -> Option<String> {
    let named = match action {
        Action::Alert { deed, .. } => match deed {
            AlertDeed::Assign { to } => json!({ "to": &**to }),
            AlertDeed::CheckStep { step, state } => json!({ "step": step, "state": state }),
            AlertDeed::Acknowledge { .. }
            | AlertDeed::Shelve { .. }
            | AlertDeed::Unshelve
            | AlertDeed::Close { .. }
            | AlertDeed::Reopen => return None,
        },
        Action::Desk(deed) => match deed {
            DeskDeed::OutOfService { scope, .. } => {
                json!({ "rule": &scope.rule, "space": &scope.space, "sensor": &scope.sensor, "node": &scope.node })
            }
            DeskDeed::Return { id } => json!({ "id": &**id }),
            DeskDeed::Mode { mode, name, coordinator, spaces, .. } => {
                json!({ "mode": mode, "name": name, "coordinator": coordinator, "spaces": spaces })
            }
            DeskDeed::TestAlert { severity, space } => json!({ "severity": severity, "space": space }),
            DeskDeed::FileNew { title, alerts } => json!({ "title": &**title, "alerts": alerts }),
            DeskDeed::FileChange { id, title, add, remove, closed } => {
                json!({ "id": &**id, "title": title, "add": add, "remove": remove, "closed": closed })
            }
            DeskDeed::SignShift { side } => json!({ "as": side }),
            DeskDeed::SoundCheck { heard } => json!({ "heard": heard }),
        },
    };
    Some(without_absent(named).to_string())
}

/// An object without the fields that say nothing.
fn without_absent(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let says = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    Value::Object(fields.into_iter().filter(|(_, value)| says(value)).collect())
}
