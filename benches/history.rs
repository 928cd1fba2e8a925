//! Writing and asking history: columns from a log batch, a flush into Delta, and a query over committed and hot rows.
//!
//! Run with `cargo bench --bench history`. Figures are wall time on local disk, synced.
//!
//! The group `history, 100,000 observations` splits what a replay's commit does: rows like those of
//! `native_lines`, each with an id and a sequence number, of 10,000 spaces, in batches of 64.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use vigie_model::audit::KeptNowhere;
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::doors::{QueryDoor, QueryFormat, Question};
use vigie_model::metric::MetricSpec;
use vigie_model::names::{NO_NAME, NameEntry, NameKind, Names};
use vigie_model::principal::Principal;
use vigie_model::record::{Batch, Payload, Record};
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::writer::History;
use vigie_store::observed::stages::Stages;
use vigie_store::rows::observations::observations;
use vigie_store::sql::door::SqlDoor;
use vigie_store::sql::limits::SqlLimits;

const CENTRE: &str = "bench";
/// Rows of one batch, and of one flush.
const ROWS: u64 = 10_000;
/// Spaces the rows are spread over.
const SPACES: u32 = 500;
/// 2017-03-10T00:00:00Z; a batch covers less than a day, so a flush writes one file.
const START_MS: i64 = 1_489_104_000_000;

fn dictionary() -> Vec<NameEntry> {
    let entry = |kind, index: u32, name: String| NameEntry { kind, index, name: name.into() };
    let mut entries =
        vec![entry(NameKind::Feed, 0, "pedestrian".to_owned()), entry(NameKind::Metric, 0, "people_count".to_owned())];
    for index in 0..SPACES {
        entries.push(entry(NameKind::Space, index, format!("space-{index}")));
        entries.push(entry(NameKind::Sensor, index, format!("sensor-{index}")));
    }
    entries
}

fn batch(first_offset: u64) -> Batch<Observations> {
    let mut rows = Observations::default();
    for row in 0..ROWS {
        let series = u32::try_from(row).expect("a batch is small") % SPACES;
        rows.push(ObservationRow {
            feed: 0,
            space: series,
            metric: 0,
            sensor: series,
            node: NO_NAME,
            seq: None,
            id: None,
            value: Decimal::from_micros(i64::from(series) * 1_000_000),
            event_time_ms: START_MS + i64::try_from(row).expect("a batch is small") * 1_000,
            sent_time_ms: None,
            log_time_ms: START_MS,
            quality: Quality::Good,
            flags: 0,
        });
    }
    Batch { partition: 0, first_offset, rows }
}

fn record(payload: Payload) -> Record {
    Record { sequence: 0, log_time_ms: START_MS, payload }
}

/// A history in a fresh folder that knows the names.
fn history(runtime: &Runtime) -> (TempDir, Arc<History>) {
    let folder = TempDir::new().expect("the system has a temporary folder");
    let options = HistoryOptions::new(folder.path(), CENTRE, "bench-log");
    let history = runtime.block_on(History::open(options)).expect("a fresh folder can be opened");
    history.take_record(&record(Payload::Dictionary(dictionary()))).expect("a fresh history has room");
    (folder, Arc::new(history))
}

fn columns(criterion: &mut Criterion) {
    let mut names = Names::default();
    names.learn(&dictionary());
    let unit = MetricSpec { unit: "1".to_owned(), ..MetricSpec::default() };
    let metrics = Arc::new(BTreeMap::from([("people_count".into(), unit)]));
    let rows = batch(0);
    let mut group = criterion.benchmark_group("history");
    group.throughput(Throughput::Elements(ROWS));
    group.bench_function("columns from a batch of 10,000 rows", |bencher| {
        bencher.iter(|| observations(black_box(&rows), CENTRE, &names, &metrics));
    });
    group.finish();
}

fn take_and_flush(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the system gives threads");
    let (_folder, history) = history(&runtime);
    let mut first_offset = 0;
    let mut group = criterion.benchmark_group("history");
    group.throughput(Throughput::Elements(ROWS)).sample_size(20);
    group.bench_function("take and flush 10,000 rows", |bencher| {
        let next = || {
            first_offset += ROWS;
            record(Payload::Observations(batch(first_offset - ROWS)))
        };
        bencher.iter_batched(
            next,
            |record| {
                history.take_record(&record).expect("every flush makes room");
                runtime.block_on(history.flush()).expect("a temporary folder can be written")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn query(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the system gives threads");
    let (_folder, history) = history(&runtime);
    for first_offset in (0..10 * ROWS).step_by(usize::try_from(ROWS).expect("a batch is small")) {
        history.take_record(&record(Payload::Observations(batch(first_offset)))).expect("there is room");
        if first_offset < 9 * ROWS {
            runtime.block_on(history.flush()).expect("a temporary folder can be written");
        }
    }
    let door = SqlDoor::new(history, SqlLimits::default(), Arc::new(KeptNowhere)).expect("a history can be asked");
    let who = Principal::local(CENTRE);
    let sql =
        "SELECT space, count(*) AS n, avg(value) AS mean FROM observations GROUP BY space ORDER BY mean DESC LIMIT 10";
    let mut group = criterion.benchmark_group("history");
    group.throughput(Throughput::Elements(10 * ROWS)).sample_size(20);
    group.bench_function("query 90,000 committed and 10,000 hot rows", |bencher| {
        bencher.iter(|| {
            runtime
                .block_on(door.whole(&who, Question::new(sql, QueryFormat::Json, "bench")))
                .expect("the query is answered")
        });
    });
    group.finish();
}

/// Spaces, each with a sensor; a node sees to a hundred of them.
const CITY_SPACES: u32 = 10_000;
const CITY_ROWS: u64 = 100_000;
const CITY_BATCH: u64 = 64;

fn city() -> Names {
    let entry = |kind, index: u32, name: String| NameEntry { kind, index, name: name.into() };
    let mut entries = vec![entry(NameKind::Feed, 0, String::new()), entry(NameKind::Metric, 0, "noise_dba".to_owned())];
    for index in 0..CITY_SPACES {
        entries.push(entry(NameKind::Space, index, format!("space-{index:05}")));
        entries.push(entry(NameKind::Sensor, index, format!("mic-{index:05}")));
    }
    entries.extend((0..CITY_SPACES / 100).map(|index| entry(NameKind::Node, index, format!("edge-{index:04}"))));
    let mut names = Names::default();
    names.learn(&entries);
    names
}

/// Rows in the order of time, five seconds between two of a space, batch by batch.
fn city_batches() -> Vec<Batch<Observations>> {
    let batch = |first: u64| {
        let mut rows = Observations::default();
        for row in first..CITY_ROWS.min(first + CITY_BATCH) {
            let series = u32::try_from(row % u64::from(CITY_SPACES)).expect("there are few spaces");
            let (node, row_ms) = (series / 100, i64::try_from(row / 2).expect("there are few rows"));
            let id = format!("edge-{node:04}-{row:09}");
            rows.push(ObservationRow {
                feed: 0,
                space: series,
                metric: 0,
                sensor: series,
                node,
                seq: Some(i64::try_from(row).expect("there are few rows")),
                id: Some(&id),
                value: Decimal::from_micros(i64::try_from(row * 7_919 % 600).expect("there are few values") * 100_000),
                event_time_ms: START_MS + row_ms,
                sent_time_ms: None,
                log_time_ms: START_MS + row_ms,
                quality: Quality::Good,
                flags: 0,
            });
        }
        let partition = u16::try_from(first / CITY_BATCH % 16).expect("there are few partitions");
        Batch { partition, first_offset: first / CITY_BATCH / 16 * CITY_BATCH, rows }
    };
    (0..CITY_ROWS).step_by(usize::try_from(CITY_BATCH).expect("a batch is small")).map(batch).collect()
}

fn stages(criterion: &mut Criterion) {
    let (batches, metrics) = (city_batches(), Arc::default());
    let taken = || {
        let mut stages = Stages::new(CENTRE, city());
        for batch in &batches {
            stages.take(batch, &metrics);
        }
        stages
    };
    let mut group = criterion.benchmark_group("history, 100,000 observations");
    group.throughput(Throughput::Elements(CITY_ROWS)).sample_size(20);
    group.bench_function("take", |bencher| {
        let take = |mut stages: Stages| {
            for batch in &batches {
                black_box(stages.take(batch, &metrics));
            }
            stages
        };
        bencher.iter_batched(|| Stages::new(CENTRE, city()), take, BatchSize::PerIteration);
    });
    let mut hot = taken();
    group.bench_function("sort", |bencher| bencher.iter(|| hot.sort()));
    let sorted = hot.sort();
    group.bench_function("encode", |bencher| bencher.iter(|| hot.encode(&sorted)));
    let runtime = Runtime::new().expect("the system gives threads");
    let folder = TempDir::new().expect("the system has a temporary folder");
    let options = HistoryOptions::new(folder.path(), CENTRE, "bench-log");
    let history = runtime.block_on(History::open(options)).expect("a fresh folder can be opened");
    let entries = |names: &Names, kind| {
        let entry = |(index, name): (u32, &Arc<str>)| NameEntry { kind, index, name: Arc::clone(name) };
        (0..).zip(names.all(kind)).map(entry).collect::<Vec<_>>()
    };
    let names = city();
    let dictionary = NameKind::ALL.into_iter().flat_map(|kind| entries(&names, kind)).collect();
    history.take_record(&record(Payload::Dictionary(dictionary))).expect("a fresh history has room");
    let mut offset = 0;
    group.bench_function("take and commit", |bencher| {
        let next = || {
            let later = |batch: &Batch<Observations>| {
                let Batch { partition, first_offset, rows } = batch;
                let batch = Batch { partition: *partition, first_offset: first_offset + offset, rows: rows.clone() };
                record(Payload::Observations(batch))
            };
            let records: Vec<_> = batches.iter().map(later).collect();
            offset += CITY_ROWS;
            records
        };
        bencher.iter_batched(
            next,
            |records| {
                records.iter().for_each(|record| history.take_record(record).expect("every flush makes room"));
                runtime.block_on(history.flush()).expect("a temporary folder can be written")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, columns, take_and_flush, query, stages);
criterion_main!(benches);
