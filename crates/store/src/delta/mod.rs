//! The tables on disk: files that survive a power failure, opening, creating, and commits of rows together with
//! positions.

pub(crate) mod disk;
pub(crate) mod poison;

pub(crate) mod durable;

pub(crate) mod object_store;

pub(crate) mod log_folder;

pub(crate) mod storage;

pub mod open;

pub(crate) mod cut;

pub(crate) mod add;
pub(crate) mod change;
pub(crate) mod files;
pub(crate) mod provider;
pub(crate) mod sort;

pub(crate) mod commit;
