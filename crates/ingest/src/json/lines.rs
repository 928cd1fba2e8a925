//! Lines of bounded length: an over-long line is skipped and named, and the next one is read as if nothing happened.

use memchr::memchr;
use std::io::{self, BufRead};

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

/// Reads lines where they lie: only one that goes on behind the source's own buffer is put together in another.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    reader: R,
    /// Bytes at the front of the source that were given out with the line before.
    given_out: usize,
    /// A line put together.
    buffer: Vec<u8>,
    line: u32,
    bytes_read: u64,
    line_bytes_max: usize,
}

impl<R: BufRead> LineReader<R> {
    /// Reads lines of at most `line_bytes_max` bytes.
    pub(crate) fn new(reader: R, line_bytes_max: usize) -> Self {
        Self { reader, given_out: 0, buffer: Vec::new(), line: 0, bytes_read: 0, line_bytes_max }
    }

    /// Bytes taken from the source so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next line with its number; `None` at the end.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<(u32, Line<'_>)>> {
        self.reader.consume(std::mem::take(&mut self.given_out));
        // One byte for the line's end and one to notice that it is too long.
        let limit = self.line_bytes_max + 2;
        let mut cut_off = false;
        let text = if let Some(end) = memchr(LINE_END, fill_buffer(&mut self.reader)?) {
            self.given_out = end + 1;
            self.bytes_read += end as u64 + 1;
            cut_off = end >= limit;
            &self.reader.fill_buf()?[..end]
        } else {
            self.buffer.clear();
            let taken = read_line(&mut self.reader, limit, &mut self.buffer)?;
            if taken == 0 {
                return Ok(None);
            }
            self.bytes_read += taken as u64;
            if self.buffer.last() == Some(&LINE_END) {
                self.buffer.pop();
            } else if taken == limit {
                self.bytes_read += self.reader.skip_until(LINE_END)? as u64;
                cut_off = true;
            }
            self.buffer.as_slice()
        };
        self.line = self.line.saturating_add(1);
        let text = if self.line == 1 { text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text) } else { text };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if cut_off || text.len() > self.line_bytes_max {
            return Ok(Some((self.line, Line::TooLong)));
        }
        Ok(Some((self.line, Line::Text(text))))
    }
}

/// What the source holds, or reads now.
fn fill_buffer(reader: &mut impl BufRead) -> io::Result<&[u8]> {
    while let Err(error) = reader.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    reader.fill_buf()
}

/// Appends what comes up to a line's end, that included, and at most `limit` bytes; returns how many. The search of the
/// standard library's `read_until` is several times slower, and every byte of input passes here.
fn read_line(reader: &mut impl BufRead, limit: usize, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut taken = 0;
    while taken < limit {
        let available = fill_buffer(reader)?;
        let available = &available[..available.len().min(limit - taken)];
        let end = memchr(LINE_END, available);
        let length = end.map_or(available.len(), |end| end + 1);
        buffer.extend_from_slice(&available[..length]);
        reader.consume(length);
        taken += length;
        if end.is_some() || length == 0 {
            break;
        }
    }
    Ok(taken)
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

    #[test]
    fn how_long_a_line_may_be_does_not_depend_on_where_a_buffer_ends() {
        for text in ["\u{feff}ab\nx", "\u{feff}abc\nx", "\u{feff}abcd\nx", "abcd\r\nx", "abcd\r", "abcde", "abcde\r\nx"]
        {
            let is_long = |capacity| {
                let mut reader = LineReader::new(io::BufReader::with_capacity(capacity, text.as_bytes()), 4);
                matches!(reader.next_line().unwrap(), Some((1, Line::TooLong)))
            };
            assert!((1..20).all(|capacity| is_long(capacity) == is_long(20)), "{text:?}");
        }
    }

    #[test]
    fn lines_go_on_from_buffer_to_buffer() {
        let text = b"ab\r\n\ncdefgh\nijk";
        for capacity in 1..text.len() {
            let mut reader = LineReader::new(io::BufReader::with_capacity(capacity, text.as_slice()), 4);
            let mut found = Vec::new();
            while let Some((_, line)) = reader.next_line().unwrap() {
                found.push(if let Line::Text(text) = line { text.to_vec() } else { b"too long".to_vec() });
            }
            assert_eq!(found, [b"ab".as_slice(), b"", b"too long", b"ijk"], "{capacity}");
        }
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
