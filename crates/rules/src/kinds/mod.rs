//! What each kind remembers for one key, and how its value or verdict comes about.
//!
//! A kind keeps values, panes, matches or steps and says when it has to be judged again; hold, episode and off-delay are the
//! same for all, and live elsewhere.

pub(crate) mod absence;
pub(crate) mod calm;
pub(crate) mod local_hours;

pub(crate) mod panes;
pub(crate) mod threshold;

pub(crate) mod baseline;
pub(crate) mod change;
pub(crate) mod run;
pub(crate) mod sources;
pub(crate) mod window;

pub(crate) mod parts;

pub(crate) mod group;
