//! The routes that read.

use crate::described::schemas::{ALERT_ID, handling, severity, spaces};
use serde_json::{Value, json};
use vigie_model::problem::ProblemKind::{BadRequest, NotFound, Unavailable};
use vigie_openapi::operation::Operation;
use vigie_openapi::schema::{Object, anything, bytes, instant, integer, list, name, named, or_null, text, truth, word};

const JSON: &str = "application/json";
/// Longer names than this are never taken in.
const NAME_CHARACTERS_MAX: usize = 512;

/// `GET /v1/alerts`.
pub(crate) fn alerts() -> Operation {
    let description = "Unacknowledged first, then the worst, then the newest. One alert a line with ?format=ndjson or \
                       Accept: application/x-ndjson.";
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 10_000, "description": "Most alerts." });
    Operation::new("listAlerts", "List the alerts", description)
        .tag("alerts")
        .query("space", text("Only those of this space."), json!("town-hall"))
        .query("severity", severity(), json!("high"))
        .query("handling", handling(), json!("open"))
        .query("limit", limit, json!(100))
        .query("format", word(&["json", "ndjson"], "How the list is written."), json!("json"))
        .answers(JSON, list(named("Alert"), "Alerts."))
        .answers("application/x-ndjson", text("One alert a line."))
        .tells("Vigie-Left-Out", integer(0, "How many matched and were left out."))
        .refuses(&[BadRequest])
}

/// `GET /v1/alerts/{id}`.
pub(crate) fn alert() -> Operation {
    Operation::new("getAlert", "One alert", "As it stands; older ones than the book keeps are in history.")
        .tag("alerts")
        .path("id", text("Its id."), ALERT_ID)
        .answers(JSON, named("Alert"))
        .refuses(&[BadRequest, NotFound])
}

/// `GET /v1/alerts/stream`.
pub(crate) fn stream() -> Operation {
    let description = "Server-sent events. The name of an event is the alert's new state, its id the place in the alert stream, \
                       its data the row. 'suppression' and 'tick' have no id; 'gap' says what a slow client missed.";
    let position = || text("Everything behind this position: the id of the last event seen, a whole number.");
    Operation::new("followAlerts", "Follow the alerts", description)
        .tag("alerts")
        .query("after", position(), json!("1042"))
        .header("Last-Event-ID", position(), json!("1042"))
        .answers("text/event-stream", text("Events, until the server stops."))
        .refuses(&[BadRequest, Unavailable])
}

/// `GET /v1/alerts/{id}/explain`.
pub(crate) fn explain() -> Operation {
    let rows = |what| list(anything("A row of history."), what);
    let explanation = Object::open("An episode, in facts and in words.")
        .with("alert_id", text("Its id."))
        .with("rule", text("Its rule."))
        .with("rule_version", text("A hash of the rule as it was then."))
        .with("key", text("What the rule judged."))
        .with("space", text("Where."))
        .with("severity", severity())
        .with("state", word(&["active", "stale", "cleared"], "Its condition now."))
        .with("summary", text("What happened."))
        .with("time_zone", text("Zone of the times in 'text'."))
        .with("evidence", anything("What it is based on."))
        .may_have("guidance", named("Guidance"))
        .may_have("inhibited_by", named("Inhibitor"))
        .with("transitions", rows("What happened to it."))
        .with("actions", rows("What people did."))
        .with("text", list(text("A line."), "All of it in words."))
        .schema();
    Operation::new(
        "explainAlert",
        "Why it began, what happened then, who did what",
        "From history, so also of old alerts.",
    )
    .tag("alerts")
    .path(
        "id",
        json!({ "type": "string", "pattern": "^[0-9a-f]{6,32}$", "description": "Its id, or the first digits of it." }),
        "bd4031",
    )
    .answers(JSON, explanation)
    .refuses(&[BadRequest, NotFound, vigie_model::problem::ProblemKind::LimitReached, Unavailable])
}

/// `GET /v1/spaces`.
pub(crate) fn space_list() -> Operation {
    Operation::new("listSpaces", "List the spaces", "GeoJSON, each space with the worst state of its alerts.")
        .tag("city")
        .answers("application/geo+json", spaces())
}

/// `GET /v1/status`.
pub(crate) fn status() -> Operation {
    let status = Object::open("The centre at one moment.")
        .with("centre", text("Id of the centre."))
        .with("name", text("Its name."))
        .with("time_zone", text("Its IANA time zone."))
        .with("log_time", instant("Log time: the time by which everything is judged."))
        .with("log_time_ms", json!({ "type": "integer", "description": "The same in epoch milliseconds." }))
        .with("position", or_null(integer(0, "Place of the newest row of the public stream.")))
        .with("handled", integer(0, "Moves when somebody acts."))
        .with("running", integer(0, "Alerts that are active or stale."))
        .with("unacknowledged", integer(0, "Alerts nobody has acknowledged."))
        .with("open", integer(0, "Alerts that are not closed."))
        .with("suppressed", integer(0, "Alerts that another one suppresses."))
        .with("history", truth("Whether this process answers SQL."))
        .schema();
    Operation::new("getStatus", "Log time and counts", "Cheap enough to ask every second.")
        .tag("city")
        .answers(JSON, status)
}

/// `GET /v1/rules`.
pub(crate) fn rules() -> Operation {
    let rule = Object::open("A rule in force.")
        .with("name", text("Its name."))
        .with("uid", text("Its id, which survives a new name."))
        .with("version", text("A hash of it."))
        .with("kind", text("Its kind, as in docs/rules.md."))
        .with("severity", severity())
        .with("shadow", truth("It is recorded and never shown."))
        .with("inhibited_by", list(text("A rule's name."), "Rules whose alerts suppress its own."))
        .may_have("guidance", named("Guidance"))
        .schema();
    Operation::new("listRules", "List the rules in force", "By what the log says, which may be older than the files.")
        .tag("rules")
        .answers(JSON, list(rule, "Rules."))
        .refuses(&[Unavailable])
}

/// `GET /v1/rules/why-not`.
pub(crate) fn why_not() -> Operation {
    let answer = Object::open("What the rule knows of the key now.")
        .with("rule", text("The rule asked about."))
        .with("key", text("The key asked about."))
        .may_have("state", text("inactive, pending, active or stale."))
        .may_have(
            "time_ms",
            json!({ "type": "integer", "description": "Epoch milliseconds of its newest input or timer." }),
        )
        .may_have("value", text("The value that would be judged now, exact."))
        .may_have("detail", anything("What the value is made of."))
        .with("text", list(text("A sentence."), "The answer in words."))
        .schema();
    Operation::new("explainSilence", "Why a rule has no alert for a key", "From the rule's live state.")
        .tag("rules")
        .required_query("rule", name(NAME_CHARACTERS_MAX, "Name of the rule."), json!("Crowded"))
        .required_query("key", name(NAME_CHARACTERS_MAX, "A space, SPACE/SENSOR or SPACE/NODE."), json!("town-hall"))
        .answers(JSON, answer)
        .refuses(&[BadRequest, NotFound, Unavailable])
}

/// `GET /problems/{kind}`.
pub(crate) fn problem() -> Operation {
    Operation::new("explainProblem", "What a kind of refusal means", "The 'type' of every refusal leads here.")
        .tag("service")
        .path("kind", text("The last part of the type."), "not-found")
        .answers("text/plain", text("Title, status and meaning."))
        .refuses(&[BadRequest, NotFound])
}

/// Rows in a format of the asker's choice.
pub(crate) fn rows() -> [(&'static str, Value); 4] {
    [
        (JSON, list(json!({ "type": "object" }), "Rows, each an object by column.")),
        ("text/csv", text("Rows with a header line.")),
        ("application/vnd.apache.arrow.stream", bytes("An Arrow IPC stream.")),
        ("text/plain", text("A table for people.")),
    ]
}
