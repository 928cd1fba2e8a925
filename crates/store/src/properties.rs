//! How data files are written: compression, encodings, dictionaries and statistics.

use crate::schema::table::{OFFSET, PARTITION, Table};
use deltalake::parquet::basic::Compression;
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake::parquet::schema::types::ColumnPath;

/// Texts that are nearly all different: a dictionary of them would only be thrown away.
const UNIQUE_TEXTS: [&str; 5] = ["id", "alert_id", "action_id", "evidence", "summary"];
/// Columns whose smallest and largest value of each page say which pages a query can leave out: those a file is sorted
/// by, and what moves along with them.
const PAGES_PRUNED_BY: [&str; 3] = ["space", "event_time", "sensor"];
/// Columns whose smallest and largest value of a file say whether a query can leave out the file.
const FILES_PRUNED_BY: [&str; 7] = ["metric", "value", "log_time", "alert_id", "rule", PARTITION, OFFSET];
/// How files of a table are written.
pub(crate) fn writer_properties(table: Table) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("vigie ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None);
    for column in table.columns() {
        let path = ColumnPath::from(column.name);
        if UNIQUE_TEXTS.contains(&column.name) {
            properties = properties.set_column_dictionary_enabled(path.clone(), false);
        }
        properties = properties.set_column_statistics_enabled(path, statistics_of(column.name));
    }
    if table == Table::Observations {
        // Where a dictionary of values pays, and for all other columns, `crate::pages` writes the chunks.
        properties = properties.set_column_dictionary_enabled("value".into(), false);
    }
    properties.build()
}

/// Which smallest and largest values of a column are noted.
pub(crate) fn statistics_of(column: &str) -> EnabledStatistics {
    if PAGES_PRUNED_BY.contains(&column) {
        EnabledStatistics::Page
    } else if FILES_PRUNED_BY.contains(&column) {
        EnabledStatistics::Chunk
    } else {
        EnabledStatistics::None
    }
}
