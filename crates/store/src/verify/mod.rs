//! Checking a history folder: is every row that was committed there, readable, and there once?
//!
//! What can be said depends on what is known. A row does not carry the id of its log, and several logs (repeated replays
//! with other rules, say) may share a folder; their rows then have equal positions and are no repeats. So repeats and gaps
//! are looked for only where the tables record the positions of one log alone; of rows that retention deleted the tables record how
//! many there were. Parquet files carry no checksum: a flipped
//! bit that still decodes is not found.
//!
//! Cost: reads every data file once, and holds one bit per row.
//!
//! ```no_run
//! # async fn example() {
//! for finding in vigie_store::verify::verify("vigie-data/history".as_ref(), None).await {
//!     println!("{finding}");
//! }
//! # }
//! ```

pub mod finding;

mod offsets;

mod recorded;

mod data_file;

use crate::delta::log_folder::LogFolder;
use crate::delta::open::{check_complete, open, table_path};
use crate::error::Error;
use crate::schema::table::Table;
use data_file::Expected;
use deltalake::kernel::LogicalFileView;
use finding::{Finding, Findings, LogPositions, RESTORE};
use offsets::Offsets;
use recorded::Recorded;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use vigie_model::position::BACKFILL_PARTITION;

/// The tables whose rows are the rows of the log, each in exactly one of them.
const LOG_TABLES: [Table; 3] = [Table::Observations, Table::Incidents, Table::Perceptions];

/// What is wrong with the history in `root`, the folder `DATA/history`; nothing when there is none. With the positions of
/// its log, also whether history is ahead of it.
///
/// A server may be writing meanwhile: each table is checked as of one version.
pub async fn verify(root: &Path, log: Option<&LogPositions>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let mut folders = Vec::new();
    for table in Table::ALL {
        let path = table_path(root, table);
        match LogFolder::read(&path) {
            Ok(folder) => folders.push(folder),
            Err(error) => findings.push_error(&path, &error),
        }
    }
    // A table that is damaged is not missing, so this can be told only when all could be looked at.
    if folders.len() < Table::ALL.len() {
        return findings.into_vec(root);
    }
    if let Err(error) = check_complete(root, &folders) {
        findings.push_error(root, &error);
    }
    let mut log_rows = TableRows::default();
    for (table, folder) in Table::ALL.into_iter().zip(&folders) {
        let Some(folder) = folder else { continue };
        let path = table_path(root, table);
        let recorded = Recorded::read(&path, table, folder, &mut findings);
        check_against_log(&path, table, &recorded, log, &mut findings);
        // The rows of the log's tables have their offsets in common, so they are counted together.
        let is_of_log = LOG_TABLES.contains(&table);
        let mut rows = if is_of_log { std::mem::take(&mut log_rows) } else { TableRows::default() };
        rows.recorded.push((table, recorded));
        rows = check_files(root, table, rows, &mut findings).await;
        if is_of_log {
            log_rows = rows;
        } else {
            check_rows(root, &rows, &mut findings);
        }
    }
    check_rows(root, &log_rows, &mut findings);
    findings.into_vec(root)
}

/// Rows that share one order of offsets, of one table or of all log tables.
#[derive(Debug, Default)]
struct TableRows {
    recorded: Vec<(Table, Recorded)>,
    offsets: Offsets,
    /// Rows whose place another row has too.
    repeats: u64,
    /// Whether a file could not be read, so that gaps say nothing more.
    is_partial: bool,
}

/// Whether a table is ahead of the log.
fn check_against_log(
    path: &Path,
    table: Table,
    recorded: &Recorded,
    log: Option<&LogPositions>,
    findings: &mut Findings,
) {
    let Some(log) = log else { return };
    for ((_, partition), next) in recorded.next.iter().filter(|((id, _), _)| *id == *log.log_id) {
        let end = match table {
            Table::Observations | Table::Incidents | Table::Perceptions => {
                usize::try_from(*partition).ok().and_then(|index| log.next_offsets.get(index)).copied().unwrap_or(0)
            }
            Table::Alerts | Table::Actions => log.alert_stream_next.unwrap_or(u64::MAX),
            Table::Spaces => u64::MAX,
        };
        if u64::try_from(*next).map_or(true, |next| next > end) {
            let wrong = format!("stands at position {next} of partition {partition}, but the log ends at {end}");
            findings.push(path, wrong, "the log lost its end or was replaced: restore the log from a backup");
        }
    }
}

/// Reads every data file of the newest version of a table.
async fn check_files(root: &Path, table: Table, mut rows: TableRows, findings: &mut Findings) -> TableRows {
    let path = table_path(root, table);
    let files = match files_of(root, table).await {
        Ok(files) => files,
        Err(error) => {
            findings.push_error(&path, &error);
            rows.is_partial = true;
            return rows;
        }
    };
    let reading = tokio::task::spawn_blocking(move || {
        let (mut wrong, mut beyond) = (Vec::new(), BTreeMap::<i32, u64>::new());
        let recorded = rows.recorded.last().map(|(_, recorded)| recorded.highest()).unwrap_or_default();
        for file in &files {
            let place = path.join(&file.path);
            let read = data_file::read(&place, file, |partition, offset| {
                let is_of_log = partition != i32::from(BACKFILL_PARTITION);
                rows.repeats += u64::from(is_of_log && !rows.offsets.insert(partition, offset));
                if recorded.get(&partition).is_none_or(|next| offset >= *next) {
                    *beyond.entry(partition).or_default() += 1;
                }
            });
            rows.is_partial |= read.is_err();
            wrong.extend(read.err().map(|wrong| (place, wrong)));
        }
        for (partition, count) in beyond {
            wrong.push((
                path.clone(),
                format!("has {count} rows of partition {partition} above every recorded position"),
            ));
        }
        (rows, wrong)
    });
    let (rows, wrong) = reading.await.expect("reading files does not panic");
    for (place, wrong) in wrong {
        findings.push(&place, wrong, RESTORE);
    }
    rows
}

/// The data files of the newest version of a table, as its commits describe them.
async fn files_of(root: &Path, table: Table) -> Result<Vec<Expected>, Error> {
    let delta = open(root, table).await?;
    let path = table_path(root, table);
    let snapshot = delta.snapshot().map_err(|source| Error::delta("open", &path, source))?;
    let expected = |file: LogicalFileView| {
        let statistics = file.stats().and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        Expected {
            path: file.path().into_owned(),
            bytes: u64::try_from(file.size()).unwrap_or(0),
            rows: statistics.and_then(|statistics| statistics["numRecords"].as_u64()),
        }
    };
    Ok(snapshot.log_data().iter().map(expected).collect())
}

/// Repeats and gaps, where the rows are of one log alone.
fn check_rows(root: &Path, rows: &TableRows, findings: &mut Findings) {
    let logs: BTreeSet<&str> = rows.recorded.iter().flat_map(|(_, recorded)| recorded.logs()).collect();
    if logs.len() != 1 {
        return;
    }
    let names = rows.recorded.iter().map(|(table, _)| table.name()).collect::<Vec<_>>().join(", ");
    if rows.repeats > 0 {
        let wrong = format!("{} rows of {names} have the place of another row in the log", rows.repeats);
        findings.push(root, wrong, RESTORE);
    }
    // Alerts and actions are some of the records of the alert stream, so gaps are no loss there. A gap between log rows is
    // one only below the positions of all three tables: above, the row may be one that its table still has to store.
    let is_whole = !rows.is_partial
        && (matches!(rows.recorded.as_slice(), [(Table::Spaces, _)]) || rows.recorded.len() == LOG_TABLES.len());
    let positions: Vec<_> = rows.recorded.iter().map(|(_, recorded)| recorded.highest()).collect();
    let partitions: BTreeSet<_> = positions.iter().flat_map(BTreeMap::keys).collect();
    let of_logs = partitions.into_iter().filter(|partition| **partition != i32::from(BACKFILL_PARTITION));
    let gaps = of_logs.map(|partition| {
        let end = positions.iter().map(|highest| highest.get(partition).copied().unwrap_or(0)).min().unwrap_or(0);
        (*partition, end, rows.offsets.missing_below(*partition, end))
    });
    let gaps: Vec<_> = gaps.filter(|(_, _, missing)| *missing > 0).collect();
    // Which rows retention has deleted nobody knows any more, only how many.
    let deleted: i64 = rows.recorded.iter().map(|(_, recorded)| recorded.deleted).sum();
    if !is_whole || gaps.iter().map(|(_, _, missing)| missing).sum::<i64>() <= deleted {
        return;
    }
    let but_deleted =
        if deleted > 0 { format!(", and retention has deleted {deleted} rows only") } else { String::new() };
    for (partition, end, missing) in gaps {
        let wrong =
            format!("{missing} rows of partition {partition} below position {end} are in none of {names}{but_deleted}");
        findings.push(root, wrong, RESTORE);
    }
}
