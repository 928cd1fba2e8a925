//! What the sequencer knows at a place of the log, as a part of a set of snapshots: names, offsets, times, identities.
//!
//! Taking it down is a copy (`Known::take_down`) while the sequencer stands still; names are added later, for they never change.
//! A start from it goes on with `Known::resumed`, reads the ids that were not carried again from the log, and knows then what it
//! would have known (`places`).

use crate::dedup::Dedup;
use crate::dedup::id_window::IdWindow;
use crate::dedup::seq_window::SeqWindow;
use crate::error::LogError;
use crate::identity::Identities;
use crate::interner::Interner;
use crate::known::Known;
use crate::lateness::{Lateness, Newest};
use crate::logged_names::{LoggedNames, Misfit};
use crate::partitions::Partitions;
use crate::places::{Place, Places};
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::names::{NameEntry, NameIx, NameKind};
use vigie_model::position::PartitionIx;

/// Version of the bytes.
const VERSION: u32 = 1;
/// Bytes of a piece.
const PIECE_BYTES: usize = 1 << 20;

/// What the sequencer knows at a place.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogState {
    version: u32,
    /// By kind, in the order of their indices.
    names: Vec<Vec<Arc<str>>>,
    next_sequence: u64,
    next_offsets: Vec<u64>,
    log_time_ms: i64,
    newest_event_ms: Option<i64>,
    last_tick_ms: i64,
    series: Vec<Newest>,
    identities: Identities,
    nodes: Vec<(NameIx, NameIx, SeqWindow)>,
    places: Places,
    carried: Vec<Carried>,
}

/// Ids of a partition that a start does not find in the log again.
#[derive(Debug, Serialize, Deserialize)]
struct Carried {
    /// Ids added up to the last of them.
    added: u64,
    /// Little-endian.
    ids: Vec<[u8; 16]>,
}

/// What was taken down, but for the names.
#[derive(Debug)]
pub struct TakenDown {
    state: LogState,
    logged: [NameIx; NameKind::ALL.len()],
    interner: Arc<Interner>,
}

/// What a start goes on from.
#[derive(Debug)]
pub struct Resumed {
    /// What the sequencer knew.
    pub state: LogState,
    /// The control record in force.
    pub control: Arc<Control>,
}

impl TakenDown {
    /// Sequence of the first record that a start from it needs.
    #[must_use]
    pub fn needed_from(&self) -> u64 {
        self.state.needed_from()
    }

    /// Hands it over in pieces. Cost: a copy of the names, which is why whoever took it down does not do it.
    pub fn hand_over(mut self, hand_over: &mut dyn FnMut(Vec<u8>) -> Vec<u8>) {
        let names = |kind: NameKind| match self.logged[kind as usize] {
            0 => Vec::new(),
            count => self.interner.range(kind, 0, count - 1),
        };
        self.state.names = NameKind::ALL.map(names).into();
        let bytes =
            postcard::to_allocvec(&self.state).expect("numbers and names have an encoding, and memory takes it");
        for piece in bytes.chunks(PIECE_BYTES) {
            hand_over(piece.to_vec());
        }
    }
}

impl LogState {
    /// Reads what [`TakenDown::hand_over`] wrote for a log with so many partitions.
    ///
    /// # Errors
    /// Why it cannot be gone on from.
    pub fn read(bytes: &[u8], partitions: PartitionIx) -> Result<Self, String> {
        let version = postcard::take_from_bytes::<u32>(bytes).ok().map(|(version, _)| version);
        if version != Some(VERSION) {
            let found = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(format!("the version of what the log knows is {found}, and this program reads {VERSION}"));
        }
        let state: Self = postcard::from_bytes(bytes).map_err(|_| "what the log knows cannot be read".to_owned())?;
        let is_of_all = [state.next_offsets.len(), state.carried.len()] == [usize::from(partitions); 2];
        let fits = is_of_all && state.names.len() == NameKind::ALL.len() && state.needed_from() <= state.next_sequence;
        if fits { Ok(state) } else { Err("what the log knows does not fit together".to_owned()) }
    }

    /// Sequence of the first record that it does not know.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// Sequence of the first record that a start from it needs.
    #[must_use]
    pub const fn needed_from(&self) -> u64 {
        self.places.ids_from()
    }

    /// Log time of the newest record that it knows.
    #[must_use]
    pub const fn log_time_ms(&self) -> i64 {
        self.log_time_ms
    }

    /// The offset of the next row of each partition.
    #[must_use]
    pub fn next_offsets(&self) -> &[u64] {
        &self.next_offsets
    }

    /// The dictionary up to its place.
    #[must_use]
    pub fn dictionary(&self) -> Vec<NameEntry> {
        let of_kind = |(kind, names): (NameKind, &Vec<Arc<str>>)| {
            let entries = (0..).zip(names).map(move |(index, name)| NameEntry { kind, index, name: Arc::clone(name) });
            entries.collect::<Vec<_>>()
        };
        NameKind::ALL.into_iter().zip(&self.names).flat_map(of_kind).collect()
    }
}

impl Known {
    /// Takes down what is known, when no row waits, for a set of snapshots that carries at most `carried_max` ids. Cost: a copy of
    /// 24 bytes for each series, 140 for each node that counts, and 16 for each id carried.
    pub(crate) fn take_down(&mut self, interner: &Arc<Interner>, carried_max: u64) -> TakenDown {
        let ids = self.dedup.ids();
        let (ids_added, promised): (_, Vec<Range<u64>>) = ids.iter().map(|ids| (ids.added(), ids.promised())).unzip();
        let place = Place { sequence: self.next_sequence, log_time_ms: self.log_time_ms, ids_added };
        let ranges = self.places.go_on(place, &promised, carried_max);
        let carried = self
            .dedup
            .ids()
            .iter()
            .zip(ranges)
            .map(|(ids, range)| Carried { added: range.end, ids: ids.ids(range).map(u128::to_le_bytes).collect() });
        let state = LogState {
            version: VERSION,
            names: Vec::new(),
            next_sequence: self.next_sequence,
            next_offsets: self.partitions.next_offsets(),
            log_time_ms: self.log_time_ms,
            newest_event_ms: self.newest_event_ms,
            last_tick_ms: self.last_tick_ms,
            series: self.lateness.series().to_vec(),
            identities: self.identities,
            nodes: self.dedup.nodes().collect(),
            carried: carried.collect(),
            places: self.places.clone(),
        };
        TakenDown { state, logged: self.names.logged(), interner: Arc::clone(interner) }
    }

    /// What was known at the place of a snapshot, but for the ids that stand in the log; `interner` learns its names.
    pub(crate) fn resumed(resumed: Resumed, settings: &Settings, interner: &Interner) -> Result<Self, LogError> {
        let Resumed { state, control } = resumed;
        let misfit = |misfit: Misfit| misfit.at(state.next_sequence);
        let mut names = LoggedNames::new(settings.partitions);
        names.learn(&state.dictionary(), interner).map_err(misfit)?;
        let mut partitions = Partitions::new(settings.partitions);
        for (partition, next_offset) in (0..settings.partitions).zip(&state.next_offsets) {
            partitions.move_to(partition, *next_offset);
        }
        let window = |Carried { added, ids }: Carried| {
            IdWindow::resumed(settings.ids_remembered, ids.into_iter().map(u128::from_le_bytes), added)
        };
        Ok(Self {
            names,
            identities: state.identities,
            dedup: Dedup::resumed(state.carried.into_iter().map(window).collect(), state.nodes),
            lateness: Lateness::resumed(&state.series),
            partitions,
            next_sequence: state.next_sequence,
            log_time_ms: state.log_time_ms,
            newest_event_ms: state.newest_event_ms,
            last_tick_ms: state.last_tick_ms,
            control: Some(control),
            places: state.places,
            ..Self::new(settings.partitions, 1)
        })
    }
}
