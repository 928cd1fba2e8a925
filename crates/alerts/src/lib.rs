//! What operators see and do: the alert book, the live table, the public stream and its wire format.
//!
//! The rules role writes the alert stream ([`vigie_model::stream`]). The [`book`] folds that one order into alerts with
//! a condition (the engine owns it) and a handling (people own it), two dimensions that never mix. Its owner shows each
//! change in the [`live`] table, which the API reads, and appends each public transition to the [`feed`], from which
//! server-sent events are served; [`wire`] says how all of them look as JSON, and [`explain`] how an episode reads in words.
//! What concerns the centre rather than one alert (floods, chatter, modes, incident files, the shift) is kept by the [`desk`].
//!
//! ```text
//!  alert stream --> book --> live table --> GET /v1/alerts, /v1/spaces
//!        |
//!        +--------> feed (ring of 65,536 rows) --> GET /v1/alerts/stream
//! ```
//!
//! **Invariants**
//! - The book is a pure fold: the same records give the same alerts and outcomes. It reads no clock.
//! - Whatever a principal's scope does not allow is neither listed, counted nor streamed.
//! - Everything that grows has a named bound, and what leaves a bound is named to the caller.

#[cfg(test)]
mod samples;

pub mod around;

pub mod view;

pub mod desk;

pub mod wire;

mod inhibition;

mod due;

pub mod life;

pub mod stored;

pub mod applied;

pub mod book;

pub mod room;

pub mod live;

pub mod feed;

pub mod explain;
