//! What commands share that ask: the server that writes to a data folder, or the rows it has committed.

use crate::app::audit::AuditFolder;
use crate::app::lock::{centre_of, time_zone_of};
use crate::exit::Failure;
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;
use ureq::http::Response;
use ureq::{Agent, Body};
use vigie_model::doors::QueryError;
use vigie_model::principal::{Principal, Purpose};
use vigie_store::history::reader::HistoryReader;
use vigie_store::sql::door::SqlDoor;
use vigie_store::sql::limits::SqlLimits;

/// The largest answer read from a server: its own bound and some.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The words of a problem for people: its members `detail`, `expected` and `hint`.
    #[must_use]
    pub fn error(&self) -> String {
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(&self.body) else {
            return String::from_utf8_lossy(&self.body).into_owned();
        };
        let word = |name: &str| json.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        let expected = word("expected").map(|expected| format!("expected {expected}"));
        [word("detail"), expected, word("hint")].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// Who asks servers; a refusal is an answer.
#[must_use]
pub fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).build().into()
}

/// Reads what the server at `url` answered.
///
/// # Errors
/// When it did not answer, or the answer breaks off.
pub fn asked(url: &str, sent: Result<Response<Body>, ureq::Error>) -> Result<Answer, Failure> {
    let mut response = sent.map_err(|error| Failure::io(format!("cannot ask the server at {url}"), error))?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let body = body.map_err(|error| Failure::io(format!("cannot read the answer of {url}"), error))?;
    Ok(Answer { status, body })
}

/// Says that a process writes to the folder which cannot be asked.
pub fn note_other(data: &Path) {
    eprintln!("note: another process writes to {}; only committed rows are read", data.display());
}

/// Asks the committed rows of a data folder.
///
/// # Errors
/// Those of `ask`, and when the folder holds no history or it cannot be opened.
pub fn committed<T>(
    data: &Path,
    ask: impl AsyncFnOnce(&SqlDoor, &Principal) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (door, principal, runtime) = open_committed(data)?;
    runtime.block_on(ask(&door, &principal))
}

/// The door to the committed rows of a data folder, who asks there, and where its answers are awaited.
///
/// # Errors
/// When the folder holds no history or it cannot be opened.
pub fn open_committed(data: &Path) -> Result<(SqlDoor, Principal, Runtime), Failure> {
    let Some(centre) = centre_of(data) else {
        let text = format!("{} holds no history; run `vigie demo`, or name another folder with --data", data.display());
        return Err(Failure::Io(text));
    };
    let mut principal = Principal::local(&centre);
    principal.scope.purpose = Purpose::Analysis;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start", error))?;
    let opened = runtime.block_on(HistoryReader::open(&data.join("history")));
    let reader = opened.map_err(|error| Failure::io("cannot open history", error))?;
    let audit = Arc::new(AuditFolder::new(data, false));
    let door = SqlDoor::new(Arc::new(reader), SqlLimits::default(), audit).map_err(unanswered)?;
    let zone = time_zone_of(data).and_then(|name| TimeZone::get(&name).ok());
    Ok((door.in_zone(zone.unwrap_or(TimeZone::UTC)), principal, runtime))
}

/// Why history did not answer.
#[must_use]
pub fn unanswered(error: QueryError) -> Failure {
    match error {
        QueryError::Refused(text) | QueryError::Limit(text) => Failure::Usage(text),
        QueryError::Cancelled | QueryError::Unavailable(_) | QueryError::Unaudited(_) => Failure::Io(error.to_string()),
    }
}
