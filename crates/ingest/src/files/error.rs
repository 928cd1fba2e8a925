//! Why input files cannot be replayed.

use std::io;
use std::path::PathBuf;
use vigie_model::diagnostic::Diagnostic;

/// Why input files cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Files that no mapping fits, or fits only in part; everything found, one line each.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Unusable(Vec<Diagnostic>),
    /// A file's rows are no longer in the order in which they stood when it was opened.
    #[error("{path}: changed while it was read; replay it again", path = .0.display())]
    Changed(PathBuf),
    /// Sorting on disk failed; is there room for temporary files?
    #[error("sorting the input on disk failed: {0}")]
    Sort(io::Error),
}
