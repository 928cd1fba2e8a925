//! What each kind remembers for one key, and how its value comes about.
//!
//! A kind keeps values or panes and says when it has to be judged again; hold, episode and off-delay are the same for
//! all, and live elsewhere.

pub(crate) mod absence;
#[cfg_attr(not(test), expect(dead_code, reason = "the engine does not judge baselines yet"))]
pub(crate) mod baseline;
pub(crate) mod local_hours;
pub(crate) mod threshold;
pub(crate) mod window;
