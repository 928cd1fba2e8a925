//! One rule of a file into a checked [`Rule`](crate::spec::Rule).
//!
//! Reading goes on after a mistake wherever the next field can still be checked, so that one run reports them all.

pub(crate) mod around;
pub(crate) mod conditions;
mod modifiers;
mod panes;
pub(crate) mod sources;
mod summary;
pub(crate) mod warnings;

mod figures;

pub(crate) mod rule;
