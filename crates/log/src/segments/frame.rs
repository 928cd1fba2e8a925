//! The frame of a record in a segment, format 1. All integers are little endian.
//!
//! | bytes | |
//! |---|---|
//! | 0..4 | length of the payload, at least 1 |
//! | 4..8 | CRC-32C over log id, length, bytes 8..40 and the payload |
//! | 8..16 | sequence of the record |
//! | 16..24 | sequence of the first record of its commit |
//! | 24..32 | log time in epoch milliseconds |
//! | 32 | kind of the payload ([`crate::segments::codec`]) |
//! | 33 | 0 |
//! | 34..36 | partition; 0 for records of no partition |
//! | 36..40 | 0 |
//! | 40.. | payload, then zeros up to a multiple of 8 |
//!
//! Eight zero bytes where a frame would begin are the end of what was written.
//!
//! **Why the commit's first sequence.** A commit is written only after the commit before it was synced. So a frame whose
//! commit begins after record s proves that s was durable: where s is damaged then, acknowledged data is lost, and it
//! must be told. Without such a frame the damage is the torn end of a commit nobody was answered for.
//!
//! **Why the log id is in the checksum.** Bytes a peer sent stand in payloads. Behind damage the next frame is searched
//! byte by byte, and nobody who does not know the id can send bytes that look like a frame.

use crate::segments::folder::FILE_BYTES_MAX;
use crate::segments::header::LogKey;

/// Bytes before the payload.
pub(crate) const FRAME_BYTES: usize = 40;
/// Frames begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

/// Records of one segment at most, whatever its size.
const FILE_RECORDS_MAX: u64 = FILE_BYTES_MAX / FRAME_BYTES as u64;

/// A record as it stands in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) sequence: u64,
    pub(crate) commit_first: u64,
    pub(crate) log_time_ms: i64,
    pub(crate) kind: u8,
    pub(crate) partition: u16,
    pub(crate) payload: &'a [u8],
}

/// What stands at a place where a frame should begin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    /// A frame, and the length it takes.
    Frame(Frame<'a>, usize),
    /// Zeros: nothing was written here.
    End,
    /// Something else.
    Bad,
}

/// Bytes a payload of `length` takes with its frame.
pub(crate) const fn framed_bytes(length: usize) -> usize {
    (FRAME_BYTES + length).next_multiple_of(ALIGNMENT)
}

/// Appends a frame whose payload is what `write` appends.
pub(crate) fn append(out: &mut Vec<u8>, key: &LogKey, frame: &Frame<'_>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_BYTES]);
    write(out);
    let length = u32::try_from(out.len() - start - FRAME_BYTES).expect("a payload is smaller than a segment");
    let head = &mut out[start..start + FRAME_BYTES];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[8..16].copy_from_slice(&frame.sequence.to_le_bytes());
    head[16..24].copy_from_slice(&frame.commit_first.to_le_bytes());
    head[24..32].copy_from_slice(&frame.log_time_ms.to_le_bytes());
    head[32] = frame.kind;
    head[34..36].copy_from_slice(&frame.partition.to_le_bytes());
    let crc = checksum(key, &out[start..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    out.resize(start + framed_bytes(length as usize), 0);
}

/// Reads what stands at the beginning of `bytes`.
pub(crate) fn parse<'a>(bytes: &'a [u8], key: &LogKey) -> Parsed<'a> {
    let Some(head) = bytes.first_chunk::<FRAME_BYTES>() else {
        return if bytes.iter().all(|byte| *byte == 0) { Parsed::End } else { Parsed::Bad };
    };
    if head[..8] == [0; 8] {
        return Parsed::End;
    }
    let length = u32_at(head, 0) as usize;
    let taken = framed_bytes(length);
    if length == 0 || taken > bytes.len() {
        return Parsed::Bad;
    }
    let padding = &bytes[FRAME_BYTES + length..taken];
    if checksum(key, &bytes[..FRAME_BYTES + length]) != u32_at(head, 4) || padding.iter().any(|byte| *byte != 0) {
        return Parsed::Bad;
    }
    let frame = Frame {
        sequence: u64_at(head, 8),
        commit_first: u64_at(head, 16),
        log_time_ms: u64_at(head, 24).cast_signed(),
        kind: head[32],
        partition: u16::from_le_bytes([head[34], head[35]]),
        payload: &bytes[FRAME_BYTES..FRAME_BYTES + length],
    };
    Parsed::Frame(frame, taken)
}

/// Whether a frame of a record behind `missing` may begin here: a quick look before the checksum, which over damaged parts
/// would be made for every place and cost their length each time.
pub(crate) fn is_plausible(bytes: &[u8], missing: u64) -> bool {
    let Some(head) = bytes.first_chunk::<FRAME_BYTES>() else { return false };
    let (sequence, commit_first) = (u64_at(head, 8), u64_at(head, 16));
    let is_next = sequence > missing && sequence - missing <= FILE_RECORDS_MAX;
    is_next && commit_first <= sequence && head[33] == 0 && head[36..] == [0; 4] && u32_at(head, 0) > 0
}

/// The checksum of a frame without its padding.
fn checksum(key: &LogKey, frame: &[u8]) -> u32 {
    let seed = crc32c::crc32c_append(crc32c::crc32c(key), &frame[..4]);
    crc32c::crc32c_append(seed, &frame[8..])
}

fn u32_at(bytes: &[u8; FRAME_BYTES], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8; FRAME_BYTES], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: LogKey = [7; 16];

    fn framed(payload: &[u8]) -> Vec<u8> {
        let frame =
            Frame { sequence: 3, commit_first: 2, log_time_ms: -5, kind: 4, partition: 9, payload: Default::default() };
        let mut out = Vec::new();
        append(&mut out, &KEY, &frame, |out| out.extend_from_slice(payload));
        out
    }

    #[test]
    fn a_frame_comes_back_as_it_was_written() {
        for length in 1..40 {
            let payload = vec![0xAB; length];
            let bytes = framed(&payload);
            assert_eq!(bytes.len() % ALIGNMENT, 0);
            let frame =
                Frame { sequence: 3, commit_first: 2, log_time_ms: -5, kind: 4, partition: 9, payload: &payload };
            assert_eq!(parse(&bytes, &KEY), Parsed::Frame(frame, bytes.len()));
            assert_eq!(parse(&bytes, &[8; 16]), Parsed::Bad, "a frame of another log");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = framed(b"payload");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&flipped, &KEY), Parsed::Bad, "bit {bit}");
        }
        for cut in 1..bytes.len() {
            let mut torn = bytes.clone();
            torn[cut..].fill(0);
            assert!(torn == bytes || parse(&torn, &KEY) == Parsed::Bad, "cut at {cut}");
        }
        assert_eq!(parse(&[0; 64], &KEY), Parsed::End);
        assert_eq!(parse(&[0; 5], &KEY), Parsed::End);
    }

    /// Format 1 as bytes. When this changes, logs on disk cannot be read any more: raise the format version instead.
    #[test]
    fn format_1_never_changes() {
        let hex: String = framed(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        expect_test::expect![
            "03000000d39c5f8e03000000000000000200000000000000fbffffffffffffff04000900000000006162630000000000"
        ]
        .assert_eq(&hex);
    }
}
