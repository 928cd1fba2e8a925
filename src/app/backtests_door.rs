//! The door for backtests asked over HTTP: `vigie rules backtest --json`, run in a process of its own.
//!
//! A backtest reads all of history and holds what it finds, so it shares neither memory nor threads with the judging roles:
//! if it needs too much of anything, it is that process which ends. It reads what history has committed, beside the running
//! server, as `docs/backtest.md` says.
//!
//! **Invariants**
//! - There is one at a time; another one is refused until the process of the first has ended.
//! - The process is stopped when its time is over, when it says more than a report can be, and when nobody waits for it
//!   any more. What it reads and says is bounded.
//! - The proposed rules are in a folder that only this user can read, and that goes with the backtest.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use vigie_model::doors::{BacktestDoor, BacktestError, BacktestRequest, DoorFuture};
use vigie_model::duration::format_ms;
use vigie_model::principal::{Principal, SpaceScope};
use vigie_model::time::format_utc;
use vigie_rules::incident_filter::IncidentFilter;

/// How long a backtest may take.
const TIME_MAX: Duration = Duration::from_secs(120);
/// The longest report, and the longest list of mistakes, that are read.
const SAID_BYTES_MAX: usize = 4 << 20;
/// Lines of mistakes that are passed on.
const LINES_MAX: usize = 100;
/// The name of the proposed rule file, as mistakes in it tell.
const PROPOSED: &str = "proposed.yaml";

/// Judges the stored rows of one centre again.
#[derive(Debug)]
pub struct BacktestsDoor {
    centre: Arc<str>,
    config: PathBuf,
    data: PathBuf,
    turn: Arc<Semaphore>,
}

/// What happens while the process runs.
enum Event {
    /// All of its standard output.
    Report(Vec<u8>),
    /// All of its standard error.
    Words(Vec<u8>),
    /// Nobody waits for it any more.
    Left,
}

/// Tells the process's thread when nobody waits any more.
struct Waiting(Sender<Event>);

impl Drop for Waiting {
    fn drop(&mut self) {
        // The thread may have ended; then there is nothing to stop.
        let _ = self.0.send(Event::Left);
    }
}

impl BacktestsDoor {
    /// A door to the rows in `data`, judged by the configuration file `config` as it is when asked.
    #[must_use]
    pub fn new(centre: Arc<str>, config: PathBuf, data: PathBuf) -> Self {
        Self { centre, config, data, turn: Arc::new(Semaphore::new(1)) }
    }

    async fn run(&self, who: &Principal, request: BacktestRequest) -> Result<String, BacktestError> {
        if who.scope.spaces != SpaceScope::All || who.scope.centre != self.centre {
            let text = "a backtest reads every space of the centre, and you may not see them all";
            return Err(BacktestError::Nothing(text.to_owned()));
        }
        let truth = request.truth.as_deref().map(IncidentFilter::parse).transpose();
        truth.map_err(|reason| BacktestError::Refused(format!("'truth': {reason}")))?;
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| BacktestError::Busy)?;
        let (config, data) = (self.config.clone(), self.data.clone());
        let (is_proposed, begin) = (request.rules.is_some(), Instant::now());
        let (tell, told) = channel();
        let waiting = Waiting(tell.clone());
        let judged = tokio::task::spawn_blocking(move || {
            let judged = judge(&config, &data, &request, &tell, &told);
            drop(turn);
            judged
        });
        let judged = judged.await.map_err(|error| unavailable("cannot wait for the backtest", error));
        drop(waiting);
        let judged = judged?;
        let elapsed_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = if judged.is_ok() { "answered" } else { "refused" };
        tracing::info!(who = &*who.name, is_proposed, outcome, elapsed_ms, "backtest");
        judged
    }
}

impl BacktestDoor for BacktestsDoor {
    fn backtest<'a>(
        &'a self,
        who: &'a Principal,
        request: BacktestRequest,
    ) -> DoorFuture<'a, Result<String, BacktestError>> {
        Box::pin(self.run(who, request))
    }
}

/// Runs the process from beginning to end.
fn judge(
    config: &Path,
    data: &Path,
    request: &BacktestRequest,
    tell: &Sender<Event>,
    told: &Receiver<Event>,
) -> Result<String, BacktestError> {
    let cannot = |error| unavailable("cannot write the proposed rules", error);
    let folder = tempfile::Builder::new().prefix("vigie-backtest-").tempdir().map_err(cannot)?;
    if let Some(rules) = &request.rules {
        std::fs::write(folder.path().join(PROPOSED), rules).map_err(cannot)?;
    }
    let vigie = std::env::current_exe().map_err(|error| unavailable("cannot find the program", error))?;
    let mut command = Command::new(vigie);
    command.args(arguments(config, data, request, &folder));
    // One thread beside its own: the other cores are for judging what comes now.
    command.env("TOKIO_WORKER_THREADS", "1").env_remove("RUST_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| unavailable("cannot start a backtest", error))?;
    listen(child.stdout.take(), tell, Event::Report);
    listen(child.stderr.take(), tell, Event::Words);
    let heard = hear(told, TIME_MAX);
    if heard.is_err() {
        // It may have ended by itself just now.
        let _ = child.kill();
    }
    let ended = ended(&mut child)?;
    let (report, words) = heard?;
    match ended.code() {
        Some(0) => String::from_utf8(report).map_err(|error| unavailable("the report is no text", error)),
        code => Err(not_judged(code, &String::from_utf8_lossy(&words), &folder)),
    }
}

fn arguments(config: &Path, data: &Path, request: &BacktestRequest, folder: &TempDir) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["rules", "backtest", "--json", "--config"].map(OsString::from).into();
    arguments.extend([config.into(), "--data".into(), data.into()]);
    if request.rules.is_some() {
        arguments.extend(["--rules".into(), folder.path().join(PROPOSED).into()]);
    }
    let given = [
        ("from", request.from_ms.map(format_utc)),
        ("to", request.to_ms.map(format_utc)),
        ("warm-up", request.warm_up_ms.map(format_ms)),
        ("window", request.window_ms.map(format_ms)),
        ("shift", request.shift_ms.map(format_ms)),
        ("truth", request.truth.clone()),
    ];
    // In one word with its name, so that no value can pass for an option.
    let words = given.into_iter().filter_map(|(name, value)| value.map(|value| format!("--{name}={value}").into()));
    arguments.extend(words);
    arguments
}

/// Reads one of the process's streams to its end, or to its bound, on a thread of its own.
fn listen(stream: Option<impl Read + Send + 'static>, tell: &Sender<Event>, event: fn(Vec<u8>) -> Event) {
    let tell = tell.clone();
    spawn(move || {
        let mut said = Vec::new();
        if let Some(stream) = stream {
            // What could be read until an error counts; the exit code tells the rest.
            let _ = stream.take(SAID_BYTES_MAX as u64 + 1).read_to_end(&mut said);
        }
        // When nobody listens, the process has been stopped.
        let _ = tell.send(event(said));
    });
}

/// Report and words, once the process has ended both.
fn hear(told: &Receiver<Event>, time_max: Duration) -> Result<(Vec<u8>, Vec<u8>), BacktestError> {
    let end = Instant::now() + time_max;
    let (mut report, mut words) = (None, None);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match told.recv_timeout(left) {
            Ok(Event::Report(said) | Event::Words(said)) if said.len() > SAID_BYTES_MAX => {
                return Err(BacktestError::Unavailable("the report is too long to be sent".to_owned()));
            }
            Ok(Event::Report(said)) => report = Some(said),
            Ok(Event::Words(said)) => words = Some(said),
            Ok(Event::Left) => return Err(BacktestError::Unavailable("nobody waits for it".to_owned())),
            Err(_) => return Err(BacktestError::TooLong(time_max.as_secs())),
        }
        (report, words) = match (report, words) {
            (Some(report), Some(words)) => return Ok((report, words)),
            parts => parts,
        };
    }
}

fn ended(child: &mut Child) -> Result<ExitStatus, BacktestError> {
    child.wait().map_err(|error| unavailable("cannot wait for the backtest", error))
}

/// Why there is no report, by the exit codes of [`crate::exit`].
fn not_judged(code: Option<i32>, words: &str, folder: &TempDir) -> BacktestError {
    let own = format!("{}/", folder.path().display());
    let is_about_proposed = words.contains(&own);
    let words = words.replace(&own, "");
    let words: Vec<_> = words.trim().trim_start_matches("error: ").lines().collect();
    let mut text = words[..words.len().min(LINES_MAX)].join("\n");
    if words.len() > LINES_MAX {
        text.push_str(&format!("\n(and {} more lines)", words.len() - LINES_MAX));
    }
    match code {
        Some(1) => BacktestError::Nothing(text),
        Some(2) if is_about_proposed => BacktestError::Refused(text),
        Some(2) => BacktestError::Unfit(text),
        Some(3) => BacktestError::Unavailable(text),
        _ => BacktestError::Unavailable(format!("the backtest failed; the server's own work goes on. {text}")),
    }
}

fn unavailable(doing: &str, error: impl std::fmt::Display) -> BacktestError {
    BacktestError::Unavailable(format!("{doing}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_cannot_be_smuggled_in_and_mistakes_tell_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let truth = Some("--matches=/etc/passwd".to_owned());
        let request =
            BacktestRequest { from_ms: Some(0), shift_ms: Some(3_600_000), truth, ..BacktestRequest::default() };
        let said = arguments(Path::new("a.toml"), Path::new("d"), &request, &folder);
        let said: Vec<_> = said.iter().map(|word| word.to_str().unwrap()).collect();
        let expected = "rules backtest --json --config a.toml --data d --from=1970-01-01T00:00:00Z --shift=1h \
                        --truth=--matches=/etc/passwd";
        assert_eq!(said.join(" "), expected);

        let line = format!("{}/proposed.yaml:3:1: error: x\n1 error", folder.path().display());
        let refused = BacktestError::Refused("proposed.yaml:3:1: error: x\n1 error".to_owned());
        assert_eq!(not_judged(Some(2), &line, &folder), refused);
        let unfit = BacktestError::Unfit("vigie.toml:1: error: y".to_owned());
        assert_eq!(not_judged(Some(2), "vigie.toml:1: error: y\n", &folder), unfit);
        assert_eq!(not_judged(Some(1), "error: no rows\n", &folder), BacktestError::Nothing("no rows".to_owned()));
        assert!(matches!(not_judged(None, "", &folder), BacktestError::Unavailable(_)));
    }

    #[test]
    fn a_process_is_stopped_when_it_takes_or_says_too_much_and_when_nobody_waits() {
        let (tell, told) = channel();
        assert_eq!(hear(&told, Duration::ZERO), Err(BacktestError::TooLong(0)));
        tell.send(Event::Words(Vec::new())).unwrap();
        tell.send(Event::Report(vec![0; SAID_BYTES_MAX + 1])).unwrap();
        assert!(matches!(hear(&told, TIME_MAX), Err(BacktestError::Unavailable(_))));
        drop(Waiting(tell));
        assert_eq!(hear(&told, TIME_MAX), Err(BacktestError::Unavailable("nobody waits for it".to_owned())));
    }

    #[tokio::test]
    async fn who_may_not_see_every_space_sees_nothing() {
        let door = BacktestsDoor::new("testville".into(), "none.toml".into(), "none".into());
        let mut partner = Principal::local("testville");
        partner.scope.spaces = SpaceScope::Only(["quay".into()].into());
        for who in [partner, Principal::local("elsewhere")] {
            let answer = door.run(&who, BacktestRequest::default()).await;
            assert!(matches!(answer, Err(BacktestError::Nothing(_))), "{answer:?}");
        }
    }
}
