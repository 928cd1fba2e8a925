//! The embedded log on real files: written, reopened, rolled, full, trimmed, torn and damaged.

use super::header::LogIdentity;
use super::log::{OpenedLog, SegmentLog};
use super::options::{LogOptions, Recovery};
use crate::clock::{Limit, LogClock};
use crate::disk::SystemDisk;
use crate::error::LogError;
use crate::interner::Interner;
use crate::ring::Reader;
use crate::sequencer::{Sequencer, Settings};
use crate::store::LogStore;
use crate::verify::verify_log;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use vigie_model::alert::AlertId;
use vigie_model::batch::{Events, ObservationRow, Origin, Quality};
use vigie_model::command::{Action, AlertDeed, Command};
use vigie_model::control::{Control, SourceFile};
use vigie_model::decimal::Decimal;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameKind};
use vigie_model::record::{Payload, Record};
use vigie_model::severity::Severity;

const START_MS: i64 = 1_700_000_000_000;

fn control(rules: &str) -> Arc<Control> {
    Arc::new(Control {
        centre: "test".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: vec![SourceFile { path: "r.yaml".into(), text: rules.into() }],
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    })
}

fn options(folder: &Path, segment_bytes: u64) -> LogOptions {
    LogOptions { segment_bytes, ..LogOptions::new(folder.join("log")) }
}

struct Opened {
    sequencer: Sequencer<SegmentLog>,
    reader: Reader<Arc<Record>>,
    recovery: Recovery,
}

fn open(options: LogOptions, rules: &str) -> Result<Opened, LogError> {
    let identity = LogIdentity { log_id: "00112233445566778899aabbccddeeff".into(), partitions: 4 };
    let OpenedLog { log, mut readers, recovery } =
        SegmentLog::open(Arc::new(SystemDisk), options, identity, 1 << 20, 1)?;
    let settings = Settings { partitions: 4, ..Settings::new(Arc::clone(&log.identity().log_id)) };
    let clock = LogClock::anchored(START_MS, 1.0, Limit::at(START_MS + 100));
    let sequencer = Sequencer::start(settings, clock, log, Arc::new(Interner::new(1000)), control(rules))?;
    Ok(Opened { sequencer, reader: readers.pop().unwrap(), recovery })
}

impl Opened {
    /// Takes and commits one observation per id; how many were new.
    fn send(&mut self, ids: impl IntoIterator<Item = u32>) -> u64 {
        let mut events = Events::default();
        let interner = Arc::clone(self.sequencer.interner());
        for id in ids {
            let text = format!("id-{id}");
            let row = ObservationRow {
                feed: interner.intern(NameKind::Feed, "f").unwrap(),
                space: interner.intern(NameKind::Space, &format!("space-{}", id % 7)).unwrap(),
                metric: interner.intern(NameKind::Metric, "m").unwrap(),
                sensor: NO_NAME,
                node: NO_NAME,
                seq: None,
                id: Some(&text),
                value: Decimal::from_micros(i64::from(id)),
                event_time_ms: START_MS + i64::from(id),
                sent_time_ms: None,
                log_time_ms: 0,
                quality: Quality::Good,
                flags: 0,
            };
            events.push_observation(row, Origin::default());
        }
        let accepted = self.sequencer.take(&events).unwrap().accepted;
        self.sequencer.commit().unwrap();
        accepted
    }

    fn close(self) -> Vec<Arc<Record>> {
        let Self { sequencer, mut reader, .. } = self;
        drop(sequencer);
        let mut records = Vec::new();
        while reader.take(&mut records) {}
        records
    }
}

/// The ids of all observations, sorted.
fn ids(records: &[Arc<Record>]) -> Vec<u32> {
    let mut found = Vec::new();
    for record in records {
        if let Payload::Observations(batch) = &record.payload {
            found.extend((0..batch.rows.len()).map(|row| batch.rows.id(row).unwrap()[3..].parse::<u32>().unwrap()));
        }
    }
    found.sort_unstable();
    found
}

fn segment_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("log")).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    segments.sort();
    segments
}

#[test]
fn what_was_committed_comes_back_and_is_known() {
    let folder = TempDir::new().unwrap();
    let mut first = open(options(folder.path(), 1 << 16), "a").unwrap();
    assert_eq!(first.recovery, Recovery::default());
    assert_eq!(first.send(0..50), 50);
    let written = first.close();

    let mut second = open(options(folder.path(), 1 << 16), "a").unwrap();
    assert_eq!(second.recovery.next_sequence, written.len() as u64);
    assert_eq!(second.send(40..60), 10, "ids of the first start are known");
    let all = second.close();
    let came_back = all[..written.len()].iter().zip(&written).all(|(a, b)| format!("{a:?}") == format!("{b:?}"));
    assert!(came_back, "{all:#?}\n{written:#?}");
    assert!(matches!(all[written.len()].payload, Payload::IntakeUp), "the same control record is not written again");
    assert_eq!(ids(&all), (0..60).collect::<Vec<_>>());
    assert!(all.windows(2).all(|pair| pair[0].sequence + 1 == pair[1].sequence));

    let third = open(options(folder.path(), 1 << 16), "b").unwrap();
    let controls = third.close().iter().filter(|record| matches!(record.payload, Payload::Control(_))).count();
    assert_eq!(controls, 2, "other rules are another control record");
}

#[test]
fn every_kind_of_record_comes_back() {
    let folder = TempDir::new().unwrap();
    let mut opened = open(options(folder.path(), 1 << 16), "a").unwrap();
    opened.send([1]);
    let mut events = Events::default();
    let incident = Incident {
        feed: 0,
        id: Some("i".into()),
        space: 0,
        node: NO_NAME,
        sensor: NO_NAME,
        category: "theft".into(),
        severity: Severity::High,
        channel: String::new(),
        source_reliability: Some(Decimal::from_micros(5)),
        status: "open".into(),
        version: 1,
        text: None,
        event_time_ms: START_MS,
        reported_time_ms: Some(START_MS),
        sent_time_ms: None,
        log_time_ms: 0,
        flags: 0,
    };
    let perception = Perception {
        feed: 0,
        id: None,
        space: 0,
        wave: "2018".into(),
        question: "safe-alone".into(),
        scale: None,
        period: "night".into(),
        group: [("sex".to_owned(), "f".to_owned())].into(),
        n: 3,
        unsafe_count: Decimal::from_micros(1),
        share: None,
        weight: None,
        event_time_ms: START_MS,
        sent_time_ms: None,
        log_time_ms: 0,
        flags: 0,
    };
    events.push_incident(incident, Origin::default());
    events.push_perception(perception, Origin::default());
    opened.sequencer.take(&events).unwrap();
    let command = Command {
        action_id: "c".into(),
        operator: "eve".into(),
        note: Some("seen".into()),
        log_time_ms: 0,
        action: Action::Alert { alert_id: AlertId::from_text("x"), deed: AlertDeed::Acknowledge { until_ms: Some(1) } },
    };
    opened.sequencer.command(command).unwrap();
    opened.sequencer.commit().unwrap();
    let written = opened.close();
    let kinds: std::collections::HashSet<_> =
        written.iter().map(|record| std::mem::discriminant(&record.payload)).collect();
    assert_eq!(kinds.len(), 8, "all kinds of records are written");
    let back = open(options(folder.path(), 1 << 16), "a").unwrap().close();
    assert_eq!(format!("{written:?}"), format!("{:?}", &back[..written.len()]));
}

#[test]
fn a_log_rolls_and_stops_at_its_cap_with_room_for_ticks() {
    let folder = TempDir::new().unwrap();
    let small = LogOptions { bytes_max: 4 << 12, ..options(folder.path(), 1 << 12) };
    let mut opened = open(small.clone(), "a").unwrap();
    let mut sent = 0;
    while opened.sequencer.room().events {
        sent += u32::try_from(opened.send(sent..sent + 10)).unwrap();
    }
    assert_eq!(segment_files(folder.path()).len(), 4);
    assert!(opened.sequencer.room().ticks && opened.sequencer.room().fill > 0.7, "{:?}", opened.sequencer.room());
    assert_eq!(ids(&opened.close()), (0..sent).collect::<Vec<_>>());
    let mut again = open(LogOptions { bytes_max: 8 << 12, ..small }, "a").unwrap();
    assert_eq!(again.recovery.segments, 4);
    assert!(again.sequencer.room().events, "a larger cap makes room");
    again.send(sent..sent + 10);
    assert_eq!(ids(&again.close()), (0..sent + 10).collect::<Vec<_>>());
}

#[test]
fn segments_are_deleted_only_below_the_floor_of_the_roles() {
    let folder = TempDir::new().unwrap();
    let small = options(folder.path(), 1 << 12);
    let OpenedLog { mut log, readers, .. } = {
        let identity = LogIdentity { log_id: "a".into(), partitions: 1 };
        SegmentLog::open(Arc::new(SystemDisk), small, identity, 1 << 20, 1).unwrap()
    };
    for sequence in 0..400 {
        let record = Record { sequence, log_time_ms: START_MS, payload: Payload::Tick { tick_ms: START_MS } };
        log.append(vec![record]).unwrap();
        log.commit().unwrap();
    }
    let before = segment_files(folder.path()).len();
    assert!(before > 3);
    assert_eq!(log.delete_below(0, u64::MAX).unwrap(), 0, "no role is past anything");
    assert_eq!(log.delete_below(400, 0).unwrap(), 0, "nothing is too old, and there is room");
    let deleted: Vec<_> = (0..before).map(|_| log.delete_below(400, u64::MAX).unwrap()).collect();
    assert!(deleted[0] == 4 && deleted.iter().sum::<usize>() == before - 1, "the last segment stays: {deleted:?}");
    drop((log, readers));
    let identity = LogIdentity { log_id: "b".into(), partitions: 1 };
    let reopened =
        SegmentLog::open(Arc::new(SystemDisk), options(folder.path(), 1 << 12), identity, 1 << 20, 1).unwrap();
    assert_eq!(reopened.recovery.next_sequence, 400);
    assert_eq!(reopened.log.identity().partitions, 1, "a log keeps what it was created with");
}

#[test]
fn a_torn_end_is_cut_and_told() {
    let folder = TempDir::new().unwrap();
    let mut opened = open(options(folder.path(), 1 << 16), "a").unwrap();
    opened.send(0..5);
    opened.close();
    let path = segment_files(folder.path()).pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    bytes[end.next_multiple_of(8)..][..100].fill(0xAA);
    fs::write(&path, &bytes).unwrap();
    let again = open(options(folder.path(), 1 << 16), "a").unwrap();
    let cut = again.recovery.cut.clone().unwrap();
    assert_eq!((cut.segment, cut.at, cut.bytes), (path, end.next_multiple_of(8) as u64, 100));
    assert_eq!(ids(&again.close()), [0, 1, 2, 3, 4]);
    assert_eq!(open(options(folder.path(), 1 << 16), "a").unwrap().recovery.cut, None);
}

#[test]
fn damage_elsewhere_is_kept_and_told_every_time() {
    let folder = TempDir::new().unwrap();
    let mut opened = open(options(folder.path(), 1 << 16), "a").unwrap();
    for first in [0, 10, 20] {
        opened.send(first..first + 7);
    }
    let written = opened.close();
    let path = segment_files(folder.path()).pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(5).position(|window| window == b"id-10").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    for _ in 0..2 {
        let again = open(options(folder.path(), 1 << 16), "a").unwrap();
        let [hole] = &again.recovery.holes[..] else { panic!("{:?}", again.recovery) };
        assert_eq!(hole.segment, path);
        let kept = fs::read(&hole.kept).unwrap();
        assert_eq!(kept, &bytes[usize::try_from(hole.bytes.start).unwrap()..][..kept.len()]);
        let lost = hole.sequences.clone();
        let read = again.close();
        let missing: Vec<_> = written.iter().filter(|record| lost.contains(&record.sequence)).cloned().collect();
        let mut all = [ids(&read), ids(&missing)].concat();
        all.sort_unstable();
        assert_eq!(all, ids(&written), "nothing but what is told is lost");
        assert!(!ids(&missing).is_empty());
    }
}

#[test]
fn verify_finds_damage_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let mut opened = open(options(folder.path(), 1 << 12), "a").unwrap();
    for first in (0..300).step_by(10) {
        opened.send(first..first + 10);
    }
    let written = opened.close();
    let log = folder.path().join("log");
    let verify = |seen: &mut u64| verify_log(Arc::new(SystemDisk), &log, None, |_, _| *seen += 1).unwrap();
    let mut seen = 0;
    let intact = verify(&mut seen);
    assert_eq!((intact.findings.len(), intact.notes.len()), (0, 0), "{intact:?}");
    assert_eq!((intact.records, seen), (written.len() as u64, written.len() as u64));
    assert_eq!(intact.next_offsets.iter().sum::<u64>(), 300);
    assert!(intact.segments > 2);
    assert_eq!(intact.newest_ms, written.last().map(|record| record.log_time_ms));

    let segments = segment_files(folder.path());
    let last = segments.last().unwrap();
    let mut torn = fs::read(last).unwrap();
    let end = torn.len();
    torn[end - 9] = 1;
    fs::write(last, &torn).unwrap();
    assert_eq!(verify(&mut seen).findings, []);
    assert!(verify(&mut seen).notes[0].contains("the next start cuts them off"));

    let first = fs::read(&segments[0]).unwrap();
    let mut damaged = first.clone();
    damaged[200] ^= 1;
    fs::write(&segments[0], &damaged).unwrap();
    let report = verify(&mut seen);
    assert!(report.findings[0].what.contains("are damaged: records"), "{report:?}");
    assert_eq!(fs::read(&segments[0]).unwrap(), damaged);
    damaged[3] ^= 1;
    fs::write(&segments[0], &damaged).unwrap();
    assert!(verify(&mut seen).findings[0].what.contains("does not begin as a segment"), "{report:?}");
    fs::write(&segments[0], &first).unwrap();
    fs::remove_file(&segments[1]).unwrap();
    assert!(verify(&mut seen).findings[0].what.contains("cannot be read"));
}
