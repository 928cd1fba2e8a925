//! Looks at a whole log without changing it: which segments there are, what is damaged, where it ends.
//!
//! Opening starts from it, and `vigie verify` shows it.

use crate::error::LogError;
use crate::segments::folder::Folder;
use crate::segments::header::LogIdentity;
use crate::segments::scan::{Hole, Scan, scan};
use std::path::{Path, PathBuf};

/// What is in a log.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// What all segments share; `None` when there are none.
    pub(crate) identity: Option<LogIdentity>,
    pub(crate) segments: Vec<Surveyed>,
    /// Damage, with the first sequence of the segment it is in.
    pub(crate) holes: Vec<(u64, Hole)>,
    /// The last segment: its bytes and what they hold.
    pub(crate) last: Option<(Vec<u8>, Scan)>,
}

/// A segment.
#[derive(Clone, Debug)]
pub(crate) struct Surveyed {
    pub(crate) first_sequence: u64,
    pub(crate) path: PathBuf,
    /// Bytes behind its last record that are not zero.
    pub(crate) tail_bytes: usize,
}

/// Reads every segment of a log. Cost: one pass over all its bytes, one segment in memory.
///
/// # Errors
/// When a segment cannot be read at all, or is of another log or a newer format.
pub(crate) fn survey(folder: &Folder) -> Result<Survey, LogError> {
    let mut survey = Survey::default();
    let found = folder.segments()?;
    for (index, first_sequence) in found.iter().copied().enumerate() {
        let path = folder.segment(first_sequence);
        if let Some((bytes, _)) = &mut survey.last {
            *bytes = Vec::new();
        }
        let bytes = folder.read(&path)?;
        let scan = scan(&bytes, &path, found.get(index + 1).copied())?;
        survey.check_header(&scan, first_sequence, &path)?;
        survey.check_joint(first_sequence);
        survey.holes.extend(scan.holes.iter().map(|hole| (first_sequence, hole.clone())));
        survey.segments.push(Surveyed { first_sequence, path, tail_bytes: scan.tail_end - scan.end });
        survey.last = Some((bytes, scan));
    }
    Ok(survey)
}

impl Survey {
    /// Sequence of the record behind the last.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.last.as_ref().map_or(0, |(_, scan)| scan.next_sequence)
    }

    fn check_header(&mut self, scan: &Scan, first_sequence: u64, path: &Path) -> Result<(), LogError> {
        if scan.header.first_sequence != first_sequence {
            let what = format!("its header says that it begins with record {}", scan.header.first_sequence);
            return Err(LogError::damaged(path, what));
        }
        let found = scan.header.identity();
        match &self.identity {
            None => self.identity = Some(found),
            Some(identity) if *identity == found => {}
            Some(identity) => {
                let what = format!("it belongs to the log {}, its neighbours to {}", found.log_id, identity.log_id);
                return Err(LogError::damaged(path, what));
            }
        }
        Ok(())
    }

    /// A segment begins where the one before it ends; otherwise records between them are lost.
    fn check_joint(&mut self, first_sequence: u64) {
        let (Some((_, scan)), Some(before)) = (&self.last, self.segments.last()) else { return };
        if scan.next_sequence < first_sequence {
            let hole = Hole { bytes: scan.end..scan.tail_end, sequences: scan.next_sequence..first_sequence };
            self.holes.push((before.first_sequence, hole));
        }
    }
}
