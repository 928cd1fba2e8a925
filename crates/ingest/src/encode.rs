//! The other side of the door: observations as a sender writes them in Arrow IPC, for load, benches and tests.
//!
//! A stream of batches with every column an observation may have: names as dictionaries that grow from batch to batch,
//! ids as plain texts, values as exact decimals, times in milliseconds of UTC.
//!
//! ```
//! use vigie_ingest::encode::{ArrowWriter, Sent};
//! let sent = Sent { space: "pier", metric: "people_count", value_micros: 1_500_000, event_time_ms: 0, ..Sent::default() };
//! let mut writer = ArrowWriter::create(Vec::new()).unwrap();
//! writer.push(&sent).unwrap();
//! let stream = writer.finish().unwrap();
//! assert!(stream.len() > 8);
//! ```

use arrow_array::builder::{
    Decimal128Builder, Int64Builder, StringBuilder, StringDictionaryBuilder, TimestampMillisecondBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::{DictionaryHandling, IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use vigie_model::decimal::DECIMALS;
use vigie_model::quality::Quality;

/// Rows of a batch: what other writers take as well.
const BATCH_ROWS: usize = 65_536;
/// Digits of a value: as many as 64 bits of millionths have.
const VALUE_DIGITS: u8 = 19;

/// One observation to write; an empty text is absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent<'a> {
    /// Id.
    pub id: &'a str,
    /// Edge node.
    pub node: &'a str,
    /// Sequence number.
    pub seq: Option<i64>,
    /// Space.
    pub space: &'a str,
    /// Sensor.
    pub sensor: &'a str,
    /// Metric.
    pub metric: &'a str,
    /// Value in millionths.
    pub value_micros: i64,
    /// Event time.
    pub event_time_ms: i64,
    /// Quality.
    pub quality: Quality,
}

/// Writes observations as a stream, batch by batch.
pub struct ArrowWriter<W: Write> {
    out: StreamWriter<W>,
    schema: SchemaRef,
    columns: Columns,
    rows: usize,
}

struct Columns {
    id: StringBuilder,
    node: StringDictionaryBuilder<Int32Type>,
    seq: Int64Builder,
    space: StringDictionaryBuilder<Int32Type>,
    sensor: StringDictionaryBuilder<Int32Type>,
    metric: StringDictionaryBuilder<Int32Type>,
    value: Decimal128Builder,
    time: TimestampMillisecondBuilder,
    quality: StringDictionaryBuilder<Int32Type>,
}

impl<W: Write> fmt::Debug for ArrowWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrowWriter").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<W: Write> ArrowWriter<W> {
    /// Writes the schema.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn create(out: W) -> io::Result<Self> {
        let name = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let value_type = DataType::Decimal128(VALUE_DIGITS, DECIMALS as i8);
        let time_type = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Utf8, true),
            Field::new("node", name(), true),
            Field::new("seq", DataType::Int64, true),
            Field::new("space", name(), true),
            Field::new("sensor", name(), true),
            Field::new("metric", name(), true),
            Field::new("value", value_type.clone(), false),
            Field::new("time", time_type.clone(), false),
            Field::new("quality", name(), false),
        ]));
        let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
        let out = StreamWriter::try_new_with_options(out, &schema, options).map_err(io::Error::other)?;
        let columns = Columns {
            id: StringBuilder::new(),
            node: StringDictionaryBuilder::new(),
            seq: Int64Builder::new(),
            space: StringDictionaryBuilder::new(),
            sensor: StringDictionaryBuilder::new(),
            metric: StringDictionaryBuilder::new(),
            value: Decimal128Builder::new().with_data_type(value_type),
            time: TimestampMillisecondBuilder::new().with_data_type(time_type),
            quality: StringDictionaryBuilder::new(),
        };
        Ok(Self { out, schema, columns, rows: 0 })
    }

    /// Adds an observation.
    ///
    /// # Errors
    /// When a full batch cannot be written.
    pub fn push(&mut self, sent: &Sent<'_>) -> io::Result<()> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let columns = &mut self.columns;
        columns.id.append_option(text(sent.id));
        columns.node.append_option(text(sent.node));
        columns.seq.append_option(sent.seq);
        columns.space.append_option(text(sent.space));
        columns.sensor.append_option(text(sent.sensor));
        columns.metric.append_option(text(sent.metric));
        columns.value.append_value(i128::from(sent.value_micros));
        columns.time.append_value(sent.event_time_ms);
        columns.quality.append_value(sent.quality.as_str());
        self.rows += 1;
        if self.rows < BATCH_ROWS { Ok(()) } else { self.end_batch() }
    }

    /// Writes what is left and the end of the stream; gives back where it was written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        if self.rows > 0 {
            self.end_batch()?;
        }
        self.out.into_inner().map_err(io::Error::other)
    }

    fn end_batch(&mut self) -> io::Result<()> {
        let columns: Vec<ArrayRef> = self.columns.finish();
        self.rows = 0;
        let written = RecordBatch::try_new(Arc::clone(&self.schema), columns).and_then(|batch| self.out.write(&batch));
        written.map_err(|error| match error {
            ArrowError::IoError(_, source) => source,
            error => io::Error::other(error),
        })
    }
}

impl Columns {
    fn finish(&mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.id.finish()),
            Arc::new(self.node.finish_preserve_values()),
            Arc::new(self.seq.finish()),
            Arc::new(self.space.finish_preserve_values()),
            Arc::new(self.sensor.finish_preserve_values()),
            Arc::new(self.metric.finish_preserve_values()),
            Arc::new(self.value.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.quality.finish_preserve_values()),
        ]
    }
}
