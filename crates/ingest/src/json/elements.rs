//! The elements of a JSON array, one at a time, from a source of any length.
//!
//! Elements are found by brackets and strings alone, so that a malformed one does not hide the next: only a file whose
//! brackets or quotes do not match loses what follows, and says so.

use crate::json::depth::Nesting;
use crate::json::lines::Line;
use std::io::{self, BufRead};

/// Reads the elements of one array into one buffer.
#[derive(Debug)]
pub(crate) struct ElementReader<R> {
    reader: R,
    buffer: Vec<u8>,
    index: u32,
    bytes_read: u64,
    element_bytes_max: usize,
    place: Place,
}

/// Where in the array the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the opening bracket.
    Before,
    /// Inside.
    Inside,
    /// After the closing bracket, or at the end of a source that has none.
    After,
}

/// What comes next in an array.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Element<'a> {
    /// The element at this index, from 1, or a note that it is too long.
    At(u32, Line<'a>),
    /// The array is not closed, or something follows it: whatever comes here, at this index, is lost.
    Broken(u32, &'static str),
}

impl<R: BufRead> ElementReader<R> {
    /// Reads elements of at most `element_bytes_max` bytes.
    pub(crate) fn new(reader: R, element_bytes_max: usize) -> Self {
        Self { reader, buffer: Vec::new(), index: 0, bytes_read: 0, element_bytes_max, place: Place::Before }
    }

    /// Bytes taken from the source so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next element; `None` at the end.
    pub(crate) fn next_element(&mut self) -> io::Result<Option<Element<'_>>> {
        if self.place == Place::Before {
            self.open()?;
        }
        if self.place == Place::After {
            return self.after();
        }
        self.index = self.index.saturating_add(1);
        self.buffer.clear();
        let mut nesting = Nesting::default();
        let mut too_long = false;
        loop {
            let Some(byte) = self.next_byte()? else {
                self.place = Place::After;
                return Ok(Some(Element::Broken(
                    self.index,
                    "the array is not closed: a ']', '}' or quote is missing",
                )));
            };
            let at_top = nesting.depth() == 0 && !nesting.in_string();
            if at_top && matches!(byte, b',' | b']') {
                let is_last = byte == b']';
                if is_last {
                    self.place = Place::After;
                }
                let text = self.buffer.trim_ascii();
                if is_last && text.is_empty() && self.index == 1 {
                    return self.after();
                }
                let line = if too_long { Line::TooLong } else { Line::Text(self.buffer.trim_ascii()) };
                return Ok(Some(Element::At(self.index, line)));
            }
            nesting.step(byte);
            if self.buffer.len() < self.element_bytes_max {
                self.buffer.push(byte);
            } else if !byte.is_ascii_whitespace() {
                too_long = true;
            }
        }
    }

    /// Skips to the opening bracket, which the caller has seen.
    fn open(&mut self) -> io::Result<()> {
        self.place = Place::After;
        while let Some(byte) = self.next_byte()? {
            if byte == b'[' {
                self.place = Place::Inside;
                break;
            }
        }
        Ok(())
    }

    /// Anything but white space after the array is named once.
    fn after(&mut self) -> io::Result<Option<Element<'_>>> {
        let mut found = false;
        while let Some(byte) = self.next_byte()? {
            found |= !byte.is_ascii_whitespace();
        }
        self.index = self.index.saturating_add(u32::from(found));
        Ok(found.then_some(Element::Broken(self.index, "text follows the end of the array")))
    }

    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = self.reader.fill_buf()?.first().copied() else { return Ok(None) };
        self.reader.consume(1);
        self.bytes_read += 1;
        Ok(Some(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Vec<String> {
        let mut reader = ElementReader::new(text.as_bytes(), 12);
        let mut found = Vec::new();
        while let Some(element) = reader.next_element().unwrap() {
            found.push(match element {
                Element::At(index, Line::Text(text)) => format!("{index} {}", String::from_utf8_lossy(text)),
                Element::At(index, Line::TooLong) => format!("{index} too long"),
                Element::Broken(index, why) => format!("{index} broken: {why}"),
            });
        }
        assert_eq!(reader.bytes_read(), text.len() as u64);
        found
    }

    #[test]
    fn commas_and_brackets_inside_elements_do_not_split() {
        assert_eq!(elements(r#" [ {"a":[1,2]} , "],", 3 ] "#), [r#"1 {"a":[1,2]}"#, r#"2 "],""#, "3 3"]);
        assert_eq!(elements("[]"), [""; 0]);
        assert_eq!(elements("[,1]"), ["1 ", "2 1"]);
    }

    #[test]
    fn what_is_broken_is_named_once_and_long_elements_are_skipped() {
        assert_eq!(elements("[1234567890123,2]"), ["1 too long", "2 2"]);
        assert_eq!(elements("[1,{"), ["1 1", "2 broken: the array is not closed: a ']', '}' or quote is missing"]);
        assert_eq!(elements("[1]]"), ["1 1", "2 broken: text follows the end of the array"]);
    }
}
