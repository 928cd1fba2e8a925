//! `vigie watch` against the real server: lines in a pipe, over a restart, and the screen in a pseudo terminal.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{CROWDED_RULES, PEOPLE_METRIC, Running, found_centre, serve, vigie};
use serde_json::{Value, json};
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

fn people(server: &Running, space: &str, value: u32) {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let event = json!({"space": space, "sensor": "s1", "metric": "people_count", "value": value, "time": time});
    assert_eq!(server.post_json("/v1/events", &event).0, 200);
}

/// A started watch; killed when dropped.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl Watch {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, said: String::new() }
    }

    /// Reads on until what was said since the last call contains `needle`; returns all of it.
    fn wait_for(&mut self, needle: &str) -> String {
        let mut bytes = [0; 4096];
        loop {
            if let Some(at) = self.said.find(needle) {
                let rest = self.said.split_off(at + needle.len());
                return std::mem::replace(&mut self.said, rest);
            }
            let read = self.out.read(&mut bytes).unwrap();
            assert!(read > 0, "it ended without saying '{needle}'; it said {:?}", self.said);
            self.said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }

    fn press(&mut self, keys: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).and_then(|()| stdin.flush()).unwrap();
    }

    fn ended(mut self) -> Option<i32> {
        let mut rest = Vec::new();
        self.out.read_to_end(&mut rest).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn found(folder: &Path) -> Running {
    found_centre(folder, PEOPLE_METRIC, &format!("{CROWDED_RULES}    summary: '{{space}} is crowded'\n"));
    Running::start(serve(folder))
}

#[test]
fn lines_tell_every_change_once_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = found(folder.path());
    people(&server, "before", 120);
    // Its row is in the list once the book has it.
    while !server.get("/v1/alerts").1.contains("before") {}
    let mut watch = Watch::start(vigie().args(["watch", "--data"]).arg(folder.path().join("data")));
    let listed = watch.wait_for("\tbefore is crowded\n");
    assert!(listed.contains("\tlisted\thigh\topen\tbefore\t"), "{listed}");
    watch.wait_for("\tLIVE\t-\t-\t-\t-\tconnected");
    people(&server, "plaza", 120);
    watch.wait_for("\tactive\thigh\topen\tplaza\t");
    // What somebody at another desk does is seen here too.
    let alerts: Value = serde_json::from_str(&server.get("/v1/alerts?space=plaza").1).unwrap();
    let acknowledge = format!("/v1/alerts/{}/acknowledge", alerts[0]["alert_id"].as_str().unwrap());
    assert_eq!(server.post_json(&acknowledge, &json!({"operator": "Bea"})).0, 200);
    watch.wait_for("\tacknowledged\thigh\tacknowledged\tplaza\t");
    server.kill();
    watch.wait_for("\tLOST\t-\t-\t-\t-\tNO CONNECTION");
    // The port is another one: the data folder's lock tells it.
    let server = Running::start(serve(folder.path()));
    people(&server, "plaza", 10);
    people(&server, "after", 120);
    let told = watch.wait_for("\tactive\thigh\topen\tafter\t");
    assert_eq!(told.matches("\tcleared\thigh\tacknowledged\tplaza\t").count(), 1, "{told}");
    assert_eq!(told.matches("\tactive\t").count(), 1, "nothing is told twice: {told}");
    assert!(told.contains("\tLIVE\t"), "{told}");
    let pid = watch.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(watch.ended(), Some(0));
}

/// A process that is stopped keeps its connections: nothing but the missing ticks tells that it judges no more.
#[test]
fn a_server_that_judges_no_more_is_noticed_by_its_missing_ticks() {
    let folder = tempfile::tempdir().unwrap();
    let server = found(folder.path());
    let mut watch = Watch::start(vigie().args(["watch", "--tick-wait", "3s", "--url", &server.url]));
    watch.wait_for("\tLIVE\t-\t-\t-\t-\tconnected");
    server.signal("STOP");
    watch.wait_for("\tDEAD\t-\t-\t-\t-\tVIGIE JUDGES NO MORE: no tick for ");
    server.signal("CONT");
    watch.wait_for("\tLIVE\t");
}

#[test]
fn without_a_server_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let said = common::text(&common::run(vigie().args(["watch", "--data"]).arg(folder.path()), 3).stderr);
    assert!(said.contains("no server runs on") && said.contains("--url"), "{said}");
    common::run(vigie().args(["watch", "--url", "https://example.org"]), 2);
}

/// `script` of util-linux gives the command a terminal of its own and passes keys and screen through.
#[test]
fn on_a_terminal_one_key_acknowledges() {
    if Command::new("script").arg("--version").output().is_err() {
        writeln!(std::io::stderr(), "SKIPPED on_a_terminal_one_key_acknowledges: there is no `script` (util-linux)")
            .unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = found(folder.path());
    people(&server, "plaza", 120);
    let command = format!("exec {} watch --operator Ada --url {}", env!("CARGO_BIN_EXE_vigie"), server.url);
    let mut script = Command::new("script");
    let mut watch = Watch::start(
        script
            .args(["-qec", &command, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .env_remove("NO_COLOR"),
    );
    let screen = watch.wait_for("plaza is crowded");
    assert!(screen.contains("\x1b[?1049h") && screen.contains("\x1b[1;31mHIGH"), "{screen:?}");
    watch.press("a");
    watch.wait_for("acknowledge: done; it is acknowledged now");
    watch.wait_for("0 open, 1 acknowledged");
    let alerts: Value = serde_json::from_str(&server.get("/v1/alerts").1).unwrap();
    assert_eq!(alerts[0]["acknowledged"]["operator"], "Ada", "{alerts}");
    // It cannot be closed while it goes on; the refusal is shown in the server's words.
    watch.press("ct");
    watch.wait_for("refused: the alert is still active or stale");
    server.kill();
    watch.wait_for("NO CONNECTION for ");
    watch.press("q");
    watch.wait_for("\x1b[?1049l");
    assert_eq!(watch.ended(), Some(0));
}
