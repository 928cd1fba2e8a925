//! A sequencer that goes on from a set knows what the one that took it knew.

use super::*;
use crate::clock::{Limit, LogClock};
use crate::disk::SystemDisk;
use crate::interner::Interner;
use crate::receipt::Receipt;
use crate::segments::header::LogIdentity;
use crate::segments::log::{OpenedLog, SegmentLog};
use crate::segments::options::LogOptions;
use crate::sequencer::{Sequencer, Settings};
use crate::state::{LogState, Resumed};
use std::path::Path;
use std::sync::Arc;
use vigie_model::batch::{Events, ObservationRow, Origin, Quality};
use vigie_model::control::{Control, ENGINE_SEMANTICS};
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameKind};
use vigie_model::record::Record;
use vigie_model::severity::Severity;

const START_MS: i64 = 1_700_000_000_000;
const PARTITIONS: u16 = 4;
/// Few, so that windows move on.
const IDS_REMEMBERED: usize = 60;
const LOG_ID: &str = "00112233445566778899aabbccddeeff";

/// Ids that may come again, of those made last: fewer than are remembered, so that what is promised decides.
const IDS_REPEATED: u64 = 40;

/// Numbers that a seed fixes.
struct Dice {
    state: u64,
    ids_made: u64,
}

impl Dice {
    fn of(seed: u64) -> Self {
        Self { state: seed, ids_made: IDS_REPEATED }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % end
    }

    fn id(&mut self) -> String {
        let back = if self.below(3) == 0 { 1 + self.below(IDS_REPEATED) } else { 0 };
        self.ids_made += u64::from(back == 0);
        format!("id-{}", self.ids_made - back)
    }
}

fn stamp() -> Stamp {
    let log_id = LOG_ID.into();
    Stamp { log_id, semantics: ENGINE_SEMANTICS, control: [0; 32], partitions: PARTITIONS, next_sequence: 0 }
}

fn settings(ids_carried_max: u64) -> Settings {
    Settings {
        partitions: PARTITIONS,
        ids_remembered: IDS_REMEMBERED,
        ids_carried_max,
        age_max_ms: Some(5_000),
        ..Settings::new(LOG_ID.into())
    }
}

/// A life of a log: its sequencer, and what its one role reads.
struct Life {
    sequencer: Sequencer<SegmentLog>,
    reader: crate::ring::Reader<Arc<Record>>,
    limit: Limit,
    now_ms: i64,
}

impl Life {
    fn start(folder: &Path, now_ms: i64, carried_max: u64, resumed: Option<Resumed>) -> Self {
        let needed_from = resumed.as_ref().map_or(0, |resumed| resumed.state.needed_from());
        let options = LogOptions { segment_bytes: 1 << 12, needed_from, ..LogOptions::new(folder.join("log")) };
        let identity = LogIdentity { log_id: LOG_ID.into(), partitions: PARTITIONS };
        let opened = SegmentLog::open(Arc::new(SystemDisk), options, identity, 1 << 20, 1).unwrap();
        let OpenedLog { log, mut readers, .. } = opened;
        let limit = Limit::at(now_ms);
        let clock = LogClock::anchored(now_ms, 1e12, limit.clone());
        let interner = Arc::new(Interner::new(1_000));
        let mut sequencer = Sequencer::recalled(settings(carried_max), clock, log, interner, resumed).unwrap();
        let control = Control { time_zone: "UTC".into(), tick_ms: 1_000, ..Control::default() };
        sequencer.begin(Arc::new(control), None).unwrap();
        Self { sequencer, reader: readers.pop().unwrap(), limit, now_ms }
    }

    /// Lets a second pass.
    fn tick(&mut self) {
        self.now_ms += 1_000;
        self.limit.move_to(self.now_ms);
        self.sequencer.tick().unwrap();
        self.sequencer.commit().unwrap();
    }

    /// Some events, most of one space, many of them sent before.
    fn send(&mut self, dice: &mut Dice) -> Receipt {
        let interner = Arc::clone(self.sequencer.interner());
        let mut events = Events::default();
        for _ in 0..dice.below(12) {
            let space = if dice.below(4) > 0 { 0 } else { dice.below(20) };
            let name = |kind, text: String| interner.intern(kind, &text).unwrap();
            let (feed, space) = (name(NameKind::Feed, "f".into()), name(NameKind::Space, format!("space-{space}")));
            let id = dice.id();
            let event_time_ms = self.now_ms - dice.below(3_000).cast_signed();
            if dice.below(8) == 0 {
                let incident = Incident {
                    feed,
                    space,
                    sensor: NO_NAME,
                    node: NO_NAME,
                    id: Some(id),
                    category: "theft".into(),
                    severity: Severity::High,
                    channel: String::new(),
                    source_reliability: None,
                    status: String::new(),
                    version: 1,
                    text: None,
                    event_time_ms,
                    sent_time_ms: None,
                    reported_time_ms: None,
                    log_time_ms: 0,
                    flags: 0,
                };
                events.push_incident(incident, Origin::default());
                continue;
            }
            let by_number = dice.below(4) == 0;
            let row = ObservationRow {
                feed,
                space,
                metric: name(NameKind::Metric, format!("m{}", dice.below(2))),
                sensor: NO_NAME,
                node: name(NameKind::Node, format!("n{}", dice.below(5))),
                seq: by_number.then(|| dice.below(2_000).cast_signed()),
                id: (!by_number).then_some(&*id),
                value: "1".parse().unwrap(),
                event_time_ms,
                sent_time_ms: None,
                log_time_ms: 0,
                quality: Quality::Good,
                flags: 0,
            };
            events.push_observation(row, Origin::default());
        }
        let receipt = self.sequencer.take(&events).unwrap();
        self.sequencer.commit().unwrap();
        receipt
    }

    /// All records so far, as text.
    fn records(&mut self) -> Vec<String> {
        let mut records = Vec::new();
        self.reader.waker().wake();
        self.reader.take(&mut records);
        records.iter().map(|record| format!("{record:?}")).collect()
    }
}

/// The newest set of a folder, which has the sequencer's part alone.
fn newest(folder: &Path) -> Resumed {
    let snapshots = Snapshots::open(Arc::new(SystemDisk), &folder.join("snapshots")).unwrap();
    let (sets, refused) = snapshots.sets(&stamp()).unwrap();
    assert!(refused.is_empty(), "{refused:?}");
    let set = &sets[0];
    let mut room = Vec::new();
    let state = LogState::read(snapshots.read(set, "log", &mut room).unwrap(), PARTITIONS).unwrap();
    let control = SegmentLog::control_named(Arc::new(SystemDisk), &folder.join("log"), set.stamp().control).unwrap();
    assert!(LogState::read(&room[..20], PARTITIONS).is_err() && LogState::read(&[], PARTITIONS).is_err());
    Resumed { state, control }
}

/// One life with sets and segments that go, in another folder one with neither; then both go on, one from its set, one from its log.
/// How many sets there were, and how many records had to be read again for their ids.
fn run(seed: u64, carried_max: u64) -> (usize, u64) {
    let (place, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut dice = [Dice::of(seed), Dice::of(seed)];
    let mut lives = [&place, &whole].map(|folder| Life::start(folder.path(), START_MS, carried_max, None));
    let snapshots = Snapshots::open(Arc::new(SystemDisk), &place.path().join("snapshots")).unwrap();
    let cuts = Arc::new(Cuts::new(snapshots, 10_000, 0, START_MS + 1_000));
    lives[0].sequencer.take_snapshots(Arc::clone(&cuts));
    let seconds = 30 + dice[0].below(60);
    dice[1].below(60);
    let (mut sets, mut kept) = (0, None);
    for _ in 0..seconds {
        for (life, dice) in lives.iter_mut().zip(&mut dice) {
            life.send(dice);
            life.tick();
        }
        if cuts.shared().taken_down.is_some() {
            assert!(cuts.next("log"));
            let open = cuts.all_parts().unwrap();
            let (log_time_ms, needed_from) = (open.log_time_ms, open.needed_from);
            let set = open.writer.commit(kept.clone()).unwrap();
            kept = Some(set.stamp().clone());
            cuts.forget(needed_from);
            cuts.finished(log_time_ms);
            sets += 1;
        }
    }
    let now_ms = lives[0].now_ms;
    let [mut sectioned, mut complete] = lives;
    assert_eq!(sectioned.records(), complete.records(), "seed {seed}");
    drop((sectioned, complete));
    let resumed = newest(place.path());
    let needed_from = resumed.state.needed_from();
    let (first, mut one) =
        (resumed.state.next_sequence(), Life::start(place.path(), now_ms, carried_max, Some(resumed)));
    let mut other = Life::start(whole.path(), now_ms, carried_max, None);
    let all = other.records();
    assert_eq!(one.records(), all[usize::try_from(first).unwrap()..], "seed {seed}");
    for _ in 0..25 {
        let receipts = [&mut one, &mut other].into_iter().zip(&mut dice).map(|(life, dice)| {
            let receipt = life.send(dice);
            life.tick();
            format!("{receipt:?}")
        });
        let receipts: Vec<_> = receipts.collect();
        assert_eq!(receipts[0], receipts[1], "seed {seed}");
    }
    assert_eq!(one.records(), other.records(), "seed {seed}");
    (sets, first - needed_from)
}

#[test]
fn a_sequencer_that_goes_on_knows_what_it_knew() {
    let (mut sets, mut read_again) = (0, 0);
    for seed in 0..5 {
        for carried_max in [0, 30, 1_000] {
            let (taken, again) = run(seed, carried_max);
            (sets, read_again) = (sets + taken, read_again + again);
            assert!(carried_max < 1_000 || again == 0, "everything is carried");
        }
    }
    assert!(sets > 50 && read_again > 100, "{sets} sets, {read_again} records read again");
}
