//! The control room's desk: what concerns the centre rather than one alert.
//!
//! Each part is a small machine by itself, without a clock, that takes log time from records and ticks; [`fold`] puts them
//! together behind the alert book, [`view`] is what readers are shown of it. What the words mean, every figure with its
//! source, and the tables of commands are in `docs/desk.md`.
//!
//! | part | what it knows |
//! |---|---|
//! | [`flood`] | whether there are more new alerts than the operators on duty can take in |
//! | [`chatter`] | which rules open and clear again and again on one key, and what delay would help |
//! | [`mode`] | the event or exercise that holds |
//! | [`service`] | what is out of service |
//! | [`files`] | which alerts belong to one incident |
//! | [`ledger`] | what operators were told and did, for the figures of a shift |
//! | [`handover`] | who is on duty, who signed, whether sounds were heard |
//! | [`news`] | what the desk announced |
//!
//! **Invariants**
//! - The same records give the same desk, whatever the cuts and restarts between them.
//! - Everything that grows has a named bound, and nothing that reaches one takes an alert away from anybody.

pub mod lines;

pub mod flood;

pub mod chatter;

pub mod mode;

pub mod service;

pub mod files;

pub mod ledger;

pub mod handover;

pub mod news;

pub mod view;

pub mod asked;

pub mod fold;

pub mod stored;

pub mod live;

pub mod kpis;

pub mod wire;

#[cfg(test)]
mod samples;
