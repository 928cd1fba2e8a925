//! The public spaces of a centre: what the spaces file declares, which space a position belongs to, and what becomes of
//! a space nobody declared.

pub mod geometry;

pub mod locate;
mod properties;

pub mod file;
pub mod registry;
