//! Writes seeded native lines in order of time, or the same observations as Arrow IPC, and the configuration and rules they
//! are for.
//!
//! ```text
//! cargo run --release --no-default-features --example native_lines -- --events 5000000 --folder /tmp/lines
//! vigie replay --json --config /tmp/lines/vigie.toml --input /tmp/lines/lines.ndjson --data /tmp/data
//! ```
//!
//! `--format arrow` needs `--features runtime`, and writes `lines.arrows`.

#[path = "generator.rs"]
mod generator;

#[cfg(feature = "runtime")]
#[path = "arrow.rs"]
mod arrow;

use generator::City;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// The configuration and the rules the lines are for.
const CONFIG: &str = include_str!("vigie.toml");
const RULES: &str = include_str!("rules.yaml");
const USAGE: &str = "usage: native_lines [--events N] [--seed N] [--spaces N] [--format ndjson|arrow] [--folder FOLDER]
Writes N lines (1000) of N spaces (10000) to standard output, or with --folder to FOLDER/lines.ndjson (lines.arrows), and
beside it vigie.toml and rules.yaml to replay them with.";
/// Bytes collected before they are written.
const PIECE_BYTES: usize = 1 << 20;

struct Wanted {
    events: u64,
    seed: u64,
    spaces: u32,
    format: Format,
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy)]
enum Format {
    Ndjson,
    Arrow,
}

fn main() -> ExitCode {
    let Some(wanted) = wanted(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match write(&wanted) {
        // Whoever reads may have had enough, as `head` does.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("cannot write: {error}");
            ExitCode::from(3)
        }
        _ => ExitCode::SUCCESS,
    }
}

fn wanted(mut args: impl Iterator<Item = String>) -> Option<Wanted> {
    let mut wanted = Wanted { events: 1_000, seed: 1, spaces: 10_000, format: Format::Ndjson, folder: None };
    while let Some(option) = args.next() {
        let value = args.next()?;
        match option.as_str() {
            "--events" => wanted.events = value.parse().ok()?,
            "--seed" => wanted.seed = value.parse().ok()?,
            "--spaces" => wanted.spaces = value.parse().ok().filter(|spaces| *spaces > 0)?,
            "--format" if value == "ndjson" => wanted.format = Format::Ndjson,
            "--format" if value == "arrow" => wanted.format = Format::Arrow,
            "--folder" => wanted.folder = Some(value.into()),
            _ => return None,
        }
    }
    Some(wanted)
}

fn write(wanted: &Wanted) -> io::Result<()> {
    let Some(folder) = &wanted.folder else {
        return write_events(wanted, io::stdout().lock());
    };
    fs::create_dir_all(folder)?;
    fs::write(folder.join("vigie.toml"), CONFIG)?;
    fs::write(folder.join("rules.yaml"), RULES)?;
    let name = match wanted.format {
        Format::Ndjson => "lines.ndjson",
        Format::Arrow => "lines.arrows",
    };
    write_events(wanted, File::create(folder.join(name))?)
}

fn write_events(wanted: &Wanted, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(PIECE_BYTES, out);
    let mut city = City::new(wanted.seed, wanted.spaces);
    match wanted.format {
        Format::Ndjson => {
            let mut line = String::new();
            for _ in 0..wanted.events {
                line.clear();
                city.write_line(&mut line);
                out.write_all(line.as_bytes())?;
            }
            out.flush()
        }
        #[cfg(feature = "runtime")]
        Format::Arrow => arrow::write_arrow(&mut city, wanted.events, out)?.flush(),
        #[cfg(not(feature = "runtime"))]
        Format::Arrow => Err(io::Error::other("this build knows no Arrow; build with --features runtime")),
    }
}
