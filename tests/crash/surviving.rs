//! The log that survived, read from a copy of its folder, and judged once more in another shape than the server does:
//! one engine for all partitions, one row at a time. For judges that share no code with Vigie it is written as lines.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use vigie_log::disk::SystemDisk;
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::SegmentLog;
use vigie_log::segments::options::{LogOptions, Recovery};
use vigie_log::store::LogStore;
use vigie_model::alert::Transition;
use vigie_model::batch::Observations;
use vigie_model::event::Incident;
use vigie_model::names::{NameIx, NameKind, Names};
use vigie_model::record::{Batch, Payload, Record};
use vigie_rules::core::RuleCore;

/// Every record of the log in `data`, and what opening it found.
pub fn records(data: &Path) -> (Vec<Record>, Recovery) {
    let copy = tempfile::tempdir().expect("a folder for the copy");
    let folder = copy.path().join("log");
    fs::create_dir(&folder).expect("a folder for the copy");
    for entry in fs::read_dir(data.join("log")).expect("the log is a folder") {
        let entry = entry.expect("the log can be listed");
        fs::copy(entry.path(), folder.join(entry.file_name())).expect("a file of the log can be copied");
    }
    let identity = LogIdentity { log_id: "0".repeat(32).into(), partitions: 16 };
    let opened = SegmentLog::open(Arc::new(SystemDisk), LogOptions::new(&folder), identity, 1, 1);
    let mut opened = opened.expect("the log can be opened");
    let mut records = Vec::new();
    while let Some(record) = opened.log.recall().expect("a record can be read") {
        records.push(record);
    }
    (records, opened.recovery)
}

/// What the log's transitions of episodes must be, as rows of the table `alerts` with the columns of
/// [`crate::crash::audit::ALERT_COLUMNS`], sorted.
pub fn judged_again(records: &[Record]) -> Vec<String> {
    let mut rows = Vec::new();
    judge(records, |record, transitions| {
        let of_episodes = transitions.iter().filter(|transition| transition.state.is_of_episode());
        rows.extend(of_episodes.map(|transition| row(transition, record.log_time_ms)));
    });
    rows.sort_unstable();
    rows
}

/// Judges the records one by one and shows each with its transitions.
pub fn judge<'a>(records: impl IntoIterator<Item = &'a Record>, mut show: impl FnMut(&'a Record, &[Transition])) {
    let (mut rules, mut offset, mut transitions) = (RuleCore::new(1), 0, Vec::new());
    for record in records {
        for record in as_rows(record, &mut offset) {
            rules.step(&record, &mut transitions).expect("rules of the log load");
        }
        show(record, &transitions);
        transitions.clear();
    }
}

/// The same record for a log of one partition, each row as a record of its own; `offset` counts the rows.
fn as_rows(record: &Record, offset: &mut u64) -> Vec<Record> {
    let mut next = || {
        *offset += 1;
        *offset - 1
    };
    let payloads: Vec<_> = match &record.payload {
        Payload::Control(control) => vec![Payload::Control(Arc::clone(control))],
        Payload::Dictionary(entries) => vec![Payload::Dictionary(entries.clone())],
        Payload::IntakeUp => vec![Payload::IntakeUp],
        Payload::Gap(gap) => panic!("a kill loses no record: {gap:?}"),
        Payload::Tick { tick_ms } => vec![Payload::Tick { tick_ms: *tick_ms }],
        Payload::Seeds(seeds) => vec![Payload::Seeds(Arc::clone(seeds))],
        Payload::Observations(batch) => (0..batch.rows.len())
            .map(|index| {
                let mut rows = Observations::default();
                rows.push_from(&batch.rows, index);
                Payload::Observations(Batch { partition: 0, first_offset: next(), rows })
            })
            .collect(),
        Payload::Incidents(batch) => {
            let one = |row: &Incident| Batch { partition: 0, first_offset: next(), rows: vec![row.clone()] };
            batch.rows.iter().map(one).map(Payload::Incidents).collect()
        }
        Payload::Perceptions(_) | Payload::Command(_) => Vec::new(),
    };
    let of_record = |payload| Record { sequence: record.sequence, log_time_ms: record.log_time_ms, payload };
    payloads.into_iter().map(of_record).collect()
}

/// A transition as a row of [`judged_again`].
pub fn row(transition: &Transition, log_time_ms: i64) -> String {
    let columns = [
        transition.alert_id.as_str().to_owned(),
        transition.rule.name.to_string(),
        transition.rule.uid.to_string(),
        transition.rule.version.to_string(),
        transition.key.to_string(),
        transition.space.to_string(),
        transition.state.as_str().to_owned(),
        transition.event_time_ms.to_string(),
        log_time_ms.to_string(),
        transition.reason.unwrap_or("-").to_owned(),
        transition.summary.to_string(),
        evidence(transition.evidence.as_deref().unwrap_or("{}")),
    ];
    columns.join("\t")
}

/// Evidence without places in the log, which depend on the number of partitions.
pub fn evidence(json: &str) -> String {
    let mut evidence: Value = serde_json::from_str(json).expect("evidence is JSON");
    remove_places(&mut evidence);
    evidence.to_string()
}

fn remove_places(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !matches!(name.as_str(), "position" | "partition" | "offset"));
            fields.values_mut().for_each(remove_places);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_places),
        _ => {}
    }
}

/// The log as lines of JSON: ticks, intake-ups, observations and incidents in order, with their log times.
pub fn lines(records: &[Record]) -> String {
    let mut names = Names::default();
    let mut lines = Vec::new();
    for record in records {
        let log_time_ms = record.log_time_ms;
        match &record.payload {
            Payload::Dictionary(entries) => names.learn(entries),
            Payload::Gap(gap) => panic!("a kill loses no record: {gap:?}"),
            Payload::IntakeUp => lines.push(json!({"type": "intake-up", "log_time": log_time_ms})),
            Payload::Tick { tick_ms } => {
                lines.push(json!({"type": "tick", "tick": tick_ms, "log_time": log_time_ms}));
            }
            Payload::Observations(batch) => {
                for index in 0..batch.rows.len() {
                    let row = batch.rows.row(index);
                    let name = |kind, index: NameIx| names.get(kind, index).map(ToString::to_string);
                    lines.push(json!({
                        "type": "observation", "space": name(NameKind::Space, row.space),
                        "sensor": name(NameKind::Sensor, row.sensor), "node": name(NameKind::Node, row.node),
                        "metric": name(NameKind::Metric, row.metric), "value": row.value.to_string(),
                        "quality": row.quality.as_str(), "time": row.event_time_ms, "log_time": row.log_time_ms,
                    }));
                }
            }
            Payload::Incidents(batch) => {
                for row in &batch.rows {
                    lines.push(json!({
                        "type": "incident", "space": names.name(NameKind::Space, row.space).as_ref(),
                        "category": row.category, "severity": row.severity.as_str(), "channel": row.channel,
                        "time": row.event_time_ms, "log_time": row.log_time_ms,
                    }));
                }
            }
            Payload::Control(_) | Payload::Perceptions(_) | Payload::Command(_) | Payload::Seeds(_) => {}
        }
    }
    lines.iter().map(|line| line.to_string() + "\n").collect()
}
