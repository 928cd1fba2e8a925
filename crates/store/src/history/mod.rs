//! History: rows taken from the log, kept hot, committed to Delta, and captured for queries at any moment.

pub mod options;
pub mod source;

mod fold;

mod hot_rows;

pub(crate) mod committed;

pub mod writer;

pub mod resume;

pub mod flusher;
pub mod log_time;
pub mod reader;
