//! What a schema says of the columns that are read: their types, and where their nodes and buffers stand in a batch.
//!
//! The buffers of a batch are one flat list, so the place of a column follows from the types of all columns before it.
//! The others are only counted, down to the last child: nothing of theirs is read.
//!
//! The verifier of flatbuffers bounds how deep tables may nest (64), and with it the recursion here.

use crate::decode::arrow_ipc::column::Column;
use crate::decode::arrow_ipc::error::Unreadable;
use crate::limits::{COLUMNS_MAX, NAMES_REPORTED_MAX};
use arrow_ipc::{Endianness, Field, Int, MetadataVersion, Precision, Schema, Type, UnionMode};
use arrow_schema::{DataType, TimeUnit};

/// A column that is read.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) column: Column,
    /// Of its values; of a dictionary's texts when it is one.
    pub(super) data_type: DataType,
    /// Of a dictionary: its id, and the type of its keys.
    pub(super) dictionary: Option<(i64, DataType)>,
    pub(super) node: usize,
    /// Its first buffer, not counting the text buffers of view columns.
    pub(super) buffer: usize,
    /// View columns before it, each with as many text buffers as the batch says.
    pub(super) views: usize,
}

/// A column that is dropped.
#[derive(Clone, Debug)]
pub(super) struct Dropped {
    pub(super) names: Vec<String>,
    /// Columns beyond the names kept.
    pub(super) more: usize,
}

/// What a schema says.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) placed: Vec<Placed>,
    pub(super) dropped: Dropped,
}

/// How many nodes, buffers and views a field takes.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    nodes: usize,
    buffers: usize,
    views: usize,
}

impl Layout {
    /// Reads a schema, keeping the columns that are `wanted`; all are checked.
    ///
    /// # Errors
    /// [`Unreadable::Columns`] with everything wrong with any column that is read.
    pub(super) fn of(
        schema: Schema<'_>,
        version: MetadataVersion,
        wanted: fn(Column) -> bool,
    ) -> Result<Self, Unreadable> {
        if schema.endianness() != Endianness::Little {
            return Err(Unreadable::Unsupported("the Arrow data is big-endian; expected little-endian"));
        }
        let fields = schema.fields().ok_or(Unreadable::Damaged("its schema has no fields"))?;
        if fields.len() > COLUMNS_MAX {
            return Err(Unreadable::TooLarge(format!("the Arrow data has more than {COLUMNS_MAX} columns")));
        }
        let (mut layout, mut at) =
            (Self { placed: Vec::new(), dropped: Dropped { names: Vec::new(), more: 0 } }, Extent::default());
        let (mut found, mut wrong) = ([false; Column::COUNT], Vec::new());
        let is_native = |name: &str| fields.iter().any(|field| field.name() == Some(name));
        for field in fields {
            let name = field.name().unwrap_or_default();
            match Column::of_name(name) {
                None => layout.dropped.note(name),
                Some(column) if found[column as usize] => wrong.push(format!("column '{name}' is there twice")),
                // A column of nothing is as good as none.
                Some(_) if field.type_type() == Type::Null && field.dictionary().is_none() => {}
                Some(column) => {
                    found[column as usize] = true;
                    match place(column, field, at) {
                        Ok(placed) if wanted(column) => layout.placed.push(placed),
                        Ok(_) => {}
                        Err(why) => wrong.push(why),
                    }
                }
            }
            let taken = extent(field, version)?;
            at = Extent {
                nodes: at.nodes + taken.nodes,
                buffers: at.buffers + taken.buffers,
                views: at.views + taken.views,
            };
        }
        let has = |column: Column| found[column as usize];
        for column in [Column::Metric, Column::Value, Column::Time] {
            if !has(column) {
                wrong.push(format!("column '{}' is missing; expected {}", column.name(), column.expected()));
            }
        }
        let has_place = has(Column::Space) || has(Column::Lat) && has(Column::Lon);
        if !has_place {
            wrong.push("column 'space' is missing; expected space, or lat and lon".to_owned());
        }
        if !has(Column::Metric) && (is_native("category") || is_native("question")) {
            wrong.push("Arrow holds observations only; send incidents and perceptions as NDJSON".to_owned());
        }
        if wrong.is_empty() { Ok(layout) } else { Err(Unreadable::Columns(wrong)) }
    }
}

impl Dropped {
    fn note(&mut self, name: &str) {
        if self.names.len() < NAMES_REPORTED_MAX {
            self.names.push(name.to_owned());
        } else {
            self.more += 1;
        }
    }
}

fn place(column: Column, field: Field<'_>, at: Extent) -> Result<Placed, String> {
    let unusable = || {
        let (name, expected) = (column.name(), column.expected());
        let found = field.type_type().variant_name().unwrap_or("unknown");
        let found = if field.dictionary().is_some() { format!("a dictionary of {found}") } else { found.to_owned() };
        format!("column '{name}' has the type {found}; expected {expected}")
    };
    let data_type = data_type(field).filter(|data_type| column.may_be(data_type)).ok_or_else(unusable)?;
    let dictionary = match field.dictionary() {
        None => None,
        Some(_) if !column.may_be_dictionary() => return Err(unusable()),
        // By the format's definition keys of no declared type have 32 bits.
        Some(encoding) => {
            let keys = encoding.indexType().map_or(Some(DataType::Int32), whole_number).ok_or_else(unusable)?;
            Some((encoding.id(), keys))
        }
    };
    Ok(Placed { column, data_type, dictionary, node: at.nodes, buffer: at.buffers, views: at.views })
}

/// The type of a field, if any column may have it. A timestamp's zone says how people like to read it, not when it is.
fn data_type(field: Field<'_>) -> Option<DataType> {
    match field.type_type() {
        Type::Utf8 => Some(DataType::Utf8),
        Type::LargeUtf8 => Some(DataType::LargeUtf8),
        Type::Utf8View => Some(DataType::Utf8View),
        Type::Int => whole_number(field.type_as_int()?),
        Type::FloatingPoint => match field.type_as_floating_point()?.precision() {
            Precision::SINGLE => Some(DataType::Float32),
            Precision::DOUBLE => Some(DataType::Float64),
            _ => None,
        },
        Type::Decimal => {
            let decimal = field.type_as_decimal()?;
            let (precision, scale) = (u8::try_from(decimal.precision()).ok()?, i8::try_from(decimal.scale()).ok()?);
            let is_sound = decimal.bitWidth() == 128 && (1..=38).contains(&precision) && scale.unsigned_abs() <= 38;
            is_sound.then_some(DataType::Decimal128(precision, scale))
        }
        Type::Timestamp => match field.type_as_timestamp()?.unit() {
            arrow_ipc::TimeUnit::SECOND => Some(DataType::Timestamp(TimeUnit::Second, None)),
            arrow_ipc::TimeUnit::MILLISECOND => Some(DataType::Timestamp(TimeUnit::Millisecond, None)),
            arrow_ipc::TimeUnit::MICROSECOND => Some(DataType::Timestamp(TimeUnit::Microsecond, None)),
            arrow_ipc::TimeUnit::NANOSECOND => Some(DataType::Timestamp(TimeUnit::Nanosecond, None)),
            _ => None,
        },
        _ => None,
    }
}

fn whole_number(int: Int<'_>) -> Option<DataType> {
    match (int.bitWidth(), int.is_signed()) {
        (8, true) => Some(DataType::Int8),
        (16, true) => Some(DataType::Int16),
        (32, true) => Some(DataType::Int32),
        (64, true) => Some(DataType::Int64),
        (8, false) => Some(DataType::UInt8),
        (16, false) => Some(DataType::UInt16),
        (32, false) => Some(DataType::UInt32),
        (64, false) => Some(DataType::UInt64),
        _ => None,
    }
}

/// What a field and its children take (Columnar.html, "Buffer Listing for Each Layout").
fn extent(field: Field<'_>, version: MetadataVersion) -> Result<Extent, Unreadable> {
    let (mut buffers, mut views) = (2, 0);
    if field.dictionary().is_some() {
        return Ok(Extent { nodes: 1, buffers, views });
    }
    match field.type_type() {
        Type::Null | Type::RunEndEncoded => buffers = 0,
        Type::Utf8 | Type::Binary | Type::LargeUtf8 | Type::LargeBinary | Type::ListView | Type::LargeListView => {
            buffers = 3;
        }
        Type::Utf8View | Type::BinaryView => views = 1,
        Type::Struct_ | Type::FixedSizeList => buffers = 1,
        Type::Union => {
            let union = field.type_as_union().ok_or(Unreadable::Damaged("a union is not described"))?;
            buffers = 1 + usize::from(union.mode() == UnionMode::Dense) + usize::from(version < MetadataVersion::V5);
        }
        Type::Int
        | Type::FloatingPoint
        | Type::Bool
        | Type::Decimal
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Interval
        | Type::Duration
        | Type::FixedSizeBinary
        | Type::List
        | Type::LargeList
        | Type::Map => {}
        _ => return Err(Unreadable::Unsupported("a column has a type that this version does not know")),
    }
    let mut all = Extent { nodes: 1, buffers, views };
    for child in field.children().into_iter().flatten() {
        let taken = extent(child, version)?;
        all.nodes += taken.nodes;
        all.buffers += taken.buffers;
        all.views += taken.views;
    }
    Ok(all)
}
