//! Posts a file of native lines to a running server, as many edge nodes would, and tells what the door did.
//!
//! ```text
//! cargo run --release --example http_load -- --url http://127.0.0.1:8080 --file lines.ndjson --senders 8 --lines 4000
//! cargo run --release --example http_load -- --url http://127.0.0.1:8080 --file lines.ndjson --senders 64 --lines 100 --rate 100000
//! ```
//!
//! Each sender posts the next piece of the file, waits for the answer, and posts the next: a closed loop, which finds the
//! largest rate. With `--rate`, in events a second, each piece has an instant at which it is due, whatever became of
//! those before it, and its answer time counts from then: an open loop. A server that stands still for a second is then
//! seen in all pieces of that second, also in those that no sender was free to post.
//!
//! A refusal with 429 or 503 is waited for as its Retry-After says, and sent again; its answer time goes on. The summary is one
//! line of JSON: events answered, seconds, events per second, refusals, and the percentiles of answer times.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What to post, where, and how.
#[derive(Clone, Debug)]
struct Options {
    url: String,
    file: String,
    senders: usize,
    lines: usize,
    /// Events a second, when pieces are due at a rate.
    rate: Option<f64>,
}

/// The file, and how many pieces of it were taken.
#[derive(Debug)]
struct Lines {
    file: BufReader<File>,
    pieces: u32,
}

/// What one sender saw.
#[derive(Debug, Default)]
struct Seen {
    accepted: u64,
    refused: u64,
    answers_ms: Vec<f64>,
}

fn main() -> ExitCode {
    let Some(options) = Options::from_arguments() else {
        eprintln!("usage: http_load --url URL --file FILE [--senders 8] [--lines 4000] [--rate EVENTS_PER_S]");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

impl Options {
    fn from_arguments() -> Option<Self> {
        let mut options = Self { url: String::new(), file: String::new(), senders: 8, lines: 4000, rate: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next()?;
            match name.as_str() {
                "--url" => options.url = value,
                "--file" => options.file = value,
                "--senders" => options.senders = value.parse().ok()?,
                "--lines" => options.lines = value.parse().ok()?,
                "--rate" => options.rate = Some(value.parse().ok().filter(|rate: &f64| *rate >= 1.0)?),
                _ => return None,
            }
        }
        (!options.url.is_empty() && !options.file.is_empty() && options.lines > 0).then_some(options)
    }
}

fn run(options: &Options) -> Result<(), String> {
    let file = File::open(&options.file).map_err(|error| format!("{}: {error}", options.file))?;
    let lines = Arc::new(Mutex::new(Lines { file: BufReader::with_capacity(1 << 20, file), pieces: 0 }));
    let began = Instant::now();
    let senders: Vec<_> = (0..options.senders.max(1))
        .map(|_| {
            let (options, lines) = (options.clone(), Arc::clone(&lines));
            std::thread::spawn(move || post_all(&options, &lines, began))
        })
        .collect();
    let mut total = Seen::default();
    for sender in senders {
        let seen = sender.join().map_err(|_| "a sender panicked".to_owned())??;
        total.accepted += seen.accepted;
        total.refused += seen.refused;
        total.answers_ms.extend(seen.answers_ms);
    }
    let elapsed_s = began.elapsed().as_secs_f64();
    total.answers_ms.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = total.answers_ms.len().saturating_sub(1);
        total.answers_ms.get((last as f64 * share) as usize).copied().unwrap_or_default()
    };
    let summary = serde_json::json!({
        "accepted": total.accepted,
        "elapsed_s": elapsed_s,
        "events_per_s": total.accepted as f64 / elapsed_s,
        "requests": total.answers_ms.len(),
        "refused": total.refused,
        "answer_ms_p50": at(0.50),
        "answer_ms_p99": at(0.99),
        "answer_ms_p99_9": at(0.999),
        "answer_ms_p99_99": at(0.9999),
        "answer_ms_max": at(1.0),
    });
    println!("{summary}");
    Ok(())
}

fn post_all(options: &Options, lines: &Mutex<Lines>, began: Instant) -> Result<Seen, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let events = format!("{}/v1/events", options.url);
    let mut seen = Seen::default();
    loop {
        let (body, number) = next_piece(lines, options.lines).map_err(|error| format!("{}: {error}", options.file))?;
        if body.is_empty() {
            return Ok(seen);
        }
        let due = match options.rate {
            Some(rate) => began + Duration::from_secs_f64(f64::from(number) * options.lines as f64 / rate),
            None => Instant::now(),
        };
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        loop {
            let sent = agent.post(&events).header("content-type", "application/x-ndjson").send(&body[..]);
            let mut answer = sent.map_err(|error| format!("{events}: {error}"))?;
            let text = answer.body_mut().read_to_string().map_err(|error| format!("{events}: {error}"))?;
            match answer.status().as_u16() {
                200 => {
                    seen.answers_ms.push(due.elapsed().as_secs_f64() * 1e3);
                    let counts: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
                    seen.accepted += counts["accepted"].as_u64().unwrap_or_default();
                    break;
                }
                429 | 503 => {
                    let wait_s =
                        answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                    seen.refused += 1;
                    std::thread::sleep(Duration::from_secs(wait_s.unwrap_or(1)));
                }
                status => return Err(format!("{events} answered {status}: {text}")),
            }
        }
    }
}

/// The next lines of the file, and which piece they are; none at its end.
fn next_piece(lines: &Mutex<Lines>, count: usize) -> std::io::Result<(Vec<u8>, u32)> {
    let mut lines = lines.lock().expect("no holder of the file panics");
    let mut body = Vec::new();
    for _ in 0..count {
        if lines.file.read_until(b'\n', &mut body)? == 0 {
            break;
        }
    }
    lines.pieces += 1;
    Ok((body, lines.pieces - 1))
}
