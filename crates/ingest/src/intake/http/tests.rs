//! `POST /v1/events` over a real socket, in front of a real sequencer.

mod arrow;
mod dead_letters;
mod limits;
mod pressure;

use super::*;
use crate::limits::BODY_BYTES_MAX;
use crate::spaces::registry::UnknownSpace;
use std::net::SocketAddr;
use std::sync::mpsc;
use tokio::runtime::Runtime;
use vigie_log::clock::{Limit, LogClock};
use vigie_log::intake::REQUESTS_QUEUED_MAX;
use vigie_log::interner::Interner;
use vigie_log::ring::Reader;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::MemoryLog;
use vigie_model::control::Control;
use vigie_model::record::Record;
use vigie_model::space::Space;

struct Server {
    address: SocketAddr,
    intake: Intake,
    agent: ureq::Agent,
    pressure: Arc<Mutex<Pressure>>,
    dead_letters: DeadLetters,
    data: tempfile::TempDir,
    /// Serves until it is dropped.
    _runtime: Runtime,
}

/// The body of a refusal.
fn problem(status: u16, detail: &str) -> String {
    serde_json::to_string(&vigie_model::problem::Problem::new(status, detail)).unwrap()
}

/// A server whose log holds `ring_rows_max` rows for the reader returned.
fn server(ring_rows_max: usize) -> (Server, Reader<Arc<Record>>) {
    let spaces = Arc::new(vec![Space::registered("town-hall")]);
    let control = Control {
        centre: "c".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: Vec::new(),
        spaces: Arc::clone(&spaces),
        metrics: Arc::default(),
        ..Control::default()
    };
    let (store, mut readers) = MemoryLog::new(ring_rows_max, 1);
    let (settings, interner) = (Settings::new("log".into()), Arc::new(Interner::new(1000)));
    // A clock that stands still: no tick comes between the requests of a test.
    let clock = LogClock::anchored(1_489_312_800_000, 1.0, Limit::at(1_489_312_800_000));
    let sequencer = Sequencer::start(settings, clock, store, interner, Arc::new(control)).unwrap();
    let (intake, _thread) = vigie_log::intake::spawn(sequencer, ()).unwrap();
    let registry = Arc::new(Registry::new("c", spaces, UnknownSpace::Reject, 0, 0.0));
    let feeds = Feeds::new([FeedSpec { name: "dispatch".into(), text_allowed: true }], FeedSpec::named("default"));
    let pressure = Arc::new(Mutex::new(Pressure::None));
    let gauge = Arc::clone(&pressure);
    let data = tempfile::tempdir().unwrap();
    let dead_letters = DeadLetters::start(&data.path().join("dead-letters")).unwrap();
    let gauge: PressureGauge = Arc::new(move || gauge.lock().unwrap().clone());
    let routes = router(intake.clone(), registry, feeds, gauge, dead_letters.clone());
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async move { axum::serve(listener, routes).await });
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    (Server { address, intake, agent, pressure, dead_letters, data, _runtime: runtime }, readers.remove(0))
}

impl Server {
    /// Status and body of the reply to `body`.
    fn post(&self, query: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let (status, _, reply) = self.exchange(query, headers, body);
        (status, reply)
    }

    /// Status, headers and body of the reply to `body`.
    fn exchange(&self, query: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, HeaderMap, String) {
        let mut request = self.agent.post(format!("http://{}/v1/events{query}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send(body).unwrap();
        (response.status().as_u16(), response.headers().clone(), response.body_mut().read_to_string().unwrap())
    }

    fn post_lines(&self, body: &str) -> (u16, String) {
        self.post("", &[("content-type", "application/x-ndjson")], body.as_bytes())
    }
}

fn event(value: usize) -> String {
    format!(r#"{{"space":"town-hall","metric":"people_count","value":{value},"time":1489312800000}}"#)
}

#[test]
fn what_was_taken_and_what_was_not_is_told() {
    let (server, _reader) = server(1000);
    let body = [
        event(1),
        "{]".to_owned(),
        event(2),
        event(1),
        r#"{"space":"nowhere","metric":"m","value":1,"time":0}"#.to_owned(),
    ];
    let (status, reply) = server.post_lines(&body.join("\n"));
    assert_eq!(status, 200);
    let expected = concat!(
        r#"{"accepted":2,"duplicates":1,"undeduplicated":0,"time_adjusted":0,"rejected":["#,
        r#"{"line":2,"reason":"not a JSON object: key must be a string at column 2"},"#,
        r#"{"line":5,"reason":"space 'nowhere' is not declared"}],"notes":[]}"#,
    );
    assert_eq!(reply, expected);
    let (status, reply) =
        server.post("", &[("content-type", "application/json; charset=utf-8")], format!("[{}]", event(2)).as_bytes());
    assert_eq!((status, reply.contains(r#""accepted":0,"duplicates":1"#)), (200, true));
}

#[test]
fn an_event_from_the_future_is_adjusted_and_the_reply_says_why() {
    let (server, _reader) = server(1000);
    let (status, reply) =
        server.post_lines(r#"{"space":"town-hall","metric":"m","value":1,"time":"2030-01-01T00:00:00Z"}"#);
    assert_eq!(status, 200);
    assert!(reply.contains(r#""time_adjusted":1"#) && !reply.contains(r#""notes":[]"#), "{reply}");
}

#[test]
fn the_feed_must_be_known() {
    let (server, _reader) = server(1000);
    let incident = r#"{"type":"incident","space":"town-hall","category":"theft","time":0,"text":"words"}"#;
    let (status, reply) = server.post("?feed=dispatch", &[], incident.as_bytes());
    assert_eq!((status, reply.contains(r#""undeduplicated":1"#)), (200, true));
    let (status, reply) = server.post("", &[], incident.as_bytes());
    assert_eq!((status, reply.contains("free texts were dropped")), (200, true));
    let (status, reply) = server.post("?feed=dispach", &[], incident.as_bytes());
    assert_eq!((status, reply), (400, problem(400, "feed is unknown; known feeds: default, dispatch")));
}

#[test]
fn nothing_understood_is_an_error_and_refused_events_are_not() {
    let (server, _reader) = server(1000);
    let (status, reply) = server.post_lines("hello\nworld\n");
    assert_eq!(
        (status, reply.contains("nothing in the body is a JSON event"), reply.contains(r#""line":2"#)),
        (400, true, true)
    );
    let (status, reply) = server.post_lines(r#"{"hello":"world"}"#);
    assert_eq!((status, reply.contains(r#""accepted":0"#)), (200, true));
    assert_eq!(server.post_lines(" \n").0, 400);
    assert_eq!(server.post_lines("[]").0, 200);
}

#[test]
fn bodies_that_are_too_large_or_of_another_kind_are_refused_in_words() {
    let (server, _reader) = server(1000);
    let too_large = vec![b' '; BODY_BYTES_MAX + 1];
    let expected = problem(413, "the body is larger than 1048576 bytes; nothing was taken, send it in pieces");
    assert_eq!(server.post("", &[], &too_large), (413, expected));
    for encoding in ["br", "gzip, zstd"] {
        let (status, headers, reply) = server.exchange("", &[("content-encoding", encoding)], b"x");
        assert_eq!((status, reply.contains("expected one of gzip, zstd, identity")), (415, true), "{reply}");
        assert_eq!(headers["accept-encoding"], "gzip, zstd, identity");
    }
    let (status, reply) = server.post("", &[("content-type", "text/csv")], b"x");
    assert_eq!((status, reply.contains("expected one of application/x-ndjson")), (415, true));
}

#[test]
fn a_full_queue_takes_nothing_and_a_closed_log_says_so() {
    const CLIENTS: usize = 2 * REQUESTS_QUEUED_MAX;
    // Room for what a log begins with, and little more.
    let (server, reader) = server(8);
    let (told, replies) = mpsc::channel();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (told, server) = (told.clone(), &server);
            scope.spawn(move || told.send(server.post_lines(&event(client))));
        }
        // Nobody reads the log, so the sequencer stands, the queue fills, and a request is turned away.
        let (status, reply) = replies.iter().find(|(status, _)| *status == 503).unwrap();
        assert_eq!((status, reply.contains("the queue is full; nothing was taken")), (503, true));
        drop(reader);
    });
    server.intake.stop();
    let (status, reply) = server.post_lines(&event(0));
    assert_eq!((status, reply.contains("the log is closed")), (500, true));
}
