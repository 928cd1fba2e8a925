//! The files of a simulated city: `events.ndjson`, `spaces.geojson`, `rules.yaml`, `vigie.toml` and `truth.json`.

use super::describe::{CONFIG, RULES, spaces};
use super::options::Options;
use super::stream::Stream;
use super::truth::Truth;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct Unwritten {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Lines of `events.ndjson`.
    pub events: u64,
    /// What was planted, and what chance made of it.
    pub truth: Truth,
}

/// Writes a city into a folder, which is made if need be; files of the same names are replaced. The truth comes last: where it
/// stands, the others are whole.
///
/// # Errors
/// When a file cannot be written.
pub fn write(options: &Options, folder: &Path) -> Result<Written, Unwritten> {
    let at = |name: &str| folder.join(name);
    let tried = |path: PathBuf, done: io::Result<()>| done.map_err(|source| Unwritten { path, source });
    tried(folder.to_owned(), std::fs::create_dir_all(folder))?;
    let truth = Truth::plan(options);
    let texts =
        [("spaces.geojson", spaces(&truth)), ("vigie.toml", CONFIG.to_owned()), ("rules.yaml", RULES.to_owned())];
    for (name, text) in texts {
        tried(at(name), std::fs::write(at(name), text))?;
    }
    let mut stream = Stream::new(truth);
    let mut events = 0;
    tried(at("events.ndjson"), write_lines(&mut stream, &at("events.ndjson"), &mut events))?;
    let truth = stream.into_truth();
    let text = serde_json::to_string_pretty(&truth).expect("a truth is JSON");
    tried(at("truth.json"), std::fs::write(at("truth.json"), text + "\n"))?;
    Ok(Written { events, truth })
}

fn write_lines(stream: &mut Stream, path: &Path, events: &mut u64) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for (_, line) in stream.flatten() {
        *events += 1;
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
    }
    file.flush()
}
