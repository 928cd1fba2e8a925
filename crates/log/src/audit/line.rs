//! One entry as a line.

use std::fmt::Write;
use vigie_model::time::format_utc;

/// The longest line, in bytes: a statement of 64 KiB, of which every byte is escaped, and names.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// How every entry begins, and nothing in it does: quotes in texts are escaped.
pub(crate) const CHAIN: &[u8] = b"{\"chain\":\"";
const NUMBER: &[u8] = b"\",\"number\":";
/// Hexadecimal digits of a chain value.
const CHAIN_DIGITS: usize = 64;

/// A chain value.
pub type Chain = [u8; 32];

/// What the first entry of a first file continues.
pub(crate) const NO_CHAIN: Chain = [0; 32];

/// A line that was read, as far as its form goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The chain value it states.
    pub(crate) chain: Chain,
    /// Its number.
    pub(crate) number: u64,
    /// What the chain value covers.
    covered: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads a line without its newline; `None` when it has not the form of one.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(CHAIN)?;
        let (digits, rest) = rest.split_at_checked(CHAIN_DIGITS)?;
        let number = rest.strip_prefix(NUMBER)?;
        let end = number.iter().position(|byte| !byte.is_ascii_digit())?;
        let number = str::from_utf8(&number[..end]).ok()?.parse().ok()?;
        Some(Self { chain: from_hex(digits)?, number, covered: &rest[2..] })
    }

    /// The chain value it should state behind `before`.
    pub(crate) fn expected(&self, before: &Chain) -> Chain {
        link(before, self.covered)
    }
}

/// Writes entry `number` behind `before`; returns its chain value too.
pub(crate) fn write_line(out: &mut Vec<u8>, before: &Chain, number: u64, time_ms: i64, entry: &str) -> Chain {
    let covered = format!("\"number\":{number},\"time\":\"{}\",\"entry\":{entry}}}", format_utc(time_ms));
    let chain = link(before, covered.as_bytes());
    out.extend_from_slice(CHAIN);
    out.extend_from_slice(hex(&chain).as_bytes());
    out.extend_from_slice(b"\",");
    out.extend_from_slice(covered.as_bytes());
    out.push(b'\n');
    chain
}

fn link(before: &Chain, covered: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(covered);
    *hasher.finalize().as_bytes()
}

/// A chain value as text.
#[must_use]
pub fn hex(chain: &Chain) -> String {
    chain.iter().fold(String::with_capacity(CHAIN_DIGITS), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A chain value written by [`hex`].
pub(crate) fn from_hex(digits: &[u8]) -> Option<Chain> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut chain = NO_CHAIN;
    if digits.len() != CHAIN_DIGITS {
        return None;
    }
    for (byte, pair) in chain.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(chain)
}

/// Whether a text may be what a crash left of an entry: it ends nowhere, or holds bytes that no entry holds.
pub(crate) fn may_be_torn(text: &[u8]) -> bool {
    let Some(line) = text.strip_suffix(b"\n") else { return true };
    line.iter().any(u8::is_ascii_control) || str::from_utf8(line).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_was_written_or_no_line() {
        let mut out = Vec::new();
        let chain = write_line(&mut out, &NO_CHAIN, 17, 1_000, r#"{"what":"x"}"#);
        let text = String::from_utf8(out.clone()).unwrap();
        assert!(
            text.ends_with("\",\"number\":17,\"time\":\"1970-01-01T00:00:01Z\",\"entry\":{\"what\":\"x\"}}\n"),
            "{text}"
        );
        let bare = out.strip_suffix(b"\n").unwrap();
        let line = Line::parse(bare).unwrap();
        assert_eq!((line.chain, line.number, line.expected(&NO_CHAIN)), (chain, 17, chain));
        assert_ne!(line.expected(&chain), chain);
        for at in 0..bare.len() {
            let mut altered = bare.to_vec();
            altered[at] ^= 1;
            let is_found = Line::parse(&altered).is_none_or(|line| line.expected(&NO_CHAIN) != line.chain);
            assert!(is_found, "byte {at}");
        }
        assert!(!may_be_torn(&out) && may_be_torn(bare) && may_be_torn(b"\0\n") && may_be_torn(b"\xff\n"));
        assert_eq!(from_hex(hex(&chain).as_bytes()), Some(chain));
        assert!(from_hex(b"12").is_none() && from_hex(&[b'g'; 64]).is_none());
    }
}
