//! Expressions of rule files: a subset of the Common Expression Language, exact and type-checked.
//!
//! `raise`, `clear`, `scope` and `incident` go the same way: text, tokens, syntax tree, checked tree, and for `raise` and
//! `clear` a folded form for each set of parameters. Nothing is rounded and nothing can loop.

pub(crate) mod ratio;

pub(crate) mod lex;
pub(crate) mod parse;
pub(crate) mod typed;

pub(crate) mod check;
pub(crate) mod eval;
pub(crate) mod fold;

pub(crate) mod cut;
pub(crate) mod interval;
