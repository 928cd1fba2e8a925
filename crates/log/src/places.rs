//! Places of the log at which snapshots were taken, and from which of them on a start needs the log.
//!
//! The ids of the dedup window stand in the log anyhow, so a set of snapshots carries few of them, and a start reads the others
//! again from an earlier place. How far back that is depends on the busiest partitions; what quieter ones need from before it
//! is what is carried, so that a partition with a row a day does not keep the whole log.
//!
//! **Invariant**: whatever a window has promised to know is carried, or stands in the log from [`Places::ids_from`] on; that place
//! never goes back.

use serde::{Deserialize, Serialize};
use std::ops::Range;
use vigie_model::position::PartitionIx;

/// Places kept at most; beyond, every second one is forgotten.
const PLACES_MAX: usize = 64;

/// A place between two records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Sequence of the record behind it.
    pub(crate) sequence: u64,
    /// Log time of the newest record before it.
    pub(crate) log_time_ms: i64,
    /// Ids added by then, by partition.
    pub(crate) ids_added: Vec<u64>,
}

/// Some places of a log, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    places: Vec<Place>,
    ids_from: u64,
}

impl Places {
    /// The beginning of a log.
    pub(crate) fn new(partitions: PartitionIx) -> Self {
        let ids_added = vec![0; usize::from(partitions)];
        Self { places: vec![Place { sequence: 0, log_time_ms: i64::MIN, ids_added }], ids_from: 0 }
    }

    /// Sequence of the first record whose ids a start from the newest place needs.
    pub(crate) const fn ids_from(&self) -> u64 {
        self.ids_from
    }

    /// Goes on to a place where windows promise to know these ids, by partition. Returns which of them a set taken here carries:
    /// at most `carried_max`, unless even the earliest place that is left asks for more.
    pub(crate) fn go_on(&mut self, place: Place, promised: &[Range<u64>], carried_max: u64) -> Vec<Range<u64>> {
        self.places.push(place);
        let carried = |place: &Place| -> Vec<_> {
            let of_partition = |(promised, added): (&Range<u64>, &u64)| {
                let end = (*added).min(promised.end);
                promised.start.min(end)..end
            };
            promised.iter().zip(&place.ids_added).map(of_partition).collect()
        };
        let count = |carried: &[Range<u64>]| carried.iter().map(|ids| ids.end - ids.start).sum::<u64>();
        let left = self.places.iter().filter(|place| place.sequence >= self.ids_from).rev();
        let mut chosen = None;
        for place in left {
            let ids = carried(place);
            let is_enough = count(&ids) <= carried_max;
            chosen = Some((place.sequence, ids));
            if is_enough {
                break;
            }
        }
        let (ids_from, ids) = chosen.expect("the place itself is left");
        self.ids_from = ids_from;
        self.thin_out();
        ids
    }

    /// Up to which sequence all records are older than an instant of log time, as far as the places tell.
    pub(crate) fn older_than(&self, time_ms: i64) -> u64 {
        let older = self.places.iter().rev().find(|place| place.log_time_ms < time_ms);
        older.map_or(0, |place| place.sequence)
    }

    /// The log begins at a sequence now.
    pub(crate) fn begin_at(&mut self, sequence: u64) {
        self.places.retain(|place| place.sequence >= sequence.min(self.ids_from));
    }

    fn thin_out(&mut self) {
        if self.places.len() <= PLACES_MAX {
            return;
        }
        let (ids_from, newest) = (self.ids_from, self.places.len() - 1);
        let mut index = 0;
        self.places.retain(|place| {
            let stays = index % 2 == 0 || index == newest || place.sequence == ids_from;
            index += 1;
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Windows of so many ids.
    const PROMISED: u64 = 100;

    fn promised(added: &[u64]) -> Vec<Range<u64>> {
        added.iter().map(|added| added.saturating_sub(PROMISED)..*added).collect()
    }

    #[test]
    fn a_quiet_partition_keeps_nothing() {
        let mut places = Places::new(2);
        let mut go_on = |sequence, ids_added: [u64; 2], carried_max| {
            let place = Place { sequence, log_time_ms: sequence as i64, ids_added: ids_added.to_vec() };
            let carried = places.go_on(place, &promised(&ids_added), carried_max);
            (places.ids_from(), carried)
        };
        assert_eq!(go_on(10, [8, 1], 20), (10, vec![0..8, 0..1]), "all of it is carried");
        assert_eq!(go_on(50, [45, 2], 20), (10, vec![0..8, 0..1]));
        assert_eq!(go_on(200, [190, 3], 20), (50, vec![45..45, 0..2]));
        assert_eq!(go_on(210, [200, 4], u64::MAX), (210, vec![100..200, 0..4]), "asked to");
        assert_eq!(go_on(220, [210, 4], 20), (210, vec![110..200, 0..4]), "it never goes back");
        assert_eq!((places.older_than(200), places.older_than(201)), (50, 200));
        places.begin_at(60);
        assert_eq!(places.older_than(200), 0);
    }

    proptest! {
        /// Everything promised is carried or stands behind `ids_from`, whatever is thinned out.
        #[test]
        fn what_is_promised_is_there(steps in prop::collection::vec((0u64..90, 0u64..3, 1u64..5), 1..300), carried_max in 0u64..150) {
            let mut places = Places::new(2);
            let (mut sequence, mut added, mut all) = (0, [0, 0], vec![(0, [0, 0])]);
            for (busy, quiet, records) in steps {
                sequence += records;
                added = [added[0] + busy, added[1] + quiet];
                all.push((sequence, added));
                let place = Place { sequence, log_time_ms: 0, ids_added: added.to_vec() };
                let before = places.ids_from();
                let carried = places.go_on(place, &promised(&added), carried_max);
                prop_assert!(places.ids_from() >= before && places.places.len() <= PLACES_MAX);
                let from = all.iter().find(|(sequence, _)| *sequence == places.ids_from()).expect("it was a place").1;
                for ((promised, carried), from) in promised(&added).into_iter().zip(carried).zip(from) {
                    prop_assert!(promised.start >= from || carried == (promised.start..from), "{promised:?} {carried:?}");
                }
            }
        }
    }
}
