//! The order of observations inside a data file: by space and time, then by place in the log.
//!
//! The same order as of other tables' rows ([`crate::delta`]), found over integers: names have ranks, which change
//! only when there are new names, and rows of a space come in the order of time but for late ones. So rows are put in the order of
//! ranks and arrival, and then only those spaces in that of time that need it. Rows of a space are of one partition,
//! in which they arrive in the order of their offsets; so arrival stands for the place in the log.

use crate::positions::Positions;
use crate::rows::columns::utc_day;
use crate::rows::observed::Observed;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::names::NameIx;

/// Names for each row from which on rows are compared rather than counted by name.
const NAMES_A_ROW_MAX: usize = 4;

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    chunk: u32,
    row: u32,
}

impl Place {
    /// The chunk among those given.
    pub(crate) const fn chunk(self) -> usize {
        self.chunk as usize
    }

    /// The row in that chunk.
    pub(crate) const fn row(self) -> usize {
        self.row as usize
    }
}

/// The rows of one UTC date, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfDate {
    /// Days since the epoch.
    pub(crate) day: i32,
    /// Where its rows lie, at least one.
    pub(crate) places: Vec<Place>,
}

/// Names by their place in the alphabet.
#[derive(Debug, Default)]
pub(crate) struct Ranks {
    /// Indices of names in the order of the names.
    sorted: Vec<NameIx>,
    /// Rank of each name, by its index.
    ranks: Vec<u32>,
}

impl Ranks {
    /// Takes in names that are new; `names` are all of a kind. O(1) when there are none, else O(names).
    pub(crate) fn learn(&mut self, names: &[Arc<str>]) {
        let known = self.ranks.len();
        if known == names.len() {
            return;
        }
        let index = |at: usize| NameIx::try_from(at).expect("names have indices of 32 bits");
        self.sorted.extend(index(known)..index(names.len()));
        // Stable, because that sort finds the part that is sorted already and merges the rest into it.
        self.sorted.sort_by(|one, next| names[*one as usize].cmp(&names[*next as usize]));
        self.ranks.resize(names.len(), 0);
        for (rank, name) in (0..).zip(&self.sorted) {
            self.ranks[*name as usize] = rank;
        }
    }
}

/// The rows at or above `stored`, by date and sorted. The spaces of all rows are known to `ranks`.
///
/// # Panics
/// When a space is not known.
pub(crate) fn by_date(chunks: &[Arc<Observed>], stored: &Positions, ranks: &Ranks) -> Vec<OfDate> {
    let mut arrived: BTreeMap<i32, Vec<Place>> = BTreeMap::new();
    for (chunk, rows) in (0..).zip(chunks) {
        let times = &rows.columns.event_time_ms;
        let mut above = rows.rows_above(stored).peekable();
        while let Some(first) = above.peek() {
            let day = utc_day(times[*first]);
            let places = arrived.entry(day).or_default();
            let of_day = std::iter::from_fn(|| above.next_if(|row| utc_day(times[*row]) == day));
            places.extend(of_day.map(|row| Place { chunk, row: row as u32 }));
        }
    }
    arrived.into_iter().map(|(day, arrived)| OfDate { day, places: sorted(chunks, &arrived, ranks) }).collect()
}

/// Rows of one date that are in the order of their arrival, in the order of a file.
fn sorted(chunks: &[Arc<Observed>], arrived: &[Place], ranks: &Ranks) -> Vec<Place> {
    let columns = |place: &Place| (&chunks[place.chunk()].columns, place.row());
    let rank = |place: &Place| {
        let (columns, row) = columns(place);
        ranks.ranks[columns.space[row] as usize]
    };
    let time = |place: &Place| {
        let (columns, row) = columns(place);
        columns.event_time_ms[row]
    };
    assert!(u32::try_from(arrived.len()).is_ok(), "a buffer holds fewer than 2^32 rows");
    let (mut places, ends) = if ranks.ranks.len() <= arrived.len() * NAMES_A_ROW_MAX {
        by_count(arrived, ranks.ranks.len(), rank)
    } else {
        by_comparison(arrived, rank)
    };
    let mut begin = 0;
    for end in ends {
        let of_space = &mut places[begin..end as usize];
        if !of_space.is_sorted_by_key(time) {
            of_space.sort_by_key(time);
        }
        begin = end as usize;
    }
    places
}

/// Places by rank, those of one rank as they came, and where each rank ends: counted, then put where they belong.
/// O(places + ranks).
fn by_count(arrived: &[Place], ranks: usize, rank: impl Fn(&Place) -> u32) -> (Vec<Place>, Vec<u32>) {
    let mut ends = vec![0_u32; ranks];
    arrived.iter().for_each(|place| ends[rank(place) as usize] += 1);
    let mut end = 0;
    for of_rank in &mut ends {
        let begin = end;
        end += *of_rank;
        *of_rank = begin;
    }
    // Where the next place of a rank belongs; once all are there, that is where the rank ends.
    let mut places = arrived.to_vec();
    for place in arrived {
        let next = &mut ends[rank(place) as usize];
        places[*next as usize] = *place;
        *next += 1;
    }
    (places, ends)
}

/// The same where there are far more names than rows.
fn by_comparison(arrived: &[Place], rank: impl Fn(&Place) -> u32) -> (Vec<Place>, Vec<u32>) {
    const ARRIVAL_BITS: u32 = 32;
    let key = |(arrival, place)| u64::from(rank(place)) << ARRIVAL_BITS | arrival;
    let mut keys: Vec<u64> = (0..).zip(arrived).map(key).collect();
    keys.sort_unstable();
    let of_ranks = keys.chunk_by(|one, next| one >> ARRIVAL_BITS == next >> ARRIVAL_BITS);
    let ends = of_ranks.scan(0, |end, of_rank| {
        *end += of_rank.len() as u32;
        Some(*end)
    });
    (keys.iter().map(|key| arrived[*key as u32 as usize]).collect(), ends.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn counting_and_comparing_find_one_order() {
        for rows in [0, 1, 7, 200] {
            let arrived: Vec<_> = (0..rows).map(|row| Place { chunk: 0, row }).collect();
            let rank = |place: &Place| place.row.wrapping_mul(2_654_435_761) >> 16 & 15;
            let ((counted, ends), (compared, some_ends)) =
                (by_count(&arrived, 16, rank), by_comparison(&arrived, rank));
            assert_eq!(counted, compared);
            let ends: BTreeSet<_> = ends.into_iter().filter(|end| *end > 0).collect();
            assert_eq!(ends, some_ends.into_iter().collect());
        }
    }
}
