//! One CSV line split into fields, with quotes as in RFC 4180 except that a quoted field ends on its line.
//!
//! That exception bounds memory: a stray quote costs one line, not the rest of the file.

use crate::limits::{COLUMNS_MAX, LINE_BYTES_MAX};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Splits lines into one buffer.
#[derive(Debug)]
pub(super) struct Record {
    core: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    columns: usize,
}

impl Record {
    pub(super) fn new(delimiter: u8) -> Self {
        let core = ReaderBuilder::new().delimiter(delimiter).build();
        Self { core, text: vec![0; LINE_BYTES_MAX], ends: vec![0; COLUMNS_MAX + 1], columns: 0 }
    }

    /// Splits a line that is not blank.
    pub(super) fn split(&mut self, line: &str) -> Result<(), &'static str> {
        self.core.reset();
        let (text, ends) = (self.text.as_mut_slice(), self.ends.as_mut_slice());
        let (_, _, written, columns) = self.core.read_record(line.as_bytes(), text, ends);
        let (result, _, _, last_columns) = self.core.read_record(b"\n", &mut text[written..], &mut ends[columns..]);
        self.columns = columns + last_columns;
        match result {
            ReadRecordResult::Record if self.columns <= COLUMNS_MAX => Ok(()),
            ReadRecordResult::InputEmpty => Err("a quoted field does not end on its line"),
            _ => Err("has more columns than can be read (4096)"),
        }
    }

    /// Number of fields.
    pub(super) fn len(&self) -> usize {
        self.columns
    }

    /// A field without white space around it; empty when there is none.
    pub(super) fn field(&self, column: usize) -> &str {
        if column >= self.columns {
            return "";
        }
        let start = if column == 0 { 0 } else { self.ends[column - 1] };
        let text = std::str::from_utf8(&self.text[start..self.ends[column]]);
        text.expect("a UTF-8 line split at ASCII characters leaves UTF-8").trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(line: &str) -> Result<Vec<String>, &'static str> {
        let mut record = Record::new(b',');
        record.split(line)?;
        Ok((0..record.len()).map(|column| record.field(column).to_owned()).collect())
    }

    #[test]
    fn fields_may_be_quoted_and_empty() {
        assert_eq!(split(r#"a,"b,""c""", d ,"#).unwrap(), ["a", r#"b,"c""#, "d", ""]);
        assert_eq!(split(",").unwrap(), ["", ""]);
        assert_eq!(split("é").unwrap(), ["é"]);
        assert_eq!(split(r#"a,"b"#), Err("a quoted field does not end on its line"));
        assert!(split(&",".repeat(COLUMNS_MAX)).is_err());
        assert_eq!(split(&",".repeat(COLUMNS_MAX - 1)).unwrap().len(), COLUMNS_MAX);
    }

    proptest! {
        #[test]
        fn plain_fields_come_back(fields in prop::collection::vec("[a-zé0-9.:/-]{1,9}", 1..9)) {
            prop_assert_eq!(split(&fields.join(",")).unwrap(), fields);
        }

        #[test]
        fn no_line_panics(line in r#"[ -~é"]{1,80}"#) {
            let _ = split(&line);
        }
    }
}
