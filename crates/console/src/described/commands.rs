//! The routes by which people act on alerts.

use crate::deeds::Verb;
use crate::described::schemas::{ALERT_ID, disposition};
use crate::described::texts::{NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, note, operator};
use serde_json::{Value, json};
use vigie_model::command::{ALERTS_NAMED_MAX, StepState};
use vigie_model::problem::ProblemKind::{BadRequest, Conflict, NotFound, TooLarge, Unavailable, UnsupportedMediaType};
use vigie_openapi::operation::Operation;
use vigie_openapi::schema::{Object, instant, integer, list, name, named, or_null, short_text, text, word};

const JSON: &str = "application/json";
const ADA: &str = "Ada";

/// `POST /v1/alerts/{id}/acknowledge`.
pub(crate) fn acknowledge() -> Operation {
    let body = Object::closed("Who has seen it.").may_have("until", or_null(until())).may_have("note", note());
    let description =
        "Says that somebody has seen it and owns it, for good or until an instant; then it asks for attention again.";
    command("acknowledgeAlert", "Acknowledge an alert", description, body, json!({ "note": "camera 4 shows a queue" }))
}

/// `POST /v1/alerts/{id}/shelve`.
pub(crate) fn shelve() -> Operation {
    let body =
        Object::closed("Why, and until when.").with("note", name(TEXT_CHARACTERS_MAX, "Why.")).with("until", until());
    let description = "Puts a running alert out of sight; at 'until' it comes back and asks for attention again.";
    let example = json!({ "note": "works until noon", "until": "2030-03-12T12:00:00Z" });
    command("shelveAlert", "Shelve an alert until an instant", description, body, example)
}

/// `POST /v1/alerts/{id}/unshelve`.
pub(crate) fn unshelve() -> Operation {
    let body = Object::closed("Who takes it back.").may_have("note", note());
    command("unshelveAlert", "Take an alert from the shelf", "It asks for attention again.", body, json!({}))
}

/// `POST /v1/alerts/{id}/assign`.
pub(crate) fn assign() -> Operation {
    let body =
        Object::closed("Whose it is to be.").with("to", name(TEXT_CHARACTERS_MAX, "Who.")).may_have("note", note());
    command("assignAlert", "Say whose an alert is", "Anybody may assign to anybody.", body, json!({ "to": "Bea" }))
}

/// `POST /v1/alerts/{id}/close`.
pub(crate) fn close() -> Operation {
    let body = Object::closed("What it turned out to be.")
        .with("disposition", disposition())
        .may_have("cause", cause())
        .may_have("note", note());
    let example = json!({ "disposition": "nuisance", "cause": "fireworks" });
    command("closeAlert", "Close an alert whose episode is over", "Refused while it is active or stale.", body, example)
}

/// `POST /v1/alerts/{id}/reopen`.
pub(crate) fn reopen() -> Operation {
    let body = Object::closed("Who opens it again.").may_have("note", note());
    command("reopenAlert", "Open an alert again that was closed by mistake", "As it was before.", body, json!({}))
}

/// `POST /v1/alerts/{id}/checklist`.
pub(crate) fn checklist() -> Operation {
    let body = Object::closed("A step, and how far it is.")
        .with("step", integer(1, "Its number."))
        .with("state", word(&StepState::ALL.map(StepState::as_str), "How far."))
        .may_have("note", note());
    let description = "A step done acknowledges the alert, and assigns it to whoever did it if it is nobody's.";
    command(
        "checkStep",
        "Say how far a step of the checklist is",
        description,
        body,
        json!({ "step": 1, "state": "done" }),
    )
}

/// `POST /v1/alerts/bulk`.
pub(crate) fn bulk() -> Operation {
    let ids = json!({
        "type": "array", "minItems": 1, "maxItems": ALERTS_NAMED_MAX, "description": "The alerts.",
        "items": name(NAME_CHARACTERS_MAX, "An alert's id."),
    });
    let body = Object::closed("An action, its fields, and the alerts it is for.")
        .with("operator", operator())
        .with("alerts", ids)
        .with("action", word(&Verb::BULK.map(Verb::as_str), "What to do with each."))
        .may_have("note", note())
        .may_have("until", or_null(until()))
        .may_have("to", or_null(short_text(TEXT_CHARACTERS_MAX, "Whose they are to be.")))
        .may_have("disposition", disposition())
        .may_have("cause", cause())
        .schema();
    let result =
        Object::open("What became of one.").with("alert_id", text("Its id.")).with("outcome", text("In one word."));
    let results =
        Object::open("What became of each.").with("results", list(result.schema(), "In the order of 'alerts'."));
    let description = "As many commands as it names alerts; each has an outcome of its own.";
    Operation::new("actOnAlerts", "Do the same with several alerts", description)
        .tag("commands")
        .reads(JSON, body, json!({ "operator": ADA, "alerts": [ALERT_ID], "action": "acknowledge" }))
        .answers(JSON, results.schema())
        .refuses(&[BadRequest, TooLarge, UnsupportedMediaType, Unavailable])
}

/// A command on one alert: its fields besides `operator`, and an example of them.
fn command(
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    body: Object,
    mut example: Value,
) -> Operation {
    example["operator"] = ADA.into();
    Operation::new(id, summary, description)
        .tag("commands")
        .path("id", text("Id of the alert."), ALERT_ID)
        .reads(JSON, body.with("operator", operator()).schema(), example)
        .answers(JSON, named("Done"))
        .refuses(&[BadRequest, NotFound, Conflict, TooLarge, UnsupportedMediaType, Unavailable])
}

fn until() -> Value {
    instant("Until when; must lie behind log time.")
}

fn cause() -> Value {
    or_null(short_text(TEXT_CHARACTERS_MAX, "What was behind it."))
}
