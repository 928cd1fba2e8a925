//! The route that asks history.

use crate::body::BODY_BYTES_MAX;
use crate::described::reading::rows;
use serde_json::json;
use vigie_model::problem::ProblemKind::{BadRequest, LimitReached, TooLarge, Unavailable};
use vigie_openapi::operation::Operation;
use vigie_openapi::schema::{Object, integer, short_text, text, word};

const FORMATS: [&str; 4] = ["json", "csv", "table", "arrow"];

/// `POST /v1/sql`.
pub(crate) fn sql() -> Operation {
    let statement = Object::closed("A statement.")
        .with("sql", short_text(BODY_BYTES_MAX, "One SELECT or EXPLAIN."))
        .may_have("format", word(&FORMATS, "How rows are written."))
        .schema();
    let description = "One read-only statement over history, newest rows included. The format is the field 'format', else \
                       ?format=, else the Accept header, else JSON. Tables and columns: vigie sql --describe.";
    let example = "SELECT rule, count(*) AS alerts FROM alerts GROUP BY rule";
    let operation = Operation::new("querySql", "Ask history with SQL", description)
        .tag("history")
        .query("format", word(&FORMATS, "How rows are written."), json!("csv"))
        .reads("application/json", statement, json!({ "sql": example, "format": "json" }))
        .reads("text/plain", text("The statement."), json!(example))
        .tells("Vigie-Rows", integer(0, "How many rows the answer has."))
        .refuses(&[BadRequest, TooLarge, LimitReached, Unavailable]);
    rows().into_iter().fold(operation, |operation, (media_type, schema)| operation.answers(media_type, schema))
}
