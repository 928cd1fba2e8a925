//! What the commands answer when something is wrong, and what their help teaches.

mod common;

use common::{count, last_json, project, run, text, vigie};

#[test]
fn the_demo_configuration_is_fine() {
    let mut check = vigie();
    check.args(["check", "--config"]).arg(project().join("configs/melbourne/vigie.toml"));
    let said = text(&run(&mut check, 0).stdout);
    assert!(said.contains("fine (43 spaces, 1 rule file"), "{said}");
    assert!(said.contains("; rules are judged on ") && said.contains(" thread"), "{said}");
}

#[test]
fn every_configuration_shipped_is_fine() {
    for entry in std::fs::read_dir(project().join("configs")).unwrap() {
        let config = entry.unwrap().path().join("vigie.toml");
        if !config.is_file() {
            continue; // rules alone
        }
        run(vigie().args(["check", "--config"]).arg(&config), 0);
    }
}

#[test]
fn sql_without_history_says_where_history_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let said = text(&run(vigie().args(["sql", "SELECT 1", "--data"]).arg(folder.path()), 3).stderr);
    assert!(said.contains("holds no history; run `vigie demo`"), "{said}");
}

#[test]
fn sql_help_and_description_need_no_data() {
    let help = text(&run(vigie().args(["sql", "--help"]), 0).stdout);
    assert_eq!(help.matches("SELECT").count().min(6), 6, "{help}");
    let tables = text(&run(vigie().args(["sql", "--describe"]), 0).stdout);
    for table in ["observations", "incidents", "perceptions", "alerts", "actions", "spaces"] {
        assert!(tables.contains(table), "{tables}");
    }
    run(vigie().args(["sql", "--describe", "nonsense"]), 2);
}

#[test]
fn a_replay_repeated_into_the_same_folder_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let melbourne = project().join("configs/melbourne");
    let replay = || {
        let mut replay = vigie();
        replay.args(["replay", "--json"]).arg("--config").arg(melbourne.join("vigie.toml"));
        replay.arg("--input").arg(melbourne.join("pedestrian_03_2017.csv")).arg("--data").arg(folder.path());
        last_json(&run(&mut replay, 0))
    };
    let tables = ["observations", "alerts", "spaces"];
    let rows = || tables.map(|table| count(folder.path(), &format!("SELECT count(*) FROM {table}")));
    let first = replay();
    let stored = rows();
    assert_eq!(first["accepted"], stored[0]);
    assert!(stored[1] > 0);
    assert_eq!(replay()["digest"], first["digest"]);
    assert_eq!(rows(), stored);
}

#[test]
fn an_unreadable_input_is_an_error_of_data() {
    let melbourne = project().join("configs/melbourne");
    let mut replay = vigie();
    replay.args(["replay", "--input", "nowhere.csv", "--config"]).arg(melbourne.join("vigie.toml"));
    let said = text(&run(&mut replay, 3).stderr);
    assert!(said.contains("nowhere.csv"), "{said}");
}
