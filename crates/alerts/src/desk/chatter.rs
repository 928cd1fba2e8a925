//! Chatter: a rule that opens and clears again and again on one key.
//!
//! A key **begins** to chatter once more than `begin_above` episodes of it opened within the time counted, and **ends**
//! once fewer than `end_below` did. Both are told once, as a [`ChatterChange`]; in between every opening only counts.
//! Openings are counted at log time, because that is when they reach people; every episode counts, also one nobody is
//! shown, because chatter is a fault of the rule or of its sensor.
//!
//! **The proposed delay** is a `keep_firing_for` for the rule: the 90th percentile (nearest rank) of the times, on the
//! event-time axis, for which the key was clear before it opened again, rounded up to a whole second, or to a whole minute
//! from two minutes on. A delay that long joins nine of ten of its episodes to the one before. It is a delay to clear and
//! not one to raise, because a delay to clear tells nobody later that something began. The 90th and not the highest,
//! because one long calm must not make every end that late.
//!
//! **Bounds.** [`KEYS_MAX`] keys, of which the one that opened longest ago leaves; [`OPENINGS_MAX`] openings and
//! [`CLEAR_TIMES_MAX`] times of calm of each. A change costs O(log n) in the keys.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use vigie_model::alert::AlertId;
use vigie_model::desk_settings::{COUNTED_MS_MAX, ChatterSettings, OPENINGS_MAX};

/// Most keys of which openings are counted: those that opened within the time counted, some 30 MB at worst.
pub const KEYS_MAX: usize = 65_536;
/// Times of calm kept of each key, the newest: enough for a percentile, and they follow what was mended.
pub const CLEAR_TIMES_MAX: usize = 64;
/// Fewer times of calm give no proposal.
const CLEAR_TIMES_MIN: usize = 3;
const PROPOSED_PERCENT: usize = 90;

/// A rule on one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleKey {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The key.
    pub key: Arc<str>,
}

/// Counts openings by rule and key; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(RuleKey, Key)>", into = "Vec<(RuleKey, Key)>")]
pub struct Chatter {
    keys: BTreeMap<RuleKey, Key>,
    /// Every key by its oldest opening that counts, which is the next one to be forgotten.
    oldest: BTreeSet<(i64, RuleKey)>,
    chattering: BTreeSet<RuleKey>,
}

/// What is known of one rule on one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    /// Log times of the openings that count, from the oldest; never empty.
    openings: VecDeque<i64>,
    /// Event time at which it cleared, while it is clear.
    cleared_event_ms: Option<i64>,
    /// The newest episode.
    alert: AlertId,
    clear_times_ms: VecDeque<i64>,
    flapping: Option<Flapping>,
}

/// A key that chatters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flapping {
    /// Since when, in log time.
    pub since_ms: i64,
    /// Openings, those included by which it began.
    pub count: u64,
}

/// A key began to chatter, or has calmed down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatterChange {
    /// Which.
    pub at: RuleKey,
    /// Its newest episode.
    pub alert: AlertId,
    /// How it chatters, or did.
    pub flapping: Flapping,
    /// Whether it is over.
    pub ended: bool,
}

impl Chatter {
    /// An episode opened; returns what that changes.
    pub fn opened(
        &mut self,
        at: &RuleKey,
        alert: &AlertId,
        event_ms: i64,
        now_ms: i64,
        settings: &ChatterSettings,
    ) -> Vec<ChatterChange> {
        let mut changes = self.settle(now_ms, settings);
        if !self.keys.contains_key(at) && self.keys.len() == KEYS_MAX {
            let (_, leaving) = self.oldest.first().cloned().expect("every key has an oldest opening");
            changes.extend(self.remove(&leaving));
        }
        let key = self.keys.entry(at.clone()).or_default();
        key.alert = alert.clone();
        if let Some(cleared_ms) = key.cleared_event_ms.take() {
            push(&mut key.clear_times_ms, (event_ms - cleared_ms).max(0), CLEAR_TIMES_MAX);
        }
        let oldest = key.openings.front().copied();
        push(&mut key.openings, now_ms, usize::from(OPENINGS_MAX) + 1);
        match &mut key.flapping {
            Some(flapping) => flapping.count += 1,
            None if key.openings.len() > usize::from(settings.begin_above) => {
                let flapping = Flapping { since_ms: now_ms, count: key.openings.len() as u64 };
                key.flapping = Some(flapping);
                self.chattering.insert(at.clone());
                changes.push(ChatterChange { at: at.clone(), alert: alert.clone(), flapping, ended: false });
            }
            None => {}
        }
        let newest = key.openings.front().copied();
        self.reindex(at, oldest, newest);
        changes
    }

    /// The episode that was open is over.
    pub fn cleared(&mut self, at: &RuleKey, event_ms: i64) {
        if let Some(key) = self.keys.get_mut(at) {
            key.cleared_event_ms = Some(event_ms);
        }
    }

    /// Time has come to `now_ms`, or other figures are in force: which keys have calmed down.
    pub fn settle(&mut self, now_ms: i64, settings: &ChatterSettings) -> Vec<ChatterChange> {
        let before_ms = now_ms - settings.within_ms.clamp(1, COUNTED_MS_MAX);
        let mut changes = Vec::new();
        while let Some((_, at)) = self.oldest.first().filter(|(oldest_ms, _)| *oldest_ms <= before_ms).cloned() {
            let key = self.keys.get_mut(&at).expect("the index names keys that are here");
            let oldest = key.openings.front().copied();
            while key.openings.front().is_some_and(|opened_ms| *opened_ms <= before_ms) {
                key.openings.pop_front();
            }
            let (newest, left) = (key.openings.front().copied(), key.openings.len());
            self.reindex(&at, oldest, newest);
            if left < usize::from(settings.end_below.max(1)) {
                changes.extend(self.calm(&at));
            }
            if left == 0 {
                self.keys.remove(&at);
            }
        }
        changes
    }

    /// How a rule chatters on a key, if it does.
    #[must_use]
    pub fn flapping(&self, at: &RuleKey) -> Option<Flapping> {
        self.keys.get(at).and_then(|key| key.flapping)
    }

    /// Whatever chatters now, with the delay proposed.
    pub fn all(&self) -> impl Iterator<Item = (&RuleKey, Flapping, Option<i64>)> {
        self.chattering.iter().filter_map(|at| {
            let key = self.keys.get(at)?;
            Some((at, key.flapping?, proposed_ms(&key.clear_times_ms)))
        })
    }

    fn reindex(&mut self, at: &RuleKey, was: Option<i64>, is: Option<i64>) {
        if was == is {
            return;
        }
        if let Some(was) = was {
            self.oldest.remove(&(was, at.clone()));
        }
        if let Some(is) = is {
            self.oldest.insert((is, at.clone()));
        }
    }

    fn calm(&mut self, at: &RuleKey) -> Option<ChatterChange> {
        let key = self.keys.get_mut(at)?;
        let (flapping, alert) = (key.flapping.take()?, key.alert.clone());
        self.chattering.remove(at);
        Some(ChatterChange { at: at.clone(), alert, flapping, ended: true })
    }

    fn remove(&mut self, at: &RuleKey) -> Option<ChatterChange> {
        let change = self.calm(at);
        if let Some(key) = self.keys.remove(at) {
            self.reindex(at, key.openings.front().copied(), None);
        }
        change
    }
}

/// The delay that joins nine of ten reopenings to the episode before.
fn proposed_ms(clear_times_ms: &VecDeque<i64>) -> Option<i64> {
    if clear_times_ms.len() < CLEAR_TIMES_MIN {
        return None;
    }
    let mut sorted: Vec<_> = clear_times_ms.iter().copied().collect();
    sorted.sort_unstable();
    let rank = (sorted.len() * PROPOSED_PERCENT).div_ceil(100);
    let exact_ms = sorted[rank - 1].max(1);
    let step_ms = if exact_ms > 120_000 { 60_000 } else { 1_000 };
    Some((exact_ms + step_ms - 1) / step_ms * step_ms)
}

fn push(queue: &mut VecDeque<i64>, value: i64, length_max: usize) {
    if queue.len() == length_max {
        queue.pop_front();
    }
    queue.push_back(value);
}

/// The indices follow from the keys, so only those are stored.
impl From<Vec<(RuleKey, Key)>> for Chatter {
    fn from(keys: Vec<(RuleKey, Key)>) -> Self {
        let oldest = keys.iter().filter_map(|(at, key)| Some((*key.openings.front()?, at.clone()))).collect();
        let chattering = keys.iter().filter(|(_, key)| key.flapping.is_some()).map(|(at, _)| at.clone()).collect();
        Self { keys: keys.into_iter().collect(), oldest, chattering }
    }
}

impl From<Chatter> for Vec<(RuleKey, Key)> {
    fn from(chatter: Chatter) -> Self {
        chatter.keys.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
