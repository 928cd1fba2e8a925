//! The latest episodes of keys that remember nothing else any more.
//!
//! The id of an episode counts the earlier ones of its key that began at the same instant; so a key that goes to sleep, or
//! whose rule starts afresh, leaves behind when its latest began.

use crate::saved::saved;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When a key's latest episode began, so that no two get the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LatestEpisode {
    /// When it began.
    pub(crate) active_ms: i64,
    /// Earlier episodes that began at that instant.
    pub(crate) earlier: u32,
}

/// Latest episodes by the uid of the rule and the key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past(BTreeMap<(Arc<str>, Arc<str>), LatestEpisode>);

saved!(LatestEpisode { active_ms, earlier });
saved!(Past { 0: entries });

impl Past {
    /// Keeps a key's latest episode, if it had one.
    pub(crate) fn keep(&mut self, uid: &Arc<str>, key: &Arc<str>, latest: Option<LatestEpisode>) {
        if let Some(latest) = latest {
            self.0.insert((Arc::clone(uid), Arc::clone(key)), latest);
        }
    }

    /// A key's latest episode, which is forgotten here.
    pub(crate) fn take(&mut self, uid: &Arc<str>, key: &Arc<str>) -> Option<LatestEpisode> {
        if self.0.is_empty() {
            return None;
        }
        self.0.remove(&(Arc::clone(uid), Arc::clone(key)))
    }

    /// Forgets the rules that are gone.
    pub(crate) fn keep_only(&mut self, uids: &BTreeSet<&Arc<str>>) {
        self.0.retain(|(uid, _), _| uids.contains(uid));
    }
}
