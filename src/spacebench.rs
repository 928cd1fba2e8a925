//! SpaceBench: one seeded workload for Vigie and for whatever is compared with it.
//!
//! A made-up city of spaces sends four metrics from one or several sensors each. The events are in the order of the log, a
//! given percentage of them late, and bursts lift the levels of a space for minutes, so that rules raise and clear now and
//! then. [`stream`] makes the events; [`rows`] makes decoded batches for an engine of them, [`text`] lines for files.
//!
//! **Invariants**
//! - The same [`options::Options`] give the same events on every machine and in every version: all arithmetic is on integers,
//!   and `tests/spacebench.rs` pins the hash of a file.
//! - Memory depends on the number of series, never on the number of events.
//!
//! ```
//! use vigie::spacebench::options::Options;
//! use vigie::spacebench::stream::Events;
//!
//! let options = Options { events: 1_000, spaces: 10, ..Options::default() };
//! let first = Events::new(&options).next().unwrap();
//! assert_eq!(Events::new(&options).next(), Some(first));
//! assert_eq!(Events::new(&options).count(), 1_000);
//! ```

pub mod chance;

pub mod popularity;

pub mod names;

pub mod options;

pub mod rules;

pub mod city;

pub mod stream;

pub mod rows;
pub mod text;
