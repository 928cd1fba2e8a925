//! The routes that ask history.

use crate::body::BODY_BYTES_MAX;
use crate::described::reading::rows;
use crate::given::NAME_BYTES_MAX;
use serde_json::{Value, json};
use vigie_model::audit::REASON_BYTES_MAX;
use vigie_model::command::TEXT_BYTES_MAX;
use vigie_model::id::ID_BYTES_MAX;
use vigie_model::problem::ProblemKind::{
    BadRequest, Conflict, LimitReached, NotFound, TooLarge, Unavailable, UnsupportedMediaType,
};
use vigie_openapi::operation::Operation;
use vigie_openapi::schema::{Object, instant, integer, list, name, number, or_null, short_text, text, truth, word};

const REASON: &str = "What the query is for, for the audit trail.";
const FORMATS: [&str; 4] = ["json", "csv", "table", "arrow"];

/// `POST /v1/sql`.
pub(crate) fn sql() -> Operation {
    let statement = Object::closed("A statement.")
        .with("sql", short_text(BODY_BYTES_MAX, "One SELECT or EXPLAIN."))
        .may_have("format", word(&FORMATS, "How rows are written."))
        .may_have("reason", name(REASON_BYTES_MAX, REASON))
        .may_have("rows_max", bound(50_000_000, "Most rows of the answer, 100,000 unless given; of a table no more."))
        .may_have(
            "bytes_max",
            bound(4_000_000_000, "Most bytes of the answer, 64 MiB unless given; of a table no more."),
        )
        .schema();
    let description = "One read-only statement over history, newest rows included. The format is the field 'format', else \
                       ?format=, else the Accept header, else JSON. Tables and columns: vigie sql --describe. An answer of \
                       more than 256 KiB is streamed; when it fails after that, the connection is aborted, and GET \
                       /v1/sql/running tells why. Closing the connection cancels the query.";
    let example = "SELECT rule, count(*) AS alerts FROM alerts GROUP BY rule";
    let operation = Operation::new("querySql", "Ask history with SQL", description)
        .tag("history")
        .query("format", word(&FORMATS, "How rows are written."), json!("csv"))
        .header("Vigie-Reason", name(REASON_BYTES_MAX, REASON), json!("handover of the night shift"))
        .header("Vigie-Query", id("An id of your own for the query; no other query that runs has it."), json!("q-1"))
        .reads("application/json", statement, json!({ "sql": example, "format": "json" }))
        .reads("text/plain", text("The statement."), json!(example))
        .tells("Vigie-Rows", integer(0, "How many rows the answer has, unless it is streamed."))
        .tells("Vigie-Query", id("The query's id."))
        .refuses(&[BadRequest, Conflict, TooLarge, LimitReached, Unavailable]);
    rows().into_iter().fold(operation, |operation, (media_type, schema)| operation.answers(media_type, schema))
}

/// `GET /v1/sql/running`.
pub(crate) fn running() -> Operation {
    let query = |description| {
        Object::open(description)
            .with("id", id("Its id."))
            .with("door", text("Through which door it came."))
            .with("sql", text("The statement, its first 200 characters."))
            .with("reason", or_null(text(REASON)))
            .with("asked", instant("When it was asked, by the wall clock."))
            .with("rows", integer(0, "Rows handed out."))
    };
    let outcome = word(&["answered", "refused", "limited", "cancelled", "unavailable"], "What became of it.");
    let ended = query("A query that has ended.")
        .with("outcome", outcome)
        .with("error", or_null(text("Why it was not answered.")))
        .schema();
    let queries = Object::open("Queries.")
        .with("running", list(query("A query that runs or waits.").schema(), "Oldest first."))
        .with("ended", list(ended, "Newest first; of all queries the last 64 are kept."))
        .schema();
    Operation::new("listQueries", "List your queries", "Those that run, and those that ended lately.")
        .tag("history")
        .answers("application/json", queries)
        .refuses(&[Unavailable])
}

/// `DELETE /v1/sql/running/{id}`.
pub(crate) fn cancel() -> Operation {
    let outcome = Object::open("What became of it.").with("outcome", word(&["cancelled"], "Always this.")).schema();
    Operation::new("cancelQuery", "Cancel a query", "One of your own. Who waits for its answer is told so.")
        .tag("history")
        .path("id", id("Its id."), "q-1")
        .answers("application/json", outcome)
        .refuses(&[BadRequest, NotFound, Unavailable])
}

fn bound(highest: u64, description: &str) -> Value {
    let mut bound = integer(0, description);
    bound["maximum"] = highest.into();
    bound
}

/// An id that a header and a path can carry.
fn id(description: &str) -> Value {
    let mut id = short_text(ID_BYTES_MAX, description);
    id["pattern"] = "^[!-.0-~]+$".into();
    id
}

/// `POST /v1/rules/backtest`.
pub(crate) fn backtest() -> Operation {
    let asked = Object::closed("Which rows to judge, by which rules.")
        .may_have(
            "rules",
            short_text(BODY_BYTES_MAX, "The text of one rule file; without, the configured rules judge."),
        )
        .may_have("from", instant("First instant of the transitions counted; without, the first row."))
        .may_have("to", instant("Their end, not part of it; without, the last row."))
        .may_have(
            "warm_up",
            duration("How long before 'from' judging begins; without, at the first row. Needs 'from'."),
        )
        .may_have("window", duration("How far an alert and an incident that match may lie apart; 15m unless given."))
        .may_have("shift", duration("Length of a shift; 8h unless given."))
        .may_have("truth", short_text(TEXT_BYTES_MAX, "Which incidents alerts should have told, as a condition."))
        .schema();
    let description = "What 'vigie rules backtest --json' prints: rows that history has committed are judged again, by \
                       proposed rules or by those configured, in a process of its own. One at a time, 120 s at most; it \
                       ends when the client goes away. docs/backtest.md defines every figure.";
    let example = json!({ "from": "2026-03-01T00:00:00+01:00", "truth": "incident.category == \"fight\"" });
    Operation::new("backtestRules", "What rules would have said about stored rows", description)
        .tag("rules")
        .reads("application/json", asked, example)
        .answers("application/json", report())
        .refuses(&[BadRequest, NotFound, Conflict, TooLarge, UnsupportedMediaType, Unavailable])
}

fn duration(description: &str) -> Value {
    short_text(NAME_BYTES_MAX, description)
}

fn report() -> Value {
    let production = Object::open("Against production, for rules that are the same.")
        .with("rules", integer(0, "How many rules are compared."))
        .with("transitions", integer(0, "How many transitions production has recorded of them."))
        .with("identical", or_null(truth("Whether they are the same; null when nothing is compared.")))
        .with("only_recorded", list(text("A transition."), "What production has more, the first thousand."))
        .with("only_judged", list(text("A transition."), "What the backtest has more, the first thousand."))
        .schema();
    let rule = Object::open("A rule; the last one, 'all', stands for all of them.")
        .with("rule", text("Its name."))
        .with("version", or_null(text("Its version.")))
        .with("compared", truth("Whether it was compared with production."))
        .with("alerts", integer(0, "How many alerts became active."))
        .with("alerts_per_shift", number("As many in a shift."))
        .may_have("precision", share("Alerts that match an incident."))
        .may_have("recall", share("Incidents that match an alert."))
        .may_have("lead_median_s", or_null(number("Seconds by which alerts came before their incidents, the median.")))
        .may_have("false_alerts", integer(0, "Alerts that match no incident."))
        .may_have("false_alerts_per_operator_hour", number("As many in an operator's hour."))
        .schema();
    Object::open("What the backtest found.")
        .with("from", instant("Its first instant."))
        .with("to", instant("Its end, not part of it."))
        .with("hours", number("Hours between them."))
        .with("warm_up_from", or_null(instant("Log time from which on rows were judged.")))
        .with("observations", integer(0, "Observations read."))
        .with("incidents", integer(0, "Incidents read."))
        .with("newest_log_time", instant("Log time of the newest row read."))
        .with("notes", list(text("A note."), "What somebody should know."))
        .with("shift", text("Length of a shift."))
        .with("operators", integer(1, "Operators on duty."))
        .with("rules", list(rule, "The rules, in the order of their files."))
        .with("production", production)
        .schema()
}

fn share(description: &'static str) -> Value {
    Object::open(description)
        .with("count", integer(0, "How many."))
        .with("of", integer(0, "Of how many."))
        .with("share", or_null(number("The share; null when there is no whole.")))
        .with("low", or_null(number("Lower end of its interval of 95 %.")))
        .with("high", or_null(number("Upper end.")))
        .schema()
}
