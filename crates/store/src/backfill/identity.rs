//! What makes a row of an archive the same row as one in history.
//!
//! | row | identity |
//! |---|---|
//! | incident | feed, space, id, version, status |
//! | perception | feed, space, id |
//! | observation with an id | feed, space, node, id |
//! | with a node and a sequence number | feed, node, number, time: numbers start again when a node does |
//! | any other observation | feed, space, sensor, node, metric, time, value, quality |
//!
//! An incident or perception without an id gets one: `import-` with the file's hash and its line. Times are those that
//! were sent.

use hashbrown::DefaultHashBuilder;
use std::hash::BuildHasher;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Kinds of identity, so that no two kinds share one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Incident = 1,
    Perception,
    ObservationId,
    Sequence,
    Content,
}

/// Fields of one row, one after the other, and their hash. Used again for the next row.
#[derive(Debug)]
pub(super) struct Fields {
    bytes: Vec<u8>,
    seed: u64,
}

/// The words of an observation that its identity may depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObservationFields<'a> {
    pub(super) feed: &'a str,
    pub(super) space: &'a str,
    pub(super) sensor: Option<&'a str>,
    pub(super) node: Option<&'a str>,
    pub(super) seq: Option<i64>,
    pub(super) id: Option<&'a str>,
    pub(super) metric: &'a str,
    /// As sent.
    pub(super) time_ms: i64,
    pub(super) value: f64,
    pub(super) quality: &'a str,
}

impl Fields {
    /// With a seed of its own: whoever writes an archive cannot choose rows that collide. No hash is ever stored.
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), seed: DefaultHashBuilder::default().hash_one(0u8) }
    }

    pub(super) fn of_incident(&mut self, feed: &str, space: &str, id: &str, version: i64, status: &str) -> u128 {
        self.begin(Kind::Incident).text(feed).text(space).text(id).number(version).text(status).hash()
    }

    pub(super) fn of_perception(&mut self, feed: &str, space: &str, id: &str) -> u128 {
        self.begin(Kind::Perception).text(feed).text(space).text(id).hash()
    }

    pub(super) fn of_observation(&mut self, row: &ObservationFields<'_>) -> u128 {
        if let Some(id) = row.id {
            return self.begin(Kind::ObservationId).text(row.feed).text(row.space).some(row.node).text(id).hash();
        }
        if let (Some(node), Some(seq)) = (row.node, row.seq) {
            return self.begin(Kind::Sequence).text(row.feed).text(node).number(seq).number(row.time_ms).hash();
        }
        // Doubles made of the same decimal have the same bits.
        let value = row.value.to_bits().cast_signed();
        self.begin(Kind::Content)
            .text(row.feed)
            .text(row.space)
            .some(row.sensor)
            .some(row.node)
            .text(row.metric)
            .number(row.time_ms)
            .number(value)
            .text(row.quality)
            .hash()
    }

    fn begin(&mut self, kind: Kind) -> &mut Self {
        self.bytes.clear();
        self.bytes.push(kind as u8);
        self
    }

    /// The length goes first, so that no field runs into the next.
    fn text(&mut self, text: &str) -> &mut Self {
        self.number(i64::try_from(text.len()).expect("a text is shorter than 2^63 bytes"));
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    fn some(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.number(-1),
        }
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn hash(&self) -> u128 {
        xxh3_128_with_seed(&self.bytes, self.seed)
    }
}

/// The id of an incident or perception whose source gave none.
#[must_use]
pub fn id_of_line(file: u128, line: u32) -> String {
    format!("import-{:016x}-{line}", file as u64)
}
