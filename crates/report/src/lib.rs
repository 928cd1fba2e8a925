//! Reports: what history holds, as one HTML file that people read, print and keep.
//!
//! **Invariant.** A report is a function of typed facts: no I/O, no clock, no randomness but a seed in the facts. The same facts
//! give the same bytes, in English or French; the [`manifest`] says which questions to history gave the facts. Nothing
//! in the file runs or is fetched, and no text of the facts can become markup.
//!
//! A value that is hidden, one that was not measured and a zero are three things
//! ([`table::Cell`]); what the data do not hold is said in the section where a reader would look for it.

pub mod language;
pub mod measure;

pub mod manifest;
mod markup;
mod median;
pub mod table;

pub mod asking;
mod geometry;
pub mod wording;

pub mod document;
pub mod facts;
pub mod plots;
mod severities;

pub mod map;
pub mod page;
#[cfg(test)]
mod plain;
mod told;

mod perception;
mod rules;
mod shift;

pub mod making;
