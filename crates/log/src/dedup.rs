//! Duplicates: what makes two rows the same, and the memory that finds them again.
//!
//! Identity (DESIGN.md, decision 13): `(feed, type, space, node, id)`; without an id `(feed, node, seq)`; else for files
//! `(file hash, line)`; else, for observations, their content. Incidents and perceptions without any of these are kept
//! and counted, never guessed to be the same.
//!
//! [`IdWindow`] remembers at least the last N ids in two generations of a hash set: when the younger is full the older
//! is forgotten. There is no order to keep, and the promise "within the last N" holds; some older ids are still found,
//! which only helps. Memory follows use: about 40 bytes for each id of a full generation, so a partition that really
//! sees its 4 Mi ids twice holds some 290 MB.

use hashbrown::{HashMap, HashSet};
use vigie_model::batch::{EventRef, Events, ObservationRow, Origin, Source};
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameIx};
use vigie_model::position::PartitionIx;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// Ids remembered per partition by default: the dedup window of the promise.
pub const IDS_REMEMBERED: usize = 4 << 20;
/// Sequence numbers below the highest that are told apart per node.
pub const SEQ_WINDOW: i64 = 1024;

/// Bytes of an identity hashed in one piece: six numbers and nearly every id there is.
const IDENTITY_BYTES: usize = 88;

/// What the log does with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Seen for the first time.
    New,
    /// Seen before: dropped.
    Duplicate,
    /// It has no identity: kept, and counted.
    Undeduplicated,
}

/// Finds duplicates over all partitions of a log.
#[derive(Debug)]
pub struct Dedup {
    ids: Vec<IdWindow>,
    nodes: HashMap<(NameIx, NameIx), SeqWindow>,
}

impl Dedup {
    /// Remembers the last `ids_remembered` ids of each of `partitions` partitions.
    #[must_use]
    pub fn new(partitions: PartitionIx, ids_remembered: usize) -> Self {
        Self { ids: (0..partitions).map(|_| IdWindow::new(ids_remembered)).collect(), nodes: HashMap::new() }
    }

    /// Judges entry `index` of `events`, which belongs to `partition`, and remembers it.
    pub fn judge(&mut self, events: &Events, index: usize, partition: PartitionIx) -> Verdict {
        let origin = events.origin[index];
        let identity = match events.order[index] {
            EventRef::Observation(row) => Identity::of_observation(&events.observations.row(row as usize), origin),
            EventRef::Incident(row) => Identity::of_incident(&events.incidents[row as usize], origin),
            EventRef::Perception(row) => Identity::of_perception(&events.perceptions[row as usize], origin),
        };
        self.judge_identity(identity, partition)
    }

    /// Judges an event of `partition` by its identity, and remembers it.
    pub fn judge_identity(&mut self, identity: Identity, partition: PartitionIx) -> Verdict {
        match identity {
            Identity::Hash(hash) => self.ids[usize::from(partition)].judge(hash),
            Identity::Sequence { feed, node, seq } => self.nodes.entry((feed, node)).or_default().judge(seq),
            Identity::None => Verdict::Undeduplicated,
        }
    }
}

/// What makes an event the same event when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Its id, its place in a file, or its content.
    Hash(u128),
    /// The number its node gave it.
    Sequence {
        /// Feed.
        feed: NameIx,
        /// Node.
        node: NameIx,
        /// Number.
        seq: i64,
    },
    /// Nothing.
    None,
}

impl Identity {
    /// Of an observation as it was sent: before its event time was moved.
    #[must_use]
    pub fn of_observation(row: &ObservationRow<'_>, origin: Origin) -> Self {
        match (row.id, row.seq, origin.source) {
            (Some(id), _, _) => Self::of_id(0, row.feed, row.space, row.node, id),
            (None, Some(seq), _) if row.node != NO_NAME => Self::Sequence { feed: row.feed, node: row.node, seq },
            (None, _, Source::File(file)) => Self::of_line(file, origin.line),
            (None, _, Source::Peer) => Self::Hash(content_hash(row)),
        }
    }

    /// Of an incident.
    #[must_use]
    pub fn of_incident(row: &Incident, origin: Origin) -> Self {
        Self::of_report(1, row.feed, row.space, row.node, row.id.as_deref(), origin)
    }

    /// Of a perception.
    #[must_use]
    pub fn of_perception(row: &Perception, origin: Origin) -> Self {
        Self::of_report(2, row.feed, row.space, NO_NAME, row.id.as_deref(), origin)
    }

    fn of_report(kind: u32, feed: NameIx, space: NameIx, node: NameIx, id: Option<&str>, origin: Origin) -> Self {
        match (id, origin.source) {
            (Some(id), _) => Self::of_id(kind, feed, space, node, id),
            (None, Source::File(file)) => Self::of_line(file, origin.line),
            (None, Source::Peer) => Self::None,
        }
    }

    fn of_id(kind: u32, feed: NameIx, space: NameIx, node: NameIx, id: &str) -> Self {
        Self::Hash(hash_of(&[0, kind, feed, space, node], id.as_bytes()))
    }

    /// The log does not keep it: rows of a file are told apart within one start of a log.
    fn of_line(file: u128, line: u32) -> Self {
        Self::Hash(hash_of(&[1, line], &file.to_le_bytes()))
    }
}

fn content_hash(row: &ObservationRow<'_>) -> u128 {
    let mut numbers = [0u8; 17];
    numbers[..8].copy_from_slice(&row.value.micros().to_le_bytes());
    numbers[8..16].copy_from_slice(&row.event_time_ms.to_le_bytes());
    numbers[16] = row.quality as u8;
    hash_of(&[2, row.feed, row.space, row.sensor, row.node, row.metric], &numbers)
}

/// A 128-bit hash over fixed-width words and the bytes after them; the first word tells the kinds of identity apart.
fn hash_of(words: &[u32], bytes: &[u8]) -> u128 {
    // In one piece it takes a fraction of the time, and is the same hash.
    let mut piece = [0; IDENTITY_BYTES];
    let start = size_of_val(words);
    if let Some(place) = piece.get_mut(start..start + bytes.len()) {
        place.copy_from_slice(bytes);
        for (place, word) in piece.chunks_exact_mut(size_of::<u32>()).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        return xxh3_128(&piece[..start + bytes.len()]);
    }
    let mut hasher = Xxh3::new();
    for word in words {
        hasher.update(&word.to_le_bytes());
    }
    hasher.update(bytes);
    hasher.digest128()
}

/// The last N ids, in two generations.
#[derive(Debug)]
pub struct IdWindow {
    remembered: usize,
    young: HashSet<u128>,
    old: HashSet<u128>,
}

impl IdWindow {
    /// A window over at least the last `remembered` ids.
    #[must_use]
    pub fn new(remembered: usize) -> Self {
        Self { remembered: remembered.max(1), young: HashSet::new(), old: HashSet::new() }
    }

    /// Judges an id and remembers it. Cost: two look-ups, amortised.
    pub fn judge(&mut self, id: u128) -> Verdict {
        if self.old.contains(&id) || !self.young.insert(id) {
            return Verdict::Duplicate;
        }
        if self.young.len() >= self.remembered {
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
        }
        Verdict::New
    }
}

/// The highest sequence number of a node and which of the 1,024 below it were seen.
#[derive(Debug, Default)]
pub struct SeqWindow {
    highest: Option<i64>,
    /// Bit `seq mod 1024`: seen, for the numbers in `(highest - 1024, highest]`.
    seen: [u64; (SEQ_WINDOW / 64) as usize],
}

impl SeqWindow {
    /// Judges a sequence number and remembers it. A number older than the window, as after a reboot of the node, is
    /// kept: dropping it would lose data.
    pub fn judge(&mut self, seq: i64) -> Verdict {
        let highest = match self.highest {
            Some(highest) if seq <= highest => {
                if highest.abs_diff(seq) >= SEQ_WINDOW.unsigned_abs() {
                    return Verdict::Undeduplicated;
                }
                return if self.set(seq) { Verdict::Duplicate } else { Verdict::New };
            }
            Some(highest) => highest,
            None => seq.saturating_sub(SEQ_WINDOW),
        };
        if highest.abs_diff(seq) >= SEQ_WINDOW.unsigned_abs() {
            self.seen = Default::default();
        } else {
            for passed in highest + 1..=seq {
                self.clear(passed);
            }
        }
        self.highest = Some(seq);
        self.set(seq);
        Verdict::New
    }

    /// Sets the bit of `seq`; whether it was set before.
    fn set(&mut self, seq: i64) -> bool {
        let (word, bit) = Self::place(seq);
        let before = self.seen[word] & bit != 0;
        self.seen[word] |= bit;
        before
    }

    fn clear(&mut self, seq: i64) {
        let (word, bit) = Self::place(seq);
        self.seen[word] &= !bit;
    }

    fn place(seq: i64) -> (usize, u64) {
        let slot = seq.rem_euclid(SEQ_WINDOW);
        ((slot / 64) as usize, 1 << (slot % 64))
    }
}

#[cfg(test)]
mod tests;
