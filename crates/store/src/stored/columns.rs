//! Columns of a batch by name, in the plain types of the schema, whatever types a query gave them.

use crate::error::Error;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType};
use arrow::error::ArrowError;

/// A batch being read, column by column.
pub(crate) struct Columns<'a>(pub(crate) &'a RecordBatch);

/// A column of texts, some of which may be missing.
pub(crate) struct Texts(ArrayRef);

impl Columns<'_> {
    pub(crate) fn texts(&self, name: &str) -> Result<Texts, Error> {
        self.cast(name, &DataType::Utf8).map(Texts)
    }

    /// Instants in milliseconds.
    pub(crate) fn instants_ms(&self, name: &str) -> Result<Vec<i64>, Error> {
        let column = self.cast(name, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
        Ok(column.as_primitive::<TimestampMillisecondType>().values().to_vec())
    }

    /// Instants in milliseconds, some of which may be missing.
    pub(crate) fn instants_ms_or_none(&self, name: &str) -> Result<Vec<Option<i64>>, Error> {
        let column = self.cast(name, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
        Ok(column.as_primitive::<TimestampMillisecondType>().iter().collect())
    }

    /// Integers, some of which may be missing.
    pub(crate) fn integers_or_none(&self, name: &str) -> Result<Vec<Option<i64>>, Error> {
        Ok(self.cast(name, &DataType::Int64)?.as_primitive::<Int64Type>().iter().collect())
    }

    pub(crate) fn integers(&self, name: &str) -> Result<Vec<i64>, Error> {
        Ok(self.cast(name, &DataType::Int64)?.as_primitive::<Int64Type>().values().to_vec())
    }

    pub(crate) fn smalls(&self, name: &str) -> Result<Vec<i32>, Error> {
        Ok(self.cast(name, &DataType::Int32)?.as_primitive::<Int32Type>().values().to_vec())
    }

    pub(crate) fn doubles(&self, name: &str) -> Result<Vec<f64>, Error> {
        Ok(self.cast(name, &DataType::Float64)?.as_primitive::<Float64Type>().values().to_vec())
    }

    fn cast(&self, name: &str, to: &DataType) -> Result<ArrayRef, Error> {
        let missing = || ArrowError::SchemaError(format!("there is no column {name}"));
        Ok(cast(self.0.column_by_name(name).ok_or_else(missing)?, to)?)
    }
}

impl Texts {
    /// The text of a row; `None` where it is missing.
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        let texts = self.0.as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row))
    }

    /// The text of a row of a column that is never missing.
    pub(crate) fn text(&self, row: usize) -> &str {
        self.get(row).unwrap_or_default()
    }
}
