//! Messages of the server, appended to a buffer.
//!
//! A text with a zero byte would end early and the client lose its place, so zero bytes are left out of texts.

use bytes::{BufMut, BytesMut};

/// Appends messages.
#[derive(Debug, Default)]
pub struct Outgoing {
    bytes: BytesMut,
}

/// How an error or notice is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The statement failed.
    Error,
    /// The connection ends.
    Fatal,
}

/// Whether statements run in a transaction, for `ReadyForQuery`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transaction {
    /// Outside.
    #[default]
    Idle,
    /// Inside.
    Open,
    /// Inside one in which something failed.
    Failed,
}

/// A column, for `RowDescription`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type's id.
    pub type_id: u32,
    /// Bytes of a value, or -1 where they differ.
    pub size: i16,
    /// 1 for binary, 0 for text.
    pub format: i16,
}

impl Outgoing {
    /// What is to be sent.
    pub fn take(&mut self) -> BytesMut {
        self.bytes.split()
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing waits to be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// One letter without a frame: the answer to a question for TLS or GSSAPI.
    pub fn letter(&mut self, letter: u8) {
        self.bytes.put_u8(letter);
    }

    /// Offers a mechanism of SASL.
    pub fn offer_sasl(&mut self, mechanisms: &[&str]) {
        self.message(b'R', |bytes| {
            bytes.put_i32(10);
            mechanisms.iter().for_each(|mechanism| text(bytes, mechanism));
            bytes.put_u8(0);
        });
    }

    /// A challenge of SASL.
    pub fn sasl_continue(&mut self, challenge: &[u8]) {
        self.message(b'R', |bytes| {
            bytes.put_i32(11);
            bytes.put_slice(challenge);
        });
    }

    /// The last word of SASL.
    pub fn sasl_final(&mut self, proof: &[u8]) {
        self.message(b'R', |bytes| {
            bytes.put_i32(12);
            bytes.put_slice(proof);
        });
    }

    /// The client is signed in.
    pub fn signed_in(&mut self) {
        self.message(b'R', |bytes| bytes.put_i32(0));
    }

    /// Minor version 0 is spoken, and of these options nothing is known.
    pub fn older_protocol(&mut self, unknown: &[&str]) {
        self.message(b'v', |bytes| {
            bytes.put_i32(3 << 16);
            bytes.put_i32(i32::try_from(unknown.len()).unwrap_or(i32::MAX));
            for option in unknown {
                text(bytes, option);
            }
        });
    }

    /// With what another connection can stop this one's query.
    pub fn cancel_key(&mut self, process: i32, secret: i32) {
        self.message(b'K', |bytes| {
            bytes.put_i32(process);
            bytes.put_i32(secret);
        });
    }

    /// A setting's value.
    pub fn setting(&mut self, name: &str, value: &str) {
        self.message(b'S', |bytes| {
            text(bytes, name);
            text(bytes, value);
        });
    }

    /// Ready for the next statement.
    pub fn ready(&mut self, transaction: Transaction) {
        let letter = match transaction {
            Transaction::Idle => b'I',
            Transaction::Open => b'T',
            Transaction::Failed => b'E',
        };
        self.message(b'Z', |bytes| bytes.put_u8(letter));
    }

    /// An error: SQLSTATE, what is wrong, and what to do if there is something.
    pub fn error(&mut self, level: Level, sqlstate: &str, said: &str, hint: Option<&str>) {
        let level = match level {
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        };
        self.message(b'E', |bytes| {
            for (kind, value) in [(b'S', level), (b'V', level), (b'C', sqlstate), (b'M', said)] {
                bytes.put_u8(kind);
                text(bytes, value);
            }
            if let Some(hint) = hint {
                bytes.put_u8(b'H');
                text(bytes, hint);
            }
            bytes.put_u8(0);
        });
    }

    /// A statement is prepared.
    pub fn parsed(&mut self) {
        self.message(b'1', |_| ());
    }

    /// A portal is bound.
    pub fn bound(&mut self) {
        self.message(b'2', |_| ());
    }

    /// A statement or portal is forgotten.
    pub fn closed(&mut self) {
        self.message(b'3', |_| ());
    }

    /// There are no columns.
    pub fn no_data(&mut self) {
        self.message(b'n', |_| ());
    }

    /// The text held no statement.
    pub fn empty_query(&mut self) {
        self.message(b'I', |_| ());
    }

    /// There are more rows than were asked for.
    pub fn suspended(&mut self) {
        self.message(b's', |_| ());
    }

    /// Type ids of parameters.
    pub fn parameters(&mut self, types: &[u32]) {
        self.message(b't', |bytes| {
            count(bytes, types.len());
            types.iter().for_each(|id| bytes.put_u32(*id));
        });
    }

    /// The columns of the rows to come.
    pub fn columns(&mut self, columns: &[Column]) {
        self.message(b'T', |bytes| {
            count(bytes, columns.len());
            for column in columns {
                text(bytes, &column.name);
                bytes.put_u32(0);
                bytes.put_u16(0);
                bytes.put_u32(column.type_id);
                bytes.put_i16(column.size);
                bytes.put_i32(-1);
                bytes.put_i16(column.format);
            }
        });
    }

    /// A row of `columns` values; `value` appends the value of a column, or tells with `false` that it is null.
    ///
    /// # Errors
    /// When a value has none; then nothing is appended.
    pub fn row<E>(
        &mut self,
        columns: usize,
        mut value: impl FnMut(usize, &mut BytesMut) -> Result<bool, E>,
    ) -> Result<(), E> {
        let begin = self.bytes.len();
        let mut failed = None;
        self.message(b'D', |bytes| {
            count(bytes, columns);
            for column in 0..columns {
                let at = bytes.len();
                bytes.put_i32(-1);
                match value(column, bytes) {
                    Ok(true) => set_length(bytes, at, bytes.len() - at - 4),
                    Ok(false) => bytes.truncate(at + 4),
                    Err(error) => {
                        failed = Some(error);
                        return;
                    }
                }
            }
        });
        match failed {
            Some(error) => {
                self.bytes.truncate(begin);
                Err(error)
            }
            None => Ok(()),
        }
    }

    /// A statement is done, as in `SELECT 3`.
    pub fn done(&mut self, tag: &str) {
        self.message(b'C', |bytes| text(bytes, tag));
    }

    fn message(&mut self, kind: u8, body: impl FnOnce(&mut BytesMut)) {
        self.bytes.put_u8(kind);
        let at = self.bytes.len();
        self.bytes.put_i32(0);
        body(&mut self.bytes);
        let length = self.bytes.len() - at;
        set_length(&mut self.bytes, at, length);
    }
}

fn set_length(bytes: &mut BytesMut, at: usize, length: usize) {
    let length = i32::try_from(length).expect("answers are bounded far below 2 GiB");
    bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

fn count(bytes: &mut BytesMut, count: usize) {
    bytes.put_u16(u16::try_from(count).expect("statements are too short for 65,536 columns or parameters"));
}

fn text(bytes: &mut BytesMut, text: &str) {
    text.split('\0').for_each(|part| bytes.put_slice(part.as_bytes()));
    bytes.put_u8(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_lengths() {
        let mut out = Outgoing::default();
        out.ready(Transaction::Failed);
        out.done("SELECT 3");
        assert_eq!(&out.take()[..], b"Z\0\0\0\x05EC\0\0\0\x0dSELECT 3\0");
        assert!(out.is_empty());
        out.columns(&[Column { name: "a\0b".to_owned(), type_id: 25, size: -1, format: 1 }]);
        assert_eq!(&out.take()[..], b"T\0\0\0\x1b\0\x01ab\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\x01");
        out.error(Level::Error, "42601", "no", None);
        assert_eq!(&out.take()[..], b"E\0\0\0\x1eSERROR\0VERROR\0C42601\0Mno\0\0");
    }

    #[test]
    fn a_row_is_whole_or_absent() {
        let mut out = Outgoing::default();
        let value = |column, bytes: &mut BytesMut| {
            bytes.put_slice(b"xy");
            if column == 2 { Err("no") } else { Ok(column == 0) }
        };
        assert_eq!(out.row(2, value), Ok(()));
        assert_eq!(&out.take()[..], b"D\0\0\0\x10\0\x02\0\0\0\x02xy\xff\xff\xff\xff");
        assert_eq!(out.row(3, value), Err("no"));
        assert!(out.is_empty());
    }
}
