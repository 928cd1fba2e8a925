//! One event on its way through a sort: copied between batches, or written to a run on disk and read back.
//!
//! A run is private to one process and short-lived, so it has no version: each row is its length in four bytes, little
//! endian, and then the row in postcard's encoding.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{self, Read, Write};
use vigie_model::batch::{EventRef, Events, ObservationRow, Origin, Source};
use vigie_model::event::{Incident, Perception};

/// The longest encoded row: far above any event that passes the limits of a line.
const ROW_BYTES_MAX: u32 = 1 << 20;

/// An event and where it came from.
#[derive(Debug, Serialize, Deserialize)]
struct Row<'a> {
    file: Option<u128>,
    line: u32,
    #[serde(borrow)]
    event: Event<'a>,
}

/// An event of any type.
#[derive(Debug, Serialize, Deserialize)]
enum Event<'a> {
    #[serde(borrow)]
    Observation(ObservationRow<'a>),
    Incident(Cow<'a, Incident>),
    Perception(Cow<'a, Perception>),
}

/// Appends entry `index` of `from` to `to`.
pub(super) fn copy_row(from: &Events, index: usize, to: &mut Events) {
    row_at(from, index).push_to(to);
}

/// Writes entry `index` of `events`; `buffer` is only for reuse.
pub(super) fn write_row(events: &Events, index: usize, buffer: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    buffer.clear();
    let encoded = postcard::to_extend(&row_at(events, index), std::mem::take(buffer));
    *buffer = encoded.map_err(io::Error::other)?;
    let length = u32::try_from(buffer.len()).ok().filter(|length| *length <= ROW_BYTES_MAX);
    let length = length.ok_or_else(|| io::Error::other("a row is too long for the sort"))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(buffer)
}

/// Reads the next row into `to`, emptied before; false at the end.
pub(super) fn read_row(input: &mut impl Read, buffer: &mut Vec<u8>, to: &mut Events) -> io::Result<bool> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length);
    if length > ROW_BYTES_MAX {
        return Err(io::Error::other("a run on disk is damaged"));
    }
    buffer.resize(length as usize, 0);
    input.read_exact(buffer)?;
    let row: Row<'_> = postcard::from_bytes(buffer).map_err(io::Error::other)?;
    *to = Events::default();
    row.push_to(to);
    Ok(true)
}

fn row_at(events: &Events, index: usize) -> Row<'_> {
    let Origin { source, line } = events.origin[index];
    let file = match source {
        Source::Peer => None,
        Source::File(hash) => Some(hash),
    };
    let event = match events.order[index] {
        EventRef::Observation(row) => Event::Observation(events.observations.row(row as usize)),
        EventRef::Incident(row) => Event::Incident(Cow::Borrowed(&events.incidents[row as usize])),
        EventRef::Perception(row) => Event::Perception(Cow::Borrowed(&events.perceptions[row as usize])),
    };
    Row { file, line, event }
}

impl Row<'_> {
    fn push_to(self, to: &mut Events) {
        let origin = Origin { source: self.file.map_or(Source::Peer, Source::File), line: self.line };
        match self.event {
            Event::Observation(row) => to.push_observation(row, origin),
            Event::Incident(incident) => to.push_incident(incident.into_owned(), origin),
            Event::Perception(perception) => to.push_perception(perception.into_owned(), origin),
        }
    }
}
