//! What concerns the centre: the desk, its commands, the handover, and incidents by telephone.

use crate::http::{Events, get, post};
use crate::room::{MOOMBA_MS, Room, Said, point, serve};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vigie_console::state::{ConsoleState, PageSettings};
use vigie_model::alert::AlertState;
use vigie_model::severity::Severity;

const MINUTE_MS: i64 = 60_000;

fn room() -> (Arc<Room>, SocketAddr) {
    let spaces = vec![point("park", "Park", 144.96, -37.81), point("town-hall", "Town Hall", 144.97, -37.82)];
    let room = Room::new(spaces, 100);
    let at = serve(room.state(), 0);
    (room, at)
}

fn open(room: &Room, id: &str, severity: Severity) {
    say(room, id, severity, AlertState::Active);
}

fn say(room: &Room, id: &str, severity: Severity, state: AlertState) {
    room.say(&Said { id, space: "town-hall", severity, state, summary: "crowded" }, None);
}

fn wait(room: &Room, ms: i64) {
    room.log_time_ms.fetch_add(ms, Ordering::Relaxed);
    room.tick();
}

fn desk(at: SocketAddr) -> Value {
    get(at, "/v1/desk").json()
}

/// A command that is done; the desk as it stands then.
fn done(at: SocketAddr, path: &str, body: &str) -> Value {
    let reply = post(at, path, body);
    let answer = reply.json();
    assert_eq!((reply.status, &answer["outcome"]), (200, &"done".into()), "{path}: {}", reply.body);
    answer
}

#[test]
fn a_flood_begins_is_digested_by_district_and_ends() {
    let (room, at) = room();
    for n in 0..13 {
        open(&room, &n.to_string(), Severity::Low);
    }
    open(&room, "fire", Severity::Critical);
    let flood = desk(at)["flood"].clone();
    let digest = json!([{"district_or_space": "Centre", "count": 3, "worst": "low"}]);
    assert_eq!((&flood["active"], &flood["new_10min"], &flood["digest"]), (&true.into(), &14.into(), &digest));
    assert_eq!((&flood["first_up"], &flood["told"]), (&"0".into(), &1.into()));
    assert_eq!(get(at, "/v1/alerts").json().as_array().unwrap().len(), 14, "nothing is dropped");
    wait(&room, 11 * MINUTE_MS);
    let flood = desk(at)["flood"].clone();
    assert_eq!((&flood["active"], &flood["new_10min"]), (&false.into(), &0.into()));
    let news: Vec<_> = desk(at)["news"].as_array().unwrap().iter().map(|piece| piece["what"].clone()).collect();
    assert_eq!(news, ["chatter_began", "flood_began", "flood_ended"]);
}

#[test]
fn a_stream_tells_the_desk_at_first_and_when_it_changed() {
    let (room, at) = room();
    open(&room, "a", Severity::Low);
    let desk_of = |events: &mut Events| loop {
        let event = events.next_of_any().unwrap();
        if event.name == "desk" {
            return (event.id, serde_json::from_str::<Value>(&event.data).unwrap());
        }
    };
    let mut events = Events::open(at, "/v1/alerts/stream", "");
    let (id, first) = desk_of(&mut events);
    assert_eq!((&*id, &first["mode"]["mode"], &first["flood"]["new_10min"]), ("0", &"normal".into(), &1.into()));
    let drill = r#"{"operator":"Ada","mode":"exercise","name":"Drill","until":"2017-03-12T11:00:00Z"}"#;
    done(at, "/v1/mode", drill);
    let (id, second) = desk_of(&mut events);
    assert_eq!((&*id, &second["mode"]["name"]), ("1", &"Drill".into()));
    let mut resumed = Events::open(at, "/v1/alerts/stream", "Last-Event-ID: 1\r\n");
    assert_eq!(desk_of(&mut resumed).1["mode"]["name"], "Drill", "whoever reconnects has missed nothing");
}

#[test]
fn what_is_out_of_service_returns_by_itself_or_by_hand() {
    let (room, at) = room();
    open(&room, "a", Severity::Low);
    let until = r#"{"operator":"Ada","note":"works","rule":"Crowded","until":"2017-03-12T11:00:00Z"}"#;
    let answer = done(at, "/v1/out-of-service", until);
    assert_eq!(answer["desk"]["out_of_service"][0]["rule"], "Crowded");
    assert_eq!(get(at, "/v1/alerts/a").json()["handling"], "out_of_service");
    assert_eq!(post(at, "/v1/out-of-service", until).json()["outcome"], "unchanged");
    wait(&room, 60 * MINUTE_MS);
    assert_eq!(get(at, "/v1/alerts/a").json()["reannounced"]["reason"], "returned_to_service");

    let id = done(at, "/v1/out-of-service", r#"{"operator":"Ada","note":"works","space":"town-hall"}"#)["id"].clone();
    let path = format!("/v1/out-of-service/{}/return", id.as_str().unwrap());
    assert_eq!(done(at, &path, r#"{"operator":"Bea"}"#)["desk"]["out_of_service"], json!([]));
    assert_eq!(post(at, &path, r#"{"operator":"Bea"}"#).status, 404);
}

#[test]
fn a_mode_holds_for_a_while_and_marks_what_opens_in_it() {
    let (room, at) = room();
    let moomba = r#"{"operator":"Ada","mode":"event","name":"Moomba","coordinator":"Cid",
        "until":"2017-03-12T11:00:00Z","spaces":["town-hall"]}"#;
    assert_eq!(done(at, "/v1/mode", moomba)["desk"]["mode"]["coordinator"], "Cid");
    open(&room, "a", Severity::Low);
    assert_eq!(get(at, "/v1/alerts/a").json()["mode"], "Moomba");
    let drill = r#"{"operator":"Ada","mode":"exercise","name":"Drill","until":"2017-03-12T11:00:00Z"}"#;
    done(at, "/v1/mode", drill);
    open(&room, "b", Severity::Low);
    assert_eq!(get(at, "/v1/alerts/b").json()["exercise"], true);
    assert_eq!(desk(at)["flood"]["new_10min"], 1, "an exercise does not count");
    wait(&room, 60 * MINUTE_MS);
    assert_eq!(desk(at)["mode"], json!({"mode": "normal"}));
    assert_eq!(post(at, "/v1/mode", r#"{"operator":"Ada","mode":"normal"}"#).json()["outcome"], "unchanged");
}

#[test]
fn a_test_alert_is_shown_counts_for_nothing_and_is_closed_at_once() {
    let (_room, at) = room();
    let answer = done(at, "/v1/test-alert", r#"{"operator":"Ada","severity":"high","space":"park"}"#);
    let path = format!("/v1/alerts/{}", answer["alert_id"].as_str().unwrap());
    let alert = get(at, &path).json();
    assert_eq!(
        (&alert["test"], &alert["rule"], &alert["severity"]),
        (&true.into(), &"vigie-test".into(), &"high".into())
    );
    assert_eq!(answer["desk"]["flood"]["new_10min"], 0);
    let closed = post(at, &format!("{path}/close"), r#"{"operator":"Ada","disposition":"test"}"#);
    assert_eq!(closed.json()["alert"]["handling"], "closed");
}

#[test]
fn alerts_are_put_into_files_by_hand_and_by_themselves() {
    let (room, at) = room();
    for id in ["a", "b", "c"] {
        open(&room, id, Severity::Low);
    }
    let files = desk(at)["incident_files"].clone();
    assert_eq!((files[0]["alerts"].clone(), &files[0]["space"]), (json!(["a", "b", "c"]), &"town-hall".into()));
    let made = done(at, "/v1/incident-files", r#"{"operator":"Ada","title":"Fireworks","alerts":["b"]}"#);
    let id = made["id"].as_str().unwrap();
    assert_eq!(get(at, "/v1/alerts/b").json()["incident_file"], id);
    let path = format!("/v1/incident-files/{id}");
    let change = r#"{"operator":"Bea","title":"Fireworks on the river","add":["c"],"remove":["b"],"closed":true}"#;
    let file = done(at, &path, change)["desk"]["incident_files"][0].clone();
    assert_eq!((&file["title"], &file["alerts"]), (&"Fireworks on the river".into(), &json!(["c"])));
    assert!(file["closed"].is_string());
    assert_eq!(get(at, "/v1/alerts/b").json().get("incident_file"), None);
    assert_eq!(post(at, &path, change).json()["outcome"], "unchanged");
    let unknown = post(at, "/v1/incident-files", r#"{"operator":"Ada","title":"t","alerts":["nowhere"]}"#);
    assert_eq!((unknown.status, &unknown.json()["alert_id"]), (404, &"nowhere".into()));
    assert_eq!(post(at, "/v1/incident-files/nowhere", change).status, 404);
}

#[test]
fn a_shift_is_handed_over_with_its_figures_and_both_signatures() {
    let (room, at) = room();
    for id in ["a", "b"] {
        open(&room, id, Severity::Low);
    }
    room.log_time_ms.fetch_add(MINUTE_MS, Ordering::Relaxed);
    assert_eq!(post(at, "/v1/alerts/a/acknowledge", r#"{"operator":"Ada"}"#).status, 200);
    done(at, "/v1/shift/sound-check", r#"{"operator":"Bea","heard":true}"#);
    done(at, "/v1/shift/sign", r#"{"operator":"Ada","as":"leaving","note":"quiet"}"#);
    let desk = done(at, "/v1/shift/sign", r#"{"operator":"Bea","as":"arriving"}"#)["desk"].clone();
    assert_eq!(desk["on_duty"], json!(["Bea"]));
    room.log_time_ms.fetch_add(1, Ordering::Relaxed);
    let shift = get(at, "/v1/shift").json();
    let ids = |list: &Value| list.as_array().unwrap().iter().map(|alert| alert["alert_id"].clone()).collect::<Vec<_>>();
    assert_eq!((ids(&shift["open"]), ids(&shift["acknowledged"])), (vec!["b".into()], vec!["a".into()]));
    assert_eq!((&shift["signed"]["leaving"]["note"], &shift["actions"]), (&"quiet".into(), &4.into()));
    assert_eq!(
        (&shift["sound_check"]["heard"], &shift["signed"]["arriving"]["operator"]),
        (&true.into(), &"Bea".into())
    );
    let kpi = |name: &str| shift["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == name).unwrap().clone();
    assert_eq!((&kpi("time_to_acknowledge")["value"], &kpi("time_to_acknowledge")["ok"]), (&60.0.into(), &true.into()));
    assert_eq!(kpi("alerts_per_day_per_operator")["value"], 6.0);
    let before = get(at, "/v1/shift?from=2017-03-12T00:00:00Z&to=2017-03-12T09:00:00Z").json();
    assert_eq!((ids(&before["open"]).len(), &before["actions"], &before["signed"]), (0, &0.into(), &json!({})));
}

#[test]
fn an_incident_by_telephone_goes_to_the_log() {
    let (room, at) = room();
    let body = r#"{"operator":"Ada","space":"park","category":"assault","severity":"high","note":"two men"}"#;
    let reply = post(at, "/v1/reports", body);
    assert_eq!((reply.status, reply.json()), (200, json!({"outcome": "accepted", "id": "r1"})));
    let report = room.reported.lock().unwrap()[0].clone();
    assert_eq!((&*report.space, &*report.channel, report.time_ms), ("park", "phone", None));
    let refused = post(at, "/v1/reports", r#"{"operator":"Ada","space":"nowhere","category":"x"}"#);
    assert_eq!((refused.status, &refused.json()["detail"]), (400, &"space is not declared".into()));
}

#[test]
fn settings_tell_what_is_configured_and_nothing_else() {
    let (room, at) = room();
    let bare = get(at, "/v1/settings").json();
    assert_eq!((bare.get("camera_url"), bare.get("basemap"), &bare["flood"]["enter"]), (None, None, &10.into()));
    assert_eq!(get(at, "/basemap.pmtiles").status, 404);
    let folder = std::env::temp_dir().join(format!("vigie-basemap-{}", std::process::id()));
    std::fs::write(&folder, b"PMTiles and more").unwrap();
    let page = PageSettings {
        camera_url: Some("https://cameras.example/{space}".to_owned()),
        basemap: Some(folder.clone()),
        ..PageSettings::default()
    };
    let at = serve(ConsoleState { page: Arc::new(page), ..room.state() }, 0);
    let settings = get(at, "/v1/settings").json();
    assert_eq!(settings["camera_url"], "https://cameras.example/{space}");
    assert_eq!(settings["basemap"], "/basemap.pmtiles");
    let part = crate::http::request(at, "GET /basemap.pmtiles", "Range: bytes=0-6", b"");
    assert_eq!((part.status, part.body.as_str()), (206, "PMTiles"));
    assert_eq!(part.header("content-range"), Some("bytes 0-6/16"));
    assert_eq!(get(at, "/basemap.pmtiles").status, 416);
    std::fs::remove_file(folder).unwrap();
}

#[test]
fn a_wrong_command_is_told_the_field_and_what_was_expected() {
    let (_room, at) = room();
    let told = |(path, body): (&str, &str)| {
        let reply = post(at, path, body);
        let problem = reply.json();
        format!(
            "{} {} / {}",
            reply.status,
            problem["detail"].as_str().unwrap(),
            problem["expected"].as_str().unwrap_or("-")
        )
    };
    let cases = [
        ("/v1/out-of-service", r#"{"operator":"Ada","rule":"Crowded"}"#),
        ("/v1/out-of-service", r#"{"operator":"Ada","note":"n"}"#),
        ("/v1/out-of-service", r#"{"operator":"Ada","note":"n","space":"nowhere"}"#),
        ("/v1/out-of-service", r#"{"operator":"Ada","note":"n","rule":"r","until":"2017-03-12T10:00:00Z"}"#),
        ("/v1/out-of-service", r#"{"operator":"Ada","note":"n","rule":"r","until":"soon"}"#),
        ("/v1/mode", r#"{"operator":"Ada","mode":"party"}"#),
        ("/v1/mode", r#"{"operator":"Ada","mode":"event","until":"2017-03-12T11:00:00Z"}"#),
        ("/v1/mode", r#"{"operator":"Ada","mode":"event","name":"Moomba"}"#),
        ("/v1/mode", r#"{"operator":"Ada","mode":"normal","name":"Moomba"}"#),
        ("/v1/mode", r#"{"operator":"Ada","mode":"event","name":"n","until":"2017-03-12T11:00:00Z","spaces":"park"}"#),
        ("/v1/test-alert", r#"{"operator":"Ada","severity":"dire"}"#),
        ("/v1/incident-files", r#"{"operator":"Ada","alerts":[]}"#),
        ("/v1/shift/sign", r#"{"operator":"Ada"}"#),
        ("/v1/shift/sound-check", r#"{"operator":"Ada","heard":"yes"}"#),
        ("/v1/reports", r#"{"operator":"Ada","space":"park"}"#),
        ("/v1/reports", r#"{"space":"park","category":"x"}"#),
        ("/v1/reports", r#"{"operator":"busy","space":"park","category":"x","what":1}"#),
    ];
    expect_test::expect![[r#"
        400 'note' is missing / why it is taken out of service
        400 nothing is named that could be out of service / at least one of rule, space, sensor, node
        400 no space has this id / -
        400 'until' has passed already / an instant behind log time, which /v1/status tells
        400 'until' is not an instant / RFC 3339 with an offset, as in 2017-03-12T21:00:00+11:00
        400 'mode' is none of the words / normal, event or exercise
        400 'name' is missing / what the event or exercise is called
        400 'until' is missing / when it ends by itself
        400 'name' does not belong to the normal mode / what the event or exercise is called
        400 'spaces' is not a list of texts / a JSON array of at most 500 texts of at most 256 bytes each
        400 'severity' is not understood / informational, low, medium, high or critical
        400 'title' is missing / what the incident is called
        400 'as' is missing / leaving or arriving
        400 'heard' is not true or false / true or false
        400 'category' is missing / what happened, as in "assault"
        400 'operator' is missing / the name of the person who acts
        400 unknown field 'what' / operator, space, category, severity, channel, time, note"#]]
    .assert_eq(&cases.map(told).join("\n"));
    assert_eq!(get(at, "/v1/shift?from=2017-03-12T11:00:00Z").status, 400);
    assert_eq!(MOOMBA_MS % 1000, 0, "log time now is on the second");
}
