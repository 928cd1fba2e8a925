//! Foreign CSV files, mapped onto events by configuration alone.
//!
//! [`spec`] and [`event_spec`] are what a user writes, [`mapping`] what it means, `header` how it fits one file, [`reader`] the
//! stream of rows. Observations that name their space are read column by column; rows of every other mapping become native
//! events (`event_rows`). Memory is bounded by the longest line; a quoted field ends on its line.

pub mod event_spec;
pub mod spec;

mod clock;
mod record;

mod event_mapping;
pub mod mapping;

mod event_rows;
mod header;

pub mod reader;
