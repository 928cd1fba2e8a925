//! What comes in Arrow IPC, and what of it is taken.

mod hostile;

use super::*;
use crate::encode::{ArrowWriter, Sent};
use crate::spaces::registry::{Registry, UnknownSpace};
use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::{Int8Type, UInt16Type};
use arrow_array::*;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::DataType;
use expect_test::expect;
use std::sync::Arc;
use vigie_log::interner::Interner;
use vigie_model::batch::{Observations, Quality};
use vigie_model::names::{NO_NAME, NameKind};
use vigie_model::space::Space;

/// 11 March 2017, 07:00 UTC.
const TIME_MS: i64 = 1_489_215_600_000;

struct Decoded {
    events: Events,
    report: Report,
    names: NameCache,
    result: Result<(), String>,
}

fn decode(body: &[u8]) -> Decoded {
    let spaces = ["pier", "plaza"].map(Space::registered).to_vec();
    let registry = Registry::new("c", Arc::new(spaces), UnknownSpace::Reject, 0, 0.0);
    let mut names = NameCache::new(Arc::new(Interner::new(1000)), Arc::new(registry));
    let (mut events, mut report) = (Events::default(), Report::of_request());
    let result = room_for(body)
        .and_then(|_| decode_body(&mut names, &FeedSpec::named("f"), body, &mut events, &mut report))
        .map_err(|error| error.to_string());
    Decoded { events, report, names, result }
}

impl Decoded {
    fn taken(self) -> (Observations, Report) {
        assert_eq!(self.result, Ok(()));
        assert_eq!(self.events.len() as u64, self.report.taken);
        assert!(self.events.observations.is_consistent());
        (self.events.observations, self.report)
    }

    fn rejects(&self) -> Vec<(u32, &str)> {
        self.report.rejects.iter().map(|reject| (reject.line, reject.reason.as_str())).collect()
    }
}

fn stream(batches: &[RecordBatch]) -> Vec<u8> {
    stream_with(IpcWriteOptions::default(), batches)
}

fn stream_with(options: IpcWriteOptions, batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn array(values: impl Array + 'static) -> ArrayRef {
    Arc::new(values)
}

/// Rows that are right, with other columns in place of some; a column of one row for each.
fn rows(count: usize, others: &[(&str, ArrayRef)]) -> RecordBatch {
    let mut columns = vec![
        ("space", array(StringArray::from(vec!["pier"; count]))),
        ("metric", array(StringArray::from(vec!["people"; count]))),
        ("value", array(Float64Array::from(vec![1.5; count]))),
        ("time", array(TimestampMillisecondArray::from(vec![TIME_MS; count]))),
    ];
    for (name, values) in others {
        columns.retain(|(column, _)| column != name);
        columns.push((name, Arc::clone(values)));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true))).unwrap()
}

fn with(column: &str, values: impl Array + 'static) -> RecordBatch {
    let values = array(values);
    rows(values.len(), &[(column, values)])
}

#[test]
fn every_column_of_an_observation_arrives() {
    let sent = |id, seq| Sent {
        id,
        node: "n17",
        seq: Some(seq),
        space: "plaza",
        sensor: "s9",
        metric: "people",
        value_micros: 118_250_000,
        event_time_ms: TIME_MS + seq,
        quality: Quality::Uncertain,
    };
    let mut writer = ArrowWriter::create(Vec::new()).unwrap();
    writer.push(&sent("a-1", 1)).unwrap();
    writer.push(&Sent { node: "", sensor: "", id: "", seq: None, ..sent("", 2) }).unwrap();
    let mut decoded = decode(&writer.finish().unwrap());
    let index = |names: &mut NameCache, kind, name: &str| names.index(kind, name).unwrap();
    let names = &mut decoded.names;
    let (space, node) = (index(names, NameKind::Space, "plaza"), index(names, NameKind::Node, "n17"));
    let (sensor, metric) = (index(names, NameKind::Sensor, "s9"), index(names, NameKind::Metric, "people"));
    assert_eq!(decoded.events.origin.iter().map(|origin| origin.line).collect::<Vec<_>>(), [1, 2]);
    let (observations, report) = decoded.taken();
    let (first, second) = (observations.row(0), observations.row(1));
    assert_eq!((first.space, first.node, first.sensor, first.metric), (space, node, sensor, metric));
    assert_eq!((first.id, first.seq, first.value.micros()), (Some("a-1"), Some(1), 118_250_000));
    assert_eq!((first.event_time_ms, first.quality, first.log_time_ms), (TIME_MS + 1, Quality::Uncertain, 0));
    assert_eq!((second.node, second.sensor, second.id, second.seq), (NO_NAME, NO_NAME, None, None));
    assert_eq!((report.taken, report.understood, report.rejected, report.fields_dropped), (2, 2, 0, 0));
}

#[test]
fn texts_come_in_every_type() {
    let short: DictionaryArray<Int8Type> = [Some("pier"), None, Some("plaza")].into_iter().collect();
    let mut builder = StringDictionaryBuilder::<UInt16Type>::new();
    [Some("pier"), None, Some("plaza")].into_iter().for_each(|text| builder.append_option(text));
    let kinds: Vec<ArrayRef> = vec![
        array(StringArray::from(vec![Some("pier"), None, Some("plaza")])),
        array(LargeStringArray::from(vec![Some("pier"), None, Some("plaza")])),
        array(StringViewArray::from(vec![Some("pier"), None, Some("plaza")])),
        array(short),
        array(builder.finish()),
    ];
    for kind in kinds {
        let batch = rows(3, &[("space", Arc::clone(&kind)), ("sensor", Arc::clone(&kind)), ("id", kind)]);
        for body in [stream(std::slice::from_ref(&batch)), file(std::slice::from_ref(&batch))] {
            let decoded = decode(&body);
            assert_eq!(decoded.result, Ok(()), "{}", batch.schema());
            assert_eq!(decoded.rejects(), [(2, "space is missing; expected space, or lat and lon")]);
            assert_eq!(decoded.events.origin[1].line, 3);
            let (observations, _) = decoded.taken();
            assert_eq!((observations.id(0), observations.id(1)), (Some("pier"), Some("plaza")));
            assert_eq!((&observations.space, &observations.sensor), (&vec![0, 1], &vec![0, 1]));
        }
    }
}

#[test]
fn values_come_in_every_type_and_keep_six_decimals() {
    let micros = |values: ArrayRef| decode(&stream(&[rows(values.len(), &[("value", values)])])).taken().0.value_micros;
    assert_eq!(micros(array(Float64Array::from(vec![0.1 + 0.2, 1.0000015, -2.5]))), [300_000, 1_000_002, -2_500_000]);
    assert_eq!(micros(array(Float32Array::from(vec![45.2]))), [45_200_000]);
    assert_eq!(micros(array(Int8Array::from(vec![-7]))), [-7_000_000]);
    assert_eq!(micros(array(UInt64Array::from(vec![7]))), [7_000_000]);
    for (value, precision, scale, expected) in [
        (1_234_567i128, 18, 6, 1_234_567),
        (15, 18, 7, 2),
        (25, 18, 7, 2),
        (-26, 18, 7, -3),
        (12, 18, 0, 12_000_000),
        (12, 18, -2, 1_200_000_000),
        (0, 38, -38, 0),
        (10i128.pow(37), 38, 38, 100_000),
    ] {
        let decimal = Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap();
        assert_eq!(micros(array(decimal)), [expected], "{value} {scale}");
    }
}

#[test]
fn times_come_in_every_unit_and_are_floored() {
    let times = |values: ArrayRef| decode(&stream(&[rows(values.len(), &[("time", values)])])).taken().0.event_time_ms;
    assert_eq!(times(array(TimestampSecondArray::from(vec![-1]))), [-1000]);
    assert_eq!(times(array(TimestampMillisecondArray::from(vec![-1]).with_timezone("Australia/Melbourne"))), [-1]);
    assert_eq!(times(array(TimestampMicrosecondArray::from(vec![-1, 1999]))), [-1, 1]);
    assert_eq!(times(array(TimestampNanosecondArray::from(vec![-1, 1_999_999]).with_timezone("+10:00"))), [-1, 1]);
    assert_eq!(times(array(Int64Array::from(vec![TIME_MS]))), [TIME_MS]);
}

#[test]
fn a_row_that_cannot_be_used_never_fails_its_neighbours() {
    let rejected = |batch: RecordBatch| {
        let decoded = decode(&stream(&[batch]));
        assert_eq!(decoded.result, Ok(()));
        assert_eq!(decoded.events.len() as u64, decoded.report.taken);
        let kept: Vec<_> = decoded.events.origin.iter().map(|origin| origin.line).collect();
        (
            kept,
            decoded.rejects().into_iter().map(|(line, why)| format!("{line}: {why}")).collect::<Vec<_>>().join(" | "),
        )
    };
    let all = [
        with("value", Float64Array::from(vec![Some(1.0), None, Some(f64::NAN), Some(1e300)])),
        with("value", UInt64Array::from(vec![u64::MAX, 1, 9_223_372_036_855])),
        with("value", Decimal128Array::from(vec![10i128.pow(37), 1]).with_precision_and_scale(38, 0).unwrap()),
        with("time", TimestampSecondArray::from(vec![Some(i64::MAX), None, Some(i64::MIN), Some(1)])),
        with("seq", UInt64Array::from(vec![Some(u64::MAX), None, Some(3)])),
        with("metric", StringArray::from(vec![Some("a/b"), None, Some("people"), Some("")])),
        with("id", StringArray::from(vec![Some("a"), Some("b\n"), Some(""), None, Some("é")])),
        with("quality", StringArray::from(vec![Some("good"), Some("fine"), None])),
        with("type", StringArray::from(vec![Some("observation"), Some("incident"), None, Some("thing")])),
        with("space", StringArray::from(vec![Some("quay"), Some("pier"), Some("quay")])),
    ];
    let told: Vec<_> = all
        .into_iter()
        .map(|batch| {
            let (kept, why) = rejected(batch);
            format!("{kept:?} {why}")
        })
        .collect();
    expect![[r#"
        [1] 2: value is missing | 3: value is not a number that can be kept | 4: value is not a number that can be kept
        [2] 1: value is not a number that can be kept | 3: value is not a number that can be kept
        [2] 1: value is not a number that can be kept
        [4] 1: time: instant outside the years 1900 to 2199; are the units milliseconds? | 2: time is missing | 3: time: instant outside the years 1900 to 2199; are the units milliseconds?
        [2, 3] 1: seq is not a whole number of 64 bits
        [3] 1: metric contains '/', which separates the parts of a key | 2: metric is missing | 4: metric is empty; expected 1 to 128 bytes
        [1, 4, 5] 2: id contains a control character | 3: id is empty; expected 1 to 128 bytes
        [1, 3] 2: quality is unknown; expected good, uncertain or bad
        [1, 3] 2: type is not observation; Arrow holds observations only, send incidents and perceptions as NDJSON | 4: type is unknown; expected observation, or no type
        [2] 1: space 'quay' is not declared | 3: space 'quay' is not declared"#]].assert_eq(&told.join("\n"));
}

#[test]
fn a_row_refused_leaves_no_name_and_a_dead_letter_with_the_hash_of_the_body() {
    let dictionary: DictionaryArray<Int8Type> = ["bad/name", "unused", "people"].into_iter().collect();
    let keys = Int8Array::from(vec![0, 2]);
    let metric = DictionaryArray::try_new(keys, Arc::clone(dictionary.values())).unwrap();
    let sensor = StringArray::from(vec!["only-here", "s1"]);
    let body = stream(&[rows(2, &[("metric", array(metric)), ("sensor", array(sensor))])]);
    let mut decoded = decode(&body);
    assert_eq!(decoded.rejects(), [(1, "metric contains '/', which separates the parts of a key")]);
    let [letter] = decoded.report.refused.kept() else { panic!("{:?}", decoded.report) };
    assert_eq!((letter.line, letter.bytes, letter.hash), (Some(1), body.len(), Some(blake3::hash(&body))));
    assert_eq!((letter.field, letter.kind), (Some("metric"), "is not an id"));
    assert_eq!(decoded.names.index(NameKind::Sensor, "s1"), Ok(0));
    assert_eq!(decoded.names.index(NameKind::Sensor, "next"), Ok(1), "the refused row's sensor was not interned");
    assert_eq!(decoded.names.index(NameKind::Metric, "next"), Ok(1), "nor was what no row uses");
}

#[test]
fn dictionaries_are_replaced_and_grow_between_batches() {
    let names =
        |texts: &[&'static str]| -> ArrayRef { array(texts.iter().copied().collect::<DictionaryArray<Int8Type>>()) };
    let batches = [names(&["pier", "plaza"]), names(&["plaza"]), names(&["pier"])].map(|space| {
        let count = space.len();
        rows(count, &[("space", space)])
    });
    let (observations, _) = decode(&stream(&batches)).taken();
    assert_eq!(observations.space, [0, 1, 1, 0]);
    let mut writer = ArrowWriter::create(Vec::new()).unwrap();
    for row in 0..70_000usize {
        let space = if row > 66_000 { "plaza" } else { "pier" };
        let sent = Sent { space, metric: "m", value_micros: row as i64, event_time_ms: TIME_MS, ..Sent::default() };
        writer.push(&sent).unwrap();
    }
    let body = writer.finish().unwrap();
    let decoded = decode(&body);
    assert_eq!((decoded.report.taken, decoded.report.rejected), (50_000, 20_000));
    assert_eq!(decoded.rejects()[0], (50_001, TOO_MANY));
    let mut reader = ArrowReader::open(body.as_slice(), BOUNDS).unwrap();
    let (mut events, mut report, mut names) = (Events::default(), Report::default(), decoded.names);
    let feed = FeedSpec::named("f");
    let source = Source::File(7);
    let mut sink =
        RowSink { names: &mut names, feed: &feed, source, events: &mut events, report: &mut report, body: None };
    while reader.read(1000, &mut sink).unwrap() {}
    assert_eq!((events.observations.space[66_000], events.observations.space[66_001]), (0, 1));
    assert!(events.observations.value_micros.iter().copied().eq(0..70_000));
    assert_eq!((events.origin[69_999].line, events.origin[69_999].source), (70_000, source));
}

#[test]
fn columns_that_cannot_be_used_refuse_the_whole_with_all_reasons() {
    let why = |batch: &RecordBatch| decode(&stream(std::slice::from_ref(batch))).result.unwrap_err();
    let without = |name| {
        let batch = rows(1, &[]);
        let kept: Vec<_> = (0..batch.num_columns()).filter(|at| batch.schema().field(*at).name() != name).collect();
        batch.project(&kept).unwrap()
    };
    let twice = RecordBatch::try_from_iter([
        ("metric", array(StringArray::from(vec!["a"]))),
        ("metric", array(StringArray::from(vec!["a"]))),
        ("value", array(BooleanArray::from(vec![true]))),
        ("lat", array(Float64Array::from(vec![1.0]))),
    ]);
    let told = [
        why(&without("value")),
        why(&without("space")),
        why(&with("time", StringArray::from(vec!["2017-03-11T18:00:00+11:00"]))),
        why(&with("value", Decimal256Array::from(vec![arrow_buffer::i256::ONE]))),
        why(&with("metric", NullArray::new(1))),
        why(&with("seq", Float32Array::from(vec![1.0]))),
        why(&twice.unwrap()),
    ];
    expect![[r#"
        column 'value' is missing; expected Decimal128, Float64, Float32 or a type of whole numbers
        column 'space' is missing; expected space, or lat and lon
        column 'time' has the type Utf8; expected Timestamp, or Int64 with epoch milliseconds
        column 'value' has the type Decimal; expected Decimal128, Float64, Float32 or a type of whole numbers
        column 'metric' is missing; expected Utf8, LargeUtf8, Utf8View, or a dictionary of them
        column 'seq' has the type FloatingPoint; expected a type of whole numbers
        column 'metric' is there twice; column 'value' has the type Bool; expected Decimal128, Float64, Float32 or a type of whole numbers; column 'time' is missing; expected Timestamp, or Int64 with epoch milliseconds; column 'space' is missing; expected space, or lat and lon"#]].assert_eq(&told.join("\n"));
}

#[test]
fn other_columns_are_counted_and_passed_over_whatever_they_are() {
    let people = StructArray::from(vec![(
        Arc::new(arrow_schema::Field::new("names", DataType::Utf8View, true)),
        array(StringViewArray::from(vec!["a name that is longer than a view holds", "b"])),
    )]);
    let lists = ListArray::from_iter_primitive::<Int8Type, _, _>([Some(vec![Some(1)]), None]);
    let dictionary: DictionaryArray<Int8Type> = ["x", "y"].into_iter().collect();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("people", array(people), true),
        ("lists", array(lists), true),
        ("colour", array(dictionary), true),
        ("nothing", array(NullArray::new(2)), true),
        ("category", array(StringViewArray::from(vec!["a category that is longer than a view", "b"])), true),
        ("space", array(StringViewArray::from(vec!["pier", "plaza"])), true),
        ("metric", array(StringArray::from(vec!["m", "m"])), true),
        ("value", array(Int32Array::from(vec![1, 2])), true),
        ("time", array(Int64Array::from(vec![1, 2])), true),
        ("sensor", array(NullArray::new(2)), true),
    ]);
    let (observations, report) = decode(&stream(&[batch.unwrap()])).taken();
    assert_eq!((observations.space, observations.sensor), (vec![0, 1], vec![NO_NAME; 2]));
    assert_eq!(report.fields_dropped, 10);
    let names: Vec<_> = report.dropped_names.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(names, [("category", 2), ("colour", 2), ("lists", 2), ("nothing", 2), ("people", 2)]);
}

#[test]
fn positions_find_the_space_of_rows_that_name_none() {
    let batch = rows(
        3,
        &[
            ("space", array(StringArray::from(vec![Some("pier"), None, None]))),
            ("lat", array(Float64Array::from(vec![Some(99.0), Some(1.0), Some(99.0)]))),
            ("lon", array(Float32Array::from(vec![1.0, 1.0, 1.0]))),
        ],
    );
    let decoded = decode(&stream(&[batch]));
    let told: Vec<_> = decoded.rejects().into_iter().map(|(line, why)| format!("{line}: {why}")).collect();
    assert_eq!(decoded.events.len(), 1);
    expect![[r#"
        2: no declared space contains the position or is near enough to it
        3: lat is not a number from -90 to 90"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn compressed_buffers_are_read_within_the_room() {
    let batch = || {
        rows(
            20_000,
            &[("sensor", array(StringArray::from_iter_values((0..20_000).map(|row| format!("s{}", row % 7)))))],
        )
    };
    const ROWS: usize = 2_000_000;
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let options = || IpcWriteOptions::default().try_with_compression(Some(compression)).unwrap();
        let body = stream_with(options(), &[batch()]);
        let (observations, _) = decode(&body).taken();
        assert_eq!((observations.len(), observations.sensor[8]), (20_000, 1));
        let names = DictionaryArray::<Int8Type>::from_iter(std::iter::repeat_n("pier", ROWS));
        let zeros = array(Int64Array::from(vec![0; ROWS]));
        let bomb =
            [("space", array(names.clone())), ("metric", array(names)), ("value", zeros.clone()), ("time", zeros)];
        let body = stream_with(options(), &[rows(ROWS, &bomb)]);
        assert!(body.len() < 1 << 20, "{}", body.len());
        assert!(decode(&body).result.unwrap_err().contains("take more than 8388608 bytes"), "{compression:?}");
    }
}

#[test]
fn no_batches_are_no_events_and_a_body_cut_short_is_none() {
    let batch = rows(3, &[]);
    let mut empty = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    empty.write(&batch.slice(0, 0)).unwrap();
    let (observations, report) = decode(&empty.into_inner().unwrap()).taken();
    assert_eq!((observations.len(), report), (0, Report::of_request()));
    let body = file(&[batch.clone(), batch]);
    for cut in 0..body.len() {
        let decoded = decode(&body[..cut]);
        assert!(decoded.result.is_err(), "{cut}");
    }
}
