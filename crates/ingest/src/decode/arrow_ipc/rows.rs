//! A range of rows of a batch, read column by column, and appended as a whole.

use crate::decode::arrow_ipc::column::Column;
use crate::decode::arrow_ipc::dictionaries::Dictionaries;
use crate::decode::arrow_ipc::ids::Ids;
use crate::decode::arrow_ipc::names::{Absent, NameColumn};
use crate::decode::arrow_ipc::numbers::{degrees, push_seqs, push_times, push_values};
use crate::decode::arrow_ipc::refusals::Refusals;
use crate::decode::arrow_ipc::stream::Batch;
use crate::decode::feed::FeedSpec;
use crate::decode::names::NameCache;
use crate::decode::reason::Reason;
use crate::decode::refused::WholeBody;
use crate::decode::report::Report;
use std::ops::Range;
use std::sync::Arc;
use vigie_model::batch::{Events, NewRows, Quality, Source};
use vigie_model::names::{NO_NAME, NameIx, NameKind};

/// Where rows go, and what they need on the way.
pub(crate) struct RowSink<'a> {
    pub(crate) names: &'a mut NameCache,
    pub(crate) feed: &'a FeedSpec,
    pub(crate) source: Source,
    pub(crate) events: &'a mut Events,
    pub(crate) report: &'a mut Report,
    /// What dead letters of refused rows tell; `None` for a file.
    pub(crate) body: Option<&'a WholeBody<'a>>,
}

/// Reads ranges of rows; holds what is known of dictionaries, and the columns in the making for reuse.
#[derive(Debug)]
pub(super) struct RowReader {
    event_type: NameColumn,
    quality_words: NameColumn,
    space: NameColumn,
    metric: NameColumn,
    sensor: NameColumn,
    node: NameColumn,
    ids: Ids,
    seq: Vec<Option<i64>>,
    value_micros: Vec<i64>,
    event_time_ms: Vec<i64>,
    quality: Vec<Quality>,
    lines: Vec<u32>,
    refusals: Refusals,
}

impl RowReader {
    pub(super) fn new() -> Self {
        let optional = Absent::Means(NO_NAME);
        Self {
            event_type: NameColumn::of("type", Absent::Means(0)),
            quality_words: NameColumn::of("quality", Absent::Means(0)),
            space: NameColumn::of("space", optional),
            metric: NameColumn::of("metric", Absent::IsRefused),
            sensor: NameColumn::of("sensor", optional),
            node: NameColumn::of("node", optional),
            ids: Ids::default(),
            seq: Vec::new(),
            value_micros: Vec::new(),
            event_time_ms: Vec::new(),
            quality: Vec::new(),
            lines: Vec::new(),
            refusals: Refusals::default(),
        }
    }

    /// Appends a range of rows, the first of which is `first_line` of the request or file, and reports those refused.
    pub(super) fn read(
        &mut self,
        batch: &Batch,
        dictionaries: &Dictionaries,
        rows: Range<usize>,
        first_line: u32,
        sink: &mut RowSink<'_>,
    ) {
        self.refusals.begin(rows.len());
        self.check(batch, dictionaries, rows.clone());
        self.find_places(batch, rows.clone(), sink.names);
        self.intern(batch, dictionaries, rows.clone(), sink.names);
        let feed = sink.names.index(NameKind::Feed, &sink.feed.name);
        if let Err(reason) = &feed {
            (0..rows.len()).for_each(|row| self.refusals.refuse(row, reason.clone()));
        }
        self.lines.clear();
        self.lines.extend((0..).take(rows.len()).map(|row: u32| first_line.saturating_add(row)));
        sink.report.understood += rows.len() as u64;
        sink.report.taken += self.refusals.kept() as u64;
        if !self.refusals.is_empty() {
            self.sift();
        }
        self.append(feed.unwrap_or(NO_NAME), sink);
        for (row, reason) in self.refusals.drain() {
            let line = first_line.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
            sink.report.refuse_row(line, sink.body, reason);
        }
    }

    /// Reads everything that needs no name, in the order in which the fields of a native event are judged.
    fn check(&mut self, batch: &Batch, dictionaries: &Dictionaries, rows: Range<usize>) {
        let refusals = &mut self.refusals;
        self.event_type.read(batch.values(Column::Type), dictionaries, rows.clone(), observation_only, refusals);
        self.metric.check(batch.values(Column::Metric), dictionaries, rows.clone(), refusals);
        self.value_micros.clear();
        self.event_time_ms.clear();
        self.seq.clear();
        if let Some(values) = batch.numbers(Column::Value) {
            push_values(values, rows.clone(), &mut self.value_micros, refusals);
        }
        if let Some(times) = batch.numbers(Column::Time) {
            push_times(times, rows.clone(), &mut self.event_time_ms, refusals);
        }
        self.quality_words.read(batch.values(Column::Quality), dictionaries, rows.clone(), quality_word, refusals);
        self.quality.clear();
        self.quality.extend(self.quality_words.found.iter().map(|word| quality_of(*word)));
        match batch.numbers(Column::Seq) {
            Some(seqs) => push_seqs(seqs, rows.clone(), &mut self.seq, refusals),
            None => self.seq.resize(rows.len(), None),
        }
        self.ids.read(batch.values(Column::Id), dictionaries, rows.clone(), refusals);
        self.sensor.check(batch.values(Column::Sensor), dictionaries, rows.clone(), refusals);
        self.node.check(batch.values(Column::Node), dictionaries, rows.clone(), refusals);
        self.space.check(batch.values(Column::Space), dictionaries, rows, refusals);
    }

    /// Finds the spaces of rows that name none by their positions.
    fn find_places(&mut self, batch: &Batch, rows: Range<usize>, names: &mut NameCache) {
        for (row, space) in self.space.found.iter_mut().enumerate().filter(|(_, space)| **space == NO_NAME) {
            if self.refusals.has(row) {
                continue;
            }
            match space_of(batch, rows.start + row, names) {
                Ok(found) => *space = found,
                Err(reason) => self.refusals.refuse(row, reason),
            }
        }
    }

    fn intern(&mut self, batch: &Batch, dictionaries: &Dictionaries, rows: Range<usize>, names: &mut NameCache) {
        let columns = [
            (NameKind::Space, Column::Space, &mut self.space),
            (NameKind::Metric, Column::Metric, &mut self.metric),
            (NameKind::Sensor, Column::Sensor, &mut self.sensor),
            (NameKind::Node, Column::Node, &mut self.node),
        ];
        for (kind, column, found) in columns {
            found.intern(kind, batch.values(column), dictionaries, rows.clone(), names, &mut self.refusals);
        }
    }

    fn sift(&mut self) {
        let refusals = &self.refusals;
        for names in [&mut self.space, &mut self.metric, &mut self.sensor, &mut self.node] {
            refusals.sift(&mut names.found);
        }
        refusals.sift(&mut self.seq);
        refusals.sift(&mut self.value_micros);
        refusals.sift(&mut self.event_time_ms);
        refusals.sift(&mut self.quality);
        refusals.sift(&mut self.lines);
        self.ids.sift(refusals);
    }

    fn append(&self, feed: NameIx, sink: &mut RowSink<'_>) {
        let rows = NewRows {
            feed,
            space: &self.space.found,
            metric: &self.metric.found,
            sensor: &self.sensor.found,
            node: &self.node.found,
            seq: &self.seq,
            value_micros: &self.value_micros,
            event_time_ms: &self.event_time_ms,
            quality: &self.quality,
            id_bytes: &self.ids.bytes,
            id_ends: &self.ids.ends,
        };
        sink.events.extend_observations(&rows, sink.source, &self.lines);
    }
}

fn observation_only(word: &str) -> Result<NameIx, Reason> {
    match word {
        "observation" => Ok(0),
        "incident" | "perception" => {
            let kind = "is not observation; Arrow holds observations only, send incidents and perceptions as NDJSON";
            Err(Reason::of("type", kind))
        }
        _ => Err(Reason::of("type", "is unknown; expected observation, or no type")),
    }
}

/// The place of a quality among all of them.
fn quality_word(word: &str) -> Result<NameIx, Reason> {
    let quality = Quality::from_word(word).map(|quality| quality as NameIx);
    quality.ok_or(Reason::of("quality", "is unknown; expected good, uncertain or bad"))
}

fn quality_of(word: NameIx) -> Quality {
    match word {
        0 => Quality::Good,
        1 => Quality::Uncertain,
        _ => Quality::Bad,
    }
}

/// The space of a row that names none.
fn space_of(batch: &Batch, row: usize, names: &mut NameCache) -> Result<NameIx, Reason> {
    let at = |column: Column, magnitude_max| match batch.numbers(column) {
        Some(angles) => degrees(angles, row, column.name(), magnitude_max),
        None => Ok(None),
    };
    let (Some(latitude), Some(longitude)) = (at(Column::Lat, 90.0)?, at(Column::Lon, 180.0)?) else {
        return Err(Reason::of("space", "is missing; expected space, or lat and lon"));
    };
    let registry = Arc::clone(names.registry());
    let space = registry.locate(latitude, longitude).map_err(Reason::from)?;
    names.index(NameKind::Space, &space)
}
