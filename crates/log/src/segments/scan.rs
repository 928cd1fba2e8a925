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
    /// Where the last commit begins, and the sequence of its first record; `None` without records.
    pub(crate) last_commit: Option<(usize, u64)>,
}

/// Records that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    /// Where in the file.
    pub(crate) bytes: Range<usize>,
    /// Which records.
    pub(crate) sequences: Range<u64>,
}

/// Finds what is in the segment at `path`. Cost: one pass over `bytes`, and a second one over damaged parts.
///
/// # Errors
/// When its header cannot be read.
pub(crate) fn scan(bytes: &[u8], path: &Path) -> Result<Scan, LogError> {
    let header = Header::parse(bytes, path)?;
    let mut scan = Scan {
        runs: Vec::new(),
        holes: Vec::new(),
        end: HEADER_BYTES,
        tail_end: HEADER_BYTES,
        next_sequence: header.first_sequence,
        last_commit: None,
        header,
    };
    let key = scan.header.key;
    loop {
        let run_start = scan.end;
        scan.take_run(bytes, &key);
        if scan.end > run_start {
            scan.runs.push(run_start..scan.end);
        }
        let behind = &bytes[scan.end..];
        let Some(last_written) = last_not_zero(behind) else {
            scan.tail_end = scan.end;
            return Ok(scan);
        };
        let Some((found, sequence)) = find_proof(bytes, scan.end, scan.next_sequence, &key) else {
            scan.tail_end = scan.end + last_written + 1;
            return Ok(scan);
        };
        scan.holes.push(Hole { bytes: scan.end..found, sequences: scan.next_sequence..sequence });
        (scan.end, scan.next_sequence) = (found, sequence);
    }
}

impl Scan {
    /// Goes on while frames follow each other without a gap in their sequences.
    fn take_run(&mut self, bytes: &[u8], key: &LogKey) {
        while let Parsed::Frame(frame, taken) = parse(&bytes[self.end..], key) {
            if frame.sequence != self.next_sequence {
                return;
            }
            if self.last_commit.is_none_or(|(_, first)| first != frame.commit_first) {
                self.last_commit = Some((self.end, frame.commit_first));
            }
            self.end += taken;
            self.next_sequence += 1;
        }
    }
}

/// Where the last byte stands that is not zero. Most of a segment is zeros, so whole blocks are compared at once.
fn last_not_zero(bytes: &[u8]) -> Option<usize> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let block = bytes.chunks(ZEROS.len()).rposition(|block| *block != ZEROS[..block.len()])?;
    let start = block * ZEROS.len();
    let end = bytes.len().min(start + ZEROS.len());
    bytes[start..end].iter().rposition(|byte| *byte != 0).map(|at| start + at)
}

/// The first readable record behind `from`, if one there proves that record `missing` had been durable: it belongs to a
/// commit that was written after `missing` was synced.
fn find_proof(bytes: &[u8], from: usize, missing: u64, key: &LogKey) -> Option<(usize, u64)> {
    let mut first = None;
    let mut at = from;
    while at + FRAME_BYTES <= bytes.len() {
        if !is_plausible(&bytes[at..], missing) {
            at += ALIGNMENT;
            continue;
        }
        match parse(&bytes[at..], key) {
            Parsed::Frame(frame, taken) => {
                first = first.or(Some((at, frame.sequence)));
                if frame.commit_first > missing {
                    return first;
                }
                at += taken;
            }
            Parsed::End | Parsed::Bad => at += ALIGNMENT,
        }
    }
    None
}
