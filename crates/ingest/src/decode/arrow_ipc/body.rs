//! The body of a request: taken as a whole, or refused as a whole.

use crate::decode::arrow_ipc::error::Unreadable;
use crate::decode::arrow_ipc::reader::ArrowReader;
use crate::decode::arrow_ipc::rows::RowSink;
use crate::decode::arrow_ipc::stream::{Bounds, Stream};
use crate::decode::feed::FeedSpec;
use crate::decode::names::NameCache;
use crate::decode::reason::Reason;
use crate::decode::refused::WholeBody;
use crate::decode::report::Report;
use crate::limits::{DECODED_BYTES_MAX, EVENTS_PER_REQUEST_MAX};
use vigie_model::batch::{Events, Source};

/// Memory of a row in the making, in bytes of the text that would lead to it; see
/// [`BODIES_BYTES_MAX`](crate::limits::BODIES_BYTES_MAX).
const ROW_TEXT_BYTES: usize = 64;

/// Rows read at one time: their columns stay in a near cache until they are appended.
const PIECE_ROWS: usize = 4096;

const BOUNDS: Bounds = Bounds::Altogether(DECODED_BYTES_MAX as u64);
/// Written out: it is said of thousands of rows at the worst.
const TOO_MANY: &str = "more than 50000 events in one request; send the rest in another";
const _: () = assert!(EVENTS_PER_REQUEST_MAX == 50_000, "TOO_MANY names another limit");

/// Room that the rows of a body need while they are decoded, in bytes, besides the body itself.
///
/// # Errors
/// [`Unreadable`] when it has no usable schema or is not whole.
pub(crate) fn room_for(body: &[u8]) -> Result<usize, Unreadable> {
    Ok(rows_claimed(body)? * ROW_TEXT_BYTES)
}

/// Rows that a body says it has, at most as many as will be read.
fn rows_claimed(body: &[u8]) -> Result<usize, Unreadable> {
    let rows = Stream::open(body, BOUNDS, |_| true)?.survey()?;
    Ok(usize::try_from(rows).unwrap_or(usize::MAX).min(EVENTS_PER_REQUEST_MAX))
}

/// Decodes a body, appending to `events` and `report`; reads at most [`EVENTS_PER_REQUEST_MAX`] rows.
///
/// # Errors
/// [`Unreadable`]; nothing of the body may be used then, though a part may have been appended.
pub fn decode_body(
    names: &mut NameCache,
    feed: &FeedSpec,
    body: &[u8],
    events: &mut Events,
    report: &mut Report,
) -> Result<(), Unreadable> {
    names.follow_registry();
    events.reserve_observations(rows_claimed(body)?);
    let whole = WholeBody::of(body);
    let mut reader = ArrowReader::open(body, BOUNDS)?;
    let mut sink = RowSink { names, feed, source: Source::Peer, events, report, body: Some(&whole) };
    loop {
        let taken = usize::try_from(sink.report.taken + sink.report.rejected).unwrap_or(usize::MAX);
        let rows_max = EVENTS_PER_REQUEST_MAX.saturating_sub(taken);
        if rows_max == 0 {
            break;
        }
        if !reader.read(rows_max.min(PIECE_ROWS), &mut sink)? {
            return Ok(());
        }
    }
    while let Some(lines) = reader.pass_over()? {
        lines.for_each(|line| sink.report.refuse_row(line, sink.body, Reason::new(TOO_MANY)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
