//! Plain lines are read as all lines are: the same fields, the same rows, the same refusals.

use super::*;
use crate::decode::feed::FeedSpec;
use crate::decode::names::NameCache;
use crate::decode::native::Decoder;
use crate::decode::report::Report;
use crate::spaces::registry::{Registry, UnknownSpace};
use std::sync::Arc;
use vigie_log::interner::Interner;
use vigie_model::batch::Events;

/// Mutated lines of one test.
const LINES: u64 = 20_000;
/// Another seed gives other lines; a failure prints the line.
const SEED: u64 = 0x91a1_0e5e_ed00_0001;

/// Lines that are mutated: what machines send, in several orders.
const LINES_SENT: [&str; 6] = [
    r#"{"type":"observation","id":"n17-42","node":"n17","seq":42,"space":"park","sensor":"s9","metric":"people_count","value":118.25,"time":"2017-03-11T18:00:00.5+11:00","quality":"bad"}"#,
    r#"{"time": 1489215600000, "value": -3, "metric": "m", "space": "park", "sensor": null, "lat": 0.5, "lon": 1}"#,
    r#"{"type":"incident","id":"c-1","space":"park","category":"assault","severity":"high","channel":"dispatch","time":0,"reported":1,"text":"Café","source_reliability":0.75,"status":"open","version":3}"#,
    r#"{"type":"perception","space":"park","wave":"2018","question":"safe-alone","n":117,"unsafe":22.5,"share":0.19,"weight":1}"#,
    r#"{"space":"park","metric":"m","value":1,"time":0,"x":1}"#,
    r#"{"space":"park","metric":"m","value":1e2,"time":0,"wave":"w","group":{"a":"b"}}"#,
];
/// What mutations put in.
const PIECES: [&str; 24] = [
    "\"",
    "\\",
    "\\u0061",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\t",
    "null",
    "nul",
    "true",
    "0",
    "-",
    ".",
    "1e5",
    "é",
    "\u{1}",
    "\"n\":2,",
    "\"value\":7,",
    "\"y\":\"z\",",
    "\"type\":null,",
];

/// A small generator (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn place_in(&mut self, line: &str) -> usize {
        let place = self.below(line.len() + 1);
        (0..=place).rev().find(|place| line.is_char_boundary(*place)).unwrap()
    }

    /// A line with up to three changes, none among them.
    fn line(&mut self) -> String {
        let mut line = LINES_SENT[self.below(LINES_SENT.len())].to_owned();
        for _ in 0..self.below(4) {
            match self.below(5) {
                0 => line.insert_str(self.place_in(&line.clone()), PIECES[self.below(PIECES.len())]),
                1 => line.truncate(self.place_in(&line.clone())),
                2 => line.push_str(PIECES[self.below(PIECES.len())]),
                3 => {
                    let (from, to) = (PIECES[self.below(PIECES.len())], PIECES[self.below(PIECES.len())]);
                    line = line.replacen(from, to, 1);
                }
                _ => {
                    let from = self.place_in(&line);
                    line = line[..from].chars().chain(line[from..].chars().skip(2)).collect();
                }
            }
        }
        line
    }
}

fn read<'a>(plain: &mut PlainReader, line: &'a str) -> Option<Fields<'a>> {
    let mut fields = Fields::none(false);
    plain.read(line, &mut fields).map(|()| fields)
}

#[test]
fn what_machines_send_is_plain() {
    let mut plain = PlainReader::new();
    for line in &LINES_SENT[..4] {
        assert!(read(&mut plain, line).is_some(), "{line}");
        assert!(read(&mut plain, &format!("{line} \r")).is_some(), "{line}");
    }
    for line in LINES_SENT[4..].iter().chain(&[
        "",
        "{}",
        "{\"time\":1",
        "{\"time\":1}x",
        "{\"time\" :1}",
        "[]",
        "{\"time\":nul}",
    ]) {
        assert_eq!(read(&mut plain, line), None, "{line}");
    }
}

#[test]
fn plain_lines_have_the_fields_that_any_reader_finds() {
    let (mut numbers, mut plain, mut found) = (Numbers(SEED), PlainReader::new(), 0);
    for _ in 0..LINES {
        let line = numbers.line();
        let Some(fields) = read(&mut plain, &line) else { continue };
        let mut report = Report::default();
        let expected =
            Fields::read(&line, &mut report).unwrap_or_else(|error| panic!("seed {SEED:#x}: {error} in {line}"));
        for field in Field::ALL {
            assert_eq!(fields.get(*field), expected.get(*field), "seed {SEED:#x}: {} in {line}", field.key());
        }
        assert_eq!(report, Report::default(), "seed {SEED:#x}: {line}");
        found += 1;
    }
    assert!(found > LINES / 5, "only {found} lines were plain");
}

/// A space before the object makes any line one that is not plain.
#[test]
fn rows_and_refusals_are_the_same_either_way() {
    let mut numbers = Numbers(SEED ^ 1);
    let decoder = || {
        let registry = Registry::new("c", Arc::default(), UnknownSpace::Register, 1000, 0.0);
        Decoder::new(NameCache::new(Arc::new(Interner::new(1000)), Arc::new(registry)))
    };
    let (mut as_sent, mut never_plain) = (decoder(), decoder());
    let feed = FeedSpec { name: "f".into(), text_allowed: true };
    for _ in 0..LINES {
        let line = numbers.line();
        let decoded = |decoder: &mut Decoder, line: &str| {
            let (mut events, mut report) = (Events::default(), Report::default());
            decoder.decode_body(&feed, line.as_bytes(), &mut events, &mut report);
            for reject in &mut report.rejects {
                let reason = reject.reason.split(" at column ").next().unwrap();
                reject.reason = reason.to_owned();
            }
            (format!("{events:?}"), report)
        };
        let spaced = format!(" {line}");
        let (one, other) = (decoded(&mut as_sent, &line), decoded(&mut never_plain, &spaced));
        assert_eq!(one, other, "seed {SEED:#x}: {line}");
    }
}
