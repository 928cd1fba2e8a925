//! What reading a rule needs to know besides the file.

use crate::periods::Periods;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::metric::Metrics;
use vigie_model::space::Space;

/// What surrounds the rules in their control record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    /// The centre, for uids.
    pub(crate) centre: &'a str,
    /// Configured metrics.
    pub(crate) metrics: &'a Metrics,
    /// Declared spaces.
    pub(crate) spaces: &'a BTreeMap<Arc<str>, Space>,
    /// Their neighbours.
    pub(crate) neighbours: &'a BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// Periods in which rules can be judged.
    pub(crate) periods: &'a Periods,
    /// Whether there is any event.
    pub(crate) has_events: bool,
    /// The newest creation of each rule name, for uids.
    pub(crate) creations: &'a BTreeMap<Arc<str>, u32>,
    /// Whether missing guidance is an error.
    pub(crate) require_guidance: bool,
}
