//! How data files are written: compression, encodings, dictionaries and statistics.

use crate::schema::table::{CENTRE, OFFSET, PARTITION, Table};
use deltalake::parquet::basic::{Compression, Encoding};
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake::parquet::schema::types::ColumnPath;

/// Texts that are nearly all different: a dictionary of them would only be thrown away.
const UNIQUE_TEXTS: [&str; 5] = ["id", "alert_id", "action_id", "evidence", "summary"];
/// Columns whose smallest and largest value of each page say which pages a query can leave out: those a file is sorted
/// by, and what moves along with them.
const PAGES_PRUNED_BY: [&str; 3] = ["space", "event_time", "sensor"];
/// Columns whose smallest and largest value of a file say whether a query can leave out the file; where both are the same,
/// as those of the centre are, a condition on the column is decided and no row of it is read.
const FILES_PRUNED_BY: [&str; 8] = [CENTRE, "metric", "value", "log_time", "alert_id", "rule", PARTITION, OFFSET];
/// Whole numbers that differ little from row to row once rows are sorted.
const STEADY: [&str; 5] = ["event_time", "log_time", "sent_time", "seq", OFFSET];
/// Rows of a row group in files of many rows: few enough that a query of one space reads little, many enough to pack well.
const ROWS_PER_GROUP: usize = 262_144;

/// Rows of a page in such files: a query that leaves out pages reads at most two of them beside the rows it wants.
const ROWS_PER_PAGE: usize = 4_096;

/// How files of a table are written that are put together from others.
pub(crate) fn rewritten_properties(table: Table) -> WriterProperties {
    let mut properties = writer_properties(table)
        .into_builder()
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_row_count_limit(ROWS_PER_PAGE);
    for column in table.columns().iter().filter(|column| STEADY.contains(&column.name)) {
        let path = ColumnPath::from(column.name);
        properties = properties.set_column_dictionary_enabled(path.clone(), false);
        properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    // Ids of neighbours begin alike. Values are often few, and the writer gives a dictionary up when they are not.
    let id = ColumnPath::from("id");
    properties = properties.set_column_encoding(id, Encoding::DELTA_BYTE_ARRAY);
    properties.set_column_dictionary_enabled("value".into(), true).build()
}

/// How files of a table are written by a flush.
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
