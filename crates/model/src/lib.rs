//! The shared vocabulary of Vigie.
//!
//! Every other crate speaks in these words, so they are defined once, without I/O, clocks or threads. The modules
//! stand in dependency order: a file imports only from files listed above it.
//!
//! **Invariants**
//! - Nothing here reads a clock, a file or a socket.
//! - Times are `i64` milliseconds since the Unix epoch; the field's name says whether it is event time or log time.
//! - Values are [`decimal::Decimal`], exact to six decimals; doubles appear only where rows leave for history.
//!
//! ```
//! use vigie_model::decimal::Decimal;
//! let value: Decimal = "0.1".parse().unwrap();
//! assert_eq!(value.micros(), 100_000);
//! ```

pub mod decimal;
pub mod diagnostic;
pub mod duration;
pub mod id;
pub mod problem;
pub mod time;

pub mod calendar;
pub mod metric;
pub mod names;
pub mod place;
pub mod principal;
pub mod quality;
pub mod severity;
pub mod space;
pub mod spans;
pub mod sun;

pub mod desk_settings;

pub mod event;
pub mod observations;
pub mod position;

pub mod batch;

pub mod alert;
pub mod command;
pub mod control;
pub mod seeds;

pub mod record;
pub mod stream;

pub mod audit;

pub mod doors;
