//! A data file of observations, from the integers of the log.

use super::order::{OfDate, Ranks, by_date};
use super::sorted::{Sorted, numbers, one_text, texts};
use crate::pages::chunk::Chunk;
use crate::pages::coded::{Bounds, Codes, Dictionary, chunk};
use crate::pages::fronts::chunk_of_fronts;
use crate::pages::steps::{Steps, chunk_of_some_steps, chunk_of_steps};
use crate::positions::Positions;
use crate::properties::{statistics_of, writer_properties};
use crate::rows::observations::{flag_words, units_by_index};
use crate::rows::observed::Observed;
use crate::schema::table::{CENTRE, DATE, OFFSET, PARTITION, Table};
use arrow::datatypes::Schema;
use deltalake::parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use deltalake::parquet::data_type::DoubleType;
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::ParquetMetaData;
use deltalake::parquet::file::properties::{EnabledStatistics, WriterPropertiesPtr};
use deltalake::parquet::file::statistics::ValueStatistics;
use deltalake::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use deltalake::parquet::schema::types::{ColumnDescPtr, SchemaDescPtr};
use object_store::PutPayload;
use std::sync::{Arc, LazyLock};
use vigie_model::batch::Quality;
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameIx, NameKind, Names};

/// Bytes a row is likely to need in a file, so that memory is asked for once.
const ROW_BYTES: usize = 24;
/// Combinations of flags.
const FLAGS: usize = 8;
/// Qualities by their numbers.
const QUALITIES: [Quality; 3] = [Quality::Good, Quality::Uncertain, Quality::Bad];

/// Shared bytes, named without a dependency of our own.
type Bytes = <PutPayload as IntoIterator>::Item;
type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

/// How files of observations are written, and what their columns are; the same for all.
struct Format {
    parquet: SchemaDescPtr,
    properties: WriterPropertiesPtr,
}

static FORMAT: LazyLock<Format> = LazyLock::new(|| {
    let schema = Table::Observations.schema();
    let fields = schema.fields().iter().filter(|field| field.name() != DATE).cloned();
    let arrow = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let parquet = ArrowSchemaConverter::new().convert(&arrow).expect("the columns of history have Parquet types");
    let mut properties = writer_properties(Table::Observations);
    add_encoded_arrow_schema_to_metadata(&arrow, &mut properties);
    Format { parquet: Arc::new(parquet), properties: Arc::new(properties) }
});

/// The bytes of a file, and what it says about itself.
#[derive(Debug)]
pub(crate) struct EncodedFile {
    /// Days since the epoch: the date of all its rows.
    pub(crate) day: i32,
    /// The whole file.
    pub(crate) bytes: Vec<u8>,
    /// Its footer.
    pub(crate) metadata: ParquetMetaData,
}

/// The files of the rows at or above `stored`, one a date. The spaces of all rows are known to `ranks`.
///
/// # Errors
/// As [`encode`].
///
/// # Panics
/// As [`encode`].
pub(crate) fn encode_all(
    chunks: &[Arc<Observed>],
    stored: &Positions,
    ranks: &Ranks,
    centre: &str,
    names: &Names,
) -> Result<Vec<EncodedFile>, ParquetError> {
    by_date(chunks, stored, ranks).iter().map(|of_date| encode(chunks, of_date, centre, names)).collect()
}

/// The file of one date's rows, which lie in `chunks`.
///
/// # Errors
/// When a page would be larger than 2 GiB.
///
/// # Panics
/// When a row uses an index that `names` has not learnt: the log then misses a dictionary record.
pub(crate) fn encode(
    chunks: &[Arc<Observed>],
    of_date: &OfDate,
    centre: &str,
    names: &Names,
) -> Result<EncodedFile, ParquetError> {
    let rows = Rows { sorted: Sorted::new(chunks, &of_date.places), chunks, centre, names };
    let buffer = Vec::with_capacity(rows.sorted.len() * ROW_BYTES);
    let format = &*FORMAT;
    let mut file = SerializedFileWriter::new(buffer, format.parquet.root_schema_ptr(), Arc::clone(&format.properties))?;
    let mut group = file.next_row_group()?;
    for column in format.parquet.columns() {
        rows.write(column, &mut group)?;
    }
    group.close()?;
    let metadata = file.finish()?;
    Ok(EncodedFile { day: of_date.day, bytes: std::mem::take(file.inner_mut()), metadata })
}

/// What a file is made of.
struct Rows<'a> {
    sorted: Sorted<'a>,
    chunks: &'a [Arc<Observed>],
    centre: &'a str,
    names: &'a Names,
}

impl Rows<'_> {
    fn write(&self, column: &ColumnDescPtr, group: &mut Group<'_>) -> Result<(), ParquetError> {
        let sorted = &self.sorted;
        match column.name() {
            "event_time" => steps(column, &sorted.values(|rows| &rows.columns.event_time_ms, micros), group),
            "log_time" => steps(column, &sorted.values(|rows| &rows.columns.log_time_ms, micros), group),
            OFFSET => steps(column, &sorted.values(|rows| &rows.offsets, |offset| offset), group),
            "sent_time" => {
                let mut sent = sorted.values_or_null(|rows| &rows.columns.sent_time_ms);
                sent.values.iter_mut().for_each(|sent| *sent = micros(*sent));
                some_steps(column, &sent, group)
            }
            "seq" => some_steps(column, &sorted.values_or_null(|rows| &rows.columns.seq), group),
            "id" => self.ids(column, group),
            "value" => self.measured(column, group),
            "space" => self.named(column, NameKind::Space, |rows| &rows.columns.space, group),
            "sensor" => self.named(column, NameKind::Sensor, |rows| &rows.columns.sensor, group),
            "node" => self.named(column, NameKind::Node, |rows| &rows.columns.node, group),
            "metric" => self.named(column, NameKind::Metric, |rows| &rows.columns.metric, group),
            "feed" => self.named(column, NameKind::Feed, |rows| &rows.columns.feed, group),
            "unit" => self.units(column, group),
            "quality" => {
                let word = |number| QUALITIES[number as usize].as_str();
                self.texts(column, |rows| &rows.columns.quality, |quality| quality as u8, word, QUALITIES.len(), group)
            }
            "flags" => {
                let (known, words) = (|bits| bits % FLAGS as u8, |number| flag_words(number as u8));
                self.texts(column, |rows| &rows.columns.flags, known, words, FLAGS, group)
            }
            CENTRE => coded(column, one_text(self.centre, sorted.len()), group),
            PARTITION => self.partitions(column, group),
            name => unreachable!("{name} is no column of observations"),
        }
    }

    fn named(
        &self,
        column: &ColumnDescPtr,
        kind: NameKind,
        indices: impl Fn(&Observed) -> &[NameIx],
        group: &mut Group<'_>,
    ) -> Result<(), ParquetError> {
        let names = self.names.all(kind);
        self.texts(column, indices, |index| index, |index| &names[index as usize], names.len(), group)
    }

    /// Texts with numbers below `bound`, which `number` makes of what stands in `rows`.
    fn texts<'t, T: Copy + PartialEq + 't, N: Copy + PartialEq + Into<u32>>(
        &self,
        column: &ColumnDescPtr,
        rows: impl Fn(&Observed) -> &[T],
        number: impl Fn(T) -> N,
        text: impl Fn(u32) -> &'t str,
        bound: usize,
        group: &mut Group<'_>,
    ) -> Result<(), ParquetError> {
        let same = self.sorted.constant(&rows).map(|value| number(value).into());
        let found = match same.filter(|number| *number != NO_NAME) {
            Some(number) => one_text(text(number), self.sorted.len()),
            None => texts(self.sorted.values(rows, number), text, bound),
        };
        coded(column, found, group)
    }

    /// Units depend on the metric, and on how metrics were configured when the row came.
    fn units(&self, column: &ColumnDescPtr, group: &mut Group<'_>) -> Result<(), ParquetError> {
        let (mut units, mut by_metric) = (Vec::new(), Vec::new());
        for rows in self.chunks {
            let of_metrics = units_by_index(self.names, &rows.metrics);
            for unit in &of_metrics {
                if !units.contains(unit) {
                    units.push(unit);
                }
            }
            let number = |unit| units.iter().position(|known| *known == unit).unwrap_or_default() as u32;
            by_metric.push(of_metrics.into_iter().map(number).collect::<Vec<_>>());
        }
        if let [unit] = units.as_slice() {
            return coded(column, one_text(unit, self.sorted.len()), group);
        }
        let numbers = self.sorted.rows().map(|(chunk, rows, row)| by_metric[chunk][rows.columns.metric[row] as usize]);
        coded(column, texts(numbers.collect::<Vec<_>>(), |number| units[number as usize], units.len()), group)
    }

    fn partitions(&self, column: &ColumnDescPtr, group: &mut Group<'_>) -> Result<(), ParquetError> {
        let partitions = self.sorted.values(|rows| &rows.partitions, i64::from);
        let bound = |partition: Option<&i64>| partition.and_then(|partition| i32::try_from(*partition).ok());
        let (min, max) = (bound(partitions.iter().min()), bound(partitions.iter().max()));
        let statistics = ValueStatistics::new(min, max, None, Some(0), false).with_backwards_compatible_min_max(true);
        let (dictionary, codes) =
            numbers(&partitions, |partition| (partition as i32).to_le_bytes()).expect("a log has few partitions");
        append(chunk(column, &dictionary, &codes, Bounds::No, Some(statistics.into()))?, group)
    }

    /// Measured values are often few: counts, tenths of a degree.
    fn measured(&self, column: &ColumnDescPtr, group: &mut Group<'_>) -> Result<(), ParquetError> {
        let values = self.sorted.values(|rows| &rows.columns.value_micros, |micros| micros);
        let double = |micros| Decimal::from_micros(micros).to_f64();
        let Some((dictionary, codes)) = numbers(&values, |micros| double(micros).to_le_bytes()) else {
            let values: Vec<f64> = values.into_iter().map(double).collect();
            let mut writer = next_column(group)?;
            writer.typed::<DoubleType>().write_batch(&values, None, None)?;
            return writer.close();
        };
        let bound = |micros: Option<&i64>| micros.map(|micros| double(*micros));
        let (min, max) = (bound(values.iter().min()), bound(values.iter().max()));
        let statistics = ValueStatistics::new(min, max, None, Some(0), false).with_backwards_compatible_min_max(true);
        append(chunk(column, &dictionary, &codes, Bounds::No, Some(statistics.into()))?, group)
    }

    /// Ids are all different, but neighbours begin alike.
    fn ids(&self, column: &ColumnDescPtr, group: &mut Group<'_>) -> Result<(), ParquetError> {
        let ids = self.sorted.rows().map(|(_, rows, row)| rows.columns.id(row));
        append(chunk_of_fronts(column, ids)?, group)
    }
}

/// Writes a column of whole numbers.
fn steps(column: &ColumnDescPtr, values: &[i64], group: &mut Group<'_>) -> Result<(), ParquetError> {
    append(chunk_of_steps(column, values, bounds_of(column))?, group)
}

fn some_steps(column: &ColumnDescPtr, steps: &Steps, group: &mut Group<'_>) -> Result<(), ParquetError> {
    append(chunk_of_some_steps(column, steps, bounds_of(column))?, group)
}

fn bounds_of(column: &ColumnDescPtr) -> Bounds {
    match statistics_of(column.name()) {
        EnabledStatistics::None => Bounds::No,
        EnabledStatistics::Chunk => Bounds::OfFile,
        EnabledStatistics::Page => Bounds::OfPages,
    }
}

/// Writes a column of texts.
fn coded(
    column: &ColumnDescPtr,
    (dictionary, codes): (Dictionary<'_>, Codes),
    group: &mut Group<'_>,
) -> Result<(), ParquetError> {
    append(chunk(column, &dictionary, &codes, bounds_of(column), None)?, group)
}

/// Splices a chunk in as the next column.
fn append(chunk: Chunk, group: &mut Group<'_>) -> Result<(), ParquetError> {
    group.append_column(&Bytes::from(chunk.bytes), chunk.close)
}

fn next_column<'a>(group: &'a mut Group<'_>) -> Result<SerializedColumnWriter<'a>, ParquetError> {
    Ok(group.next_column()?.expect("columns are written in the order of the schema, each once"))
}

const fn micros(epoch_ms: i64) -> i64 {
    epoch_ms.saturating_mul(1_000)
}
