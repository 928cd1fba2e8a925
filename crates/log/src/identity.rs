//! Identity: what makes an event the same event when it comes again (DESIGN.md, decision 13).
//!
//! `(feed, type, space, node, id)`, and of incidents, which their sources correct, `version` and `status` besides; without
//! an id `(feed, node, seq)`; else for files `(file hash, line)`; else, for observations, their content. Incidents and
//! perceptions without any of these are kept and counted, never guessed to be the same.
//!
//! Hashes have a seed of their own in every process: whoever sends events cannot choose ids that collide, neither to have
//! those of others dropped nor to make looking them up slow. A start from the beginning of the log makes them again; one from a
//! set of snapshots finds some there, and goes on with their seed, which nobody outside ever sees.

use hashbrown::DefaultHashBuilder;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;
use vigie_model::batch::{EventRef, Events, Observations, Origin, Source};
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameIx};
use xxhash_rust::xxh3::{Xxh3, xxh3_128_with_seed};

/// Bytes of an identity hashed in one piece: six numbers and nearly every id there is.
const IDENTITY_BYTES: usize = 88;

/// What makes an event the same event when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Its id, its place in a file, or its content.
    Hash(u128),
    /// The id of a report, and that of one version of it.
    Versioned {
        /// Its id.
        report: u128,
        /// Its id, version and status.
        version: u128,
    },
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

/// Makes the identities of one start of a log, and of starts from its snapshots; those of another one differ.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Identities {
    seed: u64,
}

impl Default for Identities {
    fn default() -> Self {
        Self { seed: DefaultHashBuilder::default().hash_one(0u8) }
    }
}

impl Identities {
    /// Of entry `index` of a batch.
    #[must_use]
    #[inline]
    pub fn of_event(&self, events: &Events, index: usize) -> Identity {
        match events.order[index] {
            EventRef::Observation(row) => {
                self.of_observation(&events.observations, row as usize, || events.origin[index])
            }
            EventRef::Incident(row) => self.of_incident(&events.incidents[row as usize], events.origin[index]),
            EventRef::Perception(row) => self.of_perception(&events.perceptions[row as usize], events.origin[index]),
        }
    }

    /// Of an observation as it was sent: before its event time was moved. Its origin is asked for only without an id.
    #[must_use]
    #[inline]
    pub fn of_observation(&self, rows: &Observations, row: usize, origin: impl FnOnce() -> Origin) -> Identity {
        let (feed, node) = (rows.feed[row], rows.node[row]);
        if let Some(id) = rows.id(row) {
            return Identity::Hash(self.of_id(0, feed, rows.space[row], node, id));
        }
        if let Some(seq) = rows.seq[row].filter(|_| node != NO_NAME) {
            return Identity::Sequence { feed, node, seq };
        }
        match origin() {
            Origin { source: Source::File(file), line } => self.of_line(file, line),
            Origin { source: Source::Peer, .. } => self.of_content(rows, row),
        }
    }

    /// Of an incident.
    #[must_use]
    pub fn of_incident(&self, row: &Incident, origin: Origin) -> Identity {
        let identity = self.of_report(1, row.feed, row.space, row.node, row.id.as_deref(), origin);
        match (identity, &row.id) {
            (Identity::Hash(report), Some(_)) => {
                Identity::Versioned { report, version: self.of_version(report, row.version, &row.status) }
            }
            _ => identity,
        }
    }

    /// Of a perception.
    #[must_use]
    pub fn of_perception(&self, row: &Perception, origin: Origin) -> Identity {
        self.of_report(2, row.feed, row.space, NO_NAME, row.id.as_deref(), origin)
    }

    fn of_report(
        &self,
        kind: u32,
        feed: NameIx,
        space: NameIx,
        node: NameIx,
        id: Option<&str>,
        origin: Origin,
    ) -> Identity {
        match (id, origin.source) {
            (Some(id), _) => Identity::Hash(self.of_id(kind, feed, space, node, id)),
            (None, Source::File(file)) => self.of_line(file, origin.line),
            (None, Source::Peer) => Identity::None,
        }
    }

    fn of_id(&self, kind: u32, feed: NameIx, space: NameIx, node: NameIx, id: &str) -> u128 {
        self.hash_of([0, kind, feed, space, node], id.as_bytes())
    }

    fn of_version(&self, report: u128, version: i64, status: &str) -> u128 {
        let [low, high] = [report as u64, (report >> 64) as u64];
        let words = [3, low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32];
        let mut bytes = version.to_le_bytes().to_vec();
        bytes.extend_from_slice(status.as_bytes());
        self.hash_of(words, &bytes)
    }

    /// The log does not keep it: rows of a file are told apart within one start of a log.
    fn of_line(&self, file: u128, line: u32) -> Identity {
        Identity::Hash(self.hash_of([1, line], &file.to_le_bytes()))
    }

    fn of_content(&self, rows: &Observations, row: usize) -> Identity {
        let sent_ms = rows.sent_time_ms[row].unwrap_or(rows.event_time_ms[row]);
        let mut numbers = [0u8; 17];
        numbers[..8].copy_from_slice(&rows.value_micros[row].to_le_bytes());
        numbers[8..16].copy_from_slice(&sent_ms.to_le_bytes());
        numbers[16] = rows.quality[row] as u8;
        let names = [2, rows.feed[row], rows.space[row], rows.sensor[row], rows.node[row], rows.metric[row]];
        Identity::Hash(self.hash_of(names, &numbers))
    }

    /// A 128-bit hash over fixed-width words and the bytes after them; the first word tells the kinds of identity apart.
    fn hash_of<const WORDS: usize>(&self, words: [u32; WORDS], bytes: &[u8]) -> u128 {
        // In one piece it takes a fraction of the time, and is the same hash.
        let mut piece = [0; IDENTITY_BYTES];
        let start = size_of_val(&words);
        if let Some(place) = piece.get_mut(start..start + bytes.len()) {
            place.copy_from_slice(bytes);
            for (place, word) in piece.chunks_exact_mut(size_of::<u32>()).zip(words) {
                place.copy_from_slice(&word.to_le_bytes());
            }
            return xxh3_128_with_seed(&piece[..start + bytes.len()], self.seed);
        }
        let mut hasher = Xxh3::with_seed(self.seed);
        for word in words {
            hasher.update(&word.to_le_bytes());
        }
        hasher.update(bytes);
        hasher.digest128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_in_one_piece_is_the_hash_of_the_pieces() {
        let bytes: Vec<u8> = (0..=200).collect();
        for length in 0..bytes.len() {
            let mut hasher = Xxh3::with_seed(5);
            [7u32, 8, 9].iter().for_each(|word| hasher.update(&word.to_le_bytes()));
            hasher.update(&bytes[..length]);
            let whole = Identities { seed: 5 }.hash_of([7, 8, 9], &bytes[..length]);
            assert_eq!(whole, hasher.digest128(), "{length} bytes");
        }
    }

    #[test]
    fn another_start_has_other_hashes() {
        let hash = |seed| Identities { seed }.of_id(0, 1, 2, 3, "a");
        assert_ne!(hash(1), hash(2));
    }
}
