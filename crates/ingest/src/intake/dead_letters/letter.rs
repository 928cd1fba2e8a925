//! One dead letter as JSON. Everything in it is a number, a hash, a declared name or a text of this program.

use crate::decode::refused::RefusedLine;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use vigie_model::time::format_utc;

/// About as many bytes as a letter takes.
pub(super) const WIRE_BYTES_EXPECTED: usize = 320;

/// The request that something was refused of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Wall time of its arrival.
    pub(crate) time_ms: i64,
    /// Its declared feed.
    pub(crate) feed: Arc<str>,
    /// Who sent it, when the listener says so.
    pub(crate) peer: Option<SocketAddr>,
    /// Its number since the process began.
    pub(crate) request: u64,
}

/// One letter, in the order of its fields.
#[derive(Debug, Serialize)]
pub(super) struct Letter<'a> {
    time: String,
    feed: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<SocketAddr>,
    request: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    blake3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    reason: &'static str,
}

impl<'a> Letter<'a> {
    pub(super) fn new(origin: &'a Origin, line: &RefusedLine) -> Self {
        Self {
            time: format_utc(origin.time_ms),
            feed: &origin.feed,
            peer: origin.peer,
            request: origin.request,
            line: line.line,
            bytes: line.bytes,
            blake3: line.hash.map(|hash| hash.to_hex().to_string()),
            field: line.field,
            reason: line.kind,
        }
    }

    /// Appends the letter as one line.
    pub(super) fn write(&self, text: &mut Vec<u8>) {
        serde_json::to_writer(&mut *text, self).expect("a letter is JSON, and memory can be written");
        text.push(b'\n');
    }
}
