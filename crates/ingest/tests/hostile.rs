//! Whatever bytes come in, in whatever encoding: an answer below 500, and bounded memory.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use arrow_array::types::Int8Type;
use arrow_array::{ArrayRef, DictionaryArray, Int64Array, RecordBatch};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use flate2::Compression;
use flate2::write::GzEncoder;
use peak_alloc::PeakAlloc;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use tokio::runtime::Runtime;
use vigie_ingest::decode::feed::{FeedSpec, Feeds};
use vigie_ingest::intake::dead_letters::DeadLetters;
use vigie_ingest::intake::http::router;
use vigie_ingest::intake::pressure::Pressure;
use vigie_ingest::spaces::registry::{Registry, UnknownSpace};
use vigie_log::clock::{Limit, LogClock};
use vigie_log::intake::{Intake, spawn};
use vigie_log::interner::Interner;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::MemoryLog;
use vigie_model::control::Control;
use vigie_model::space::Space;

const SEED: u64 = 0x5eed_0d00_4d15_7a9c;
const REQUESTS: usize = 3000;
/// Senders of bombs at one time.
const BOMBERS: usize = 8;
/// What all of it may hold at one time beyond what was held before: 64 MiB of bodies in flight, 64 MiB of rows of the two that
/// are decoded at one time, and what the senders and the queues keep.
const GROWTH_BYTES_MAX: usize = 160 << 20;

/// Bytes that are held, not resident memory: how much of what was freed the allocator keeps for its threads depends on how
/// they are scheduled. The windows of zstd, which C allocates, are not counted; the decoders bound each.
#[global_allocator]
static HELD: PeakAlloc = PeakAlloc;

struct Server {
    address: SocketAddr,
    intake: Intake,
    dead_letters: DeadLetters,
    /// Serves until it is dropped.
    _runtime: Runtime,
}

fn server(folder: &std::path::Path) -> Server {
    let spaces = Arc::new(vec![Space::registered("square")]);
    let control = Control {
        centre: "c".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: Vec::new(),
        spaces: Arc::clone(&spaces),
        metrics: Arc::default(),
        ..Control::default()
    };
    let (store, mut readers) = MemoryLog::new(10_000, 1);
    let mut reader = readers.remove(0);
    thread::spawn(move || while reader.take(&mut Vec::new()) {});
    let clock = LogClock::anchored(0, 1.0, Limit::at(0));
    let interner = Arc::new(Interner::new(1000));
    let sequencer = Sequencer::start(Settings::new("log".into()), clock, store, interner, Arc::new(control)).unwrap();
    let (intake, _thread) = spawn(sequencer, ()).unwrap();
    let registry = Arc::new(Registry::new("c", spaces, UnknownSpace::Register, 100, 0.0));
    let feeds = Feeds::new([], FeedSpec { name: "f".into(), text_allowed: true });
    let dead_letters = DeadLetters::start(folder).unwrap();
    let routes = router(intake.clone(), registry, feeds, Arc::new(Pressure::default), dead_letters.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, routes).await });
    Server { address, intake, dead_letters, _runtime: runtime }
}

impl Server {
    fn post(&self, agent: &ureq::Agent, encoding: &str, body: &[u8]) -> (u16, String) {
        // What an encoding hides is one of the Arrow bombs only if its name says so.
        let (encoding, content_type) = match encoding.strip_suffix("+arrow") {
            Some(encoding) => (encoding, "application/vnd.apache.arrow.stream"),
            None => (encoding, "application/x-ndjson"),
        };
        let request = agent.post(format!("http://{}/v1/events", self.address)).header("content-encoding", encoding);
        let request = request.header("content-type", content_type);
        let mut answer = request.send(body).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

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

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const LINES: [&str; 9] = [
    r#"{"space":"square","metric":"m","value":118,"time":"2017-03-11T18:00:00+11:00","id":"n17-42","node":"n17","seq":42}"#,
    r#"{"type":"incident","lat":0.5,"lon":0.5,"category":"assault","severity":"high","time":0,"text":"a \"word\" \u00e9"}"#,
    r#"{"type":"incident","space":"square","category":"theft","time":0,"source_reliability":0.75,"version":3}"#,
    r#"{"type":"perception","space":"square","wave":"2018","question":"q","group":{"sex":"f"},"n":117,"unsafe":22.5}"#,
    r#"{"space":"elsewhere","metric":"m","value":1e3,"time":1489312800000,"quality":"bad","x":{"y":[1,[2,{"z":null}]]}}"#,
    "[1,2,{\"space\":\"square\"}]",
    "{]",
    "",
    "\u{feff}7",
];
const SPLICES: [&[u8]; 14] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\",
    b"\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"1e999999",
    b"-0.00000000000000000001",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"\\ud800",
];

/// Lines, or an array of them, with bytes changed, cut, doubled and spliced in.
fn body(random: &mut Random) -> Vec<u8> {
    let lines: Vec<_> = (0..random.below(20)).map(|_| random.pick(&LINES)).collect();
    let mut body = match random.below(3) {
        0 => format!("[{}]", lines.join(",")),
        1 => lines.join("\r\n"),
        _ => lines.join("\n"),
    }
    .into_bytes();
    mutate(random, &mut body);
    body
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(4) {
            0 => bytes.truncate(at),
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            2 => {
                let splice = random.pick(&SPLICES);
                bytes.splice(at..at, splice.iter().copied());
            }
            _ => {
                let piece = bytes[at..].to_vec();
                bytes.extend_from_slice(&piece);
            }
        }
    }
}

fn gzip(text: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8], level: i32) -> Vec<u8> {
    zstd::encode_all(text, level).unwrap()
}

/// A stream of one batch of zeros with names in dictionaries, 19 bytes a row.
fn arrow(rows: usize, compression: Option<CompressionType>) -> Vec<u8> {
    let names: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::from_iter(std::iter::repeat_n("square", rows)));
    let zeros: ArrayRef = Arc::new(Int64Array::from(vec![0; rows]));
    let columns = [("space", &names), ("metric", &names), ("sensor", &names), ("value", &zeros), ("time", &zeros)];
    let batch = RecordBatch::try_from_iter(columns.map(|(name, values)| (name, Arc::clone(values)))).unwrap();
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// One test: it measures what the whole process takes.
#[test]
fn hostile_bodies_get_an_answer_and_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let agent = agent();
    let good = LINES[0].as_bytes();
    assert_eq!(server.post(&agent, "identity", good).0, 200);
    assert_eq!(server.post(&agent, "identity+arrow", &arrow(1000, None)).0, 200);
    // Far beyond either bound, members and frames without content, deep and wide lines. Gzip is slow when not optimised,
    // so that its bombs are small ones.
    let bombs: Vec<(&str, Vec<u8>)> = {
        let brackets = vec![b'['; 64 << 20];
        vec![
            ("gzip", gzip(&brackets[..4 << 20], 9)),
            ("zstd", zstd(&brackets, 1)),
            ("zstd", zstd(&brackets, 1).repeat(16)),
            ("gzip", gzip(b"", 1).repeat(50_000)),
            ("zstd", zstd(b"", 1).repeat(100_000)),
            ("zstd", zstd(&b"1\n".repeat(500_000), 1)),
            ("identity", vec![b'\n'; 1 << 20]),
            ("identity", b"{}\n".repeat(300_000)),
            ("identity", b"{\"a\":".repeat(200_000)),
            ("identity", vec![b' '; 3 << 20]),
            ("identity+arrow", arrow(2_000_000, Some(CompressionType::ZSTD))),
            ("zstd+arrow", zstd(&arrow(400_000, None), 1)),
            ("zstd+arrow", zstd(&arrow(2_000_000, Some(CompressionType::LZ4_FRAME)), 1)),
            ("zstd+arrow", zstd(&arrow(2_000_000, None), 1)),
            ("identity+arrow", b"\xff\xff\xff\xff\xff\xff\x3f\0".to_vec()),
        ]
    };
    let before = HELD.current_usage();
    HELD.reset_peak_usage();
    println!("seed {SEED:#x}");
    let mut random = Random(SEED);
    let mut answers = std::collections::BTreeMap::<u16, usize>::new();
    for request in 0..REQUESTS {
        let mut body = body(&mut random);
        let encoding = random.pick(&["identity", "gzip", "zstd"]);
        match encoding {
            "gzip" => body = gzip(&body, 1),
            "zstd" => body = zstd(&body, 1),
            _ => {}
        }
        if random.below(2) == 0 {
            mutate(&mut random, &mut body);
        }
        let (status, reply) = server.post(&agent, encoding, &body);
        assert!([200, 400, 413].contains(&status), "request {request} of seed {SEED:#x}: {status} {reply}");
        *answers.entry(status).or_default() += 1;
    }
    thread::scope(|scope| {
        for bomber in 0..BOMBERS {
            let (server, bombs) = (&server, &bombs);
            scope.spawn(move || {
                let agent = self::agent();
                for (index, (encoding, bomb)) in bombs.iter().cycle().skip(bomber).take(bombs.len()).enumerate() {
                    let (status, reply) = server.post(&agent, encoding, bomb);
                    assert!([200, 400, 413].contains(&status), "bomb {index} after {bomber}: {status} {reply}");
                }
            });
        }
    });
    let growth = HELD.peak_usage() - before;
    println!("answers {answers:?}, {growth} bytes more at the peak");
    assert!(growth < GROWTH_BYTES_MAX, "{growth} bytes");
    assert!(answers.len() >= 2 && answers[&200] > REQUESTS / 10, "{answers:?}");
    assert_eq!(server.post(&agent, "identity", good).0, 200);
    server.dead_letters.stop();
    server.intake.stop();
}
