//! What native decoding takes, refuses and drops.

use super::*;
use crate::limits::REJECTS_REPORTED_MAX;
use crate::spaces::registry::{Registry, UnknownSpace};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use vigie_log::interner::Interner;
use vigie_model::batch::Quality;
use vigie_model::names::{NO_NAME, NameKind};
use vigie_model::severity::Severity;
use vigie_model::space::Space;

struct Door {
    decoder: Decoder,
    interner: Arc<Interner>,
    feed: FeedSpec,
}

fn door() -> Door {
    let square = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}"#;
    let spaces = vec![Space { geometry: square.into(), ..Space::registered("square") }, Space::registered("park")];
    let registry = Registry::new("c", Arc::new(spaces), UnknownSpace::Reject, 0, 0.0);
    let interner = Arc::new(Interner::new(100));
    let decoder = Decoder::new(NameCache::new(Arc::clone(&interner), Arc::new(registry)));
    Door { decoder, interner, feed: FeedSpec::named("f") }
}

impl Door {
    fn decode(&mut self, body: impl AsRef<[u8]>) -> (Events, Report) {
        let (mut events, mut report) = (Events::default(), Report::default());
        self.decoder.decode_body(&self.feed, body.as_ref(), &mut events, &mut report);
        assert_eq!(report.taken, events.len() as u64);
        (events, report)
    }
}

fn decode(body: impl AsRef<[u8]>) -> (Events, Report) {
    door().decode(body)
}

/// The reason for which a single event is refused.
fn reason(event: &str) -> String {
    let (events, report) = decode(event);
    assert!(events.is_empty(), "{event}");
    report.rejects[0].reason.clone()
}

const BASE: &str = r#""space":"park","metric":"m","value":1,"time":0"#;

#[test]
fn the_events_of_the_design_are_taken_whole() {
    let mut door = door();
    door.feed.text_allowed = true;
    let (events, report) = door.decode(concat!(
        r#"{"type":"observation","id":"n17-42","node":"n17","seq":42,"space":"park","sensor":"s9","metric":"people_count","value":118,"time":"2017-03-11T18:00:00+11:00","quality":"bad"}"#,
        "\r\n\n",
        r#"{"type":"incident","id":"c-1","lat":0.5,"lon":0.5,"category":"assault","severity":"high","channel":"dispatch","time":0,"reported":1,"text":"a \"word\"","source_reliability":0.75,"status":"open","version":3}"#,
        "\n",
        r#"{"type":"perception","id":"p-1","space":"park","wave":"2018","question":"safe-alone","period":"night","group":{"sex":"f"},"n":117,"unsafe":22.5,"share":0.19}"#,
    ));
    assert_eq!(report.rejects, []);
    assert_eq!(report.fields_dropped, 0);
    assert_eq!(events.origin.iter().map(|origin| origin.line).collect::<Vec<_>>(), [1, 3, 4]);
    let row = events.observations.row(0);
    assert_eq!(
        (row.id, row.seq, row.value.micros(), row.quality),
        (Some("n17-42"), Some(42), 118_000_000, Quality::Bad)
    );
    assert_eq!(row.event_time_ms, 1_489_215_600_000);
    assert_eq!(Some(row.metric), door.interner.lookup(NameKind::Metric, "people_count"));
    let incident = &events.incidents[0];
    assert_eq!(Some(incident.space), door.interner.lookup(NameKind::Space, "square"));
    assert_eq!(
        (incident.severity, incident.version, incident.text.as_deref()),
        (Severity::High, 3, Some("a \"word\""))
    );
    assert_eq!(incident.source_reliability.unwrap().to_string(), "0.75");
    let perception = &events.perceptions[0];
    assert_eq!((perception.group["sex"].as_str(), perception.n), ("f", 117));
    assert_eq!(perception.unsafe_count.to_string(), "22.5");
    assert_eq!(vigie_model::time::format_utc(perception.event_time_ms), "2018-01-01T00:00:00Z");
}

#[test]
fn defaults_are_those_of_the_design() {
    let (events, _) = decode(format!("{{{BASE}}}"));
    let row = events.observations.row(0);
    assert_eq!((row.sensor, row.node, row.seq, row.id, row.quality), (NO_NAME, NO_NAME, None, None, Quality::Good));
    let (events, _) = decode(r#"{"type":"incident","space":"park","category":"theft","time":0}"#);
    assert_eq!((events.incidents[0].severity, events.incidents[0].version), (Severity::Medium, 1));
}

#[test]
fn values_are_taken_as_written_to_the_last_digit() {
    for (written, kept) in [
        ("9007199254.740993", "9007199254.740993"),
        ("9007199254.740992", "9007199254.740992"),
        ("123456.123456499999999999999999", "123456.123456"),
        ("0.30000000000000004", "0.3"),
        ("1.5e3", "1500"),
        ("-0", "0"),
    ] {
        let (events, _) = decode(format!(r#"{{"space":"park","metric":"m","value":{written},"time":0}}"#));
        assert_eq!(events.observations.row(0).value.to_string(), kept);
    }
}

#[test]
fn refusals_name_the_field_and_what_was_expected() {
    let with = |rest: &str| reason(&format!(r#"{{"space":"park","metric":"m","time":0,{rest}}}"#));
    assert_eq!(with(r#""value":"118""#), "value: not a number; expected a JSON number without quotes");
    assert_eq!(with(r#""value":true"#), "value: not a number");
    assert_eq!(with(r#""value":1e13"#), "value: number out of range (at most 9223372036854.775807 in magnitude)");
    assert_eq!(with(r#""value":null"#), "value is missing");
    assert_eq!(with(r#""value":1,"value":1"#), "field 'value' is given twice");
    assert_eq!(with(r#""value":1,"quality":"fine""#), "quality is unknown; expected good, uncertain or bad");
    assert_eq!(with(r#""value":1,"seq":1.5"#), "seq is not a whole number of 64 bits");
    assert_eq!(with(r#""value":1,"sensor":"a/b""#), "sensor contains '/', which separates the parts of a key");
    assert_eq!(with(r#""value":1,"node":7"#), "node is not a text");
    assert_eq!(with(r#""value":1,"type":"news""#), "type is unknown; expected observation, incident or perception");
    assert_eq!(with(r#""value":1 "x":2"#), "not a JSON object: expected `,` or `}` at column 49");
    let place = |rest: &str| reason(&format!(r#"{{"metric":"m","time":0,"value":1{rest}}}"#));
    assert_eq!(place(""), "space is missing; expected space, or lat and lon");
    assert_eq!(place(r#","space":"sqare""#), "space 'sqare' is not declared; did you mean 'square'?");
    assert_eq!(place(r#","lat":91,"lon":0"#), "lat is not a number from -90 to 90");
    assert_eq!(place(r#","lat":9,"lon":0"#), "no declared space contains the position or is near enough to it");
    let time = |time: &str| reason(&format!(r#"{{"space":"park","metric":"m","value":1,"time":{time}}}"#));
    assert!(time(r#""2017-03-11 18:00""#).starts_with("time: not an instant; expected RFC 3339 with an offset"));
    assert!(time("1.5").starts_with("time: not an instant"));
    assert!(time("1489312800000000").starts_with("time: instant outside the years"));
    assert_eq!(reason("7"), "not a JSON object: invalid type: integer `7`, expected a JSON object at column 1");
    let untyped = reason(r#"{"space":"park","category":"theft","time":0}"#);
    assert_eq!(untyped, "metric is missing; an incident says \"type\": \"incident\"");
    let incident = |rest: &str| reason(&format!(r#"{{"type":"incident","space":"park","time":0{rest}}}"#));
    assert_eq!(incident(""), "category is missing");
    assert!(incident(r#","category":"c","severity":"bad""#).starts_with("severity: not a severity; expected"));
    assert_eq!(incident(r#","category":"c","source_reliability":2"#), "source_reliability is outside 0 to 1");
    let perception = |rest: &str| reason(&format!(r#"{{"type":"perception","space":"park","question":"q",{rest}}}"#));
    assert_eq!(perception(r#""n":1,"unsafe":1"#), "time is missing, and wave does not begin with a year");
    assert_eq!(perception(r#""n":1,"unsafe":2,"time":0"#), "unsafe is more than n, the people asked");
    assert_eq!(perception(r#""n":2,"unsafe":2,"time":0,"group":{"a":1}"#), "group has an entry that is not a text");
}

/// The allow-list: whatever else an event carries, its batch is that of the event without it.
#[test]
fn nothing_undeclared_survives() {
    let secret = "Jane Roe, 12 Main St";
    let (events, report) = decode(format!(
        r#"{{{BASE},"plate":"{secret}","face":{{"deep":["{secret}"]}},"category":"{secret}","text":"{secret}"}}"#
    ));
    let (plain, _) = decode(format!("{{{BASE}}}"));
    assert_eq!(format!("{events:?}"), format!("{plain:?}"));
    assert_eq!(report.fields_dropped, 4);
    assert_eq!(report.notes(), ["4 undeclared fields were dropped: category (1), face (1), plate (1), text (1)"]);
    let incident = format!(r#"{{"type":"incident","space":"park","category":"c","time":0,"text":"{secret}"}}"#);
    let (events, report) = decode(&incident);
    assert_eq!((events.incidents[0].text.as_ref(), report.texts_dropped), (None, 1));
    assert!(!format!("{events:?}{report:?}").contains("Jane"));
}

#[test]
fn a_bad_line_never_fails_its_neighbours() {
    let body = [b"{".as_slice(), BASE.as_bytes(), b"}\n{\"a\":\xff}\n[1]\n{", BASE.as_bytes(), b"}\n{{{\n"].concat();
    let (events, report) = decode(body);
    assert_eq!(events.len(), 2);
    let told: Vec<_> = report.rejects.iter().map(|reject| (reject.line, reject.reason.as_str())).collect();
    assert_eq!(told[0], (2, "not UTF-8 at byte 6"));
    assert_eq!(told[1].0, 3);
    assert_eq!(told[2], (5, "not a JSON object: key must be a string at column 2"));
}

#[test]
fn arrays_and_single_objects_are_events_too() {
    let (events, report) = decode(format!(" [ {{{BASE}}}, 7, {{\n{BASE}\n}} ] "));
    assert_eq!((events.len(), report.rejects[0].line, report.rejected), (2, 2, 1));
    let (events, report) = decode(format!("{{\n{BASE}\n}}\n"));
    assert_eq!((events.len(), report.rejected), (1, 0));
    let (events, report) = decode(format!("[{{{BASE}}}, {{{BASE}"));
    assert_eq!((events.len(), report.rejects[0].line), (1, 2));
}

#[test]
fn every_limit_refuses_what_exceeds_it_and_nothing_else() {
    let long = format!(r#"{{{BASE},"x":"{}"}}"#, "x".repeat(LINE_BYTES_MAX));
    let (events, report) = decode(format!("{{{BASE}}}\n{long}\n{{{BASE}}}"));
    assert_eq!((events.len(), report.rejects[0].reason.as_str()), (2, "longer than 65536 bytes"));
    let nested = |depth: usize| format!(r#"{{{BASE},"x":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(decode(nested(JSON_DEPTH_MAX)).0.len(), 1);
    assert_eq!(reason(&nested(JSON_DEPTH_MAX + 1)), "nests deeper than 32");
    let flat = format!(r#"{{{BASE},"x":[{}[]]}}"#, "[],".repeat(100));
    assert_eq!(decode(flat).0.len(), 1);
    let (events, report) = decode(format!("{{{BASE}}}\n").repeat(EVENTS_PER_REQUEST_MAX + 200));
    assert_eq!(
        (events.len(), report.rejected, report.rejects.len()),
        (EVENTS_PER_REQUEST_MAX, 200, REJECTS_REPORTED_MAX)
    );
    assert_eq!(report.notes(), ["100 more lines were rejected and are not listed"]);
    let many_names: String =
        (0..200).map(|n| format!(r#"{{"space":"park","metric":"m{n}","value":1,"time":0}}{}"#, "\n")).collect();
    let (events, report) = decode(many_names);
    assert_eq!((events.len(), report.rejected), (100, 100));
}

/// y_ files are JSON, n_ files are not; neither may panic, and no event comes of any of them.
#[test]
fn the_json_test_suite_is_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/json_test_suite");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut seen = 0;
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
        let text = std::fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(decode(&text).0.is_empty(), "{name}");
        // As the value of an undeclared field, a document decides whether its line is taken.
        let inside = [b"{\"x\":".as_slice(), text.trim_ascii(), b",", BASE.as_bytes(), b"}"].concat();
        let is_one_line = !inside.contains(&b'\n');
        match name.as_bytes()[0] {
            b'y' if is_one_line => assert_eq!(decode(&inside).0.len(), 1, "{name}"),
            b'n' => assert!(decode(&inside).0.is_empty(), "{name}"),
            _ => {}
        }
        seen += 1;
    }
    assert!(seen >= 40, "only {seen} files");
}

fn member() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "type", "id", "space", "lat", "lon", "time", "node", "sensor", "seq", "metric", "value", "quality", "category",
        "severity", "text", "group", "n", "unsafe", "question", "wave", "x",
    ]);
    let value = prop_oneof![
        Just("null".to_owned()),
        Just(r#""park""#.to_owned()),
        Just(r#""incident""#.to_owned()),
        Just(r#""perception""#.to_owned()),
        Just(r#"{"a":"b"}"#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[0-9]{1,30}(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,9})?",
        r#""[ -~]{0,9}""#,
    ];
    (key, value).prop_map(|(key, value)| format!(r#""{key}":{value}"#))
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        decode(body);
    }

    #[test]
    fn no_json_like_text_panics(body in r#"[\[\]{}",:0-9eE.\\u\n -]{0,120}"#) {
        decode(body);
    }

    #[test]
    fn no_event_like_text_panics(members in prop::collection::vec(member(), 0..12)) {
        let (events, report) = decode(format!("{{{}}}", members.join(",")));
        prop_assert_eq!(events.len() as u64 + report.rejected, 1);
    }

    #[test]
    fn every_line_is_accounted_for(good in prop::collection::vec(any::<bool>(), 1..30)) {
        let lines: Vec<_> = good.iter().map(|good| if *good { format!("{{{BASE}}}") } else { "{]".to_owned() }).collect();
        let taken = good.iter().filter(|good| **good).count();
        let (events, report) = decode(lines.join("\n"));
        prop_assert_eq!((events.len(), report.rejected as usize), (taken, good.len() - taken));
    }
}
