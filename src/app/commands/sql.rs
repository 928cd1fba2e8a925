//! `vigie sql`: asks the server that writes to the data folder, else the committed rows.

use crate::app::cli::{Format, SqlArgs};
use crate::app::commands::asking::{agent, asked, committed, note_other, unanswered};
use crate::app::commands::running::answer;
use crate::app::lock::{Holder, holder};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::Failure;
use std::path::Path;
use vigie_model::doors::{QueryDoor, QueryFormat};
use vigie_store::schema::describe::describe;

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
            note_other(&args.data);
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
    let body = serde_json::json!({ "sql": statement, "format": format }).to_string();
    let answer =
        asked(url, agent().post(format!("{url}/v1/sql")).header("content-type", "application/json").send(body))?;
    match answer.status {
        200 => Ok(answer.body),
        400..=499 => Err(Failure::Usage(answer.error())),
        _ => Err(Failure::Io(answer.error())),
    }
}

fn read_committed(data: &Path, statement: &str, format: Format) -> Result<Vec<u8>, Failure> {
    let format = match format {
        Format::Table => QueryFormat::Table,
        Format::Csv => QueryFormat::Csv,
        Format::Json => QueryFormat::Json,
        Format::Arrow => QueryFormat::Arrow,
    };
    committed(data, async |door, who| Ok(door.query(who, statement, format).await.map_err(unanswered)?.body))
}
