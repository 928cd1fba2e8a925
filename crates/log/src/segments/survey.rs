//! Looks at a log without changing it: which segments there are, what is damaged, where it ends.
//!
//! Opening starts from it, and `vigie verify` shows it. A start that needs only the newer part of a log does not read the older one;
//! a check does.

use crate::error::LogError;
use crate::segments::folder::Folder;
use crate::segments::header::{Header, LogIdentity};
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
    /// Whether its records were looked at: it has some that are needed.
    pub(crate) is_needed: bool,
    /// Bytes behind its last record that are not zero.
    pub(crate) tail_bytes: usize,
}

/// Reads the segments of a log from record `needed_from` on, and the headers of those before. Cost: one pass over their bytes, one
/// segment in memory.
///
/// # Errors
/// When a segment cannot be read at all, or is of another log or a newer format.
pub(crate) fn survey(folder: &Folder, needed_from: u64) -> Result<Survey, LogError> {
    let mut survey = Survey::default();
    let found = folder.segments()?;
    for (index, first_sequence) in found.iter().copied().enumerate() {
        let (path, next_first) = (folder.segment(first_sequence), found.get(index + 1).copied());
        if next_first.is_some_and(|next_first| next_first <= needed_from) {
            survey.check_header(&folder.header(&path)?, first_sequence, &path)?;
            survey.segments.push(Surveyed { first_sequence, path, is_needed: false, tail_bytes: 0 });
            continue;
        }
        if let Some((bytes, _)) = &mut survey.last {
            *bytes = Vec::new();
        }
        let bytes = folder.read(&path)?;
        let scan = scan(&bytes, &path, next_first)?;
        survey.check_header(&scan.header, first_sequence, &path)?;
        survey.check_joint(first_sequence);
        survey.holes.extend(scan.holes.iter().map(|hole| (first_sequence, hole.clone())));
        let tail_bytes = scan.tail_end - scan.end;
        survey.segments.push(Surveyed { first_sequence, path, is_needed: true, tail_bytes });
        survey.last = Some((bytes, scan));
    }
    Ok(survey)
}

/// What a log is and with which record it begins, from the header of its first segment; `None` when there is no log.
///
/// # Errors
/// As [`survey`].
pub(crate) fn beginning(folder: &Folder) -> Result<Option<(LogIdentity, u64)>, LogError> {
    let Some(first) = folder.segments()?.first().copied() else { return Ok(None) };
    let header = folder.header(&folder.segment(first))?;
    Ok(Some((header.identity(), first)))
}

impl Survey {
    /// Sequence of the record behind the last.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.last.as_ref().map_or(0, |(_, scan)| scan.next_sequence)
    }

    fn check_header(&mut self, header: &Header, first_sequence: u64, path: &Path) -> Result<(), LogError> {
        if header.first_sequence != first_sequence {
            let what = format!("its header says that it begins with record {}", header.first_sequence);
            return Err(LogError::damaged(path, what));
        }
        let found = header.identity();
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
