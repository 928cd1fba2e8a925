//! Reads the records of a log from its beginning, or from the first segment that is needed, one segment in memory.

use crate::error::LogError;
use crate::segments::codec::{ControlRef, decode};
use crate::segments::control_files::ControlReader;
use crate::segments::folder::Folder;
use crate::segments::frame::{Parsed, parse};
use crate::segments::scan::{Scan, scan};
use crate::segments::survey::Survey;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::record::Record;

/// The records of a log in order, without those in damaged parts: there the sequence jumps.
#[derive(Debug)]
pub struct StoredRecords {
    folder: Folder,
    /// Each with the sequence before which its records end.
    segments: VecDeque<(PathBuf, u64)>,
    open: Option<OpenSegment>,
    control_files: ControlReader,
}

#[derive(Debug)]
struct OpenSegment {
    path: PathBuf,
    bytes: Vec<u8>,
    scan: Scan,
    /// Run being read, and where in the file.
    run: usize,
    at: usize,
}

impl StoredRecords {
    /// The records that a survey of the folder found.
    pub(crate) fn new(folder: Folder, survey: &Survey) -> Self {
        let ends = survey.segments.iter().skip(1).map(|segment| segment.first_sequence).chain([survey.next_sequence()]);
        let needed = survey.segments.iter().zip(ends).filter(|(segment, _)| segment.is_needed);
        let segments = needed.map(|(segment, end)| (segment.path.clone(), end)).collect();
        Self { folder, segments, open: None, control_files: ControlReader::default() }
    }

    /// Takes the newest control record that was read, with the name of its file.
    pub(crate) fn take_control(&mut self) -> Option<(Arc<Control>, ControlRef)> {
        self.control_files.take_newest()
    }

    /// The next record; `None` behind the last.
    ///
    /// # Errors
    /// When the disk fails, or a record with a right checksum has content this binary cannot read.
    pub fn next_record(&mut self) -> Result<Option<Record>, LogError> {
        loop {
            if let Some(record) = self.read()? {
                return Ok(Some(record));
            }
            let Some((path, end)) = self.segments.pop_front() else { return Ok(None) };
            // The old segment is freed first: two are never in memory.
            self.open = None;
            let bytes = self.folder.read(&path)?;
            let scan = scan(&bytes, &path, Some(end))?;
            let at = scan.runs.first().map_or(0, |run| run.start);
            self.open = Some(OpenSegment { path, bytes, scan, run: 0, at });
        }
    }

    fn read(&mut self) -> Result<Option<Record>, LogError> {
        let Some(open) = &mut self.open else { return Ok(None) };
        while let Some(run) = open.scan.runs.get(open.run) {
            if open.at >= run.end {
                open.run += 1;
                open.at = open.scan.runs.get(open.run).map_or(0, |run| run.start);
                continue;
            }
            let Parsed::Frame(frame, taken) = parse(&open.bytes[open.at..run.end], &open.scan.header.key) else {
                return Err(LogError::damaged(&open.path, "it changed while it was read"));
            };
            open.at += taken;
            let (folder, control_files) = (&self.folder, &mut self.control_files);
            return decode(&frame, &open.path, |named| control_files.read(folder, named)).map(Some);
        }
        Ok(None)
    }
}
