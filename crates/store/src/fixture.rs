//! Records for tests: two squares, two sensors, one metric, hourly counts from 12 March 2017 10:00 UTC on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, RuleIdentity, Transition};
use vigie_model::batch::{ObservationRow, Observations, Quality, flags};
use vigie_model::command::{Action, AlertDeed, Command, Disposition, Outcome};
use vigie_model::control::Control;
use vigie_model::decimal::Decimal;
use vigie_model::event::{Incident, Perception};
use vigie_model::metric::MetricSpec;
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::position::Position;
use vigie_model::principal::{Principal, SpaceScope};
use vigie_model::record::{Batch, Payload, Record};
use vigie_model::severity::Severity;
use vigie_model::space::Space;
use vigie_model::stream::{AlertItem, AlertRecord, AppliedCommand};

pub(crate) const CENTRE: &str = "melbourne";
pub(crate) const START_MS: i64 = 1_489_312_800_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;

pub(crate) fn record(payload: Payload) -> Record {
    Record { sequence: 0, log_time_ms: START_MS, payload }
}

pub(crate) fn dictionary() -> Record {
    let named = |kind, names: &[&str]| {
        let entry = |(index, name): (usize, &&str)| NameEntry { kind, index: index as u32, name: (*name).into() };
        names.iter().enumerate().map(entry).collect::<Vec<_>>()
    };
    let entries = [
        named(NameKind::Space, &["town-hall", "city-square"]),
        named(NameKind::Sensor, &["s1", "s2"]),
        named(NameKind::Node, &["n1"]),
        named(NameKind::Metric, &["people_count"]),
        named(NameKind::Feed, &["pedestrian"]),
    ];
    record(Payload::Dictionary(entries.concat()))
}

pub(crate) fn control() -> Record {
    let unit = MetricSpec { unit: "1".to_owned(), ..MetricSpec::default() };
    let town_hall = Space {
        id: "town-hall".into(),
        name: "Town Hall".into(),
        kind: "square".to_owned(),
        district: "centre".to_owned(),
        capacity: Some(4_000),
        geometry: r#"{"type":"Point","coordinates":[144.96,-37.81]}"#.into(),
        params: BTreeMap::from([("Crowded".to_owned(), BTreeMap::from([("max".to_owned(), "3.5".parse().unwrap())]))]),
        ..Space::default()
    };
    record(Payload::Control(Arc::new(Control {
        centre: CENTRE.into(),
        time_zone: "Australia/Melbourne".into(),
        tick_ms: 1_000,
        rules: Vec::new(),
        spaces: Arc::new(vec![town_hall, Space::registered("city-square")]),
        metrics: Arc::new(BTreeMap::from([("people_count".into(), unit)])),
        ..Control::default()
    })))
}

/// `count` hourly values of partition `partition` with offsets from `first`; the offset is also the value, even
/// offsets are of the town hall.
pub(crate) fn observations(partition: u16, first: u64, count: u64) -> Record {
    let mut rows = Observations::default();
    for offset in first..first + count {
        let odd = (offset % 2) as u32;
        rows.push(ObservationRow {
            feed: 0,
            space: odd,
            metric: 0,
            sensor: odd,
            node: if odd == 0 { 0 } else { NO_NAME },
            seq: Some(offset as i64),
            id: None,
            value: Decimal::from_micros(offset as i64 * 1_000_000),
            event_time_ms: START_MS + offset as i64 * HOUR_MS,
            sent_time_ms: (odd == 1).then_some(START_MS),
            log_time_ms: START_MS + offset as i64 * HOUR_MS + 5,
            quality: Quality::Good,
            flags: if odd == 1 { flags::LATE | flags::TIME_ADJUSTED } else { 0 },
        });
    }
    record(Payload::Observations(Batch { partition, first_offset: first, rows }))
}

/// `count` values of partition 0 on one day, with offsets from `first`, a second apart; spaces by turns.
pub(crate) fn observations_of_one_day(first: u64, count: u64) -> Record {
    let Payload::Observations(mut batch) = observations(0, first, count).payload else { unreachable!() };
    let offsets = (first..).map(|offset| i64::try_from(offset).unwrap());
    for (event_time_ms, offset) in batch.rows.event_time_ms.iter_mut().zip(offsets) {
        *event_time_ms = START_MS + offset * 1_000;
    }
    record(Payload::Observations(batch))
}

pub(crate) fn incidents(first_offset: u64) -> Record {
    let incident = Incident {
        feed: 0,
        id: None,
        space: 0,
        node: NO_NAME,
        sensor: NO_NAME,
        category: "theft".to_owned(),
        severity: Severity::High,
        channel: "dispatch".to_owned(),
        source_reliability: Some("0.5".parse().unwrap()),
        status: String::new(),
        version: 1,
        text: None,
        event_time_ms: START_MS,
        reported_time_ms: None,
        sent_time_ms: None,
        log_time_ms: START_MS,
        flags: 0,
    };
    record(Payload::Incidents(Batch { partition: 1, first_offset, rows: vec![incident] }))
}

/// A version of an incident with an id, in a space of another partition or the same.
pub(crate) fn incident_version(offset: u64, id: &str, version: i64, status: &str, space: u32) -> Record {
    let Payload::Incidents(Batch { mut rows, .. }) = incidents(offset).payload else {
        unreachable!("incidents are incidents")
    };
    let row = &mut rows[0];
    (row.id, row.version, row.status, row.space) = (Some(id.to_owned()), version, status.to_owned(), space);
    row.flags = if version > 1 { flags::REVISION } else { 0 };
    let partition = if space == 0 { 1 } else { 2 };
    record(Payload::Incidents(Batch { partition, first_offset: offset, rows }))
}

pub(crate) fn perceptions(first_offset: u64) -> Record {
    let perception = Perception {
        feed: 0,
        id: Some("p-1".to_owned()),
        space: 1,
        wave: "2018".to_owned(),
        question: "safe-alone".to_owned(),
        scale: None,
        period: "night".to_owned(),
        group: BTreeMap::from([("sex".to_owned(), "f".to_owned())]),
        n: 117,
        unsafe_count: "23".parse().unwrap(),
        share: None,
        weight: None,
        event_time_ms: START_MS,
        sent_time_ms: None,
        log_time_ms: START_MS,
        flags: 0,
    };
    record(Payload::Perceptions(Batch { partition: 2, first_offset, rows: vec![perception] }))
}

pub(crate) fn alert(position: u64, state: AlertState, event_time_ms: i64) -> AlertRecord {
    let identity = RuleIdentity {
        name: "Crowded".into(),
        uid: "u".into(),
        version: "v".into(),
        severity: Severity::High,
        ..RuleIdentity::default()
    };
    let transition = Transition {
        alert_id: AlertId::from_text("a-1"),
        rule: Arc::new(identity),
        key: "town-hall/s1".into(),
        space: "town-hall".into(),
        state,
        severity: Severity::High,
        event_time_ms,
        log_time_ms: event_time_ms,
        reason: None,
        evidence: (state == AlertState::Active).then(|| r#"{"value":7}"#.into()),
        summary: "Town Hall: 7 people".into(),
        feed: "pedestrian".into(),
        position: Position { partition: 0, offset: 0 },
        ordinal: 0,
    };
    AlertRecord { position, log_time_ms: event_time_ms, item: AlertItem::Transition(Arc::new(transition)) }
}

pub(crate) fn closed(position: u64) -> AppliedCommand {
    let deed = AlertDeed::Close { disposition: Disposition::Nuisance, cause: Some("market day".to_owned()) };
    let command = Command {
        action_id: "c-1".into(),
        operator: "ines".into(),
        note: None,
        log_time_ms: START_MS + HOUR_MS,
        action: Action::Alert { alert_id: AlertId::from_text("a-1"), deed },
    };
    AppliedCommand { position, command: Arc::new(command), space: "town-hall".into(), outcome: Outcome::Done }
}

/// A partner of the centre who may see one space only.
pub(crate) fn partner(space: &str) -> Principal {
    let mut partner = Principal::local(CENTRE);
    partner.scope.spaces = SpaceScope::Only(BTreeSet::from([space.into()]));
    partner
}
