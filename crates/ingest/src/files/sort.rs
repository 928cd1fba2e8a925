//! A stable sort of events by event time, on disk where they do not fit in memory.
//!
//! Rows collect in one batch until it is full; then it is sorted and written as a run. In the end the runs, the last
//! one still in memory, are merged. Runs are in input order and ties go to the earlier run, so the whole is stable: it
//! equals a stable sort in memory (RULES.md, "Replay").
//!
//! Cost: n log n comparisons of integers; beyond memory each row is written and read once, and once more for every
//! further [`Limits::runs_max`] runs.

use crate::files::row::{copy_row, read_row, write_row};
use crate::limits::{SORT_ROWS_MAX, SORT_RUNS_MAX};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::PathBuf;
use vigie_model::batch::Events;

/// What a sort may use.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Rows in memory.
    pub(super) rows_max: usize,
    /// Runs kept on disk, at least 2; more are merged into one first.
    pub(super) runs_max: usize,
    /// Where runs are written.
    pub(super) folder: PathBuf,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows_max: SORT_ROWS_MAX, runs_max: SORT_RUNS_MAX, folder: std::env::temp_dir() }
    }
}

/// Takes rows in input order.
#[derive(Debug)]
pub(super) struct Sorter {
    limits: Limits,
    pending: Events,
    runs: Vec<Run>,
}

impl Sorter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, pending: Events::default(), runs: Vec::new() }
    }

    /// The batch that takes the next rows; call [`Self::settle`] between pieces of at most `rows_max` rows.
    pub(super) fn pending(&mut self) -> &mut Events {
        &mut self.pending
    }

    /// Writes the batch as a run if it is full.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if self.pending.len() < self.limits.rows_max {
            return Ok(());
        }
        if self.runs.len() >= self.limits.runs_max {
            let merged = Merge::new(std::mem::take(&mut self.runs))?;
            let run = self.write_run(merged)?;
            self.runs.push(run);
        }
        let full = Run::in_memory(std::mem::take(&mut self.pending));
        let run = self.write_run(Merge::new(vec![full])?)?;
        self.runs.push(run);
        Ok(())
    }

    /// The rows in order.
    pub(super) fn finish(mut self) -> io::Result<Merge> {
        self.runs.push(Run::in_memory(self.pending));
        Merge::new(self.runs)
    }

    fn write_run(&self, mut rows: Merge) -> io::Result<Run> {
        let mut out = BufWriter::new(tempfile::tempfile_in(&self.limits.folder)?);
        let mut buffer = Vec::new();
        let (mut row, mut written) = (Events::default(), 0u64);
        while rows.pop_into(&mut row)? {
            write_row(&row, 0, &mut buffer, &mut out)?;
            row = Events::default();
            written += 1;
        }
        out.flush()?;
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        tracing::debug!(rows = written, "wrote a sorted run");
        Ok(Run::OnDisk { input: BufReader::new(file), buffer, head: Events::default() })
    }
}

/// Rows in order.
#[derive(Debug)]
enum Run {
    Memory { events: Events, order: Vec<u32>, next: usize },
    OnDisk { input: BufReader<File>, buffer: Vec<u8>, head: Events },
}

impl Run {
    fn in_memory(events: Events) -> Self {
        let rows = u32::try_from(events.len()).expect("one batch holds fewer than 2^32 rows");
        let mut order: Vec<u32> = (0..rows).collect();
        order.sort_by_key(|row| events.event_time_ms(*row as usize));
        Self::Memory { events, order, next: 0 }
    }

    /// Makes the next row the head; its event time, or `None` at the end. Called once before the first row.
    fn advance(&mut self) -> io::Result<Option<i64>> {
        match self {
            Self::Memory { events, order, next } => {
                *next += 1;
                Ok(order.get(*next - 1).map(|row| events.event_time_ms(*row as usize)))
            }
            Self::OnDisk { input, buffer, head } => Ok(read_row(input, buffer, head)?.then(|| head.event_time_ms(0))),
        }
    }

    fn copy_head(&self, to: &mut Events) {
        match self {
            Self::Memory { events, order, next } => copy_row(events, order[*next - 1] as usize, to),
            Self::OnDisk { head, .. } => copy_row(head, 0, to),
        }
    }
}

/// Runs merged into one order.
#[derive(Debug)]
pub(super) struct Merge {
    runs: Vec<Run>,
    /// Event time and run of each head; the smallest comes first, of equal times the earlier run.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
}

impl Merge {
    fn new(mut runs: Vec<Run>) -> io::Result<Self> {
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (index, run) in runs.iter_mut().enumerate() {
            heads.extend(run.advance()?.map(|time| Reverse((time, index))));
        }
        Ok(Self { runs, heads })
    }

    /// Appends the next row to `to`; false at the end.
    pub(super) fn pop_into(&mut self, to: &mut Events) -> io::Result<bool> {
        let Some(Reverse((_, index))) = self.heads.pop() else { return Ok(false) };
        let run = &mut self.runs[index];
        run.copy_head(to);
        self.heads.extend(run.advance()?.map(|time| Reverse((time, index))));
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
