//! The measures of `vigie-analysis` as SQL functions, for every session of the SQL door.
//!
//! Numbers with an interval are three functions, `rate`, `rate_low` and `rate_high`: plain columns, which every client shows
//! and sorts. What has more to say (aggregates over a set, functions over a window) gives a struct, whose parts are reached
//! with `['low']`, as in `(spearman(x, y))['rho']`; its last part, `note`, says why the others are null. [`registry`] is the
//! one list of them: names, formulas, sources, caveats, and what computes them.
//!
//! **What is missing, and what is wrong.** A null argument gives null, or leaves the row out of a set; so does nothing to
//! divide by (no visitors, nobody asked): there is no such rate. Too little data for a set gives nulls with a note. Numbers
//! that cannot be (a negative count, more people unsafe than asked) fail the statement.
//!
//! **Bounds.** A set holds as many rows as its measure takes, in memory that the query's pool accounts for; all bootstraps
//! of one query together draw at most [`work::DRAWS_MAX`] numbers.

pub(crate) mod answer;

pub(crate) mod work;

mod numbers;

pub(crate) mod formulas;

pub(crate) mod sets;

mod windows;

pub(crate) mod registry;

mod named;

mod scalar;

mod aggregate;

mod weighted;

mod window;

pub(crate) mod register;

pub(crate) mod describe;
