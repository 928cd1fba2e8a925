//! The routes that read alerts, over a real socket: order, filters, scope, and the stream with its resumption.

use crate::http::{Event, Events, get, post, request};
use crate::room::{MOOMBA_MS, Room, Said, point, serve};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vigie_console::state::ConsoleState;
use vigie_model::alert::{AlertState, RuleIdentity};
use vigie_model::principal::{Principal, SpaceScope};
use vigie_model::severity::Severity;

fn say(room: &Room, id: &str, space: &str, severity: Severity, state: AlertState) {
    room.say(
        &Said { id, space, severity, state, summary: "it is <b>crowded</b>" },
        Some(r#"{"value":7665}"#.to_owned()),
    );
}

/// Two spaces, three alerts at stream positions 0 to 3; the critical one has cleared.
fn room() -> Arc<Room> {
    let spaces = vec![
        point("birrarung-marr", "Birrarung Marr", 144.97, -37.82),
        point("town-hall", "Town Hall", 144.96, -37.81),
    ];
    let room = Room::new(spaces, 100);
    say(&room, "a", "town-hall", Severity::Low, AlertState::Active);
    say(&room, "b", "birrarung-marr", Severity::High, AlertState::Active);
    say(&room, "c", "birrarung-marr", Severity::Critical, AlertState::Active);
    say(&room, "c", "birrarung-marr", Severity::Critical, AlertState::Cleared);
    room
}

fn ids(body: &serde_json::Value) -> Vec<&str> {
    body.as_array().unwrap().iter().map(|alert| alert["alert_id"].as_str().unwrap()).collect()
}

#[test]
fn alerts_are_listed_worst_first_and_filtered() {
    let at = serve(room().state(), 0);
    let all = get(at, "/v1/alerts");
    assert_eq!(
        (all.status, all.header("content-type"), all.header("vigie-left-out")),
        (200, Some("application/json"), Some("0"))
    );
    assert_eq!(ids(&all.json()), ["c", "b", "a"]);
    assert_eq!(all.json()[0]["state"], "cleared");
    assert_eq!(ids(&get(at, "/v1/alerts?space=town-hall").json()), ["a"]);
    assert_eq!(ids(&get(at, "/v1/alerts?severity=high&handling=open").json()), ["b"]);
    assert_eq!(get(at, "/v1/alerts?handling=closed").body, "[]");
    let first = get(at, "/v1/alerts?limit=1");
    assert_eq!((ids(&first.json()), first.header("vigie-left-out")), (vec!["c"], Some("2")));
    assert_eq!(get(at, "/v1/alerts/b").json()["summary"], "it is <b>crowded</b>");
}

#[test]
fn lines_are_given_to_whoever_asks_for_them() {
    let at = serve(room().state(), 0);
    let lines = request(at, "GET /v1/alerts", "Accept: application/x-ndjson", b"");
    assert_eq!((lines.body.lines().count(), lines.header("content-type")), (3, Some("application/x-ndjson")));
    assert_eq!(get(at, "/v1/alerts?format=ndjson").body, lines.body);
    assert!(lines.body.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn wrong_questions_are_told_what_was_expected() {
    let at = serve(room().state(), 0);
    let refused = |path: &str| get(at, path).told();
    expect_test::expect![[r#"
        400 {"detail":"'severity' is not understood","expected":"informational, low, medium, high or critical"}
        400 {"detail":"'handling' is not understood","expected":"open, acknowledged, shelved, suppressed, out_of_service or closed"}
        400 {"detail":"'limit' is not understood","expected":"1 to 10000"}
        400 {"detail":"'format' is not understood","expected":"json or ndjson"}
        400 {"detail":"unknown query parameter 'sverity'","expected":"space, severity, handling, limit, format","hint":"did you mean 'severity'?"}
        404 {"detail":"no alert has this id","hint":"GET /v1/alerts lists those that are kept; older ones are in the history table 'alerts'"}
        400 {"detail":"'after' is not a position","expected":"the id of the last event seen, a whole number"}"#]]
    .assert_eq(
        &[
            "/v1/alerts?severity=dire",
            "/v1/alerts?handling=lost",
            "/v1/alerts?limit=0",
            "/v1/alerts?format=xml",
            "/v1/alerts?sverity=high",
            "/v1/alerts/nonsense",
            "/v1/alerts/stream?after=yesterday",
        ]
        .map(refused)
        .join("\n"),
    );
}

#[test]
fn another_centre_sees_nothing_and_a_partner_only_its_spaces() {
    let room = room();
    let stranger = serve(ConsoleState { principal: Principal::local("dublin"), ..room.state() }, 0);
    assert_eq!(get(stranger, "/v1/alerts").body, "[]");
    assert_eq!(get(stranger, "/v1/alerts/b").status, 404);
    assert_eq!(get(stranger, "/v1/spaces").json()["features"], serde_json::json!([]));
    assert_eq!(get(stranger, "/v1/status").json()["open"], 0);
    let command = post(stranger, "/v1/alerts/b/acknowledge", r#"{"operator":"Eve"}"#);
    assert_eq!((command.status, room.live.handled()), (404, 0));

    let mut partner = Principal::local("melbourne");
    partner.scope.spaces = SpaceScope::Only(BTreeSet::from(["town-hall".into()]));
    let partner = serve(ConsoleState { principal: partner, ..room.state() }, 0);
    assert_eq!(ids(&get(partner, "/v1/alerts").json()), ["a"]);
    let mut events = Events::open(partner, "/v1/alerts/stream", "");
    assert_eq!(events.next().unwrap().id, "0");
    say(&room, "d", "birrarung-marr", Severity::High, AlertState::Active);
    say(&room, "e", "town-hall", Severity::High, AlertState::Active);
    assert_eq!(events.next().unwrap().id, "5", "what lies outside the scope is not streamed");
}

#[test]
fn a_stream_resumes_behind_the_last_event_seen_and_goes_on_live() {
    let room = room();
    let at = serve(room.state(), 0);
    let mut all = Events::open(at, "/v1/alerts/stream", "");
    let names: Vec<_> = (0..4).map(|_| all.next().unwrap().name).collect();
    assert_eq!(names, ["active", "active", "active", "cleared"]);

    let mut resumed = Events::open(at, "/v1/alerts/stream", "Last-Event-ID: 2\r\n");
    let cleared = resumed.next().unwrap();
    assert_eq!((&*cleared.id, &*cleared.name), ("3", "cleared"));
    let row: serde_json::Value = serde_json::from_str(&cleared.data).unwrap();
    assert_eq!((&row["alert_id"], &row["offset"], &row["centre"]), (&"c".into(), &3.into(), &"melbourne".into()));

    let mut latest = Events::open(at, "/v1/alerts/stream?after=3", "");
    say(&room, "b", "birrarung-marr", Severity::High, AlertState::Stale);
    assert_eq!(latest.next().unwrap().name, "stale");
    assert_eq!(resumed.next().unwrap().id, "4");
    let mut restarted = Events::open(at, "/v1/alerts/stream", "Last-Event-ID: 999999\r\n");
    assert_eq!(restarted.next().unwrap().id, "0", "a client of an older stream starts from the beginning");
    room.feed.close();
    assert_eq!(latest.next(), None, "closing the feed ends its streams");
}

#[test]
fn what_the_ring_forgot_is_told_as_a_gap() {
    let room = Room::new(Vec::new(), 2);
    for id in ["a", "b", "c", "d"] {
        say(&room, id, "town-hall", Severity::Low, AlertState::Active);
    }
    let mut events = Events::open(serve(room.state(), 0), "/v1/alerts/stream", "Last-Event-ID: 0\r\n");
    let gap = Event {
        id: "1".to_owned(),
        name: "gap".to_owned(),
        data: r#"{"from":1,"hint":"query history: these rows left the stream's memory","to":1}"#.to_owned(),
    };
    assert_eq!(events.next().unwrap(), gap);
    assert_eq!(events.next().unwrap().id, "2");
}

#[test]
fn a_stream_tells_behind_a_row_which_alerts_it_suppresses() {
    let room = Room::new(Vec::new(), 100);
    let at = serve(room.state(), 0);
    let mut events = Events::open(at, "/v1/alerts/stream", "");
    let said = |id, state| Said { id, space: "town-hall", severity: Severity::High, state, summary: "crowded" };
    let crowded =
        RuleIdentity { name: "Crowded".into(), inhibited_by: vec!["Blind".into()], ..RuleIdentity::default() };
    let blind = || RuleIdentity { name: "Blind".into(), ..RuleIdentity::default() };
    room.say_of(crowded, &said("crowd", AlertState::Active), None);
    room.say_of(blind(), &said("blind", AlertState::Active), None);
    let list = get(at, "/v1/alerts").json();
    assert_eq!((ids(&list), &list[1]["inhibited_by"]["rule"]), (vec!["blind", "crowd"], &"Blind".into()));
    let status = get(at, "/v1/status").json();
    assert_eq!((&status["open"], &status["suppressed"]), (&1.into(), &1.into()));
    room.say_of(blind(), &said("blind", AlertState::Cleared), None);
    let told: Vec<_> = (0..5).map(|_| events.next().unwrap()).map(|event| (event.id, event.name)).collect();
    let told: Vec<_> = told.iter().map(|(id, name)| (&**id, &**name)).collect();
    assert_eq!(told, [("0", "active"), ("1", "active"), ("1", "suppression"), ("2", "cleared"), ("2", "suppression")]);
    assert_eq!(get(at, "/v1/alerts/crowd").json().get("inhibited_by"), None);
}

#[test]
fn followers_are_counted_and_bounded() {
    let room = room();
    let at = serve(room.state(), 0);
    let mut open: Vec<_> = (0..256).map(|_| Events::open(at, "/v1/alerts/stream?after=2", "")).collect();
    let one_more = get(at, "/v1/alerts/stream");
    assert_eq!((one_more.status, one_more.header("retry-after")), (503, Some("10")));
    assert_eq!(open.pop().unwrap().next().unwrap().id, "3", "those inside are served");
}

#[test]
fn spaces_are_geojson_with_their_worst_state() {
    let at = serve(room().state(), 0);
    expect_test::expect![[r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"birrarung-marr","geometry":{"type":"Point","coordinates":[144.97,-37.82]},"properties":{"id":"birrarung-marr","name":"Birrarung Marr","kind":"square","district":"Centre","capacity":null,"state":"active","severity":"high","running":1,"unacknowledged":2,"open":2,"suppressed":0}},{"type":"Feature","id":"town-hall","geometry":{"type":"Point","coordinates":[144.96,-37.81]},"properties":{"id":"town-hall","name":"Town Hall","kind":"square","district":"Centre","capacity":null,"state":"active","severity":"low","running":1,"unacknowledged":1,"open":1,"suppressed":0}}]}"#]]
    .assert_eq(&get(at, "/v1/spaces").body);
}

#[test]
fn status_tells_log_time_and_counts() {
    let at = serve(room().state(), 0);
    expect_test::expect![[r#"{"centre":"melbourne","name":"Melbourne","time_zone":"Australia/Melbourne","log_time":"2017-03-12T10:00:00Z","log_time_ms":1489312800000,"position":3,"handled":0,"running":2,"unacknowledged":3,"open":3,"suppressed":0,"shelved":0,"out_of_service":0,"history":true}"#]]
    .assert_eq(&get(at, "/v1/status").body);
}

#[test]
fn what_people_do_is_streamed_as_the_alert_stands_then() {
    let room = room();
    let at = serve(room.state(), 0);
    let mut events = Events::open(at, "/v1/alerts/stream?after=3", "");
    let body = r#"{"operator":"Ada","note":"roadworks","until":"2017-03-12T11:00:00Z"}"#;
    assert_eq!(post(at, "/v1/alerts/b/shelve", body).json()["outcome"], "done");
    let shelved = std::iter::from_fn(|| events.next_of_any()).find(|event| event.name == "handling").unwrap();
    let alert: serde_json::Value = serde_json::from_str(&shelved.data).unwrap();
    assert_eq!((&*shelved.id, &alert["alert_id"], &alert["handling"]), ("4", &"b".into(), &"shelved".into()));
    assert_eq!(ids(&get(at, "/v1/alerts?handling=shelved").json()), ["b"]);
    assert_eq!(get(at, "/v1/status").json()["shelved"], 1);

    room.log_time_ms.store(MOOMBA_MS + 3_600_000, Ordering::Relaxed);
    room.tick();
    let returned = std::iter::from_fn(|| events.next_of_any()).find(|event| event.id == "5").unwrap();
    let alert: serde_json::Value = serde_json::from_str(&returned.data).unwrap();
    assert_eq!((&*returned.name, &alert["handling"]), ("handling", &"open".into()));
    assert_eq!(alert["reannounced"]["reason"], "shelf_expired");
}

#[test]
fn a_client_that_lost_its_connection_within_a_row_gets_the_rest_of_it() {
    let room = room();
    let mut events = Events::open(serve(room.state(), 0), "/v1/alerts/stream", "Last-Event-ID: 2\r\n");
    let first = events.next_of_any().unwrap();
    assert_eq!((&*first.id, &*first.name), ("2", "handling"));
    assert_eq!(events.next().unwrap().id, "3");
}

#[test]
fn a_folded_tick_is_told_without_an_id() {
    let room = room();
    room.log_time_ms.store(MOOMBA_MS, Ordering::Relaxed);
    room.tick();
    let mut events = Events::open(serve(room.state(), 0), "/v1/alerts/stream?after=3", "");
    let tick = std::iter::from_fn(|| events.next_of_any()).find(|event| event.name == "tick").unwrap();
    let told: serde_json::Value = serde_json::from_str(&tick.data).unwrap();
    assert_eq!(
        (&*tick.id, &told["tick_time"], &told["log_time"]),
        ("", &"2017-03-12T10:00:00Z".into(), &"2017-03-12T10:00:00Z".into())
    );
    assert!(told["wall_time"].is_string());
}
