//! Refused lines as dead letters know them: where, how long, which hash and why, never their bytes.

use crate::decode::reason::Reason;

/// What is kept of a refused line, or of a body refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// Line, or index of the array's element, from 1; none for a body as a whole.
    pub line: Option<u32>,
    /// Its length in bytes, without the line's end.
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
        if self.kept.len() < self.kept_max {
            let (field, kind) = (reason.field(), reason.kind());
            let (line, hash) = (Some(line), Some(blake3::hash(text)));
            self.kept.push(RefusedLine { line, bytes: text.len(), hash, field, kind });
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
