//! Answers as bytes: table, CSV, JSON, Arrow IPC.
//!
//! Every format starts from the same plain columns, so that a value reads the same everywhere: views and dictionaries
//! become ordinary text, and timestamps without a zone, which some functions return, are UTC like all others. CSV and
//! JSON write timestamps as RFC 3339.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::csv::WriterBuilder as CsvWriterBuilder;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::WriterBuilder as JsonWriterBuilder;
use arrow::json::writer::JsonArray;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches_with_schema;
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

/// The batches in a format. All have `schema`, which is written even without a row where the format has a header.
pub(crate) fn write(format: QueryFormat, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    let schema = plain_schema(schema);
    let batches: Vec<RecordBatch> = batches.iter().map(|batch| plain(batch, &schema)).collect::<Result<_, _>>()?;
    match format {
        QueryFormat::Table => {
            let table = pretty_format_batches_with_schema(Arc::clone(&schema), &batches)?;
            Ok(format!("{table}\n").into_bytes())
        }
        QueryFormat::Csv => csv(&schema, &batches),
        QueryFormat::Json => {
            let mut writer = JsonWriterBuilder::new()
                .with_explicit_nulls(true)
                .with_timestamp_tz_format(INSTANT.to_owned())
                .build::<_, JsonArray>(Vec::new());
            writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
            writer.finish()?;
            let body = writer.into_inner();
            Ok(if body.is_empty() { b"[]".to_vec() } else { body })
        }
        QueryFormat::Arrow => {
            let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.finish()?;
            writer.into_inner()
        }
    }
}

fn csv(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    let fields: Vec<Field> = schema.fields().iter().map(|field| flat_field(field)).collect();
    let flat = Arc::new(Schema::new(fields));
    let mut body = Vec::new();
    let mut writer =
        CsvWriterBuilder::new().with_header(true).with_timestamp_tz_format(INSTANT.to_owned()).build(&mut body);
    writer.write(&RecordBatch::new_empty(Arc::clone(&flat)))?;
    for batch in batches {
        let columns = batch.columns().iter().map(flat_column).collect::<Result<_, _>>()?;
        writer.write(&RecordBatch::try_new(Arc::clone(&flat), columns)?)?;
    }
    drop(writer);
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
        DataType::Timestamp(unit, None) => DataType::Timestamp(*unit, Some("UTC".into())),
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
