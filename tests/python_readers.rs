//! Readers that share no code with Vigie count the same rows: Python's `deltalake`, and DuckDB through it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{count, project, python, run, text, vigie};
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

#[test]
fn python_and_duckdb_count_the_same() {
    let Some(python) = python("python_and_duckdb_count_the_same") else { return };
    let folder = tempfile::tempdir().unwrap();
    let melbourne = project().join("configs/melbourne");
    let mut replay = vigie();
    replay.args(["replay", "--json"]).arg("--config").arg(melbourne.join("vigie.toml"));
    replay.arg("--input").arg(melbourne.join("pedestrian_03_2017.csv")).arg("--data").arg(folder.path());
    run(&mut replay, 0);
    let said = text(&run(Command::new(python).args(["-c", SCRIPT]).arg(folder.path()), 0).stdout);
    let mut checked = 0;
    for line in said.lines() {
        let (name, number) = line.split_once(' ').unwrap();
        let statement = match name {
            "sum" => "SELECT CAST(sum(value) AS BIGINT) FROM observations".to_owned(),
            table => format!("SELECT count(*) FROM {table}"),
        };
        assert_eq!(count(folder.path(), &statement).to_string(), number, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 7, "{said}");
    println!("checked against Python:\n{said}");
}
