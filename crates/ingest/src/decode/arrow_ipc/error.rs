//! Why Arrow IPC data cannot be read as a whole.

use std::io;

/// Why a stream or file of Arrow IPC cannot be read. The words hold nothing of its content but the names of columns that
/// are declared.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It cannot be read at all.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else, broken off, or claims what is not there.
    #[error("no whole Arrow IPC data: {0}")]
    Damaged(&'static str),
    /// It is Arrow IPC of a kind that is not read here.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Columns are missing, or of types that cannot be used; one sentence each.
    #[error("{}", .0.join("; "))]
    Columns(Vec<String>),
    /// It needs more memory than it may.
    #[error("{0}")]
    TooLarge(String),
}

impl Unreadable {
    /// What kind of refusal it is; holds no byte of the data.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Io(_) => "the Arrow data cannot be read",
            Self::Damaged(_) => "no whole Arrow data",
            Self::Unsupported(_) => "Arrow data of a kind that is not read",
            Self::Columns(_) => "columns are missing or unusable",
            Self::TooLarge(_) => "the Arrow data is too large",
        }
    }
}
