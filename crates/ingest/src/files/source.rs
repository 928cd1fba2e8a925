//! One input file: what it is, its identity, and its rows.

use crate::decode::csv::mapping::Mapping;
use crate::decode::csv::reader::{CsvReader, OpenError};
use crate::decode::feed::FeedSpec;
use crate::decode::names::NameCache;
use crate::decode::native::Decoder;
use crate::decode::report::Report;
use crate::files::arrow::{ArrowRows, scan_arrow};
use crate::files::error::Error;
use crate::files::order::Times;
use crate::files::scan::{BUFFER_BYTES, Scanned, scan};
use crate::json::elements::{Element, ElementReader};
use crate::json::lines::LineReader;
use crate::limits::LINE_BYTES_MAX;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;
use vigie_model::batch::{Events, Origin, Source};
use vigie_model::diagnostic::Diagnostic;

/// Endings of files with native events.
const NATIVE_ENDINGS: [&str; 3] = ["ndjson", "jsonl", "json"];
/// Endings of files with Arrow IPC.
const ARROW_ENDINGS: [&str; 3] = ["arrow", "arrows", "feather"];

/// An open input file.
#[derive(Debug)]
pub(super) struct InputFile {
    pub(super) hash: u128,
    pub(super) bytes: u64,
    /// When its rows are known to come in order of time: between which instants.
    pub(super) in_order: Option<Times>,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Lines(LineReader<BufReader<File>>),
    Elements(ElementReader<BufReader<File>>),
    Csv(Box<CsvReader<BufReader<File>>>),
    Arrow(Box<ArrowRows>),
}

impl InputFile {
    /// Opens a file: through the mapping that is for it, else as native events or Arrow IPC if its ending says so.
    pub(super) fn open(path: &Path, mappings: &[Arc<Mapping>], names: &mut NameCache) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let unusable = |text: String, hint: &str| {
            Error::Unusable(vec![
                Diagnostic::error(shown.as_str(), 0, 0, text).hint_opt((!hint.is_empty()).then(|| hint.to_owned())),
            ])
        };
        let failed = |source| Error::Io { path: path.to_owned(), source };
        let mut fitting = mappings.iter().filter(|mapping| mapping.applies_to(path));
        let mapping = fitting.next();
        if let (Some(one), Some(other)) = (mapping, fitting.next()) {
            let text = format!("csv mappings '{}' and '{}' are both for this file", one.name(), other.name());
            return Err(unusable(text, "make their 'files' tell them apart"));
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        if mapping.is_none() && ARROW_ENDINGS.contains(&ending.as_str()) {
            let (hash, bytes, in_order) = scan_arrow(path)?;
            let rows = Rows::Arrow(Box::new(ArrowRows::open(path)?));
            return Ok(Self { hash, bytes, in_order, rows });
        }
        if mapping.is_none() && !NATIVE_ENDINGS.contains(&ending.as_str()) {
            let hint = "end its name in .ndjson, .jsonl or .json (JSON), or .arrow, .arrows or .feather (Arrow IPC), \
                        or add a [[csv]] section whose 'files' match it";
            return Err(unusable("nothing says what this file holds".to_owned(), hint));
        }
        let Scanned { hash, bytes, is_array, in_order } = scan(path, mapping.is_none()).map_err(failed)?;
        let reader = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(failed)?);
        let rows = match mapping {
            Some(mapping) => {
                let rows =
                    CsvReader::open(&shown, reader, hash, Arc::clone(mapping), names).map_err(|error| match error {
                        OpenError::Io(source) => failed(source),
                        OpenError::Header(found) => Error::Unusable(found),
                    })?;
                Rows::Csv(Box::new(rows))
            }
            None if is_array => Rows::Elements(ElementReader::new(reader, LINE_BYTES_MAX)),
            None => Rows::Lines(LineReader::new(reader, LINE_BYTES_MAX)),
        };
        Ok(Self { hash, bytes, in_order, rows })
    }

    /// Appends rows until `events` holds at least `events_max`, or the file ends; whether there may be more.
    pub(super) fn read(
        &mut self,
        events_max: usize,
        decoder: &mut Decoder,
        feed: &FeedSpec,
        events: &mut Events,
        report: &mut Report,
    ) -> io::Result<bool> {
        let source = Source::File(self.hash);
        match &mut self.rows {
            Rows::Csv(rows) => return rows.read(events_max, decoder.names(), events, report),
            Rows::Arrow(rows) => return rows.read(events_max, decoder.names(), feed, source, events, report),
            Rows::Lines(lines) => {
                while events.len() < events_max {
                    let Some((line, text)) = lines.next_line()? else { return Ok(false) };
                    decoder.decode_line(feed, Origin { source, line }, &text, events, report);
                }
            }
            Rows::Elements(elements) => {
                while events.len() < events_max {
                    match elements.next_element()? {
                        None => return Ok(false),
                        Some(Element::Broken(line, why)) => report.reject(line, why),
                        Some(Element::At(line, text)) => {
                            decoder.decode_line(feed, Origin { source, line }, &text, events, report);
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    /// Bytes taken from the file so far.
    pub(super) fn bytes_read(&self) -> u64 {
        match &self.rows {
            Rows::Lines(lines) => lines.bytes_read(),
            Rows::Elements(elements) => elements.bytes_read(),
            Rows::Csv(rows) => rows.bytes_read(),
            Rows::Arrow(rows) => rows.bytes_read(),
        }
    }
}
