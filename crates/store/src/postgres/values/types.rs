//! Which Postgres type a column of an answer has, and by which ids clients know it.

use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion_postgres::arrow_pg::datatypes::{PG_OID_ALIAS_KEY, is_pg_char_field, pg_type_for_alias_kind};

/// A type as clients know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Bytea,
    /// An instant.
    Timestamptz,
    /// What a clock on a wall shows.
    Timestamp,
    Date,
    Time,
    Interval,
    /// Maps and structs.
    Json,
    /// One letter of the catalogs, `"char"`.
    Char,
    /// A number of an object of the catalogs; the id tells of which kind.
    Oid(u32),
}

/// A column's type: a value, or a list of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ColumnType {
    pub(crate) element: WireType,
    pub(crate) is_list: bool,
}

impl WireType {
    /// Its id in `pg_type`.
    pub(crate) const fn id(self) -> u32 {
        match self {
            Self::Bool => 16,
            Self::Bytea => 17,
            Self::Char => 18,
            Self::Int8 => 20,
            Self::Int2 => 21,
            Self::Int4 => 23,
            Self::Text => 25,
            Self::Json => 114,
            Self::Float4 => 700,
            Self::Float8 => 701,
            Self::Date => 1082,
            Self::Time => 1083,
            Self::Timestamp => 1114,
            Self::Timestamptz => 1184,
            Self::Interval => 1186,
            Self::Numeric => 1700,
            Self::Oid(id) => id,
        }
    }

    /// The id of lists of it.
    const fn list_id(self) -> u32 {
        match self {
            Self::Bool => 1000,
            Self::Bytea => 1001,
            Self::Char => 1002,
            Self::Int2 => 1005,
            Self::Int4 => 1007,
            Self::Text => 1009,
            Self::Int8 => 1016,
            Self::Float4 => 1021,
            Self::Float8 => 1022,
            Self::Oid(_) => 1028,
            Self::Date => 1182,
            Self::Time => 1183,
            Self::Timestamp => 1115,
            Self::Timestamptz => 1185,
            Self::Interval => 1187,
            Self::Json => 199,
            Self::Numeric => 1231,
        }
    }

    /// Bytes of a value, -1 where they differ.
    const fn size(self) -> i16 {
        match self {
            Self::Bool | Self::Char => 1,
            Self::Int2 => 2,
            Self::Int4 | Self::Float4 | Self::Date | Self::Oid(_) => 4,
            Self::Int8 | Self::Float8 | Self::Timestamptz | Self::Timestamp | Self::Time => 8,
            Self::Interval => 16,
            Self::Numeric | Self::Text | Self::Bytea | Self::Json => -1,
        }
    }

    /// The columns its values are read from.
    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 | Self::Oid(_) => DataType::Int32,
            Self::Int8 => DataType::Int64,
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
            Self::Numeric | Self::Text | Self::Json | Self::Char => DataType::Utf8,
            Self::Bytea => DataType::Binary,
            Self::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        }
    }
}

impl ColumnType {
    /// The type of a column.
    pub(crate) fn of(field: &Field) -> Self {
        if let Some(alias) = field.metadata().get(PG_OID_ALIAS_KEY).and_then(|kind| pg_type_for_alias_kind(kind))
            && field.data_type() == &DataType::Int32
        {
            return Self { element: WireType::Oid(alias.oid()), is_list: false };
        }
        if is_pg_char_field(field) {
            return Self { element: WireType::Char, is_list: false };
        }
        match field.data_type() {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                match element(item.data_type()) {
                    WireType::Json => Self { element: WireType::Json, is_list: false },
                    element => Self { element, is_list: true },
                }
            }
            other => Self { element: element(other), is_list: false },
        }
    }

    /// Its id in `pg_type`.
    pub(crate) const fn id(self) -> u32 {
        if self.is_list { self.element.list_id() } else { self.element.id() }
    }

    /// Bytes of a value, -1 where they differ.
    pub(crate) const fn size(self) -> i16 {
        if self.is_list { -1 } else { self.element.size() }
    }
}

/// The type of values that are no lists; what Postgres has no type for is JSON.
pub(crate) fn element(data_type: &DataType) -> WireType {
    match data_type {
        DataType::Boolean => WireType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => WireType::Int2,
        DataType::Int32 | DataType::UInt16 => WireType::Int4,
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => WireType::Int8,
        DataType::Float16 | DataType::Float32 => WireType::Float4,
        DataType::Float64 => WireType::Float8,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            WireType::Numeric
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => WireType::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            WireType::Bytea
        }
        DataType::Timestamp(_, Some(_)) => WireType::Timestamptz,
        DataType::Timestamp(_, None) => WireType::Timestamp,
        DataType::Date32 | DataType::Date64 => WireType::Date,
        DataType::Time32(_) | DataType::Time64(_) => WireType::Time,
        DataType::Interval(_) | DataType::Duration(_) => WireType::Interval,
        DataType::Dictionary(_, values) => element(values),
        _ => WireType::Json,
    }
}
