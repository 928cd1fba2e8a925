//! One column of a history table: its name, type, unit and meaning, from which Arrow and Delta schemas are made.

use arrow::datatypes::{DataType, Field, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

/// Key of the field metadata that holds what a column means; Delta, Spark and Trino show it as the column's comment.
pub const COMMENT_KEY: &str = "comment";
/// Key of the field metadata that holds a column's unit.
pub const UNIT_KEY: &str = "unit";
/// The zone of every timestamp in history.
pub const UTC: &str = "UTC";

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A whole number, 64 bits.
    Integer,
    /// A whole number, 32 bits.
    Small,
    /// A double.
    Double,
    /// A UTC timestamp in microseconds.
    Timestamp,
    /// What the centre's clocks showed, in microseconds; without a zone.
    LocalTime,
    /// A day.
    Date,
    /// Text by text.
    Map,
}

/// A column of a history table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in SQL.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether values may be missing.
    pub nullable: bool,
    /// Unit of its values; empty when they have none.
    pub unit: &'static str,
    /// What it means, in one line.
    pub comment: &'static str,
}

impl ColumnType {
    /// The Arrow type as stored; a query may see a view or dictionary of it.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Small => DataType::Int32,
            Self::Double => DataType::Float64,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
            Self::LocalTime => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Date => DataType::Date32,
            Self::Map => text_map(),
        }
    }

    /// The word shown to people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "bigint",
            Self::Small => "int",
            Self::Double => "double",
            Self::Timestamp => "timestamp",
            Self::LocalTime => "local time",
            Self::Date => "date",
            Self::Map => "map(text, text)",
        }
    }
}

impl Column {
    /// A column whose values are never missing.
    pub(crate) const fn new(name: &'static str, kind: ColumnType, comment: &'static str) -> Self {
        Self { name, kind, nullable: false, unit: "", comment }
    }

    /// The same column with values that may be missing.
    pub(crate) const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// The same column with a unit.
    pub(crate) const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// The Arrow field, with comment and unit as metadata.
    #[must_use]
    pub fn field(&self) -> Field {
        let mut metadata = HashMap::from([(COMMENT_KEY.to_owned(), self.comment.to_owned())]);
        if !self.unit.is_empty() {
            metadata.insert(UNIT_KEY.to_owned(), self.unit.to_owned());
        }
        Field::new(self.name, self.kind.arrow(), self.nullable).with_metadata(metadata)
    }
}

/// The map type in the spelling of Parquet and Delta; another spelling would need a cast at every write.
fn text_map() -> DataType {
    let entry = vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, false)];
    DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entry.into()), false)), false)
}
