//! Rows of several files, sorted, in few new ones.
//!
//! DataFusion reads and sorts; what does not fit in memory it spills to the folder [`SPILL`] and merges from there. The new
//! files are nobody's until a commit names them, and are removed again when it does not come to that.

use super::file::{NewFiles, Wanted};
use super::plan::Job;
use crate::delta::change::Change;
use crate::delta::open::table_path;
use crate::error::Error;
use crate::history::writer::History;
use crate::schema::table::{DATE, OFFSET, PARTITION, Table};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext, col};
use deltalake::kernel::Add;
use futures::StreamExt;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vigie_failpoints::point::reach;

/// The folder that sorting spills to, beside the tables.
pub(crate) const SPILL: &str = "_sorting";
/// The share of the memory set aside for merging what was spilled is one in so many.
const MERGE_SHARE: usize = 8;
/// Rows handled at once.
const BATCH_ROWS: usize = 4_096;

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The table has the new files, so many.
    Replaced(usize),
    /// Somebody else replaced or deleted a file meanwhile.
    Overtaken,
    /// It was told to stop.
    Stopped,
}

/// Does a job: reads, sorts, writes and commits. Rows are sorted in `memory_bytes`.
///
/// # Errors
/// When a file cannot be read or holds another number of rows than the table says, or the disk fails; the table is as it
/// was.
pub(crate) async fn rewrite(
    history: &History,
    table: Table,
    job: &Job,
    memory_bytes: usize,
    stop: &AtomicBool,
) -> Result<Outcome, Error> {
    let wanted = Wanted {
        table,
        schema: schema_of_files(table),
        date: job.date.clone(),
        kind: job.kind,
        rows_per_file: usize::try_from(job.rows_per_file).unwrap_or(usize::MAX),
    };
    let committed = history.committed(table);
    let mut files = NewFiles::new(committed.log_store().object_store(None), wanted.clone());
    let outcome = match write(history, &wanted, job, memory_bytes, stop, &mut files).await {
        Ok(Some(written)) => {
            let others: HashSet<String> = job.inputs.iter().map(|file| file.path.clone()).collect();
            let replaced = committed.replace(&others, written, Change::None).await;
            let count = written.len();
            // After an error of a commit its outcome may be unknown. The files stay then, until a vacuum knows.
            match replaced? {
                true => return Ok(Outcome::Replaced(count)),
                false => Ok(Outcome::Overtaken),
            }
        }
        Ok(None) => Ok(Outcome::Stopped),
        Err(error) => Err(error),
    };
    files.discard().await;
    outcome
}

/// Writes the files of a job; `None` after a stop.
async fn write<'a>(
    history: &History,
    wanted: &Wanted,
    job: &Job,
    memory_bytes: usize,
    stop: &AtomicBool,
    files: &'a mut NewFiles,
) -> Result<Option<&'a [Add]>, Error> {
    let folder = table_path(history.root(), wanted.table);
    let failed = |source| Error::delta("put together files of", &folder, source);
    let mut sorted = sorted(&folder, wanted, job, memory_bytes, &history.root().join(SPILL)).await?;
    let mut rows = 0;
    while let Some(batch) = sorted.next().await {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // The same columns without what reading added to their descriptions.
        let batch = RecordBatch::try_new(Arc::clone(&wanted.schema), batch?.columns().to_vec())?;
        rows += batch.num_rows() as u64;
        files.write(&batch).await.map_err(failed)?;
    }
    if rows != job.rows() {
        return Err(Error::Damaged {
            path: folder.join(format!("{DATE}={}", job.date)),
            wrong: format!("holds {rows} rows in files that should hold {}", job.rows()),
            remedy: "run `vigie verify` to find the file, and restore it from a backup",
        });
    }
    let written = files.end().await.map_err(failed)?;
    reach("history.rewritten");
    Ok(Some(written))
}

/// The rows of a job in the order of a file. Sorting goes on in `memory_bytes`.
async fn sorted(
    folder: &Path,
    wanted: &Wanted,
    job: &Job,
    memory_bytes: usize,
    spill: &Path,
) -> Result<SendableRecordBatchStream, Error> {
    let environment = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(memory_bytes)))
        .with_temp_file_path(spill)
        .build_arc()?;
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(BATCH_ROWS)
        .with_collect_statistics(false)
        .with_sort_spill_reservation_bytes(memory_bytes / MERGE_SHARE);
    let session = SessionContext::new_with_config_rt(config, environment);
    let paths: Vec<String> = job.inputs.iter().map(|file| folder.join(&file.path).display().to_string()).collect();
    // Files of an earlier version lack columns that came later; with the schema of today these are null.
    let rows = session.read_parquet(paths, ParquetReadOptions::default().schema(&wanted.schema)).await?;
    let order = [wanted.table.space_column(), wanted.table.time_column(), PARTITION, OFFSET];
    let order = order.map(|column| col(format!("\"{column}\"")).sort(true, true));
    Ok(rows.sort(order.to_vec())?.execute_stream().await?)
}

/// The columns of data files: those of the table but for the date, which their folder tells.
pub(super) fn schema_of_files(table: Table) -> SchemaRef {
    let schema = table.schema();
    let fields = schema.fields().iter().filter(|field| field.name() != DATE).cloned();
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Removes what sorting left when a process ended in the middle.
pub(crate) fn sweep(root: &Path) {
    let folder = root.join(SPILL);
    if let Err(error) = std::fs::remove_dir_all(&folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %folder.display(), %error, "cannot remove what an earlier run was sorting");
    }
}
