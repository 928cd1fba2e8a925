//! Readers that share no code with Vigie count the same rows: Python's `deltalake`, and DuckDB through it. What docs/sql.md shows
//! of them runs as it stands there.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{
    CROWDED_RULES, PEOPLE_METRIC, Running, count, found_centre, project, python, run, serve, sql, text, vigie,
};
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = r#"
import sys, duckdb, deltalake
root = sys.argv[1]
for name in ["observations", "incidents", "perceptions", "alerts", "actions", "spaces"]:
    stored = deltalake.DeltaTable(f"{root}/history/{name}").to_pyarrow_table()
    counted = duckdb.sql("SELECT count(*) FROM stored").fetchall()[0][0]
    assert counted == stored.num_rows, (name, counted, stored.num_rows)
    print(name, counted)
observations = deltalake.DeltaTable(f"{root}/history/observations").to_pyarrow_table()
print("sum", duckdb.sql("SELECT CAST(sum(value) AS BIGINT) FROM observations").fetchall()[0][0])
"#;

fn replay_melbourne(data: &Path) {
    let melbourne = project().join("configs/melbourne");
    let mut replay = vigie();
    replay.args(["replay", "--json"]).arg("--config").arg(melbourne.join("vigie.toml"));
    replay.arg("--input").arg(melbourne.join("pedestrian_03_2017.csv")).arg("--data").arg(data);
    run(&mut replay, 0);
}

#[test]
fn python_and_duckdb_count_the_same() {
    let Some(python) = python("python_and_duckdb_count_the_same") else { return };
    let folder = tempfile::tempdir().unwrap();
    replay_melbourne(folder.path());
    let as_flushed = counted(&python, folder.path());
    run(vigie().args(["history", "compact", "--data"]).arg(folder.path()), 0);
    assert_eq!(counted(&python, folder.path()), as_flushed, "put together");
    run(vigie().args(["history", "vacuum", "--keep", "0s", "--data"]).arg(folder.path()), 0);
    assert_eq!(counted(&python, folder.path()), as_flushed, "and what was replaced removed");
    println!("checked against Python:\n{as_flushed}");
}

/// What Python counts in a data folder, once Vigie counts the same.
fn counted(python: &Path, data: &Path) -> String {
    let said = text(&run(Command::new(python).args(["-c", SCRIPT]).arg(data), 0).stdout);
    let mut checked = 0;
    for line in said.lines() {
        let (name, number) = line.split_once(' ').unwrap();
        let statement = match name {
            "sum" => "SELECT CAST(sum(value) AS BIGINT) FROM observations".to_owned(),
            table => format!("SELECT count(*) FROM {table}"),
        };
        assert_eq!(count(data, &statement).to_string(), number, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 7, "{said}");
    said
}

#[test]
fn what_the_docs_show_of_python_runs() {
    let Some(python) = python("what_the_docs_show_of_python_runs") else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("melbourne");
    replay_melbourne(&data);
    found_centre(folder.path(), PEOPLE_METRIC, CROWDED_RULES);
    let server = Running::start(serve(folder.path()));
    let event = r#"{"space":"plaza","metric":"people_count","value":7,"time":"2026-03-01T12:00:00Z"}"#;
    assert_eq!(server.post("/v1/events", "application/x-ndjson", event).0, 200);
    let docs = std::fs::read_to_string(project().join("docs/sql.md")).unwrap();
    let shown: Vec<&str> = docs.split("```python\n").skip(1).map(|part| part.split_once("```").unwrap().0).collect();
    let most = "SELECT space FROM observations GROUP BY space ORDER BY avg(value) DESC LIMIT 1";
    let busiest = sql(&data, most)[0]["space"].as_str().unwrap().to_owned();
    // The space with the most people, from three readers; then the row of the server.
    let expected = [&*busiest, &*busiest, &*busiest, "count"];
    assert_eq!(shown.len(), expected.len());
    for (program, expected) in shown.iter().zip(expected) {
        let program = format!("import sys\ndata, url = sys.argv[1:]\n{program}");
        let said = text(&run(Command::new(&python).args(["-c", &program]).arg(&data).arg(&server.url), 0).stdout);
        println!("{said}");
        assert!(said.contains(expected), "{said}");
    }
}
