//! What `POST /v1/events` reads and answers, for the OpenAPI document; `docs/events.md` has the fields of events.

use serde_json::json;
use vigie_model::problem::ProblemKind::{
    BadRequest, Shed, Timeout, TooLarge, Unavailable, Unknown, UnsupportedMediaType,
};
use vigie_openapi::operation::Operation;
use vigie_openapi::schema::{Object, bytes, integer, list, text, word};

/// The operation; each media type with whether it is text.
pub(super) fn events(media_types: [(&'static str, bool); 6]) -> Operation {
    let line = Object::open("A line that was refused.")
        .with("line", integer(1, "Its number, or that of the array's element."))
        .with("reason", text("Why, and what was expected."))
        .schema();
    let reply = Object::open("What became of the events.")
        .with("accepted", integer(0, "Events that are on stable storage now."))
        .with("duplicates", integer(0, "Events that were there already, by their id."))
        .with("undeduplicated", integer(0, "Events without id: sent again they count again."))
        .with("time_adjusted", integer(0, "Events whose time lay too far ahead."))
        .with("rejected", list(line, "The first hundred refused lines."))
        .with("notes", list(text("A sentence."), "What a person should know besides."))
        .schema();
    let example = json!({"space": "town-hall", "sensor": "s9", "metric": "people_count", "value": 118, "time": "2026-03-11T18:00:00+11:00"});
    let description = "NDJSON, a JSON array or Arrow IPC, plain, gzip or zstd; docs/events.md has the fields. 200 says that every \
                       accepted event is on stable storage. A refused line never fails its neighbours. 429 and 503 say that nothing \
                       was taken.";
    let operation = Operation::new("sendEvents", "Send events", description)
        .tag("events")
        .query("feed", text("A declared feed; 'events' unless named."), json!("events"))
        .header("Content-Encoding", word(&["identity", "gzip", "zstd"], "How the body is packed."), json!("identity"))
        .answers("application/json", reply)
        .refuses(&[BadRequest, Timeout, TooLarge, UnsupportedMediaType, Shed, Unknown, Unavailable]);
    media_types.into_iter().fold(operation, |operation, (media_type, is_text)| match (media_type, is_text) {
        ("application/json", _) => {
            operation.reads(media_type, json!({ "type": ["object", "array"] }), json!([example]))
        }
        (_, true) => operation.reads(media_type, text("One event a line."), json!(example.to_string())),
        (_, false) => operation.reads(media_type, bytes("Columns, as docs/events.md names them."), json!("")),
    })
}
