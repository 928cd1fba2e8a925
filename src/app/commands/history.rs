//! `vigie history`: looking after the files of history while no server does.

use crate::app::cli::history::{CompactArgs, HistoryCommand, StatsArgs, VacuumArgs};
use crate::app::commands::running::{block_on, say};
use crate::app::lock::{DataLock, centre_of};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::Failure;
use std::path::Path;
use std::time::Duration;
use vigie_model::duration::parse_ms;
use vigie_store::history::options::HistoryOptions;
use vigie_store::history::writer::History;
use vigie_store::schema::table::Table;
use vigie_store::upkeep::keeper::{UpkeepOptions, compact, files_of, remove_unneeded};
use vigie_store::upkeep::vacuum::REMOVED_KEPT_MAX;

/// The log whose rows this command takes: none. No log has this id, so no position is read or written.
const NO_LOG: &str = "none";

/// Runs the command.
///
/// # Errors
/// When the folder is in use or has no history, or a file cannot be read or written.
pub fn run(command: &HistoryCommand, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    match command {
        HistoryCommand::Compact(args) => within(&args.data, async |history| put_together(&history, args).await),
        HistoryCommand::Vacuum(args) => vacuum(args),
        HistoryCommand::Stats(StatsArgs { data }) => within(data, async |history| stats(&history).await),
    }
}

/// Opens the history of a data folder that nobody else writes to.
fn within(data: &Path, work: impl AsyncFnOnce(History) -> Result<(), Failure>) -> Result<(), Failure> {
    let root = data.join("history");
    let centre = centre_of(data).filter(|_| root.is_dir());
    let Some(centre) = centre else {
        return Err(Failure::Io(format!("there is no history in {}", data.display())));
    };
    let _lock = DataLock::take(data, &centre)?;
    block_on(async {
        let options = HistoryOptions { partitions: 1, ..HistoryOptions::new(root, centre, NO_LOG) };
        let history = History::open(options).await.map_err(|error| Failure::io("cannot open history", error))?;
        work(history).await
    })
}

async fn put_together(history: &History, args: &CompactArgs) -> Result<(), Failure> {
    let options = UpkeepOptions { memory_bytes: (args.memory_mib as usize) << 20, ..UpkeepOptions::default() };
    for table in Table::ALL {
        let mut rows = 0;
        let done = compact(history, table, &options, |step| {
            rows += step.rows;
            tracing::info!(table = table.name(), rows, "put files together");
        });
        let done = done.await.map_err(|error| Failure::io(format!("cannot put files of {table} together"), error))?;
        if done.files_before > 0 {
            let (before, after, rows) = (done.files_before, done.files_after, done.rows);
            say(&format!("{table}: {before} files became {after}, {rows} rows"));
        }
    }
    stats(history).await
}

fn vacuum(args: &VacuumArgs) -> Result<(), Failure> {
    let kept = parse_ms(&args.keep).map_err(|error| Failure::Usage(format!("--keep {}: {error}", args.keep)))?;
    let kept = Duration::from_millis(u64::try_from(kept).unwrap_or(0));
    if kept > REMOVED_KEPT_MAX {
        return Err(Failure::Usage(format!("--keep {}: history knows what it removed for 7d at most", args.keep)));
    }
    within(&args.data, async |history| {
        let options = UpkeepOptions { removed_kept: kept, ..UpkeepOptions::default() };
        for table in Table::ALL {
            let removed = remove_unneeded(&history, table, &options).await;
            let removed = removed.map_err(|error| Failure::io(format!("cannot look through {table}"), error))?;
            say(&format!("{table}: removed {} files, {} bytes", removed.files, removed.bytes));
        }
        Ok(())
    })
}

/// A line a table.
async fn stats(history: &History) -> Result<(), Failure> {
    say(&format!("{:<14}{:>8}{:>14}{:>16}{:>8}{:>12}", "table", "files", "rows", "bytes", "dates", "most a date"));
    for table in Table::ALL {
        let found =
            files_of(history, table).await.map_err(|error| Failure::io(format!("cannot read {table}"), error))?;
        let line = (found.files, found.rows, found.bytes, found.dates, found.files_a_date_max);
        let (files, rows, bytes, dates, most) = line;
        say(&format!("{:<14}{files:>8}{rows:>14}{bytes:>16}{dates:>8}{most:>12}", table.name()));
    }
    Ok(())
}
