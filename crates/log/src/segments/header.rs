//! The first 64 bytes of a segment: what it is, of which log, and where it begins.

use crate::error::LogError;
use std::path::Path;
use vigie_model::position::{LogId, PartitionIx};

/// The log format this binary writes, and the only one it reads: logs of an older format were also judged by older
/// [engine semantics](vigie_model::control::ENGINE_SEMANTICS), so none of their records would be judged again.
pub const FORMAT_VERSION: u32 = 2;
/// Bytes before the first frame.
pub(crate) const HEADER_BYTES: usize = 64;

const MAGIC: [u8; 8] = *b"VIGIELOG";

/// A log's id as bytes; the log id is their text in hex.
pub(crate) type LogKey = [u8; 16];

/// What all segments of a log share, fixed when it was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIdentity {
    /// The log's id: 32 hexadecimal digits.
    pub log_id: LogId,
    /// Its number of partitions.
    pub partitions: PartitionIx,
}

/// A segment's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) key: LogKey,
    pub(crate) partitions: PartitionIx,
    /// Sequence of the first record.
    pub(crate) first_sequence: u64,
}

impl LogIdentity {
    /// The id as bytes; an id that is no 32 hexadecimal digits is hashed to one.
    pub(crate) fn key(&self) -> LogKey {
        let digits = self.log_id.as_bytes();
        let mut key = LogKey::default();
        let is_hex = digits.len() == 2 * key.len() && digits.iter().all(u8::is_ascii_hexdigit);
        if !is_hex {
            key.copy_from_slice(&xxhash_rust::xxh3::xxh3_128(digits).to_be_bytes());
            return key;
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| (digit as char).to_digit(16).expect("checked above") as u8;
            *byte = digit(pair[0]) << 4 | digit(pair[1]);
        }
        key
    }
}

impl Header {
    /// The identity this header tells.
    pub(crate) fn identity(&self) -> LogIdentity {
        let log_id: String = self.key.iter().map(|byte| format!("{byte:02x}")).collect();
        LogIdentity { log_id: log_id.into(), partitions: self.partitions }
    }

    /// The header as bytes.
    pub(crate) fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.key);
        bytes[32..40].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[40..42].copy_from_slice(&self.partitions.to_le_bytes());
        let crc = checksum(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of the segment at `path`.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, LogError> {
        let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(LogError::damaged(path, "it ends within its header"));
        };
        if head[..8] != MAGIC {
            return Err(LogError::damaged(path, "it does not begin as a segment of a log"));
        }
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
        if checksum(head) != word(12) {
            return Err(LogError::damaged(path, "the checksum of its header is wrong"));
        }
        let found = word(8);
        if found > FORMAT_VERSION {
            return Err(LogError::NewerFormat { path: path.to_owned(), found, supported: FORMAT_VERSION });
        }
        if found < FORMAT_VERSION {
            return Err(LogError::OlderFormat { path: path.to_owned(), found, supported: FORMAT_VERSION });
        }
        Ok(Self {
            key: head[16..32].try_into().expect("sixteen bytes"),
            partitions: PartitionIx::from_le_bytes([head[40], head[41]]),
            first_sequence: u64::from_le_bytes(head[32..40].try_into().expect("eight bytes")),
        })
    }
}

/// Over everything but the checksum itself.
fn checksum(bytes: &[u8; HEADER_BYTES]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let identity = LogIdentity { log_id: "00112233445566778899aabbccddeeff".into(), partitions: 16 };
        Header { key: identity.key(), partitions: 16, first_sequence: 7 }
    }

    #[test]
    fn a_header_comes_back_and_every_flipped_bit_is_noticed() {
        let (bytes, path) = (header().bytes(), Path::new("a.seg"));
        assert_eq!(Header::parse(&bytes, path).unwrap(), header());
        assert_eq!(header().identity().log_id.as_ref(), "00112233445566778899aabbccddeeff");
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(Header::parse(&flipped, path), Err(LogError::Damaged { .. })), "bit {bit}");
        }
        assert!(Header::parse(&bytes[..63], path).is_err());
    }

    #[test]
    fn another_format_is_refused_with_what_to_do() {
        for (format, told) in [
            (3, "has log format 3, this binary reads 2; use the newer"),
            (1, "has log format 1, this binary reads 2; use the older"),
        ] {
            let mut bytes = header().bytes();
            bytes[8] = format;
            let crc = checksum(&bytes);
            bytes[12..16].copy_from_slice(&crc.to_le_bytes());
            let refused = Header::parse(&bytes, Path::new("a.seg")).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
