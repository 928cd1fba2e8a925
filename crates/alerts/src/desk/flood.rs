//! Flood: more new alerts than the operators on duty can take in.
//!
//! New alerts are counted by the second of log time at which they were told. A flood **begins** once more than
//! `enter` of them for each operator came within the time counted, and **ends** once fewer than `leave` did. While it
//! lasts, alerts at least as bad as `bypass` are told one by one and the others are digested: counted by space, with the
//! worst severity. Digesting changes how an alert is told, nothing else: it stays in the book and in every count.
//!
//! | | below the limit to enter | above it |
//! |---|---|---|
//! | no flood, a new alert | told one by one | the flood begins; told as in a flood |
//! | flood, a new alert at least as bad as `bypass` | told one by one | told one by one |
//! | flood, any other new alert | digested | digested |
//! | flood, time passes, not below the limit to leave | the flood goes on | the flood goes on |
//! | flood, time passes, below the limit to leave | the flood ends | (cannot be: leave is below enter) |
//!
//! The **first-up** of a flood is the oldest alert counted when it began: what came first is often what caused the rest.
//!
//! **Invariants**
//! - Of every flood, alerts told one by one and alerts digested are together the alerts that came while it lasted.
//! - Times are log times and never decrease; nothing here reads a clock.
//!
//! **Bounds.** One entry for each second of the time counted; [`DIGEST_SPACES_MAX`] spaces in a digest, further ones
//! count together under no name; of floods that are over as many as [`Lines`] keep.
//!
//! ```
//! use vigie_alerts::desk::flood::{Flood, NewAlert, Telling};
//! use vigie_model::alert::AlertId;
//! use vigie_model::desk_settings::FloodSettings;
//! use vigie_model::severity::Severity;
//!
//! let (mut flood, settings) = (Flood::default(), FloodSettings::default());
//! let tell = |flood: &mut Flood, n: i64, severity| {
//!     let id = AlertId::from_text(&n.to_string());
//!     flood.tell(&NewAlert { id: &id, space: "old-town", severity }, n * 1000, 1, &settings)
//! };
//! let first: Vec<_> = (0..10).map(|n| tell(&mut flood, n, Severity::Low)).collect();
//! assert!(first.iter().all(|telling| *telling == Telling::OneByOne));
//! assert_eq!(tell(&mut flood, 10, Severity::Low), Telling::Digested);
//! assert_eq!(tell(&mut flood, 11, Severity::High), Telling::OneByOne);
//! assert_eq!(flood.now().unwrap().digest["old-town"].count, 1);
//! ```

use crate::desk::lines::{Lines, Timed};
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use vigie_model::alert::AlertId;
use vigie_model::desk_settings::{COUNTED_MS_MAX, FloodSettings};
use vigie_model::severity::Severity;

/// Most spaces that a digest counts by themselves; the alerts of further ones count under the empty name.
pub const DIGEST_SPACES_MAX: usize = 4_096;
const SECOND_MS: i64 = 1_000;

/// An alert that operators are told of now: it opened, or it is told again.
#[derive(Clone, Copy, Debug)]
pub struct NewAlert<'a> {
    /// Its id.
    pub id: &'a AlertId,
    /// Its space.
    pub space: &'a str,
    /// How bad it is.
    pub severity: Severity,
}

/// How a new alert is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// By itself, as ever.
    OneByOne,
    /// In the digest of a flood.
    Digested,
}

/// Counts new alerts and knows whether there is a flood; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flood {
    /// New alerts by second, from the oldest that counts; at most one entry for each second.
    seconds: VecDeque<Second>,
    /// How many they are.
    counted: u64,
    now: Option<RunningFlood>,
    over: Lines<FloodOver>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Second {
    second: i64,
    count: u64,
    /// The first alert of that second.
    first: AlertId,
}

/// A flood that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningFlood {
    /// Since when, in log time.
    pub since_ms: i64,
    /// The oldest alert counted when it began.
    pub first_up: AlertId,
    /// New alerts told one by one while it lasts.
    pub told: u64,
    /// The others, by space. Readers are shown it after each of them, so what did not change is shared and not copied.
    pub digest: RedBlackTreeMapSync<Arc<str>, Digested>,
}

/// The digested alerts of a space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digested {
    /// How many.
    pub count: u64,
    /// The worst.
    pub worst: Severity,
}

/// A flood that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloodOver {
    /// When it began, in log time.
    pub since_ms: i64,
    /// When it ended.
    pub until_ms: i64,
    /// The oldest alert counted when it began.
    pub first_up: AlertId,
    /// New alerts told one by one while it lasted.
    pub told: u64,
    /// New alerts digested while it lasted.
    pub digested: u64,
}

/// What a record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloodChange {
    /// A flood began.
    Began,
    /// The flood is over.
    Ended,
}

impl Timed for FloodOver {
    fn at_ms(&self) -> i64 {
        self.until_ms
    }
}

/// Time in flood between two log times; of a flood that goes on, all until `to_ms`.
#[must_use]
pub fn in_flood_ms(over: &Lines<FloodOver>, now: Option<&RunningFlood>, from_ms: i64, to_ms: i64) -> i64 {
    let over = over.within(from_ms, i64::MAX).map(|over| (over.since_ms, over.until_ms));
    let all = over.chain(now.map(|running| (running.since_ms, to_ms)));
    all.map(|(since_ms, until_ms)| (until_ms.min(to_ms) - since_ms.max(from_ms)).max(0)).sum()
}

impl RunningFlood {
    /// How many alerts are in the digest.
    #[must_use]
    pub fn digested(&self) -> u64 {
        self.digest.values().map(|digested| digested.count).sum()
    }

    fn take(&mut self, alert: &NewAlert<'_>, bypass: Severity) -> Telling {
        if alert.severity >= bypass {
            self.told += 1;
            return Telling::OneByOne;
        }
        let has_room = self.digest.size() < DIGEST_SPACES_MAX || self.digest.contains_key(alert.space);
        let space = if has_room { alert.space } else { "" };
        let before = self.digest.get(space).copied().unwrap_or(Digested { count: 0, worst: alert.severity });
        let digested = Digested { count: before.count + 1, worst: before.worst.max(alert.severity) };
        self.digest.insert_mut(space.into(), digested);
        Telling::Digested
    }
}

impl Flood {
    /// Time has come to `now_ms`, or other figures are in force: begins or ends a flood. O(1) amortised.
    pub fn settle(&mut self, now_ms: i64, operators: u16, settings: &FloodSettings) -> Option<FloodChange> {
        self.forget(now_ms, settings);
        let limits = settings.limits(operators);
        match &self.now {
            None if self.counted > limits.enter_above => {
                let first_up = self.seconds.front().map(|second| second.first.clone()).unwrap_or_default();
                let running =
                    RunningFlood { since_ms: now_ms, first_up, told: 0, digest: RedBlackTreeMapSync::new_sync() };
                self.now = Some(running);
                Some(FloodChange::Began)
            }
            Some(_) if self.counted < limits.leave_below => {
                self.end(now_ms);
                Some(FloodChange::Ended)
            }
            _ => None,
        }
    }

    /// Counts a new alert, and says how it is told. O(1) amortised.
    pub fn tell(&mut self, alert: &NewAlert<'_>, now_ms: i64, operators: u16, settings: &FloodSettings) -> Telling {
        self.settle(now_ms, operators, settings);
        let second = now_ms.div_euclid(SECOND_MS);
        match self.seconds.back_mut().filter(|newest| newest.second >= second) {
            Some(newest) => newest.count += 1,
            None => self.seconds.push_back(Second { second, count: 1, first: alert.id.clone() }),
        }
        self.counted += 1;
        self.settle(now_ms, operators, settings);
        match &mut self.now {
            Some(running) => running.take(alert, settings.bypass),
            None => Telling::OneByOne,
        }
    }

    /// What readers are shown: all but the seconds, of which there may be many. It is not to be gone on from. O(1), but for the
    /// floods that are over.
    #[must_use]
    pub fn shown(&self) -> Self {
        Self { seconds: VecDeque::new(), counted: self.counted, now: self.now.clone(), over: self.over.clone() }
    }

    /// The flood that goes on, if there is one.
    #[must_use]
    pub const fn now(&self) -> Option<&RunningFlood> {
        self.now.as_ref()
    }

    /// New alerts within the time counted, as of the newest record.
    #[must_use]
    pub const fn counted(&self) -> u64 {
        self.counted
    }

    /// Floods that are over.
    #[must_use]
    pub const fn over(&self) -> &Lines<FloodOver> {
        &self.over
    }

    /// An alert told at second `s` counts until second `s` plus the time counted.
    fn forget(&mut self, now_ms: i64, settings: &FloodSettings) {
        let within_s = settings.within_ms.clamp(SECOND_MS, COUNTED_MS_MAX) / SECOND_MS;
        let now_s = now_ms.div_euclid(SECOND_MS);
        while let Some(oldest) = self.seconds.front().filter(|oldest| oldest.second <= now_s - within_s) {
            self.counted -= oldest.count;
            self.seconds.pop_front();
        }
    }

    fn end(&mut self, now_ms: i64) {
        let Some(running) = self.now.take() else { return };
        let digested = running.digested();
        let RunningFlood { since_ms, first_up, told, .. } = running;
        self.over.push(FloodOver { since_ms, until_ms: now_ms, first_up, told, digested });
    }
}

#[cfg(test)]
mod tests;
