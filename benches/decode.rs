//! How fast the door decodes: native NDJSON lines of about 200 bytes, the same as Arrow IPC, a wide CSV with 43 counters, and a
//! file of native lines of 10,000 spaces as `replay` reads it, opened (its hash and its order) and read to its end.
//!
//! `cargo bench --no-default-features --features runtime --bench decode`; throughput is told in bytes and in events.

#[path = "native_lines/generator.rs"]
mod generator;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use generator::City;
use std::fmt::Write;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use vigie_ingest::decode::arrow_ipc::body::decode_body;
use vigie_ingest::decode::csv::mapping::Mapping;
use vigie_ingest::decode::csv::reader::CsvReader;
use vigie_ingest::decode::csv::spec::MappingSpec;
use vigie_ingest::decode::feed::FeedSpec;
use vigie_ingest::decode::names::NameCache;
use vigie_ingest::decode::native::Decoder;
use vigie_ingest::decode::report::Report;
use vigie_ingest::encode::{ArrowWriter, Sent};
use vigie_ingest::files::inputs::{InputOptions, Inputs};
use vigie_ingest::limits::BODY_BYTES_MAX;
use vigie_ingest::spaces::registry::{Registry, UnknownSpace};
use vigie_log::interner::Interner;
use vigie_model::batch::Events;
use vigie_model::quality::Quality;
use vigie_model::space::Space;

/// Spaces, and counters of the wide file.
const SPACES: usize = 43;
/// Events of one NDJSON request: as many as fit in one body.
const LINES: usize = 4_500;
/// Hours of the wide file: a month.
const HOURS: usize = 31 * 24;
/// Lines of the file, and the spaces they are about.
const FILE_LINES: usize = 200_000;
const FILE_SPACES: usize = 10_000;
/// Every run measures the same bytes.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// A small generator (splitmix64): the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn names() -> NameCache {
    names_of((0..SPACES).map(|space| format!("space-{space}")))
}

fn names_of(spaces: impl Iterator<Item = String>) -> NameCache {
    let spaces = spaces.map(|space| Space::registered(&space)).collect();
    let registry = Registry::new("bench", Arc::new(spaces), UnknownSpace::Reject, 0, 0.0);
    NameCache::new(Arc::new(Interner::new(10_000)), Arc::new(registry))
}

fn ndjson() -> String {
    let mut numbers = Numbers(SEED);
    let mut body = String::new();
    for line in 0..LINES {
        let (space, sensor) = (numbers.below(SPACES as u64), numbers.below(8));
        let (whole, tenths, second) = (numbers.below(9000), numbers.below(10), numbers.below(60));
        writeln!(
            body,
            r#"{{"type":"observation","id":"n{sensor}-{line}","node":"n{sensor}","seq":{line},"space":"space-{space}","sensor":"s{sensor}","metric":"people_count","value":{whole}.{tenths},"time":"2017-03-11T18:00:{second:02}+11:00","quality":"good"}}"#
        )
        .expect("writing to a string succeeds");
    }
    assert!(body.len() <= BODY_BYTES_MAX);
    body
}

/// As many rows as there are lines, with every column: names in dictionaries, ids as texts, exact decimals.
fn arrow() -> Vec<u8> {
    let mut numbers = Numbers(SEED);
    let mut writer = ArrowWriter::create(Vec::new()).expect("memory can be written");
    for row in 0..LINES as i64 {
        let (space, sensor) = (numbers.below(SPACES as u64), numbers.below(8));
        let sent = Sent {
            id: &format!("n{sensor}-{row:09}"),
            node: &format!("n{sensor}"),
            seq: Some(row),
            space: &format!("space-{space}"),
            sensor: &format!("s{sensor}"),
            metric: "people_count",
            value_micros: (numbers.below(90_000) * 100_000).cast_signed(),
            event_time_ms: 1_489_215_600_000 + row,
            quality: Quality::Good,
        };
        writer.push(&sent).expect("memory can be written");
    }
    writer.finish().expect("memory can be written")
}

fn wide_csv() -> String {
    let mut numbers = Numbers(SEED);
    let mut text = String::from("Date,Hour");
    for space in 0..SPACES {
        write!(text, ",space-{space}").expect("writing to a string succeeds");
    }
    for hour in 0..HOURS {
        write!(text, "\n{:02}/03/2017,{}", hour / 24 + 1, hour % 24).expect("writing to a string succeeds");
        for _ in 0..SPACES {
            write!(text, ",{}", numbers.below(8000)).expect("writing to a string succeeds");
        }
    }
    text
}

fn mapping() -> Arc<Mapping> {
    let spec = serde_json::json!({
        "name": "pedestrian", "files": ["*.csv"], "layout": "wide", "interval": "1h", "label": "start",
        "missing": ["-1", ""], "names_are": ["space", "sensor"], "constants": {"metric": "people_count"},
        "time": {"columns": ["Date", "Hour"], "format": "%d/%m/%Y %H", "zone": "Australia/Melbourne"},
    });
    let spec: MappingSpec = serde_json::from_value(spec).expect("the section is well formed");
    Arc::new(Mapping::new(&spec).expect("the section is right"))
}

fn decode_ndjson(c: &mut Criterion) {
    let body = ndjson();
    let feed = FeedSpec::named("bench");
    let mut decoder = Decoder::new(names());
    let mut group = c.benchmark_group("decode/ndjson");
    for (unit, throughput) in
        [("bytes", Throughput::Bytes(body.len() as u64)), ("events", Throughput::Elements(LINES as u64))]
    {
        group.throughput(throughput).bench_function(unit, |b| {
            b.iter_batched(
                Events::default,
                |mut events| {
                    let mut report = Report::default();
                    decoder.decode_body(&feed, black_box(body.as_bytes()), &mut events, &mut report);
                    assert_eq!(report.taken, LINES as u64);
                    events
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn decode_arrow(c: &mut Criterion) {
    let body = arrow();
    let feed = FeedSpec::named("bench");
    let mut names = names();
    let mut group = c.benchmark_group("decode/arrow");
    for (unit, throughput) in
        [("bytes", Throughput::Bytes(body.len() as u64)), ("events", Throughput::Elements(LINES as u64))]
    {
        group.throughput(throughput).bench_function(unit, |b| {
            b.iter_batched(
                Events::default,
                |mut events| {
                    let mut report = Report::default();
                    decode_body(&mut names, &feed, black_box(&body), &mut events, &mut report)
                        .expect("the body is right");
                    assert_eq!(report.taken, LINES as u64);
                    events
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn decode_csv(c: &mut Criterion) {
    let text = wide_csv();
    let mapping = mapping();
    let mut names = names();
    let events_total = (HOURS * SPACES) as u64;
    let mut group = c.benchmark_group("decode/csv_wide");
    for (unit, throughput) in
        [("bytes", Throughput::Bytes(text.len() as u64)), ("events", Throughput::Elements(events_total))]
    {
        group.throughput(throughput).bench_function(unit, |b| {
            b.iter_batched(
                Events::default,
                |mut events| {
                    let mut report = Report::default();
                    let file = black_box(text.as_bytes());
                    let mut rows = CsvReader::open("bench.csv", file, 1, Arc::clone(&mapping), &mut names)
                        .expect("the header fits");
                    while rows.read(usize::MAX, &mut names, &mut events, &mut report).expect("a slice can be read") {}
                    assert_eq!(report.taken, events_total);
                    events
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn open(path: &PathBuf) -> Inputs {
    let names = names_of((0..FILE_SPACES).map(|space| format!("space-{space:05}")));
    let options = InputOptions::new(FeedSpec::named("bench"));
    Inputs::open(std::slice::from_ref(path), &[], names, options, |_| {}).expect("the file can be opened")
}

fn read_file(c: &mut Criterion) {
    let mut city = City::new(1, u32::try_from(FILE_SPACES).expect("a small number"));
    let mut text = String::new();
    (0..FILE_LINES).for_each(|_| city.write_line(&mut text));
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("lines.ndjson");
    std::fs::write(&path, &text).expect("the file can be written");
    let mut group = c.benchmark_group("decode/file");
    group.throughput(Throughput::Elements(FILE_LINES as u64));
    group.bench_function("open", |b| b.iter(|| assert!(open(&path).is_reading())));
    group.bench_function("read", |b| {
        b.iter_batched(
            || open(&path),
            |inputs| inputs.map(|batch| batch.expect("the file can be read").len()).sum::<usize>(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, decode_ndjson, decode_arrow, decode_csv, read_file);
criterion_main!(benches);
