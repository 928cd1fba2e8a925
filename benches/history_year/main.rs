//! A year of observations: written by the store's own flushes, put together by its upkeep, and asked.
//!
//! Two questions count: the last hour of one space, and a month of the whole city by space. The second is asked of DuckDB over the
//! same files in the same run when `VIGIE_PYTHON` names a Python that has it; the ratio is what can be compared between machines.
//!
//! ```text
//! cargo bench --bench history_year                                        # 5 M rows over 365 days
//! cargo bench --bench history_year -- --rows 100000000 --data DIR         # the full size; DIR is kept
//! cargo bench --bench history_year -- --days 30 --commit 2000             # fuller days, smaller commits
//! cargo bench --bench history_year -- --asking --data DIR                 # only asks what DIR holds
//! cargo bench --profile dev --bench history_year -- --test                # small
//! ```

mod rows;

use rows::{DAY_MS, START_MS, Year};
use sha2::Digest;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use vigie_model::audit::KeptNowhere;
use vigie_model::doors::{QueryDoor, QueryFormat, Question};
use vigie_model::principal::Principal;
use vigie_model::time::{format_utc, utc_date};
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::reader::HistoryReader;
use vigie_store::history::writer::History;
use vigie_store::schema::table::Table;
use vigie_store::sql::door::SqlDoor;
use vigie_store::sql::limits::SqlLimits;
use vigie_store::upkeep::keeper::{UpkeepOptions, compact, files_of, remove_unneeded};

const CENTRE: &str = "bench";
/// Days between two looks of upkeep while the year is written.
const DAYS_PER_LOOK: u64 = 30;

/// What was asked for on the command line.
struct Wanted {
    year: Year,
    /// Rows of a commit.
    commit: usize,
    rounds: usize,
    memory_bytes: usize,
    is_asking: bool,
    data: Option<PathBuf>,
}

/// What a question took: medians, and what was answered.
struct Asked {
    wall: Duration,
    cpu: Duration,
    rows: u64,
    answer: String,
}

fn main() {
    let wanted = wanted();
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let root = wanted.data.clone().unwrap_or_else(|| folder.path().to_owned()).join("history");
    let runtime = Runtime::new().expect("the system gives threads");
    let Wanted { year, .. } = wanted;
    println!("{} rows over {} days, {} spaces; {}", year.rows, year.days, year.spaces, root.display());
    if !wanted.is_asking {
        runtime.block_on(written(&wanted, &root));
    }
    println!("memory so far at most {} MiB; sorting may use {} MiB", peak_mib(), wanted.memory_bytes >> 20);
    runtime.block_on(asked(&wanted, &root));
}

fn wanted() -> Wanted {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_test = words.iter().any(|word| word == "--test");
    let value = |name: &str| words.iter().position(|word| word == name).map(|at| words[at + 1].clone());
    let number = |name: &str, default: u64| {
        value(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} NUMBER")))
    };
    let rows = number("--rows", if is_test { 60_000 } else { 5_000_000 });
    let days = number("--days", if is_test { 3 } else { 365 });
    let spaces = number("--spaces", if is_test { 100 } else { 2_000 });
    Wanted {
        year: Year { rows, days, spaces: u32::try_from(spaces).expect("few spaces"), partitions: 16 },
        commit: number("--commit", if is_test { 5_000 } else { 20_000 }) as usize,
        rounds: number("--rounds", if is_test { 1 } else { 15 }) as usize,
        memory_bytes: (number("--memory-mib", 128) as usize) << 20,
        is_asking: words.iter().any(|word| word == "--asking"),
        data: value("--data").map(PathBuf::from),
    }
}

/// Writes the year and puts its files together.
async fn written(wanted: &Wanted, root: &Path) {
    let year = &wanted.year;
    let options = HistoryOptions { partitions: year.partitions, ..HistoryOptions::new(root, CENTRE, "bench-log") };
    let history = Arc::new(History::open(options).await.expect("a fresh folder can be opened"));
    history.take_record(&year.dictionary()).expect("a fresh history has room");
    let mut next_offsets = vec![0; usize::from(year.partitions)];
    let (began, mut upkeep) = (Instant::now(), Duration::ZERO);
    for day in 0..year.days {
        for record in year.records_of_day(day, &mut next_offsets) {
            history.take_record(&record).expect("hot rows are flushed before there are too many");
            if history.rows_hot() >= wanted.commit {
                history.flush().await.expect("the disk works");
            }
        }
        history.flush().await.expect("the disk works");
        let is_last = day + 1 == year.days;
        if (day + 1) % DAYS_PER_LOOK == 0 || is_last {
            let looking = Instant::now();
            look_after(&history, wanted.memory_bytes).await;
            upkeep += looking.elapsed();
            let files = files_of(&history, Table::Observations).await.expect("the table is open");
            println!(
                "day {:>4}: {:>10} rows, {:>5} files, {:>6} MiB, {:>6.1} s, of which upkeep {:>6.1} s",
                day + 1,
                files.rows,
                files.files,
                files.bytes >> 20,
                began.elapsed().as_secs_f64(),
                upkeep.as_secs_f64()
            );
        }
    }
    let files = files_of(&history, Table::Observations).await.expect("the table is open");
    assert_eq!(files.rows, year.rows, "every row is there once");
    println!(
        "at most {} files a date, {:.1} bytes a row",
        files.files_a_date_max,
        files.bytes as f64 / files.rows as f64
    );
}

/// Puts together what there is, and leaves only the files that count.
async fn look_after(history: &History, memory_bytes: usize) {
    let options = UpkeepOptions { memory_bytes, removed_kept: Duration::ZERO, ..UpkeepOptions::default() };
    compact(history, Table::Observations, &options, |_| {}).await.expect("the disk works");
    remove_unneeded(history, Table::Observations, &options).await.expect("the disk works");
}

async fn asked(wanted: &Wanted, root: &Path) {
    let year = &wanted.year;
    let began = Instant::now();
    let reader = Arc::new(HistoryReader::open(root).await.expect("the year was written"));
    println!("history opened in {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let limits = SqlLimits::default();
    let door = SqlDoor::new(reader, limits, Arc::new(KeptNowhere)).expect("the system gives threads");
    let end_ms = START_MS + year.days as i64 * DAY_MS;
    let last_hour = format!(
        "SELECT event_time, sensor, metric, value FROM observations WHERE space = 'space-00016' AND event_time >= '{}'",
        format_utc(end_ms - DAY_MS / 24)
    );
    // A month in the middle, or all there is.
    let from = START_MS + (year.days as i64 / 2) * DAY_MS;
    let until = end_ms.min(from + 30 * DAY_MS);
    let month = format!(
        "SELECT space, count(*) AS n, avg(value) AS mean, max(value) AS most FROM observations \
         WHERE date >= DATE '{}' AND date < DATE '{}' GROUP BY space ORDER BY space",
        utc_date(from),
        utc_date(until)
    );
    let hour = ask(&door, wanted.rounds, &last_hour).await;
    println!("last hour of one space: {}, {} rows", told(&hour), hour.rows);
    let whole = ask(&door, wanted.rounds, &month).await;
    println!("a month of the city by space: {}, {} rows", told(&whole), whole.rows);
    println!("memory at most {} MiB; queries may use {} MiB", peak_mib(), limits.memory_bytes_max >> 20);
    match std::env::var("VIGIE_PYTHON") {
        Ok(python) => compare(&python, root, &month, (&whole, limits.threads, wanted.rounds)),
        Err(_) => println!("DuckDB is not asked: VIGIE_PYTHON names no Python"),
    }
}

async fn ask(door: &SqlDoor, rounds: usize, sql: &str) -> Asked {
    let (mut walls, mut cpus, mut last) = (Vec::new(), Vec::new(), None);
    // One round more, whose time does not count: the first reads the files from the disk.
    for round in 0..=rounds {
        let (began, burnt) = (Instant::now(), processor_time());
        let question = Question::new(sql, QueryFormat::Csv, "bench");
        let answer = door.whole(&Principal::local(CENTRE), question).await.expect("the question is answered");
        if round > 0 {
            walls.push(began.elapsed());
            cpus.push(processor_time().saturating_sub(burnt));
        }
        last = Some(answer);
    }
    let answer = last.expect("there is at least one round");
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    Asked {
        wall: median(&mut walls),
        cpu: median(&mut cpus),
        rows: answer.rows,
        answer: String::from_utf8(answer.body).expect("CSV is text"),
    }
}

/// Asks DuckDB the same, with as many threads; its answer must be the same.
fn compare(python: &str, root: &Path, sql: &str, (ours, threads, rounds): (&Asked, usize, usize)) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/history_year/duck.py");
    let mut duck = Command::new(python);
    duck.arg(script).arg(root.join("observations")).args([threads.to_string(), rounds.to_string()]).arg(sql);
    let said = duck.output().expect("Python can be started");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = String::from_utf8(said.stdout).expect("it prints text");
    let words: Vec<&str> = said.split_whitespace().collect();
    let [wall, cpu, rows, digest] = words[..] else { panic!("duck.py says {said}") };
    let ms = |text: &str| text.parse::<f64>().expect("a number");
    let (wall, cpu) = (ms(wall), ms(cpu));
    println!("DuckDB, {threads} threads: {wall:.1} ms, {cpu:.1} ms of processor, {rows} rows");
    assert_eq!(rows, ours.rows.to_string(), "DuckDB finds as many spaces");
    let counts: Vec<String> = ours.answer.lines().skip(1).map(first_two).collect();
    let found = sha2::Sha256::digest(counts.join("\n").as_bytes());
    let found: String = found.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, digest, "DuckDB counts the same rows of each space");
    let ratio = |ours: Duration, theirs: f64| ours.as_secs_f64() * 1e3 / theirs;
    println!("Vigie takes {:.2} times as long, {:.2} of processor", ratio(ours.wall, wall), ratio(ours.cpu, cpu));
}

/// Space and number of rows.
fn first_two(line: &str) -> String {
    line.split(',').take(2).collect::<Vec<_>>().join(",")
}

fn told(asked: &Asked) -> String {
    format!("{:.1} ms, {:.1} ms of processor", asked.wall.as_secs_f64() * 1e3, asked.cpu.as_secs_f64() * 1e3)
}

/// Processor time of this process.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, in hundredths of a second; the second field may hold blanks, but ends with a parenthesis.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let hundredths: u64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
    Duration::from_millis(hundredths * 10)
}

/// The most memory that this process has had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
