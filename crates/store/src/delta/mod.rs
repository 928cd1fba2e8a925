//! The tables on disk: opening, creating, and commits of rows together with positions.

pub mod open;

mod files;
mod sort;

pub(crate) mod commit;
