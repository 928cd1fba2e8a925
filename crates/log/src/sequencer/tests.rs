use super::*;
use crate::clock::Limit;
use crate::ring::Reader;
use crate::store::MemoryLog;
use proptest::prelude::*;
use vigie_model::alert::AlertId;
use vigie_model::batch::{ObservationRow, Origin, Quality, flags};
use vigie_model::command::{Action, AlertDeed};
use vigie_model::control::SourceFile;
use vigie_model::decimal::Decimal;
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameKind, Names};
use vigie_model::position::PartitionIx;
use vigie_model::record::Record;
use vigie_model::severity::Severity;

fn control() -> Arc<Control> {
    Arc::new(Control {
        centre: "test".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: Vec::new(),
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    })
}

/// A control record of which only one text matters.
fn rules(text: &str) -> Arc<Control> {
    let file = SourceFile { path: "r.yaml".into(), text: text.into() };
    Arc::new(Control { rules: vec![file], ..Control::clone(&control()) })
}

/// A sequencer over a memory log wide enough not to block, and its one reader.
fn sequencer(clock: LogClock, partitions: PartitionIx) -> (Sequencer<MemoryLog>, Reader<Arc<Record>>) {
    let (store, mut readers) = MemoryLog::new(1 << 20, 1);
    let settings = Settings { partitions, ..Settings::new("log".into()) };
    let interner = Arc::new(Interner::new(1000));
    let sequencer = Sequencer::start(settings, clock, store, interner, control()).unwrap();
    (sequencer, readers.pop().unwrap())
}

/// Observations `(space, id, event time)` as one request.
fn events(interner: &Interner, rows: &[(&str, &str, i64)]) -> Events {
    let mut events = Events::default();
    for (space, id, event_time_ms) in rows {
        let row = ObservationRow {
            feed: interner.intern(NameKind::Feed, "f").unwrap(),
            space: interner.intern(NameKind::Space, space).unwrap(),
            metric: interner.intern(NameKind::Metric, "m").unwrap(),
            sensor: NO_NAME,
            node: NO_NAME,
            seq: None,
            id: Some(id),
            value: Decimal::from_micros(1),
            event_time_ms: *event_time_ms,
            sent_time_ms: None,
            log_time_ms: 0,
            quality: Quality::Good,
            flags: 0,
        };
        events.push_observation(row, Origin::default());
    }
    events
}

/// An incident at the place, time and with the id of an observation.
fn incident(row: &ObservationRow<'_>) -> Incident {
    Incident {
        feed: row.feed,
        id: row.id.map(str::to_owned),
        space: row.space,
        node: NO_NAME,
        sensor: NO_NAME,
        category: "c".into(),
        severity: Severity::Low,
        channel: String::new(),
        source_reliability: None,
        status: String::new(),
        version: 1,
        text: None,
        event_time_ms: row.event_time_ms,
        reported_time_ms: None,
        sent_time_ms: None,
        log_time_ms: 0,
        flags: 0,
    }
}

fn records(mut sequencer: Sequencer<MemoryLog>, mut reader: Reader<Arc<Record>>) -> Vec<Arc<Record>> {
    sequencer.commit().unwrap();
    drop(sequencer);
    let mut records = Vec::new();
    while reader.take(&mut records) {}
    records
}

/// The log in short words, for comparing.
fn words(records: &[Arc<Record>]) -> Vec<String> {
    let mut names = Names::default();
    records
        .iter()
        .filter_map(|record| match &record.payload {
            Payload::Control(control) => control.rules.first().map(|file| format!("control {}", file.text)),
            Payload::Dictionary(entries) => {
                names.learn(entries);
                None
            }
            Payload::IntakeUp => Some(format!("up@{}", record.log_time_ms)),
            Payload::Tick { tick_ms } => Some(format!("tick {tick_ms}@{}", record.log_time_ms)),
            Payload::Observations(batch) => Some(
                (0..batch.rows.len())
                    .map(|index| {
                        let row = batch.rows.row(index);
                        let space = names.name(NameKind::Space, row.space);
                        let offset = batch.first_offset + index as u64;
                        let late = if row.flags & flags::LATE == 0 { "" } else { " late" };
                        format!("{space}#{offset} {}@{}{late}", row.event_time_ms, row.log_time_ms)
                    })
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            Payload::Command(command) => Some(format!("command {}", command.action_id)),
            Payload::Gap(gap) => Some(format!("gap {:?}@{}", gap.next_offsets, record.log_time_ms)),
            Payload::Seeds(seeds) => Some(format!("seeds {}@{}", seeds.rule_uid, record.log_time_ms)),
            Payload::Incidents(batch) => Some(format!("{:?}#{} {:?}", batch.partition, batch.first_offset, batch.rows)),
            Payload::Perceptions(_) => unreachable!("these tests send none"),
        })
        .collect()
}

#[test]
fn a_replay_ticks_before_each_row_and_a_day_after_the_last() {
    let (mut sequencer, reader) = sequencer(LogClock::Data, 1);
    let interner = Arc::clone(sequencer.interner());
    let rows = [("a", "1", 5_500), ("a", "2", 5_900), ("a", "2", 9_000), ("b", "3", 8_000), ("b", "4", 7_000)];
    let receipt = sequencer.take(&events(&interner, &rows)).unwrap();
    assert_eq!((receipt.accepted, receipt.duplicates, receipt.late), (4, 1, 1));
    sequencer.finish_replay().unwrap();
    assert_eq!(
        words(&records(sequencer, reader)),
        [
            "up@5500",
            "a#0 5500@5500, a#1 5900@5900",
            "tick 8000@8000",
            "b#2 8000@8000, b#3 7000@8000 late",
            "tick 86408000@86408001",
        ]
    );
}

#[test]
fn a_running_clock_moves_only_event_times_far_ahead_and_says_why() {
    let (mut sequencer, reader) = sequencer(LogClock::anchored(1_000_000_000, 1.0, Limit::at(i64::MAX)), 4);
    let interner = Arc::clone(sequencer.interner());
    let rows = [("a", "1", 1_000_000_000), ("a", "2", 9_000_000_000), ("a", "3", 5)];
    let receipt = sequencer.take(&events(&interner, &rows)).unwrap();
    assert_eq!((receipt.accepted, receipt.time_adjusted), (3, 1));
    assert!(receipt.notes[0].contains("ahead of the clock of this demo"), "{:?}", receipt.notes);
    let records = records(sequencer, reader);
    let batch = records
        .iter()
        .find_map(|record| match &record.payload {
            Payload::Observations(batch) => Some(batch),
            _ => None,
        })
        .unwrap();
    let moved = batch.rows.row(1);
    assert_eq!((moved.event_time_ms, moved.sent_time_ms), (moved.log_time_ms, Some(9_000_000_000)));
    assert_eq!(moved.flags & flags::TIME_ADJUSTED, flags::TIME_ADJUSTED);
    assert_eq!(batch.rows.row(2).event_time_ms, 5);
}

#[test]
fn commands_stand_at_their_place() {
    let (mut sequencer, reader) = sequencer(LogClock::anchored(1_000_000, 1.0, Limit::at(i64::MAX)), 1);
    let interner = Arc::clone(sequencer.interner());
    sequencer.take(&events(&interner, &[("a", "1", 1)])).unwrap();
    let command = Command {
        action_id: "c1".into(),
        operator: "eve".into(),
        note: None,
        log_time_ms: 0,
        action: Action::Alert { alert_id: AlertId::from_text("x"), deed: AlertDeed::Unshelve },
    };
    sequencer.command(command).unwrap();
    sequencer.take(&events(&interner, &[("a", "2", 2)])).unwrap();
    let words = words(&records(sequencer, reader));
    let place = |start: &str| words.iter().position(|word| word.starts_with(start)).unwrap();
    assert!(place("a#0") < place("command c1") && place("command c1") < place("a#1"), "{words:?}");
}

#[test]
fn rules_change_between_the_rows_before_and_those_after_and_only_when_they_differ() {
    let (mut sequencer, reader) = sequencer(LogClock::anchored(1_000_000, 1.0, Limit::at(i64::MAX)), 1);
    let interner = Arc::clone(sequencer.interner());
    assert_eq!(
        sequencer.change_control(&control()).unwrap(),
        ControlChange::Same,
        "these rules stand in the log already"
    );
    sequencer.take(&events(&interner, &[("a", "1", 1)])).unwrap();
    assert_eq!(sequencer.change_control(&rules("x")).unwrap(), ControlChange::Written);
    assert_eq!(sequencer.control(), Some(&rules("x")));
    sequencer.take(&events(&interner, &[("a", "2", 2)])).unwrap();
    assert_eq!(sequencer.change_control(&rules("x")).unwrap(), ControlChange::Same);
    assert_eq!(sequencer.change_control(&rules("y")).unwrap(), ControlChange::Written);
    assert_eq!(sequencer.change_control(&rules("x")).unwrap(), ControlChange::Written, "rules may come back");
    sequencer.take(&events(&interner, &[("a", "3", 3)])).unwrap();
    let words = words(&records(sequencer, reader));
    let told: Vec<_> = words.iter().filter(|word| word.starts_with("control") || word.starts_with("a#")).collect();
    assert!(told[0].starts_with("a#0") && told[2].starts_with("a#1") && told[5].starts_with("a#2"), "{words:?}");
    assert_eq!([told[1], told[3], told[4]], ["control x", "control y", "control x"]);
}

#[test]
fn seeds_stand_behind_the_rows_taken_before_them() {
    let (mut sequencer, reader) = sequencer(LogClock::anchored(1_000_000, 1.0, Limit::at(1_000_000)), 1);
    let interner = Arc::clone(sequencer.interner());
    sequencer.take(&events(&interner, &[("a", "1", 1)])).unwrap();
    sequencer.seeds(&Arc::new(Seeds { rule_uid: "r".into(), ..Seeds::default() })).unwrap();
    sequencer.take(&events(&interner, &[("a", "2", 2)])).unwrap();
    let expected = ["up@1000000", "tick 1000000@1000000", "a#0 1@1000000", "seeds r@1000000", "a#1 2@1000000"];
    assert_eq!(words(&records(sequencer, reader)), expected);
}

#[test]
fn a_log_that_goes_on_compares_with_its_newest_control_record() {
    let (store, mut readers) = MemoryLog::new(1 << 20, 1);
    let clock = LogClock::anchored(1_000_000, 1.0, Limit::at(i64::MAX));
    let mut sequencer =
        Sequencer::recalled(Settings::new("log".into()), clock, store, Arc::new(Interner::new(1000)), None).unwrap();
    assert_eq!(sequencer.control(), None, "an empty log has none");
    sequencer.begin(rules("x"), None).unwrap();
    assert_eq!(sequencer.change_control(&rules("x")).unwrap(), ControlChange::Same, "the first one counts");
    let words = words(&records(sequencer, readers.remove(0)));
    assert_eq!(words.iter().filter(|word| word.starts_with("control")).count(), 1, "{words:?}");
}

proptest! {
    /// Whatever the sizes of requests: offsets are contiguous per partition, log time never decreases, sequences have
    /// no gaps, and every index is named before it is used.
    #[test]
    fn the_log_keeps_its_invariants(
        rows in prop::collection::vec((0u8..12, 0u16..200, 0i64..100_000), 1..120),
        request in 1usize..40,
        partitions in 1u16..8,
    ) {
        let (mut sequencer, reader) = sequencer(LogClock::Data, partitions);
        let interner = Arc::clone(sequencer.interner());
        let texts: Vec<_> = rows.iter().map(|(space, id, time)| (format!("s{space}"), id.to_string(), *time)).collect();
        let rows: Vec<_> = texts.iter().map(|(space, id, time)| (space.as_str(), id.as_str(), *time)).collect();
        let mut accepted = 0;
        for rows in rows.chunks(request) {
            accepted += sequencer.take(&events(&interner, rows)).unwrap().accepted;
        }
        sequencer.finish_replay().unwrap();
        let mut names = Names::default();
        let mut next = vec![0; usize::from(partitions)];
        let mut last_ms = i64::MIN;
        for (sequence, record) in records(sequencer, reader).iter().enumerate() {
            prop_assert_eq!(record.sequence, sequence as u64);
            prop_assert!(record.log_time_ms >= last_ms);
            last_ms = record.log_time_ms;
            match &record.payload {
                Payload::Dictionary(entries) => names.learn(entries),
                Payload::Observations(batch) => {
                    let place = &mut next[usize::from(batch.partition)];
                    prop_assert_eq!(batch.first_offset, *place);
                    *place += batch.rows.len() as u64;
                    for space in &batch.rows.space {
                        prop_assert!(names.get(NameKind::Space, *space).is_some());
                    }
                }
                _ => {}
            }
        }
        prop_assert_eq!(next.iter().sum::<u64>(), accepted);
    }

    /// The log of a replay does not depend on the size of requests: one row at a time gives what many together do, with
    /// incidents and repeats between them.
    #[test]
    fn a_replay_is_the_same_in_any_pieces(
        rows in prop::collection::vec((0u8..12, 0u16..200, 0i64..30_000, prop::bool::weighted(0.1)), 1..200),
        request in 2usize..90,
        partitions in 1u16..8,
    ) {
        let logged = |request: usize| {
            let (mut sequencer, reader) = sequencer(LogClock::Data, partitions);
            let (interner, mut receipt) = (Arc::clone(sequencer.interner()), Receipt::default());
            for rows in rows.chunks(request) {
                let mut some = Events::default();
                for (space, id, event_time_ms, is_incident) in rows {
                    let (space, id) = (format!("s{space}"), id.to_string());
                    let one = events(&interner, &[(&space, &id, *event_time_ms)]);
                    let row = one.observations.row(0);
                    if *is_incident {
                        some.push_incident(incident(&row), Origin::default());
                    } else {
                        some.push_observation(row, Origin::default());
                    }
                }
                let taken = sequencer.take(&some).unwrap();
                receipt.accepted += taken.accepted;
                receipt.duplicates += taken.duplicates;
                receipt.late += taken.late;
            }
            sequencer.finish_replay().unwrap();
            (words(&records(sequencer, reader)), receipt)
        };
        prop_assert_eq!(logged(request), logged(1));
    }
}
