//! The rows of one mapped CSV file, as a stream.
//!
//! ```
//! use std::sync::Arc;
//! use vigie_ingest::decode::csv::{mapping::Mapping, reader::CsvReader, spec::MappingSpec};
//! # use vigie_ingest::decode::{names::NameCache, report::Report};
//! # use vigie_ingest::spaces::registry::{Registry, UnknownSpace};
//! # use vigie_model::batch::Events;
//! # let spec = |text: &str| serde_json::from_str::<MappingSpec>(text).unwrap();
//! # let registry = Registry::new("c", Arc::default(), UnknownSpace::Register, 10, 0.0);
//! # let mut names = NameCache::new(Arc::new(vigie_log::interner::Interner::new(10)), Arc::new(registry));
//! let spec: MappingSpec = spec(r#"{"name": "noise", "files": ["*.csv"], "layout": "wide", "names_are": ["space"],
//!     "time": {"columns": ["when"], "format": "rfc3339"}, "constants": {"metric": "noise_dba"}}"#);
//! let text = "when,park,square\n2017-03-12T21:00:00+11:00,52.5,\n";
//! let mapping = Arc::new(Mapping::new(&spec).unwrap());
//! let mut rows = CsvReader::open("noise.csv", text.as_bytes(), 7, mapping, &mut names).unwrap();
//! let (mut events, mut report) = (Events::default(), Report::default());
//! rows.read(1000, &mut names, &mut events, &mut report).unwrap();
//! assert_eq!((events.len(), report.missing), (1, 1));
//! ```

use crate::decode::csv::clock::{Instant, RepeatedTimes, Series};
use crate::decode::csv::event_rows::EventRow;
use crate::decode::csv::header::{LongColumns, Plan, Values, series_of};
use crate::decode::csv::mapping::Mapping;
use crate::decode::csv::record::Record;
use crate::decode::event::quality_of;
use crate::decode::names::NameCache;
use crate::decode::report::Report;
use crate::json::lines::{Line, LineReader};
use crate::limits::LINE_BYTES_MAX;
use std::io::{self, BufRead};
use std::sync::Arc;
use vigie_model::batch::{Events, ObservationRow, Origin, Quality, Source};
use vigie_model::decimal::Decimal;
use vigie_model::diagnostic::{Diagnostic, did_you_mean};
use vigie_model::id::check_id;
use vigie_model::names::{NameIx, NameKind};

/// Why a file could not be opened through a mapping.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The mapping does not fit the header; everything that does not.
    #[error("the header does not fit the mapping: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Header(Vec<Diagnostic>),
}

/// Reads the rows of one file.
#[derive(Debug)]
pub struct CsvReader<R> {
    lines: LineReader<R>,
    record: Record,
    plan: Plan,
    mapping: Arc<Mapping>,
    feed: NameIx,
    file_hash: u128,
    repeated: RepeatedTimes,
    time_text: String,
}

impl<R: BufRead> CsvReader<R> {
    /// Opens `file`, named so in errors, whose content has the hash `file_hash`: reads its header and fits `mapping`
    /// to it.
    ///
    /// # Errors
    /// [`OpenError`], with everything in the header that does not fit.
    pub fn open(
        file: &str,
        reader: R,
        file_hash: u128,
        mapping: Arc<Mapping>,
        names: &mut NameCache,
    ) -> Result<Self, OpenError> {
        let wrong = |line: u32, text: String| OpenError::Header(vec![Diagnostic::error(file, line, 0, text)]);
        let mut lines = LineReader::new(reader, LINE_BYTES_MAX);
        let mut record = Record::new(mapping.delimiter);
        let line = loop {
            let Some((line, text)) = lines.next_line()? else {
                return Err(wrong(0, "the file has no header line".to_owned()));
            };
            let Line::Text(text) = text else {
                return Err(wrong(line, format!("the header is longer than {LINE_BYTES_MAX} bytes")));
            };
            if !text.trim_ascii().is_empty() {
                let text = std::str::from_utf8(text).map_err(|_| wrong(line, "the header is not UTF-8".to_owned()))?;
                record.split(text).map_err(|what| wrong(line, format!("the header {what}")))?;
                break line;
            }
        };
        let plan = Plan::new(file, line, file_hash, &record, &mapping, names).map_err(OpenError::Header)?;
        let feed = names.index(NameKind::Feed, mapping.feed()).map_err(|refusal| wrong(line, refusal.to_string()))?;
        let repeated = RepeatedTimes::default();
        Ok(Self { lines, record, plan, mapping, feed, file_hash, repeated, time_text: String::new() })
    }

    /// Appends rows until `events` holds at least `events_max` or the file ends; whether there may be more.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(
        &mut self,
        events_max: usize,
        names: &mut NameCache,
        events: &mut Events,
        report: &mut Report,
    ) -> io::Result<bool> {
        while events.len() < events_max {
            let Some((line, text)) = self.lines.next_line()? else { return Ok(false) };
            let Line::Text(text) = text else {
                report.reject(line, format!("longer than {LINE_BYTES_MAX} bytes"));
                continue;
            };
            if text.trim_ascii().is_empty() {
                continue;
            }
            let split = match std::str::from_utf8(text) {
                Ok(text) => self.record.split(text).map_err(str::to_owned),
                Err(error) => Err(format!("not UTF-8 at byte {}", error.valid_up_to() + 1)),
            };
            match split.and_then(|()| self.read_row(line, names, events, report)) {
                Ok(()) => {}
                Err(reason) => report.reject(line, reason),
            }
        }
        Ok(true)
    }

    /// Bytes taken from the file so far.
    pub fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    fn read_row(
        &mut self,
        line: u32,
        names: &mut NameCache,
        events: &mut Events,
        report: &mut Report,
    ) -> Result<(), String> {
        let (columns, width) = (self.record.len(), self.plan.width);
        if columns != width {
            return Err(format!("has {columns} columns; expected {width}, as in the header"));
        }
        report.understood += 1;
        let is_read =
            |(column, texts): &(usize, Vec<String>)| texts.iter().any(|text| text == self.record.field(*column));
        if !self.plan.only_rows.iter().all(is_read) {
            report.left_out += 1;
            return Ok(());
        }
        let instant = self.instant()?;
        if let Values::Events(columns) = &self.plan.values {
            let of = self.mapping.events.as_ref().expect("a plan of events is made by a mapping of events");
            let time_ms = instant.map(|instant| instant.first_ms(report) + self.mapping.to_end_ms);
            let (mapping, record) = (&*self.mapping, &self.record);
            return EventRow { mapping, of, columns, record, line, time_ms }.push(names, events, report);
        }
        let instant = instant.ok_or("time is missing")?;
        let mut row = RowSink {
            line,
            feed: self.feed,
            instant,
            mapping: &self.mapping,
            repeated: &mut self.repeated,
            events,
            report,
        };
        match &self.plan.values {
            Values::Long(columns) => row.push_long(&self.record, columns, self.file_hash, names),
            Values::Wide(columns) => {
                for column in columns {
                    let cell = Cell {
                        text: self.record.field(column.column),
                        id: None,
                        seq: None,
                        quality: self.mapping.quality,
                    };
                    if let Err(reason) = row.push(&cell, column.series, column.source) {
                        row.report.reject(line, format!("column '{}': {reason}", column.name));
                    }
                }
                Ok(())
            }
            Values::Events(_) => unreachable!("taken before"),
        }
    }

    fn instant(&mut self) -> Result<Option<Instant>, String> {
        let Some(clock) = &self.mapping.clock else { return Ok(None) };
        let read = |text: &str| clock.read(text).map(Some).map_err(|error| format!("time: {error}"));
        if let [column] = self.plan.time[..] {
            return read(self.record.field(column));
        }
        self.time_text.clear();
        for (index, column) in self.plan.time.iter().enumerate() {
            if index > 0 {
                self.time_text.push(' ');
            }
            self.time_text.push_str(self.record.field(*column));
        }
        read(&self.time_text)
    }
}

/// A value and what belongs to it alone.
struct Cell<'a> {
    text: &'a str,
    id: Option<&'a str>,
    seq: Option<i64>,
    quality: Quality,
}

/// Where the values of one line go.
struct RowSink<'a> {
    line: u32,
    feed: NameIx,
    instant: Instant,
    mapping: &'a Mapping,
    repeated: &'a mut RepeatedTimes,
    events: &'a mut Events,
    report: &'a mut Report,
}

impl RowSink<'_> {
    fn push(&mut self, cell: &Cell<'_>, series: Series, source: u128) -> Result<(), String> {
        if self.mapping.missing.iter().any(|missing| missing == cell.text) {
            self.report.missing += 1;
            return Ok(());
        }
        let value: Decimal = cell.text.parse().map_err(|error| format!("value: {error}"))?;
        let value =
            self.mapping.converted(value).ok_or("value: out of range when multiplied by the mapping's factor")?;
        let [space, sensor, node, metric] = series;
        let row = ObservationRow {
            feed: self.feed,
            space,
            metric,
            sensor,
            node,
            seq: cell.seq,
            id: cell.id,
            value,
            event_time_ms: self.repeated.decide(self.instant, series, self.report) + self.mapping.to_end_ms,
            sent_time_ms: None,
            log_time_ms: 0,
            quality: cell.quality,
            flags: 0,
        };
        self.events.push_observation(row, Origin { source: Source::File(source), line: self.line });
        self.report.taken += 1;
        Ok(())
    }

    fn push_long(
        &mut self,
        record: &Record,
        columns: &LongColumns,
        source: u128,
        names: &mut NameCache,
    ) -> Result<(), String> {
        let given = |column: Option<usize>| column.map(|column| record.field(column)).filter(|text| !text.is_empty());
        let name = columns.name.map(|column| record.field(column)).unwrap_or_default();
        let Some(mut ids) = self.mapping.ids_of_name(name) else {
            let candidates = self.mapping.names.keys().map(String::as_str);
            self.report.note_unmatched(name, || did_you_mean(name, candidates));
            return Err(format!("the name is not in the name map of csv mapping '{}'", self.mapping.name()));
        };
        for (id, column) in ids.iter_mut().zip(columns.ids) {
            *id = given(column).map(Into::into).or(id.take());
        }
        for (id, (_, word, kind)) in ids.iter().zip(crate::decode::csv::mapping::ROLES) {
            match id {
                Some(id) => check_id(id).map_err(|error| format!("{word} {error}"))?,
                None if matches!(kind, NameKind::Space | NameKind::Metric) => return Err(format!("{word} is missing")),
                None => {}
            }
        }
        let id = given(columns.id);
        check_id(id.unwrap_or("-")).map_err(|error| format!("id {error}"))?;
        let seq = given(columns.seq).map(str::parse).transpose().map_err(|_| "seq is not a whole number of 64 bits")?;
        let quality = match given(columns.quality) {
            Some(word) => quality_of(Some(word))?,
            None => self.mapping.quality,
        };
        let cell = Cell { text: record.field(columns.value), id, seq, quality };
        self.push(&cell, series_of(&ids, names)?, source)
    }
}

#[cfg(test)]
mod tests;
