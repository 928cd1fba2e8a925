//! The positions that a table records, of all logs: Delta only answers for an application id that one knows already.

use super::finding::{Findings, RESTORE};
use crate::delta::change::log_rows_id;
use crate::delta::log_folder::{LOG_FOLDER, LogFolder};
use crate::schema::table::Table;
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::File;
use std::path::Path;
use vigie_model::position::BACKFILL_PARTITION;

/// What a table records.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    /// Next offsets by log id and partition.
    pub(super) next: BTreeMap<(String, i32), i64>,
    /// Rows of logs that retention has deleted.
    pub(super) deleted: i64,
}

impl Recorded {
    /// Reads the checkpoint and the commits after it; a checkpoint that cannot be read is a finding.
    pub(super) fn read(path: &Path, table: Table, folder: &LogFolder, findings: &mut Findings) -> Self {
        let log = path.join(LOG_FOLDER);
        let mut recorded = Self::default();
        if let Some(version) = folder.checkpoint {
            let checkpoint = log.join(format!("{version:020}.checkpoint.parquet"));
            if let Err(error) = recorded.read_checkpoint(&checkpoint, table) {
                findings.push(&checkpoint, format!("cannot be read: {error}"), RESTORE);
            }
        }
        for version in folder.checkpoint.map_or(0, |version| version + 1)..=folder.newest {
            // That each commit is there and whole was checked before; a server beside us only adds newer ones.
            let text = std::fs::read_to_string(log.join(format!("{version:020}.json"))).unwrap_or_default();
            for action in text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
                let (app_id, next) = (action["txn"]["appId"].as_str(), action["txn"]["version"].as_i64());
                if let (Some(app_id), Some(next)) = (app_id, next) {
                    recorded.note(app_id, next, table);
                }
            }
        }
        recorded
    }

    /// The logs whose rows the table has; imports are none.
    pub(super) fn logs(&self) -> BTreeSet<&str> {
        let of_logs = self.next.keys().filter(|(_, partition)| *partition != i32::from(BACKFILL_PARTITION));
        of_logs.map(|(log, _)| log.as_str()).collect()
    }

    /// The highest position of each partition over all logs.
    pub(super) fn highest(&self) -> BTreeMap<i32, i64> {
        let mut highest = BTreeMap::new();
        for ((_, partition), next) in &self.next {
            let position = highest.entry(*partition).or_insert(*next);
            *position = (*next).max(*position);
        }
        highest
    }

    fn read_checkpoint(&mut self, path: &Path, table: Table) -> Result<(), Box<dyn Error>> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
        let columns = ProjectionMask::columns(reader.parquet_schema(), ["txn.appId", "txn.version"]);
        for batch in reader.with_projection(columns).build()? {
            let batch = batch?;
            let Some(txn) = batch.column_by_name("txn").and_then(|column| column.as_struct_opt()) else { continue };
            let columns = (txn.column_by_name("appId"), txn.column_by_name("version"));
            let (Some(app_ids), Some(versions)) = columns else { continue };
            let (Some(app_ids), Some(versions)) =
                (app_ids.as_string_opt::<i32>(), versions.as_primitive_opt::<Int64Type>())
            else {
                return Err("its application transactions have other types than expected".into());
            };
            for row in (0..txn.len()).filter(|row| txn.is_valid(*row) && app_ids.is_valid(*row)) {
                self.note(app_ids.value(row), versions.value(row), table);
            }
        }
        Ok(())
    }

    /// `LOG/TABLE/PARTITION`; other applications may record what they like.
    fn note(&mut self, app_id: &str, next: i64, table: Table) {
        if app_id == log_rows_id(table) {
            self.deleted = next;
        }
        let mut parts = app_id.rsplitn(3, '/');
        let (partition, name, log) = (parts.next(), parts.next(), parts.next());
        if let (Some(Ok(partition)), Some(log), true) = (partition.map(str::parse), log, name == Some(table.name())) {
            self.next.insert((log.to_owned(), partition), next);
        }
    }
}
