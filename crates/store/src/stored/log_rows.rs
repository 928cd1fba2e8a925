//! Observations and incidents in the order in which the log had them.

use super::columns::Columns;
use super::session::{SORT_BYTES_MAX, session, sorted};
use crate::error::Error;
use crate::history::reader::HistoryReader;
use crate::schema::table::{OFFSET, PARTITION, Table};
use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{col, lit};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use vigie_model::batch::{ObservationRow, Quality, flags};
use vigie_model::decimal::Decimal;
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_model::position::{BACKFILL_PARTITION, PartitionIx, Position};
use vigie_model::severity::Severity;

const OBSERVATIONS: [&str; 12] = [
    "log_time",
    PARTITION,
    OFFSET,
    "event_time",
    "space",
    "sensor",
    "node",
    "metric",
    "value",
    "quality",
    "flags",
    "feed",
];
const INCIDENTS: [&str; 13] = [
    "log_time",
    PARTITION,
    OFFSET,
    "event_time",
    "space",
    "id",
    "category",
    "severity",
    "channel",
    "status",
    "version",
    "flags",
    "feed",
];
/// The order of the log.
const ORDER: [&str; 3] = ["log_time", PARTITION, OFFSET];

/// A row of the log, as history has it.
#[derive(Clone, Debug)]
pub struct StoredRow {
    /// Where it stands in the log.
    pub position: Position,
    /// When the log took it.
    pub log_time_ms: i64,
    /// What it says.
    pub event: StoredEvent,
}

/// What a stored row says; names are indices of [`LogRows::take_names`].
#[derive(Clone, Debug)]
pub enum StoredEvent {
    /// An observation, without id and sequence number.
    Observation(ObservationRow<'static>),
    /// An incident, without the sensor and node that reported it: history has no such columns.
    Incident(Box<Incident>),
}

/// Stored rows in the order (log time, partition, offset), without those of archives, which were in no log.
pub struct LogRows {
    observations: Source,
    incidents: Source,
    names: OwnNames,
}

/// The sorted rows of one table.
struct Source {
    stream: SendableRecordBatchStream,
    decode: Decode,
    ready: VecDeque<StoredRow>,
    /// How many rows were given.
    rows: u64,
}

impl LogRows {
    /// The rows of a centre that the log took from `from_ms` on, or all.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn open(reader: &HistoryReader, centre: &str, from_ms: Option<i64>) -> Result<Self, Error> {
        Self::open_within(reader, centre, from_ms, SORT_BYTES_MAX).await
    }

    /// [`Self::open`], with so much memory to sort in.
    pub(crate) async fn open_within(
        reader: &HistoryReader,
        centre: &str,
        from_ms: Option<i64>,
        sort_bytes: usize,
    ) -> Result<Self, Error> {
        let session = session(reader, sort_bytes)?;
        let since = || {
            let of_log = col(PARTITION).lt(lit(i32::from(BACKFILL_PARTITION)));
            let Some(from_ms) = from_ms else { return Some(of_log) };
            let from = ScalarValue::TimestampMicrosecond(Some(from_ms.saturating_mul(1000)), Some("UTC".into()));
            Some(of_log.and(col("log_time").gt_eq(lit(from))))
        };
        let observations =
            sorted(&session, reader, (Table::Observations, centre), &OBSERVATIONS, &ORDER, since()).await?;
        let incidents = sorted(&session, reader, (Table::Incidents, centre), &INCIDENTS, &ORDER, since()).await?;
        Ok(Self {
            observations: Source::of(observations, decode_observations),
            incidents: Source::of(incidents, decode_incidents),
            names: OwnNames::default(),
        })
    }

    /// The next row.
    ///
    /// # Errors
    /// When history cannot be read, or a row of it is none that Vigie wrote.
    pub async fn next(&mut self) -> Result<Option<StoredRow>, Error> {
        let observation = self.observations.place(&mut self.names).await?;
        let incident = self.incidents.place(&mut self.names).await?;
        let source = match (observation, incident) {
            (Some(observation), Some(incident)) if incident < observation => &mut self.incidents,
            (None, _) => &mut self.incidents,
            _ => &mut self.observations,
        };
        source.rows += u64::from(!source.ready.is_empty());
        Ok(source.ready.pop_front())
    }

    /// Names that rows given from now on may use, since the last call.
    pub fn take_names(&mut self) -> Vec<NameEntry> {
        std::mem::take(&mut self.names.new)
    }

    /// Observations and incidents given so far.
    #[must_use]
    pub fn rows(&self) -> (u64, u64) {
        (self.observations.rows, self.incidents.rows)
    }
}

impl Source {
    fn of(stream: SendableRecordBatchStream, decode: Decode) -> Self {
        Self { stream, decode, ready: VecDeque::new(), rows: 0 }
    }

    /// Where the next row stands in the order of the log.
    async fn place(&mut self, names: &mut OwnNames) -> Result<Option<(i64, Position)>, Error> {
        while self.ready.is_empty() {
            let Some(batch) = self.stream.next().await else { return Ok(None) };
            (self.decode)(&batch?, names, &mut self.ready)?;
        }
        Ok(self.ready.front().map(|row| (row.log_time_ms, row.position)))
    }
}

/// Makes rows of a batch.
type Decode = fn(&RecordBatch, &mut OwnNames, &mut VecDeque<StoredRow>) -> Result<(), Error>;

fn decode_observations(batch: &RecordBatch, names: &mut OwnNames, rows: &mut VecDeque<StoredRow>) -> Result<(), Error> {
    let columns = Columns(batch);
    let (log_times, positions) = (columns.instants_ms("log_time")?, positions(&columns)?);
    let event_times = columns.instants_ms("event_time")?;
    let [spaces, sensors, nodes] = [columns.texts("space")?, columns.texts("sensor")?, columns.texts("node")?];
    let [metrics, feeds] = [columns.texts("metric")?, columns.texts("feed")?];
    let [qualities, words] = [columns.texts("quality")?, columns.texts("flags")?];
    let values = columns.doubles("value")?;
    for (row, position) in positions.into_iter().enumerate() {
        let value = Decimal::from_f64(values[row]).ok_or_else(|| foreign(position, "value"))?;
        let quality = Quality::from_word(qualities.text(row)).ok_or_else(|| foreign(position, "quality"))?;
        let observation = ObservationRow {
            feed: names.index(NameKind::Feed, feeds.text(row)),
            space: names.index(NameKind::Space, spaces.text(row)),
            metric: names.index(NameKind::Metric, metrics.text(row)),
            sensor: names.index_or_none(NameKind::Sensor, sensors.get(row)),
            node: names.index_or_none(NameKind::Node, nodes.get(row)),
            seq: None,
            id: None,
            value,
            event_time_ms: event_times[row],
            sent_time_ms: None,
            log_time_ms: log_times[row],
            quality,
            flags: flags_of(words.text(row)),
        };
        rows.push_back(StoredRow {
            position,
            log_time_ms: log_times[row],
            event: StoredEvent::Observation(observation),
        });
    }
    Ok(())
}

fn decode_incidents(batch: &RecordBatch, names: &mut OwnNames, rows: &mut VecDeque<StoredRow>) -> Result<(), Error> {
    let columns = Columns(batch);
    let (log_times, positions) = (columns.instants_ms("log_time")?, positions(&columns)?);
    let (event_times, versions) = (columns.instants_ms("event_time")?, columns.integers("version")?);
    let [spaces, feeds, ids] = [columns.texts("space")?, columns.texts("feed")?, columns.texts("id")?];
    let [categories, severities] = [columns.texts("category")?, columns.texts("severity")?];
    let [channels, states, words] = [columns.texts("channel")?, columns.texts("status")?, columns.texts("flags")?];
    for (row, position) in positions.into_iter().enumerate() {
        let severity = severities.text(row).parse::<Severity>().map_err(|_| foreign(position, "severity"))?;
        let incident = Incident {
            feed: names.index(NameKind::Feed, feeds.text(row)),
            id: ids.get(row).map(str::to_owned),
            space: names.index(NameKind::Space, spaces.text(row)),
            node: NO_NAME,
            sensor: NO_NAME,
            category: categories.text(row).to_owned(),
            severity,
            channel: channels.text(row).to_owned(),
            source_reliability: None,
            status: states.text(row).to_owned(),
            version: versions[row],
            text: None,
            event_time_ms: event_times[row],
            reported_time_ms: None,
            sent_time_ms: None,
            log_time_ms: log_times[row],
            flags: flags_of(words.text(row)),
        };
        let event = StoredEvent::Incident(Box::new(incident));
        rows.push_back(StoredRow { position, log_time_ms: log_times[row], event });
    }
    Ok(())
}

fn positions(columns: &Columns<'_>) -> Result<Vec<Position>, Error> {
    let places = columns.smalls(PARTITION)?.into_iter().zip(columns.integers(OFFSET)?);
    let position = |(partition, offset)| {
        let partition = PartitionIx::try_from(partition).ok();
        let offset = u64::try_from(offset).ok();
        partition.zip(offset).map(|(partition, offset)| Position { partition, offset })
    };
    places
        .map(|place| position(place).ok_or_else(|| Error::Row { reason: format!("{place:?} is no place in a log") }))
        .collect()
}

fn foreign(position: Position, column: &str) -> Error {
    let Position { partition, offset } = position;
    Error::Row { reason: format!("column {column} of the row at partition {partition}, offset {offset}") }
}

fn flags_of(words: &str) -> u8 {
    let bit = |word| match word {
        "late" => flags::LATE,
        "backfill" => flags::BACKFILL,
        "time_adjusted" => flags::TIME_ADJUSTED,
        "revision" => flags::REVISION,
        _ => 0,
    };
    words.split(',').fold(0, |bits, word| bits | bit(word))
}

/// Names by index, as a log would give them out.
#[derive(Debug, Default)]
struct OwnNames {
    known: [HashMap<Arc<str>, NameIx>; NameKind::ALL.len()],
    new: Vec<NameEntry>,
}

impl OwnNames {
    fn index(&mut self, kind: NameKind, name: &str) -> NameIx {
        let known = &mut self.known[kind as usize];
        if let Some(index) = known.get(name) {
            return *index;
        }
        let index = NameIx::try_from(known.len()).expect("a log gave out the same names by such indices");
        let name: Arc<str> = name.into();
        known.insert(Arc::clone(&name), index);
        self.new.push(NameEntry { kind, index, name });
        index
    }

    fn index_or_none(&mut self, kind: NameKind, name: Option<&str>) -> NameIx {
        name.map_or(NO_NAME, |name| self.index(kind, name))
    }
}
