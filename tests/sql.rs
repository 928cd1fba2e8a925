//! SQL over the real server and its folder: streamed, cancelled, audited; and `vigie sql` at a terminal and in pipes.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{CROWDED_RULES, PEOPLE_METRIC, Running, found_centre, run, serve, text, vigie};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Observations; a triple join of them has 512,000 rows, some 30 MB of CSV.
const OBSERVATIONS: u64 = 80;
const TRIPLE: &str = "SELECT a.space, a.sensor, b.event_time, c.value FROM observations a \
                      JOIN observations b ON a.metric = b.metric JOIN observations c ON b.metric = c.metric";
const TRIPLE_ROWS: u64 = OBSERVATIONS * OBSERVATIONS * OBSERVATIONS;
/// Nothing here waits longer for something that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

fn found(folder: &Path, more: &str) -> Running {
    found_centre(folder, &format!("{PEOPLE_METRIC}{more}"), CROWDED_RULES);
    let server = Running::start(serve(folder));
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let row = |index: u64| json!({"space": "plaza", "sensor": "s1", "metric": "people_count", "value": index, "time": now_ms - index * 1000});
    assert_eq!(server.post_json("/v1/events", &json!((0..OBSERVATIONS).map(row).collect::<Vec<_>>())).0, 200);
    let rows = json!({"sql": "SELECT count(*) AS n FROM observations"});
    until(|| server.post_json("/v1/sql", &rows).1[0]["n"] == OBSERVATIONS);
    server
}

fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it does not come");
        std::thread::yield_now();
    }
}

/// A query on a connection of its own: what has arrived of its answer up to the first row, and the rest to be read.
fn ask(server: &Running, id: &str, body: &Value) -> (String, BufReader<TcpStream>) {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "POST /v1/sql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nVigie-Query: {id}\r\n"
    )
    .unwrap();
    write!(stream, "Vigie-Reason: a test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "no head: {head}");
    }
    (head, reader)
}

/// The newest query with this id that has ended.
fn ended(server: &Running, id: &str) -> Value {
    let mut found = Value::Null;
    until(|| {
        let listed: Value = serde_json::from_str(&server.get("/v1/sql/running").1).unwrap();
        found = listed["ended"].as_array().unwrap().iter().find(|query| query["id"] == id).cloned().unwrap_or_default();
        !found.is_null()
    });
    found
}

fn triple(format: &str) -> Value {
    json!({"sql": TRIPLE, "format": format, "rows_max": TRIPLE_ROWS, "bytes_max": 1_000_000_000})
}

#[test]
fn answers_are_streamed_and_cancelled_by_a_request_or_a_closed_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = found(folder.path(), "");
    let (head, mut rest) = ask(&server, "whole", &triple("csv"));
    assert!(head.contains("transfer-encoding: chunked") && head.contains("vigie-query: whole"), "{head}");
    let mut answer = Vec::new();
    rest.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"\r\n0\r\n\r\n"), "a whole answer has its last chunk");
    assert_eq!(ended(&server, "whole")["rows"], TRIPLE_ROWS);

    // Nobody reads on: the queues fill, and the query waits with one part in its hands.
    let (_, rest) = ask(&server, "gone", &triple("json"));
    let listed = server.get("/v1/sql/running").1;
    assert!(listed.contains(r#""id":"gone""#) && listed.contains(r#""reason":"a test""#), "{listed}");
    drop(rest);
    assert_eq!(ended(&server, "gone")["outcome"], "cancelled");

    for format in ["csv", "json", "arrow"] {
        let (_, mut rest) = ask(&server, format, &triple(format));
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut cancelled = agent.delete(format!("{}/v1/sql/running/{format}", server.url)).call().unwrap();
        assert_eq!(cancelled.body_mut().read_to_string().unwrap(), r#"{"outcome":"cancelled"}"#);
        assert_eq!(ended(&server, format)["error"], "the query was cancelled");
        let mut answer = Vec::new();
        // Reset or ended, it has no last chunk.
        let _ = rest.read_to_end(&mut answer);
        assert!(!answer.ends_with(b"\r\n0\r\n\r\n"), "{format}: it looks like a whole answer");
        let again = agent.delete(format!("{}/v1/sql/running/{format}", server.url)).call().unwrap();
        assert_eq!(again.status(), 404);
    }
    // Slots and memory are free: more queries than there are slots are answered.
    for _ in 0..6 {
        assert_eq!(server.post_json("/v1/sql", &json!({"sql": "SELECT 1 AS one"})).1, json!([{"one": 1}]));
    }
    let (status, refused) =
        server.post_json("/v1/sql", &json!({"sql": TRIPLE, "format": "table", "rows_max": 1_000_000}));
    assert_eq!((status, &refused["detail"]), (400, &json!("rows_max is 1000000, and at most 100000 for this format")));
}

/// The text of the audit log's files.
fn audited(data: &Path) -> String {
    fs::read_to_string(data.join("audit/audit-00000001.jsonl")).unwrap()
}

#[test]
fn every_query_is_in_the_audit_log_and_an_altered_entry_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = found(folder.path(), "");
    let statement = "SELECT space, avg(value) FROM observations WHERE sensor = 's1' GROUP BY space";
    let mut command = vigie();
    command.args(["sql", statement, "--reason", "shift report", "--data"]).arg(&data);
    run(&mut command, 0);
    run(vigie().args(["sql", "DROP TABLE alerts", "--data"]).arg(&data), 2);
    assert_eq!(server.interrupt(), Some(0));
    // Without a server, the same chain goes on.
    run(&mut command, 0);
    let entries: Vec<Value> = audited(&data).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let begun: Vec<&Value> = entries.iter().filter(|entry| entry["entry"]["reason"] == "shift report").collect();
    assert_eq!(begun.len(), 2, "{entries:?}");
    let (of_server, of_command) = (&begun[0]["entry"], &begun[1]["entry"]);
    assert_eq!((&of_server["door"], &of_command["door"]), (&json!("http"), &json!("cli")));
    for entry in [of_server, of_command] {
        assert_eq!(entry["reads"], json!({"observations": ["sensor", "space", "value"]}));
        assert_eq!((&entry["who"], &entry["centre"]), (&json!("local"), &json!("testville")));
        assert_eq!(entry["statement_hash"].as_str().map(str::len), Some(32));
        let end = entries.iter().find(|end| end["entry"]["what"] == "query ended" && end["entry"]["id"] == entry["id"]);
        assert_eq!(
            (&end.unwrap()["entry"]["outcome"], &end.unwrap()["entry"]["rows"]),
            (&json!("answered"), &json!(1))
        );
    }
    assert!(entries.iter().any(|entry| entry["entry"]["outcome"] == "refused"));
    assert!(!audited(&data).contains("SELECT"), "statements are kept as hashes only");

    let verify = |code| text(&run(vigie().args(["verify", "--data"]).arg(&data), code).stdout);
    let said = verify(0);
    assert!(said.contains(&format!("audit: whole; 1 file, {} entries, newest chain value ", entries.len())), "{said}");
    let whole = audited(&data);
    let altered = whole.replacen("shift report", "shift repair", 1);
    fs::write(data.join("audit/audit-00000001.jsonl"), altered).unwrap();
    let line = whole.lines().position(|line| line.contains("shift report")).unwrap() + 1;
    let said = verify(1);
    assert!(
        said.contains("audit: not whole") && said.contains(&format!("audit-00000001.jsonl, line {line} (byte ")),
        "{said}"
    );
    let refused = text(&run(&mut command, 3).stderr);
    assert!(refused.contains("no query is answered") && refused.contains("vigie verify"), "{refused}");
}

#[test]
fn statements_are_kept_where_the_centre_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = found(folder.path(), "[sql]\naudit_text = true\n");
    server.post_json("/v1/sql", &json!({"sql": "SELECT 'what was looked for' AS x"}));
    assert!(audited(&folder.path().join("data")).contains("what was looked for"));
}

/// `vigie sql` with statements on its standard input.
fn piped(data: &Path, more: &[&str], statements: &str, code: i32) -> (String, String) {
    let mut command = vigie();
    command.args(["sql", "--data"]).arg(data).args(more);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn in_a_pipe_statements_are_read_and_answers_written_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = found(folder.path(), "");
    let both = "SELECT ';' AS semicolon;\n-- a comment;\nSELECT count(*)\n  AS n FROM observations";
    let (out, _) = piped(&data, &["--format", "csv"], both, 0);
    assert_eq!(out, "semicolon\n;\nn\n80\n");
    let (out, said) =
        piped(&data, &["--format", "csv"], "SELECT 1 AS one; SELECT\n  spce FROM observations; SELECT 2;", 2);
    assert_eq!(out, "one\n1\n", "the first mistake ends it");
    assert!(said.starts_with("statement 2:\n      spce FROM observations\n      ^\n"), "{said}");
    assert!(said.contains("line 2, column 3: unknown column 'spce'"), "{said}");
    assert_eq!(piped(&data, &[], "", 0).0, "");

    let file = folder.path().join("rows.csv");
    let output = ["--format", "csv", "--output", file.to_str().unwrap()];
    let (out, said) = piped(&data, &output, TRIPLE, 3);
    assert_eq!(out, "");
    assert!(said.contains("the answer broke off, and is not whole: the answer has more than 100000 rows"), "{said}");
    assert!(!file.exists(), "a part of an answer is no answer");
    let all = [&output[..], &["--rows-max", "1000000", "--bytes-max", "1000000000"]].concat();
    piped(&data, &all, TRIPLE, 0);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count() as u64, TRIPLE_ROWS + 1);
    let json = text(&run(vigie().args(["sql", "SELECT 1 AS one", "--format", "json", "--data"]).arg(&data), 0).stdout);
    assert_eq!(json, "[{\"one\":1}]\n");
    drop(server);
    // The same of committed rows.
    let (out, said) = piped(&data, &["--format", "csv", "--rows-max", "1"], "SELECT 1 AS one; VALUES (1), (2)", 2);
    assert!(out.starts_with("one\n1\n") && said.contains("the answer has more than 1 rows"), "{out}{said}");
}

/// The editor on a terminal of its own, which `script` of util-linux gives it.
struct Editor {
    child: Child,
    said: String,
}

impl Editor {
    fn press(&mut self, keys: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).and_then(|()| stdin.flush()).unwrap();
    }

    /// Reads on until what was said since the last call contains `needle`; returns all of it.
    fn wait_for(&mut self, needle: &str) -> String {
        let mut bytes = [0; 1 << 16];
        loop {
            if let Some(at) = self.said.find(needle) {
                let rest = self.said.split_off(at + needle.len());
                return std::mem::replace(&mut self.said, rest);
            }
            let read = self.child.stdout.as_mut().unwrap().read(&mut bytes).unwrap();
            assert!(read > 0, "it ended without saying '{needle}'; it said {:?}", self.said);
            self.said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
}

impl Editor {
    /// Reads to the end and returns how it ended, with what it said since the last call. The input stays open
    /// until then: `script` takes its end for a word to the editor.
    fn end(&mut self) -> (std::process::ExitStatus, String) {
        let input = self.child.stdin.take();
        let mut rest = Vec::new();
        self.child.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
        drop(input);
        (self.child.wait().unwrap(), std::mem::take(&mut self.said) + &text(&rest))
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn at_a_terminal_statements_are_edited_cancelled_and_remembered() {
    if Command::new("script").arg("--version").output().is_err() {
        let said =
            "SKIPPED at_a_terminal_statements_are_edited_cancelled_and_remembered: there is no `script` (util-linux)";
        writeln!(std::io::stderr(), "{said}").unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, state) = (folder.path().join("data"), folder.path().join("state"));
    let server = found(folder.path(), "");
    // The shell gives way to the program: a Ctrl-C is for all processes of a terminal, and a waiting shell ends with it.
    let command = format!(
        "exec {} sql --format csv --rows-max 1000000 --bytes-max 1000000000 --data {}",
        env!("CARGO_BIN_EXE_vigie"),
        data.display()
    );
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env("SHELL", "/bin/sh");
    script.env("TERM", "xterm").env("XDG_STATE_HOME", &state);
    let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut editor = Editor { child, said: String::new() };
    editor.wait_for("vigie> ");
    editor.press("\\d spaces\r");
    editor.wait_for("public spaces, one row per version");
    editor.wait_for("vigie> ");
    editor.press("SELECT count(*) AS n\r");
    editor.press("FROM obs\t;\r");
    editor.wait_for("\nn\r\n80\r\n");
    editor.wait_for("vigie> ");
    editor.press("SELECT 1 AS one,\r spce FROM observations;\r");
    let said = editor.wait_for("(columns:");
    assert!(said.contains("unknown column 'spce'"), "{said}");
    editor.wait_for("\r\n     spce FROM observations\r\n     ^");
    // Of rows that nobody could have waited for, some have come.
    editor.wait_for("vigie> ");
    editor.press(&format!("{TRIPLE};\r"));
    editor.wait_for("plaza,s1,");
    editor.press("\x03");
    let said = editor.wait_for("the query was cancelled");
    assert!(said.contains("cancelling"), "{said}");
    editor.wait_for("vigie> ");
    editor.press("\\timing\r");
    editor.wait_for("is shown");
    editor.wait_for("vigie> ");
    editor.press("SELECT 7 AS seven;\r");
    editor.wait_for("seven\r\n7\r\nTime: ");
    editor.wait_for("vigie> ");
    editor.press("\\q\r");
    let (status, said) = editor.end();
    assert!(status.success(), "{status}: {said:?}");
    let history = state.join("vigie/sql_history");
    assert!(fs::read_to_string(&history).unwrap().contains("SELECT 7 AS seven;"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&history).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let listed = server.get("/v1/sql/running").1;
    assert!(listed.starts_with(r#"{"ended":"#) && listed.ends_with(r#""running":[]}"#), "{listed}");
}
