//! The order of observations inside a data file: by space and time, then by place in the log.
//!
//! The same order as of other tables' rows ([`crate::delta`]), found over integers: names have ranks, which change
//! only when there are new names, and a row's whole key is one number. Rows of a space are of one partition, in which they
//! lie in the order of their offsets; so where a row lies stands for its place in the log.

use crate::positions::Positions;
use crate::rows::columns::utc_day;
use crate::rows::observed::Observed;
use std::sync::Arc;
use vigie_model::names::NameIx;

/// Length of a UTC day.
const DAY_MS: i64 = 86_400_000;
/// What is added to a day so that it is not negative; days of observations are within 140,000 of the epoch.
const DAY_BIAS: i64 = 1 << 17;

const ROW_BITS: u32 = 26;
const CHUNK_BITS: u32 = 25;
const TIME_BITS: u32 = 27;
const RANK_BITS: u32 = 32;
const DAY_BITS: u32 = 18;
const _: () = assert!(ROW_BITS + CHUNK_BITS + TIME_BITS + RANK_BITS + DAY_BITS == u128::BITS);
const _: () = assert!(DAY_MS < 1 << TIME_BITS);

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    /// The chunk among those given.
    pub(crate) const fn chunk(self) -> usize {
        (self.0 >> ROW_BITS) as usize
    }

    /// The row in that chunk.
    pub(crate) const fn row(self) -> usize {
        (self.0 & ((1 << ROW_BITS) - 1)) as usize
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
/// When a space is not known, or there are more chunks or longer ones than a buffer ever holds.
pub(crate) fn by_date(chunks: &[Arc<Observed>], stored: &Positions, ranks: &Ranks) -> Vec<OfDate> {
    let keys = sorted_keys(chunks, stored, ranks);
    let day = |key: &u128| key >> (u128::BITS - DAY_BITS);
    let of_date = |keys: &[u128]| {
        let places = keys.iter().map(|key| Place(*key as u64 & ((1 << (CHUNK_BITS + ROW_BITS)) - 1))).collect();
        let first = i64::try_from(day(&keys[0])).expect("a day has 18 bits");
        OfDate { day: i32::try_from(first - DAY_BIAS).expect("a day has 18 bits"), places }
    };
    keys.chunk_by(|one, next| day(one) == day(next)).map(of_date).collect()
}

fn sorted_keys(chunks: &[Arc<Observed>], stored: &Positions, ranks: &Ranks) -> Vec<u128> {
    assert!(chunks.len() < 1 << CHUNK_BITS, "a buffer has fewer chunks than rows, and few rows");
    let mut keys = Vec::with_capacity(chunks.iter().map(|chunk| chunk.len()).sum());
    for (at, chunk) in (0_u128..).zip(chunks) {
        assert!(chunk.len() < 1 << ROW_BITS, "a chunk is no longer than a batch of the log, or full");
        let (times, spaces) = (&chunk.columns.event_time_ms, &chunk.columns.space);
        keys.extend(chunk.rows_above(stored).map(|row| {
            let day = i64::from(utc_day(times[row])).clamp(-DAY_BIAS, DAY_BIAS - 1);
            let time_of_day = (times[row] - day * DAY_MS).clamp(0, DAY_MS - 1);
            let mut key = (day + DAY_BIAS) as u128;
            key = key << RANK_BITS | u128::from(ranks.ranks[spaces[row] as usize]);
            key = key << TIME_BITS | time_of_day as u128;
            key = key << CHUNK_BITS | at;
            key << ROW_BITS | row as u128
        }));
    }
    keys.sort_unstable();
    keys
}
