use super::file::encode_all;
use super::order::{Ranks, by_date};
use crate::delta::sort::by_date_and_space;
use crate::positions::Positions;
use crate::rows::observations::rows_of;
use crate::rows::observed::Observed;
use crate::schema::table::{DATE, Table};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use object_store::PutPayload;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::metric::{MetricSpec, Metrics};
use vigie_model::names::{NO_NAME, NameEntry, NameKind, Names};
use vigie_model::record::Batch;

type Bytes = <PutPayload as IntoIterator>::Item;

const CENTRE: &str = "melbourne";
const START_MS: i64 = 1_489_312_800_000;
const PARTITIONS: u16 = 4;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Names in another order than that of their indices.
fn names(count: u32) -> Names {
    let mut names = Names::default();
    for kind in NameKind::ALL {
        let name = |index: u32| format!("{kind:?}-{:05}", index.wrapping_mul(7_919) % 99_991).into();
        let entries: Vec<_> = (0..count).map(|index| NameEntry { kind, index, name: name(index) }).collect();
        names.learn(&entries);
    }
    names
}

fn metrics(unit: &str) -> Arc<Metrics> {
    let spec = MetricSpec { unit: unit.to_owned(), ..MetricSpec::default() };
    Arc::new(BTreeMap::from([("Metric-00000".into(), spec)]))
}

/// Chunks of batches of some partitions, as a buffer would hold them. `is_plain`: everything optional is missing.
fn chunks(numbers: &mut Numbers, names: u32, is_plain: bool) -> Vec<Arc<Observed>> {
    let mut next = [0; PARTITIONS as usize];
    let mut chunk = |metrics: &Arc<Metrics>| {
        let mut chunk = Observed::with_capacity(0, 0, metrics);
        for _ in 0..=numbers.below(5) {
            let partition = numbers.below(u64::from(PARTITIONS)) as u16;
            let mut rows = Observations::default();
            for _ in 0..=numbers.below(300) {
                rows.push(row(numbers, partition, names, is_plain));
            }
            let count = rows.len() as u64;
            chunk.append(&Batch { partition, first_offset: next[usize::from(partition)], rows }, 0);
            next[usize::from(partition)] += count + 1;
        }
        Arc::new(chunk)
    };
    vec![chunk(&metrics("1")), chunk(&metrics("dB")), chunk(&Arc::default())]
}

fn row(numbers: &mut Numbers, partition: u16, names: u32, is_plain: bool) -> ObservationRow<'static> {
    const IDS: [&str; 4] = ["edge-1-0001", "edge-1-0002", "é", "zebra"];
    let mut name = |is_given: bool| if is_given { numbers.below(u64::from(names)) as u32 } else { NO_NAME };
    // A space is of one partition.
    let space = name(true) / u32::from(PARTITIONS) * u32::from(PARTITIONS) + u32::from(partition);
    let (metric, feed) = (name(true) % 3, name(true) % 2);
    let (sensor, node) = (name(!is_plain), name(!is_plain && space % 3 == 0));
    let mut some = |bound: u64| (!is_plain && numbers.below(3) > 0).then(|| numbers.below(bound));
    let (seq, sent, id) = (some(1 << 40), some(1_000), some(4));
    ObservationRow {
        feed,
        space,
        metric,
        sensor,
        node,
        seq: seq.map(|seq| seq as i64 - (1 << 39)),
        id: id.map(|id| IDS[id as usize]),
        value: Decimal::from_micros(numbers.below(2_000_000) as i64 * 7_919 - 5_000_000),
        // Around three midnights, and now and then long before the epoch.
        event_time_ms: START_MS + numbers.below(2_000) as i64 * 90_000
            - i64::from(numbers.below(50) == 0) * 3_000_000_000_000,
        sent_time_ms: sent.map(|sent| START_MS - sent as i64),
        log_time_ms: START_MS + numbers.below(5) as i64,
        quality: [Quality::Good, Quality::Good, Quality::Bad][numbers.below(if is_plain { 1 } else { 3 }) as usize],
        flags: numbers.below(if is_plain { 1 } else { 8 }) as u8,
    }
}

fn read(bytes: Vec<u8>) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn without_date(rows: &RecordBatch) -> RecordBatch {
    let kept: Vec<_> = (0..rows.num_columns()).filter(|column| rows.schema().field(*column).name() != DATE).collect();
    rows.project(&kept).unwrap()
}

/// A file says what columns of history made and sorted one by one say, with the same schema.
#[test]
fn files_hold_the_rows_in_the_order_of_other_tables() {
    for seed in 0..60 {
        let mut numbers = Numbers(seed);
        let count = [4, 40, 400][seed as usize % 3];
        let (names, chunks) = (names(count), chunks(&mut numbers, count, seed % 4 == 0));
        let stored = Positions::from_iter([(1, numbers.below(200) as i64), (2, numbers.below(900) as i64)]);
        let mut ranks = Ranks::default();
        ranks.learn(names.all(NameKind::Space));
        let above: Vec<_> = chunks
            .iter()
            .map(|chunk| {
                let rows = rows_of(chunk, CENTRE, &names);
                let above = chunk.rows_above(&stored).map(|row| row as u64);
                arrow::compute::take_record_batch(&rows, &arrow::array::UInt64Array::from_iter_values(above)).unwrap()
            })
            .collect();
        let expected = by_date_and_space(Table::Observations, &above).unwrap();
        let files = encode_all(&chunks, &stored, &ranks, CENTRE, &names).unwrap();
        assert_eq!(files.len(), expected.len(), "seed {seed}");
        for (file, expected) in files.into_iter().zip(expected) {
            assert_eq!(read(file.bytes), without_date(&expected), "seed {seed}");
        }
    }
}

#[test]
fn ranks_follow_the_alphabet_as_names_come() {
    let all = names(1_000);
    let all = all.all(NameKind::Space);
    let mut ranks = Ranks::default();
    for known in [1, 2, 2, 900, 1_000] {
        ranks.learn(&all[..known]);
    }
    let mut at_once = Ranks::default();
    at_once.learn(all);
    assert_eq!(format!("{ranks:?}"), format!("{at_once:?}"));
}

#[test]
fn nothing_above_the_positions_is_no_file() {
    let chunks = chunks(&mut Numbers(1), 40, false);
    let stored = Positions::from_iter((0..i32::from(PARTITIONS)).map(|partition| (partition, i64::MAX)));
    let mut ranks = Ranks::default();
    ranks.learn(names(40).all(NameKind::Space));
    assert!(by_date(&chunks, &stored, &ranks).is_empty());
}
