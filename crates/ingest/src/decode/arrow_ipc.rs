//! Arrow IPC: observations as columns, in streams and in files (Feather version 2 is such a file).
//!
//! Columns are found by name and mean what the fields of native events mean; the others are skipped without a look at
//! their content. A column that is missing or has a type that cannot be used refuses the whole; a value that cannot be
//! used refuses its row. Only observations come this way.
//!
//! The messages are taken apart here, since the readers of `arrow-ipc` trust the lengths in them: version 59 panics on
//! some, and ends the process by asking for as much memory as others name. Its verified flatbuffers say what a message
//! claims; `frames`, `schema` and `buffers` check each claim against the bytes that are there and against the bounds of the
//! door; `arrow-data` then validates the arrays as a whole.
//!
//! **Invariants**
//! - A claimed length takes memory only within the bounds of the door.
//! - A name in a dictionary is checked and interned once, not once per row, and only when a row uses it.
//!
//! ```text
//!  bytes --> frames --> stream --> batch of columns --> rows of it --> Events
//!                        schema, buffers, dictionaries    texts, numbers, names
//! ```

pub mod error;

mod frames;

pub(crate) mod column;

mod schema;

mod buffers;
mod texts;

mod dictionaries;

mod refusals;

mod numbers;

pub(crate) mod stream;

mod ids;
mod names;

pub(crate) mod rows;

pub(crate) mod reader;

pub mod body;
