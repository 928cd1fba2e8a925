//! What pyarrow writes is what the door reads: the example of docs/events.md as it stands, and files of every kind.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, count, found_centre, last_json, project, python, run, serve, sql, text, vigie};
use std::process::Command;

/// Writes the same three observations in as many ways as pyarrow knows, into the folder it is given.
const FILES: &str = r#"
import decimal, sys
import pyarrow as pa, pyarrow.feather as feather
folder = sys.argv[1]
names = ["a", "b", "a"]
whole = {
    "id": ["x-1", "x-2", "x-3"], "space": names, "metric": ["m", "m", "m"], "value": [0.1, -2.5, 45.2],
    "time": pa.array([1_489_215_600_000, 1_489_215_600_001, 1_489_215_600_002], pa.timestamp("ms", tz="Australia/Melbourne")),
}
def table(**others):
    return pa.table({**whole, **others})
def stream(name, table, **options):
    with pa.ipc.new_stream(f"{folder}/{name}.arrows", table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table, max_chunksize=2)
def file(name, table, **options):
    with pa.ipc.new_file(f"{folder}/{name}.arrow", table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table, max_chunksize=2)
feather.write_feather(table(), f"{folder}/default.feather")
feather.write_feather(table(), f"{folder}/zstd.feather", compression="zstd")
feather.write_feather(table(), f"{folder}/plain.feather", compression="uncompressed", chunksize=1)
stream("plain", table())
stream("zstd", table(), compression="zstd")
stream("lz4", table(space=pa.array(names).dictionary_encode()), compression="lz4")
stream("legacy", table(), use_legacy_format=True)
file("plain", table())
file("dictionary", table(space=pa.array(names).dictionary_encode()), unify_dictionaries=True)
for name, kind in {"large": pa.large_string(), "view": pa.string_view(), "coded": pa.dictionary(pa.int8(), pa.string())}.items():
    stream(name, table(space=pa.array(names, kind), id=pa.array(whole["id"], kind)))
stream("deltas", pa.Table.from_batches([
    pa.record_batch({**{key: value[at:at + 1] for key, value in whole.items()}, "space": pa.array(names[:at + 1]).dictionary_encode()[at:]})
    for at in range(3)]), emit_dictionary_deltas=True)
stream("single", table(value=pa.array([0.1, -2.5, 45.2], pa.float32())))
stream("decimal", table(value=pa.array([decimal.Decimal(v) for v in ["0.1", "-2.5", "45.2"]], pa.decimal128(20, 9))))
for unit in ["us", "ns"]:
    stream(unit, table(time=whole["time"].cast(pa.timestamp(unit))))
stream("epoch", table(time=whole["time"].cast(pa.int64())))
stream("nulls", table(seq=pa.array([1, None, 3], pa.uint16()), node=pa.array([None, None, None]), extra=[{"a": [1]}, None, {}]))
"#;

#[test]
fn the_example_of_the_docs_is_taken() {
    let Some(python) = python("the_example_of_the_docs_is_taken") else { return };
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), "", "");
    let server = Running::start(serve(folder.path()));
    let docs = std::fs::read_to_string(project().join("docs/events.md")).unwrap();
    let example = docs.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let example = example.replace("http://127.0.0.1:8080", &server.url);
    let mut script = Command::new(python);
    let said = text(&run(script.args(["-c", &example]).current_dir(folder.path()), 0).stdout);
    let taken = r#"{"accepted":2,"duplicates":0,"undeduplicated":0,"time_adjusted":0,"rejected":[],"#;
    assert!(said.starts_with(taken), "{said}");
    assert_eq!(server.interrupt(), Some(0));
    let (data, counted) = (folder.path().join("data"), "SELECT count(*) FROM observations WHERE value = 121.5");
    assert_eq!(count(&data, counted), 1);
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(folder.path().join("vigie.toml"));
    let summary = last_json(&run(replay.arg("--input").arg(folder.path().join("events.feather")), 0));
    assert_eq!((summary["accepted"].as_u64(), summary["rejected"].as_u64()), (Some(2), Some(0)), "{summary}");
}

#[test]
fn every_kind_of_file_that_pyarrow_writes_holds_the_same_rows() {
    let Some(python) = python("every_kind_of_file_that_pyarrow_writes_holds_the_same_rows") else { return };
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), "", "");
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    run(Command::new(python).args(["-c", FILES]).arg(&files), 0);
    let mut paths: Vec<_> = std::fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 18, "{paths:?}");
    // One data folder for all: a file of the same rows adds none, since ids are the same.
    let data = folder.path().join("history");
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(folder.path().join("vigie.toml"));
    let summary = last_json(&run(replay.arg("--data").arg(&data).arg("--input").args(&paths), 0));
    let told = ["accepted", "duplicates", "rejected"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(told, [3, 3 * (paths.len() as u64 - 1), 0], "{paths:?}");
    let rows =
        sql(&data, "SELECT id, space, metric, value, CAST(event_time AS VARCHAR) AS at FROM observations ORDER BY id");
    let rows: Vec<_> =
        rows.iter().map(|row| format!("{} {} {} {}", row["id"], row["space"], row["value"], row["at"])).collect();
    assert!(rows[0].starts_with(r#""x-1" "a" 0.1 "2017-03-11T07:00:00"#), "{rows:?}");
    assert!(rows[2].starts_with(r#""x-3" "a" 45.2 "2017-03-11T07:00:00.002"#), "{rows:?}");
}

/// Writes the same rows as Parquet, in as many ways as pyarrow knows.
const PARQUET: &str = r#"
import sys
import pyarrow as pa, pyarrow.parquet as pq
names = ["a", "b", "a"]
table = pa.table({
    "space": names, "metric": ["m", "m", "m"], "value": [0.1, -2.5, 45.2],
    "time": pa.array([1_489_215_600_000, 1_489_215_600_001, 1_489_215_600_002], pa.timestamp("ms", tz="Australia/Melbourne")),
})
for name, options in {"plain": {"compression": "none"}, "default": {}, "zstd": {"compression": "zstd"},
                      "old": {"version": "1.0", "use_dictionary": False}, "groups": {"row_group_size": 1},
                      "bare": {"store_schema": False, "coerce_timestamps": "us"}}.items():
    pq.write_table(table, f"{sys.argv[1]}/{name}.parquet", **options)
coded = table.set_column(0, "space", pa.array(names).dictionary_encode())
pq.write_table(coded, f"{sys.argv[1]}/coded.parquet")
"#;

#[test]
fn parquet_files_that_pyarrow_writes_are_imported_once() {
    let Some(python) = python("parquet_files_that_pyarrow_writes_are_imported_once") else { return };
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), "", "");
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    run(Command::new(python).args(["-c", PARQUET]).arg(&files), 0);
    let mut paths: Vec<_> = std::fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 7);
    for (index, path) in paths.iter().enumerate() {
        let mut import = vigie();
        import.args(["import", "--json", "--config"]).arg(folder.path().join("vigie.toml")).arg("--input").arg(path);
        let summary = last_json(&run(&mut import, 0));
        let counts = ["taken", "duplicates", "rejected"].map(|name| summary[name].as_u64().unwrap());
        assert_eq!(counts, if index == 0 { [3, 0, 0] } else { [0, 3, 0] }, "{}: {summary}", path.display());
    }
    let rows =
        sql(&folder.path().join("data"), "SELECT space, value, event_time FROM observations ORDER BY event_time");
    assert_eq!(
        (rows.len(), &rows[2]["value"], &rows[0]["event_time"]),
        (3, &45.2.into(), &"2017-03-11T07:00:00Z".into())
    );
}
