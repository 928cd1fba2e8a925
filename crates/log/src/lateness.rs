//! Which observations are late: not later than the newest of their series.
//!
//! A series is (space, metric, member), the member being the sensor, else the node, else one anonymous member. The flag
//! is for history and for people; the rule engine judges lateness itself, per rule and key (RULES.md, "Time and order").

use crate::hash_index::HashIndex;
use hashbrown::DefaultHashBuilder;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;
use std::hint::black_box;
use vigie_model::batch::{Observations, Quality};
use vigie_model::names::{NO_NAME, NameIx};

/// Series whose newest event time is remembered; further ones are never flagged; some 130 MB when full.
pub const SERIES_MAX: usize = 4 << 20;

/// Observations whose places in memory are fetched together.
const TOGETHER: usize = 64;

/// The newest event time of every series.
#[derive(Debug)]
pub struct Lateness {
    series: Vec<Newest>,
    index: HashIndex,
    series_max: usize,
    hashing: DefaultHashBuilder,
}

/// The newest event time of one series.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Newest {
    series: Series,
    event_time_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Series {
    space: NameIx,
    metric: NameIx,
    member: Member,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Member {
    Sensor(NameIx),
    Node(NameIx),
    Anonymous,
}

impl Default for Lateness {
    fn default() -> Self {
        Self::new(SERIES_MAX)
    }
}

impl Lateness {
    /// Remembers at most `series_max` series.
    fn new(series_max: usize) -> Self {
        let index = HashIndex::new(series_max);
        Self { series: Vec::new(), index, series_max, hashing: DefaultHashBuilder::default() }
    }

    /// Goes on with what [`Self::series`] gave.
    pub(crate) fn resumed(series: &[Newest]) -> Self {
        let mut lateness = Self::default();
        lateness.series.reserve(series.len());
        for newest in series {
            lateness.judge(lateness.hashing.hash_one(newest.series), newest);
        }
        lateness
    }

    /// All series, in the order in which they came.
    pub(crate) fn series(&self) -> &[Newest] {
        &self.series
    }

    /// Judges rows in order, each with the event time it has in the log, and remembers those. Only values of good quality
    /// count; of each `hear` is given back what came with it, and whether it is late.
    pub fn judge_all<T>(
        &mut self,
        rows: &Observations,
        judged: impl Iterator<Item = (usize, i64, T)>,
        mut hear: impl FnMut(T, bool),
    ) {
        let mut counting = judged.filter(|(row, ..)| rows.quality[*row] == Quality::Good);
        let mut together = Vec::with_capacity(TOGETHER);
        loop {
            together.extend(counting.by_ref().take(TOGETHER).map(|(row, event_time_ms, with)| {
                let series = Series::of(rows, row);
                (self.hashing.hash_one(series), Newest { series, event_time_ms }, with)
            }));
            if together.is_empty() {
                return;
            }
            let hashes = || together.iter().map(|(hash, ..)| *hash);
            black_box(hashes().fold(0, |all, hash| all ^ self.index.touch(hash)));
            let guesses = hashes().filter_map(|hash| self.index.guess(hash));
            black_box(guesses.fold(0, |all, guess| all ^ self.series[guess].event_time_ms));
            together.drain(..).for_each(|(hash, new, with)| hear(with, self.judge(hash, &new)));
        }
    }

    fn judge(&mut self, hash: u64, new: &Newest) -> bool {
        let (known, hashing) = (&self.series, &self.hashing);
        let is_it = |at: usize| known[at].series == new.series;
        let found = if known.len() < self.series_max {
            self.index.find_or_add(hash, is_it, |at| hashing.hash_one(known[at].series))
        } else {
            self.index.find(hash, is_it)
        };
        match found {
            Some(at) => {
                let newest_ms = &mut self.series[at].event_time_ms;
                let is_late = new.event_time_ms <= *newest_ms;
                *newest_ms = new.event_time_ms.max(*newest_ms);
                is_late
            }
            None if self.series.len() < self.series_max => {
                self.series.push(*new);
                false
            }
            None => false,
        }
    }
}

impl Series {
    #[inline]
    fn of(rows: &Observations, row: usize) -> Self {
        let member = match (rows.sensor[row], rows.node[row]) {
            (NO_NAME, NO_NAME) => Member::Anonymous,
            (NO_NAME, node) => Member::Node(node),
            (sensor, _) => Member::Sensor(sensor),
        };
        Self { space: rows.space[row], metric: rows.metric[row], member }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use vigie_model::batch::ObservationRow;
    use vigie_model::decimal::Decimal;

    const SERIES_FEW: usize = 20;

    /// Space, metric, sensor, node, and whether it is good.
    type Row = (u32, u32, Option<u32>, Option<u32>, bool);

    fn rows_of(rows: &[Row]) -> Observations {
        let mut observations = Observations::default();
        for (space, metric, sensor, node, is_good) in rows {
            observations.push(ObservationRow {
                feed: 0,
                space: *space,
                metric: *metric,
                sensor: sensor.unwrap_or(NO_NAME),
                node: node.unwrap_or(NO_NAME),
                seq: None,
                id: None,
                value: Decimal::default(),
                event_time_ms: 0,
                sent_time_ms: None,
                log_time_ms: 0,
                quality: if *is_good { Quality::Good } else { Quality::Uncertain },
                flags: 0,
            });
        }
        observations
    }

    proptest! {
        /// Against a plain map, whatever the pieces in which the rows come; when the memory is full as well.
        #[test]
        fn a_row_is_late_when_its_series_has_a_newer_one(
            rows in prop::collection::vec(
                (0u32..3, 0u32..3, prop::option::of(0u32..2), prop::option::of(0u32..2), prop::bool::weighted(0.9)), 0..300),
            times in prop::collection::vec(0i64..50, 300),
            piece in 1usize..200,
        ) {
            let observations = rows_of(&rows);
            let mut lateness = Lateness::new(SERIES_FEW);
            let mut late = vec![false; rows.len()];
            let judged: Vec<_> = (0..rows.len()).zip(&times).map(|(row, time)| (row, *time, row)).collect();
            for piece in judged.chunks(piece) {
                lateness.judge_all(&observations, piece.iter().copied(), |row, is_late| late[row] = is_late);
            }
            let mut newest = BTreeMap::new();
            for (((space, metric, sensor, node, is_good), time), is_late) in rows.iter().zip(times).zip(late) {
                let series = (space, metric, sensor, node.filter(|_| sensor.is_none()));
                let is_known = newest.contains_key(&series) || newest.len() < SERIES_FEW;
                let expected = *is_good && is_known && newest.get(&series).is_some_and(|newest| time <= *newest);
                prop_assert_eq!(is_late, expected);
                if *is_good && is_known {
                    let newest = newest.entry(series).or_insert(time);
                    *newest = time.max(*newest);
                }
            }
        }
    }
}
