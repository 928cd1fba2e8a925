//! The order of observations inside a data file: by space and time, then by place in the log.
//!
//! The same order as of other tables' rows ([`crate::delta`]), found over integers: names have ranks, which change
//! only when there are new names, and rows of a space come in the order of time but for late ones. So rows are sorted by
//! rank and arrival, one number a row, and then only those spaces by time that need it. Rows of a space are of one partition,
//! in which they arrive in the order of their offsets; so arrival stands for the place in the log.

use crate::positions::Positions;
use crate::rows::columns::utc_day;
use crate::rows::observed::Observed;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::names::NameIx;

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
    const ARRIVAL_BITS: u32 = 32;
    assert!(u32::try_from(arrived.len()).is_ok(), "a buffer holds fewer than 2^32 rows");
    let columns = |place: &Place| (&chunks[place.chunk()].columns, place.row());
    let rank = |place| {
        let (columns, row) = columns(place);
        u64::from(ranks.ranks[columns.space[row] as usize])
    };
    let time = |place: &Place| {
        let (columns, row) = columns(place);
        columns.event_time_ms[row]
    };
    let mut keys: Vec<u64> = (0..).zip(arrived).map(|(arrival, place)| rank(place) << ARRIVAL_BITS | arrival).collect();
    keys.sort_unstable();
    let mut places: Vec<Place> = keys.iter().map(|key| arrived[*key as u32 as usize]).collect();
    let mut rest = places.as_mut_slice();
    for of_space in keys.chunk_by(|one, next| one >> ARRIVAL_BITS == next >> ARRIVAL_BITS) {
        let (places, later) = rest.split_at_mut(of_space.len());
        if !places.is_sorted_by_key(time) {
            places.sort_by_key(time);
        }
        rest = later;
    }
    places
}
