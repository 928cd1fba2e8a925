//! Rows of an answer as values on the wire, text or binary.
//!
//! A batch is first made into columns of few types ([`WireType::arrow`]), so that a value reads the same whatever column it
//! comes from; then rows are written one after the other.

use super::numeric::put_numeric;
use super::text::{interval_text, put_float, put_list_item};
use super::types::{ColumnType, WireType};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Field, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    Schema, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::json::writer::{LineDelimited, WriterBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::{BufMut, BytesMut};
use std::sync::Arc;

/// Microseconds from 1970 to 2000, where instants of the binary form begin.
pub(crate) const EPOCH_US: i64 = 946_684_800_000_000;
/// Days from 1970 to 2000.
pub(crate) const EPOCH_DAYS: i32 = 10_957;
/// How instants read as text; their zone is always UTC.
const INSTANT: &str = "%Y-%m-%d %H:%M:%S%.f+00";
/// How wall clocks read as text.
const CLOCK: &str = "%Y-%m-%d %H:%M:%S%.f";

/// A column ready to be written.
pub(crate) struct WireColumn {
    column_type: ColumnType,
    is_binary: bool,
    values: ArrayRef,
}

/// The columns of a batch; `is_binary` says in which form each is wanted.
///
/// # Errors
/// When a value does not fit the type that clients were told.
pub(crate) fn wire_columns(
    batch: &RecordBatch,
    is_binary: impl Fn(usize) -> bool,
) -> Result<Vec<WireColumn>, ArrowError> {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns()).enumerate();
    let column = |(index, (field, column)): (usize, (&Arc<Field>, &ArrayRef))| {
        let column_type = ColumnType::of(field);
        Ok(WireColumn { column_type, is_binary: is_binary(index), values: wire_values(column_type, column)? })
    };
    fields.map(column).collect()
}

fn wire_values(column_type: ColumnType, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let wanted = column_type.element.arrow();
    match column_type.element {
        WireType::Json => json(column),
        _ if column_type.is_list => {
            let item = Arc::new(Field::new("item", wanted, true));
            cast_with_options(column, &DataType::List(item), &strict)
        }
        _ => cast_with_options(column, &wanted, &strict),
    }
}

/// Each value as a JSON text.
fn json(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let schema = Arc::new(Schema::new(vec![Field::new("v", column.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::clone(column)])?;
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let lines = String::from_utf8(writer.into_inner()).map_err(|error| ArrowError::JsonError(error.to_string()))?;
    let value = |line: &str| line.strip_prefix("{\"v\":").and_then(|line| line.strip_suffix('}')).map(str::to_owned);
    let values = lines.lines().enumerate().map(|(row, line)| value(line).filter(|_| column.is_valid(row)));
    Ok(Arc::new(StringArray::from_iter(values)))
}

impl WireColumn {
    /// Appends the value of a row; `false` when it is null.
    ///
    /// # Errors
    /// When an instant lies beyond what can be written.
    pub(crate) fn put(&self, row: usize, out: &mut BytesMut) -> Result<bool, ArrowError> {
        if self.values.is_null(row) {
            return Ok(false);
        }
        if !self.column_type.is_list {
            put_value(self.column_type.element, &self.values, row, self.is_binary, out)?;
            return Ok(true);
        }
        let items = self.values.as_list::<i32>().value(row);
        if self.is_binary { self.put_list(&items, out) } else { self.put_list_text(&items, out) }.map(|()| true)
    }

    fn put_list(&self, items: &ArrayRef, out: &mut BytesMut) -> Result<(), ArrowError> {
        let element = self.column_type.element;
        out.put_i32(i32::from(!items.is_empty()));
        out.put_i32(i32::from(items.null_count() > 0));
        out.put_u32(element.id());
        if items.is_empty() {
            return Ok(());
        }
        out.put_i32(i32::try_from(items.len()).unwrap_or(i32::MAX));
        out.put_i32(1);
        for row in 0..items.len() {
            let at = out.len();
            out.put_i32(-1);
            if items.is_valid(row) {
                put_value(element, items, row, true, out)?;
                let length = i32::try_from(out.len() - at - 4).unwrap_or(i32::MAX);
                out[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }

    fn put_list_text(&self, items: &ArrayRef, out: &mut BytesMut) -> Result<(), ArrowError> {
        out.put_u8(b'{');
        for row in 0..items.len() {
            if row > 0 {
                out.put_u8(b',');
            }
            if items.is_null(row) {
                out.put_slice(b"NULL");
                continue;
            }
            let mut item = BytesMut::new();
            put_value(self.column_type.element, items, row, false, &mut item)?;
            put_list_item(&item, out);
        }
        out.put_u8(b'}');
        Ok(())
    }
}

/// Appends a value that is not null.
fn put_value(
    element: WireType,
    values: &ArrayRef,
    row: usize,
    is_binary: bool,
    out: &mut BytesMut,
) -> Result<(), ArrowError> {
    match (element, is_binary) {
        (WireType::Bool, false) => out.put_u8(if values.as_boolean().value(row) { b't' } else { b'f' }),
        (WireType::Bool, true) => out.put_u8(u8::from(values.as_boolean().value(row))),
        (WireType::Int2, true) => out.put_i16(values.as_primitive::<Int16Type>().value(row)),
        (WireType::Int4 | WireType::Oid(_), true) => out.put_i32(values.as_primitive::<Int32Type>().value(row)),
        (WireType::Int8, true) => out.put_i64(values.as_primitive::<Int64Type>().value(row)),
        (WireType::Float4, true) => out.put_f32(values.as_primitive::<Float32Type>().value(row)),
        (WireType::Float4, false) => put_float(values.as_primitive::<Float32Type>().value(row), out),
        (WireType::Float8, true) => out.put_f64(values.as_primitive::<Float64Type>().value(row)),
        (WireType::Float8, false) => put_float(values.as_primitive::<Float64Type>().value(row), out),
        (WireType::Numeric, true) => put_numeric(values.as_string::<i32>().value(row), out)?,
        (WireType::Text | WireType::Json | WireType::Char, _) | (WireType::Numeric, false) => {
            out.put_slice(values.as_string::<i32>().value(row).as_bytes());
        }
        (WireType::Bytea, true) => out.put_slice(values.as_binary::<i32>().value(row)),
        (WireType::Bytea, false) => {
            out.put_slice(b"\\x");
            for byte in values.as_binary::<i32>().value(row) {
                out.put_slice(format!("{byte:02x}").as_bytes());
            }
        }
        (WireType::Timestamptz | WireType::Timestamp, true) => {
            let value = values.as_primitive::<TimestampMicrosecondType>().value(row);
            out.put_i64(value.checked_sub(EPOCH_US).ok_or_else(beyond)?);
        }
        (WireType::Date, true) => {
            let value = values.as_primitive::<Date32Type>().value(row);
            out.put_i32(value.checked_sub(EPOCH_DAYS).ok_or_else(beyond)?);
        }
        (WireType::Time, true) => out.put_i64(values.as_primitive::<Time64MicrosecondType>().value(row)),
        (WireType::Interval, _) => {
            let value = values.as_primitive::<IntervalMonthDayNanoType>().value(row);
            let microseconds = value.nanoseconds / 1_000;
            if is_binary {
                out.put_i64(microseconds);
                out.put_i32(value.days);
                out.put_i32(value.months);
            } else {
                out.put_slice(interval_text(value.months, value.days, microseconds).as_bytes());
            }
        }
        (
            WireType::Int2
            | WireType::Int4
            | WireType::Int8
            | WireType::Oid(_)
            | WireType::Timestamptz
            | WireType::Timestamp
            | WireType::Date
            | WireType::Time,
            false,
        ) => {
            let options =
                FormatOptions::default().with_timestamp_tz_format(Some(INSTANT)).with_timestamp_format(Some(CLOCK));
            let formatter = ArrayFormatter::try_new(values.as_ref(), &options)?;
            out.put_slice(formatter.value(row).try_to_string()?.as_bytes());
        }
    }
    Ok(())
}

fn beyond() -> ArrowError {
    ArrowError::CastError("a time lies beyond what the wire can hold".to_owned())
}
