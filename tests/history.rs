//! `vigie history`: files become few, old ones go, rows stay; the same input taken again adds nothing.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{count, project, run, text, vigie};
use std::path::Path;
use std::process::Output;

/// Sum and number of all observations: what no rewriting may change.
const SUM: &str = "SELECT count(*) * 1000000000 + CAST(sum(value) AS BIGINT) FROM observations";

fn replay(data: &Path) -> Output {
    let melbourne = project().join("configs/melbourne");
    let mut replay = vigie();
    replay.args(["replay", "--json"]).arg("--config").arg(melbourne.join("vigie.toml"));
    replay.arg("--input").arg(melbourne.join("pedestrian_03_2017.csv")).arg("--data").arg(data);
    run(&mut replay, 0)
}

fn history(data: &Path, words: &[&str], code: i32) -> String {
    let said = run(vigie().arg("history").args(words).arg("--data").arg(data), code);
    text(&said.stdout) + &text(&said.stderr)
}

/// Files, rows and most files of a date of a table, by `vigie history stats`.
fn stats(data: &Path, table: &str) -> [u64; 3] {
    let said = history(data, &["stats"], 0);
    let line = said.lines().find(|line| line.starts_with(table)).unwrap_or_else(|| panic!("{table} in {said}"));
    let numbers: Vec<u64> = line.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect();
    [numbers[0], numbers[1], numbers[4]]
}

fn parquet_files(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(
            |path| {
                if path.is_dir() {
                    parquet_files(&path)
                } else {
                    u64::from(path.extension() == Some("parquet".as_ref()))
                }
            },
        )
        .sum()
}

#[test]
fn history_is_put_together_and_keeps_every_row_and_position() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    assert!(history(data, &["stats"], 3).contains("there is no history in"));
    replay(data);
    let (sum, [files, rows, _]) = (count(data, SUM), stats(data, "observations"));
    let said = history(data, &["compact"], 0);
    let [after, rows_after, most] = stats(data, "observations");
    assert_eq!(rows_after, rows, "{said}");
    assert!(after <= files && most == 1, "{said}");
    assert_eq!(count(data, SUM), sum);
    assert!(history(data, &["vacuum"], 0).contains("observations: removed 0 files"), "they stay for a week");
    history(data, &["vacuum", "--keep", "0s"], 0);
    let checkpoints = data.join("history/observations/_delta_log");
    let left = parquet_files(&data.join("history/observations")) - parquet_files(&checkpoints);
    assert_eq!(left, after, "every file left is one of the table");
    assert_eq!(count(data, SUM), sum);
    assert!(text(&run(vigie().arg("verify").arg("--data").arg(data), 0).stdout).contains("nothing is wrong"));
    replay(data);
    assert_eq!((count(data, SUM), stats(data, "observations")[1]), (sum, rows), "the same input adds nothing");
    assert!(history(data, &["vacuum", "--keep", "8d"], 2).contains("for 7d at most"));
}
