//! Foreign CSV files, mapped onto observations by configuration alone.
//!
//! [`spec`] is what a user writes, [`mapping`] what it means, `header` how it fits one file, [`reader`] the stream of
//! rows. Memory is bounded by the longest line; a quoted field ends on its line.

pub mod spec;

mod clock;
mod record;

pub mod mapping;

mod header;

pub mod reader;
