//! `GET /v1/desk` and the commands about the centre: out of service, modes, test alerts, incident files, the shift.
//!
//! A command goes to the log and is answered once the desk has decided its outcome: `{"outcome", "id", "desk"}`, where `id`
//! names what the command made. What it cannot mean is refused here and never reaches the log.

use crate::body::Fields;
use crate::given::{NAME_BYTES_MAX, command_fields, conflict, not_taken, operator, required, severity, until};
use crate::looker::{desk_value, with_looker};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Json;
use serde_json::{Value, json};
use std::sync::Arc;
use vigie_alerts::desk::mode::SPACES_NAMED_MAX;
use vigie_alerts::desk::wire::sees_file;
use vigie_model::alert::AlertId;
use vigie_model::command::{
    ALERTS_NAMED_MAX, Action, DeskDeed, DeskMode, Outcome, ServiceScope, ShiftSide, TEXT_BYTES_MAX,
};
use vigie_model::doors::CommandRequest;

type Answer = Result<Json<Value>, Refusal>;
type Body = Result<Bytes, BytesRejection>;

/// The desk as it stands.
pub(crate) async fn now(State(state): State<ConsoleState>) -> Json<Value> {
    Json(desk_value(&state))
}

/// Takes something out of service.
pub(crate) async fn take_out(State(state): State<ConsoleState>, headers: HeaderMap, body: Body) -> Answer {
    const KNOWN: [&str; 7] = ["operator", "note", "until", "rule", "space", "sensor", "node"];
    let mut given = Given::read(&state, &headers, body)?;
    if given.note.is_none() {
        return Err(Refusal::bad_request("'note' is missing").expected("why it is taken out of service"));
    }
    let until_ms = until(&mut given.fields, (state.log_clock)())?;
    let mut name = |name| given.fields.text(name, NAME_BYTES_MAX).map(|text| text.map(Arc::from));
    let scope =
        ServiceScope { rule: name("rule")?, space: name("space")?, sensor: name("sensor")?, node: name("node")? };
    if scope == ServiceScope::default() {
        let refusal = Refusal::bad_request("nothing is named that could be out of service");
        return Err(refusal.expected("at least one of rule, space, sensor, node"));
    }
    known_spaces(&state, scope.space.as_slice())?;
    given.end(&KNOWN, DeskDeed::OutOfService { scope, until_ms }).await
}

/// Returns something to service.
pub(crate) async fn give_back(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let given = Given::read(&state, &headers, body)?;
    given.end(&["operator", "note"], DeskDeed::Return { id: id.into() }).await
}

/// Sets the mode.
pub(crate) async fn mode(State(state): State<ConsoleState>, headers: HeaderMap, body: Body) -> Answer {
    const KNOWN: [&str; 7] = ["operator", "mode", "name", "coordinator", "until", "spaces", "note"];
    let mut given = Given::read(&state, &headers, body)?;
    let fields = &mut given.fields;
    let mode = fields.word("mode", &DeskMode::ALL.map(|mode| (mode.as_str(), mode)), "normal, event or exercise")?;
    let name = fields.text("name", NAME_BYTES_MAX)?.map(Arc::from);
    let coordinator = fields.text("coordinator", TEXT_BYTES_MAX)?.map(Arc::from);
    let until_ms = until(fields, (state.log_clock)())?;
    let spaces = fields.optional_texts("spaces", NAME_BYTES_MAX, SPACES_NAMED_MAX)?;
    let spaces: Vec<Arc<str>> = spaces.into_iter().map(Into::into).collect();
    let is_normal = mode == DeskMode::Normal;
    for (field, given, expected) in [
        ("name", name.is_some(), "what the event or exercise is called"),
        ("until", until_ms.is_some(), "when it ends by itself"),
    ] {
        if given == is_normal {
            let detail = if is_normal { "does not belong to the normal mode" } else { "is missing" };
            return Err(Refusal::bad_request(format!("'{field}' {detail}")).expected(expected));
        }
    }
    if is_normal && (coordinator.is_some() || !spaces.is_empty()) {
        return Err(Refusal::bad_request("'coordinator' and 'spaces' do not belong to the normal mode"));
    }
    known_spaces(&state, &spaces)?;
    given.end(&KNOWN, DeskDeed::Mode { mode, name, coordinator, until_ms, spaces }).await
}

/// Opens an alert that tries the way to the operators.
pub(crate) async fn test_alert(State(state): State<ConsoleState>, headers: HeaderMap, body: Body) -> Answer {
    let mut given = Given::read(&state, &headers, body)?;
    let severity = severity(&mut given.fields)?;
    let space: Option<Arc<str>> = given.fields.text("space", NAME_BYTES_MAX)?.map(Into::into);
    known_spaces(&state, space.as_slice())?;
    given.end(&["operator", "severity", "space", "note"], DeskDeed::TestAlert { severity, space }).await
}

/// Makes an incident file.
pub(crate) async fn make_file(State(state): State<ConsoleState>, headers: HeaderMap, body: Body) -> Answer {
    let mut given = Given::read(&state, &headers, body)?;
    let title = required(&mut given.fields, "title", TEXT_BYTES_MAX, "what the incident is called")?.into();
    let alerts = named_alerts(&mut given, "alerts")?;
    given.end(&["operator", "title", "alerts", "note"], DeskDeed::FileNew { title, alerts }).await
}

/// Changes an incident file.
pub(crate) async fn change_file(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    const KNOWN: [&str; 6] = ["operator", "title", "add", "remove", "note", "closed"];
    let mut given = Given::read(&state, &headers, body)?;
    let desk = state.desk.newest();
    if !desk.files.iter().any(|file| *file.id == *id && with_looker(&state, |looker| sees_file(file, looker))) {
        return Err(nothing_has_it(&id));
    }
    let title = given.fields.text("title", TEXT_BYTES_MAX)?.map(Arc::from);
    let (add, remove) = (named_alerts(&mut given, "add")?, named_alerts(&mut given, "remove")?);
    let closed = given.fields.flag("closed")?;
    given.end(&KNOWN, DeskDeed::FileChange { id: id.into(), title, add, remove, closed }).await
}

/// Signs the handover.
pub(crate) async fn sign(State(state): State<ConsoleState>, headers: HeaderMap, body: Body) -> Answer {
    let mut given = Given::read(&state, &headers, body)?;
    let side = given.fields.word("as", &ShiftSide::ALL.map(|side| (side.as_str(), side)), "leaving or arriving")?;
    given.end(&["operator", "as", "note"], DeskDeed::SignShift { side }).await
}

/// Notes whether the sounds were heard.
pub(crate) async fn sound_check(State(state): State<ConsoleState>, headers: HeaderMap, body: Body) -> Answer {
    let mut given = Given::read(&state, &headers, body)?;
    let heard = given.fields.flag("heard")?;
    let heard = heard.ok_or_else(|| Refusal::bad_request("'heard' is missing").expected("true or false"))?;
    given.end(&["operator", "heard", "note"], DeskDeed::SoundCheck { heard }).await
}

/// A command that is being read.
struct Given<'a> {
    state: &'a ConsoleState,
    fields: Fields,
    operator: Arc<str>,
    note: Option<String>,
}

impl<'a> Given<'a> {
    fn read(state: &'a ConsoleState, headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        let mut fields = command_fields(headers, body)?;
        let operator = operator(&mut fields)?;
        let note = fields.text("note", TEXT_BYTES_MAX)?;
        Ok(Self { state, fields, operator, note })
    }

    /// Gives the command, if its body holds nothing else.
    async fn end(self, known: &[&str], deed: DeskDeed) -> Answer {
        let Self { state, fields, operator, note } = self;
        fields.end(known)?;
        let (action, is_test) = (deed.as_str(), matches!(deed, DeskDeed::TestAlert { .. }));
        let request = CommandRequest { operator, note, action: Action::Desk(deed) };
        let answer = state.commands.command(&state.principal, request).await.map_err(not_taken)?;
        let outcome = answer.outcome;
        metrics::counter!("vigie_console_commands_total", "action" => action, "outcome" => outcome.as_str())
            .increment(1);
        tracing::info!(action, outcome = outcome.as_str(), "command");
        match outcome {
            Outcome::Done | Outcome::Unchanged => {
                let mut told =
                    json!({"outcome": outcome.as_str(), "id": &*answer.action_id, "desk": desk_value(state)});
                if is_test {
                    told["alert_id"] = AlertId::of_test(&answer.action_id).as_str().into();
                }
                Ok(Json(told))
            }
            Outcome::UnknownId => {
                Err(Refusal::new(StatusCode::NOT_FOUND, outcome.reason()).hint("GET /v1/desk lists all"))
            }
            Outcome::UnknownAlert => Err(crate::alerts::no_such_alert()),
            refused => Err(conflict(refused.reason())),
        }
    }
}

/// Alerts by their ids, each of which the principal may see.
fn named_alerts(given: &mut Given<'_>, name: &str) -> Result<Vec<AlertId>, Refusal> {
    let ids = given.fields.optional_texts(name, NAME_BYTES_MAX, ALERTS_NAMED_MAX)?;
    let ids: Vec<_> = ids.iter().map(|id| AlertId::from_text(id)).collect();
    let state = given.state;
    match ids.iter().find(|id| state.alerts.get(&state.principal, id).is_none()) {
        Some(id) => Err(crate::alerts::no_such_alert().member("alert_id", id.as_str())),
        None => Ok(ids),
    }
}

fn known_spaces(state: &ConsoleState, named: &[Arc<str>]) -> Result<(), Refusal> {
    if named.is_empty() {
        return Ok(());
    }
    let spaces = state.spaces.spaces(&state.principal);
    let is_known = |named: &Arc<str>| spaces.iter().any(|space| space.id == *named);
    match named.iter().find(|named| !is_known(named)) {
        Some(unknown) => Err(Refusal::bad_request("no space has this id")
            .member("space", &**unknown)
            .hint("GET /v1/spaces lists all")),
        None => Ok(()),
    }
}

fn nothing_has_it(id: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, Outcome::UnknownId.reason()).member("id", id).hint("GET /v1/desk lists all")
}
