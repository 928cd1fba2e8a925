//! One file of a set: a header that says what it is, a body, and behind it how long that is and its checksum.
//!
//! ```text
//! "VIGIESNP"  format: u32  header length: u32  header  CRC-32C of all this: u32
//! body
//! body length: u64  CRC-32C of the body: u32  "WHOLE..."
//! ```
//!
//! Numbers are little-endian. The header is a [`Header`] in postcard.
//!
//! **Invariant**: no byte of a file is believed that a checksum does not cover.

use crate::snapshots::stamp::Stamp;
use crc32c::crc32c;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Version of files.
const FORMAT: u32 = 1;
const MAGIC: [u8; 8] = *b"VIGIESNP";
const END: [u8; 8] = *b"WHOLE...";
/// Magic, format and length of the header.
const FIRST_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 4;
/// Behind the body.
const LAST_BYTES: usize = 20;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// What it belongs to.
    pub(crate) stamp: Stamp,
    /// Which part of the set it is; empty for the manifest.
    pub(crate) part: String,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Bytes of the body.
    pub(crate) length: u64,
    /// Their checksum.
    pub(crate) checksum: u32,
}

/// What stands before the body.
pub(crate) fn head(header: &Header) -> Vec<u8> {
    let header = postcard::to_allocvec(header).expect("a header has a length");
    let length = u32::try_from(header.len()).expect("names of parts and logs are short");
    let mut bytes = [&MAGIC[..], &FORMAT.to_le_bytes(), &length.to_le_bytes(), &header].concat();
    bytes.extend(crc32c(&bytes).to_le_bytes());
    bytes
}

/// What stands behind it.
pub(crate) fn tail(tail: Tail) -> Vec<u8> {
    [&tail.length.to_le_bytes()[..], &tail.checksum.to_le_bytes(), &END].concat()
}

/// The header and the body of a file; else what is wrong with it.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Header, Range<usize>), String> {
    let number = |at: usize| bytes.get(at..at + 4).and_then(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)));
    let short = || "it ends too early".to_owned();
    if bytes.get(..8).ok_or_else(short)? != MAGIC {
        return Err("it is no snapshot of Vigie".to_owned());
    }
    let (format, length) = number(8).zip(number(12)).ok_or_else(short)?;
    if format != FORMAT {
        return Err(format!("its format is {format}, and this program reads {FORMAT}"));
    }
    let header_end = FIRST_BYTES + length as usize;
    let header = bytes.get(..header_end).ok_or_else(short)?;
    if number(header_end) != Some(crc32c(header)) {
        return Err("its header is damaged".to_owned());
    }
    let header = postcard::from_bytes(&header[FIRST_BYTES..]).map_err(|_| "its header cannot be read".to_owned())?;
    let start = header_end + CHECKSUM_BYTES;
    let body = start..bytes.len().checked_sub(LAST_BYTES).filter(|end| *end >= start).ok_or_else(short)?;
    let found = Tail { length: body.len() as u64, checksum: crc32c(&bytes[body.clone()]) };
    if bytes[body.end..] != tail(found) {
        return Err("it is damaged, or was never finished".to_owned());
    }
    Ok((header, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(body: &[u8]) -> (Header, Vec<u8>) {
        let stamp =
            Stamp { log_id: "l".into(), semantics: 4, control: [9; 32], partitions: 16, next_sequence: u64::MAX };
        let header = Header { stamp, part: "city".to_owned() };
        let end = tail(Tail { length: body.len() as u64, checksum: crc32c(body) });
        let bytes = [head(&header), body.to_vec(), end].concat();
        (header, bytes)
    }

    #[test]
    fn what_was_written_is_read() {
        for body in [&b""[..], b"x", &[7; 5_000]] {
            let (header, bytes) = whole(body);
            let (found, range) = parse(&bytes).unwrap();
            assert_eq!((&found, &bytes[range]), (&header, body));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let (_, bytes) = whole(b"what it remembers");
        for at in 0..bytes.len() {
            assert!(parse(&bytes[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(parse(&flipped).is_err(), "bit {bit} of byte {at}");
            }
        }
        assert!(parse(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn files_of_another_format_are_told_apart() {
        let (_, mut bytes) = whole(b"");
        bytes[8] = 2;
        assert_eq!(parse(&bytes).unwrap_err(), "its format is 2, and this program reads 1");
    }
}
