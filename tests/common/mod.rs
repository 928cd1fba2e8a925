//! What the end-to-end tests share: the real binary, started and talked to as a user would.

#![allow(dead_code, unreachable_pub, reason = "each test file is a crate that uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vigie_model::time::parse_rfc3339_ms;

/// A command of the real binary.
pub fn vigie() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// The one metric that most tests need.
pub const PEOPLE_METRIC: &str = "[metrics.people_count]\nlabel = \"people\"\nunit = \"1\"\n";

/// One rule: a space is crowded from 100 people on, and until there are fewer than 80.
pub const CROWDED_RULES: &str = "\
groups:
- name: squares
  rules:
  - alert: Crowded
    kind: threshold
    metric: people_count
    per: space
    raise: 'value >= 100'
    clear: 'value < 80'
    stale_after: 1d
    severity: high
";

/// The configuration of a centre that registers spaces as they come; tests may append sections.
pub const CONFIG: &str = "\
[centre]
id = \"testville\"
name = \"Testville\"
time_zone = \"UTC\"
data_dir = \"data\"
[spaces]
unknown = \"register\"
[rules]
files = [\"rules.yaml\"]
[http]
listen = \"127.0.0.1:0\"
";

/// Writes the configuration of a centre with its rules into a folder; its data will be in `folder/data`.
pub fn found_centre(folder: &Path, more: &str, rules: &str) {
    std::fs::write(folder.join("vigie.toml"), format!("{CONFIG}{more}")).expect("the folder can be written");
    std::fs::write(folder.join("rules.yaml"), rules).expect("the folder can be written");
}

/// What `[[sql.postgres.users]]` keeps of a password, from the real command.
pub fn verifier(password: &str) -> String {
    let mut command = vigie();
    command.args(["sql", "--make-verifier"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    writeln!(child.stdin.take().expect("its input is piped"), "{password}").expect("it takes a password");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.starts_with("SCRAM-SHA-256$") && !said.contains(password), "{said}");
    said.trim().to_owned()
}

/// `vigie serve` for the configuration in a folder.
pub fn serve(folder: &Path) -> Command {
    let mut command = vigie();
    command.args(["serve", "--config"]).arg(folder.join("vigie.toml"));
    command
}

/// The project's folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Anything a test waits for takes a fraction of this; longer is a failure.
pub const WAIT_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks at something another process does.
const LOOK_PAUSE: Duration = Duration::from_millis(1);

/// Waits until `look` finds something; fails the test with `what` after [`WAIT_MAX`].
pub fn wait_until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_within(WAIT_MAX, what, look)
}

/// [`wait_until`] with patience of its own.
pub fn wait_within<T>(wait_max: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + wait_max;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {wait_max:?}");
        sleep(LOOK_PAUSE);
    }
}

/// Milliseconds since 1970 on the machine's clock.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292278994")
}

/// Runs a command to its end; fails the test with all it said unless its exit code is `code`.
pub fn run(command: &mut Command, code: i32) -> Output {
    let output = command.output().expect("the command can be started");
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{command:?} said:\n{said}");
    output
}

/// Output as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The JSON object in the last line of standard output: a replay's summary.
pub fn last_json(output: &Output) -> serde_json::Value {
    let out = text(&output.stdout);
    let line = out.lines().last().unwrap_or_else(|| panic!("no output; standard error: {}", text(&output.stderr)));
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))
}

/// The transitions of an alerts file as the sorted lines of a digest.
pub fn digest_lines(alerts: &str) -> String {
    let mut lines: Vec<String> = alerts
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line is JSON"))
        .filter(|row| row["state"] != "resumed")
        .map(|row| {
            let word = |name: &str| row[name].as_str().expect("the field is text").to_owned();
            let event_time_ms = parse_rfc3339_ms(&word("event_time")).expect("an instant");
            format!("{}\t{}\t{}\t{event_time_ms}\n", word("rule"), word("key"), word("state"))
        })
        .collect();
    lines.sort_unstable();
    lines.concat()
}

/// Rows of a query, as `vigie sql --format json` gives them.
pub fn sql(data: &Path, statement: &str) -> Vec<serde_json::Value> {
    let mut command = vigie();
    command.args(["sql", statement, "--format", "json", "--data"]).arg(data);
    serde_json::from_slice(&run(&mut command, 0).stdout).expect("rows are a JSON array")
}

/// The one number a query answers with.
pub fn count(data: &Path, statement: &str) -> u64 {
    let rows = sql(data, statement);
    let row = rows[0].as_object().expect("a row is an object");
    row.values().next().and_then(serde_json::Value::as_u64).expect("a row of one number")
}

/// A running `serve` or `demo`; killed when dropped.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    pub url: String,
    pub said: String,
}

impl Running {
    /// Starts a command and waits for the line that tells its address.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("it can be started");
        let mut out = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut said = String::new();
        let url = loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).expect("its output is text") > 0, "it ended before it listened: {said}");
            said.push_str(&line);
            if let Some(at) = line.find("http://") {
                break line[at..].trim().to_owned();
            }
        };
        Self { child, out, url, said }
    }

    /// Where it serves the Postgres wire.
    pub fn postgres(&self) -> SocketAddr {
        let address = self.said.lines().find_map(|line| line.strip_prefix("Postgres wire: "));
        address.expect("it tells of the wire").trim().parse().expect("an address")
    }

    /// Resident memory in MiB.
    pub fn memory_mib(&self) -> u64 {
        self.memory_of("VmRSS:")
    }

    /// The most resident memory it has had so far, in MiB.
    pub fn memory_peak_mib(&self) -> u64 {
        self.memory_of("VmHWM:")
    }

    fn memory_of(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("the system tells of its memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kB") / 1_024
    }

    /// Reads lines until one contains `needle`.
    pub fn wait_for(&mut self, needle: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.out.read_line(&mut line).expect("its output is text");
            assert!(read > 0, "it ended without saying '{needle}'; it said:\n{}", self.said);
            self.said.push_str(&line);
            if line.contains(needle) {
                return line;
            }
        }
    }

    /// Asks it to stop as Ctrl-C does, and returns its exit code.
    pub fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
        self.out.read_to_string(&mut self.said).expect("its output is text");
        self.child.wait().expect("it can be waited for").code()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, named as `kill` names it.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Ends it as a power cut of the process would: at once.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it can be waited for");
    }

    /// Waits until it ends by itself, and returns its exit code.
    pub fn wait(mut self) -> Option<i32> {
        self.out.read_to_string(&mut self.said).expect("its output is text");
        self.child.wait().expect("it can be waited for").code()
    }

    /// GET: status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let answer = agent().get(format!("{}{path}", self.url)).call();
        read(answer.unwrap_or_else(|error| panic!("GET {path}: {error}")))
    }

    /// POST: status and body.
    pub fn post(&self, path: &str, content_type: &str, body: &str) -> (u16, String) {
        let answer = agent().post(format!("{}{path}", self.url)).header("content-type", content_type).send(body);
        read(answer.unwrap_or_else(|error| panic!("POST {path}: {error}")))
    }

    /// POST of JSON: status and JSON.
    pub fn post_json(&self, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let (status, answer) = self.post(path, "application/json", &body.to_string());
        (status, serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error} in {answer}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> (u16, String) {
    (answer.status().as_u16(), answer.body_mut().read_to_string().expect("the body is text"))
}

/// The Python with which tests check Vigie from outside, as `VIGIE_PYTHON` names it; says so when there is none.
pub fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("VIGIE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("VIGIE_REQUIRE_PYTHON").is_none(), "VIGIE_REQUIRE_PYTHON is set without VIGIE_PYTHON");
        // Past the test runner's capture, so that a skipped check is seen.
        let said = "VIGIE_PYTHON is not set; scripts/python-env.sh installs what it needs";
        writeln!(std::io::stderr(), "SKIPPED {test}: {said}").expect("standard error can be written");
    }
    python
}
