//! The routes by which people act.

use crate::described::schemas::{ALERT_ID, disposition};
use serde_json::{Value, json};
use vigie_model::command::TEXT_BYTES_MAX;
use vigie_model::problem::ProblemKind::{BadRequest, Conflict, NotFound, TooLarge, Unavailable, UnsupportedMediaType};
use vigie_openapi::operation::Operation;
use vigie_openapi::schema::{Object, name, named, or_null, short_text, text};

const JSON: &str = "application/json";
const ADA: &str = "Ada";
/// Characters of at most four bytes each always fit the bound in bytes.
const TEXT_CHARACTERS_MAX: usize = TEXT_BYTES_MAX / 4;

/// A command on one alert: its fields besides `operator`, and an example of them.
fn command(
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    body: Object,
    example: &Value,
) -> Operation {
    let body = body.with("operator", name(TEXT_CHARACTERS_MAX, "Who acts.")).schema();
    let mut example = example.clone();
    example["operator"] = ADA.into();
    Operation::new(id, summary, description)
        .tag("commands")
        .path("id", text("Id of the alert."), ALERT_ID)
        .reads(JSON, body, example)
        .answers(JSON, named("Done"))
        .refuses(&[BadRequest, NotFound, Conflict, TooLarge, UnsupportedMediaType, Unavailable])
}

fn note() -> Value {
    or_null(short_text(TEXT_CHARACTERS_MAX, "In their words."))
}

/// `POST /v1/alerts/{id}/acknowledge`.
pub(crate) fn acknowledge() -> Operation {
    let body = Object::closed("Who has seen it.").may_have("note", note());
    let description = "Says that somebody has seen it and owns it. The first one stays.";
    command("acknowledgeAlert", "Acknowledge an alert", description, body, &json!({ "note": "camera 4 shows a queue" }))
}

/// `POST /v1/alerts/{id}/close`.
pub(crate) fn close() -> Operation {
    let body = Object::closed("What it turned out to be.")
        .with("disposition", disposition())
        .may_have("cause", or_null(short_text(TEXT_CHARACTERS_MAX, "What was behind it.")))
        .may_have("note", note());
    let example = json!({ "disposition": "nuisance", "cause": "fireworks" });
    command(
        "closeAlert",
        "Close an alert whose episode is over",
        "Refused while it is active or stale.",
        body,
        &example,
    )
}
