//! Native events: NDJSON, a JSON array, or one JSON object.
//!
//! Which of the three a body is shows in its bytes: an array begins with `[`; a text that is one JSON object as a whole
//! is that; anything else is taken line by line. `line` in a refusal is the line, or the element's index, from 1.

use crate::decode::event::EventSink;
use crate::decode::feed::FeedSpec;
use crate::decode::fields::Fields;
use crate::decode::names::NameCache;
use crate::decode::plain::PlainReader;
use crate::decode::reason::Reason;
use crate::decode::report::Report;
use crate::json::depth::nests_deeper;
use crate::json::elements::{Element, ElementReader};
use crate::json::lines::{Line, LineReader};
use crate::limits::{EVENTS_PER_REQUEST_MAX, JSON_DEPTH_MAX, LINE_BYTES_MAX};
use serde_json::value::RawValue;
use vigie_model::batch::{Events, Origin, Source};

/// Brackets open at the same time in a text of this length cannot exceed [`JSON_DEPTH_MAX`] before they must be counted.
const UNCOUNTED_BRACKETS_MAX: usize = JSON_DEPTH_MAX;

/// How long an event of a body mostly is, in bytes; its row takes less, so that room made beforehand is less than the body.
const EVENT_BYTES_EXPECTED: usize = 200;

/// Written out: it is said of millions of lines at the worst.
const TOO_MANY: &str = "more than 50000 events in one request; send the rest in another";
const _: () = assert!(EVENTS_PER_REQUEST_MAX == 50_000, "TOO_MANY names another limit");

/// Decodes native events; one per task, for its cache of names.
#[derive(Debug)]
pub struct Decoder {
    names: NameCache,
    plain: PlainReader,
}

impl Decoder {
    /// A decoder that finds names through `names`.
    #[must_use]
    pub fn new(names: NameCache) -> Self {
        Self { names, plain: PlainReader::new() }
    }

    /// Its way to names, for readers of other formats that share it.
    pub(crate) fn names(&mut self) -> &mut NameCache {
        &mut self.names
    }

    /// Decodes the body of a request of a peer, appending to `events` and `report`. Never panics, and reads at most
    /// [`EVENTS_PER_REQUEST_MAX`] lines that are not blank.
    pub fn decode_body(&mut self, feed: &FeedSpec, body: &[u8], events: &mut Events, report: &mut Report) {
        self.names.follow_registry();
        if events.is_empty() {
            *events = Events::with_capacity((body.len() / EVENT_BYTES_EXPECTED).min(EVENTS_PER_REQUEST_MAX));
        }
        match form_of(body) {
            Form::Array => self.decode_elements(feed, body, events, report),
            Form::Object => self.decode_of_request(feed, 1, body, events, report),
            Form::Lines => self.decode_lines(feed, body, events, report),
        }
    }

    fn decode_lines(&mut self, feed: &FeedSpec, body: &[u8], events: &mut Events, report: &mut Report) {
        let mut lines = LineReader::new(body, LINE_BYTES_MAX);
        loop {
            let start = lines.bytes_read() as usize;
            match lines.next_line().expect("a slice in memory can be read") {
                None => return,
                Some((number, Line::Text(text))) => self.decode_of_request(feed, number, text, events, report),
                Some((number, Line::TooLong)) => {
                    let text = &body[start..lines.bytes_read() as usize];
                    let text = text.strip_suffix(b"\n").unwrap_or(text);
                    report.refuse(number, text.strip_suffix(b"\r").unwrap_or(text), too_long());
                }
            }
        }
    }

    fn decode_elements(&mut self, feed: &FeedSpec, body: &[u8], events: &mut Events, report: &mut Report) {
        let mut elements = ElementReader::new(body, LINE_BYTES_MAX);
        loop {
            let start = elements.bytes_read() as usize;
            match elements.next_element().expect("a slice in memory can be read") {
                None => return,
                Some(Element::At(index, Line::Text(text))) => self.decode_of_request(feed, index, text, events, report),
                Some(Element::At(index, Line::TooLong)) => {
                    // The comma or bracket behind the element was read as well.
                    let text = &body[start..elements.bytes_read() as usize - 1];
                    report.refuse(index, text.trim_ascii(), too_long());
                }
                Some(Element::Broken(index, why)) => {
                    report.refuse(index, body[start..].trim_ascii(), Reason::new(why));
                }
            }
        }
    }

    fn decode_of_request(&mut self, feed: &FeedSpec, line: u32, text: &[u8], events: &mut Events, report: &mut Report) {
        if report.taken + report.rejected < EVENTS_PER_REQUEST_MAX as u64 {
            self.decode_text(feed, Origin { source: Source::Peer, line }, text, events, report);
        } else if !text.trim_ascii().is_empty() {
            report.refuse(line, text, Reason::new(TOO_MANY));
        }
    }

    /// Decodes one line of a file; a blank one is no event.
    pub(crate) fn decode_line(
        &mut self,
        feed: &FeedSpec,
        origin: Origin,
        line: &Line<'_>,
        events: &mut Events,
        report: &mut Report,
    ) {
        match line {
            Line::Text(text) => self.decode_text(feed, origin, text, events, report),
            Line::TooLong => report.reject(origin.line, too_long()),
        }
    }

    fn decode_text(&mut self, feed: &FeedSpec, origin: Origin, text: &[u8], events: &mut Events, report: &mut Report) {
        if text.trim_ascii().is_empty() {
            return;
        }
        match self.decode_event(feed, origin, text, events, report) {
            Ok(()) => report.taken += 1,
            Err(reason) => report.refuse(origin.line, text, reason),
        }
    }

    fn decode_event(
        &mut self,
        feed: &FeedSpec,
        origin: Origin,
        bytes: &[u8],
        events: &mut Events,
        report: &mut Report,
    ) -> Result<(), Reason> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Reason::new("not UTF-8").in_words(format!("not UTF-8 at byte {}", error.valid_up_to() + 1))
        })?;
        let mut fields = Fields::none(false);
        if self.plain.read(text, &mut fields).is_none() {
            if nests_too_deep(text) {
                return Err(Reason::new("nests too deep").in_words(format!("nests deeper than {JSON_DEPTH_MAX}")));
            }
            fields = Fields::read(text, report).map_err(|error| not_json(&error))?;
        }
        report.understood += 1;
        EventSink { names: &mut self.names, feed, origin, events, report }.push(&fields)
    }
}

/// How a body holds its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Array,
    Object,
    Lines,
}

/// Tells the form of a body from its bytes.
fn form_of(body: &[u8]) -> Form {
    if begins_array(body) {
        Form::Array
    } else if body.len() <= LINE_BYTES_MAX && serde_json::from_slice::<&RawValue>(body).is_ok() {
        Form::Object
    } else {
        Form::Lines
    }
}

/// Whether the first byte that counts opens an array.
pub(crate) fn begins_array(text: &[u8]) -> bool {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start().first() == Some(&b'[')
}

/// Counting brackets is a second pass, and only a text with many of them needs it.
fn nests_too_deep(text: &str) -> bool {
    let opened = text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).take(UNCOUNTED_BRACKETS_MAX + 1).count();
    opened > UNCOUNTED_BRACKETS_MAX && nests_deeper(text.as_bytes(), JSON_DEPTH_MAX)
}

/// A JSON error with its column: the line is the caller's.
fn not_json(error: &serde_json::Error) -> Reason {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    if words.contains("given twice") {
        return Reason::new("a field is given twice").in_words(words);
    }
    Reason::new("not a JSON object").in_words(format!("not a JSON object: {words} at column {}", error.column()))
}

fn too_long() -> Reason {
    Reason::new("too long").in_words(format!("longer than {LINE_BYTES_MAX} bytes"))
}

#[cfg(test)]
mod tests;
