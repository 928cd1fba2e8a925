//! Native events: NDJSON, a JSON array, or one JSON object.
//!
//! Which of the three a body is shows in its bytes: an array begins with `[`; a text that is one JSON object as a whole
//! is that; anything else is taken line by line. `line` in a refusal is the line, or the element's index, from 1.

use crate::decode::event::EventSink;
use crate::decode::feed::FeedSpec;
use crate::decode::fields::Fields;
use crate::decode::names::NameCache;
use crate::decode::report::Report;
use crate::json::depth::nests_deeper;
use crate::json::elements::{Element, ElementReader};
use crate::json::lines::{Line, LineReader};
use crate::limits::{EVENTS_PER_REQUEST_MAX, JSON_DEPTH_MAX, LINE_BYTES_MAX};
use serde_json::value::RawValue;
use vigie_model::batch::{Events, Origin, Source};

/// Brackets open at the same time in a text of this length cannot exceed [`JSON_DEPTH_MAX`] before they must be counted.
const UNCOUNTED_BRACKETS_MAX: usize = JSON_DEPTH_MAX;

/// Decodes native events; one per task, for its cache of names.
#[derive(Debug)]
pub struct Decoder {
    names: NameCache,
}

impl Decoder {
    /// A decoder that finds names through `names`.
    #[must_use]
    pub fn new(names: NameCache) -> Self {
        Self { names }
    }

    /// Its way to names, for readers of other formats that share it.
    pub(crate) fn names(&mut self) -> &mut NameCache {
        &mut self.names
    }

    /// Decodes the body of a request of a peer, appending to `events` and `report`. Never panics, and takes at most
    /// [`EVENTS_PER_REQUEST_MAX`] events.
    pub fn decode_body(&mut self, feed: &FeedSpec, body: &[u8], events: &mut Events, report: &mut Report) {
        match form_of(body) {
            Form::Array => {
                let mut elements = ElementReader::new(body, LINE_BYTES_MAX);
                while let Some(element) = elements.next_element().expect("a slice in memory can be read") {
                    match element {
                        Element::At(index, line) => self.decode_of_request(feed, index, &line, events, report),
                        Element::Broken(index, why) => report.reject(index, why),
                    }
                }
            }
            Form::Object => self.decode_of_request(feed, 1, &Line::Text(body), events, report),
            Form::Lines => {
                let mut lines = LineReader::new(body, LINE_BYTES_MAX);
                while let Some((number, line)) = lines.next_line().expect("a slice in memory can be read") {
                    self.decode_of_request(feed, number, &line, events, report);
                }
            }
        }
    }

    /// Decodes one line of a file or request; a blank one is no event.
    pub(crate) fn decode_line(
        &mut self,
        feed: &FeedSpec,
        origin: Origin,
        line: &Line<'_>,
        events: &mut Events,
        report: &mut Report,
    ) {
        let Line::Text(bytes) = line else {
            report.reject(origin.line, format!("longer than {LINE_BYTES_MAX} bytes"));
            return;
        };
        if bytes.trim_ascii().is_empty() {
            return;
        }
        match self.decode_event(feed, origin, bytes, events, report) {
            Ok(()) => report.taken += 1,
            Err(reason) => report.reject(origin.line, reason),
        }
    }

    fn decode_of_request(
        &mut self,
        feed: &FeedSpec,
        line: u32,
        text: &Line<'_>,
        events: &mut Events,
        report: &mut Report,
    ) {
        if events.len() >= EVENTS_PER_REQUEST_MAX {
            report.reject(
                line,
                format!("more than {EVENTS_PER_REQUEST_MAX} events in one request; send the rest in another"),
            );
        } else {
            self.decode_line(feed, Origin { source: Source::Peer, line }, text, events, report);
        }
    }

    fn decode_event(
        &mut self,
        feed: &FeedSpec,
        origin: Origin,
        bytes: &[u8],
        events: &mut Events,
        report: &mut Report,
    ) -> Result<(), String> {
        let text =
            std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to() + 1))?;
        if nests_too_deep(text) {
            return Err(format!("nests deeper than {JSON_DEPTH_MAX}"));
        }
        let fields = Fields::read(text, report).map_err(|error| words_of(&error))?;
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

/// The words of a JSON error with its column: the line is the caller's.
fn words_of(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    if words.contains("given twice") {
        return words.to_owned();
    }
    format!("not a JSON object: {words} at column {}", error.column())
}

#[cfg(test)]
mod tests;
