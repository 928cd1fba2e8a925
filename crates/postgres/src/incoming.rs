//! Messages of a client after its start-up.
//!
//! A wrong length ends the connection, because nobody knows where the next message begins ([`Unframed`]). A wrong body is an
//! error like any other ([`Malformed`]): the next message is found. Messages of `COPY` are read and mean nothing, as in
//! PostgreSQL outside of a `COPY`; nothing here ever starts one.

use super::body::Body;
use super::malformed::{Malformed, Unframed};
use bytes::{Buf, Bytes, BytesMut};

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A password, or a step of SASL.
    Secret(Bytes),
    /// One text with statements.
    Query(String),
    /// A statement to prepare.
    Parse {
        /// Its name; empty for the unnamed one.
        name: String,
        /// Its text.
        sql: String,
        /// Type ids of parameters, 0 where the server is to find out.
        types: Vec<u32>,
    },
    /// Parameters for a prepared statement.
    Bind(Bind),
    /// A question for columns.
    Describe(Target),
    /// Rows to send.
    Execute {
        /// Of which portal.
        portal: String,
        /// At most how many; 0 and less for all.
        rows_max: i32,
    },
    /// Something to forget.
    Close(Target),
    /// Answers so far are to be sent.
    Flush,
    /// The end of a series of messages.
    Sync,
    /// A call of a function by its id, an old way that nobody uses.
    FunctionCall,
    /// Part of a `COPY`.
    Copy,
    /// Goodbye.
    Terminate,
}

/// What [`Incoming::Bind`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// The portal's name; empty for the unnamed one.
    pub portal: String,
    /// The statement's name.
    pub statement: String,
    /// Formats of parameters: none, one for all, or one each.
    pub parameter_formats: Vec<i16>,
    /// The parameters; `None` is null.
    pub parameters: Vec<Option<Bytes>>,
    /// Formats of columns: none, one for all, or one each.
    pub column_formats: Vec<i16>,
}

/// A statement or portal, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A prepared statement.
    Statement(String),
    /// A portal.
    Portal(String),
}

/// The kind of the next message, if a byte of it is there.
#[must_use]
pub fn next_kind(buffer: &BytesMut) -> Option<u8> {
    buffer.first().copied()
}

/// Takes the next message if all of it is there. `bytes_max` bounds a message without its first byte.
///
/// # Errors
/// When no message can be found any more.
pub fn take_message(buffer: &mut BytesMut, bytes_max: usize) -> Result<Option<Result<Incoming, Malformed>>, Unframed> {
    let Some(kind) = next_kind(buffer) else { return Ok(None) };
    if !b"pQPBDECHSXFdcf".contains(&kind) {
        return Err(Unframed::Kind(kind));
    }
    let Some(body) = take_body(buffer, 1, bytes_max)? else { return Ok(None) };
    Ok(Some(read(kind, Body::new(body))))
}

/// Takes `before` bytes, a length and what it covers.
pub(crate) fn take_body(buffer: &mut BytesMut, before: usize, bytes_max: usize) -> Result<Option<Bytes>, Unframed> {
    let Some(head) = buffer.get(before..before + 4) else { return Ok(None) };
    let length = i32::from_be_bytes(head.try_into().expect("four bytes"));
    let bytes = usize::try_from(length).ok().filter(|length| *length >= 4).ok_or(Unframed::Length(length))?;
    if bytes > bytes_max {
        return Err(Unframed::TooLong { length: bytes, max: bytes_max });
    }
    if buffer.len() < before + bytes {
        return Ok(None);
    }
    let mut message = buffer.split_to(before + bytes);
    message.advance(before + 4);
    Ok(Some(message.freeze()))
}

fn read(kind: u8, mut body: Body) -> Result<Incoming, Malformed> {
    let message = match kind {
        b'p' => return Ok(Incoming::Secret(body.rest())),
        b'Q' => Incoming::Query(body.text()?),
        b'P' => {
            let (name, sql) = (body.text()?, body.text()?);
            let types = (0..body.count(4)?).map(|_| body.u32()).collect::<Result<_, _>>()?;
            Incoming::Parse { name, sql, types }
        }
        b'B' => Incoming::Bind(bind(&mut body)?),
        b'D' => Incoming::Describe(target(&mut body)?),
        b'E' => Incoming::Execute { portal: body.text()?, rows_max: body.i32()? },
        b'C' => Incoming::Close(target(&mut body)?),
        b'H' => Incoming::Flush,
        b'S' => Incoming::Sync,
        b'X' => Incoming::Terminate,
        b'F' => return Ok(Incoming::FunctionCall),
        _ => return Ok(Incoming::Copy),
    };
    body.end()?;
    Ok(message)
}

fn bind(body: &mut Body) -> Result<Bind, Malformed> {
    let (portal, statement) = (body.text()?, body.text()?);
    let parameter_formats = (0..body.count(2)?).map(|_| body.i16()).collect::<Result<_, _>>()?;
    let mut parameters = Vec::new();
    for _ in 0..body.count(4)? {
        let length = body.i32()?;
        // Any negative length is null, as in PostgreSQL.
        parameters.push(usize::try_from(length).ok().map(|length| body.bytes(length)).transpose()?);
    }
    let column_formats = (0..body.count(2)?).map(|_| body.i16()).collect::<Result<_, _>>()?;
    Ok(Bind { portal, statement, parameter_formats, parameters, column_formats })
}

fn target(body: &mut Body) -> Result<Target, Malformed> {
    match body.byte()? {
        b'S' => Ok(Target::Statement(body.text()?)),
        b'P' => Ok(Target::Portal(body.text()?)),
        _ => Err(Malformed::Target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::from(&[kind][..]);
        bytes.extend_from_slice(&i32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    fn whole(kind: u8, body: &[u8]) -> Result<Incoming, Malformed> {
        let mut bytes = message(kind, body);
        let taken = take_message(&mut bytes, 1_000).unwrap().unwrap();
        assert!(bytes.is_empty());
        taken
    }

    const BIND: &[u8] = b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x02hi\xff\xff\xff\xff\0\x02\0\0\0\x01";

    #[test]
    fn messages_are_read() {
        assert_eq!(whole(b'S', b""), Ok(Incoming::Sync));
        let parse = Incoming::Parse { name: String::new(), sql: "SELECT $1".to_owned(), types: vec![23, 0] };
        assert_eq!(whole(b'P', b"\0SELECT $1\0\0\x02\0\0\0\x17\0\0\0\0"), Ok(parse));
        let bind = Bind {
            portal: "p".to_owned(),
            statement: "s".to_owned(),
            parameter_formats: vec![1],
            parameters: vec![Some(Bytes::from_static(b"hi")), None],
            column_formats: vec![0, 1],
        };
        assert_eq!(whole(b'B', BIND), Ok(Incoming::Bind(bind)));
        assert_eq!(whole(b'D', b"Sx\0"), Ok(Incoming::Describe(Target::Statement("x".to_owned()))));
        assert_eq!(whole(b'E', b"\0\0\0\0\x05"), Ok(Incoming::Execute { portal: String::new(), rows_max: 5 }));
        assert_eq!(whole(b'd', b"anything"), Ok(Incoming::Copy));
    }

    #[test]
    fn wrong_bodies_are_errors_and_wrong_lengths_the_end() {
        assert_eq!(whole(b'Q', b"SELECT 1"), Err(Malformed::Short));
        assert_eq!(whole(b'Q', b"SELECT 1\0 more"), Err(Malformed::Long));
        assert_eq!(whole(b'Q', b"\xff\0"), Err(Malformed::NotUtf8));
        assert_eq!(whole(b'C', b""), Err(Malformed::Short));
        assert_eq!(whole(b'C', b"Xx\0"), Err(Malformed::Target));
        assert_eq!(whole(b'P', b"\0\0\xff\xff"), Err(Malformed::Short));
        assert_eq!(whole(b'B', b"\0\0\0\0\0\x01\x7f\xff\xff\xff\0\0"), Err(Malformed::Short));
        for end in 0..BIND.len() {
            assert_eq!(whole(b'B', &BIND[..end]), Err(Malformed::Short), "{end}");
        }
        let framed = |bytes: &[u8]| take_message(&mut BytesMut::from(bytes), 1_000);
        assert_eq!(framed(b"Q\0\0\0\x03"), Err(Unframed::Length(3)));
        assert_eq!(framed(b"Q\xff\xff\xff\xff"), Err(Unframed::Length(-1)));
        assert_eq!(framed(b"Q\0\0\x04\0"), Err(Unframed::TooLong { length: 1_024, max: 1_000 }));
        assert_eq!(framed(b"\x16\x03\x01"), Err(Unframed::Kind(0x16)));
        assert_eq!(framed(b"Q\0\0"), Ok(None));
        assert_eq!(framed(b"Q\0\0\0\x08SE"), Ok(None));
    }
}
