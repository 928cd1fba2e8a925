//! The tables on disk: opening, creating, and commits of rows together with positions.

pub mod open;

pub(crate) mod commit;
