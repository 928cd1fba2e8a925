//! The newest alert of each space, as long as another one may join it in an incident file.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::alert::AlertId;

/// Most places remembered; then the one whose newest alert is oldest is forgotten.
pub const PLACES_MAX: usize = 65_536;

/// Where alerts that come soon one after the other belong together: a space, apart for exercises.
pub type Place = (Arc<str>, bool);

/// The newest alert of each place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Place, NewestAlert)>", into = "Vec<(Place, NewestAlert)>")]
pub struct Newest {
    by_place: BTreeMap<Place, NewestAlert>,
    by_time: BTreeSet<(i64, Place)>,
}

/// The newest alert of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestAlert {
    /// When it opened, in log time.
    pub at_ms: i64,
    /// Which.
    pub alert: AlertId,
    /// Whether it was closed, or left the book.
    pub is_closed: bool,
}

impl Newest {
    /// An alert opened; returns the one before. O(log n).
    pub fn put(&mut self, place: Place, alert: &AlertId, at_ms: i64) -> Option<NewestAlert> {
        let before = self.forget(&place);
        if self.by_place.len() >= PLACES_MAX
            && let Some((_, oldest)) = self.by_time.first().cloned()
        {
            self.forget(&oldest);
        }
        self.by_time.insert((at_ms, place.clone()));
        self.by_place.insert(place, NewestAlert { at_ms, alert: alert.clone(), is_closed: false });
        before
    }

    /// An alert of a space was closed, or left the book.
    pub fn alert_closed(&mut self, id: &AlertId, space: &Arc<str>) {
        for is_exercise in [false, true] {
            let newest = self.by_place.get_mut(&(Arc::clone(space), is_exercise));
            if let Some(newest) = newest.filter(|newest| newest.alert == *id) {
                newest.is_closed = true;
            }
        }
    }

    /// Forgets what opened before `at_ms`.
    pub fn forget_before(&mut self, at_ms: i64) {
        while let Some((_, place)) = self.by_time.first().filter(|(oldest_ms, _)| *oldest_ms < at_ms).cloned() {
            self.forget(&place);
        }
    }

    fn forget(&mut self, place: &Place) -> Option<NewestAlert> {
        let newest = self.by_place.remove(place)?;
        self.by_time.remove(&(newest.at_ms, place.clone()));
        Some(newest)
    }
}

/// The order by time follows from the rest.
impl From<Vec<(Place, NewestAlert)>> for Newest {
    fn from(places: Vec<(Place, NewestAlert)>) -> Self {
        let by_time = places.iter().map(|(place, newest)| (newest.at_ms, place.clone())).collect();
        Self { by_place: places.into_iter().collect(), by_time }
    }
}

impl From<Newest> for Vec<(Place, NewestAlert)> {
    fn from(newest: Newest) -> Self {
        newest.by_place.into_iter().collect()
    }
}
