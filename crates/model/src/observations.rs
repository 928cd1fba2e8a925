//! Observations as rows and as columns: what comes by the million.
//!
//! A batch is columns of interned integers, decoded once at the door and never parsed again.
//!
//! **Invariant**: the columns of [`Observations`] have the same length, which only its pushing methods change.

use crate::decimal::Decimal;
use crate::names::NameIx;
use crate::quality::Quality;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One observation, as a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationRow<'a> {
    /// Feed it came by.
    pub feed: NameIx,
    /// Space it is about.
    pub space: NameIx,
    /// What was measured.
    pub metric: NameIx,
    /// Sensor, or [`crate::names::NO_NAME`].
    pub sensor: NameIx,
    /// Edge node, or [`crate::names::NO_NAME`].
    pub node: NameIx,
    /// Sequence number given by the node.
    pub seq: Option<i64>,
    /// Id given by the source.
    pub id: Option<&'a str>,
    /// The value, in the metric's canonical unit.
    pub value: Decimal,
    /// When it was measured.
    pub event_time_ms: i64,
    /// The event time as sent, when the sequencer adjusted it.
    pub sent_time_ms: Option<i64>,
    /// When the log took it; 0 until the sequencer sets it.
    pub log_time_ms: i64,
    /// Whether its source vouches for it.
    pub quality: Quality,
    /// See [`flags`](crate::quality::flags).
    pub flags: u8,
}

/// A row of another batch that is to be appended, and what changes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PickedRow {
    /// Its index there.
    pub row: u32,
    /// Its flags from now on.
    pub flags: u8,
    /// Whether log time takes the place of its event time, which is kept as its sent time.
    pub is_moved: bool,
    /// When the log takes it.
    pub log_time_ms: i64,
}

/// Rows of one feed to append, as columns of one length: what a columnar format holds already. Their log times, sent times
/// and flags are those of rows that no sequencer has seen.
#[derive(Clone, Copy, Debug)]
pub struct NewRows<'a> {
    /// Feed of all of them.
    pub feed: NameIx,
    /// Spaces.
    pub space: &'a [NameIx],
    /// Metrics.
    pub metric: &'a [NameIx],
    /// Sensors, or [`crate::names::NO_NAME`].
    pub sensor: &'a [NameIx],
    /// Edge nodes, or [`crate::names::NO_NAME`].
    pub node: &'a [NameIx],
    /// Sequence numbers.
    pub seq: &'a [Option<i64>],
    /// Values in millionths.
    pub value_micros: &'a [i64],
    /// Event times.
    pub event_time_ms: &'a [i64],
    /// Qualities.
    pub quality: &'a [Quality],
    /// Ids, concatenated.
    pub id_bytes: &'a str,
    /// End of each id in `id_bytes`; an id ends where the next begins, and an empty one is absent.
    pub id_ends: &'a [u32],
}

/// Observations as columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observations {
    /// Feeds.
    pub feed: Vec<NameIx>,
    /// Spaces.
    pub space: Vec<NameIx>,
    /// Metrics.
    pub metric: Vec<NameIx>,
    /// Sensors.
    pub sensor: Vec<NameIx>,
    /// Edge nodes.
    pub node: Vec<NameIx>,
    /// Sequence numbers.
    pub seq: Vec<Option<i64>>,
    /// Values in millionths.
    pub value_micros: Vec<i64>,
    /// Event times.
    pub event_time_ms: Vec<i64>,
    /// Event times as sent, where they were adjusted.
    pub sent_time_ms: Vec<Option<i64>>,
    /// Log times.
    pub log_time_ms: Vec<i64>,
    /// Qualities.
    pub quality: Vec<Quality>,
    /// Flags.
    pub flags: Vec<u8>,
    /// Ids, concatenated.
    id_bytes: String,
    /// End of each id in `id_bytes`; an id ends where the next begins, and an empty one is absent.
    id_ends: Vec<u32>,
}

impl Observations {
    /// No rows, and room for `rows`.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            feed: Vec::with_capacity(rows),
            space: Vec::with_capacity(rows),
            metric: Vec::with_capacity(rows),
            sensor: Vec::with_capacity(rows),
            node: Vec::with_capacity(rows),
            seq: Vec::with_capacity(rows),
            value_micros: Vec::with_capacity(rows),
            event_time_ms: Vec::with_capacity(rows),
            sent_time_ms: Vec::with_capacity(rows),
            log_time_ms: Vec::with_capacity(rows),
            quality: Vec::with_capacity(rows),
            flags: Vec::with_capacity(rows),
            id_bytes: String::new(),
            id_ends: Vec::with_capacity(rows),
        }
    }

    /// No rows, and room for `rows` whose ids have so many bytes together.
    #[must_use]
    pub fn with_capacity_and_ids(rows: usize, id_bytes: usize) -> Self {
        Self { id_bytes: String::with_capacity(id_bytes), ..Self::with_capacity(rows) }
    }

    /// Bytes of all ids together.
    #[must_use]
    pub fn id_bytes(&self) -> usize {
        self.id_bytes.len()
    }

    /// Makes room for `rows` more; ids grow as they come.
    pub fn reserve(&mut self, rows: usize) {
        let names = [&mut self.feed, &mut self.space, &mut self.metric, &mut self.sensor, &mut self.node];
        names.into_iter().chain([&mut self.id_ends]).for_each(|names| names.reserve(rows));
        let numbers = [&mut self.value_micros, &mut self.event_time_ms, &mut self.log_time_ms];
        numbers.into_iter().for_each(|numbers| numbers.reserve(rows));
        [&mut self.seq, &mut self.sent_time_ms].into_iter().for_each(|numbers| numbers.reserve(rows));
        self.quality.reserve(rows);
        self.flags.reserve(rows);
    }

    /// Forgets all rows, and keeps the memory for others.
    pub fn clear(&mut self) {
        let names = [&mut self.feed, &mut self.space, &mut self.metric, &mut self.sensor, &mut self.node];
        names.into_iter().chain([&mut self.id_ends]).for_each(Vec::clear);
        [&mut self.value_micros, &mut self.event_time_ms, &mut self.log_time_ms].into_iter().for_each(Vec::clear);
        [&mut self.seq, &mut self.sent_time_ms].into_iter().for_each(Vec::clear);
        self.quality.clear();
        self.flags.clear();
        self.id_bytes.clear();
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.space.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.space.is_empty()
    }

    /// Appends a row.
    ///
    /// # Panics
    /// When the ids of one batch exceed 4 GiB; the limits at the door keep batches far below.
    pub fn push(&mut self, row: ObservationRow<'_>) {
        self.feed.push(row.feed);
        self.space.push(row.space);
        self.metric.push(row.metric);
        self.sensor.push(row.sensor);
        self.node.push(row.node);
        self.seq.push(row.seq);
        self.value_micros.push(row.value.micros());
        self.event_time_ms.push(row.event_time_ms);
        self.sent_time_ms.push(row.sent_time_ms);
        self.log_time_ms.push(row.log_time_ms);
        self.quality.push(row.quality);
        self.flags.push(row.flags);
        self.id_bytes.push_str(row.id.unwrap_or_default());
        self.id_ends.push(u32::try_from(self.id_bytes.len()).expect("the ids of one batch fit in 4 GiB"));
    }

    /// Whether the columns fit together, which holds for every batch made by pushing; one read from outside is asked.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let rows = self.len();
        let lengths = [
            self.feed.len(),
            self.metric.len(),
            self.sensor.len(),
            self.node.len(),
            self.seq.len(),
            self.value_micros.len(),
            self.event_time_ms.len(),
            self.sent_time_ms.len(),
            self.log_time_ms.len(),
            self.quality.len(),
            self.flags.len(),
            self.id_ends.len(),
        ];
        let ends = self.id_ends.iter().map(|end| *end as usize);
        lengths.iter().all(|length| *length == rows)
            && self.id_ends.is_sorted()
            && self.id_ends.last().map_or(0, |end| *end as usize) == self.id_bytes.len()
            && ends.into_iter().all(|end| self.id_bytes.is_char_boundary(end))
    }

    /// Appends row `index` of another batch.
    pub fn push_from(&mut self, other: &Self, index: usize) {
        self.push(other.row(index));
    }

    /// Appends rows of another batch, column by column: for many rows at once.
    ///
    /// # Panics
    /// As [`Self::push`], or when the other batch has no such row.
    pub fn append_picked(&mut self, other: &Self, picked: &[PickedRow]) {
        fn gather<T: Copy>(to: &mut Vec<T>, from: &[T], picked: &[PickedRow]) {
            to.extend(picked.iter().map(|picked| from[picked.row as usize]));
        }
        gather(&mut self.feed, &other.feed, picked);
        gather(&mut self.space, &other.space, picked);
        gather(&mut self.metric, &other.metric, picked);
        gather(&mut self.sensor, &other.sensor, picked);
        gather(&mut self.node, &other.node, picked);
        gather(&mut self.seq, &other.seq, picked);
        gather(&mut self.value_micros, &other.value_micros, picked);
        gather(&mut self.quality, &other.quality, picked);
        self.flags.extend(picked.iter().map(|picked| picked.flags));
        self.log_time_ms.extend(picked.iter().map(|picked| picked.log_time_ms));
        let sent = |picked: &PickedRow| other.event_time_ms[picked.row as usize];
        let event_time = |picked: &PickedRow| if picked.is_moved { picked.log_time_ms } else { sent(picked) };
        self.event_time_ms.extend(picked.iter().map(event_time));
        self.sent_time_ms.extend(picked.iter().map(|picked| picked.is_moved.then(|| sent(picked))));
        let ids = || picked.iter().map(|picked| other.id_bytes_of(picked.row as usize));
        self.id_bytes.reserve(ids().map(|bytes| bytes.len()).sum());
        let id_bytes = &mut self.id_bytes;
        self.id_ends.extend(ids().map(|bytes| {
            id_bytes.push_str(&other.id_bytes[bytes]);
            u32::try_from(id_bytes.len()).expect("the ids of one batch fit in 4 GiB")
        }));
    }

    /// Appends all rows of another batch.
    ///
    /// # Panics
    /// As [`Self::push`].
    pub fn append(&mut self, other: &Self) {
        self.feed.extend_from_slice(&other.feed);
        self.space.extend_from_slice(&other.space);
        self.metric.extend_from_slice(&other.metric);
        self.sensor.extend_from_slice(&other.sensor);
        self.node.extend_from_slice(&other.node);
        self.seq.extend_from_slice(&other.seq);
        self.value_micros.extend_from_slice(&other.value_micros);
        self.event_time_ms.extend_from_slice(&other.event_time_ms);
        self.sent_time_ms.extend_from_slice(&other.sent_time_ms);
        self.log_time_ms.extend_from_slice(&other.log_time_ms);
        self.quality.extend_from_slice(&other.quality);
        self.flags.extend_from_slice(&other.flags);
        let before = self.id_ends.last().copied().unwrap_or(0);
        self.id_bytes.push_str(&other.id_bytes);
        assert!(u32::try_from(self.id_bytes.len()).is_ok(), "the ids of one batch fit in 4 GiB");
        self.id_ends.extend(other.id_ends.iter().map(|end| before + end));
    }

    /// Appends rows given as columns. Cost: one copy of each column.
    ///
    /// # Panics
    /// When the columns are not of one length, an id does not end inside `id_bytes`, and as [`Self::push`].
    pub fn extend(&mut self, rows: &NewRows<'_>) {
        let count = rows.space.len();
        let lengths = [rows.metric.len(), rows.sensor.len(), rows.node.len(), rows.seq.len(), rows.value_micros.len()];
        let further = [rows.event_time_ms.len(), rows.quality.len(), rows.id_ends.len()];
        assert!(lengths.iter().chain(&further).all(|length| *length == count), "new rows are columns of one length");
        let id_length = rows.id_ends.last().map_or(0, |end| *end as usize);
        assert!(id_length == rows.id_bytes.len() && rows.id_ends.is_sorted(), "an id ends where the next begins");
        let total = self.len() + count;
        self.feed.resize(total, rows.feed);
        self.space.extend_from_slice(rows.space);
        self.metric.extend_from_slice(rows.metric);
        self.sensor.extend_from_slice(rows.sensor);
        self.node.extend_from_slice(rows.node);
        self.seq.extend_from_slice(rows.seq);
        self.value_micros.extend_from_slice(rows.value_micros);
        self.event_time_ms.extend_from_slice(rows.event_time_ms);
        self.sent_time_ms.resize(total, None);
        self.log_time_ms.resize(total, 0);
        self.quality.extend_from_slice(rows.quality);
        self.flags.resize(total, 0);
        let before = u32::try_from(self.id_bytes.len()).expect("the ids of one batch fit in 4 GiB");
        self.id_bytes.push_str(rows.id_bytes);
        assert!(u32::try_from(self.id_bytes.len()).is_ok(), "the ids of one batch fit in 4 GiB");
        self.id_ends.extend(rows.id_ends.iter().map(|end| before + end));
    }

    /// The id of a row, when its source gave one.
    #[must_use]
    #[inline]
    pub fn id(&self, index: usize) -> Option<&str> {
        let id = &self.id_bytes[self.id_bytes_of(index)];
        (!id.is_empty()).then_some(id)
    }

    #[inline]
    fn id_bytes_of(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.id_ends[index - 1] as usize };
        start..self.id_ends[index] as usize
    }

    /// A row.
    #[must_use]
    pub fn row(&self, index: usize) -> ObservationRow<'_> {
        ObservationRow {
            feed: self.feed[index],
            space: self.space[index],
            metric: self.metric[index],
            sensor: self.sensor[index],
            node: self.node[index],
            seq: self.seq[index],
            id: self.id(index),
            value: Decimal::from_micros(self.value_micros[index]),
            event_time_ms: self.event_time_ms[index],
            sent_time_ms: self.sent_time_ms[index],
            log_time_ms: self.log_time_ms[index],
            quality: self.quality[index],
            flags: self.flags[index],
        }
    }
}

#[cfg(test)]
mod tests;
