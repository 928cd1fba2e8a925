//! `vigie serve` over real sockets: events in, alerts and rows out, commands, streams, and an orderly end.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{CROWDED_RULES, PEOPLE_METRIC, Running, count, found_centre, run, sql, text, vigie, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

fn write_config(folder: &Path, listen: &str) {
    found_centre(folder, PEOPLE_METRIC, CROWDED_RULES);
    let config = fs::read_to_string(folder.join("vigie.toml")).unwrap();
    fs::write(folder.join("vigie.toml"), config.replace("127.0.0.1:0", listen)).unwrap();
}

fn serve(folder: &Path) -> Running {
    Running::start(common::serve(folder))
}

fn people(value: u32, id: &str) -> String {
    let now = now_ms();
    format!(
        "{{\"id\":\"{id}\",\"space\":\"plaza\",\"sensor\":\"s1\",\"metric\":\"people_count\",\"value\":{value},\"time\":{now}}}\n"
    )
}

fn now_ms() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
}

/// The next event of an SSE stream that the engine caused: id, event name and data.
fn next_event(stream: &mut BufReader<TcpStream>) -> (String, String, Value) {
    let (mut id, mut name) = (String::new(), String::new());
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).expect("an event in time") > 0, "the stream ended");
        let line = line.trim_end();
        if let Some(value) = line.strip_prefix("id:") {
            value.trim().clone_into(&mut id);
        } else if let Some(value) = line.strip_prefix("event:") {
            value.trim().clone_into(&mut name);
        } else if let Some(value) = line.strip_prefix("data:")
            && !["handling", "desk", "tick"].contains(&name.as_str())
        {
            return (id, name, serde_json::from_str(value.trim()).expect("data is JSON"));
        }
    }
}

fn follow(url: &str, last_event_id: Option<&str>) -> BufReader<TcpStream> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let resume = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    write!(stream, "GET /v1/alerts/stream HTTP/1.1\r\nHost: {address}\r\n{resume}\r\n").unwrap();
    BufReader::new(stream)
}

#[test]
fn an_event_becomes_an_alert_that_an_operator_handles_and_an_analyst_finds() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "127.0.0.1:0");
    let server = serve(folder.path());
    let data = folder.path().join("data");
    assert_eq!(server.get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(server.get("/readyz"), (200, "ok\n".to_owned()));

    let body = people(120, "a") + "{broken\n" + &people(120, "a");
    let (status, answer) = server.post("/v1/events", "application/x-ndjson", &body);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(1), &json!(1)), "{answer}");
    assert_eq!(answer["rejected"][0]["line"], 2, "{answer}");

    let mut stream = follow(&server.url, None);
    let (id, name, raised) = next_event(&mut stream);
    assert_eq!((name.as_str(), &raised["state"], &raised["space"]), ("active", &json!("active"), &json!("plaza")));
    assert!(raised["evidence"].is_object(), "{raised}");
    let alert = raised["alert_id"].as_str().unwrap();

    let close = json!({"operator": "eve", "disposition": "true", "note": "market day"});
    let (status, refused) = server.post_json(&format!("/v1/alerts/{alert}/close"), &close);
    assert_eq!(status, 409, "an active alert cannot be closed: {refused}");
    let acknowledge = json!({"operator": "eve", "note": "seen on camera 4"});
    let (status, done) = server.post_json(&format!("/v1/alerts/{alert}/acknowledge"), &acknowledge);
    assert_eq!(status, 200, "{done}");

    server.post("/v1/events", "application/x-ndjson", &people(10, "b"));
    let (_, name, cleared) = next_event(&mut stream);
    assert_eq!((name.as_str(), &cleared["alert_id"]), ("cleared", &raised["alert_id"]));
    let mut resumed = follow(&server.url, Some(&id));
    assert_eq!(next_event(&mut resumed).1, "cleared", "a resumed stream goes on behind Last-Event-ID");
    let (status, done) = server.post_json(&format!("/v1/alerts/{alert}/close"), &close);
    assert_eq!(status, 200, "{done}");

    // Beside a running server the command line asks that server, whose newest rows count.
    assert_eq!(count(&data, "SELECT count(*) FROM observations"), 2);
    let (status, refused) = server.post_json("/v1/sql", &json!({"sql": "DROP TABLE alerts"}));
    assert_eq!(status, 400, "{refused}");
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains("vigie_log_rows_total 2"), "{metrics}");

    assert_eq!(server.interrupt(), Some(0));
    let letters = fs::read_to_string(data.join("dead-letters/dead-letters-00000001.ndjson")).unwrap();
    let letter: Value = serde_json::from_str(&letters).unwrap();
    assert_eq!((&letter["line"], &letter["reason"]), (&json!(2), &json!("not a JSON object")), "{letter}");
    assert!(letter["peer"].as_str().unwrap().starts_with("127.0.0.1:") && !letters.contains("broken"), "{letter}");
    let states = sql(&data, "SELECT state FROM alerts ORDER BY \"offset\"");
    assert_eq!(states, [json!({"state": "active"}), json!({"state": "cleared"})]);
    let actions =
        sql(&data, "SELECT action, outcome, operator FROM actions WHERE alert_id IS NOT NULL ORDER BY \"offset\"");
    let action = |action: &str, outcome: &str| json!({"action": action, "outcome": outcome, "operator": "eve"});
    assert_eq!(actions, [action("close", "still_active"), action("acknowledge", "done"), action("close", "done")]);
}

/// Also while history commits: by number of rows or every five seconds, whichever comes first.
#[test]
fn a_row_is_in_sql_within_a_second_of_its_answer_and_once() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "127.0.0.1:0");
    let server = serve(folder.path());
    let rows = json!({"sql": "SELECT count(*) AS n, count(DISTINCT id) AS ids FROM observations"});
    let mut waited: Vec<_> = (1..=12_u64)
        .map(|sent| {
            let body: String = (0..2_000).map(|index| people(10, &format!("{sent}-{index}"))).collect();
            let (status, answer) = server.post("/v1/events", "application/x-ndjson", &body);
            assert_eq!(status, 200, "{answer}");
            let answered = Instant::now();
            wait_until("the rows in SQL", || {
                let asked_after = answered.elapsed();
                let (_, found) = server.post_json("/v1/sql", &rows);
                assert_eq!(found[0]["n"], found[0]["ids"], "a row was seen twice");
                (found[0]["n"] == sent * 2_000).then_some(asked_after)
            })
        })
        .collect();
    waited.sort();
    // A machine that is busy with others may hold up one; not half of them.
    assert!(waited[6] < Duration::from_secs(1), "{waited:?}");
}

#[test]
fn an_address_in_use_is_refused_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), &address);
    let mut command = vigie();
    command.args(["serve", "--config"]).arg(folder.path().join("vigie.toml"));
    let said = text(&run(&mut command, 3).stderr);
    assert!(said.contains(&format!("cannot listen on {address}")) && said.contains("[http] listen"), "{said}");
}

#[test]
fn a_data_folder_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "127.0.0.1:0");
    let server = serve(folder.path());
    let mut second = vigie();
    second.args(["serve", "--config"]).arg(folder.path().join("vigie.toml"));
    let said = text(&run(&mut second, 3).stderr);
    assert!(said.contains(&format!("in use by the server at {}", server.url)), "{said}");
}

#[test]
fn a_history_that_cannot_be_written_ends_the_stop_with_an_error_not_never() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "127.0.0.1:0");
    let server = serve(folder.path());
    let commits = folder.path().join("data/history/observations/_delta_log");
    fs::remove_dir_all(&commits).unwrap();
    fs::write(&commits, "in the way").unwrap();
    let (status, _) = server.post("/v1/events", "application/x-ndjson", &people(1, "a"));
    assert_eq!(status, 200);
    assert_eq!(server.interrupt(), Some(3));
}

#[test]
fn an_event_time_far_ahead_is_moved_and_the_reply_says_why() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "127.0.0.1:0");
    let server = serve(folder.path());
    let event = "{\"space\":\"plaza\",\"metric\":\"people_count\",\"value\":1,\"time\":\"2199-01-01T00:00:00Z\"}";
    let (_, answer) = server.post("/v1/events", "application/json", event);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["time_adjusted"], 1, "{answer}");
    assert!(answer["notes"][0].as_str().unwrap().contains("ahead of the clock of this server"), "{answer}");
    let event = event.replace("2199", "1971");
    let (_, answer) = server.post("/v1/events", "application/json", &event);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((&answer["accepted"], &answer["time_adjusted"]), (&json!(1), &json!(0)), "{answer}");
    assert!(
        answer["notes"][0].as_str().unwrap().contains("more than a day before the clock of this server"),
        "{answer}"
    );
}

#[test]
fn a_page_of_another_site_can_neither_send_events_nor_read() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "127.0.0.1:0");
    let server = serve(folder.path());
    for path in ["/v1/events", "/v1/sql", "/metrics", "/v1/alerts"] {
        let address = server.url.trim_start_matches("http://");
        for headers in [format!("Host: {address}\r\nOrigin: http://evil.example"), "Host: evil.example".to_owned()] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let method = if path.ends_with('s') && path != "/v1/events" { "GET" } else { "POST" };
            write!(stream, "{method} {path} HTTP/1.1\r\n{headers}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .unwrap();
            let mut status = String::new();
            BufReader::new(stream).read_line(&mut status).unwrap();
            assert!(status.contains("403"), "{method} {path} with {headers}: {status}");
        }
    }
}
