//! A made-up city with a known truth: what `vigie simulate city` writes.
//!
//! Counters count visitors, incidents happen and are reported in part, a measure takes effect at some spaces from a day on and
//! pushes a part of what it prevents to their neighbours, and waves of a survey ask how safe people feel. [`truth`] draws what
//! is planted, [`incidents`], [`counters`] and [`answers`] what comes of it by chance, [`stream`] puts it in order of time, and
//! [`files`] writes it beside its truth, its spaces and a configuration.
//!
//! **Invariants**
//! - The same [`options::Options`] give the same bytes on every machine: all functions come from `libm`, all chance from
//!   [`SplitMix64`](crate::spacebench::chance::Chance), and a test pins the hashes.
//! - What happens in a space on a day depends on seed, space and day alone, so that it can be drawn again without what came
//!   before; memory depends on the number of spaces, never on the number of days.
//! - Everything that was planted stands in the truth; analysis must find it without looking there.
//!
//! ```
//! use vigie::simulate::{incidents::reported_on, options::Options, truth::Truth};
//!
//! let options = Options { seed: 7, spaces: 9, days: 60 };
//! let truth = Truth::plan(&options);
//! assert_eq!(Truth::plan(&options), truth);
//! assert_eq!(reported_on(&truth, 3, 30), reported_on(&truth, 3, 30));
//! ```

pub mod draws;

pub mod options;

pub mod place;
pub mod truth;

pub mod counters;
pub mod incidents;

pub mod answers;

pub mod stream;

pub mod describe;

pub mod files;
