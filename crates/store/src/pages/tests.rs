use super::chunk::Chunk;
use super::coded::{Bounds, Codes, Dictionary, NO_CODE, chunk};
use super::fronts::chunk_of_fronts;
use super::runs::{bits_for, write};
use super::steps::{Steps, chunk_of_some_steps, chunk_of_steps};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use deltalake::parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use deltalake::parquet::file::metadata::PageIndexPolicy;
use deltalake::parquet::file::page_index::column_index::ColumnIndexMetaData;
use deltalake::parquet::file::writer::SerializedFileWriter;
use deltalake::parquet::schema::parser::parse_message_type;
use deltalake::parquet::schema::types::ColumnDescPtr;
use object_store::PutPayload;
use std::sync::Arc;

type Bytes = <PutPayload as IntoIterator>::Item;

/// A file of one column, optional or required, and what its page index says of it as `min..max` of each page.
fn written(is_optional: bool, texts: &[&str], codes: &Codes, bounds: Bounds) -> (RecordBatch, Vec<String>) {
    let mut dictionary = Dictionary::default();
    for (code, text) in (0..).zip(texts) {
        assert_eq!(dictionary.add_text(text), code);
    }
    written_as(is_optional, |column| chunk(column, &dictionary, codes, bounds, None).unwrap())
}

fn written_as(is_optional: bool, encode: impl FnOnce(&ColumnDescPtr) -> Chunk) -> (RecordBatch, Vec<String>) {
    let repetition = if is_optional { "optional" } else { "required" };
    written_in(&format!("message m {{ {repetition} binary text (UTF8); }}"), encode)
}

fn written_in(schema: &str, encode: impl FnOnce(&ColumnDescPtr) -> Chunk) -> (RecordBatch, Vec<String>) {
    let schema = parse_message_type(schema).unwrap();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let column = file.schema_descr().column(0);
    let written = encode(&column);
    let mut group = file.next_row_group().unwrap();
    group.append_column(&Bytes::from(written.bytes), written.close).unwrap();
    group.close().unwrap();
    let bytes = Bytes::from(file.into_inner().unwrap());
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options).unwrap();
    let pages = reader.metadata().column_index().map(|index| match &index[0][0] {
        ColumnIndexMetaData::BYTE_ARRAY(pages) => {
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
            let page = |page| format!("{}..{}", text(pages.min_value(page)), text(pages.max_value(page)));
            (0..pages.num_pages() as usize).map(page).collect()
        }
        ColumnIndexMetaData::INT64(pages) => {
            let number = |bound: Option<&i64>| bound.map(ToString::to_string).unwrap_or_default();
            let page = |page| format!("{}..{}", number(pages.min_value(page)), number(pages.max_value(page)));
            (0..pages.num_pages() as usize).map(page).collect()
        }
        _ => Vec::new(),
    });
    let schema = Arc::clone(reader.schema());
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    (concat_batches(&schema, &batches).unwrap(), pages.unwrap_or_default())
}

fn texts_of(rows: &RecordBatch) -> Vec<Option<&str>> {
    rows.column(0).as_string::<i32>().iter().collect()
}

#[test]
fn values_take_as_many_bits_as_the_largest_code_needs() {
    assert_eq!([0, 1, 2, 3, 4, 5, 256, 257].map(bits_for), [0, 0, 1, 2, 2, 3, 8, 9]);
}

/// The example of the format's documentation: 0 to 7 in three bits; and eight times the same value.
#[test]
fn groups_are_packed_and_long_runs_are_not() {
    let mut out = Vec::new();
    write(&[0, 1, 2, 3, 4, 5, 6, 7], 3, &mut out);
    assert_eq!(out, [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    out.clear();
    write(&[5; 300], 9, &mut out);
    assert_eq!(out, [0b1101_1000, 0b100, 5, 0]);
    out.clear();
    write(&[], 9, &mut out);
    assert!(out.is_empty());
}

/// Runs and single values of every length around a group's, in every width of codes.
#[test]
fn whatever_is_written_is_read() {
    for values in [1, 2, 3, 5, 200, 300, 70_000_usize] {
        let texts: Vec<String> = (0..values).map(|text| format!("text-{text:05}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for seed in 0..20_u32 {
            let mut state = seed;
            let mut next = |below: usize| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as usize % below
            };
            let mut codes = Vec::new();
            while codes.len() < 45_000 {
                let run = [1, 1, 2, 7, 8, 9, 15, 16, 17, 400][next(10)];
                let code = if seed % 3 == 0 && next(4) == 0 { NO_CODE } else { next(values) as u32 };
                codes.extend(std::iter::repeat_n(code, run));
            }
            codes.truncate(codes.len() - next(40_000));
            let expected: Vec<_> = codes.iter().map(|code| texts.get(*code as usize).copied()).collect();
            let is_optional = seed % 3 == 0 || seed % 2 == 0;
            let (rows, _) = written(is_optional, &texts, &Codes::Each(codes), Bounds::No);
            assert!(texts_of(&rows) == expected, "{values} values, seed {seed}");
        }
    }
}

#[test]
fn constants_and_nothing_at_all_are_read_too() {
    for is_optional in [false, true] {
        let (rows, pages) = written(is_optional, &["a"], &Codes::Constant { rows: 20_001 }, Bounds::OfPages);
        assert_eq!((rows.num_rows(), rows.column(0).null_count()), (20_001, 0));
        assert!(texts_of(&rows).iter().all(|text| *text == Some("a")));
        assert_eq!(pages, ["a..a", "a..a"]);
    }
    let (rows, pages) = written(true, &[], &Codes::Each(vec![NO_CODE; 20_001]), Bounds::OfPages);
    assert_eq!(rows.column(0).null_count(), 20_001);
    assert_eq!(pages, ["..", ".."]);
}

#[test]
fn pages_know_their_smallest_and_largest_text() {
    let mut codes = vec![2; 20_000];
    codes.extend([1, NO_CODE, 0]);
    let (rows, pages) = written(true, &["c", "b", "a"], &Codes::Each(codes), Bounds::OfPages);
    assert_eq!(rows.num_rows(), 20_003);
    assert_eq!(pages, ["a..a", "b..c"]);
}

fn same_when_read(texts: &[Option<String>]) {
    let encode = |column: &ColumnDescPtr| chunk_of_fronts(column, texts.iter().map(Option::as_deref)).unwrap();
    let (read, _) = written_as(true, encode);
    assert_eq!(texts_of(&read), texts.iter().map(Option::as_deref).collect::<Vec<_>>());
}

#[test]
fn ids_of_several_pages_are_read_again() {
    same_when_read(&(0..50_001).map(|row| (row % 7 != 3).then(|| format!("edge-{row:09}"))).collect::<Vec<_>>());
    same_when_read(&vec![None; 20_001]);
    same_when_read(&vec![Some("the same".to_owned()); 300]);
}

/// Lengths from none to far beyond what a quarter of a block has in common, in counts around whole blocks.
#[test]
fn ids_of_any_length_are_read_again() {
    for count in [1, 2, 32, 33, 128, 129, 130, 1_000] {
        let text = |row: usize| {
            let mixed = row.wrapping_mul(2_654_435_761) >> 7;
            let tail = if mixed.is_multiple_of(61) { 5_000 } else { mixed % 9 };
            (!mixed.is_multiple_of(5)).then(|| format!("{}{}", "é-".repeat(mixed % 12), "x".repeat(tail)))
        };
        same_when_read(&(0..count).map(text).collect::<Vec<_>>());
    }
}

/// Steps of every width, those that overflow too, in counts around whole blocks and pages.
#[test]
fn numbers_are_read_again() {
    for count in [1, 2, 32, 33, 129, 20_000, 45_000] {
        let value = |row: usize| match row / 40 % 4 {
            0 => row as i64,
            1 => -(row as i64) * 1_000_003,
            2 => [i64::MIN, i64::MAX, 0][row % 3],
            _ => 1 << (row % 63),
        };
        let values: Vec<_> = (0..count).map(value).collect();
        let (read, pages) = written_in("message m { required int64 n; }", |column| {
            chunk_of_steps(column, &values, Bounds::OfPages).unwrap()
        });
        assert_eq!(read.column(0).as_primitive::<Int64Type>().values(), values.as_slice());
        let bounds = |page: &[i64]| format!("{}..{}", page.iter().min().unwrap(), page.iter().max().unwrap());
        assert_eq!(pages, values.chunks(20_000).map(bounds).collect::<Vec<_>>());
    }
}

#[test]
fn numbers_that_are_missing_stay_missing() {
    for every in [1, 2, 3, 25_000, 100_000] {
        let numbers: Vec<_> = (0..50_000).map(|row: i64| (row % every == every - 1).then_some(row * 7)).collect();
        let levels = numbers.iter().map(|number| u32::from(number.is_some())).collect();
        let steps = Steps { values: numbers.iter().flatten().copied().collect(), levels };
        let (read, pages) = written_in("message m { optional int64 n; }", |column| {
            chunk_of_some_steps(column, &steps, Bounds::OfPages).unwrap()
        });
        assert_eq!(read.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), numbers);
        assert_eq!(pages.len(), 3);
    }
}
