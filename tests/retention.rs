//! `vigie retention`: rows older than their feed's retention go from history, by command and beside a server; holds keep others.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{
    CROWDED_RULES, PEOPLE_METRIC, Running, count, found_centre, last_json, python, run, serve, text, vigie, wait_until,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use vigie_model::time::format_utc;

const DAY_MS: i64 = 24 * 3_600_000;
/// Cameras keep ten days, counters a hundred, and dispatch does not say.
const FEEDS: &str = "\
[feeds.cameras]
purpose = \"crowd safety\"
legal_basis = \"public task\"
regime = \"GDPR\"
retention = \"10d\"
[feeds.counters]
purpose = \"planning\"
legal_basis = \"public task\"
regime = \"GDPR\"
retention = \"100d\"
[feeds.dispatch]
purpose = \"response\"
legal_basis = \"public task\"
regime = \"GDPR\"
";
/// Prints the values of a column in all Parquet files of dates.
const VALUES: &str = r#"
import glob, json, sys, pyarrow.parquet as parquet
files = glob.glob(sys.argv[1] + "/date=*/*.parquet")
values = {str(value) for name in files for value in parquet.ParquetFile(name).read([sys.argv[2]])[sys.argv[2]].to_pylist()}
print(json.dumps(sorted(values)))
"#;
/// When these tests began: all ages are of then.
static BEGAN_MS: LazyLock<i64> = LazyLock::new(common::now_ms);

/// Ages in days. Rows of ten days go. None is nine days old, which would become ten should a test run over midnight.
fn ages() -> impl Iterator<Item = i64> {
    (1..=30).filter(|days| *days != 9)
}

/// The instant so many days before the tests began.
fn ago_ms(days: i64) -> i64 {
    *BEGAN_MS - days * DAY_MS
}

/// An observation so many days old; its value says how many, and of which feed it is.
fn people(feed: i64, days: i64) -> Value {
    let time = format_utc(ago_ms(days));
    json!({"space": "plaza", "sensor": "s1", "metric": "people_count", "value": feed * 10_000 + days, "time": time})
}

fn incident(days: i64, version: i64) -> Value {
    let time = format_utc(ago_ms(days));
    json!({"type": "incident", "id": format!("camera-case-{days}"), "space": "plaza", "category": "theft",
        "severity": "low", "channel": "camera", "version": version, "time": time})
}

fn answer(days: i64) -> Value {
    let time = format_utc(ago_ms(days));
    json!({"type": "perception", "id": format!("answer-{days}"), "space": "park", "wave": "1", "question": "safe-alone",
        "period": "night", "n": 10, "unsafe": 3, "time": time})
}

fn written(folder: &Path, name: &str, lines: &[Value]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    path
}

fn import(folder: &Path, feed: &str, input: &Path) -> Value {
    let mut command = vigie();
    command.args(["import", "--json", "--feed", feed, "--config"]).arg(folder.join("vigie.toml"));
    command.arg("--data").arg(folder.join("data")).arg("--input").arg(input);
    last_json(&run(&mut command, 0))
}

fn retention(folder: &Path, words: &[&str], code: i32) -> Output {
    let mut command = vigie();
    command
        .args(["retention", "run", "--config"])
        .arg(folder.join("vigie.toml"))
        .arg("--data")
        .arg(folder.join("data"));
    run(command.args(words), code)
}

fn certificate(folder: &Path, words: &[&str]) -> Value {
    serde_json::from_slice(&retention(folder, &[&["--format", "json"], words].concat(), 0).stdout).unwrap()
}

fn hold(folder: &Path, words: &[&str], code: i32) -> String {
    let said = run(vigie().args(["retention", "hold"]).args(words).arg("--data").arg(folder.join("data")), code);
    text(&said.stdout) + &text(&said.stderr)
}

fn verify(folder: &Path, code: i32) -> String {
    text(&run(vigie().arg("verify").arg("--data").arg(folder.join("data")), code).stdout)
}

/// A centre with rows of three feeds, of all tables and several ages, of which many files were put together.
fn founded(folder: &Path) {
    // Rows of ages like these are no longer taken by an import once their retention is declared.
    found_centre(folder, &format!("{PEOPLE_METRIC}{}", FEEDS.replace("retention = ", "# retention = ")), CROWDED_RULES);
    // A comment hides the declarations for now, which is a warning and no mistake.
    for (number, feed) in ["cameras", "counters", "dispatch"].into_iter().enumerate() {
        let feed_number = number as i64 + 1;
        let lines: Vec<_> = ages().map(|days| people(feed_number, days)).collect();
        import(folder, feed, &written(folder, &format!("{feed}.ndjson"), &lines));
    }
    let more: Vec<_> = ages().flat_map(|days| [incident(days, 1), incident(days, 2), answer(days)]).collect();
    import(folder, "cameras", &written(folder, "more.ndjson", &more));
    run(vigie().args(["history", "compact", "--data"]).arg(folder.join("data")), 0);
    found_centre(folder, &format!("{PEOPLE_METRIC}{FEEDS}"), CROWDED_RULES);
}

/// Fails unless the values of a column in all data files of a table on disk, whoever names them, are these; read by Python, which
/// shares no code with Vigie.
fn assert_on_disk(folder: &Path, table: &str, column: &str, expected: &BTreeSet<String>) {
    let Some(python) = python("what is in the files of history") else { return };
    let table = folder.join("data/history").join(table);
    let said = run(Command::new(python).args(["-c", VALUES]).arg(table).arg(column), 0);
    let values: BTreeSet<String> = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(values, *expected);
}

/// Values of all rows of the other feeds, and of those of cameras that are so many days old.
fn expected(of_cameras: impl Fn(i64) -> bool) -> BTreeSet<String> {
    let of = |feed: i64, days: i64| format!("{}.0", feed * 10_000 + days);
    let others = ages().flat_map(|days| [of(2, days), of(3, days)]);
    ages().filter(|days| of_cameras(*days)).map(|days| of(1, days)).chain(others).collect()
}

fn is_kept(days: i64) -> bool {
    days < 10
}

fn observations_deleted(certificate: &Value) -> u64 {
    certificate["tables"][0]["rows_deleted"].as_u64().unwrap()
}

#[test]
fn rows_go_from_every_file_and_do_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    founded(folder);
    assert_on_disk(folder, "observations", "value", &expected(|_| true));
    let history = || -> Vec<_> { fs::read_dir(folder.join("data/history/observations/_delta_log")).unwrap().collect() };
    let entries_before = history().len();
    let dry = certificate(folder, &["--dry-run"]);
    assert_eq!(history().len(), entries_before);
    assert_on_disk(folder, "observations", "value", &expected(|_| true));
    let certificate_ = certificate(folder, &[]);
    assert_eq!((&dry["rows_deleted"], &dry["dry_run"]), (&certificate_["rows_deleted"], &json!(true)));
    // Of the days those that are ten local days old or older: 21. Incidents have two versions.
    assert_eq!(certificate_["rows_deleted"], 21 + 2 * 21 + 21, "{certificate_}");
    assert_eq!(certificate_["feeds_without_limit"], json!(["dispatch"]));
    let of_cameras = &certificate_["tables"][0]["feeds"][0];
    assert_eq!(of_cameras["feed"], "cameras");
    assert_eq!(of_cameras["newest_date"], format_utc(ago_ms(10))[..10]);
    assert_eq!(of_cameras["oldest_date"], format_utc(ago_ms(30))[..10]);
    assert_on_disk(folder, "observations", "value", &expected(is_kept));
    let cases: BTreeSet<_> = ages().filter(|days| is_kept(*days)).map(|days| format!("camera-case-{days}")).collect();
    assert_on_disk(folder, "incidents", "id", &cases);
    assert_on_disk(
        folder,
        "perceptions",
        "id",
        &ages().filter(|days| is_kept(*days)).map(|days| format!("answer-{days}")).collect(),
    );
    let data = folder.join("data");
    assert_eq!(count(&data, "SELECT count(*) FROM observations"), 8 + 29 + 29);
    assert_eq!(count(&data, "SELECT count(*) FROM observations WHERE feed = 'cameras'"), 8);
    assert_eq!(count(&data, "SELECT count(*) FROM incidents"), 2 * 8);
    let again = import(folder, "cameras", &folder.join("cameras.ndjson"));
    assert_eq!(
        (&again["taken"], &again["duplicates"], &again["retention"]),
        (&json!(0), &json!(8), &json!(21)),
        "{again}"
    );
    assert_on_disk(folder, "observations", "value", &expected(is_kept));
    let said = verify(folder, 0);
    assert!(said.contains("retention: whole; 1 certificate, 0 steps of holds"), "{said}");
    let filed = fs::read_dir(data.join("retention/certificates")).unwrap().next().unwrap().unwrap().path();
    let altered = fs::read_to_string(&filed).unwrap().replacen("21", "20", 1);
    fs::write(&filed, altered).unwrap();
    let said = verify(folder, 1);
    assert!(said.contains("is not the certificate that was filed"), "{said}");
}

#[test]
fn a_hold_freezes_its_slice_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    founded(folder);
    let (from, to) = (format_utc(ago_ms(20) - DAY_MS / 2), format_utc(ago_ms(15) - DAY_MS / 2));
    let words = ["add", "--from", &from, "--to", &to, "--space", "plaza", "--requester", "Court of Appeal"];
    let words = [&words[..], &["--reference", "26/1234", "--reason", "evidence"]].concat();
    assert!(hold(folder, &words, 0).contains("hold h1 is in force"));
    assert!(hold(folder, &["list"], 0).contains("h1: in force until it is released"));
    let held = certificate(folder, &[]);
    assert_eq!(observations_deleted(&held), 21 - 5, "{held}");
    assert_eq!(held["tables"][0]["feeds"][0]["held_by"], json!({"h1": 5}));
    assert_eq!(held["holds"][0]["reference"], "26/1234");
    assert_on_disk(folder, "observations", "value", &expected(|days| is_kept(days) || (16..=20).contains(&days)));
    let release = ["release", "h1", "--requester", "Court of Appeal", "--reason", "case closed"];
    assert!(hold(folder, &release, 0).contains("hold h1 is released"));
    assert!(hold(folder, &release, 1).contains("was released before"));
    assert!(hold(folder, &["release", "h2", "--requester", "x", "--reason", "y"], 1).contains("there is no hold 'h2'"));
    assert_eq!(observations_deleted(&certificate(folder, &[])), 5);
    assert_on_disk(folder, "observations", "value", &expected(is_kept));
    let listed: Value = serde_json::from_str(&hold(folder, &["list", "--format", "json"], 0)).unwrap();
    assert_eq!(listed[0]["release"]["reason"], "case closed", "a release is recorded, never erased");
    let said = verify(folder, 0);
    assert!(said.contains("retention: whole; 2 certificates, 2 steps of holds"), "{said}");
    let holds = folder.join("data/retention/holds.jsonl");
    fs::write(&holds, fs::read_to_string(&holds).unwrap().replace("Appeal", "Appeals")).unwrap();
    assert!(verify(folder, 1).contains("a hold that the audit log tells of is altered or gone"));
}

#[test]
fn a_server_does_it_once_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    founded(folder);
    let server = Running::start(serve(folder));
    // Rows go at once, their files an hour later: a query that began before may read them until then.
    let all = "SELECT count(*) FROM observations WHERE feed = 'cameras'";
    wait_until("the daily run", || (count(&folder.join("data"), all) == 8).then_some(()));
    let busy = retention(folder, &[], 3);
    assert!(text(&busy.stderr).contains("is in use by the server"), "{busy:?}");
    let words = ["add", "--requester", "DPO", "--reference", "7", "--reason", "complaint"];
    assert!(hold(folder, &words, 0).contains("hold h1 is in force"), "also beside a server");
    assert_eq!(server.interrupt(), Some(0));
    assert_on_disk(folder, "observations", "value", &expected(|_| true));
    let said = retention(folder, &[], 0);
    assert!(text(&said.stderr).contains("finished and filed the run of"), "{said:?}");
    assert_on_disk(folder, "observations", "value", &expected(is_kept));
    // It began today, so the next server has nothing to do.
    let server = Running::start(serve(folder));
    assert_eq!(server.interrupt(), Some(0));
    let said = verify(folder, 0);
    assert!(said.contains("retention: whole; 2 certificates, 1 step of holds"), "{said}");
}

#[test]
fn a_log_that_keeps_more_than_history_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let checked = |log: &str, warns: &str| {
        found_centre(folder.path(), &format!("{PEOPLE_METRIC}{FEEDS}{log}"), CROWDED_RULES);
        let said = run(vigie().args(["check", "--config"]).arg(folder.path().join("vigie.toml")), 0);
        let said = text(&said.stderr);
        assert_eq!((said.contains("the log keeps"), said.contains(warns)), (!warns.is_empty(), true), "{said}");
    };
    checked("", "");
    checked("[log]\nmax_age = \"240h\"\n", "");
    checked("[log]\nmax_age = \"241h\"\n", "longer by 'max_age' than feed 'cameras' is kept in history");
    checked("[log]\nsnapshot_every = \"off\"\n", "keeps all records while 'snapshot_every' is \"off\"");
}
