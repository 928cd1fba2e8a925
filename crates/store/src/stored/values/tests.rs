use super::*;
use crate::fixture::{self, CENTRE, HOUR_MS, START_MS};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use tempfile::TempDir;
use vigie_model::record::{Payload, Record};

/// Hours after the start and values, in the order in which they come.
async fn read(history: &History, centre: &str, metrics: &[&str], before_ms: i64) -> Vec<(i64, i64)> {
    let mut values = StoredValues::open(history, centre, metrics, before_ms).unwrap();
    let mut read = Vec::new();
    while let Some(batch) = values.next().await.unwrap() {
        for value in batch.iter().map(Result::unwrap) {
            let is_odd = value.micros / 1_000_000 % 2 == 1;
            assert_eq!(
                (value.space, value.metric),
                (["town-hall", "city-square"][usize::from(is_odd)], "people_count")
            );
            let named = (value.sensor, value.node);
            assert_eq!(named, if is_odd { (Some("s2"), None) } else { (Some("s1"), Some("n1")) });
            read.push(((value.event_time_ms - START_MS) / HOUR_MS, value.micros / 1_000_000));
        }
    }
    read
}

/// The fixture's rows, changed.
fn rows(partition: u16, first: u64, count: u64, change: impl Fn(&mut Record)) -> Record {
    let mut record = fixture::observations(partition, first, count);
    change(&mut record);
    record
}

#[tokio::test]
async fn committed_and_hot_values_come_in_the_order_they_were_measured() {
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    history.take_record(&fixture::observations(0, 10, 3)).unwrap();
    history.flush().await.unwrap();
    // Measured long before, arrived later, and not committed.
    history.take_record(&fixture::observations(1, 0, 4)).unwrap();
    let doubtful = |record: &mut Record| {
        let Payload::Observations(batch) = &mut record.payload else { unreachable!() };
        batch.rows.quality.fill(Quality::Uncertain);
    };
    history.take_record(&rows(2, 5, 2, doubtful)).unwrap();
    let expected = [(0, 0), (1, 1), (2, 2), (3, 3), (10, 10), (11, 11)];
    let before_ms = START_MS + 12 * HOUR_MS;
    assert_eq!(read(&history, CENTRE, &["people_count", "noise"], before_ms).await, expected);
    assert_eq!(read(&history, CENTRE, &["people_count"], before_ms + 1).await.len(), 7);
    assert_eq!(read(&history, CENTRE, &["noise"], before_ms).await, []);
    assert_eq!(read(&history, "dublin", &["people_count"], before_ms).await, []);
    history.flush().await.unwrap();
    assert_eq!(
        read(&history, CENTRE, &["people_count"], before_ms).await,
        expected,
        "committed rows are the same rows"
    );
}

#[tokio::test]
async fn values_of_one_instant_come_in_the_order_of_the_log() {
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    let at_once = |log_time_ms| {
        move |record: &mut Record| {
            let Payload::Observations(batch) = &mut record.payload else { unreachable!() };
            batch.rows.event_time_ms.fill(START_MS);
            batch.rows.log_time_ms.fill(log_time_ms);
        }
    };
    history.take_record(&rows(0, 4, 3, at_once(START_MS + 9))).unwrap();
    history.take_record(&rows(3, 0, 3, at_once(START_MS + 8))).unwrap();
    let values: Vec<_> = read(&history, CENTRE, &["people_count"], START_MS + 1).await;
    assert_eq!(values, [(0, 0), (0, 1), (0, 2), (0, 4), (0, 5), (0, 6)]);
}

#[tokio::test]
async fn weeks_follow_each_other_and_empty_ones_are_left_out() {
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    assert_eq!(read(&history, CENTRE, &["people_count"], i64::MAX).await, [], "nothing is stored");
    // Some 17 days without a gap, and two hours long after and long before them.
    history.take_record(&fixture::observations(0, 1, 400)).unwrap();
    let at = |hours: i64| {
        move |record: &mut Record| {
            let Payload::Observations(batch) = &mut record.payload else { unreachable!() };
            batch.rows.event_time_ms.fill(START_MS + hours * HOUR_MS);
        }
    };
    history.take_record(&rows(1, 7, 1, at(60_000))).unwrap();
    history.take_record(&rows(2, 8, 1, at(-60_000))).unwrap();
    history.flush().await.unwrap();
    let expected: Vec<_> =
        [(-60_000, 8)].into_iter().chain((1..=400).map(|hour| (hour, hour))).chain([(60_000, 7)]).collect();
    assert_eq!(read(&history, CENTRE, &["people_count"], i64::MAX).await, expected);
}

#[tokio::test]
async fn what_does_not_fit_in_memory_is_sorted_on_disk() {
    const BATCHES: u64 = 16;
    const ROWS: u64 = 5_000;
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    history.take_record(&fixture::dictionary()).unwrap();
    for batch in 0..BATCHES {
        // The later they arrive, the earlier they were measured.
        let earlier = |record: &mut Record| {
            let Payload::Observations(batch) = &mut record.payload else { unreachable!() };
            batch.rows.event_time_ms.iter_mut().for_each(|time_ms| *time_ms = START_MS - (*time_ms - START_MS) / 3600);
        };
        history.take_record(&rows(0, batch * ROWS, ROWS, earlier)).unwrap();
        if batch == BATCHES / 2 {
            history.flush().await.unwrap();
        }
    }
    assert!(history.rows_hot() > 0, "some rows are committed, some hot");
    let opened = StoredValues::open_within(&history, CENTRE, &["people_count"], START_MS + 1, 4 << 20);
    let (mut values, mut next) = (opened.unwrap(), (BATCHES * ROWS) as i64);
    while let Some(batch) = values.next().await.unwrap() {
        for value in batch.iter() {
            next -= 1;
            let value = value.unwrap();
            assert_eq!((value.micros, value.event_time_ms), (next * 1_000_000, START_MS - next * 1000));
        }
    }
    assert_eq!(next, 0);
}
