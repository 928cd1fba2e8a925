//! A small sequencer for tests: events as text in, transitions out, by the paragraph "Replay" of the rule semantics.

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its part")]

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::control::{Control, SourceFile};
use vigie_model::decimal::Decimal;
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind, Names};
use vigie_model::position::{PartitionIx, partition_of};
use vigie_model::record::{Batch, Payload, Record};
use vigie_model::seeds::{RuleStart, Seeds};
use vigie_model::severity::Severity;
use vigie_rules::core::RuleCore;
use vigie_rules::engine::Engine;
use vigie_rules::load::load;
use vigie_rules::merger::Merger;
use vigie_rules::spec::RuleSet;

/// After the last input, timers due within this time still fire.
pub const END_MS: i64 = 86_400_000;

/// One event of any type.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub space: String,
    pub time_ms: i64,
    pub sensor: Option<String>,
    pub node: Option<String>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Observation {
        metric: String,
        value: Decimal,
        quality: Quality,
    },
    Incident {
        category: String,
        severity: Severity,
        channel: String,
    },
    /// The sequencer goes on after a pause.
    IntakeUp,
    /// The rules change.
    Control(Arc<Control>),
}

/// How a log is cut into partitions, batches and ticks.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub partitions: PartitionIx,
    pub batch_rows: usize,
    pub tick_ms: i64,
}

pub fn control(rules: &str) -> Control {
    Control {
        centre: "test".into(),
        time_zone: "Australia/Melbourne".into(),
        tick_ms: 1000,
        rules: vec![SourceFile { path: "rules.yaml".into(), text: rules.into() }],
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    }
}

/// An observation; its id is unique by content.
pub fn observation(space: &str, sensor: Option<&str>, metric: &str, value: &str, time_ms: i64) -> Event {
    Event {
        id: format!("{sensor:?} {metric} {value} {time_ms}"),
        space: space.to_owned(),
        time_ms,
        sensor: sensor.map(str::to_owned),
        node: None,
        what: What::Observation { metric: metric.to_owned(), value: value.parse().unwrap(), quality: Quality::Good },
    }
}

/// An incident.
pub fn incident(space: &str, category: &str, time_ms: i64) -> Event {
    Event {
        id: format!("{category} {time_ms}"),
        space: space.to_owned(),
        time_ms,
        sensor: None,
        node: None,
        what: What::Incident {
            category: category.to_owned(),
            severity: Severity::High,
            channel: "dispatch".to_owned(),
        },
    }
}

pub fn rules(text: &str) -> Arc<RuleSet> {
    load(&control(text)).unwrap_or_else(|problems| panic!("{problems:#?}")).rules
}

/// Other rules from an instant on.
pub fn change(control: &Control, time_ms: i64) -> Event {
    let what = What::Control(Arc::new(control.clone()));
    Event { id: format!("control {time_ms}"), space: String::new(), time_ms, sensor: None, node: None, what }
}

/// Events in the order they are judged: by time unless `keep`, without repeated ids.
pub fn ordered(mut events: Vec<Event>, keep: bool) -> Vec<Event> {
    if !keep {
        events.sort_by_key(|event| event.time_ms);
    }
    let mut seen = BTreeSet::new();
    events.retain(|event| {
        let observation = matches!(event.what, What::Observation { .. });
        seen.insert((observation, event.space.clone(), event.node.clone(), event.id.clone()))
    });
    events
}

/// Runs events that are already in order through the rules of all partitions.
pub fn transitions(rules: &Arc<RuleSet>, events: &[Event], cut: Cut) -> Vec<Transition> {
    seeded_transitions(rules, Vec::new(), events, cut)
}

/// As [`transitions`], of rules that start with what history taught, wherever it ended.
pub fn seeded_transitions(rules: &Arc<RuleSet>, seeds: Vec<Seeds>, events: &[Event], cut: Cut) -> Vec<Transition> {
    judged_log(rules, seeds, events, cut).transitions
}

/// A log made of events, the rules at its end, and what they told.
pub struct JudgedLog {
    pub records: Vec<Arc<Record>>,
    pub core: RuleCore,
    pub transitions: Vec<Transition>,
}

/// As [`seeded_transitions`], with the log.
pub fn judged_log(rules: &Arc<RuleSet>, seeds: Vec<Seeds>, events: &[Event], cut: Cut) -> JudgedLog {
    let mut sequencer = Sequencer::new(rules, cut);
    sequencer.seeds(seeds);
    events.iter().for_each(|event| sequencer.event(event));
    sequencer.end(events);
    JudgedLog { records: sequencer.log, core: sequencer.core, transitions: sequencer.out }
}

/// The same from copies of the state, taken before each of these events; each goes on once the original is done.
pub fn transitions_from_copies(
    rules: &Arc<RuleSet>,
    events: &[Event],
    cut: Cut,
    copied_at: &[usize],
) -> Vec<(usize, Vec<Transition>)> {
    let mut sequencer = Sequencer::new(rules, cut);
    let mut copies = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if copied_at.contains(&index) {
            copies.push((index, sequencer.clone()));
        }
        sequencer.event(event);
    }
    let goes_on = |(index, mut copy): (usize, Sequencer)| {
        events[index..].iter().for_each(|event| copy.event(event));
        (index, copy.finish(events))
    };
    sequencer.finish(events);
    copies.into_iter().map(goes_on).collect()
}

/// As [`seeded_transitions`], going on from a snapshot before every record of such a sequence. Counters are compared each time, and
/// answers now and then.
pub fn transitions_over_snapshots(
    rules: &Arc<RuleSet>,
    seeds: Vec<Seeds>,
    events: &[Event],
    cut: Cut,
    is_cut: fn(u64) -> bool,
) -> Vec<Transition> {
    let mut sequencer = Sequencer::new(rules, cut);
    sequencer.is_cut = is_cut;
    sequencer.seeds(seeds);
    events.iter().for_each(|event| sequencer.event(event));
    sequencer.finish(events)
}

/// Rules and names after these events, without what happens later.
pub fn core_after(rules: &Arc<RuleSet>, seeds: Vec<Seeds>, events: &[Event], cut: Cut) -> (RuleCore, Arc<Names>) {
    let mut sequencer = Sequencer::new(rules, cut);
    sequencer.seeds(seeds);
    events.iter().for_each(|event| sequencer.event(event));
    sequencer.flush_all();
    (sequencer.core, sequencer.known)
}

/// The bytes of all partitions, and those of what stands over them.
pub fn snapshots(core: &RuleCore, partitions: PartitionIx) -> (Vec<Vec<u8>>, Vec<u8>) {
    let engine = |partition| {
        let mut bytes = Vec::new();
        core.engine(partition).unwrap().snapshot(&mut |piece| {
            bytes.extend(&piece);
            piece
        });
        bytes
    };
    let mut city = Vec::new();
    core.merger().snapshot(&mut |piece| {
        city.extend(piece);
        Vec::new()
    });
    ((0..partitions).map(engine).collect(), city)
}

/// Rules that go on from a snapshot of others.
pub fn restored(core: &RuleCore, names: &Arc<Names>, partitions: PartitionIx) -> RuleCore {
    let (rules, (engines, city)) = (core.rules().unwrap(), snapshots(core, partitions));
    let engines = engines.iter().map(|bytes| Engine::restore(rules, names, bytes).unwrap()).collect();
    RuleCore::restore(engines, Merger::restore(rules, partitions, &city).unwrap()).unwrap()
}

/// What both say of every rule on every key that names make.
pub fn assert_same_answers(one: &RuleCore, other: &RuleCore, names: &Names) {
    assert_eq!(one.unseeded(), other.unseeded());
    let parts: Vec<_> = names.all(NameKind::Sensor).iter().chain(names.all(NameKind::Node)).collect();
    for space in names.all(NameKind::Space) {
        let of_space = parts.iter().map(|part| format!("{space}/{part}"));
        for key in of_space.chain([space.to_string(), "east".to_owned(), "west".to_owned()]) {
            for rule in one.rules().unwrap().identities() {
                let answer = |core: &RuleCore| serde_json::to_string(&core.why_not(&rule.name, &key)).unwrap();
                assert_eq!(answer(one), answer(other));
            }
        }
    }
}

/// The lines of the digest, sorted.
pub fn lines(transitions: &[Transition]) -> String {
    let digested = transitions.iter().filter(|transition| transition.state.is_in_digest());
    let mut lines: Vec<String> =
        digested.map(|t| format!("{}\t{}\t{}\t{}\n", t.rule.name, t.key, t.state.as_str(), t.event_time_ms)).collect();
    lines.sort();
    lines.concat()
}

/// Everything about the transitions that does not depend on how the log is cut into partitions, sorted.
pub fn stories(transitions: &[Transition]) -> Vec<String> {
    let mut stories: Vec<String> = transitions
        .iter()
        .map(|t| {
            let (id, state, feed) = (t.alert_id.as_str(), t.state.as_str(), &t.feed);
            format!("{} {} {state} {} {} {id} {feed} {}", t.rule.name, t.key, t.event_time_ms, t.log_time_ms, t.summary)
        })
        .collect();
    stories.sort();
    stories
}

pub fn digest(lines: &str) -> String {
    Sha256::digest(lines.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Clone)]
struct Sequencer {
    cut: Cut,
    core: RuleCore,
    log: Vec<Arc<Record>>,
    names: BTreeMap<(u8, String), NameIx>,
    new_names: Vec<NameEntry>,
    offsets: Vec<u64>,
    observations: Vec<Observations>,
    incidents: Vec<Vec<Incident>>,
    log_time_ms: i64,
    last_tick_ms: i64,
    out: Vec<Transition>,
    /// All names that records gave.
    known: Arc<Names>,
    /// Whether it goes on from a snapshot before a record.
    is_cut: fn(u64) -> bool,
}

impl Sequencer {
    fn new(rules: &Arc<RuleSet>, cut: Cut) -> Self {
        let count = usize::from(cut.partitions);
        Self {
            cut,
            core: RuleCore::with_rules(rules, cut.partitions),
            log: Vec::new(),
            names: BTreeMap::new(),
            new_names: Vec::new(),
            offsets: vec![0; count],
            observations: vec![Observations::default(); count],
            incidents: vec![Vec::new(); count],
            log_time_ms: i64::MIN,
            last_tick_ms: i64::MIN,
            out: Vec::new(),
            known: Arc::default(),
            is_cut: |_| false,
        }
    }

    fn event(&mut self, event: &Event) {
        if self.log_time_ms == i64::MIN {
            self.log_time_ms = event.time_ms;
            self.last_tick_ms = event.time_ms.div_euclid(self.cut.tick_ms) * self.cut.tick_ms;
            self.record(Payload::IntakeUp);
        }
        self.log_time_ms = self.log_time_ms.max(event.time_ms);
        let by_itself = match &event.what {
            What::IntakeUp => Some(Payload::IntakeUp),
            What::Control(control) => Some(Payload::Control(Arc::clone(control))),
            What::Observation { .. } | What::Incident { .. } => None,
        };
        if let Some(payload) = by_itself {
            self.flush_all();
            self.record(payload);
            return;
        }
        // Of the ticks up to this input the last one does, as it fires every timer due before it.
        let tick_ms = event.time_ms.div_euclid(self.cut.tick_ms) * self.cut.tick_ms;
        if tick_ms > self.last_tick_ms {
            self.flush_all();
            self.last_tick_ms = tick_ms;
            self.record(Payload::Tick { tick_ms });
        }
        let partition = usize::from(partition_of(&event.space, self.cut.partitions));
        match &event.what {
            What::Observation { .. } => {
                self.flush_incidents(partition);
                let row = self.row(event);
                self.observations[partition].push(row);
            }
            What::Incident { .. } => {
                self.flush_observations(partition);
                let incident = self.incident(event);
                self.incidents[partition].push(incident);
            }
            What::IntakeUp | What::Control(_) => {}
        }
        if self.observations[partition].len() + self.incidents[partition].len() >= self.cut.batch_rows {
            self.flush(partition);
        }
    }

    fn seeds(&mut self, seeds: Vec<Seeds>) {
        for seeds in seeds {
            let start = RuleStart::default();
            self.record(Payload::Seeds(Arc::new(Seeds { start, ..seeds })));
        }
    }

    fn finish(mut self, events: &[Event]) -> Vec<Transition> {
        self.end(events);
        self.out
    }

    fn end(&mut self, events: &[Event]) {
        self.flush_all();
        if let Some(largest_ms) = events.iter().map(|event| event.time_ms).max() {
            let tick_ms = largest_ms + END_MS;
            self.log_time_ms = tick_ms + 1;
            self.record(Payload::Tick { tick_ms });
        }
    }

    fn record(&mut self, payload: Payload) {
        let sequence = self.log.len() as u64;
        if (self.is_cut)(sequence) {
            let next = restored(&self.core, &self.known, self.cut.partitions);
            assert_eq!(self.core.counters(), next.counters());
            if sequence.is_multiple_of(11) {
                assert_same_answers(&self.core, &next, &self.known);
            }
            self.core = next;
        }
        if let Payload::Dictionary(entries) = &payload {
            Arc::make_mut(&mut self.known).learn(entries);
        }
        let record = Record { sequence, log_time_ms: self.log_time_ms, payload };
        self.core.step(&record, &mut self.out).unwrap();
        self.log.push(Arc::new(record));
    }

    fn flush_all(&mut self) {
        for partition in 0..self.offsets.len() {
            self.flush(partition);
        }
    }

    fn flush(&mut self, partition: usize) {
        self.flush_observations(partition);
        self.flush_incidents(partition);
    }

    fn flush_observations(&mut self, partition: usize) {
        let rows = std::mem::take(&mut self.observations[partition]);
        let first_offset = self.advance(partition, rows.len());
        if !rows.is_empty() {
            self.record(Payload::Observations(Batch { partition: partition as PartitionIx, first_offset, rows }));
        }
    }

    fn flush_incidents(&mut self, partition: usize) {
        let rows = std::mem::take(&mut self.incidents[partition]);
        let first_offset = self.advance(partition, rows.len());
        if !rows.is_empty() {
            self.record(Payload::Incidents(Batch { partition: partition as PartitionIx, first_offset, rows }));
        }
    }

    fn advance(&mut self, partition: usize, rows: usize) -> u64 {
        let names = std::mem::take(&mut self.new_names);
        if !names.is_empty() {
            self.record(Payload::Dictionary(names));
        }
        let first = self.offsets[partition];
        self.offsets[partition] += rows as u64;
        first
    }

    fn name(&mut self, kind: NameKind, name: Option<&str>) -> NameIx {
        let Some(name) = name else { return NO_NAME };
        let next = self.names.keys().filter(|(known, _)| *known == kind as u8).count() as NameIx;
        *self.names.entry((kind as u8, name.to_owned())).or_insert_with(|| {
            self.new_names.push(NameEntry { kind, index: next, name: name.into() });
            next
        })
    }

    fn row(&mut self, event: &Event) -> ObservationRow<'static> {
        let What::Observation { metric, value, quality } = &event.what else { panic!("an observation") };
        ObservationRow {
            feed: self.name(NameKind::Feed, Some("test")),
            space: self.name(NameKind::Space, Some(&event.space)),
            metric: self.name(NameKind::Metric, Some(metric)),
            sensor: self.name(NameKind::Sensor, event.sensor.as_deref()),
            node: self.name(NameKind::Node, event.node.as_deref()),
            seq: None,
            id: None,
            value: *value,
            event_time_ms: event.time_ms,
            sent_time_ms: None,
            log_time_ms: self.log_time_ms,
            quality: *quality,
            flags: 0,
        }
    }

    fn incident(&mut self, event: &Event) -> Incident {
        let What::Incident { category, severity, channel } = &event.what else { panic!("an incident") };
        Incident {
            feed: self.name(NameKind::Feed, Some("test")),
            id: Some(event.id.clone()),
            space: self.name(NameKind::Space, Some(&event.space)),
            node: self.name(NameKind::Node, event.node.as_deref()),
            sensor: self.name(NameKind::Sensor, event.sensor.as_deref()),
            category: category.clone(),
            severity: *severity,
            channel: channel.clone(),
            source_reliability: None,
            status: String::new(),
            version: 1,
            text: None,
            event_time_ms: event.time_ms,
            reported_time_ms: None,
            sent_time_ms: None,
            log_time_ms: self.log_time_ms,
            flags: 0,
        }
    }
}

/// One line of a case's input.
pub fn event(line: &str) -> Event {
    let json: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| json.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let what = match text("type").as_deref() {
        Some("incident") => What::Incident {
            category: text("category").unwrap(),
            severity: Severity::High,
            channel: text("channel").unwrap_or_default(),
        },
        _ => What::Observation {
            metric: text("metric").unwrap(),
            // The values of the cases have few digits, so the shortest text of their doubles is the text of the file.
            value: json["value"].to_string().parse().unwrap(),
            quality: text("quality").map_or(Quality::Good, |word| Quality::from_word(&word).unwrap()),
        },
    };
    Event {
        id: text("id").unwrap(),
        space: text("space").unwrap(),
        time_ms: json["time"].as_i64().unwrap(),
        sensor: text("sensor"),
        node: text("node"),
        what,
    }
}
