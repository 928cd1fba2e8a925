//! Stored rows read back in the order of the log.

use super::{fill, open};
use crate::fixture::{self, CENTRE, HOUR_MS, START_MS};
use crate::history::reader::HistoryReader;
use crate::stored::log_rows::{LogRows, StoredEvent, StoredRow};
use crate::stored::recorded::{marks, rules, transitions};
use std::sync::Arc;
use tempfile::TempDir;
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameEntry};
use vigie_model::stream::{AlertItem, AlertRecord, LogDeed, LogMark, LogPlace, RuleVersions};

async fn rows_of(mut rows: LogRows) -> (Vec<StoredRow>, Vec<NameEntry>) {
    let (mut all, mut names) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().await.unwrap() {
        names.extend(rows.take_names());
        all.push(row);
    }
    (all, names)
}

#[tokio::test]
async fn rows_come_back_in_the_order_of_the_log_and_as_they_were() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    fill(&history);
    history.flush().await.unwrap();
    let reader = HistoryReader::open(dir.path()).await.unwrap();
    let (rows, names) = rows_of(LogRows::open(&reader, CENTRE, None).await.unwrap()).await;
    let places: Vec<_> = rows
        .iter()
        .map(|row| ((row.log_time_ms - START_MS) / HOUR_MS, row.position.partition, row.position.offset))
        .collect();
    let expected = [(0, 0, 0), (0, 1, 0), (0, 1, 5), (1, 0, 1), (1, 1, 1), (2, 0, 2), (3, 0, 3), (4, 0, 4), (5, 0, 5)];
    let mut expected = expected.to_vec();
    // The incident was taken at the hour, observations 5 ms later.
    expected[..3].copy_from_slice(&[(0, 1, 5), (0, 0, 0), (0, 1, 0)]);
    assert_eq!(places, expected);
    let StoredEvent::Incident(incident) = &rows[0].event else { panic!("an incident") };
    assert_eq!((incident.category.as_str(), incident.sensor, incident.event_time_ms), ("theft", NO_NAME, START_MS));
    let StoredEvent::Observation(observation) = &rows[8].event else { panic!("an observation") };
    assert_eq!((observation.value, observation.flags), (Decimal::from_micros(5_000_000), 5));
    let name =
        |kind, index| names.iter().find(|entry| (entry.kind, entry.index) == (kind, index)).unwrap().name.as_ref();
    assert_eq!(name(vigie_model::names::NameKind::Sensor, observation.sensor), "s2");

    let late = LogRows::open(&reader, CENTRE, Some(START_MS + 4 * HOUR_MS)).await.unwrap();
    assert_eq!(rows_of(late).await.0.len(), 2);
    let foreign = LogRows::open(&reader, "dublin", None).await.unwrap();
    assert!(rows_of(foreign).await.0.is_empty());
}

/// What does not fit in memory is sorted on disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_rows_than_fit_in_memory_are_sorted_all_the_same() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    let rows: u64 = 20_000;
    for first in (0..rows).step_by(10_000) {
        for partition in [1, 0] {
            history.take_record(&fixture::observations(partition, first, 10_000)).unwrap();
        }
        history.flush().await.unwrap();
    }
    let reader = HistoryReader::open(dir.path()).await.unwrap();
    let mut stored = LogRows::open_within(&reader, CENTRE, None, 4 << 20).await.unwrap();
    let mut next = 0;
    while let Some(row) = stored.next().await.unwrap() {
        assert_eq!((u64::from(row.position.partition), row.position.offset), (next % 2, next / 2));
        next += 1;
    }
    assert_eq!((next, stored.rows()), (2 * rows, (2 * rows, 0)));
}

#[tokio::test]
async fn what_was_recorded_is_read_back() {
    let dir = TempDir::new().unwrap();
    let history = open(dir.path(), "log-a").await;
    fill(&history);
    let place = LogPlace { tick_ms: Some(7), tick_log_time_ms: Some(8), next_offsets: vec![6, 2] };
    let mark = |position, what| AlertRecord {
        position,
        log_time_ms: START_MS + 3 * HOUR_MS,
        item: AlertItem::Mark(Arc::new(LogMark {
            what,
            place: place.clone(),
            rules: RuleVersions::from([("Busy".into(), "v1".into())]),
            alerts: None,
        })),
    };
    history.take_alert(&mark(7, LogDeed::IntakeUp)).unwrap();
    history.take_alert(&mark(7, LogDeed::IntakeUp)).unwrap();
    history.take_alert(&mark(8, LogDeed::ReplayEnded { tick_ms: 99 })).unwrap();
    history.flush().await.unwrap();
    let reader = HistoryReader::open(dir.path()).await.unwrap();
    let (marks, newest_ms) = marks(&reader, CENTRE).await.unwrap();
    assert_eq!(newest_ms, Some(START_MS + 3 * HOUR_MS));
    assert_eq!(marks.len(), 2, "the operator's command is none");
    assert_eq!((marks[0].action.as_str(), &marks[0].place), ("intake_up", &place));
    assert_eq!(marks[0].rules["Busy"].as_ref(), "v1");
    assert_eq!((marks[1].action.as_str(), marks[1].place.tick_ms), ("replay_ended", Some(99)));

    let rules = rules(&reader, CENTRE).await.unwrap();
    assert_eq!(rules.len(), 1);
    assert_eq!((rules[0].uid.as_str(), rules[0].newest), ("u", 5));
    let all = transitions(&reader, CENTRE, (START_MS, START_MS + HOUR_MS + 1), 2).await.unwrap();
    assert_eq!(all.iter().map(|row| row.state.as_ref()).collect::<Vec<_>>(), ["active", "cleared"]);
    let first = transitions(&reader, CENTRE, (START_MS, START_MS + HOUR_MS), 2).await.unwrap();
    assert_eq!(first.len(), 1);
    let error = transitions(&reader, CENTRE, (START_MS, i64::MAX), 1).await.unwrap_err().to_string();
    assert_eq!(error, "history has more than 1 transitions of alerts; choose fewer with --from and --to");
}
