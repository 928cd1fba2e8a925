//! `vigie import`: archives enter history once, whatever else is there, and nothing judges them.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{
    CROWDED_RULES, PEOPLE_METRIC, Running, count, found_centre, last_json, project, run, serve, sql, text, vigie,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;

fn import(folder: &Path, inputs: &[&Path], more: &[&str], code: i32) -> Output {
    let mut command = vigie();
    command.args(["import", "--config"]).arg(folder.join("vigie.toml")).arg("--input").args(inputs);
    run(command.args(more), code)
}

/// Taken, duplicates, rejected.
fn counts(summary: &Value) -> [u64; 3] {
    ["taken", "duplicates", "rejected"].map(|name| summary[name].as_u64().unwrap())
}

fn written(folder: &Path, name: &str, lines: &[Value]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    path
}

fn people(id: Option<&str>, value: u32, time: &str) -> Value {
    let mut line = json!({"space": "plaza", "sensor": "s1", "metric": "people_count", "value": value, "time": time});
    if let Some(id) = id {
        line["id"] = id.into();
    }
    line
}

fn verified(data: &Path) {
    run(vigie().arg("verify").arg("--data").arg(data), 0);
}

#[test]
fn a_real_year_of_counters_comes_in_once() {
    let folder = tempfile::tempdir().unwrap();
    let melbourne = project().join("configs/melbourne");
    let (config, counts_2017) = (melbourne.join("vigie.toml"), melbourne.join("pedestrian_03_2017.csv"));
    let data = folder.path().join("data");
    let import = |more: &[&str]| {
        let mut command = vigie();
        command.args(["import", "--config"]).arg(&config).arg("--input").arg(&counts_2017).arg("--data").arg(&data);
        last_json(&run(command.args(more), 0))
    };
    let planned = import(&["--dry-run", "--json"]);
    assert!(!data.exists(), "a dry run writes nothing");
    let first = import(&["--json"]);
    let [taken, duplicates, rejected] = counts(&first);
    assert!(taken > 10_000 && duplicates == 0 && rejected == 0, "{first}");
    assert_eq!(counts(&planned), counts(&first));
    assert_eq!(
        (&planned["from"], &planned["until"], &planned["days"]),
        (&first["from"], &first["until"], &first["days"])
    );
    assert_eq!(counts(&import(&["--json"])), [0, taken, 0], "again");
    assert_eq!(counts(&import(&["--json", "--dry-run"])), [0, taken, 0]);
    assert_eq!(count(&data, "SELECT count(*) FROM observations WHERE flags = 'backfill'"), taken);
    assert_eq!(count(&data, "SELECT count(*) FROM observations"), taken);
    assert_eq!(count(&data, "SELECT count(*) FROM alerts"), 0, "nothing judged them");
    let spaces = count(&data, "SELECT count(*) FROM spaces");
    assert_eq!(spaces, count(&data, "SELECT count(DISTINCT id) FROM spaces"), "one version each, after two imports");
    assert_eq!(count(&data, "SELECT count(*) FROM observations WHERE light IS NULL"), 0);
    verified(&data);
    // The same rows as a replay's, but for who judged them.
    let replayed = folder.path().join("replayed");
    let mut replay = vigie();
    replay
        .args(["replay", "--json", "--config"])
        .arg(&config)
        .arg("--input")
        .arg(&counts_2017)
        .arg("--data")
        .arg(&replayed);
    assert_eq!(last_json(&run(&mut replay, 0))["accepted"], taken);
    let sums = "SELECT space, sensor, metric, unit, min(event_time) AS a, max(event_time) AS b, sum(value) AS c, count(*) AS d \
                FROM observations GROUP BY space, sensor, metric, unit ORDER BY space, sensor, metric";
    assert_eq!(sql(&data, sums), sql(&replayed, sums));
}

#[test]
fn archives_and_live_rows_may_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    found_centre(folder.path(), PEOPLE_METRIC, CROWDED_RULES);
    let live = [people(Some("a"), 90, "2026-03-11T18:00:00Z"), people(None, 95, "2026-03-11T18:10:00Z")];
    let lines: String = live.iter().map(|line| format!("{line}\n")).collect();
    let server = Running::start(serve(folder.path()));
    assert_eq!(server.post("/v1/events", "application/x-ndjson", &lines).0, 200);
    // Beside a running server there is one writer.
    let archive = [
        live[0].clone(),
        live[1].clone(),
        people(None, 400, "2026-03-11T18:20:00Z"),
        people(None, 400, "2026-03-11T18:20:00Z"),
        people(Some("b"), 401, "2026-03-10T23:59:59Z"),
    ];
    let archive = written(folder.path(), "archive.ndjson", &archive);
    let refused = import(folder.path(), &[&archive], &[], 3);
    assert!(text(&refused.stderr).contains("in use by the server"), "{}", text(&refused.stderr));
    assert_eq!(server.interrupt(), Some(0));

    let planned = last_json(&import(folder.path(), &[&archive], &["--json", "--dry-run"], 0));
    let summary = last_json(&import(folder.path(), &[&archive], &["--json"], 0));
    assert_eq!(counts(&planned), [2, 3, 0]);
    assert_eq!(counts(&summary), [2, 3, 0]);
    assert_eq!((&summary["from"], &summary["days"]), (&json!("2026-03-10T23:59:59Z"), &json!(2)));
    verified(&data);
    // A longer archive that begins with the same rows.
    let more = [people(None, 400, "2026-03-11T18:20:00Z"), people(None, 402, "2026-03-11T18:30:00Z")];
    let longer = written(folder.path(), "longer.ndjson", &more);
    assert_eq!(counts(&last_json(&import(folder.path(), &[&longer, &archive], &["--json"], 0))), [1, 6, 0]);
    verified(&data);

    // The server goes on beside them: no alert of 400 people, and its own rows count as before.
    let server = Running::start(serve(folder.path()));
    let (_, answer) = server.post("/v1/events", "application/x-ndjson", &lines);
    assert!(answer.contains("\"accepted\":0,\"duplicates\":2"), "{answer}");
    assert_eq!(count(&data, "SELECT count(*) FROM observations"), 5);
    assert_eq!(count(&data, "SELECT count(*) FROM alerts"), 0);
    assert_eq!(server.interrupt(), Some(0));
    // Nor does a backtest judge them.
    let mut backtest = vigie();
    backtest.args(["rules", "backtest", "--json", "--config"]).arg(folder.path().join("vigie.toml"));
    run(backtest.arg("--data").arg(&data), 0);
}

#[test]
fn reports_keep_ids_versions_and_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    found_centre(folder.path(), "[feeds.survey]\n", CROWDED_RULES);
    let incident = |version: u32, status: &str| {
        json!({"type": "incident", "id": "c-1", "space": "plaza", "category": "theft", "severity": "low", "channel": "app",
            "status": status, "version": version, "time": "2020-01-01T10:00:00Z"})
    };
    let asked = json!({"type": "perception", "space": "plaza", "wave": "2020", "question": "safe-alone", "period": "night",
        "group": {"sex": "f"}, "n": 10, "unsafe": 3, "time": "2020-01-02T10:00:00Z"});
    let lines = [
        incident(1, "open"),
        asked.clone(),
        json!({"type": "incident", "space": "plaza"}),
        incident(2, "withdrawn"),
        asked,
        json!({"type": "incident", "space": "plaza", "category": "theft", "time": "2199-01-01T10:00:00Z"}),
    ];
    let archive = written(folder.path(), "archive.ndjson", &lines);
    let told = import(folder.path(), &[&archive], &["--feed", "survey"], 1);
    assert_eq!(counts(&last_json(&told)), [4, 0, 2], "two perceptions without ids are two");
    let said = text(&told.stderr);
    assert!(said.contains("archive.ndjson:3: rejected: "), "{said}");
    assert!(said.contains("archive.ndjson:6: rejected: its time has not come yet"), "{said}");
    assert!(said.contains("2 rows were rejected; all others are in history"), "{said}");
    assert_eq!(counts(&last_json(&import(folder.path(), &[&archive], &["--feed", "survey"], 1))), [0, 4, 2]);
    let incidents = sql(&data, "SELECT id, version, status, feed, flags FROM incidents ORDER BY version");
    assert_eq!(
        incidents[1],
        json!({"id": "c-1", "version": 2, "status": "withdrawn", "feed": "survey", "flags": "backfill"})
    );
    assert_eq!(count(&data, "SELECT count(*) FROM incidents_current"), 0);
    assert_eq!(count(&data, "SELECT count(DISTINCT id) FROM perceptions WHERE id LIKE 'import-%'"), 2);

    let unknown = import(folder.path(), &[&archive], &["--feed", "survy"], 2);
    assert!(text(&unknown.stderr).contains("feed 'survy' is not declared"), "{}", text(&unknown.stderr));
    let broken = folder.path().join("broken.parquet");
    std::fs::write(&broken, "PAR1 and nothing else").unwrap();
    let broken = import(folder.path(), &[&broken], &[], 3);
    assert!(text(&broken.stderr).contains("broken.parquet: it is no Parquet file"), "{}", text(&broken.stderr));
}
