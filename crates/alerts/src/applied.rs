//! What one record of the alert stream changed, for those who show it.

use crate::view::AlertView;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use vigie_model::alert::AlertId;
use vigie_model::stream::AppliedCommand;

/// What one record changed.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The alert that the record is about, as it stands now, when the record changed it.
    pub alert: Option<Arc<AlertView>>,
    /// Every alert whose suppression the record changed, as it stands now; `alert` may be among them.
    pub suppression: Vec<Arc<AlertView>>,
    /// Every alert that the clock or the desk changed, as it stands now, in the order in which it did.
    pub changed: Vec<Arc<AlertView>>,
    /// The command with its outcome, when the record was one; `None` for commands that the desk decides.
    pub command: Option<AppliedCommand>,
    /// Alerts that left the book to keep its bounds, as they last stood.
    pub evicted: Vec<Arc<AlertView>>,
}

impl Applied {
    /// Notes how alerts stand now, wherever they are named already, else among those changed.
    pub(crate) fn merge(&mut self, views: &[Arc<AlertView>]) {
        let mut newest: HashMap<AlertId, Arc<AlertView>> =
            views.iter().map(|view| (view.id().clone(), Arc::clone(view))).collect();
        let mut named = BTreeSet::new();
        for place in self.alert.iter_mut().chain(&mut self.suppression).chain(&mut self.changed) {
            if let Some(view) = newest.get(place.id()) {
                *place = Arc::clone(view);
                named.insert(view.id().clone());
            }
        }
        newest.retain(|id, _| !named.contains(id));
        self.changed.extend(views.iter().filter_map(|view| newest.remove(view.id())));
    }
}
