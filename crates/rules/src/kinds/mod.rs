//! What each kind remembers for one key, and how its value comes about.
//!
//! A kind keeps values or panes and says when it has to be judged again; hold, episode and off-delay are the same for
//! all, and live elsewhere.

pub(crate) mod absence;
pub(crate) mod threshold;
pub(crate) mod window;
