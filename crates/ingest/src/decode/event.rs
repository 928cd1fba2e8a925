//! One native event: from its fields to a row of the batch (DESIGN.md, "Native events").

use crate::decode::feed::FeedSpec;
use crate::decode::fields::{Field, Fields, INCIDENT, OBSERVATION, PERCEPTION};
use crate::decode::names::NameCache;
use crate::decode::reason::Reason;
use crate::decode::report::Report;
use crate::decode::values::missing;
use std::borrow::Cow;
use std::fmt::Display;
use vigie_model::batch::{Events, ObservationRow, Origin, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameIx, NameKind};
use vigie_model::severity::Severity;
use vigie_model::time::parse_rfc3339_ms;

/// Where the events of a line go, and what they need on the way.
pub(super) struct EventSink<'a> {
    pub(super) names: &'a mut NameCache,
    pub(super) feed: &'a FeedSpec,
    pub(super) origin: Origin,
    pub(super) events: &'a mut Events,
    pub(super) report: &'a mut Report,
}

impl EventSink<'_> {
    /// Checks all fields of an event and appends it, or says why not. Names are interned last, so that an event refused
    /// for another reason leaves none behind.
    pub(super) fn push(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let event_type = fields.text(Field::Type)?;
        match event_type.as_deref().unwrap_or("observation") {
            "observation" => self.push_observation(fields),
            "incident" => self.push_incident(fields),
            "perception" => self.push_perception(fields),
            _ => Err(Reason::of("type", "is unknown; expected observation, incident or perception")),
        }
    }

    fn push_observation(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        fields.drop_foreign(OBSERVATION, self.report);
        let metric = self.named(fields, Field::Metric, NameKind::Metric)?.ok_or_else(|| no_metric(fields))?;
        let value = fields.decimal(Field::Value)?.ok_or_else(|| missing(Field::Value))?;
        let event_time_ms = fields.instant_ms(Field::Time)?.ok_or_else(|| missing(Field::Time))?;
        let quality = quality_of(fields.text(Field::Quality)?.as_deref())?;
        let seq = fields.whole(Field::Seq)?;
        let id = fields.id(Field::Id)?;
        let sensor = self.named(fields, Field::Sensor, NameKind::Sensor)?;
        let node = self.named(fields, Field::Node, NameKind::Node)?;
        let place = self.place(fields)?;
        let row = ObservationRow {
            space: self.space(place)?,
            feed: self.feed()?,
            metric: self.index(NameKind::Metric, metric)?,
            sensor: self.optional(NameKind::Sensor, sensor)?,
            node: self.optional(NameKind::Node, node)?,
            seq,
            id: id.as_deref(),
            value,
            event_time_ms,
            sent_time_ms: None,
            log_time_ms: 0,
            quality,
            flags: 0,
        };
        self.events.push_observation(row, self.origin);
        Ok(())
    }

    fn push_incident(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        fields.drop_foreign(INCIDENT, self.report);
        let severity = fields.text(Field::Severity)?.map(|word| word.parse::<Severity>()).transpose();
        let text = if self.feed.text_allowed {
            fields.free_text(Field::Text)?
        } else {
            self.report.texts_dropped += u64::from(fields.get(Field::Text).is_some());
            None
        };
        let mut incident = Incident {
            feed: NO_NAME,
            id: fields.id(Field::Id)?.map(Cow::into_owned),
            space: NO_NAME,
            node: NO_NAME,
            sensor: NO_NAME,
            category: fields.word(Field::Category)?.ok_or_else(|| missing(Field::Category))?,
            severity: severity.map_err(not_a_severity)?.unwrap_or_default(),
            channel: fields.word(Field::Channel)?.unwrap_or_default(),
            source_reliability: fields.share(Field::SourceReliability)?,
            status: fields.word(Field::Status)?.unwrap_or_default(),
            version: fields.whole(Field::Version)?.unwrap_or(1),
            text,
            event_time_ms: fields.instant_ms(Field::Time)?.ok_or_else(|| missing(Field::Time))?,
            reported_time_ms: fields.instant_ms(Field::Reported)?,
            sent_time_ms: None,
            log_time_ms: 0,
            flags: 0,
        };
        let sensor = self.named(fields, Field::Sensor, NameKind::Sensor)?;
        let node = self.named(fields, Field::Node, NameKind::Node)?;
        let place = self.place(fields)?;
        incident.space = self.space(place)?;
        incident.feed = self.feed()?;
        incident.sensor = self.optional(NameKind::Sensor, sensor)?;
        incident.node = self.optional(NameKind::Node, node)?;
        self.events.push_incident(incident, self.origin);
        Ok(())
    }

    fn push_perception(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        fields.drop_foreign(PERCEPTION, self.report);
        let wave = fields.word(Field::Wave)?.unwrap_or_default();
        let event_time_ms = match fields.instant_ms(Field::Time)? {
            Some(event_time_ms) => event_time_ms,
            None => {
                start_of_wave(&wave).ok_or(Reason::of("time", "is missing, and wave does not begin with a year"))?
            }
        };
        let mut perception = Perception {
            feed: NO_NAME,
            id: fields.id(Field::Id)?.map(Cow::into_owned),
            space: NO_NAME,
            wave,
            question: fields.word(Field::Question)?.ok_or_else(|| missing(Field::Question))?,
            scale: fields.word(Field::Scale)?,
            period: fields.word(Field::Period)?.unwrap_or_default(),
            group: fields.group(Field::Group)?,
            n: fields.whole(Field::N)?.ok_or_else(|| missing(Field::N))?,
            unsafe_count: fields.decimal(Field::Unsafe)?.ok_or_else(|| missing(Field::Unsafe))?,
            share: fields.share(Field::Share)?,
            weight: fields.decimal(Field::Weight)?,
            event_time_ms,
            sent_time_ms: None,
            log_time_ms: 0,
            flags: 0,
        };
        if perception.n < 0 || perception.unsafe_count < Decimal::default() {
            return Err(Reason::new("n and unsafe count people; expected numbers not below 0"));
        }
        if i128::from(perception.unsafe_count.micros()) > i128::from(perception.n) * 1_000_000 {
            return Err(Reason::of("unsafe", "is more than n, the people asked"));
        }
        let place = self.place(fields)?;
        perception.space = self.space(place)?;
        perception.feed = self.feed()?;
        self.events.push_perception(perception, self.origin);
        Ok(())
    }

    fn feed(&mut self) -> Result<NameIx, Reason> {
        self.names.index(NameKind::Feed, &self.feed.name)
    }

    /// A name in a field, checked; `None` when absent. It is not interned yet.
    fn named<'f>(&mut self, fields: &Fields<'f>, field: Field, kind: NameKind) -> Result<Option<Named<'f>>, Reason> {
        let Some(name) = fields.text(field)? else { return Ok(None) };
        if let Some(index) = self.names.known(kind, &name) {
            return Ok(Some(Named::Known(index)));
        }
        fields.id(field).map(|id| id.map(Named::Other))
    }

    fn index(&mut self, kind: NameKind, name: Named<'_>) -> Result<NameIx, Reason> {
        match name {
            Named::Known(index) => Ok(index),
            Named::Other(name) => self.names.index(kind, &name),
        }
    }

    fn optional(&mut self, kind: NameKind, name: Option<Named<'_>>) -> Result<NameIx, Reason> {
        name.map_or(Ok(NO_NAME), |name| self.index(kind, name))
    }

    /// A space named wins over a position: it was resolved by someone who knew more.
    fn place<'f>(&mut self, fields: &Fields<'f>) -> Result<Place<'f>, Reason> {
        if let Some(space) = self.named(fields, Field::Space, NameKind::Space)? {
            return Ok(Place::Space(space));
        }
        match (fields.degrees(Field::Lat, 90.0)?, fields.degrees(Field::Lon, 180.0)?) {
            (Some(latitude), Some(longitude)) => Ok(Place::Position { latitude, longitude }),
            _ => Err(Reason::of("space", "is missing; expected space, or lat and lon")),
        }
    }

    fn space(&mut self, place: Place<'_>) -> Result<NameIx, Reason> {
        match place {
            Place::Space(space) => self.index(NameKind::Space, space),
            Place::Position { latitude, longitude } => {
                let registry = std::sync::Arc::clone(self.names.registry());
                let space = registry.locate(latitude, longitude).map_err(Reason::from)?;
                self.names.index(NameKind::Space, &space)
            }
        }
    }
}

/// A checked name.
enum Named<'a> {
    /// Met before.
    Known(NameIx),
    /// To be interned once nothing else is wrong with the event.
    Other(Cow<'a, str>),
}

/// Where an event says it belongs.
enum Place<'a> {
    Space(Named<'a>),
    Position { latitude: f64, longitude: f64 },
}

/// The quality of a word; good when there is none.
pub(super) fn quality_of(word: Option<&str>) -> Result<Quality, Reason> {
    let quality = word.map_or(Some(Quality::Good), Quality::from_word);
    quality.ok_or(Reason::of("quality", "is unknown; expected good, uncertain or bad"))
}

/// An event without a type is an observation; one with a category was meant as an incident.
fn no_metric(fields: &Fields<'_>) -> Reason {
    match fields.get(Field::Category) {
        Some(_) => Reason::of(Field::Metric.key(), "is missing; an incident says \"type\": \"incident\""),
        None => missing(Field::Metric),
    }
}

fn not_a_severity(error: impl Display) -> Reason {
    Reason::of("severity", "is unknown").in_words(format!("severity: {error}"))
}

/// A survey answer without a time belongs to the beginning, in UTC, of the year its wave begins with.
fn start_of_wave(wave: &str) -> Option<i64> {
    let year = wave.get(..4).filter(|year| year.bytes().all(|b| b.is_ascii_digit()))?;
    parse_rfc3339_ms(&format!("{year}-01-01T00:00:00Z")).ok()
}
