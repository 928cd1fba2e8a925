//! The dashboards of `configs/grafana`, as Grafana would ask them: every query of every file, with variables and macros
//! expanded, through the Postgres wire of a real server with rows in it. Grafana itself is not run.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod wire;

use common::{CROWDED_RULES, PEOPLE_METRIC, Running, found_centre, now_ms, project, serve, verifier, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use vigie_model::time::{format_utc, parse_rfc3339_ms};
use wire::{Answer, Client};

const PASSWORD: &str = "correct horse battery staple";
const HOUR_MS: i64 = 3_600_000;
/// Seconds between two points of a graph, as Grafana would choose for some hundred pixels.
const INTERVAL_S: u64 = 1_800;

/// Ids of types that a panel can draw, and of those it takes for a time.
const NUMBERS: [u32; 6] = [20, 21, 23, 700, 701, 1700];
const TIMES: [u32; 2] = [1114, 1184];
const TEXT: u32 = 25;

/// What a reader has chosen to look at.
#[derive(Clone, Copy)]
struct Range {
    from_ms: i64,
    to_ms: i64,
}

struct Served {
    running: Running,
    /// Three days up to an hour from now.
    range: Range,
    _folder: tempfile::TempDir,
}

impl Served {
    /// Two days of two spaces: people each quarter of an hour, with alerts, one of which is acknowledged; incidents; answers to
    /// a survey.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let user = format!(
            "[sql.postgres]\nlisten = \"127.0.0.1:0\"\n[[sql.postgres.users]]\nname = \"grafana\"\nverifier = \"{}\"\n\
             spaces = \"all\"\n",
            verifier(PASSWORD)
        );
        found_centre(folder.path(), &[PEOPLE_METRIC, &user].concat(), CROWDED_RULES);
        let running = Running::start(serve(folder.path()));
        // The last of them is an hour ago.
        let begin_ms = now_ms() / HOUR_MS * HOUR_MS - 49 * HOUR_MS;
        let range = Range { from_ms: begin_ms - 22 * HOUR_MS, to_ms: begin_ms + 51 * HOUR_MS };
        let mut events = Vec::new();
        for quarter in 0..192 {
            let time = begin_ms + quarter * HOUR_MS / 4;
            for (space, people) in [("town-hall", quarter % 48 * 3), ("city-square", 20 + quarter % 5)] {
                // The second space's counter is silent for an hour.
                if space == "town-hall" || quarter / 4 != 30 {
                    events.push(json!({"space": space, "sensor": format!("{space}-1"), "metric": "people_count",
                        "value": people, "time": time}));
                }
            }
        }
        for (number, space) in ["town-hall", "town-hall", "town-hall", "city-square"].into_iter().enumerate() {
            events.push(json!({"type": "incident", "id": format!("i{number}"), "space": space, "category": "theft",
                "severity": "low", "channel": "app", "time": begin_ms + (10 + i64::try_from(number).unwrap()) * HOUR_MS}));
        }
        for (space, period, unsafe_people) in [
            ("town-hall", "night", 60),
            ("town-hall", "day", 20),
            ("city-square", "night", 30),
            ("city-square", "day", 10),
        ] {
            events.push(
                json!({"type": "perception", "id": format!("{space}-{period}"), "space": space, "wave": "2026",
                "question": "safe-alone", "period": period, "n": 200, "unsafe": unsafe_people,
                "time": begin_ms + 9 * HOUR_MS}),
            );
        }
        let (status, said) = running.post_json("/v1/events", &json!(events));
        assert_eq!((status, &said["rejected"]), (200, &json!([])), "{said}");
        let served = Self { running, range, _folder: folder };
        served.acknowledge();
        served
    }

    /// Acknowledges the first alert there is.
    fn acknowledge(&self) {
        let id = wait_until("an alert", || {
            let alerts: Value = serde_json::from_str(&self.running.get("/v1/alerts").1).unwrap();
            alerts[0]["alert_id"].as_str().map(str::to_owned)
        });
        let body = json!({"operator": "Ada"});
        let (status, said) = self.running.post_json(&format!("/v1/alerts/{id}/acknowledge"), &body);
        assert_eq!(status, 200, "{said}");
    }

    fn client(&self) -> Client {
        Client::sign_in(self.running.postgres(), "grafana", PASSWORD).unwrap()
    }
}

/// Values of a dashboard's variables.
type Variables = BTreeMap<String, String>;

/// A statement as Grafana sends it: its variables first, then what all data sources of SQL know, then the macros of the one
/// for PostgreSQL (docs "PostgreSQL query editor", section "Macros").
fn expanded(sql: &str, variables: &Variables, Range { from_ms, to_ms }: Range) -> String {
    let (from, to) = (format_utc(from_ms), format_utc(to_ms));
    let mut sql = sql.to_owned();
    for (name, value) in variables {
        sql = sql.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    for (name, value) in [
        ("$__interval_ms", (INTERVAL_S * 1_000).to_string()),
        ("$__interval", format!("{}m", INTERVAL_S / 60)),
        ("$__unixEpochFrom()", (from_ms / 1_000).to_string()),
        ("$__unixEpochTo()", (to_ms / 1_000).to_string()),
        ("$__timeFrom()", format!("'{from}'")),
        ("$__timeTo()", format!("'{to}'")),
        ("${__from}", from_ms.to_string()),
        ("${__to}", to_ms.to_string()),
    ] {
        sql = sql.replace(name, &value);
    }
    while let Some(at) = sql.find("$__") {
        let (before, macro_call) = sql.split_at(at);
        let (name, rest) = macro_call.split_once('(').unwrap_or_else(|| panic!("no macro: {macro_call}"));
        // As in Grafana, arguments of a macro end at the first bracket.
        let (arguments, behind) = rest.split_once(')').unwrap();
        let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
        let grouped = |seconds: u64| format!("floor(extract(epoch from {})/{seconds})*{seconds}", arguments[0]);
        let text = match name {
            "$__time" => format!("{} AS \"time\"", arguments[0]),
            "$__timeFilter" => format!("{} BETWEEN '{from}' AND '{to}'", arguments[0]),
            "$__timeGroup" if !behind.starts_with(',') => grouped(seconds(arguments[1])),
            "$__timeGroup" | "$__timeGroupAlias" => format!("{} AS \"time\"", grouped(seconds(arguments[1]))),
            other => panic!("{other} is a macro that this test does not know"),
        };
        sql = format!("{before}{text}{behind}");
    }
    assert!(!sql.contains('$'), "something is not expanded: {sql}");
    sql
}

/// An interval of Grafana, as in `'1h'`.
fn seconds(interval: &str) -> u64 {
    let text = interval.trim_matches('\'');
    let (number, unit) = text.split_at(text.len() - 1);
    number.parse::<u64>().unwrap() * BTreeMap::from([("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)])[unit]
}

#[test]
fn macros_expand_as_grafana_documents_them() {
    let variables = Variables::from([("rule".to_owned(), "'a','b'".to_owned())]);
    let at = |text| parse_rfc3339_ms(text).unwrap();
    let range = Range { from_ms: at("2026-02-28T12:00:00Z"), to_ms: at("2026-03-03T12:00:00Z") };
    for (sql, expected) in [
        ("$__timeFilter(hour)", "hour BETWEEN '2026-02-28T12:00:00Z' AND '2026-03-03T12:00:00Z'".to_owned()),
        ("$__timeGroup(t,'1h')", "floor(extract(epoch from t)/3600)*3600".to_owned()),
        ("$__timeGroup(t, $__interval), x", "floor(extract(epoch from t)/1800)*1800 AS \"time\", x".to_owned()),
        ("$__timeGroupAlias(t,5m)", "floor(extract(epoch from t)/300)*300 AS \"time\"".to_owned()),
        ("rule IN ($rule) OR rule IN (${rule})", "rule IN ('a','b') OR rule IN ('a','b')".to_owned()),
        ("$__unixEpochTo() - $__unixEpochFrom()", "1772539200 - 1772280000".to_owned()),
    ] {
        assert_eq!(expanded(sql, &variables, range), expected);
    }
}

/// The dashboards by file name.
fn dashboards() -> Vec<(String, Value)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(project().join("configs/grafana/dashboards"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |file: PathBuf| {
        let dashboard = serde_json::from_str(&std::fs::read_to_string(&file).unwrap());
        (
            file.file_stem().unwrap().to_string_lossy().into_owned(),
            dashboard.unwrap_or_else(|error| panic!("{file:?}: {error}")),
        )
    };
    files.into_iter().map(read).collect()
}

/// Values of the variables: of one that may have several all there are, quoted as Grafana does, of another the first.
fn variables(client: &mut Client, dashboard: &Value) -> Variables {
    let list = dashboard["templating"]["list"].as_array().unwrap();
    let value = |variable: &Value| {
        let answer = client.simple(variable["query"].as_str().unwrap());
        assert!(answer.error.is_none() && !answer.rows.is_empty(), "{variable}: {answer:?}");
        let values: Vec<String> = answer.rows.iter().map(|row| row[0].clone().unwrap().replace('\'', "''")).collect();
        let all = values.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(",");
        let value = if variable["multi"] == true { all } else { values[0].clone() };
        (variable["name"].as_str().unwrap().to_owned(), value)
    };
    list.iter().map(value).collect()
}

/// Whether a panel of this kind can show an answer; why not otherwise.
fn unfit(kind: &str, format: &str, answer: &Answer) -> Option<String> {
    let is = |ids: &[u32]| answer.types.iter().any(|id| ids.contains(id));
    let time = answer.columns.iter().position(|name| name == "time").map(|index| answer.types[index]);
    if answer.rows.is_empty() {
        return Some("there are no rows".to_owned());
    }
    if format == "time_series" {
        // A time, or seconds since 1970; besides it numbers to draw, and texts to name lines by.
        if !time.is_some_and(|id| TIMES.contains(&id) || NUMBERS.contains(&id)) {
            return Some("there is no time".to_owned());
        }
        let drawn = answer.columns.iter().zip(&answer.types).filter(|(name, _)| *name != "time");
        let (mut numbers, mut others) = (0, Vec::new());
        for (name, id) in drawn {
            match NUMBERS.contains(id) {
                true => numbers += 1,
                false if *id == TEXT => {}
                false => others.push(name),
            }
        }
        return (numbers == 0 || !others.is_empty()).then(|| format!("{numbers} numbers, and {others:?}"));
    }
    match kind {
        "timeseries" => Some("a graph over time wants time series".to_owned()),
        "stat" if answer.rows.len() != 1 || !is(&NUMBERS) => Some("one row with a number was expected".to_owned()),
        "stat" if answer.rows[0][0].is_none() => Some("the number is null".to_owned()),
        "barchart" if answer.types[0] != TEXT || !is(&NUMBERS) => Some("a text and numbers were expected".to_owned()),
        "annotation" if !time.is_some_and(|id| TIMES.contains(&id)) => Some("there is no time".to_owned()),
        "annotation" if !answer.columns.iter().any(|name| name == "text") => Some("there is no text".to_owned()),
        _ => None,
    }
}

#[test]
fn every_query_of_every_dashboard_gives_what_its_panel_needs() {
    let served = Served::start();
    let mut client = served.client();
    let (mut asked, mut wrong) = (0, String::new());
    for (file, dashboard) in dashboards() {
        let variables = variables(&mut client, &dashboard);
        let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
        let annotations =
            annotations.map(|annotation| ("annotation", annotation["name"].clone(), annotation["target"].clone()));
        let panels = dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| {
            let kind = panel["type"].as_str().unwrap();
            panel["targets"]
                .as_array()
                .unwrap()
                .iter()
                .map(move |target| (kind, panel["title"].clone(), target.clone()))
        });
        for (kind, title, target) in annotations.chain(panels) {
            assert_eq!(target["datasource"]["uid"], "vigie", "{file}: {title}");
            let written = target["rawSql"].as_str().unwrap();
            // Of years of observations, only the dates that a reader looks at.
            assert!(!written.contains("FROM coverage") || written.contains("$__timeFilter(hour)"), "{file}: {title}");
            let sql = expanded(written, &variables, served.range);
            let answer = client.simple(&sql);
            let said = match &answer.error {
                Some(error) => Some(format!("{error:?}")),
                None => unfit(kind, target["format"].as_str().unwrap(), &answer),
            };
            if let Some(said) = said {
                wrong.push_str(&format!("{file}, {title}: {said}\n{sql}\n\n"));
            }
            asked += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(asked >= 30, "{asked} queries");
}

/// Panels of a dashboard lie beside each other, and files and data source agree on names.
#[test]
fn dashboards_and_provisioning_fit_together() {
    let folder = project().join("configs/grafana/provisioning");
    let source = std::fs::read_to_string(folder.join("datasources/vigie.yaml")).unwrap();
    for line in ["uid: vigie", "type: grafana-postgresql-datasource", "sslmode: verify-full", "database: vigie"] {
        assert!(source.lines().any(|found| found.trim() == line), "no '{line}' in the data source");
    }
    let mut uids = std::collections::BTreeSet::new();
    for (file, dashboard) in dashboards() {
        assert!(uids.insert(dashboard["uid"].as_str().unwrap().to_owned()), "{file}: its uid is taken");
        let place = |panel: &Value, part: &str| panel["gridPos"][part].as_u64().unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        for (index, one) in panels.iter().enumerate() {
            assert!(place(one, "x") + place(one, "w") <= 24, "{file}: {} is too wide", one["title"]);
            for other in &panels[index + 1..] {
                let apart = |at: &str, size: &str| {
                    place(one, at) + place(one, size) <= place(other, at)
                        || place(other, at) + place(other, size) <= place(one, at)
                };
                assert!(apart("x", "w") || apart("y", "h"), "{file}: {} lies over {}", one["title"], other["title"]);
            }
        }
    }
}
