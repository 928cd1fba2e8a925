//! From bytes to events: native JSON, mapped CSV and Arrow IPC.
//!
//! A decoder appends rows to one batch and refusals to one [`report::Report`]. It keeps the fields it knows and drops
//! all others, so that nothing undeclared can reach the log; a malformed row never fails its neighbours.

pub mod feed;
pub mod reason;

pub mod refused;

pub mod report;

mod known_names;
pub mod names;

mod fields;
mod values;

mod event;
mod plain;

pub mod native;

pub mod csv;

pub mod arrow_ipc;
