//! The threads of the rules: what they tell together, and what happens when one of them fails.

use super::*;
use crate::app::roles::rules::RulesRole;
use std::sync::Mutex;
use vigie_log::store::{LogStore, MemoryLog};
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::control::{Control, SourceFile};
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::position::partition_of;
use vigie_model::record::{Batch, Payload};
use vigie_model::space::Space;
use vigie_model::stream::AlertItem;

const PARTITIONS: PartitionIx = 7;
const SPACES: u32 = 20;
/// Few, so that rings fill and everybody waits for everybody.
const RING_ROWS_MAX: usize = 16;
const RULES: &str = "\
groups:
- name: a
  rules:
  - {alert: Loud, kind: threshold, metric: noise, per: space, raise: value > 80, clear: value < 80, for: 5s}
  - {alert: Silent, kind: absence, metric: noise, per: space, for: 30s}
  - {alert: Spreading, kind: spread, of: Loud, among: district, k: 2, within: 60s}
";

fn name(space: u32) -> String {
    format!("space-{space}")
}

fn control(rules: &str) -> Payload {
    let space = |space: u32| Space { district: format!("d{}", space % 3), ..Space::registered(&name(space)) };
    Payload::Control(Arc::new(Control {
        centre: "c".into(),
        time_zone: "UTC".into(),
        tick_ms: 1_000,
        rules: vec![SourceFile { path: "rules.yaml".into(), text: rules.into() }],
        spaces: Arc::new((0..SPACES).map(space).collect()),
        ..Control::default()
    }))
}

fn row(space: u32, value: &str, time_ms: i64) -> ObservationRow<'static> {
    ObservationRow {
        feed: 0,
        space,
        metric: 0,
        sensor: NO_NAME,
        node: NO_NAME,
        seq: None,
        id: None,
        value: value.parse().unwrap(),
        event_time_ms: time_ms,
        sent_time_ms: None,
        log_time_ms: time_ms,
        quality: Quality::Good,
        flags: 0,
    }
}

/// A log of some hundred records, in which most ticks bring transitions about.
fn log() -> Vec<Record> {
    let entry = |kind, index, name: String| NameEntry { kind, index, name: name.into() };
    let spaces = (0..SPACES).map(|space| entry(NameKind::Space, space, name(space)));
    let others = [entry(NameKind::Metric, 0, "noise".to_owned()), entry(NameKind::Feed, 0, "f".to_owned())];
    let mut payloads =
        vec![(0, control(RULES)), (0, Payload::Dictionary(spaces.chain(others).collect())), (0, Payload::IntakeUp)];
    let mut offsets = vec![0; usize::from(PARTITIONS)];
    for second in 1..120_i64 {
        let log_time_ms = second * 1_000;
        for space in (0..SPACES).filter(|space| (i64::from(*space) + second) % 3 == 0) {
            let loud = (second / 20 + i64::from(space)) % 4 == 0;
            let partition = partition_of(&name(space), PARTITIONS);
            let mut rows = Observations::default();
            rows.push(row(space, if loud { "90" } else { "50" }, log_time_ms));
            let offset = &mut offsets[usize::from(partition)];
            payloads.push((log_time_ms, Payload::Observations(Batch { partition, first_offset: *offset, rows })));
            *offset += 1;
        }
        if second == 60 {
            payloads.push((log_time_ms, control(&RULES.replace("> 80", "> 85"))));
        }
        payloads.push((log_time_ms, Payload::Tick { tick_ms: log_time_ms }));
    }
    payloads.push((300_000, Payload::Tick { tick_ms: 300_000 }));
    (0..).zip(payloads).map(|(sequence, (log_time_ms, payload))| Record { sequence, log_time_ms, payload }).collect()
}

/// A running pipeline, its log, and what its alert stream has said.
fn pipeline(threads: PartitionIx) -> (Pipeline, MemoryLog, Arc<Mutex<Vec<AlertRecord>>>) {
    let seen = Arc::<Mutex<Vec<AlertRecord>>>::default();
    let observed = Arc::clone(&seen);
    let options = PipelineOptions {
        centre: "c".into(),
        partitions: PARTITIONS,
        threads,
        history: None,
        observer: Some(Box::new(move |record| observed.lock().unwrap().push(record.clone()))),
        resumed: None,
        cuts: None,
    };
    let (log, readers) = MemoryLog::new(RING_ROWS_MAX, readers_of(threads, false));
    (Pipeline::start(options, readers).unwrap(), log, seen)
}

/// The alert stream of [`log`].
fn alert_stream(threads: PartitionIx) -> Vec<AlertRecord> {
    let (pipeline, mut log, seen) = pipeline(threads);
    for record in self::log() {
        log.append(vec![record]).unwrap();
    }
    drop(log);
    let judged = Arc::clone(&pipeline.judged);
    pipeline.join().unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(judged.next_sequence(), self::log().len() as u64);
    assert_eq!(judged.alert_position(), seen.len() as u64);
    seen
}

#[test]
fn threads_write_the_alert_stream_of_one() {
    let (mut role, mut expected) = (RulesRole::new(PARTITIONS), Vec::new());
    log().iter().for_each(|record| role.step(record, &mut expected));
    let transitions = expected.iter().filter(|record| matches!(record.item, AlertItem::Transition(_))).count();
    let spreads = expected.iter().filter(|record| match &record.item {
        AlertItem::Transition(transition) => &*transition.rule.name == "Spreading",
        _ => false,
    });
    assert!(transitions > 100 && spreads.count() > 2, "{transitions} transitions say little");
    let text = |stream: &[AlertRecord]| stream.iter().map(|record| format!("{record:?}")).collect::<Vec<_>>();
    for threads in [1, 2, 3, 7] {
        assert_eq!(text(&alert_stream(threads)), text(&expected), "{threads} threads");
    }
}

#[test]
fn a_worker_that_panics_ends_the_pipeline_and_is_told() {
    let (pipeline, mut log, _) = pipeline(3);
    let mut rows = Observations::default();
    rows.push(row(99, "50", 0));
    let unnamed = Payload::Observations(Batch { partition: 4, first_offset: 0, rows });
    let records = (0..).zip([control(RULES), Payload::IntakeUp, unnamed]);
    let record = |(sequence, payload)| Record { sequence, log_time_ms: 0, payload };
    log.append(records.map(record).collect()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let failure = runtime.block_on(pipeline.health.part_ended());
    assert!(failure.to_string().contains("rules has ended"), "{failure}");
    drop(log);
    let failure = pipeline.join().unwrap_err();
    assert!(failure.to_string().contains("'rules-1' failed"), "{failure}");
}
