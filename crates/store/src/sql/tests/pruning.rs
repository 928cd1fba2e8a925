//! What a query reads of the files: as few of them, and as few rows, as its conditions on date, time and space allow.

use crate::delta::files::Kind;
use crate::fixture::{self, CENTRE, START_MS};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use crate::schema::table::Table;
use crate::sql::brake::Brake;
use crate::sql::guard::check;
use crate::sql::limits::SqlLimits;
use crate::sql::locality::Localities;
use crate::sql::session::scoped_session;
use crate::upkeep::plan::Job;
use crate::upkeep::rewrite::rewrite;
use arrow::array::RecordBatch;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use datafusion::physical_plan::{ExecutionPlan, collect};
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::principal::{Principal, Scope};
use vigie_model::record::{Batch, Payload};

/// Spaces of the history that is pruned.
const SPACES: u32 = 8;
/// Rows of each of them on each day.
const ROWS: i64 = 12_000;
/// Rows of a batch, unless told otherwise.
const ROWS_OF_BATCH: usize = 8_192;
const DAY_MS: i64 = 86_400_000;
/// 2017-03-12T00:00:00Z.
const FIRST_DAY_MS: i64 = START_MS - 10 * 3_600_000;

/// What a query read, from the metrics of its plan.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    files: usize,
    /// How often one of them was opened.
    opened: usize,
    /// Rows of the pages that were looked at.
    rows_of_pages: usize,
    /// Rows on which conditions were tried.
    tried: usize,
    /// Rows of the answer.
    answered: usize,
    /// Whether the centre of rows is looked at.
    reads_centre: bool,
}

/// Two days of eight spaces, a value every 7.2 seconds each: a file a day as flushed, and four a day once sorted.
async fn history(root: &Path) -> Arc<History> {
    let options = HistoryOptions { rows_hot_max: 1_000_000, ..HistoryOptions::new(root, CENTRE, "log-a") };
    let history = History::open(options).await.unwrap();
    let named = |kind, name: String, index| NameEntry { kind, index, name: name.into() };
    let mut names =
        vec![named(NameKind::Metric, "people_count".to_owned(), 0), named(NameKind::Feed, "f".to_owned(), 0)];
    names.extend((0..SPACES).map(|space| named(NameKind::Space, format!("space-{space}"), space)));
    history.take_record(&fixture::record(Payload::Dictionary(names))).unwrap();
    let mut first_offset = 0;
    for day in 0..2 {
        let mut rows = Observations::default();
        for (step, space) in (0..ROWS).flat_map(|step| (0..SPACES).map(move |space| (step, space))) {
            rows.push(ObservationRow {
                feed: 0,
                space,
                metric: 0,
                sensor: NO_NAME,
                node: NO_NAME,
                seq: None,
                id: None,
                value: Decimal::from_micros(step * 1_000_000),
                event_time_ms: FIRST_DAY_MS + day * DAY_MS + step * 7_200,
                sent_time_ms: None,
                log_time_ms: FIRST_DAY_MS + day * DAY_MS + step * 7_200,
                quality: Quality::Good,
                flags: 0,
            });
        }
        let count = rows.len() as u64;
        history
            .take_record(&fixture::record(Payload::Observations(Batch { partition: 0, first_offset, rows })))
            .unwrap();
        first_offset += count;
        history.flush().await.unwrap();
    }
    Arc::new(history)
}

async fn sort_into_four(history: &History) {
    for file in history.committed(Table::Observations).data_files().await.unwrap() {
        let (date, rows_per_file) = (file.date.clone(), 2 * ROWS as u64);
        let job = Job { date, inputs: vec![file], kind: Kind::Sorted, rows_per_file };
        rewrite(history, Table::Observations, &job, 64 << 20, &AtomicBool::new(false)).await.unwrap();
    }
}

/// Runs a query as the door would.
async fn read(history: &History, scope: &Scope, sql: &str) -> Read {
    read_by(history, scope, sql, ROWS_OF_BATCH).await
}

/// [`read`] with batches of so many rows.
async fn read_by(history: &History, scope: &Scope, sql: &str, rows_of_batch: usize) -> Read {
    let (environment, limits) = (Arc::new(RuntimeEnv::default()), SqlLimits::default());
    let (checked, localities) = (check(sql, &limits).unwrap(), Localities::new(TimeZone::UTC));
    let brake = Arc::new(Brake::new(|| false));
    let session = scoped_session(history, &localities, &environment, &limits, scope, &checked, brake).await;
    let (session, _) = session.unwrap();
    let state = session.state_ref();
    let config = state.read().config().clone().with_batch_size(rows_of_batch);
    *state.write().config_mut() = config;
    let attached: &dyn crate::history::source::RowSource = history;
    attached.attach(&session.state()).unwrap();
    let plan = session.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
    let rows = collect(Arc::clone(&plan), session.task_ctx()).await.unwrap();
    let mut read = Read { answered: rows.iter().map(RecordBatch::num_rows).sum(), ..Read::default() };
    let text = datafusion::physical_plan::displayable(plan.as_ref()).indent(true).to_string();
    read.files = text.matches(".parquet").count();
    read.reads_centre = text.contains("centre");
    add_metrics(plan.as_ref(), &mut read);
    read
}

fn add_metrics(plan: &dyn ExecutionPlan, read: &mut Read) {
    for metric in plan.metrics().iter().flat_map(MetricsSet::iter) {
        match metric.value() {
            MetricValue::PruningMetrics { name, pruning_metrics } if name == "page_index_rows_pruned" => {
                read.rows_of_pages += pruning_metrics.matched();
            }
            MetricValue::Count { name, count } if name.starts_with("pushdown_rows_") => read.tried += count.value(),
            _ => {}
        }
        if let MetricValue::Count { name, count } = metric.value()
            && name == "files_opened"
        {
            read.opened += count.value();
        }
    }
    plan.children().into_iter().for_each(|child| add_metrics(child.as_ref(), read));
}

#[tokio::test]
async fn conditions_on_date_time_and_space_leave_out_files_and_pages() {
    let dir = TempDir::new().unwrap();
    let history = history(dir.path()).await;
    sort_into_four(&history).await;
    let everybody = Principal::local(CENTRE).scope;
    let partner = fixture::partner("space-5").scope;
    // A file has two spaces, each with 12,000 rows in pages of 4,096 or somewhat more. The page where one space ends and
    // the other begins has both spaces and all hours, so it is read with either.
    for (scope, condition, files, pages) in [
        (&everybody, "true", 8, None),
        (&everybody, "date = '2017-03-13'", 4, None),
        (&everybody, "event_time >= '2017-03-13T06:00:00Z'", 4, None),
        (&everybody, "event_time < '2017-03-12T01:00:00Z'", 4, None),
        (&everybody, "event_time BETWEEN '2018-01-01' AND '2018-01-02'", 0, None),
        (&everybody, "space = 'space-3'", 2, Some(2 * 16_384)),
        (&everybody, "space IN ('space-0', 'space-7')", 4, Some(4 * 16_384)),
        (&everybody, "space = 'space-9'", 0, None),
        (&everybody, "space = 'space-3' AND event_time >= '2017-03-13T23:00:00Z'", 1, Some(2 * 5_120)),
        (&everybody, "space = 'space-2' AND event_time < '2017-03-12T01:00:00Z'", 1, Some(2 * 5_120)),
        (&partner, "true", 2, Some(2 * 16_384)),
        (&partner, "event_time >= '2017-03-13T23:00:00Z'", 1, Some(2 * 5_120)),
        (&partner, "space = 'space-3'", 0, None),
    ] {
        let sql = format!("SELECT value FROM observations WHERE {condition}");
        let found = read(&history, scope, &sql).await;
        assert_eq!(found.files, files, "{condition}: {found:?}");
        if let Some(pages) = pages {
            assert!(found.rows_of_pages <= pages, "{condition}: {found:?}, at most {pages} rows expected");
        }
        let matched = format!("SELECT count(*) FROM observations WHERE {condition}");
        assert_eq!(read(&history, scope, &matched).await.answered, 1);
    }
    let last_hour = "SELECT value FROM observations WHERE space = 'space-3' AND event_time >= '2017-03-13T23:00:00Z'";
    assert_eq!(read(&history, &everybody, last_hour).await.answered, 500);
}

/// The files say that all their rows are of the centre, so nobody looks whether they are.
#[tokio::test]
async fn the_own_centre_is_no_condition_on_rows() {
    let dir = TempDir::new().unwrap();
    let history = history(dir.path()).await;
    let everybody = Principal::local(CENTRE).scope;
    for is_sorted in [false, true] {
        if is_sorted {
            sort_into_four(&history).await;
        }
        for (condition, answered, tried) in
            [("true", 192_000, 0), ("date = '2017-03-13'", 96_000, 0), ("value < 3", 48, 192_000)]
        {
            let sql = format!("SELECT value FROM observations WHERE {condition}");
            let found = read(&history, &everybody, &sql).await;
            let expected = (answered, tried, false);
            assert_eq!((found.answered, found.tried, found.reads_centre), expected, "{condition}, sorted: {is_sorted}");
        }
        let others = Principal::local("another-centre").scope;
        let found = read(&history, &others, "SELECT value FROM observations").await;
        assert_eq!((found.files, found.answered, found.tried), (0, 0, 0));
    }
}

/// Nothing is decided by notes that differ.
#[tokio::test]
async fn a_folder_of_two_centres_shows_each_its_own_rows() {
    let dir = TempDir::new().unwrap();
    for (centre, first, count, seen) in [(CENTRE, 0, 20, [20, 0, 0]), ("another-centre", 20, 7, [20, 7, 0])] {
        let history = History::open(HistoryOptions::new(dir.path(), centre, "log-a")).await.unwrap();
        let history = Arc::new(history);
        history.take_record(&fixture::dictionary()).unwrap();
        history.take_record(&fixture::observations(0, first, count)).unwrap();
        history.flush().await.unwrap();
        for (caller, rows) in [CENTRE, "another-centre", "a-third-centre"].into_iter().zip(seen) {
            let scope = Principal::local(caller).scope;
            let found = read(&history, &scope, "SELECT value FROM observations").await;
            assert_eq!(found.answered, rows, "{caller}, once {centre} has rows");
        }
    }
}

/// Rows that are hot do not keep files from being left out.
#[tokio::test]
async fn hot_rows_beside_files_change_nothing() {
    let dir = TempDir::new().unwrap();
    let history = Arc::new(History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap());
    history.take_record(&fixture::dictionary()).unwrap();
    for first in [0, 20] {
        history.take_record(&fixture::observations(0, first, 20)).unwrap();
        history.flush().await.unwrap();
    }
    history.take_record(&fixture::observations(0, 40, 1)).unwrap();
    let everybody = Principal::local(CENTRE).scope;
    for (condition, files, rows) in [
        ("true", 4, 41),
        ("event_time < '2017-03-12T12:00:00Z'", 1, 2),
        ("event_time >= '2017-03-14T00:00:00Z' AND space = 'town-hall'", 1, 2),
        ("date = '2017-03-14'", 1, 3),
    ] {
        let sql = format!("SELECT value FROM observations WHERE {condition}");
        let found = read(&history, &everybody, &sql).await;
        assert_eq!((found.files, found.answered), (files, rows), "{condition}");
    }
}

/// A condition on the hour is one on the dates that are read. Four parts of the view read them; two look for a row of the other
/// dates, and stop with the first batches.
#[tokio::test]
async fn hours_of_coverage_read_the_files_of_their_dates() {
    const DAYS: usize = 30;
    /// Of the files of the other dates, which are listed for those two parts, this many may be opened.
    const OTHERS_MAX: usize = 12;
    let dir = TempDir::new().unwrap();
    let history = Arc::new(History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap());
    history.take_record(&fixture::dictionary()).unwrap();
    // 12 March to 10 April, a file each, the first day from 10 o'clock on.
    let hours = DAYS * 24 - 10;
    history.take_record(&fixture::observations(0, 0, hours as u64)).unwrap();
    history.flush().await.unwrap();
    let (everybody, partner) = (Principal::local(CENTRE).scope, fixture::partner("town-hall").scope);
    let two_days = "hour >= '2017-03-25' AND hour < '2017-03-27'";
    for (scope, condition, dates, rows) in [
        (&everybody, "true", DAYS, 2 * hours),
        (&everybody, two_days, 9, 96),
        (&partner, two_days, 9, 48),
        (&everybody, "hour >= TIMESTAMP '2017-03-25T00:00:00Z' AND hour < TIMESTAMP '2017-03-27T00:00:00Z'", 9, 96),
        (&everybody, "hour >= to_timestamp('2017-03-25') AND hour < DATE '2017-03-25' + INTERVAL '2 days'", 9, 96),
        (&everybody, "hour BETWEEN '2017-03-25T05:00:00Z' AND '2017-03-25T06:00:00Z'", 8, 4),
        (&everybody, "hour IN ('2017-03-25T05:00:00Z', '2017-03-26T05:00:00Z') AND seen < 9", 9, 4),
        (&everybody, "hour < '2017-03-14'", 2, 76),
        (&everybody, "hour >= '2018-01-01'", 0, 0),
        (&everybody, "hour >= now() - INTERVAL '1 day'", 0, 0),
    ] {
        let sql = format!(
            "WITH c AS (SELECT *, expected - seen AS lost FROM coverage AS d) SELECT expected, lost FROM c WHERE {condition}"
        );
        let found = read_by(&history, scope, &sql, 2).await;
        assert_eq!((found.answered, found.files), (rows, 4 * dates + DAYS - dates), "{condition}");
        assert!((4 * dates..=4 * dates + OTHERS_MAX).contains(&found.opened), "{condition}: {found:?}");
    }
}
