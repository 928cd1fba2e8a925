use super::archive::Archive;
use super::parquet::to_arrow;
use super::sieve::Sieve;
use crate::fixture::{self, CENTRE, HOUR_MS, START_MS};
use crate::history::options::HistoryOptions;
use crate::history::source::RowSource;
use crate::history::writer::History;
use crate::schema::table::Table;
use arrow::array::{Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::ipc::reader::StreamReader;
use deltalake::parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use vigie_model::batch::{Events, Origin, Source};
use vigie_model::names::{NameEntry, Names};
use vigie_model::record::{Payload, Record};

const LATER_MS: i64 = START_MS + 1_000 * HOUR_MS;

fn names() -> Vec<NameEntry> {
    let Record { payload: Payload::Dictionary(entries), .. } = fixture::dictionary() else { unreachable!() };
    entries
}

/// Hourly observations from the fixture's start on, without sequence numbers, and the fixture's incident, as a file has
/// them.
fn archive(hours: u64) -> Events {
    let Record { payload: Payload::Observations(batch), .. } = fixture::observations(0, 0, hours) else {
        unreachable!()
    };
    let Record { payload: Payload::Incidents(incidents), .. } = fixture::incidents(0) else { unreachable!() };
    let (mut events, mut line) = (Events::default(), 0);
    let mut origin = || {
        line += 1;
        Origin { source: Source::File(7), line }
    };
    events.push_incident(incidents.rows[0].clone(), origin());
    for row in 0..batch.rows.len() {
        let mut row = batch.rows.row(row);
        (row.seq, row.sent_time_ms, row.flags) = (None, None, 0);
        events.push_observation(row, origin());
    }
    events
}

async fn open(folder: &Path) -> Arc<History> {
    Arc::new(History::open(HistoryOptions::new(folder, CENTRE, "import-a").for_backfill()).await.unwrap())
}

/// Imports events, commits if told so; how many rows were taken and how many were there already.
async fn import(folder: &Path, events: &Events, commit: bool) -> (usize, u64) {
    let history = open(folder).await;
    let Record { payload: Payload::Control(control), .. } = fixture::control() else { unreachable!() };
    let mut archive = Archive::begin(Arc::clone(&history), &control, LATER_MS).await.unwrap();
    let mut sieve = Sieve::new(Some(history), CENTRE.into(), LATER_MS, &[]).await.unwrap();
    let mut known = Names::default();
    known.learn(&names());
    let sifted = sieve.sift(events, &known).await.unwrap();
    let counted = (sifted.rows(), sifted.duplicates);
    archive.store(names(), sifted).await.unwrap();
    if commit {
        archive.finish().await.unwrap();
    }
    counted
}

async fn rows(folder: &Path, table: Table) -> usize {
    let session = datafusion::prelude::SessionContext::new();
    let history = open(folder).await;
    history.attach(&session.state()).unwrap();
    history.capture(table).rows(&session).unwrap().count().await.unwrap()
}

#[tokio::test]
async fn an_import_that_was_cut_short_is_repeated() {
    let dir = TempDir::new().unwrap();
    assert_eq!(import(dir.path(), &archive(10), false).await, (11, 0));
    assert_eq!(rows(dir.path(), Table::Observations).await, 0, "nothing was committed");
    assert_eq!(import(dir.path(), &archive(10), true).await, (11, 0));
    assert_eq!(import(dir.path(), &archive(30), false).await, (20, 11));
    assert_eq!(import(dir.path(), &archive(30), true).await, (20, 11), "two days, one of which is partly there");
    assert_eq!(import(dir.path(), &archive(30), true).await, (0, 31));
    assert_eq!((rows(dir.path(), Table::Observations).await, rows(dir.path(), Table::Incidents).await), (30, 1));
    let findings = crate::verify::verify(dir.path(), None).await;
    assert!(findings.is_empty(), "{findings:?}");
}

/// Days out of order, and rows that stand twice in one archive.
#[tokio::test]
async fn the_order_of_rows_does_not_matter() {
    let dir = TempDir::new().unwrap();
    let whole = archive(40);
    let mut shuffled = Events::default();
    for index in (0..40).rev().chain([3, 39, 17]) {
        shuffled.push_observation(whole.observations.row(index), whole.origin[index + 1]);
    }
    assert_eq!(import(dir.path(), &shuffled, true).await, (40, 3));
    assert_eq!(import(dir.path(), &whole, true).await, (1, 40), "the incident is new");
}

#[tokio::test]
async fn what_has_not_happened_yet_is_no_history() {
    let dir = TempDir::new().unwrap();
    let mut sieve = Sieve::new(Some(open(dir.path()).await), CENTRE.into(), START_MS + HOUR_MS, &[]).await.unwrap();
    let mut known = Names::default();
    known.learn(&names());
    let sifted = sieve.sift(&archive(3), &known).await.unwrap();
    assert_eq!((sifted.rows(), sifted.covered_ms), (3, Some((START_MS, START_MS + HOUR_MS))));
    assert_eq!(sifted.future, [Origin { source: Source::File(7), line: 4 }]);
    assert!(sifted.incidents[0].id.as_deref().unwrap().starts_with("import-"), "ids are made of file and line");
}

#[test]
fn parquet_becomes_arrow() {
    let dir = TempDir::new().unwrap();
    let (parquet, arrow) = (dir.path().join("a.parquet"), dir.path().join("a.arrows"));
    let rows = RecordBatch::try_from_iter([
        ("space", Arc::new(StringArray::from_iter_values((0..20_000).map(|row| format!("s{}", row % 7)))) as _),
        ("value", Arc::new(Float64Array::from_iter_values((0..20_000).map(f64::from))) as _),
        ("time", Arc::new(TimestampMillisecondArray::from_iter_values(0..20_000)) as _),
    ])
    .unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&parquet).unwrap(), rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    to_arrow(&parquet, &arrow).unwrap();
    let batches: Vec<_> =
        StreamReader::try_new(File::open(&arrow).unwrap(), None).unwrap().map(Result::unwrap).collect();
    assert!(batches.len() > 2, "batch by batch");
    assert_eq!(arrow::compute::concat_batches(&rows.schema(), &batches).unwrap(), rows);
    std::fs::write(&parquet, "no Parquet").unwrap();
    let refused = to_arrow(&parquet, &arrow).unwrap_err().to_string();
    assert!(refused.starts_with("it is no Parquet file that can be read: "), "{refused}");
}
