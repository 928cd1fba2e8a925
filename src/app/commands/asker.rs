//! Asks whoever has the newest rows: the server that writes to the data folder, else the committed rows. Answers are passed on
//! part by part.

use crate::app::cli::Format;
use crate::app::commands::asking::{Answer, agent, note_other, open_committed, unanswered};
use crate::app::lock::{Holder, holder};
use crate::exit::Failure;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};
use vigie_model::doors::{AnswerBounds, AnswerStream, QueryDoor, QueryFormat, Question};
use vigie_model::id::hashed_id;
use vigie_model::principal::Principal;
use vigie_store::sql::door::SqlDoor;

/// Bytes of an answer that are passed on at a time.
const PART_BYTES: usize = 64 << 10;
/// The longest refusal of a server that is read.
const REFUSAL_BYTES_MAX: u64 = 1 << 20;

/// How questions are asked.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) format: Format,
    pub(super) reason: Option<String>,
    pub(super) bounds: AnswerBounds,
}

/// Who asks; one question at a time.
pub(super) struct Asker {
    data: PathBuf,
    /// Numbers of the questions of this process.
    asked: AtomicU64,
    /// How the question that runs is cancelled.
    running: Mutex<Option<Running>>,
}

enum Running {
    Server { url: String, id: String },
    Committed { door: Arc<SqlDoor>, who: Principal, id: String },
}

impl Asker {
    pub(super) fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), asked: AtomicU64::new(0), running: Mutex::new(None) }
    }

    /// Asks one statement and writes its answer to `out`.
    ///
    /// # Errors
    /// When it is refused (usage), or the answer cannot be got or written; what is written then is not the whole answer.
    pub(super) fn ask(&self, statement: &str, manner: &Manner, out: &mut dyn Write) -> Result<(), Failure> {
        let id = self.new_id();
        let mut out = Ended { out, ends_line: true };
        let asked = match holder(&self.data) {
            Holder::Server(url) => {
                *self.running() = Some(Running::Server { url: url.clone(), id: id.clone() });
                ask_server(&url, &id, statement, manner, &mut out)
            }
            held => {
                if held == Holder::Other {
                    note_other(&self.data);
                }
                self.ask_committed(&id, statement, manner, &mut out)
            }
        };
        *self.running() = None;
        asked?;
        if manner.format == Format::Arrow { out.flush() } else { out.end_line() }.map_err(unwritten)
    }

    /// Cancels the question that runs, if one does; its [`Self::ask`] then ends with an error.
    pub(super) fn cancel(&self) {
        match &*self.running() {
            Some(Running::Server { url, id }) => {
                // The query may have ended meanwhile; then there is nothing to cancel.
                let _ = agent().delete(format!("{url}/v1/sql/running/{id}")).call();
            }
            Some(Running::Committed { door, who, id }) => {
                door.cancel(who, id);
            }
            None => {}
        }
    }

    fn ask_committed(&self, id: &str, statement: &str, manner: &Manner, out: &mut dyn Write) -> Result<(), Failure> {
        let (door, who, runtime) = open_committed(&self.data)?;
        let door = Arc::new(door);
        let running = Running::Committed { door: Arc::clone(&door), who: who.clone(), id: id.to_owned() };
        *self.running() = Some(running);
        let format = match manner.format {
            Format::Table => QueryFormat::Table,
            Format::Csv => QueryFormat::Csv,
            Format::Json => QueryFormat::Json,
            Format::Arrow => QueryFormat::Arrow,
        };
        let Manner { reason, bounds, .. } = manner.clone();
        let question = Question {
            reason: reason.map(Into::into),
            bounds,
            id: Some(id.into()),
            ..Question::new(statement, format, "cli")
        };
        runtime.block_on(async {
            let AnswerStream { mut parts, .. } = door.ask(&who, question).await.map_err(unanswered)?;
            while let Some(part) = parts.next().await {
                out.write_all(&part.map_err(unanswered)?).map_err(unwritten)?;
            }
            Ok(())
        })
    }

    fn new_id(&self) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        hashed_id(&["cli", &std::process::id().to_string(), &now.as_nanos().to_string(), &number.to_string()])
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().expect("no holder of the running question panics")
    }
}

fn ask_server(url: &str, id: &str, statement: &str, manner: &Manner, out: &mut dyn Write) -> Result<(), Failure> {
    let Manner { format, reason, bounds } = manner;
    let format = match format {
        Format::Table => "table",
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Arrow => "arrow",
    };
    let body = serde_json::json!({ "sql": statement, "format": format, "reason": reason, "rows_max": bounds.rows_max,
        "bytes_max": bounds.bytes_max });
    let question = agent().post(format!("{url}/v1/sql")).header("content-type", "application/json");
    let sent = question.header("vigie-query", id).send(body.to_string());
    let response = sent.map_err(|error| Failure::io(format!("cannot ask the server at {url}"), error))?;
    let status = response.status().as_u16();
    let mut rows = response.into_body().into_reader();
    if status == 200 {
        return pass_on(&mut rows, out, || why_it_ended(url, id));
    }
    let mut refusal = Vec::new();
    let read = rows.take(REFUSAL_BYTES_MAX).read_to_end(&mut refusal);
    read.map_err(|error| Failure::io(format!("cannot read the answer of {url}"), error))?;
    let said = Answer { status, body: refusal }.error();
    Err(if (400..500).contains(&status) { Failure::Usage(said) } else { Failure::Io(said) })
}

/// Writes what arrives, until it ends or breaks off.
fn pass_on(rows: &mut dyn Read, out: &mut dyn Write, why: impl FnOnce() -> Option<String>) -> Result<(), Failure> {
    let mut part = vec![0; PART_BYTES];
    loop {
        match rows.read(&mut part) {
            Ok(0) => return Ok(()),
            Ok(read) => out.write_all(&part[..read]).map_err(unwritten)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                let why = why().unwrap_or_else(|| error.to_string());
                return Err(Failure::Io(format!("the answer broke off, and is not whole: {why}")));
            }
        }
    }
}

/// What the server says became of a query.
fn why_it_ended(url: &str, id: &str) -> Option<String> {
    let listed = agent().get(format!("{url}/v1/sql/running")).call().ok()?;
    let mut text = String::new();
    listed.into_body().into_reader().take(REFUSAL_BYTES_MAX).read_to_string(&mut text).ok()?;
    let listed: serde_json::Value = serde_json::from_str(&text).ok()?;
    let ended = listed["ended"].as_array()?.iter().find(|query| query["id"] == id)?;
    ended["error"].as_str().map(str::to_owned)
}

fn unwritten(error: io::Error) -> Failure {
    Failure::io("cannot write the answer", error)
}

/// Knows whether what was written ends a line.
struct Ended<'a> {
    out: &'a mut dyn Write,
    ends_line: bool,
}

impl Ended<'_> {
    fn end_line(&mut self) -> io::Result<()> {
        if !self.ends_line {
            self.write_all(b"\n")?;
        }
        self.flush()
    }
}

impl Write for Ended<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        if let Some(last) = bytes[..written].last() {
            self.ends_line = *last == b'\n';
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
