//! Retention: exactly the rows that the plain definition names go, from every file, whoever holds, stops, damages or reads meanwhile.

use super::disk::files_below;
use super::{ask, stored};
use crate::fixture::{self, CENTRE, HOUR_MS};
use crate::history::options::HistoryOptions;
use crate::history::reader::HistoryReader;
use crate::history::writer::History;
use crate::schema::table::Table;
use crate::upkeep::keeper::{UpkeepOptions, compact};
use crate::upkeep::retention::book::HoldBook;
use crate::upkeep::retention::certificate::Certificate;
use crate::upkeep::retention::filed::{Audited, Step, check};
use crate::upkeep::retention::hold::{Hold, Release};
use crate::upkeep::retention::limits::{Limits, TimeOfDay};
use crate::upkeep::retention::run::{DELETED_KEPT, Progress, Retention, TABLES};
use crate::verify::verify;
use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use vigie_model::audit::{AuditError, AuditRecord, AuditTrail};
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::record::{Batch, Payload, Record};

/// 1 May 2017, noon.
const NOW_MS: i64 = 1_493_640_000_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const FEEDS: [&str; 3] = ["cameras", "counters", "survey"];
const SPACES: [&str; 3] = ["plaza", "park", "quay"];
const ZONE: &str = "Europe/Paris";
/// Cases of the property; each is some hundred rows in some dozen files.
const CASES: u64 = 8;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_of(&mut self, count: usize) -> usize {
        self.below(count as u64) as usize
    }
}

/// An audit log in memory, which may fail.
#[derive(Debug, Default)]
struct Trail {
    records: Mutex<Vec<AuditRecord>>,
    fails: AtomicBool,
}

impl AuditTrail for Trail {
    fn write(&self, records: &[AuditRecord]) -> Result<(), AuditError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(AuditError("the disk is full".to_owned()));
        }
        self.records.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

impl Trail {
    fn audited(&self) -> Vec<Audited> {
        let step = |record: &AuditRecord| match record {
            AuditRecord::HoldMade(step) => Some((Step::Made, step.sha256.clone())),
            AuditRecord::HoldReleased(step) => Some((Step::Released, step.sha256.clone())),
            AuditRecord::Certificate(filed) => Some((Step::Certificate(filed.file.clone()), filed.sha256.clone())),
            AuditRecord::Begun(_) | AuditRecord::Ended(_) => None,
        };
        let records = self.records.lock().unwrap();
        records.iter().filter_map(step).map(|(step, sha256)| Audited { step, sha256 }).collect()
    }
}

#[derive(Clone, Debug)]
struct Row {
    table: Table,
    place: (i32, i64),
    feed: &'static str,
    space: &'static str,
    time_ms: i64,
}

/// A history with rows of three feeds and what is known of them.
struct City {
    dir: TempDir,
    history: Arc<History>,
    rows: Vec<Row>,
    next: [u64; 2],
    trail: Arc<Trail>,
}

impl City {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let history = Arc::new(open(&dir.path().join("history")).await);
        Self { dir, history, rows: Vec::new(), next: [0; 2], trail: Arc::default() }
    }

    fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("history")
    }

    fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join("retention")
    }

    fn retention(&self, days: &[(&str, u32)]) -> Retention {
        let days = days.iter().map(|(feed, days)| ((*feed).to_owned(), *days));
        Retention {
            limits: Limits::new(days, TimeZone::get(ZONE).unwrap()),
            feeds_without_limit: Vec::new(),
            folder: self.folder(),
            centre: CENTRE.into(),
            vigie: "0.0.0",
            log_age_max_ms: None,
            audit: Arc::clone(&self.trail) as Arc<dyn AuditTrail>,
        }
    }

    /// Takes a row of a table, feed, space and age.
    fn add(&mut self, table: Table, partition: usize, feed: usize, space: usize, time_ms: i64) {
        let offset = self.next[partition];
        self.next[partition] += 1;
        self.history.take_record(&record(table, partition as u16, offset, feed as u32, space as u32, time_ms)).unwrap();
        let place = (partition as i32, offset as i64);
        self.rows.push(Row { table, place, feed: FEEDS[feed], space: SPACES[space], time_ms });
    }

    async fn flush(&self) {
        self.history.flush().await.unwrap();
    }

    async fn compact(&self) {
        for table in TABLES {
            compact(&self.history, table, &UpkeepOptions::default(), |_| {}).await.unwrap();
        }
    }

    /// (partition, offset) of the rows of each table in all data files on disk, whoever names them.
    fn on_disk(&self) -> BTreeMap<Table, BTreeSet<(i32, i64)>> {
        let mut rows: BTreeMap<Table, BTreeSet<(i32, i64)>> = TABLES.map(|table| (table, BTreeSet::new())).into();
        for path in files_below(&self.root()).into_keys() {
            let table = TABLES.into_iter().find(|table| path.starts_with(self.root().join(table.name())));
            let Some(table) = table.filter(|_| path.display().to_string().contains("date=")) else { continue };
            let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap()).unwrap();
            for batch in reader.build().unwrap() {
                let batch = batch.unwrap();
                let partitions = batch.column_by_name("partition").unwrap().as_primitive::<Int32Type>().values();
                let offsets = batch.column_by_name("offset").unwrap().as_primitive::<Int64Type>().values();
                rows.get_mut(&table).unwrap().extend(partitions.iter().copied().zip(offsets.iter().copied()));
            }
        }
        rows
    }

    /// The rows that `goes` does not name.
    fn kept(&self, goes: impl Fn(&Row) -> bool) -> BTreeMap<Table, BTreeSet<(i32, i64)>> {
        let of = |table| {
            let rows = self.rows.iter().filter(|row| row.table == table && !goes(row));
            (table, rows.map(|row| row.place).collect())
        };
        TABLES.map(of).into()
    }

    /// All files of the folder with their bytes, but for locks.
    fn files(&self) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
        let files = files_below(self.dir.path()).into_keys().filter(|path| !path.ends_with("lock"));
        files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }
}

async fn open(root: &Path) -> History {
    let history = History::open(HistoryOptions::new(root, CENTRE, "log-a")).await.unwrap();
    let named = |kind, names: &[&str]| {
        let entry = |(index, name): (usize, &&str)| NameEntry { kind, index: index as u32, name: (*name).into() };
        names.iter().enumerate().map(entry).collect::<Vec<_>>()
    };
    let names =
        [named(NameKind::Space, &SPACES), named(NameKind::Feed, &FEEDS), named(NameKind::Metric, &["people_count"])];
    history.take_record(&fixture::control()).unwrap();
    history.take_record(&fixture::record(Payload::Dictionary(names.concat()))).unwrap();
    history
}

fn record(table: Table, partition: u16, first_offset: u64, feed: u32, space: u32, event_time_ms: i64) -> Record {
    match table {
        Table::Observations => {
            let mut rows = Observations::default();
            rows.push(ObservationRow {
                feed,
                space,
                metric: 0,
                sensor: NO_NAME,
                node: NO_NAME,
                seq: None,
                id: None,
                value: Decimal::from_micros(first_offset as i64 * 1_000_000),
                event_time_ms,
                sent_time_ms: None,
                log_time_ms: event_time_ms,
                quality: Quality::Good,
                flags: 0,
            });
            fixture::record(Payload::Observations(Batch { partition, first_offset, rows }))
        }
        Table::Incidents => {
            let Payload::Incidents(Batch { mut rows, .. }) = fixture::incidents(0).payload else { unreachable!() };
            let row = &mut rows[0];
            (row.feed, row.space, row.event_time_ms) = (feed, space, event_time_ms);
            row.id = Some(id_of((i32::from(partition), first_offset as i64)));
            fixture::record(Payload::Incidents(Batch { partition, first_offset, rows }))
        }
        _ => {
            let Payload::Perceptions(Batch { mut rows, .. }) = fixture::perceptions(0).payload else { unreachable!() };
            let row = &mut rows[0];
            (row.feed, row.space, row.event_time_ms) = (feed, space, event_time_ms);
            fixture::record(Payload::Perceptions(Batch { partition, first_offset, rows }))
        }
    }
}

/// The id of an incident, which statistics of files quote.
fn id_of((partition, offset): (i32, i64)) -> String {
    format!("incident-{partition}-{offset}-of-somebody")
}

fn hold(requester: &str) -> Hold {
    Hold {
        id: String::new(),
        made_ms: NOW_MS,
        from_ms: None,
        to_ms: None,
        spaces: BTreeSet::new(),
        feeds: BTreeSet::new(),
        requester: requester.to_owned(),
        reference: "26/1234".to_owned(),
        reason: "evidence".to_owned(),
        ends_ms: None,
    }
}

async fn run(retention: &Retention, history: &History, kept: Duration) -> Progress {
    static RUNS: AtomicI64 = AtomicI64::new(1);
    // No two runs begin in the same millisecond.
    let now_ms = NOW_MS + RUNS.fetch_add(1, Ordering::Relaxed);
    retention.run(history, kept, now_ms, &AtomicBool::new(false)).await.unwrap()
}

async fn finished(retention: &Retention, history: &History) -> Certificate {
    match run(retention, history, Duration::ZERO).await {
        Progress::Done(certificate) => *certificate,
        other => panic!("{other:?}"),
    }
}

/// The plain definition: the local date of the event is at least as many days back as its feed keeps rows.
fn is_too_old(row: &Row, days: &BTreeMap<&str, u32>) -> bool {
    let zone = TimeZone::get(ZONE).unwrap();
    let date = |at_ms| Timestamp::from_millisecond(at_ms).unwrap().to_zoned(zone.clone()).date();
    let age = date(row.time_ms).until(date(NOW_MS)).unwrap().get_days();
    days.get(row.feed).is_some_and(|days| age >= i32::try_from(*days).unwrap())
}

fn covers(hold: &Hold, row: &Row) -> bool {
    let names = |names: &BTreeSet<String>, name: &str| names.is_empty() || names.contains(name);
    let in_time = row.time_ms >= hold.from_ms.unwrap_or(i64::MIN) && row.time_ms < hold.to_ms.unwrap_or(i64::MAX);
    in_time && names(&hold.spaces, row.space) && names(&hold.feeds, row.feed)
}

/// Deleted and held rows of a table and feed, and held ones by hold, as a certificate has them.
type Counts = BTreeMap<(String, String), (u64, u64, BTreeMap<String, u64>)>;

fn counted(certificate: &Certificate) -> Counts {
    let tables = certificate.tables.iter();
    let feeds = tables.flat_map(|table| table.feeds.iter().map(|feed| (table.table.clone(), feed)));
    feeds
        .map(|(table, feed)| ((table, feed.feed.clone()), (feed.rows_deleted, feed.rows_held, feed.held_by.clone())))
        .collect()
}

#[tokio::test]
async fn exactly_the_rows_of_the_plain_definition_go() {
    let first = std::env::var("VIGIE_SEED").ok().map(|seed| seed.parse().expect("VIGIE_SEED is a whole number"));
    let seeds = first.map_or(20_261_122..20_261_122 + CASES, |seed: u64| seed..seed + 1);
    let (mut deleted, mut held, mut left) = (0, 0, 0);
    for seed in seeds {
        println!("retention: VIGIE_SEED={seed}");
        let mut dice = Dice(seed);
        let mut city = City::new().await;
        for _ in 0..3 + dice.below(4) {
            for _ in 0..30 + dice.below(40) {
                let table = TABLES[dice.one_of(3)];
                let time_ms = NOW_MS - (dice.below(20 * DAY_MS as u64) as i64);
                let (partition, feed, space) = (dice.one_of(2), dice.one_of(3), dice.one_of(3));
                city.add(table, partition, feed, space, time_ms);
            }
            city.flush().await;
            if dice.below(3) == 0 {
                city.compact().await;
            }
        }
        let mut days = BTreeMap::new();
        for feed in FEEDS {
            if dice.below(4) > 0 {
                days.insert(feed, 1 + dice.below(12) as u32);
            }
        }
        let retention = city.retention(&days.iter().map(|(feed, days)| (*feed, *days)).collect::<Vec<_>>());
        let book = HoldBook::new(&city.folder());
        let mut holds = Vec::new();
        for _ in 0..1 + dice.below(3) {
            let from_ms = NOW_MS - (dice.below(20 * DAY_MS as u64) as i64);
            let mut hold = hold("court");
            (hold.from_ms, hold.to_ms) = (Some(from_ms), Some(from_ms + 1 + dice.below(9 * DAY_MS as u64) as i64));
            hold.spaces = SPACES.iter().filter(|_| dice.below(2) == 0).map(|space| (*space).to_owned()).collect();
            hold.feeds = FEEDS.iter().filter(|_| dice.below(2) == 0).map(|feed| (*feed).to_owned()).collect();
            holds.push(book.make(hold, city.trail.as_ref()).unwrap());
        }
        if let Some(released) = holds.pop().filter(|_| dice.below(2) == 0) {
            let (hold, requester, reason) = (released.id, "court".to_owned(), "case closed".to_owned());
            book.release(&Release { hold, released_ms: NOW_MS, requester, reason }, city.trail.as_ref()).unwrap();
        } else {
            holds = book.in_force(NOW_MS).unwrap();
        }
        let mut expected = Counts::new();
        for row in city.rows.iter().filter(|row| is_too_old(row, &days)) {
            let counts = expected.entry((row.table.name().to_owned(), row.feed.to_owned())).or_default();
            let by: Vec<_> = holds.iter().filter(|hold| covers(hold, row)).collect();
            (counts.0, counts.1) = (counts.0 + u64::from(by.is_empty()), counts.1 + u64::from(!by.is_empty()));
            by.iter().for_each(|hold| *counts.2.entry(hold.id.clone()).or_default() += 1);
        }
        let goes = |row: &Row| is_too_old(row, &days) && !holds.iter().any(|hold| covers(hold, row));

        let before = city.files();
        let dry = retention.count(&city.history, NOW_MS).await.unwrap();
        assert_eq!(counted(&dry), expected, "seed {seed}, dry run");
        assert_eq!(city.files(), before, "seed {seed}: a dry run changes nothing");
        let certificate = finished(&retention, &city.history).await;
        assert_eq!(counted(&certificate), expected, "seed {seed}");
        let files = |certificate: &Certificate| certificate.tables.iter().map(|table| table.files_removed).sum::<u64>();
        assert_eq!(files(&certificate), files(&dry), "seed {seed}");
        assert_eq!(city.on_disk(), city.kept(goes), "seed {seed}: rows in any file on disk");
        let rows = stored(&city.root()).await.unwrap();
        for table in TABLES {
            let named: Vec<_> = rows[table as usize].clone();
            assert_eq!(named.len(), city.kept(goes)[&table].len(), "seed {seed}: each row once");
        }
        let in_sql = ask(city.history.clone(), "SELECT count(*) FROM observations").await;
        assert_eq!(in_sql, city.kept(goes)[&Table::Observations].len().to_string(), "seed {seed}");
        assert_eq!(verify(&city.root(), None).await.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
        let logs: Vec<_> =
            city.files().into_iter().filter(|(path, _)| path.display().to_string().contains("_delta_log")).collect();
        for row in city.rows.iter().filter(|row| row.table == Table::Incidents && goes(row)) {
            let id = id_of(row.place);
            let tells = |bytes: &[u8]| bytes.windows(id.len()).any(|window| window == id.as_bytes());
            let telling: Vec<_> = logs.iter().filter(|(_, bytes)| tells(bytes)).map(|(path, _)| path).collect();
            assert!(telling.is_empty(), "seed {seed}: {id} is quoted in {telling:?}");
        }
        assert_eq!(finished(&retention, &city.history).await.rows_deleted, 0, "seed {seed}: nothing is left to do");
        let checked = check(&city.folder(), &city.trail.audited()).unwrap();
        assert_eq!((checked.certificates, checked.findings, checked.notes), (2, vec![], vec![]));
        deleted += certificate.rows_deleted;
        held += certificate.rows_held;
        left += city.rows.len() as u64 - certificate.rows_deleted;
    }
    println!("{deleted} rows deleted, {left} kept, {held} of these held");
    assert!(first.is_some() || (deleted > 200 && held > 20 && left > 200), "{deleted} {held} {left}");
}

#[tokio::test]
async fn positions_stay_and_what_was_deleted_does_not_come_back_from_the_log() {
    let mut city = City::new().await;
    for day in 0..10 {
        city.add(Table::Observations, 0, 0, 0, NOW_MS - day * DAY_MS);
    }
    city.flush().await;
    let retention = city.retention(&[("cameras", 5)]);
    assert_eq!(finished(&retention, &city.history).await.rows_deleted, 5);
    let again = open(&city.root()).await;
    for offset in 0..10 {
        let time_ms = NOW_MS - i64::try_from(offset).unwrap() * DAY_MS;
        again.take_record(&record(Table::Observations, 0, offset, 0, 0, time_ms)).unwrap();
    }
    assert_eq!((again.rows_hot(), again.flush().await.unwrap()), (0, 0), "a log that is read again adds nothing");
    // A row that comes late is stored, and goes with the next run.
    again.take_record(&record(Table::Observations, 0, 10, 0, 0, NOW_MS - 9 * DAY_MS)).unwrap();
    assert_eq!(again.flush().await.unwrap(), 1);
    assert_eq!(finished(&retention, &again).await.rows_deleted, 1);
    assert_eq!(verify(&city.root(), None).await.len(), 0);
}

#[tokio::test]
async fn queries_that_began_before_read_on_and_files_go_later() {
    let mut city = City::new().await;
    for day in 0..10 {
        city.add(Table::Observations, 0, 0, 0, NOW_MS - day * DAY_MS);
        city.add(Table::Observations, 0, 1, 0, NOW_MS - day * DAY_MS);
    }
    city.flush().await;
    let before = Arc::new(HistoryReader::open(&city.root()).await.unwrap());
    let retention = city.retention(&[("cameras", 5)]);
    let waits = run(&retention, &city.history, DELETED_KEPT).await;
    assert!(matches!(waits, Progress::Waits { .. }), "{waits:?}");
    let sql = "SELECT count(*), sum(value) FROM observations";
    assert_eq!(ask(before, sql).await, "20,190.0", "its files are still there");
    assert!(ask(city.history.clone(), sql).await.starts_with("15,"));
    assert!(matches!(run(&retention, &city.history, DELETED_KEPT).await, Progress::Waits { .. }));
    let certificate = finished(&retention, &city.history).await;
    assert_eq!((certificate.rows_deleted, certificate.tables[0].files_removed), (5, 5));
    assert_eq!(city.on_disk()[&Table::Observations].len(), 15);
}

#[tokio::test]
async fn a_certificate_that_could_not_be_filed_is_filed_by_the_next_run() {
    let mut city = City::new().await;
    for day in 0..10 {
        city.add(Table::Incidents, 1, 2, 1, NOW_MS - day * DAY_MS);
    }
    city.flush().await;
    let retention = city.retention(&[("survey", 3)]);
    city.trail.fails.store(true, Ordering::Relaxed);
    let failed = retention.run(&city.history, Duration::ZERO, NOW_MS, &AtomicBool::new(false)).await;
    assert!(failed.unwrap_err().to_string().contains("the audit log cannot be written"));
    assert_eq!(city.on_disk()[&Table::Incidents].len(), 3);
    city.trail.fails.store(false, Ordering::Relaxed);
    assert_eq!(finished(&retention, &city.history).await.rows_deleted, 0, "the next one finds nothing");
    let filed = files_below(&city.folder().join("certificates")).into_keys();
    let told = |path| std::fs::read_to_string(path).unwrap().matches("\"rows_deleted\": 7").count();
    // Of the run, of its table and of its feed.
    assert_eq!(filed.map(told).collect::<BTreeSet<_>>(), [0, 3].into(), "what was cut short is told once");
    let checked = check(&city.folder(), &city.trail.audited()).unwrap();
    assert_eq!((checked.certificates, checked.findings.len()), (2, 0));
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_has_nothing_deleted() {
    let mut city = City::new().await;
    let (retention, midnight) = (city.retention(&[("cameras", 3)]), TimeOfDay { minute: 0 });
    let due = |now_ms| retention.is_due(midnight, now_ms).map_err(|error| error.to_string());
    assert_eq!(due(NOW_MS), Ok(true), "a folder without a run has one");
    finished(&retention, &city.history).await;
    assert_eq!((due(NOW_MS), due(NOW_MS + DAY_MS), due(NOW_MS + 31 * DAY_MS)), (Ok(false), Ok(true), Ok(true)));
    let said = due(NOW_MS + 366 * DAY_MS).unwrap_err();
    assert!(said.contains("began at 2017-05-01T12:00:00.") && said.contains("the clock shows 2018-05-02"), "{said}");
    city.add(Table::Observations, 0, 0, 0, NOW_MS);
    city.flush().await;
    let stopped = retention.run(&city.history, DELETED_KEPT, NOW_MS + 32 * DAY_MS, &AtomicBool::new(true)).await;
    assert!(matches!(stopped, Ok(Progress::Stopped)), "{stopped:?}");
    assert_eq!(due(NOW_MS + 60 * DAY_MS), Ok(true), "somebody began that one, and it is unfinished");
    assert!(due(NOW_MS + 90 * DAY_MS).is_err());
}

#[tokio::test]
async fn an_altered_certificate_and_an_altered_hold_are_found() {
    let mut city = City::new().await;
    city.add(Table::Incidents, 1, 2, 1, NOW_MS - 9 * DAY_MS);
    city.flush().await;
    let retention = city.retention(&[("survey", 3)]);
    let book = HoldBook::new(&city.folder());
    book.make(hold("court"), city.trail.as_ref()).unwrap();
    let certificate = finished(&retention, &city.history).await;
    assert_eq!((certificate.rows_deleted, certificate.rows_held), (0, 1));
    let findings = || check(&city.folder(), &city.trail.audited()).unwrap().findings;
    assert!(findings().is_empty());
    let alter = |path: &Path, from: &str, to: &str| {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    };
    let holds = city.folder().join("holds.jsonl");
    alter(&holds, "court", "count");
    assert!(findings()[0].contains("is altered or gone"), "{:?}", findings());
    alter(&holds, "count", "court");
    let filed = files_below(&city.folder().join("certificates")).into_keys().next().unwrap();
    alter(&filed, "\"rows_held\": 1", "\"rows_held\": 0");
    assert!(findings()[0].contains("is not the certificate that was filed"), "{:?}", findings());
    std::fs::remove_file(filed).unwrap();
    assert!(findings()[0].contains("is gone"), "{:?}", findings());
}

#[tokio::test]
async fn a_file_with_other_rows_than_its_commit_says_is_never_replaced() {
    let mut city = City::new().await;
    city.add(Table::Observations, 0, 0, 0, NOW_MS - 9 * DAY_MS);
    city.add(Table::Observations, 0, 1, 0, NOW_MS - 9 * DAY_MS);
    city.flush().await;
    city.add(Table::Observations, 0, 0, 0, NOW_MS - 9 * DAY_MS);
    city.add(Table::Observations, 0, 1, 0, NOW_MS - 9 * DAY_MS);
    city.add(Table::Observations, 0, 1, 0, NOW_MS - 9 * DAY_MS);
    city.flush().await;
    let files = city.history.committed(Table::Observations).data_files().await.unwrap();
    let path = |file: &crate::delta::files::DataFile| city.root().join("observations").join(&file.path);
    std::fs::copy(path(&files[0]), path(&files[1])).unwrap();
    let before = city.history.committed(Table::Observations).state().await.unwrap().version();
    let retention = city.retention(&[("cameras", 3)]);
    let failed = retention.run(&city.history, Duration::ZERO, NOW_MS, &AtomicBool::new(false)).await;
    assert!(failed.unwrap_err().to_string().contains("where its commit says"));
    let after = city.history.committed(Table::Observations).state().await.unwrap().version();
    assert_eq!((after, city.history.committed(Table::Observations).data_files().await.unwrap()), (before, files));
}

#[test]
fn a_book_keeps_holds_and_their_releases() {
    let dir = TempDir::new().unwrap();
    let (book, trail) = (HoldBook::new(dir.path()), Trail::default());
    assert!(book.all().unwrap().is_empty());
    let first = book.make(hold("court"), &trail).unwrap();
    let ends = Hold { ends_ms: Some(NOW_MS + 1), ..hold("court") };
    let second = book.make(ends, &trail).unwrap();
    assert_eq!((first.id.as_str(), second.id.as_str()), ("h1", "h2"));
    assert_eq!(book.in_force(NOW_MS).unwrap(), [first.clone(), second]);
    assert_eq!(book.in_force(NOW_MS + 1).unwrap(), [first]);
    let release = |hold: &str| Release {
        hold: hold.to_owned(),
        released_ms: NOW_MS,
        requester: "court".to_owned(),
        reason: "case closed".to_owned(),
    };
    book.release(&release("h1"), &trail).unwrap();
    assert!(book.in_force(NOW_MS + 1).unwrap().is_empty());
    assert_eq!(book.all().unwrap().len(), 2, "a release is recorded, never erased");
    let refused = |id: &str| book.release(&release(id), &trail).unwrap_err().to_string();
    assert_eq!(refused("h1"), "hold 'h1' was released before");
    assert_eq!(refused("h9"), "there is no hold 'h9'; `vigie retention hold list` shows all");
    let nothing = Hold { from_ms: Some(2), to_ms: Some(2), ..hold("court") };
    assert!(book.make(nothing, &trail).unwrap_err().to_string().contains("would freeze nothing"));
    assert!(book.make(hold(" "), &trail).unwrap_err().to_string().contains("the requester of a hold"));
    assert_eq!(trail.records.lock().unwrap().len(), 3);
    std::fs::write(dir.path().join("holds.jsonl"), "no hold\n").unwrap();
    assert!(book.in_force(NOW_MS).unwrap_err().to_string().contains("line 1"), "then nothing is deleted");
}
