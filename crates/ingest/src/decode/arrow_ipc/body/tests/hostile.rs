//! Bodies that lie: bytes changed anywhere, lengths above all.

use super::*;
use arrow_ipc::writer::DictionaryHandling;

const SEED: u64 = 0xa55e_7b0d_1e5c_0de5;
const BODIES: usize = 20_000;
/// What lengths, offsets and counts are replaced by.
const EXTREMES: [i64; 12] =
    [0, 1, -1, 7, 255, 65_536, i32::MAX as i64, i32::MIN as i64, 1 << 32, 1 << 40, i64::MAX, i64::MIN];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Bodies that are right, with every type of column, nested ones, nulls, and dictionaries that grow.
pub(in super::super) fn right_bodies() -> Vec<Vec<u8>> {
    let names = |texts: [&'static str; 4]| array(texts.into_iter().collect::<DictionaryArray<Int8Type>>());
    let nested = ListArray::from_iter_primitive::<Int8Type, _, _>((0..4).map(|row| Some(vec![Some(row)])));
    let struct_of = StructArray::from(vec![(
        Arc::new(arrow_schema::Field::new("x", DataType::Utf8, true)),
        array(StringArray::from(vec!["a"; 4])),
    )]);
    let with_all = |names: ArrayRef| {
        rows(
            4,
            &[
                ("note", array(StringViewArray::from(vec!["a text longer than a view holds"; 4]))),
                ("nested", array(nested.clone())),
                ("person", array(struct_of.clone())),
                ("space", Arc::clone(&names)),
                ("node", names),
                (
                    "sensor",
                    array(StringViewArray::from(vec![Some("a sensor with a long name"), None, Some("s"), None])),
                ),
                ("id", array(StringArray::from(vec!["a-1", "a-2", "a-3", "a-4"]))),
                ("seq", array(UInt16Array::from(vec![Some(1), None, Some(3), Some(4)]))),
                ("quality", array(LargeStringArray::from(vec![Some("good"), None, Some("bad"), Some("good")]))),
                ("lat", array(Float64Array::from(vec![None, Some(1.0), None, Some(2.0)]))),
                ("lon", array(Float32Array::from(vec![None, Some(1.0), None, Some(2.0)]))),
                ("value", array(Decimal128Array::from(vec![15, -25, 0, i128::MAX / 8]))),
            ],
        )
    };
    let batches =
        [with_all(names(["pier", "pier", "plaza", "pier"])), with_all(names(["pier", "plaza", "quay", "pier"]))];
    let plain = IpcWriteOptions::default;
    let compressed = |codec| plain().try_with_compression(Some(codec)).unwrap();
    let mut grown = ArrowWriter::create(Vec::new()).unwrap();
    grown.push(&Sent { space: "pier", metric: "m", event_time_ms: TIME_MS, ..Sent::default() }).unwrap();
    vec![
        stream_with(plain(), &batches),
        stream_with(plain().with_dictionary_handling(DictionaryHandling::Delta), &batches),
        stream_with(compressed(CompressionType::LZ4_FRAME), &batches),
        stream_with(compressed(CompressionType::ZSTD), &batches),
        stream_with(IpcWriteOptions::try_new(8, false, arrow_ipc::MetadataVersion::V5).unwrap(), &batches),
        file(&batches[..1]),
        grown.finish().unwrap(),
    ]
}

/// Changes a few places, mostly where lengths stand: at multiples of four.
fn mutate(random: &mut Random, body: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random.below(body.len()) & !3;
        match random.below(8) {
            0 => body.truncate(at),
            1 => {
                body.splice(at..at, [0; 8]);
            }
            2 => {
                let end = body.len().min(at + 8);
                body.drain(at..end);
            }
            3 | 4 => {
                if let Some(byte) = body.get_mut(at + random.below(4)) {
                    *byte ^= 1 << random.below(8);
                }
            }
            _ => {
                let extreme = EXTREMES[random.below(EXTREMES.len())].to_le_bytes();
                let width = [1, 2, 4, 8][random.below(4)];
                body.iter_mut().skip(at).zip(&extreme[..width]).for_each(|(byte, new)| *byte = *new);
            }
        }
    }
}

#[test]
fn changed_bodies_are_taken_or_refused_and_nothing_else() {
    println!("seed {SEED:#x}");
    let (mut random, right) = (Random(SEED), right_bodies());
    let mut told = std::collections::BTreeMap::<String, usize>::new();
    for body in &right {
        let decoded = decode(body);
        assert_eq!(decoded.result, Ok(()));
        assert!(!decoded.events.is_empty() || decoded.report.rejected > 0);
    }
    for _ in 0..BODIES {
        let mut body = right[random.below(right.len())].clone();
        mutate(&mut random, &mut body);
        let decoded = decode(&body);
        assert!(decoded.events.observations.is_consistent());
        assert_eq!(decoded.events.len(), decoded.events.observations.len());
        let outcome = match decoded.result {
            Ok(()) => format!("{} rows", decoded.events.len()),
            Err(words) => words,
        };
        *told.entry(outcome).or_default() += 1;
    }
    println!("{told:#?}");
    assert!(told.len() > 20, "{told:?}");
}

/// The metadata of messages alone, where every length is: each place in turn, each extreme.
#[test]
fn every_word_of_a_body_may_lie() {
    for body in right_bodies() {
        for at in (0..body.len().min(4096)).step_by(4) {
            for extreme in [i64::MAX, 1 << 20] {
                let mut body = body.clone();
                body.iter_mut().skip(at).zip(extreme.to_le_bytes()).for_each(|(byte, new)| *byte = new);
                decode(&body);
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_before_it_is_followed() {
    let mut data_type = DataType::Int8;
    for _ in 0..40 {
        data_type = DataType::List(Arc::new(arrow_schema::Field::new("x", data_type, true)));
    }
    let deep = new_empty_array(&data_type);
    let batch = RecordBatch::try_from_iter_with_nullable([("deep", deep, true)]).unwrap();
    let told = decode(&stream(&[batch])).result.unwrap_err();
    assert!(told.contains("not described as it must be") || told.contains("is missing"), "{told}");
}

#[test]
fn many_columns_are_refused() {
    let fields = (0..5000).map(|column| arrow_schema::Field::new(format!("c{column}"), DataType::Int8, true));
    let schema = arrow_schema::Schema::new(fields.collect::<Vec<_>>());
    let body = StreamWriter::try_new(Vec::new(), &schema).unwrap().into_inner().unwrap();
    assert!(decode(&body).result.unwrap_err().contains("more than 4096 columns"));
}
