//! Rules that change while the server runs, under load and across a kill: what was not changed goes on as if nothing had
//! happened, what was changed ends or goes on as `docs/rules.md` says, and a broken file changes nothing.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod crash;

use common::{CONFIG, count, run, vigie, wait_until};
use crash::audit::{assert_same, audit};
use crash::dice::Dice;
use crash::http::Connection;
use crash::load::{Load, Progress};
use crash::server::Server;
use crash::stream::{Follower, Shown};
use crash::surviving::{judge, row};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use vigie_model::alert::{AlertState, reason, rule_uid};
use vigie_model::record::{Payload, Record};

/// Few, so that a test that waits for files does not fill the disk meanwhile.
const EVENTS_PER_REQUEST: u64 = 3;
/// Requests that must be answered between two changes.
const REQUESTS_BETWEEN: u64 = 60;
/// What a server says when changed files are in force, and when they are not because of mistakes.
const IN_FORCE: &str = "the changed files are in force";
const REFUSED: &str = "the changed files have mistakes";

/// Rules that nobody touches: every kind of timer runs in them all the time.
const FIXED: &str = "\
groups:
- name: fixed
  rules:
  - {alert: Loud, kind: threshold, metric: noise_dba, per: sensor, raise: 'value >= 80', clear: 'value < 60', for: 300ms, keep_firing_for: 200ms, stale_after: 1h}
  - {alert: Crowded, kind: threshold, metric: people_count, per: space, agg: sum, raise: 'value >= 100', clear: 'value < 70', for: 300ms, stale_after: 900ms}
  - {alert: Flowing, kind: window, metric: flow, per: space, window: 4s, every: 1s, agg: mean, raise: 'value > 50', clear: 'value < 45'}
  - {alert: Thefts, kind: window, incident: 'incident.category == \"theft\"', window: 3s, every: 1s, agg: count, raise: 'value >= 2'}
  - {alert: Silent, kind: absence, metric: heartbeat, per: node, for: 1200ms}
  - {alert: Surging, kind: change, metric: flow, per: space, over: 2s, every: 1s, raise: 'value > 15', clear: 'value < 5', escalate: {after: 500ms, severity: critical}}
  - {alert: Agreed, kind: k_of_n, metric: noise_dba, k: 2, within: 400ms, match: 'value >= 85', keep_firing_for: 300ms}
  - {alert: Unrest, kind: sequence, steps: [{metric: noise_dba, match: 'value >= 88'}, {incident: 'incident.category == \"theft\"'}], within: 2s, without: {metric: people_count, match: 'value > 68'}, keep_firing_for: 1s}
  - {alert: Both, kind: all_of, of: [Loud, Flowing]}
  - {alert: Either, kind: any_of, of: [Crowded, Thefts], inhibited_by: Loud}
  - {alert: Spreading, kind: spread, of: Agreed, k: 2, within: 2s, among: district}
  - {alert: Creeping, kind: spread, of: Loud, k: 2, within: 1s, among: adjacent}
";
const FIXED_RULES: [&str; 12] = [
    "Loud",
    "Crowded",
    "Flowing",
    "Thefts",
    "Silent",
    "Surging",
    "Agreed",
    "Unrest",
    "Both",
    "Either",
    "Spreading",
    "Creeping",
];

/// Rules that change: `Heard` has open episodes from the first noise on, `Swinging` comes and goes.
const CHANGING: &str = "\
groups:
- name: changing
  rules:
  - {alert: Heard, kind: threshold, metric: noise_dba, per: space, raise: 'value >= 0', stale_after: 1h}
  - {alert: Swinging, kind: threshold, metric: noise_dba, per: sensor, raise: 'value >= 80', clear: 'value < 60', for: 100ms, keep_firing_for: 100ms, stale_after: 1h}
";
const MORE: &str = "\
groups:
- name: more
  rules:
  - {alert: Busy, kind: window, metric: people_count, per: space, window: 5s, every: 1s, agg: max, raise: 'value >= 0'}
";

fn found(folder: &Path) {
    let config =
        CONFIG.replace("rules.yaml", "rules/*.yaml").replace("[spaces]", "[spaces]\nfile = \"spaces.geojson\"");
    let config = config + "[log]\nmax_mib = 256\n";
    let squares = (0..4).flat_map(|sender| (0..3).map(move |square| (sender, square)));
    let feature = |(sender, square)| {
        let (id, next) = (format!("square-{sender}-{square}"), format!("square-{sender}-{}", (square + 1) % 3));
        let district = format!("district {}", sender % 2);
        json!({"type": "Feature", "properties": {"id": id, "district": district, "adjacent": [next]}, "geometry": null})
    };
    let squares: Vec<_> = squares.map(feature).collect();
    let squares = json!({"type": "FeatureCollection", "features": squares});
    fs::write(folder.join("spaces.geojson"), squares.to_string()).unwrap();
    fs::write(folder.join("vigie.toml"), config).unwrap();
    fs::create_dir(folder.join("rules")).unwrap();
    write(folder, "fixed", FIXED);
    write(folder, "changing", CHANGING);
}

fn write(folder: &Path, name: &str, rules: &str) {
    fs::write(folder.join(format!("rules/{name}.yaml")), rules).unwrap();
}

fn ready(address: &str) -> (u16, String) {
    let mut answer = ureq::get(format!("http://{address}/readyz")).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn metric(address: &str, name: &str) -> f64 {
    let mut answer = ureq::get(format!("http://{address}/metrics")).call().unwrap();
    let metrics = answer.body_mut().read_to_string().unwrap();
    let line = metrics.lines().find(|line| line.split(' ').next() == Some(name)).unwrap_or_else(|| panic!("{metrics}"));
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Changes files under load and waits until the server says what became of them.
struct Changes<'a> {
    folder: &'a Path,
    server: &'a Server,
    address: &'a str,
    progress: &'a Progress,
    requests: u64,
    in_force: usize,
    refused: usize,
}

impl Changes<'_> {
    fn taken(&mut self, what: &str, change: impl FnOnce(&Path)) {
        change(self.folder);
        self.in_force += 1;
        self.wait(what);
        assert_eq!(ready(self.address), (200, "ok\n".to_owned()), "{what}");
    }

    fn refused(&mut self, what: &str, change: impl FnOnce(&Path)) -> String {
        change(self.folder);
        self.refused += 1;
        self.wait(what);
        let (status, said) = ready(self.address);
        assert_eq!(status, 200, "a broken file does not make the server unready: {said}");
        said
    }

    fn wait(&mut self, what: &str) {
        let heard = |needle| self.server.said().matches(needle).count();
        wait_until(what, || (heard(IN_FORCE) >= self.in_force && heard(REFUSED) >= self.refused).then_some(()));
        assert_eq!((heard(IN_FORCE), heard(REFUSED)), (self.in_force, self.refused), "{what}: {}", self.server.said());
        self.requests += REQUESTS_BETWEEN;
        self.progress.wait_answered(self.requests);
    }
}

#[test]
fn rules_change_under_load_and_only_what_changed_is_judged_anew() {
    let mut dice = Dice::seeded("reload", 20_260_411);
    let folder = tempfile::tempdir().unwrap();
    found(folder.path());
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut dice);
    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    let follower = Follower::start(&address).unwrap();
    load.run(&address, |progress| {
        progress.wait_answered(REQUESTS_BETWEEN);
        let (folder, server, address) = (folder.path(), &server, address.as_str());
        let requests = REQUESTS_BETWEEN;
        let mut changes = Changes { folder, server, address, progress, requests, in_force: 0, refused: 0 };
        changes.taken("other limits", |folder| write(folder, "changing", &CHANGING.replace(">= 80", ">= 84")));
        changes.taken("another hold", |folder| write(folder, "changing", &CHANGING.replace("for: 100ms", "for: 2s")));
        changes.taken("a new file", |folder| write(folder, "more", MORE));
        let version = metric(address, "vigie_rules_version");
        let said =
            changes.refused("a broken file", |folder| write(folder, "more", &MORE.replace("window,", "windou,")));
        assert!(said.starts_with("ok\nnote: ") && said.contains("more.yaml:4:") && said.contains("windou"), "{said}");
        assert_eq!(
            (metric(address, "vigie_rules_files_differ"), metric(address, "vigie_rules_version")),
            (1.0, version)
        );
        changes.taken("a mended file", |folder| write(folder, "more", &MORE.replace("5s", "4s")));
        assert_eq!(metric(address, "vigie_rules_files_differ"), 0.0);
        changes.taken("a file that goes", |folder| fs::remove_file(folder.join("rules/changing.yaml")).unwrap());
        changes.taken("and comes back", |folder| write(folder, "changing", CHANGING));
        assert_eq!(
            (metric(address, "vigie_rules_reloads_total"), metric(address, "vigie_rules_reload_failed_total")),
            (6.0, 1.0)
        );
        progress.enough();
    });
    assert_eq!(server.stop().code(), Some(0));
    let shown = follower.end();

    let data = folder.path().join("data");
    let audited = audit(&data, &load.acknowledged());
    assert_eq!(
        count(&data, "SELECT count(*) FROM actions WHERE action = 'rules_changed'"),
        1 + 6,
        "history tells them"
    );
    assert_eq!(shown.len(), audited.alerts.len(), "the stream shows every row once");
    check_untouched(&audited.records, &audited.alerts);
    check_changes(&audited.records);
    check_backtest(folder.path());
    let ended = |why: &str| audited.alerts.iter().filter(|alert| alert["reason"] == why).count();
    assert!(ended(reason::RULE_CHANGED) > 0 && ended(reason::RULE_DELETED) > 0);
    let uids: BTreeSet<_> = audited
        .alerts
        .iter()
        .filter(|alert| alert["rule"] == "Heard")
        .map(|alert| alert["rule_uid"].as_str().unwrap())
        .collect();
    let creation = |number| rule_uid("testville", "Heard", number);
    assert_eq!(uids, BTreeSet::from([creation(0).as_str(), creation(1).as_str()]));
}

/// A backtest by the rules of now says of those that nobody touched what the server said.
fn check_backtest(folder: &Path) {
    let mut command = vigie();
    command.args(["rules", "backtest", "--config", "vigie.toml", "--data", "data", "--json"]).current_dir(folder);
    let report: Value = serde_json::from_slice(&run(&mut command, 0).stdout).unwrap();
    let rules = report["rules"].as_array().unwrap().iter().filter(|rule| rule["compared"] == true);
    let compared: BTreeSet<_> = rules.map(|rule| rule["rule"].as_str().unwrap()).collect();
    assert_eq!(compared, BTreeSet::from(FIXED_RULES), "the others were changed, or came later");
    assert_eq!(report["production"]["identical"], true, "{:#}", report["production"]);
}

/// The rules that nobody touched have exactly the transitions they have when no rule ever changes.
fn check_untouched(records: &[Record], alerts: &[Value]) {
    let is_fixed = |name: &str| FIXED_RULES.contains(&name);
    let first = records.iter().position(|record| matches!(record.payload, Payload::Control(_))).unwrap();
    let unchanged = records
        .iter()
        .enumerate()
        .filter(|(at, record)| *at == first || !matches!(record.payload, Payload::Control(_)));
    let mut expected = Vec::new();
    judge(unchanged.map(|(_, record)| record), |record, transitions| {
        let of_fixed = transitions.iter().filter(|one| one.state.is_of_episode() && is_fixed(&one.rule.name));
        expected.extend(of_fixed.map(|transition| row(transition, record.log_time_ms)));
    });
    let mut with_changes = Vec::new();
    judge(records, |record, transitions| {
        let of_fixed = transitions.iter().filter(|one| one.state.is_of_episode() && is_fixed(&one.rule.name));
        with_changes.extend(of_fixed.map(|transition| row(transition, record.log_time_ms)));
    });
    let stored = alerts.iter().filter(|alert| is_fixed(alert["rule"].as_str().unwrap())).count();
    assert_eq!(stored, with_changes.len());
    assert_same("transitions with changes of other rules", &with_changes, "those without", &expected);
    let kinds: BTreeMap<_, usize> = expected.iter().fold(BTreeMap::new(), |mut counts, row| {
        *counts.entry(row.split('\t').nth(1).unwrap().to_owned()).or_default() += 1;
        counts
    });
    println!("transitions of rules that nobody touched: {kinds:?}");
    assert_eq!(kinds.len(), FIXED_RULES.len(), "every kind has something to show: {kinds:?}");
}

/// At the place of a change episodes end, and none begins.
fn check_changes(records: &[Record]) {
    let (mut changes, mut ended) = (0, BTreeMap::<_, usize>::new());
    judge(records, |record, transitions| {
        if !matches!(record.payload, Payload::Control(_)) {
            return;
        }
        changes += 1;
        for transition in transitions {
            assert_ne!(transition.state, AlertState::Active, "{transition:?}");
            if transition.state == AlertState::Cleared {
                let why = transition.reason.unwrap();
                *ended.entry((changes, transition.rule.name.to_string(), why)).or_default() += 1;
            }
        }
    });
    println!("episodes ended by changes: {ended:?}");
    assert_eq!(changes, 1 + 6);
    let rules: BTreeSet<_> = ended.keys().map(|(change, rule, why)| (*change, rule.as_str(), *why)).collect();
    // The fourth change gives the rule another window, the fifth deletes the file of the other two.
    assert!(rules.contains(&(5, "Busy", reason::RULE_CHANGED)), "{rules:?}");
    assert!(rules.contains(&(6, "Heard", reason::RULE_DELETED)), "{rules:?}");
    let others =
        rules.iter().filter(|(change, rule, _)| !matches!((*change, *rule), (5, "Busy") | (6, "Heard" | "Swinging")));
    assert_eq!(others.count(), 0, "{rules:?}");
}

#[test]
fn a_kill_right_after_a_change_forgets_nothing_and_fires_nothing_again() {
    let mut dice = Dice::seeded("reload and kill", 20_260_412);
    let folder = tempfile::tempdir().unwrap();
    found(folder.path());
    let mut load = Load::new(EVENTS_PER_REQUEST, &mut dice);
    let mut shown = Shown::default();
    for limit in [81, 82, 83] {
        let mut server = Server::start(folder.path(), "");
        let address = server.address();
        let follower = shown.follow(&address);
        load.run(&address, |progress| {
            progress.wait_answered(REQUESTS_BETWEEN);
            write(folder.path(), "changing", &CHANGING.replace(">= 80", &format!(">= {limit}")));
            server.wait_to_hear(IN_FORCE);
            progress.killing();
            server.kill();
        });
        shown.take(follower);
    }
    // While nobody runs, a rule goes; another start, and it is back.
    fs::remove_file(folder.path().join("rules/changing.yaml")).unwrap();
    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    load.settle(&address);
    let follower = shown.follow(&address);
    server.kill();
    shown.take(follower);
    write(folder.path(), "changing", CHANGING);
    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    let follower = shown.follow(&address);
    load.run(&address, |progress| {
        progress.wait_answered(REQUESTS_BETWEEN);
        progress.enough();
    });
    assert_eq!(server.stop().code(), Some(0));
    shown.take(follower);

    check_backtest(folder.path());
    let audited = audit(&folder.path().join("data"), &load.acknowledged());
    let mut creations = Vec::new();
    for record in &audited.records {
        if let Payload::Control(control) = &record.payload {
            creations.push((control.creations["Heard"], control.rules.len()));
        }
    }
    assert_eq!(creations, [(0, 2), (0, 2), (0, 2), (0, 2), (0, 1), (1, 2)], "a start with the same files writes none");
    let active = |number| {
        audited
            .alerts
            .iter()
            .filter(|alert| {
                alert["state"] == "active"
                    && alert["rule"] == "Heard"
                    && alert["rule_uid"] == rule_uid("testville", "Heard", number)
            })
            .count()
    };
    let spaces: BTreeSet<_> = audited
        .alerts
        .iter()
        .filter(|alert| alert["rule"] == "Heard")
        .map(|alert| alert["space"].to_string())
        .collect();
    assert_eq!(active(0), spaces.len(), "each space once, whatever was changed and killed");
    assert!(active(1) > 0);
}

/// A city of two squares, as its file says.
fn spaces(kinds: [(&str, &str); 2]) -> String {
    let feature = |(id, kind)| json!({"type": "Feature", "properties": {"id": id, "name": format!("The {id}"), "kind": kind}, "geometry": {"type": "Point", "coordinates": [0, 0]}});
    json!({"type": "FeatureCollection", "features": kinds.map(feature)}).to_string()
}

#[test]
fn spaces_and_metrics_change_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = CONFIG.replace("unknown = \"register\"", "file = \"spaces.geojson\"");
    fs::write(folder.path().join("vigie.toml"), &config).unwrap();
    let rules = "groups: [{name: g, scope: 'space.kind == \"square\"', rules: [{alert: Crowded, kind: threshold, metric: people_count, per: space, raise: 'value >= 100', stale_after: 1d}]}]\n";
    fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    fs::write(folder.path().join("spaces.geojson"), spaces([("plaza", "square"), ("pier", "square")])).unwrap();
    let mut server = Server::start(folder.path(), "");
    let address = server.address();
    let mut id = 0;
    // Each on a connection of its own: between two of them the server may close one that nobody uses.
    let mut send = |space: &str| -> Value {
        id += 1;
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let event = json!({"id": id.to_string(), "space": space, "metric": "people_count", "value": 120, "time": u64::try_from(now_ms).unwrap()});
        Connection::open(&address).unwrap().post_events(&event.to_string()).unwrap().1
    };
    let follower = Follower::start(&address).unwrap();
    assert_eq!([send("plaza")["accepted"].clone(), send("pier")["accepted"].clone()], [1, 1]);
    follower.wait_for(2);
    assert!(send("quay")["rejected"][0]["reason"].as_str().unwrap().contains("not declared"));

    // The plaza becomes a street, the pier goes, a quay comes, and people have a name.
    fs::write(folder.path().join("vigie.toml"), config + "[metrics.people_count]\nlabel = \"people\"\n").unwrap();
    fs::write(folder.path().join("spaces.geojson"), spaces([("plaza", "street"), ("quay", "square")])).unwrap();
    server.wait_to_hear(IN_FORCE);
    wait_until("the door's spaces", || (send("quay")["accepted"] == 1).then_some(()));
    assert!(send("pier")["rejected"][0]["reason"].as_str().unwrap().contains("not declared"));
    assert_eq!(send("plaza")["accepted"], 1);
    let rows = follower.wait_for(5);
    let told: Vec<_> = rows.iter().map(|(_, row)| serde_json::from_str::<Value>(row).unwrap()).collect();
    let of = |space: &str| -> Vec<String> {
        let of_space = told.iter().filter(|row| row["space"] == space);
        of_space
            .map(|row| format!("{} {}", row["state"].as_str().unwrap(), row["reason"].as_str().unwrap_or("-")))
            .collect()
    };
    assert_eq!(
        (of("plaza"), of("pier")),
        (
            vec!["active -".to_owned(), "cleared rule_changed".to_owned()],
            vec!["active -".to_owned(), "cleared rule_changed".to_owned()]
        )
    );
    assert_eq!(of("quay"), ["active -"]);
    let summary = told.last().unwrap()["summary"].as_str().unwrap();
    assert!(summary.starts_with("The quay: people 120 at"), "{summary}");
    assert_eq!(server.stop().code(), Some(0));
    let data = folder.path().join("data");
    assert_eq!(count(&data, "SELECT count(*) FROM spaces"), 4, "two versions of the city");
    assert_eq!(count(&data, "SELECT count(*) FROM alerts"), 5);
}
