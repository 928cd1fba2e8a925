//! Reports from the real binary over real data: written, made again, and held against history.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{project, run, text, vigie};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Melbourne's March 2017 in a data folder.
fn replayed(data: &Path) {
    let city = project().join("configs/melbourne");
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(city.join("vigie.toml"));
    replay.arg("--input").arg(city.join("pedestrian_03_2017.csv")).arg("--data").arg(data);
    run(&mut replay, 0);
}

fn report(data: &Path) -> Command {
    let mut report = vigie();
    report.args(["report", "shift", "--data"]).arg(data);
    report
}

/// A page without the line that says when it was made.
fn timeless(page: &str) -> String {
    let mut parts = page.split("\"made_at\":\"");
    let (head, tail) = (parts.next().unwrap(), parts.next().unwrap());
    let (made_at, rest) = tail.split_once('"').unwrap();
    format!("{head}{rest}").replace(made_at, "")
}

#[test]
fn a_shift_is_reported_made_again_and_held_against_history() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    replayed(&data);
    let (first, again, french) =
        (folder.path().join("1.html"), folder.path().join("2.html"), folder.path().join("3.html"));
    let shift = ["--from", "2017-03-11T14:00:00+11:00", "--to", "2017-03-11T22:00:00+11:00"];
    let said = run(report(&data).args(shift).arg("--output").arg(&first), 0);
    assert!(text(&said.stdout).starts_with("Alerts opened: "), "{}", text(&said.stdout));
    run(report(&data).args(shift).arg("--output").arg(&again), 0);
    run(report(&data).args(shift).args(["--lang", "fr"]).arg("--output").arg(&french), 0);

    let pages = [&first, &again, &french].map(|path| fs::read_to_string(path).unwrap());
    assert_eq!(timeless(&pages[0]), timeless(&pages[1]));
    assert!(pages[0].contains("Birrarung Marr") && pages[0].contains("11 March 2017, 14:00"));
    assert!(pages[2].contains("Rapport de vacation") && pages[2].contains("11 mars 2017 à 14:00"));

    let same = run(report(&data).arg("--check").arg(&first), 0);
    assert!(text(&same.stdout).starts_with("the same: 7 questions"), "{}", text(&same.stdout));
}

#[test]
fn a_report_over_other_data_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    replayed(&data);
    let page = folder.path().join("report.html");
    run(report(&data).arg("--output").arg(&page), 0);
    let other = folder.path().join("other");
    let city = project().join("configs/melbourne-2015");
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(city.join("vigie.toml")).arg("--input");
    replay.arg(city.join("sample/tsibble_pedestrian_2015-2016.csv")).arg("--data").arg(&other);
    run(&mut replay, 0);
    let differs = run(report(&other).arg("--check").arg(&page), 1);
    assert!(text(&differs.stderr).contains("questions are answered otherwise"), "{}", text(&differs.stderr));
}

#[test]
fn mistakes_are_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("nothing");
    let none = run(report(&empty).arg("--output").arg(folder.path().join("x.html")), 3);
    assert!(text(&none.stderr).contains("holds no history; run `vigie demo`"), "{}", text(&none.stderr));
    let data = folder.path().join("data");
    replayed(&data);
    let swapped = ["--from", "2017-03-12T00:00:00+11:00", "--to", "2017-03-11T00:00:00+11:00"];
    let refused = run(report(&data).args(swapped), 2);
    assert!(text(&refused.stderr).contains("the span is empty"), "{}", text(&refused.stderr));
    let page = folder.path().join("page.html");
    fs::write(&page, "<html></html>").unwrap();
    let foreign = run(report(&data).arg("--check").arg(&page), 2);
    assert!(text(&foreign.stderr).contains("expected a file that `vigie report` wrote"), "{}", text(&foreign.stderr));
}

/// A city of which the truth is known, two years of it, in a data folder: its incidents alone, as they are what a measure changes.
fn city_with_a_measure(folder: &Path) -> serde_json::Value {
    let at = |name: &str| folder.join(name);
    let city = ["simulate", "city", "--spaces", "20", "--days", "728", "--seed", "11", "--out"];
    run(vigie().args(city).arg(folder), 0);
    let events = fs::read_to_string(at("events.ndjson")).unwrap();
    let incidents: Vec<&str> = events.lines().filter(|line| line.contains(r#""type":"incident""#)).collect();
    fs::write(at("incidents.ndjson"), incidents.join("\n") + "\n").unwrap();
    let mut replay = vigie();
    replay.args(["replay", "--json", "--config"]).arg(at("vigie.toml")).arg("--input").arg(at("incidents.ndjson"));
    run(replay.arg("--data").arg(at("data")), 0);
    serde_json::from_slice(&fs::read(at("truth.json")).unwrap()).unwrap()
}

/// The cells of a table's row, by its first.
fn cells(page: &str, first: &str) -> Vec<String> {
    let (_, row) = page.split_once(&format!("<td>{first}</td>")).unwrap_or_else(|| panic!("no row '{first}'"));
    let (row, _) = row.split_once("</tr>").unwrap();
    row.split("</td>").filter_map(|cell| Some(cell.rsplit_once('>')?.1.to_owned())).collect()
}

/// `−41% (−52 to −27%)` as ratios: 0.59, 0.48, 0.73.
fn ratios(change: &str) -> Vec<f64> {
    let numbers = change.replace('\u{2212}', "-").replace(['(', ')', '%'], " ");
    let percents = numbers.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    percents.map(|percent| 1.0 + percent / 100.0).collect()
}

#[test]
fn a_measure_is_told_as_it_was_planted() {
    let folder = tempfile::tempdir().unwrap();
    let truth = city_with_a_measure(folder.path());
    let data = folder.path().join("data");
    let (planted, day) = (&truth["measure"], &truth["measure"]["from"].as_str().unwrap()[..10]);
    let spaces: Vec<&str> = planted["spaces"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let measure = format!("Lamps={}@{day}", spaces.join(","));
    let made = |lang: &str, file: &Path| {
        let mut report = vigie();
        report.args(["report", "perception", "--lang", lang, "--measure", &measure]);
        report.args(["--measure", "Benches=nowhere@2025-01-01", "--data"]).arg(&data);
        text(&run(report.arg("--output").arg(file), 0).stdout)
    };
    let (english, french) = (folder.path().join("en.html"), folder.path().join("fr.html"));
    let said = made("en", &english);
    assert!(said.contains("Lamps, from 31 December 2025: "), "{said}");
    assert!(said.contains("Benches, from 1 January 2025: the data do not support a statement"), "{said}");
    let page = fs::read_to_string(&english).unwrap();
    let ratio = planted["rate_ratio"].as_f64().unwrap();
    let nights = cells(&page, "the same, by night");
    for found in [ratios(&nights[2]), ratios(&nights[3])] {
        assert!(found.len() == 3 && found[1] <= ratio && ratio <= found[2], "{ratio} planted, {found:?} found");
    }
    assert!(ratios(&nights[3])[2] < 1.0, "against all other spaces the fall is beyond chance: {nights:?}");
    // All other spaces had nothing planted.
    let untouched = ratios(&cells(&page, "All other spaces")[2]);
    assert!(untouched[1] <= 1.0 && 1.0 <= untouched[2], "{untouched:?}");
    assert!(page.contains(" full weeks before the measure and "), "coverage is shown");
    assert!(page.contains("--measure &#39;Lamps="), "the command makes it again");

    assert!(page.contains("No space has the id nowhere"));

    made("fr", &french);
    let page = fs::read_to_string(&french).unwrap();
    assert!(page.contains("Avant et après : Lamps, à partir du 31 décembre 2025"));

    let check = |file: &Path, code| {
        let mut check = vigie();
        run(check.args(["report", "perception", "--data"]).arg(&data).arg("--check").arg(file), code)
    };
    let same = text(&check(&french, 0).stdout);
    assert!(same.starts_with("the same: made again as of"), "{same}");
    fs::write(&french, page.replacen("Lamps", "Lampes", 1)).unwrap();
    let differs = text(&check(&french, 1).stderr);
    assert!(differs.contains("is not what the same command makes of history now"), "{differs}");
}
