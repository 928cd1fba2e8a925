//! Lines of bounded length: an over-long line is skipped and named, and the next one is read as if nothing happened.

use std::io::{self, BufRead, Read};

/// The byte-order mark some editors write at the start of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Ends a line.
pub(crate) const LINE_END: u8 = b'\n';

/// What stands at a line number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// The line without its end.
    Text(&'a [u8]),
    /// The line is longer than the bound; it was skipped.
    TooLong,
}

/// Reads lines into one buffer.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    reader: R,
    buffer: Vec<u8>,
    line: u32,
    bytes_read: u64,
    line_bytes_max: usize,
}

impl<R: BufRead> LineReader<R> {
    /// Reads lines of at most `line_bytes_max` bytes.
    pub(crate) fn new(reader: R, line_bytes_max: usize) -> Self {
        Self { reader, buffer: Vec::new(), line: 0, bytes_read: 0, line_bytes_max }
    }

    /// Bytes taken from the source so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next line with its number; `None` at the end.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<(u32, Line<'_>)>> {
        self.buffer.clear();
        // One byte for the line's end and one to notice that it is too long.
        let limit = self.line_bytes_max as u64 + 2;
        let taken = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        if taken == 0 {
            return Ok(None);
        }
        self.bytes_read += taken as u64;
        self.line = self.line.saturating_add(1);
        let mut cut_off = false;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if taken as u64 == limit {
            self.bytes_read += self.reader.skip_until(b'\n')? as u64;
            cut_off = true;
        }
        let mut text = self.buffer.as_slice();
        if self.line == 1 {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        text = text.strip_suffix(b"\r").unwrap_or(text);
        if cut_off || text.len() > self.line_bytes_max {
            return Ok(Some((self.line, Line::TooLong)));
        }
        Ok(Some((self.line, Line::Text(text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8], line_bytes_max: usize) -> Vec<Option<Vec<u8>>> {
        let mut reader = LineReader::new(text, line_bytes_max);
        let mut lines = Vec::new();
        while let Some((number, line)) = reader.next_line().unwrap() {
            lines.push(match line {
                Line::Text(text) => Some(text.to_vec()),
                Line::TooLong => None,
            });
            assert_eq!(number as usize, lines.len());
        }
        assert_eq!(reader.bytes_read(), text.len() as u64);
        lines
    }

    #[test]
    fn ends_and_marks_are_no_part_of_a_line() {
        let expected = [Some(b"a".to_vec()), Some(b"".to_vec()), Some(b"bc".to_vec())];
        assert_eq!(lines(b"\xef\xbb\xbfa\r\n\nbc", 9), expected);
        assert_eq!(lines(b"", 9), []);
    }

    #[test]
    fn a_long_line_is_skipped_and_counted() {
        assert_eq!(lines(b"abcd\nabcde\nabcdef\r\nab", 4), [Some(b"abcd".to_vec()), None, None, Some(b"ab".to_vec())]);
    }

    proptest! {
        #[test]
        fn equals_splitting_at_line_ends(text in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), Just(b'y')], 0..60)) {
            let mut expected: Vec<_> = text.split(|b| *b == b'\n').map(|l| (l.len() <= 3).then(|| l.to_vec())).collect();
            if text.is_empty() || text.ends_with(b"\n") {
                expected.pop();
            }
            prop_assert_eq!(lines(&text, 3), expected);
        }
    }
}
