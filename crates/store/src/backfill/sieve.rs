//! The rows of an archive that history lacks.

use super::day::Day;
use super::identity::{Fields, ObservationFields, id_of_line};
use super::stored_day::{days, learn};
use crate::error::Error;
use crate::history::source::RowSource;
use crate::rows::columns::utc_day;
use crate::upkeep::retention::limits::FeedLimit;
use crate::upkeep::retention::rule::Rule;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::collections::BTreeSet;
use std::sync::Arc;
use vigie_model::batch::{EventRef, Events, Observations, Origin, PickedRow, Source, flags};
use vigie_model::decimal::Decimal;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameIx, NameKind, Names};

/// Lets through the rows that history lacks, and marks them as backfill.
pub struct Sieve {
    source: Option<Arc<dyn RowSource>>,
    session: SessionContext,
    centre: Arc<str>,
    log_time_ms: i64,
    /// What is too old to be stored.
    retention: Rule,
    /// Days of which there are rows: stored ones, and those that were let through.
    days: BTreeSet<i32>,
    /// Days of which rows were let through.
    days_taken: BTreeSet<i32>,
    day: Option<Day>,
    fields: Fields,
    picked: Vec<PickedRow>,
}

/// What a sieve let through.
#[derive(Debug, Default)]
pub struct Sifted {
    /// Observations to store.
    pub observations: Observations,
    /// Incidents to store; all have ids.
    pub incidents: Vec<Incident>,
    /// Perceptions to store; all have ids.
    pub perceptions: Vec<Perception>,
    /// Rows that history, or an earlier row of the archive, has already.
    pub duplicates: u64,
    /// Rows that are older than their feed's retention: they would go with the next run.
    pub expired: u64,
    /// Where rows stand whose event time has not come yet.
    pub future: Vec<Origin>,
    /// The oldest and the newest event time of the rows to store.
    pub covered_ms: Option<(i64, i64)>,
}

impl Sieve {
    /// A sieve for rows of `centre`, taken at `log_time_ms`, beside what `source` has; there may be no history yet.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn new(
        source: Option<Arc<dyn RowSource>>,
        centre: Arc<str>,
        log_time_ms: i64,
        limits: &[FeedLimit],
    ) -> Result<Self, Error> {
        let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
        let mut stored = BTreeSet::new();
        if let Some(source) = &source {
            source.attach(&session.state()).map_err(|error| Error::Query(error.into()))?;
            stored = days(source.as_ref(), &session, &centre).await?;
        }
        Ok(Self {
            source,
            session,
            centre,
            log_time_ms,
            retention: Rule::new(limits, Vec::new()),
            days: stored,
            days_taken: BTreeSet::new(),
            day: None,
            fields: Fields::new(),
            picked: Vec::new(),
        })
    }

    /// Sifts events, those of a day in their order. What comes out has to be stored before the next ones are sifted, unless
    /// those are of later days.
    ///
    /// # Errors
    /// When history cannot be read, or a day has more than [`IDENTITIES_PER_DAY_MAX`](super::day::IDENTITIES_PER_DAY_MAX) rows.
    pub async fn sift(&mut self, events: &Events, names: &Names) -> Result<Sifted, Error> {
        let mut sifted = Sifted::default();
        self.picked.clear();
        // Of one day after the other: identities of a day left are forgotten, and rows let through are not in history yet.
        let mut by_day: Vec<usize> = (0..events.len()).collect();
        by_day.sort_by_key(|index| utc_day(events.event_time_ms(*index)));
        for index in by_day {
            let (event, origin, event_time_ms) =
                (events.order[index], events.origin[index], events.event_time_ms(index));
            if event_time_ms > self.log_time_ms {
                sifted.future.push(origin);
                continue;
            }
            let feed = match event {
                EventRef::Observation(row) => events.observations.feed[row as usize],
                EventRef::Incident(row) => events.incidents[row as usize].feed,
                EventRef::Perception(row) => events.perceptions[row as usize].feed,
            };
            if self.retention.is_expired(names.name(NameKind::Feed, feed), event_time_ms) {
                sifted.expired += 1;
                continue;
            }
            self.turn_to(utc_day(event_time_ms)).await?;
            let is_new = match event {
                EventRef::Observation(row) => self.take_observation(&events.observations, row, names)?,
                EventRef::Incident(row) => {
                    self.take_incident(&events.incidents[row as usize], origin, names, &mut sifted)?
                }
                EventRef::Perception(row) => {
                    self.take_perception(&events.perceptions[row as usize], origin, names, &mut sifted)?
                }
            };
            if !is_new {
                sifted.duplicates += 1;
                continue;
            }
            self.days_taken.insert(utc_day(event_time_ms));
            let (oldest, newest) = sifted.covered_ms.unwrap_or((event_time_ms, event_time_ms));
            sifted.covered_ms = Some((oldest.min(event_time_ms), newest.max(event_time_ms)));
        }
        sifted.observations.append_picked(&events.observations, &self.picked);
        Ok(sifted)
    }

    /// Makes `day` the one with this number.
    async fn turn_to(&mut self, number: i32) -> Result<(), Error> {
        if self.day.as_ref().is_some_and(|day| day.number() == number) {
            return Ok(());
        }
        // The day before is let go first.
        self.day = None;
        let mut day = Day::new(number);
        if !self.days.insert(number)
            && let Some(source) = &self.source
        {
            learn(source.as_ref(), &self.session, &self.centre, &mut self.fields, &mut day).await?;
        }
        self.day = Some(day);
        Ok(())
    }

    /// Whether a row of the day turned to is new.
    fn is_new(&mut self, identity: u128) -> Result<bool, Error> {
        self.day.as_mut().expect("a row's day is turned to before it is compared").insert(identity)
    }

    /// Of how many UTC days rows were let through.
    #[must_use]
    pub fn days_taken(&self) -> usize {
        self.days_taken.len()
    }

    fn take_observation(&mut self, rows: &Observations, row: u32, names: &Names) -> Result<bool, Error> {
        let at = row as usize;
        let name = |kind, index: NameIx| (index != NO_NAME).then(|| &**names.name(kind, index));
        let identity = self.fields.of_observation(&ObservationFields {
            feed: names.name(NameKind::Feed, rows.feed[at]),
            space: names.name(NameKind::Space, rows.space[at]),
            sensor: name(NameKind::Sensor, rows.sensor[at]),
            node: name(NameKind::Node, rows.node[at]),
            seq: rows.seq[at],
            id: rows.id(at),
            metric: names.name(NameKind::Metric, rows.metric[at]),
            time_ms: rows.event_time_ms[at],
            value: Decimal::from_micros(rows.value_micros[at]).to_f64(),
            quality: rows.quality[at].as_str(),
        });
        let is_new = self.is_new(identity)?;
        if is_new {
            let log_time_ms = self.log_time_ms;
            self.picked.push(PickedRow { row, flags: flags::BACKFILL, is_moved: false, log_time_ms });
        }
        Ok(is_new)
    }

    fn take_incident(
        &mut self,
        row: &Incident,
        origin: Origin,
        names: &Names,
        sifted: &mut Sifted,
    ) -> Result<bool, Error> {
        let id = row.id.clone().unwrap_or_else(|| own_id(origin));
        let (feed, space) = (names.name(NameKind::Feed, row.feed), names.name(NameKind::Space, row.space));
        let identity = self.fields.of_incident(feed, space, &id, row.version, &row.status);
        let is_new = self.is_new(identity)?;
        if is_new {
            let log_time_ms = self.log_time_ms;
            sifted.incidents.push(Incident { id: Some(id), flags: flags::BACKFILL, log_time_ms, ..row.clone() });
        }
        Ok(is_new)
    }

    fn take_perception(
        &mut self,
        row: &Perception,
        origin: Origin,
        names: &Names,
        sifted: &mut Sifted,
    ) -> Result<bool, Error> {
        let id = row.id.clone().unwrap_or_else(|| own_id(origin));
        let (feed, space) = (names.name(NameKind::Feed, row.feed), names.name(NameKind::Space, row.space));
        let identity = self.fields.of_perception(feed, space, &id);
        let is_new = self.is_new(identity)?;
        if is_new {
            let log_time_ms = self.log_time_ms;
            sifted.perceptions.push(Perception { id: Some(id), flags: flags::BACKFILL, log_time_ms, ..row.clone() });
        }
        Ok(is_new)
    }
}

impl Sifted {
    /// Rows to store.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.observations.len() + self.incidents.len() + self.perceptions.len()
    }
}

fn own_id(origin: Origin) -> String {
    let file = match origin.source {
        Source::File(hash) => hash,
        Source::Peer => 0,
    };
    id_of_line(file, origin.line)
}
