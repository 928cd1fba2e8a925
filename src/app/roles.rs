//! The roles: folds over the log and the alert stream, each on its own thread with its own place.

pub mod book;
pub mod history;
pub mod judged;
pub mod loaded;
pub mod marks;

pub mod alert_stream;

pub mod resumed;

pub mod merger;
pub mod questions;
pub mod rules;
pub mod unseeded;
