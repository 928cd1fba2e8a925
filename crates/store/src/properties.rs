//! How data files are written: compression, encodings, dictionaries and statistics.

use crate::schema::table::{OFFSET, PARTITION, Table};
use deltalake::parquet::basic::{Compression, Encoding};
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use deltalake::parquet::schema::types::ColumnPath;

/// Texts that are nearly all different: a dictionary of them would only be thrown away.
const UNIQUE_TEXTS: [&str; 5] = ["id", "alert_id", "action_id", "evidence", "summary"];
/// Columns whose smallest and largest value of each page say which pages a query can leave out: those a file is sorted
/// by, and what moves along with them.
const PAGES_PRUNED_BY: [&str; 3] = ["space", "event_time", "sensor"];
/// Columns whose smallest and largest value of a file say whether a query can leave out the file.
const FILES_PRUNED_BY: [&str; 7] = ["metric", "value", "log_time", "alert_id", "rule", PARTITION, OFFSET];
/// Numbers of an observation that differ from row to row, but from their neighbours by little: packed differences are
/// smaller than a dictionary and cost less, and compression finds nothing in them.
const STEPPING: [&str; 5] = ["event_time", "sent_time", "log_time", "seq", OFFSET];

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
        properties = for_observations(properties);
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

/// What comes by the million gets the encodings that suit it; the columns left are written by `crate::pages`.
fn for_observations(mut properties: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
    for column in STEPPING {
        properties = properties
            .set_column_dictionary_enabled(column.into(), false)
            .set_column_encoding(column.into(), Encoding::DELTA_BINARY_PACKED)
            .set_column_compression(column.into(), Compression::UNCOMPRESSED);
    }
    properties
        .set_column_encoding("id".into(), Encoding::DELTA_BYTE_ARRAY)
        .set_column_dictionary_enabled("value".into(), false)
}
