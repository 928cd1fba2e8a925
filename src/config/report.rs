//! Where the mistakes of one file are collected, each with its line and column.
//!
//! The reader of a file walks it to the end whatever it meets, so it needs a place to put a [`Diagnostic`] while going
//! on. Sections of the file are read by values that all borrow the same [`Report`]; the `RefCell` lets each of them add
//! to it, on one thread and never across a call.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use vigie_model::diagnostic::{Diagnostic, line_column};

/// A value of the file and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Located<T> {
    /// Byte offset of the value in the file.
    pub(crate) at: usize,
    /// The value.
    pub(crate) value: T,
}

/// The text of one file and what was found wrong with it.
#[derive(Debug)]
pub(crate) struct Report {
    file: Arc<str>,
    text: String,
    found: RefCell<Vec<Diagnostic>>,
    hushed_lines: RefCell<BTreeSet<u32>>,
}

impl Report {
    /// Nothing found yet in `text`, the content of `path`.
    pub(crate) fn new(path: &Path, text: String) -> Self {
        Self { file: path.to_string_lossy().into(), text, found: RefCell::default(), hushed_lines: RefCell::default() }
    }

    /// The content of the file.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The line of byte `at`.
    pub(crate) fn line(&self, at: usize) -> u32 {
        line_column(&self.text, at).0
    }

    /// A message that prevents the file from being used, at byte `at`; give it to [`Report::add`] when complete.
    pub(crate) fn error(&self, at: usize, message: impl Into<String>) -> Diagnostic {
        let (line, column) = line_column(&self.text, at);
        Diagnostic::error(Arc::clone(&self.file), line, column, message)
    }

    /// A message that does not prevent the file from being used, at byte `at`.
    pub(crate) fn warning(&self, at: usize, message: impl Into<String>) -> Diagnostic {
        let (line, column) = line_column(&self.text, at);
        Diagnostic::warning(Arc::clone(&self.file), line, column, message)
    }

    /// A message about the file as a whole.
    pub(crate) fn error_in_whole(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(Arc::clone(&self.file), 0, 0, message)
    }

    /// A warning about the file as a whole.
    pub(crate) fn warning_in_whole(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(Arc::clone(&self.file), 0, 0, message)
    }

    /// Keeps a message, unless its line is hushed.
    pub(crate) fn add(&self, diagnostic: Diagnostic) {
        if !self.hushed_lines.borrow().contains(&diagnostic.line) {
            self.found.borrow_mut().push(diagnostic);
        }
    }

    /// How many messages there are so far.
    pub(crate) fn mark(&self) -> usize {
        self.found.borrow().len()
    }

    /// Whether a message added since `mark` is about a byte in `range`.
    pub(crate) fn has_since(&self, mark: usize, range: &Range<usize>) -> bool {
        let (from, to) = (line_column(&self.text, range.start), line_column(&self.text, range.end));
        self.found.borrow()[mark..].iter().any(|found| (from..to).contains(&(found.line, found.column)))
    }

    /// Keeps no further message about these lines: what is wrong with them is said.
    pub(crate) fn hush_lines(&self, lines: BTreeSet<u32>) {
        *self.hushed_lines.borrow_mut() = lines;
    }

    /// Everything found, in the order of the file.
    pub(crate) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        found
    }
}
