//! Answers as bytes: table, CSV, JSON, Arrow IPC.
//!
//! Cut short, an answer shows it: JSON lacks its closing bracket, Arrow its end-of-stream marker, a table is not there. CSV
//! alone does not; whoever transports it has to break off too.
//!
//! Every format starts from the same plain columns, so that a value reads the same everywhere: views and dictionaries
//! become ordinary text. CSV and JSON write timestamps as RFC 3339, and those without a zone, such as `local_time`, without
//! one.

use super::limits::Bounds;
use super::shape::Shape;
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::csv::WriterBuilder as CsvWriterBuilder;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::writer::JsonArray;
use arrow::json::{Writer as JsonWriter, WriterBuilder as JsonWriterBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches_with_schema;
use std::fmt::Write;
use std::sync::Arc;
use vigie_model::doors::QueryFormat;

/// RFC 3339 in UTC, with as many decimals as the instant needs, as everywhere in Vigie.
const INSTANT: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// The media type of a format.
pub(crate) const fn content_type(format: QueryFormat) -> &'static str {
    match format {
        QueryFormat::Table => "text/plain; charset=utf-8",
        QueryFormat::Csv => "text/csv; charset=utf-8",
        QueryFormat::Json => "application/json",
        QueryFormat::Arrow => "application/vnd.apache.arrow.stream",
    }
}

/// Writes an answer part by part. A table is one part: its widths need all of its rows.
pub(crate) struct Writer {
    /// The largest table, in bytes.
    table_bytes_max: u64,
    /// The plain columns; before the beginning, none.
    schema: SchemaRef,
    state: State,
}

/// What a format remembers between its parts.
enum State {
    Csv,
    Json(Box<JsonWriter<Vec<u8>, JsonArray>>),
    Table(Vec<RecordBatch>),
    Arrow(Option<Box<StreamWriter<Vec<u8>>>>),
}

impl Writer {
    pub(crate) fn new(format: QueryFormat, bounds: Bounds) -> Self {
        let json = || {
            JsonWriterBuilder::new()
                .with_explicit_nulls(true)
                .with_timestamp_tz_format(INSTANT.to_owned())
                .build::<_, JsonArray>(Vec::new())
        };
        let state = match format {
            QueryFormat::Table => State::Table(Vec::new()),
            QueryFormat::Csv => State::Csv,
            QueryFormat::Json => State::Json(Box::new(json())),
            QueryFormat::Arrow => State::Arrow(None),
        };
        Self { table_bytes_max: bounds.bytes, state, schema: Arc::new(Schema::empty()) }
    }
}

impl Shape for Writer {
    type Part = Vec<u8>;

    fn begin(&mut self, schema: &SchemaRef) -> Result<Option<Vec<u8>>, ArrowError> {
        self.schema = plain_schema(schema);
        match &mut self.state {
            State::Csv => csv(&self.schema, None).map(Some),
            State::Json(_) | State::Table(_) => Ok(None),
            State::Arrow(writer) => {
                let begun = writer.insert(Box::new(StreamWriter::try_new(Vec::new(), &self.schema)?));
                Ok(written(begun.get_mut()))
            }
        }
    }

    fn rows(&mut self, batch: RecordBatch) -> Result<Option<Vec<u8>>, ArrowError> {
        let batch = plain(&batch, &self.schema)?;
        match &mut self.state {
            State::Csv => csv(&self.schema, Some(&batch)).map(Some),
            State::Json(writer) => {
                writer.write(&batch)?;
                Ok(written(writer.get_mut()))
            }
            State::Table(batches) => {
                batches.push(batch);
                Ok(None)
            }
            State::Arrow(writer) => {
                let writer = writer.as_mut().expect("rows come behind the beginning");
                writer.write(&batch)?;
                Ok(written(writer.get_mut()))
            }
        }
    }

    fn end(&mut self) -> Result<Option<Vec<u8>>, ArrowError> {
        match &mut self.state {
            State::Csv => Ok(None),
            State::Json(writer) => {
                writer.finish()?;
                Ok(written(writer.get_mut()))
            }
            State::Table(batches) => {
                check_size(&self.schema, batches, self.table_bytes_max)?;
                let table = pretty_format_batches_with_schema(Arc::clone(&self.schema), batches)?;
                batches.clear();
                Ok(Some(format!("{table}\n").into_bytes()))
            }
            State::Arrow(writer) => {
                let writer = writer.as_mut().expect("the end comes behind the beginning");
                writer.finish()?;
                Ok(written(writer.get_mut()))
            }
        }
    }

    fn bytes(part: &Vec<u8>) -> u64 {
        part.len() as u64
    }
}

/// Refuses a table that would be larger than `bytes_max`: all cells of a column are as wide as the widest, so one long text
/// makes every row long.
fn check_size(schema: &SchemaRef, batches: &[RecordBatch], bytes_max: u64) -> Result<(), ArrowError> {
    let options = FormatOptions::default();
    let mut row_bytes = 0;
    for (index, field) in schema.fields().iter().enumerate() {
        let mut widest = Width(field.name().len());
        for batch in batches {
            let formatter = ArrayFormatter::try_new(batch.column(index), &options)?;
            for row in 0..batch.num_rows() {
                let mut cell = Width(0);
                write!(cell, "{}", formatter.value(row)).map_err(|error| ArrowError::CastError(error.to_string()))?;
                widest = Width(widest.0.max(cell.0));
            }
        }
        row_bytes += widest.0 as u64;
    }
    let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    if row_bytes.saturating_mul(rows) > bytes_max {
        let text = format!(
            "{rows} rows of {row_bytes} characters are more than {bytes_max} bytes; ask for csv or json, or fewer columns"
        );
        return Err(ArrowError::InvalidArgumentError(text));
    }
    Ok(())
}

/// The length of what is written, which is not kept.
struct Width(usize);

impl Write for Width {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// What a writer has written since the last time, if anything.
fn written(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    Some(std::mem::take(buffer)).filter(|bytes| !bytes.is_empty())
}

/// The rows of a batch, or the header line.
fn csv(schema: &SchemaRef, batch: Option<&RecordBatch>) -> Result<Vec<u8>, ArrowError> {
    let fields: Vec<Field> = schema.fields().iter().map(|field| flat_field(field)).collect();
    let flat = Arc::new(Schema::new(fields));
    let rows = match batch {
        Some(batch) => RecordBatch::try_new(flat, batch.columns().iter().map(flat_column).collect::<Result<_, _>>()?)?,
        None => RecordBatch::new_empty(flat),
    };
    let mut body = Vec::new();
    let builder = CsvWriterBuilder::new().with_header(batch.is_none()).with_timestamp_tz_format(INSTANT.to_owned());
    builder.build(&mut body).write(&rows)?;
    Ok(body)
}

/// CSV knows no nested values; they become text.
fn flat_field(field: &Field) -> Field {
    if field.data_type().is_nested() { Field::new(field.name(), DataType::Utf8, true) } else { field.clone() }
}

fn flat_column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !column.data_type().is_nested() {
        return Ok(Arc::clone(column));
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let cells = (0..column.len()).map(|row| column.is_valid(row).then(|| formatter.value(row).to_string()));
    Ok(Arc::new(StringArray::from_iter(cells)))
}

fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields =
        schema.fields().iter().map(|field| field.as_ref().clone().with_data_type(plain_type(field.data_type())));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn plain_field(field: &Arc<Field>) -> Arc<Field> {
    Arc::new(field.as_ref().clone().with_data_type(plain_type(field.data_type())))
}

fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let plain = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), plain)
}
