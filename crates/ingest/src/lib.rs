//! The door: everything that turns foreign bytes into [`vigie_model::batch::Events`].
//!
//! What passes is typed, bounded and allow-listed; what does not is refused with a line and a reason, and never takes
//! its neighbours down with it. Only this crate knows NDJSON, CSV mappings and GeoJSON; behind it there are batches of
//! interned integers.
//!
//! **Invariants**
//! - No byte of an undeclared field gets past [`decode`]; free text only from feeds that declare it.
//! - Nothing a peer sends panics, or takes more memory than a limit of [`limits`] allows.
//! - A value is the number as written, never its double.
//! - Every refusal says where, what and, where it helps, what to do.
//!
//! ```text
//!  HTTP body --> intake ----\                      /--> registry of spaces
//!                            >--> decode --names--<
//!  files ------> files -----/        |             \--> interner of the log
//!                                    v
//!                          Events --> log's bounded queue
//! ```

pub mod limits;

mod json;

pub mod spaces;

pub mod decode;

pub mod files;

pub mod intake;

pub mod encode;
