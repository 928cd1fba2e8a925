use super::coded::{Bounds, Codes, Dictionary, NO_CODE, chunk};
use super::runs::{bits_for, write};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use deltalake::parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use deltalake::parquet::file::metadata::PageIndexPolicy;
use deltalake::parquet::file::page_index::column_index::ColumnIndexMetaData;
use deltalake::parquet::file::writer::SerializedFileWriter;
use deltalake::parquet::schema::parser::parse_message_type;
use object_store::PutPayload;
use std::sync::Arc;

type Bytes = <PutPayload as IntoIterator>::Item;

/// A file of one column, optional or required, and what its page index says of it as `min..max` of each page.
fn written(is_optional: bool, texts: &[&str], codes: &Codes, bounds: Bounds) -> (RecordBatch, Vec<String>) {
    let repetition = if is_optional { "optional" } else { "required" };
    let schema = parse_message_type(&format!("message m {{ {repetition} binary text (UTF8); }}")).unwrap();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let column = file.schema_descr().column(0);
    let mut dictionary = Dictionary::default();
    for (code, text) in (0..).zip(texts) {
        assert_eq!(dictionary.add_text(text), code);
    }
    let written = chunk(&column, &dictionary, codes, bounds, None).unwrap();
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
