//! Values on the wire, there and back.

use super::decode::{null, parameter, parameter_type};
use super::encode::wire_columns;
use super::types::{ColumnType, WireType};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int32Array,
    Int64Array, IntervalMonthDayNanoArray, ListArray, MapBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{Int32Type, Int64Type, IntervalMonthDayNano};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

fn columns() -> Vec<(&'static str, ArrayRef)> {
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("sex");
    map.values().append_value("f\"");
    map.append(true).unwrap();
    map.append(false).unwrap();
    let instant = 1_489_312_800_000_000;
    vec![
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("small", Arc::new(Int32Array::from(vec![Some(-7), None]))),
        ("whole", Arc::new(UInt64Array::from(vec![Some(7), None]))),
        ("value", Arc::new(Float64Array::from(vec![Some(7.0), None]))),
        ("exact", Arc::new(Decimal128Array::from(vec![Some(12_345), None]).with_precision_and_scale(10, 2).unwrap())),
        ("name", Arc::new(DictionaryArray::<Int32Type>::from_iter(vec![Some("Town Hall"), None]))),
        ("bytes", Arc::new(BinaryArray::from(vec![Some(&b"\x01\xff"[..]), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(instant), None]).with_timezone("UTC"))),
        ("bare", Arc::new(TimestampNanosecondArray::from(vec![Some(instant * 1_000 + 500_000), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(17_237), None]))),
        (
            "span",
            Arc::new(IntervalMonthDayNanoArray::from(vec![Some(IntervalMonthDayNano::new(1, 2, 3_000_000_000)), None])),
        ),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None]))),
        ("map", Arc::new(map.finish())),
        ("nothing", arrow::array::new_null_array(&arrow::datatypes::DataType::Null, 2)),
    ]
}

fn put(batch: &RecordBatch, row: usize, is_binary: bool) -> Vec<Option<Vec<u8>>> {
    let columns = wire_columns(batch, |_| is_binary).unwrap();
    let value = |column: &super::encode::WireColumn| {
        let mut out = BytesMut::new();
        column.put(row, &mut out).unwrap().then(|| out.to_vec())
    };
    columns.iter().map(value).collect()
}

#[test]
fn rows_read_as_postgres_writes_them() {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns().into_iter().map(|(name, column)| (name, column, true)));
    let batch = batch.unwrap();
    let schema = batch.schema();
    let ids: Vec<u32> = schema.fields().iter().map(|field| ColumnType::of(field).id()).collect();
    assert_eq!(ids, [16, 23, 20, 701, 1700, 25, 17, 1184, 1114, 1082, 1186, 1016, 114, 25]);
    let texts = put(&batch, 0, false).into_iter().map(|text| text.map(|text| String::from_utf8(text).unwrap()));
    let texts: Vec<String> = texts.map(Option::unwrap_or_default).collect();
    assert_eq!(
        texts,
        [
            "t",
            "-7",
            "7",
            "7",
            "123.45",
            "Town Hall",
            "\\x01ff",
            "2017-03-12 10:00:00+00",
            "2017-03-12 10:00:00.000500",
            "2017-03-12",
            "1 mon 2 days 00:00:03",
            "{1,NULL}",
            "{\"sex\":\"f\\\"\"}",
            ""
        ]
    );
    assert!(put(&batch, 1, false).iter().all(Option::is_none));
    assert!(put(&batch, 1, true).iter().all(Option::is_none));
    let binary: Vec<Vec<u8>> = put(&batch, 0, true).into_iter().map(Option::unwrap_or_default).collect();
    assert_eq!(binary[1], (-7_i32).to_be_bytes());
    assert_eq!(binary[7], (1_489_312_800_000_000_i64 - 946_684_800_000_000).to_be_bytes());
    assert_eq!(binary[9], (17_237_i32 - 10_957).to_be_bytes());
    assert_eq!(binary[10], [&3_000_000_i64.to_be_bytes()[..], &2_i32.to_be_bytes(), &1_i32.to_be_bytes()].concat());
    let list = [1_i32, 1, 20, 2, 1, 8].map(i32::to_be_bytes).concat();
    assert_eq!(binary[11], [&list[..], &1_i64.to_be_bytes(), &(-1_i32).to_be_bytes()].concat());
}

#[test]
fn what_does_not_fit_is_an_error() {
    let large: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
    assert!(wire_columns(&RecordBatch::try_from_iter([("n", large)]).unwrap(), |_| true).is_err());
    let far: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN]).with_timezone("UTC"));
    let columns = wire_columns(&RecordBatch::try_from_iter([("at", far)]).unwrap(), |_| true).unwrap();
    assert!(columns[0].put(0, &mut BytesMut::new()).is_err());
}

/// Values in their binary form are what a client sends back as parameters.
#[test]
fn parameters_are_read_in_both_forms() {
    let batch = RecordBatch::try_from_iter(columns().into_iter().take(11)).unwrap();
    let schema = batch.schema();
    for (is_binary, values) in [(false, put(&batch, 0, false)), (true, put(&batch, 0, true))] {
        for (field, value) in schema.fields().iter().zip(values) {
            let element = ColumnType::of(field).element;
            if element == WireType::Interval && !is_binary {
                continue;
            }
            let bytes = Bytes::from(value.unwrap());
            let read = parameter(element, is_binary, Some(&bytes)).unwrap_or_else(|error| panic!("{field}: {error}"));
            let again = read.to_array_of_size(1).unwrap();
            let again = RecordBatch::try_from_iter([(field.name(), again)]).unwrap();
            assert_eq!(put(&again, 0, is_binary)[0].as_deref(), Some(&bytes[..]), "{field} {is_binary}");
        }
    }
}

#[test]
fn wrong_parameters_are_refused() {
    let elements = [
        WireType::Bool,
        WireType::Int2,
        WireType::Int4,
        WireType::Int8,
        WireType::Float4,
        WireType::Float8,
        WireType::Numeric,
        WireType::Bytea,
        WireType::Timestamptz,
        WireType::Timestamp,
        WireType::Date,
        WireType::Time,
        WireType::Interval,
    ];
    for element in elements {
        for bytes in [&b"\xff"[..], b"nonsense", b"1;DROP TABLE alerts", b"9999-99-99 99:99"] {
            assert!(parameter(element, false, Some(&Bytes::from_static(bytes))).is_err(), "{element:?} {bytes:?}");
        }
        assert!(null(element).is_null());
        if ![WireType::Bytea, WireType::Bool].contains(&element) {
            assert!(parameter(element, true, Some(&Bytes::from_static(b"\x01"))).is_err(), "{element:?}");
        }
    }
    let long = Bytes::from_static(&[0; 40]);
    assert!(parameter(WireType::Int8, true, Some(&long)).is_err());
    let infinite = Bytes::copy_from_slice(&i64::MAX.to_be_bytes());
    assert!(parameter(WireType::Timestamptz, true, Some(&infinite)).is_err());
    assert_eq!(parameter_type(999_999, None), None);
    assert_eq!(parameter_type(0, None), Some(WireType::Text));
    assert_eq!(parameter_type(0, Some(&arrow::datatypes::DataType::Date32)), Some(WireType::Date));
    assert_eq!(parameter(WireType::Int8, true, None).unwrap(), null(WireType::Int8));
    let whole = Bytes::from_static(b"12345");
    let read = parameter(WireType::Int8, false, Some(&whole)).unwrap().to_array_of_size(1).unwrap();
    assert_eq!(read.as_ref(), &Int64Array::from(vec![12_345]) as &dyn arrow::array::Array);
    let text = parameter(WireType::Text, true, Some(&whole)).unwrap().to_array_of_size(1).unwrap();
    assert_eq!(text.as_ref(), &StringArray::from(vec!["12345"]) as &dyn arrow::array::Array);
}
