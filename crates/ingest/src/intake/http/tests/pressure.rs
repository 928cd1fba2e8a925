//! What a log short of room takes, and how senders are told.

use super::{event, problem, server};
use crate::intake::pressure::{Pressure, Shortage};
use crate::limits::{BODIES_BYTES_MAX, BODY_BYTES_MAX, REJECTS_REPORTED_MAX};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;

const INCIDENT: &str = r#"{"type":"incident","id":"c-1","space":"town-hall","category":"theft","time":1489312800000}"#;
const PERCEPTION: &str = r#"{"type":"perception","id":"p-1","space":"town-hall","question":"safe-alone","n":4,"unsafe":1,"time":1489312800000}"#;

fn json(reply: &str) -> Value {
    serde_json::from_str(reply).unwrap()
}

#[test]
fn a_full_log_takes_nothing_and_says_when_to_come_back() {
    let (server, _reader) = server(1000);
    *server.pressure.lock().unwrap() =
        Pressure::Full(Shortage { why: "the log has reached its size".to_owned(), retry_s: 30 });
    // It is told before the body is decoded: what the body holds does not matter.
    for body in [INCIDENT.to_owned(), event(1), "{]".to_owned(), " ".repeat(BODY_BYTES_MAX + 1)] {
        let (status, headers, reply) = server.exchange("", &[], body.as_bytes());
        assert_eq!((status, &headers["retry-after"]), (503, &"30".parse().unwrap()));
        let expected = "the log has reached its size; nothing was taken, send the same request again later";
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(reply, problem(503, expected));
    }
    *server.pressure.lock().unwrap() = Pressure::None;
    let (status, reply) = server.post_lines(&[INCIDENT, &event(1)].join("\n"));
    assert_eq!((status, &json(&reply)["accepted"], &json(&reply)["duplicates"]), (200, &json!(2), &json!(0)));
}

#[test]
fn telemetry_alone_is_turned_away_whole() {
    let (server, _reader) = server(1000);
    *server.pressure.lock().unwrap() = Pressure::Shed(Shortage { why: "the log is 80 % full".to_owned(), retry_s: 30 });
    let body = [event(1), "{]".to_owned(), event(2)].join("\n");
    let (status, headers, reply) = server.exchange("", &[], body.as_bytes());
    assert_eq!((status, &headers["retry-after"]), (429, &"30".parse().unwrap()));
    assert!(reply.contains("the log is 80 % full, observations are shed; nothing was taken"), "{reply}");
    *server.pressure.lock().unwrap() = Pressure::None;
    let (status, reply) = server.post_lines(&body);
    assert_eq!((status, &json(&reply)["accepted"], &json(&reply)["duplicates"]), (200, &json!(2), &json!(0)));
    // The refused line of the request turned away left no letter: it came again.
    assert_eq!(server.letters().len(), 1);
}

#[test]
fn incidents_and_perceptions_are_kept_and_each_observation_beside_them_is_named() {
    let (server, _reader) = server(1000);
    *server.pressure.lock().unwrap() = Pressure::Shed(Shortage { why: "the log is 80 % full".to_owned(), retry_s: 30 });
    let body = [&event(1), INCIDENT, "{]", &event(2), PERCEPTION].join("\n");
    let (status, reply) = server.post_lines(&body);
    let reply = json(&reply);
    assert_eq!((status, &reply["accepted"]), (200, &json!(2)), "{reply}");
    let rejected = json!([
        {"line": 1, "reason": "shed"},
        {"line": 3, "reason": "not a JSON object: key must be a string at column 2"},
        {"line": 4, "reason": "shed"}
    ]);
    assert_eq!(reply["rejected"], rejected);
    assert_eq!(
        reply["notes"],
        json!(["2 observations were shed: the log is 80 % full; send them again in 30 seconds"])
    );
    *server.pressure.lock().unwrap() = Pressure::None;
    let (_, reply) = server.post_lines(&body);
    assert_eq!((&json(&reply)["accepted"], &json(&reply)["duplicates"]), (&json!(2), &json!(2)));
    // Twice the broken line, and no letter for what was shed.
    assert!(server.letters().iter().all(|letter| letter["line"] == 3));
}

#[test]
fn nothing_to_shed_is_no_reason_to_turn_anyone_away() {
    let (server, _reader) = server(1000);
    *server.pressure.lock().unwrap() = Pressure::Shed(Shortage { why: "the log is 80 % full".to_owned(), retry_s: 30 });
    assert_eq!(server.post_lines(INCIDENT).0, 200);
    assert_eq!(server.post_lines(r#"{"space":"nowhere","metric":"m","value":1,"time":0}"#).0, 200);
    assert_eq!(server.post_lines("{]").0, 400);
}

#[test]
fn all_shed_observations_are_counted_also_those_not_listed() {
    let (server, _reader) = server(1000);
    *server.pressure.lock().unwrap() = Pressure::Shed(Shortage { why: "little room".to_owned(), retry_s: 30 });
    let mut body: String = (0..500).map(|value| event(value) + "\n").collect();
    body += INCIDENT;
    let (_, reply) = server.post_lines(&body);
    let reply = json(&reply);
    assert_eq!(reply["rejected"].as_array().unwrap().len(), REJECTS_REPORTED_MAX);
    assert_eq!(reply["notes"][0], "400 more lines were rejected and are not listed");
    assert_eq!(reply["notes"][1], "500 observations were shed: little room; send them again in 30 seconds");
}

#[test]
fn bodies_that_never_end_take_no_room_for_what_they_do_not_send() {
    let (server, _reader) = server(1000);
    // As many as all the room could hold, had they sent what they announced.
    let slow: Vec<_> = (0..BODIES_BYTES_MAX / BODY_BYTES_MAX)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            write!(stream, "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_BYTES_MAX}\r\n\r\n{{")
                .unwrap();
            stream
        })
        .collect();
    assert_eq!(server.post_lines(&event(1)).0, 200);
    drop(slow);
}
