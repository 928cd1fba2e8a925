//! The checks at the end, on a data folder nobody writes to any more, from outside: `vigie sql` and a second judgement.

use crate::common::sql;
use crate::crash::events::{Event, Key};
use crate::crash::surviving::{evidence, judged_again, records};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use vigie_model::record::Record;
use vigie_model::time::parse_rfc3339_ms;

/// The columns of `alerts` that do not depend on the number of partitions.
pub const ALERT_COLUMNS: &str =
    "alert_id, rule, rule_uid, rule_version, key, space, state, event_time, log_time, reason, summary, evidence";
/// Rows asked for at once.
const PAGE_ROWS: usize = 50_000;
/// Differences shown of two lists.
const DIFFERENCES_SHOWN: usize = 10;

/// What the audit read, for further checks.
#[derive(Debug)]
pub struct Audited {
    /// The surviving log.
    pub records: Vec<Record>,
    /// Rows of `alerts`, in the order of the stream.
    pub alerts: Vec<Value>,
}

/// Fails unless history holds exactly the acknowledged events, each once, without a gap in the offsets, and exactly the
/// transitions that the surviving log gives. Prints what it compared.
pub fn audit(data: &Path, acknowledged: &BTreeMap<Key, Event>) -> Audited {
    let stored = stored_events(data);
    let keys: BTreeSet<_> = stored.iter().map(|event| &event.key).collect();
    assert_eq!(keys.len(), stored.len(), "an event is in history twice");
    let missing: Vec<_> = acknowledged.keys().filter(|key| !keys.contains(key)).take(DIFFERENCES_SHOWN).collect();
    assert!(missing.is_empty(), "acknowledged, but not in history: {missing:?}");
    assert_eq!(stored.len(), acknowledged.len(), "history holds events nobody was answered for");
    for event in &stored {
        assert_eq!(Some(event), acknowledged.get(&event.key), "an event is not what was sent");
    }
    check_offsets(data, stored.len());

    let alerts = sql(data, &format!("SELECT {ALERT_COLUMNS}, \"offset\" FROM alerts ORDER BY \"offset\""));
    let mut raised = BTreeSet::new();
    for alert in alerts.iter().filter(|alert| alert["state"] == "active") {
        assert!(raised.insert(text(alert, "alert_id")), "an alert was raised twice: {alert}");
    }
    let known: BTreeSet<_> = alerts.iter().map(|alert| text(alert, "alert_id")).collect();
    assert_eq!(known, raised, "an alert has rows, but was never raised");
    let (records, recovery) = records(data);
    assert!(recovery.holes.is_empty(), "the log is damaged: {:?}", recovery.holes);
    let mut shown: Vec<_> = alerts.iter().map(alert_row).collect();
    shown.sort_unstable();
    assert_same("transitions in history", &shown, "those of the log judged again", &judged_again(&records));
    println!(
        "audited {} events, {} transitions, {} alerts, {} records of the log",
        stored.len(),
        alerts.len(),
        raised.len(),
        records.len()
    );
    Audited { records, alerts }
}

/// Fails with the lines of which one side has fewer.
pub fn assert_same(what: &str, left: &[String], as_what: &str, right: &[String]) {
    let count = |lines: &[String]| {
        let mut counts = BTreeMap::new();
        lines.iter().for_each(|line| *counts.entry(line.clone()).or_insert(0) += 1);
        counts
    };
    let (in_left, in_right) = (count(left), count(right));
    let only = |these: &BTreeMap<String, i32>, those: &BTreeMap<String, i32>| {
        let lines = these.iter().filter(|(line, times)| those.get(*line) != Some(times));
        lines.map(|(line, times)| format!("{times} x {line}")).take(DIFFERENCES_SHOWN).collect::<Vec<_>>().join("\n")
    };
    assert!(
        in_left == in_right,
        "{what} ({}) are not {as_what} ({}); only here:\n{}\nonly there:\n{}",
        left.len(),
        right.len(),
        only(&in_left, &in_right),
        only(&in_right, &in_left)
    );
}

/// All rows of a table, in pages that one answer can hold.
pub fn rows(data: &Path, select: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    loop {
        let skip = rows.len();
        let page = sql(data, &format!("{select} ORDER BY partition, \"offset\" LIMIT {PAGE_ROWS} OFFSET {skip}"));
        let is_last = page.len() < PAGE_ROWS;
        rows.extend(page);
        if is_last {
            return rows;
        }
    }
}

/// The events in history, as they were sent.
fn stored_events(data: &Path) -> Vec<Event> {
    let observations = rows(data, "SELECT id, node, seq, space, metric, value, event_time FROM observations");
    let incidents = rows(data, "SELECT id, space, category, event_time FROM incidents");
    let observation = |row: &Value| {
        let value = row["value"].as_f64().expect("a value is a number") as u64;
        let key = match (row["id"].as_str(), row["seq"].as_i64()) {
            (Some(id), _) => Key::Id(id.to_owned()),
            (None, Some(seq)) => Key::Sequence(text(row, "node"), seq),
            (None, None) => Key::Content(text(row, "space"), value),
        };
        Event { key, space: text(row, "space"), what: text(row, "metric"), value, time_ms: time_ms(row, "event_time") }
    };
    let incident = |row: &Value| Event {
        key: Key::Incident(text(row, "id")),
        space: text(row, "space"),
        what: text(row, "category"),
        value: 0,
        time_ms: time_ms(row, "event_time"),
    };
    observations.iter().map(observation).chain(incidents.iter().map(incident)).collect()
}

/// The rows of a partition, over the tables that share its numbers, are numbered from 0 without gaps.
fn check_offsets(data: &Path, events: usize) {
    let statement = "\
        SELECT partition, min(\"offset\") AS first, max(\"offset\") AS last, count(*) AS n, count(DISTINCT \"offset\") AS d
        FROM (SELECT partition, \"offset\" FROM observations UNION ALL SELECT partition, \"offset\" FROM incidents)
        GROUP BY partition";
    let partitions = sql(data, statement);
    let mut rows = 0;
    for partition in &partitions {
        let number = |name: &str| partition[name].as_u64().expect("a number");
        assert_eq!((number("first"), number("last") + 1, number("d")), (0, number("n"), number("n")), "{partition}");
        rows += number("n");
    }
    assert_eq!(rows, events as u64);
}

fn alert_row(alert: &Value) -> String {
    let column = |name: &str| match name {
        "evidence" => evidence(alert[name].as_str().expect("evidence is text")),
        "event_time" | "log_time" => time_ms(alert, name).to_string(),
        "reason" => alert[name].as_str().unwrap_or("-").to_owned(),
        _ => text(alert, name),
    };
    ALERT_COLUMNS.split(", ").map(column).collect::<Vec<_>>().join("\t")
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_else(|| panic!("no text '{name}' in {row}")).to_owned()
}

/// A time of a row in milliseconds: the tables write it with other digits than the stream.
pub fn time_ms(row: &Value, name: &str) -> u64 {
    let ms = parse_rfc3339_ms(row[name].as_str().expect("a time is text")).expect("an instant");
    u64::try_from(ms).expect("after 1970")
}
