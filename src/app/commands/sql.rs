//! `vigie sql`: asks the server that writes to the data folder, else the committed rows.

use crate::app::cli::{Format, SqlArgs};
use crate::app::commands::running::answer;
use crate::app::lock::{Holder, centre_of, holder};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::Failure;
use std::path::Path;
use std::sync::Arc;
use vigie_model::doors::{QueryDoor, QueryError, QueryFormat};
use vigie_model::principal::{Principal, Purpose};
use vigie_store::history::reader::HistoryReader;
use vigie_store::schema::describe::describe;
use vigie_store::sql::door::SqlDoor;
use vigie_store::sql::limits::SqlLimits;

/// The largest answer read from a server: its own bound and some.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// Runs the command.
///
/// # Errors
/// When the statement is refused (usage), or history cannot be read.
pub fn run(args: &SqlArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    if let Some(table) = &args.describe {
        let table = Some(table.as_str()).filter(|table| !table.is_empty());
        let text = describe(table).map_err(|error| Failure::Usage(error.to_string()))?;
        return answer(text.as_bytes());
    }
    let statement = args.statement.as_deref().unwrap_or_default();
    let rows = match holder(&args.data) {
        Holder::Server(url) => ask_server(&url, statement, args.format)?,
        Holder::Other => {
            eprintln!("note: another process writes to {}; only committed rows are read", args.data.display());
            read_committed(&args.data, statement, args.format)?
        }
        Holder::Nobody => read_committed(&args.data, statement, args.format)?,
    };
    answer(&rows)
}

fn ask_server(url: &str, statement: &str, format: Format) -> Result<Vec<u8>, Failure> {
    let format = match format {
        Format::Table => "table",
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Arrow => "arrow",
    };
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let body = serde_json::json!({ "sql": statement, "format": format }).to_string();
    let sent = agent.post(format!("{url}/v1/sql")).header("content-type", "application/json").send(body);
    let mut response = sent.map_err(|error| Failure::io(format!("cannot ask the server at {url}"), error))?;
    let status = response.status().as_u16();
    let answer = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let answer = answer.map_err(|error| Failure::io(format!("cannot read the answer of {url}"), error))?;
    match status {
        200 => Ok(answer),
        400..=499 => Err(Failure::Usage(error_text(&answer))),
        _ => Err(Failure::Io(error_text(&answer))),
    }
}

/// The words of an error answer: `{"error": ..., "expected": ..., "hint": ...}`.
fn error_text(answer: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(answer) else {
        return String::from_utf8_lossy(answer).into_owned();
    };
    let word = |name: &str| json.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let expected = word("expected").map(|expected| format!("expected {expected}"));
    [word("error"), expected, word("hint")].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn read_committed(data: &Path, statement: &str, format: Format) -> Result<Vec<u8>, Failure> {
    let Some(centre) = centre_of(data) else {
        let text = format!("{} holds no history; run `vigie demo`, or name another folder with --data", data.display());
        return Err(Failure::Io(text));
    };
    let mut principal = Principal::local(&centre);
    principal.scope.purpose = Purpose::Analysis;
    let format = match format {
        Format::Table => QueryFormat::Table,
        Format::Csv => QueryFormat::Csv,
        Format::Json => QueryFormat::Json,
        Format::Arrow => QueryFormat::Arrow,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start", error))?;
    runtime.block_on(async {
        let opened = HistoryReader::open(&data.join("history")).await;
        let reader = opened.map_err(|error| Failure::io("cannot open history", error))?;
        let door = SqlDoor::new(Arc::new(reader), SqlLimits::default()).map_err(failure)?;
        Ok(door.query(&principal, statement, format).await.map_err(failure)?.body)
    })
}

fn failure(error: QueryError) -> Failure {
    match error {
        QueryError::Refused(text) | QueryError::Limit(text) => Failure::Usage(text),
        QueryError::Unavailable(_) => Failure::Io(error.to_string()),
    }
}
