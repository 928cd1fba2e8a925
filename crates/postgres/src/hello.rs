//! The first packet of a connection, which has no letter in front.

use super::body::Body;
use super::incoming::take_body;
use super::malformed::{Malformed, Unframed};
use bytes::BytesMut;

/// Longest first packet, as in PostgreSQL.
pub const HELLO_BYTES_MAX: usize = 10_000;

/// What a connection begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// May we speak TLS? Answered by one letter, before the real start.
    Tls,
    /// May we speak GSSAPI? Answered by one letter, before the real start.
    Gss,
    /// Another connection's query is to be stopped.
    Cancel {
        /// The number of that connection.
        process: i32,
        /// Its secret.
        secret: i32,
    },
    /// The start.
    Start {
        /// Minor version of protocol 3 that the client speaks.
        minor: u16,
        /// Name and value of each parameter, in the order sent: user, database, settings.
        parameters: Vec<(String, String)>,
    },
}

/// Takes the first packet if all of it is there.
///
/// # Errors
/// When it is none, or of another protocol.
pub fn take_hello(buffer: &mut BytesMut) -> Result<Option<Result<Hello, Malformed>>, Unframed> {
    let Some(bytes) = take_body(buffer, 0, HELLO_BYTES_MAX)? else { return Ok(None) };
    let mut body = Body::new(bytes);
    let Ok(code) = body.u32() else { return Ok(Some(Err(Malformed::Short))) };
    let [major_high, major_low, minor_high, minor_low] = code.to_be_bytes();
    let (major, minor) = (u16::from_be_bytes([major_high, major_low]), u16::from_be_bytes([minor_high, minor_low]));
    Ok(Some(match (major, minor) {
        (1234, 5678) => cancel(&mut body),
        (1234, 5679) => body.end().map(|()| Hello::Tls),
        (1234, 5680) => body.end().map(|()| Hello::Gss),
        (3, minor) => start(minor, body),
        _ => return Err(Unframed::Protocol(major, minor)),
    }))
}

fn cancel(body: &mut Body) -> Result<Hello, Malformed> {
    let (process, secret) = (body.i32()?, body.i32()?);
    body.end()?;
    Ok(Hello::Cancel { process, secret })
}

fn start(minor: u16, mut body: Body) -> Result<Hello, Malformed> {
    let mut parameters = Vec::new();
    loop {
        let name = body.text()?;
        if name.is_empty() {
            body.end()?;
            return Ok(Hello::Start { minor, parameters });
        }
        parameters.push((name, body.text()?));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(body: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::from(&i32::try_from(body.len() + 4).unwrap().to_be_bytes()[..]);
        bytes.extend_from_slice(body);
        bytes
    }

    fn taken(body: &[u8]) -> Result<Hello, Malformed> {
        take_hello(&mut packet(body)).unwrap().unwrap()
    }

    #[test]
    fn first_packets_are_read() {
        assert_eq!(taken(&[4, 210, 22, 47]), Ok(Hello::Tls));
        assert_eq!(taken(&[4, 210, 22, 48]), Ok(Hello::Gss));
        assert_eq!(taken(b"\x04\xd2\x16\x2e\0\0\0\x07\0\0\0\x09"), Ok(Hello::Cancel { process: 7, secret: 9 }));
        let start = Hello::Start { minor: 2, parameters: vec![("user".to_owned(), "eve".to_owned())] };
        assert_eq!(taken(b"\0\x03\0\x02user\0eve\0\0"), Ok(start));
        assert_eq!(take_hello(&mut BytesMut::from(&b"\0\0"[..])), Ok(None));
    }

    #[test]
    fn others_are_refused() {
        assert_eq!(taken(b"\0\x03"), Err(Malformed::Short));
        assert_eq!(taken(b"\0\x03\0\0user\0eve\0"), Err(Malformed::Short));
        assert_eq!(taken(b"\0\x03\0\0\0more"), Err(Malformed::Long));
        assert_eq!(taken(b"\x04\xd2\x16\x2e\0\0\0\x07"), Err(Malformed::Short));
        let unframed = |bytes: &[u8]| take_hello(&mut BytesMut::from(bytes)).unwrap_err();
        assert_eq!(unframed(b"\0\0\0\x08\0\x02\0\0"), Unframed::Protocol(2, 0));
        assert_eq!(unframed(b"GET / HTTP/1.1\r\n"), Unframed::TooLong { length: 0x4745_5420, max: HELLO_BYTES_MAX });
        assert_eq!(unframed(b"\0\0\0\x02"), Unframed::Length(2));
    }
}
