//! What a decoder did with a request or a file, besides the events it took.

use crate::decode::reason::Reason;
use crate::decode::refused::{RefusedLines, WholeBody};
use crate::limits::{DEAD_LETTERS_PER_REQUEST_MAX, NAMES_REPORTED_MAX, REJECTS_REPORTED_MAX};
use std::collections::BTreeMap;

/// Longest part of a foreign name that is repeated, in characters.
const NAME_CHARS_MAX: usize = 64;

/// Why one line was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line, or index of the array's element, from 1.
    pub line: u32,
    /// What is wrong, what was expected, what to do. For the sender alone: it may name what the sender wrote.
    pub reason: String,
}

/// Counts and refusals of one request or file. Bounded, whatever it is a report of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows taken as events.
    pub taken: u64,
    /// Rows that were at least JSON objects, or CSV rows of the right width: 0 means that nothing was understood.
    pub understood: u64,
    /// Rows refused.
    pub rejected: u64,
    /// The first [`REJECTS_REPORTED_MAX`] of them.
    pub rejects: Vec<Reject>,
    /// What dead letters need of them; kept for requests only, see [`Report::of_request`].
    pub refused: RefusedLines,
    /// Observations not taken because the log is short of room, among `rejected`.
    pub shed: u64,
    /// Values that were a missing marker: no row, hence no arrival.
    pub missing: u64,
    /// CSV rows left out by `only_rows`.
    pub left_out: u64,
    /// Fields dropped because nothing declares them.
    pub fields_dropped: u64,
    /// How often the first [`NAMES_REPORTED_MAX`] of them occurred, by name.
    pub dropped_names: BTreeMap<String, u64>,
    /// Free texts dropped because the feed does not declare them.
    pub texts_dropped: u64,
    /// Local times that do not exist, moved forward by the gap.
    pub times_shifted: u64,
    /// Local times taken as the second pass of a repeated hour.
    pub times_repeated: u64,
    /// Names missing in a CSV mapping's name map, the first [`NAMES_REPORTED_MAX`], with a hint.
    pub unmatched_names: BTreeMap<String, Option<String>>,
}

impl Report {
    /// A report of a request, whose refused lines leave dead letters.
    #[must_use]
    pub fn of_request() -> Self {
        Self { refused: RefusedLines::at_most(DEAD_LETTERS_PER_REQUEST_MAX), ..Self::default() }
    }

    /// Refuses a line.
    pub fn reject(&mut self, line: u32, reason: impl Into<String>) {
        self.rejected += 1;
        if self.rejects.len() < REJECTS_REPORTED_MAX {
            self.rejects.push(Reject { line, reason: reason.into() });
        }
    }

    /// Refuses a line whose bytes are `text`.
    pub(crate) fn refuse(&mut self, line: u32, text: &[u8], reason: Reason) {
        self.refused.note(line, text, &reason);
        self.reject(line, reason);
    }

    /// Counts observations, by line, as shed: refused through no fault of their own.
    pub(crate) fn shed(&mut self, lines: impl Iterator<Item = u32>) {
        for line in lines {
            self.shed += 1;
            self.reject(line, "shed");
        }
        self.rejects.sort_by_key(|reject| reject.line);
    }

    /// Refuses a row of a body whose rows have no bytes of their own; `None` for a file, which needs no dead letters.
    pub(crate) fn refuse_row(&mut self, row: u32, body: Option<&WholeBody<'_>>, reason: Reason) {
        if let Some(body) = body {
            self.refused.note_row(row, body, &reason);
        }
        self.reject(row, reason);
    }

    /// Counts a field dropped because nothing declares it.
    pub(crate) fn drop_field(&mut self, name: &str) {
        self.drop_fields(name, 1);
    }

    /// Counts a field dropped of `count` events.
    pub(crate) fn drop_fields(&mut self, name: &str, count: u64) {
        self.fields_dropped += count;
        if let Some(total) = self.dropped_names.get_mut(name) {
            *total += count;
        } else if self.dropped_names.len() < NAMES_REPORTED_MAX {
            *self.dropped_names.entry(shortened(name)).or_default() += count;
        }
    }

    /// Notes a name missing in a name map.
    pub(crate) fn note_unmatched(&mut self, name: &str, hint: impl FnOnce() -> Option<String>) {
        if self.unmatched_names.len() < NAMES_REPORTED_MAX && !self.unmatched_names.contains_key(name) {
            self.unmatched_names.insert(shortened(name), hint());
        }
    }

    /// What a person should know besides the refusals told one by one.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let untold = self.rejected - self.rejects.len() as u64;
        if untold > 0 {
            notes.push(format!("{untold} more lines were rejected and are not listed"));
        }
        if self.left_out > 0 {
            notes.push(format!("{} rows were left out: only_rows asks for others", self.left_out));
        }
        if self.fields_dropped > 0 {
            let names: Vec<_> = self.dropped_names.iter().map(|(name, count)| format!("{name} ({count})")).collect();
            notes.push(format!("{} undeclared fields were dropped: {}", self.fields_dropped, names.join(", ")));
        }
        if self.texts_dropped > 0 {
            notes.push(format!("{} free texts were dropped: the feed does not declare them", self.texts_dropped));
        }
        if self.times_shifted > 0 {
            notes.push(format!("{} local times do not exist and were moved forward", self.times_shifted));
        }
        notes
    }
}

fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_stays_small_whatever_it_is_told() {
        let mut report = Report::default();
        for line in 0..250 {
            report.reject(line, "no");
            report.drop_field(&format!("f{line}"));
            report.drop_field("f0");
        }
        assert_eq!((report.rejected, report.rejects.len()), (250, REJECTS_REPORTED_MAX));
        assert_eq!((report.fields_dropped, report.dropped_names.len()), (500, NAMES_REPORTED_MAX));
        assert_eq!(report.notes()[0], "150 more lines were rejected and are not listed");
        assert!(report.notes()[1].starts_with("500 undeclared fields were dropped: f0 (251), f1 (1), "));
    }
}
