use super::*;
use crate::clock::{Limit, LogClock};
use crate::ring::Reader;
use crate::settings::Settings;
use crate::store::{MemoryLog, Room};
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use vigie_model::batch::{ObservationRow, Origin, Quality};
use vigie_model::control::Control;
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameKind};
use vigie_model::record::{Payload, Record};
use vigie_model::seeds::Seeds;

/// A memory log whose commits fail once it is told so.
#[derive(Debug)]
struct FailingLog {
    log: MemoryLog,
    fails: Arc<AtomicBool>,
}

impl LogStore for FailingLog {
    fn recall(&mut self) -> Result<Option<Record>, LogError> {
        self.log.recall()
    }

    fn first_sequence(&self) -> u64 {
        self.log.first_sequence()
    }

    fn pass_on(&mut self, record: Arc<Record>) -> Result<(), LogError> {
        self.log.pass_on(record)
    }

    fn append(&mut self, records: Vec<Record>) -> Result<(), LogError> {
        self.log.append(records)
    }

    fn commit(&mut self) -> Result<(), LogError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(LogError::Poisoned { folder: "log".into() });
        }
        self.log.commit()
    }

    fn keep_room_for(&mut self, control: &Arc<Control>) -> Result<bool, LogError> {
        self.log.keep_room_for(control)
    }

    fn name_control(&mut self, _control: &Arc<Control>) -> Result<Option<[u8; 32]>, LogError> {
        Ok(None)
    }

    fn forget(&mut self, _floor: u64, _aged: u64) -> Result<Option<u64>, LogError> {
        Ok(None)
    }

    fn pending_bytes(&self) -> usize {
        self.log.pending_bytes()
    }

    fn make_room(&mut self) {}

    fn room(&self) -> Room {
        self.log.room()
    }

    fn fill(&self) -> f64 {
        self.log.fill()
    }
}

type Thread = JoinHandle<Result<(), LogError>>;

fn start() -> (Intake, Thread, Reader<Arc<Record>>, Arc<AtomicBool>) {
    let (log, mut readers) = MemoryLog::new(1 << 20, 1);
    let fails = Arc::new(AtomicBool::new(false));
    let control = Control {
        centre: "test".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: Vec::new(),
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    };
    let clock = LogClock::anchored(1_700_000_000_000, 1.0, Limit::at(1_700_000_000_000));
    let store = FailingLog { log, fails: Arc::clone(&fails) };
    let settings = Settings::new("log".into());
    let sequencer = Sequencer::start(settings, clock, store, Arc::new(Interner::new(1000)), Arc::new(control)).unwrap();
    let (intake, thread) = spawn(sequencer, ()).unwrap();
    (intake, thread, readers.remove(0), fails)
}

/// As many observations as told, with ids that begin with `id`.
fn events(intake: &Intake, id: &str, count: usize) -> Events {
    let name = |kind| intake.interner().intern(kind, "a").unwrap();
    let mut events = Events::default();
    for index in 0..count {
        let id = format!("{id}-{index}");
        let row = ObservationRow {
            feed: name(NameKind::Feed),
            space: name(NameKind::Space),
            metric: name(NameKind::Metric),
            sensor: NO_NAME,
            node: NO_NAME,
            seq: None,
            id: Some(&id),
            value: Decimal::default(),
            event_time_ms: 0,
            sent_time_ms: None,
            log_time_ms: 0,
            quality: Quality::Good,
            flags: 0,
        };
        events.push_observation(row, Origin::default());
    }
    events
}

/// Small requests commit by themselves when nobody waits, large ones never: both at once must not lose or double any.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_alone_and_together_are_each_taken_once() {
    const SENDERS: usize = 8;
    const REQUESTS: usize = 100;
    let (intake, thread, mut reader, _) = start();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let intake = intake.clone();
            tokio::spawn(async move {
                let mut sent = 0;
                for request in 0..REQUESTS {
                    let count = if request % 10 == sender { ALONE_EVENTS_MAX + 1 } else { 1 };
                    let receipt = intake.submit(events(&intake, &format!("{sender}-{request}"), count)).await.unwrap();
                    assert_eq!(receipt.accepted, count as u64);
                    sent += count;
                }
                sent
            })
        })
        .collect();
    let mut sent = 0;
    for sender in senders {
        sent += sender.await.unwrap();
    }
    intake.stop();
    tokio::task::spawn_blocking(|| thread.join()).await.unwrap().unwrap().unwrap();
    assert_eq!(intake.submit(events(&intake, "late", 1)).await, Err(IntakeError::Closed));
    drop(intake);
    let (mut records, mut ids, mut next_sequence) = (Vec::new(), HashSet::new(), 0);
    while reader.take(&mut records) {}
    for record in &records {
        assert_eq!(record.sequence, next_sequence);
        next_sequence += 1;
        if let Payload::Observations(batch) = &record.payload {
            ids.extend((0..batch.rows.len()).map(|row| batch.rows.id(row).unwrap().to_owned()));
        }
    }
    assert_eq!(ids.len(), sent);
}

/// Rules may change at any moment: no request is lost or torn by it, and the answer comes once the record is in the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rules_change_while_requests_come() {
    const REQUESTS: usize = 200;
    const CHANGES: usize = 20;
    let (intake, thread, mut reader, _) = start();
    let sending = intake.clone();
    let sender = tokio::spawn(async move {
        for request in 0..REQUESTS {
            let count = if request % 10 == 0 { ALONE_EVENTS_MAX + 1 } else { 3 };
            let receipt = sending.submit(events(&sending, &request.to_string(), count)).await.unwrap();
            assert_eq!(receipt.accepted, count as u64);
        }
    });
    let with_tick = |tick_ms| Arc::new(Control { tick_ms, ..Control::default() });
    for change in 1..=CHANGES as i64 {
        assert_eq!(intake.change_control(with_tick(change)).await, Ok(true));
        assert_eq!(intake.change_control(with_tick(change)).await, Ok(false), "nothing is new");
    }
    let seeds = Arc::new(Seeds { rule_uid: "r".into(), ..Seeds::default() });
    assert_eq!(intake.seeds(Arc::clone(&seeds)).await, Ok(()));
    sender.await.unwrap();
    intake.stop();
    tokio::task::spawn_blocking(|| thread.join()).await.unwrap().unwrap().unwrap();
    assert_eq!(intake.change_control(with_tick(99)).await, Err(IntakeError::Closed));
    assert_eq!(intake.seeds(seeds).await, Err(IntakeError::Closed));
    drop(intake);
    let (mut records, mut rows, mut ticks, mut seeds) = (Vec::new(), 0, Vec::new(), 0);
    while reader.take(&mut records) {}
    for record in &records {
        match &record.payload {
            Payload::Control(control) => ticks.push(control.tick_ms),
            Payload::Seeds(_) => seeds += 1,
            Payload::Observations(batch) => {
                rows += batch.rows.len();
            }
            _ => {}
        }
    }
    assert_eq!(ticks[1..], (1..=CHANGES as i64).collect::<Vec<_>>(), "behind the one of the start");
    assert_eq!(seeds, 1);
    assert_eq!(rows, REQUESTS / 10 * (ALONE_EVENTS_MAX + 1) + (REQUESTS - REQUESTS / 10) * 3);
}

/// A sender that commits by itself may be the first to hear that the disk is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_ends_the_log_whoever_meets_it() {
    for count in [1, ALONE_EVENTS_MAX + 1] {
        let (intake, thread, _reader, fails) = start();
        intake.submit(events(&intake, "before", count)).await.unwrap();
        fails.store(true, Ordering::SeqCst);
        assert_eq!(intake.submit(events(&intake, "lost", count)).await, Err(IntakeError::Closed));
        assert_eq!(intake.submit(events(&intake, "after", 1)).await, Err(IntakeError::Closed));
        let ended = tokio::task::spawn_blocking(|| thread.join()).await.unwrap().unwrap();
        assert!(matches!(ended, Err(LogError::Poisoned { .. })), "{ended:?}");
    }
}
