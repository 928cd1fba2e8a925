//! Refused lines as dead letters know them: where, how long, which hash and why, never their bytes.

use crate::decode::reason::Reason;
use std::cell::OnceCell;

/// A body whose rows have no bytes of their own, as in a columnar format: dead letters of its rows know its length and hash.
#[derive(Debug)]
pub(crate) struct WholeBody<'a> {
    bytes: &'a [u8],
    hash: OnceCell<blake3::Hash>,
}

impl<'a> WholeBody<'a> {
    /// Costs nothing until a row is refused.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, hash: OnceCell::new() }
    }
}

/// What is kept of a refused line, or of a body refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// Line, or index of the array's element, from 1; none for a body as a whole.
    pub line: Option<u32>,
    /// Its length in bytes, without the line's end; of a row of a columnar body the body's.
    pub bytes: usize,
    /// BLAKE3 of those bytes, by which its sender finds it again; none for a body that was not heard to its end.
    pub hash: Option<blake3::Hash>,
    /// The declared field it was refused for.
    pub field: Option<&'static str>,
    /// Why it was refused.
    pub kind: &'static str,
}

/// The first refused lines of one request. The default keeps none: a file at hand needs no dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedLines {
    kept: Vec<RefusedLine>,
    dropped: u64,
    kept_max: usize,
}

impl RefusedLines {
    /// Keeps at most `kept_max`, and counts the others.
    #[must_use]
    pub fn at_most(kept_max: usize) -> Self {
        Self { kept: Vec::new(), dropped: 0, kept_max }
    }

    /// A body as a whole.
    pub(crate) fn of_body(bytes: usize, hash: Option<blake3::Hash>, kind: &'static str) -> Self {
        Self { kept: vec![RefusedLine { line: None, bytes, hash, field: None, kind }], dropped: 0, kept_max: 1 }
    }

    /// Takes note of a refused line. Cost: one hash of `text`, unless nothing more is kept.
    pub(crate) fn note(&mut self, line: u32, text: &[u8], reason: &Reason) {
        self.keep(line, text.len(), || blake3::hash(text), reason);
    }

    /// Takes note of a refused row. Cost: one hash of the whole body, for the first of its rows.
    pub(crate) fn note_row(&mut self, row: u32, body: &WholeBody<'_>, reason: &Reason) {
        self.keep(row, body.bytes.len(), || *body.hash.get_or_init(|| blake3::hash(body.bytes)), reason);
    }

    fn keep(&mut self, line: u32, bytes: usize, hash: impl FnOnce() -> blake3::Hash, reason: &Reason) {
        if self.kept.len() < self.kept_max {
            let (field, kind) = (reason.field(), reason.kind());
            self.kept.push(RefusedLine { line: Some(line), bytes, hash: Some(hash()), field, kind });
        } else if self.kept_max > 0 {
            self.dropped += 1;
        }
    }

    /// Those kept, in order.
    #[must_use]
    pub fn kept(&self) -> &[RefusedLine] {
        &self.kept
    }

    /// How many more there were.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
