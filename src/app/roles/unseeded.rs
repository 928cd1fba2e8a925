//! Which baseline rules wait for seeds, shown by the role that judges them.

use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch::Sender;
use vigie_model::seeds::RuleStart;
use vigie_rules::merger::Merger;
use vigie_rules::spec::RuleSet;

/// The baseline rules that have no seeds since they began, as of the newest record judged.
#[derive(Clone, Debug, Default)]
pub struct Unseeded {
    /// The rules in force when this was shown; `None` before the first.
    pub rules: Option<Arc<RuleSet>>,
    /// Where the rules that wait began, by uid.
    pub starts: BTreeMap<Arc<str>, RuleStart>,
}

/// Shows how the rules stand, if that has changed.
pub fn show_unseeded(merger: &Merger, shown: &Sender<Unseeded>) {
    let Some(starts) = merger.unseeded() else { return };
    shown.send_if_modified(|shown| {
        let has_changed = shown.starts != *starts;
        if has_changed {
            *shown = Unseeded { rules: merger.rules().cloned(), starts: starts.clone() };
        }
        has_changed
    });
}
