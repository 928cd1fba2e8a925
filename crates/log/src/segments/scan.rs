//! What is in one segment: its records, damage inside, and where the written part ends.
//!
//! Reading goes frame by frame. Where there is no valid frame, three things are possible, and they are told apart:
//! nothing was written there (zeros to the end), the end of a commit nobody was answered for is torn (only in the last
//! segment), or acknowledged records are damaged (everywhere else, and where a later commit proves it).

use crate::error::LogError;
use crate::segments::frame::{ALIGNMENT, FRAME_BYTES, Parsed, is_plausible, parse};
use crate::segments::header::{HEADER_BYTES, Header, LogKey};
use std::ops::Range;
use std::path::Path;

/// The bytes of a segment and what they hold.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) header: Header,
    /// Where the records stand.
    pub(crate) runs: Vec<Range<usize>>,
    /// Damage before the last record.
    pub(crate) holes: Vec<Hole>,
    /// Where the written part ends, behind the last record.
    pub(crate) end: usize,
    /// Bytes behind the end that are not zero reach up to here; `end` when there are none.
    pub(crate) tail_end: usize,
    /// Sequence of the record after the last; the header's when there is none.
    pub(crate) next_sequence: u64,
}

/// Records that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    /// Where in the file.
    pub(crate) bytes: Range<usize>,
    /// Which records.
    pub(crate) sequences: Range<u64>,
}

/// Finds what is in the segment at `path`. `next_first` is the first sequence of the segment behind it, whose existence
/// proves that all records below were durable; `None` for the last segment, where only a later commit proves it.
///
/// Cost: one pass over `bytes`, and a second one over damaged parts.
///
/// # Errors
/// When its header cannot be read.
pub(crate) fn scan(bytes: &[u8], path: &Path, next_first: Option<u64>) -> Result<Scan, LogError> {
    let header = Header::parse(bytes, path)?;
    let mut scan = Scan {
        runs: Vec::new(),
        holes: Vec::new(),
        end: HEADER_BYTES,
        tail_end: HEADER_BYTES,
        next_sequence: header.first_sequence,
        header,
    };
    let key = scan.header.key;
    loop {
        let run_start = scan.end;
        scan.take_run(bytes, &key, next_first.unwrap_or(u64::MAX));
        if scan.end > run_start {
            scan.runs.push(run_start..scan.end);
        }
        let written = written_length(&bytes[scan.end..]);
        if written == 0 {
            scan.tail_end = scan.end;
            return Ok(scan);
        }
        let missing = scan.next_sequence..next_first.unwrap_or(u64::MAX);
        let Some((found, sequence)) = find_behind(bytes, scan.end, missing, next_first.is_some(), &key) else {
            scan.tail_end = scan.end + written;
            return Ok(scan);
        };
        scan.holes.push(Hole { bytes: scan.end..found, sequences: scan.next_sequence..sequence });
        (scan.end, scan.next_sequence) = (found, sequence);
    }
}

impl Scan {
    /// Goes on while frames follow each other without a gap in their sequences, up to the next segment's.
    fn take_run(&mut self, bytes: &[u8], key: &LogKey, next_first: u64) {
        while let Parsed::Frame(frame, taken) = parse(&bytes[self.end..], key) {
            if frame.sequence != self.next_sequence || frame.sequence >= next_first {
                return;
            }
            self.end += taken;
            self.next_sequence += 1;
        }
    }
}

/// Bytes up to the last that is not zero. Most of a segment is reserved space, so whole blocks are compared at once.
fn written_length(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let blocks = bytes.chunks(ZEROS.len()).enumerate().rev();
    let mut written = blocks.filter(|(_, block)| **block != ZEROS[..block.len()]);
    written.next().map_or(0, |(index, block)| {
        let last = block.iter().rposition(|byte| *byte != 0).expect("the block is not all zeros");
        index * ZEROS.len() + last + 1
    })
}

/// The first readable record behind `from` whose sequence is in `missing`, but not its first: that one is damaged. Unless
/// it `is_proven` that the missing record had been durable, a frame has to prove it: one of a commit that was written after
/// it was synced.
fn find_behind(bytes: &[u8], from: usize, missing: Range<u64>, is_proven: bool, key: &LogKey) -> Option<(usize, u64)> {
    let mut first = None;
    let mut at = from;
    while at + FRAME_BYTES <= bytes.len() {
        if !is_plausible(&bytes[at..], missing.start) {
            at += ALIGNMENT;
            continue;
        }
        match parse(&bytes[at..], key) {
            Parsed::Frame(frame, _) if frame.sequence >= missing.end => return None,
            Parsed::Frame(frame, taken) => {
                first = first.or(Some((at, frame.sequence)));
                if is_proven || frame.commit_first > missing.start {
                    return first;
                }
                at += taken;
            }
            Parsed::End | Parsed::Bad => at += ALIGNMENT,
        }
    }
    None
}
