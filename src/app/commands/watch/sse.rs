//! Server-sent events, read as the [standard](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream)
//! has them, within bounds.
//!
//! A comment is worth telling too: it shows that the server is there while nothing happens.

use std::io::{self, BufRead, Read};

/// The longest line read, in bytes: a row of the stream is far below.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// The most data one event may hold, in bytes.
const DATA_BYTES_MAX: usize = 4 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Where to resume, if the event says so.
    pub(super) id: Option<String>,
    /// Its name; empty when it has none.
    pub(super) name: String,
    /// Its data.
    pub(super) data: String,
}

/// What came over the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// An event.
    Event(Event),
    /// A sign of life without content.
    Sign,
}

/// Reads the next event or sign; `None` at the end. What is cut off by the end is no event.
///
/// # Errors
/// When the line breaks, or is no stream of events.
pub(super) fn next(from: &mut impl BufRead) -> io::Result<Option<Heard>> {
    let (mut event, mut is_begun) = (Event::default(), false);
    loop {
        let mut line = Vec::new();
        from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return if line.len() as u64 == LINE_BYTES_MAX {
                Err(io::Error::other("a line is too long"))
            } else {
                Ok(None)
            };
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            if is_begun {
                return Ok(Some(Heard::Event(event)));
            }
            event = Event::default();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => return Ok(Some(Heard::Sign)),
            "event" => value.clone_into(&mut event.name),
            "id" => event.id = Some(value.to_owned()),
            "data" => {
                if is_begun {
                    event.data.push('\n');
                }
                is_begun = true;
                event.data.push_str(value);
                if event.data.len() > DATA_BYTES_MAX {
                    return Err(io::Error::other("an event is too long"));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Heard> {
        let mut from = text.as_bytes();
        std::iter::from_fn(|| next(&mut from).unwrap()).collect()
    }

    #[test]
    fn events_comments_and_what_is_cut_off() {
        let text = ": transitions follow\nretry:2000\n\nid: 7\nevent: active\ndata: {\"a\":1}\n\n\
                    data:two\r\ndata: lines\r\n\r\nid: 9\n\n:\n\nid: 8\nevent: cleared\ndata: {\"cut";
        let event = |id: Option<&str>, name: &str, data: &str| {
            Heard::Event(Event { id: id.map(str::to_owned), name: name.to_owned(), data: data.to_owned() })
        };
        let expected =
            [Heard::Sign, event(Some("7"), "active", "{\"a\":1}"), event(None, "", "two\nlines"), Heard::Sign];
        assert_eq!(all(text), expected);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let endless = vec![b'x'; LINE_BYTES_MAX as usize + 1];
        assert!(next(&mut endless.as_slice()).is_err());
    }
}
