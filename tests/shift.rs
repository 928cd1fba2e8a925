//! A shift from its first alert to its handover, with `kill -9` behind every step: the server that starts again shows the
//! same alerts and the same desk, byte for byte.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod crash;

use common::{now_ms, wait_until};
use crash::server::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;
use vigie_model::time::format_utc;

const SIGKILL: i32 = 9;
/// How long shelves and acknowledgements last that end within a step.
const SOON: Duration = Duration::from_secs(5);
const LATER: Duration = Duration::from_secs(3_600);

const SETTINGS: &str =
    "[time]\ntick = \"100ms\"\n[desk.escalation]\nseverity = \"critical\"\nafter = \"1s\"\ndesk = \"duty officer\"\n";
const RULES: &str = "\
groups:
- name: squares
  rules:
  - {alert: Crowded, kind: threshold, metric: people_count, per: space, raise: 'value >= 100', clear: 'value < 70', stale_after: 24h, inhibited_by: Blind, procedure: [Look at the camera, Call the patrol]}
  - {alert: Blind, kind: threshold, metric: blind_cameras, per: space, raise: 'value >= 1', clear: 'value < 1', stale_after: 24h}
  - {alert: Fire, kind: threshold, metric: smoke, per: space, severity: critical, raise: 'value >= 1', clear: 'value < 1', stale_after: 24h}
";

/// The control room over HTTP.
struct Desk {
    address: String,
}

impl Desk {
    fn get(&self, path: &str) -> String {
        let mut answer = ureq::get(format!("http://{}{path}", self.address)).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    }

    /// Does something that must succeed; what was answered.
    fn post(&self, path: &str, body: &Value) -> Value {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.post(format!("http://{}{path}", self.address)).header("Content-Type", "application/json");
        let mut answer = request.send(body.to_string()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status(), 200, "{path} {body}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A value is measured; waits until the alert of its space is `state`.
    fn measure(&self, metric: &str, space: &str, value: u32, state: &str) {
        self.value(metric, space, value);
        let rule = match metric {
            "people_count" => "Crowded",
            "smoke" => "Fire",
            _ => "Blind",
        };
        self.wait_for(rule, space, |alert| alert["state"] == state);
    }

    /// A value is measured.
    fn value(&self, metric: &str, space: &str, value: u32) {
        let time = format_utc(now_ms());
        let event = json!({"space": space, "metric": metric, "value": value, "time": time, "sensor": "s1"});
        let answer = self.post("/v1/events", &json!([event]));
        assert_eq!(answer["accepted"], 1, "{answer}");
    }

    fn alerts(&self) -> Vec<Value> {
        serde_json::from_str(&self.get("/v1/alerts")).unwrap()
    }

    /// The newest alert of a rule in a space, once it is as wanted.
    fn wait_for(&self, rule: &str, space: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        wait_until(&format!("{rule} in {space}"), || {
            self.alerts().into_iter().find(|alert| alert["rule"] == rule && alert["space"] == space && is_wanted(alert))
        })
    }

    fn id(&self, space: &str) -> String {
        let alert = self.wait_for("Crowded", space, |_| true);
        alert["alert_id"].as_str().unwrap().to_owned()
    }

    /// A command about the crowd in a space, which is done; how the alert stands then.
    fn crowd(&self, space: &str, verb: &str, more: Value) -> Value {
        let answer = self.post(&format!("/v1/alerts/{}/{verb}", self.id(space)), &by_ada(more));
        assert_eq!(answer["outcome"], "done", "{answer}");
        answer["alert"].clone()
    }

    /// A command about the centre, which is done; its answer.
    fn centre(&self, path: &str, more: Value) -> Value {
        let answer = self.post(path, &by_ada(more));
        assert_eq!(answer["outcome"], "done", "{answer}");
        answer
    }

    /// Everything that is shown.
    fn shown(&self) -> BTreeMap<&'static str, String> {
        [("alerts", self.get("/v1/alerts?format=ndjson")), ("desk", self.get("/v1/desk"))].into()
    }
}

fn by_ada(mut more: Value) -> Value {
    more.as_object_mut().unwrap().insert("operator".to_owned(), "Ada".into());
    more
}

fn after(duration: Duration) -> String {
    format_utc(now_ms() + i64::try_from(duration.as_millis()).unwrap())
}

type Step = (&'static str, fn(&Desk));

/// The shift. Whatever is still to happen by itself behind a step happens long after the test.
const SHIFT: &[Step] = &[
    ("alerts open", |desk| {
        for space in ["plaza", "market", "station", "park"] {
            desk.measure("people_count", space, 150, "active");
        }
    }),
    ("acknowledge", |desk| drop(desk.crowd("plaza", "acknowledge", json!({"note": "seen on camera 4"})))),
    ("acknowledge for long", |desk| drop(desk.crowd("market", "acknowledge", json!({"until": after(LATER)})))),
    ("acknowledge for a moment", |desk| {
        desk.crowd("station", "acknowledge", json!({"until": after(SOON)}));
        let again = desk.wait_for("Crowded", "station", |alert| alert["handling"] == "open");
        assert_eq!(again["reannounced"]["reason"], "acknowledgement_expired");
    }),
    ("assign", |desk| drop(desk.crowd("plaza", "assign", json!({"to": "Bea"})))),
    ("shelve for long", |desk| drop(desk.crowd("market", "shelve", json!({"note": "works", "until": after(LATER)})))),
    ("shelve for a moment", |desk| {
        desk.crowd("station", "shelve", json!({"note": "works", "until": after(SOON)}));
        let again = desk.wait_for("Crowded", "station", |alert| alert["handling"] == "open");
        assert_eq!(again["reannounced"]["reason"], "shelf_expired");
    }),
    ("clear while shelved", |desk| desk.measure("people_count", "market", 10, "cleared")),
    ("unshelve", |desk| assert!(desk.crowd("market", "unshelve", json!({}))["shelved"].is_null())),
    ("a step is done", |desk| drop(desk.crowd("park", "checklist", json!({"step": 1, "state": "done"})))),
    ("a step is skipped", |desk| drop(desk.crowd("park", "checklist", json!({"step": 2, "state": "skipped"})))),
    ("close", |desk| drop(desk.crowd("market", "close", json!({"disposition": "true", "cause": "market day"})))),
    ("reopen", |desk| assert_eq!(desk.crowd("market", "reopen", json!({}))["handling"], "acknowledged")),
    ("several at once", |desk| {
        let alerts = [desk.id("market"), desk.id("station"), "nowhere".to_owned()];
        let bulk = json!({"alerts": alerts, "action": "close", "disposition": "false"});
        let results = desk.post("/v1/alerts/bulk", &by_ada(bulk));
        let outcomes: Vec<_> =
            results["results"].as_array().unwrap().iter().map(|row| row["outcome"].clone()).collect();
        assert_eq!(outcomes, ["done", "still_active", "unknown_alert"]);
    }),
    ("another alert explains it", |desk| {
        desk.measure("blind_cameras", "station", 1, "active");
        desk.wait_for("Crowded", "station", |alert| alert["handling"] == "suppressed");
    }),
    ("nothing explains it any more", |desk| {
        desk.measure("blind_cameras", "station", 0, "cleared");
        desk.wait_for("Crowded", "station", |alert| alert["reannounced"]["reason"] == "suppression_ended");
    }),
    ("out of service", |desk| {
        desk.centre("/v1/out-of-service", json!({"space": "park", "note": "the sensor is being cleaned"}));
        desk.wait_for("Crowded", "park", |alert| alert["handling"] == "out_of_service");
    }),
    ("an exercise", |desk| {
        let until = after(LATER);
        desk.value("people_count", "harbour", 10);
        desk.centre("/v1/mode", json!({"mode": "exercise", "name": "Drill", "until": until, "spaces": ["harbour"]}));
        desk.measure("people_count", "harbour", 200, "active");
        assert_eq!(desk.wait_for("Crowded", "harbour", |_| true)["exercise"], true);
    }),
    ("an ordinary day", |desk| drop(desk.centre("/v1/mode", json!({"mode": "normal"})))),
    ("a test alert", |desk| {
        desk.centre("/v1/test-alert", json!({"severity": "low", "space": "plaza"}));
        let test = desk.wait_for("vigie-test", "plaza", |alert| alert["test"] == true);
        let path = format!("/v1/alerts/{}/close", test["alert_id"].as_str().unwrap());
        assert_eq!(desk.post(&path, &by_ada(json!({"disposition": "test"})))["outcome"], "done");
    }),
    ("an incident file", |desk| {
        let alerts = [desk.id("plaza"), desk.id("station")];
        desk.centre("/v1/incident-files", json!({"title": "Two crowds", "alerts": alerts}));
        assert!(desk.wait_for("Crowded", "plaza", |_| true)["incident_file"].is_string());
    }),
    ("nobody acknowledges a fire", |desk| {
        desk.measure("smoke", "plaza", 1, "active");
        desk.wait_for("Fire", "plaza", |alert| alert["escalated_to"]["desk"] == "duty officer");
    }),
    ("back in service", |desk| {
        let desk_now: Value = serde_json::from_str(&desk.get("/v1/desk")).unwrap();
        let id = desk_now["out_of_service"][0]["id"].as_str().unwrap();
        desk.centre(&format!("/v1/out-of-service/{id}/return"), json!({}));
        desk.wait_for("Crowded", "park", |alert| alert["handling"] == "acknowledged");
    }),
    ("sounds", |desk| drop(desk.centre("/v1/shift/sound-check", json!({"heard": true})))),
    ("handover", |desk| drop(desk.centre("/v1/shift/sign", json!({"as": "leaving", "note": "quiet"})))),
];

/// A server on the folder that has judged its log again.
fn started(folder: &Path) -> (Server, Desk) {
    let mut server = Server::start(folder, "");
    let address = server.address();
    (server, Desk { address })
}

#[test]
fn the_book_comes_back_identical_after_a_kill_behind_every_step_of_a_shift() {
    let folder = tempfile::tempdir().unwrap();
    common::found_centre(folder.path(), SETTINGS, RULES);
    let (mut server, mut desk) = started(folder.path());
    for (name, step) in SHIFT {
        step(&desk);
        let before = desk.shown();
        assert_eq!(server.kill().signal(), Some(SIGKILL), "{name}");
        (server, desk) = started(folder.path());
        let now = desk.shown();
        for (what, shown) in &before {
            assert_eq!(&now[what], shown, "{what} behind the step '{name}'");
        }
    }
    assert_eq!(server.stop().code(), Some(0));
}
