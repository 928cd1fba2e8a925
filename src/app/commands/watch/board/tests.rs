use super::*;
use serde_json::{Value, json};

fn alert(id: &str, severity: &str, minute: i64, offset: u64) -> Value {
    json!({
        "alert_id": id, "rule": "Crowded", "space": "town-hall", "severity": severity, "state": "active",
        "event_time": format!("2017-03-12T10:{minute:02}:00Z"), "log_time": format!("2017-03-12T10:{minute:02}:01Z"),
        "summary": "Town Hall: 7,665 people", "offset": offset,
    })
}

fn event(name: &str, data: &Value) -> Event {
    Event { id: None, name: name.to_owned(), data: data.to_string() }
}

fn board(alerts: &[Value]) -> Board {
    let mut board = Board::new(0, 10_000);
    let status = Status { name: "Melbourne".to_owned(), time_zone: "UTC".to_owned(), ..Status::default() };
    let items = alerts.iter().map(|alert| Item::read(&alert.to_string()).unwrap()).collect();
    board.read(status, items, 0, 0);
    board
}

fn ids(board: &Board) -> Vec<&str> {
    board.listed().iter().map(|item| item.alert_id.as_str()).collect()
}

#[test]
fn unacknowledged_first_then_the_worst_then_the_newest() {
    let mut acknowledged = alert("d", "critical", 9, 4);
    acknowledged["handling"] = "acknowledged".into();
    let mut shelved = alert("e", "critical", 9, 5);
    shelved["handling"] = "shelved".into();
    let alerts = [alert("a", "low", 3, 1), alert("b", "high", 1, 2), alert("c", "high", 2, 3), acknowledged, shelved];
    let board = board(&alerts);
    assert_eq!(ids(&board), ["c", "b", "a", "d"]);
    assert_eq!((board.count("open"), board.count("acknowledged"), board.count("shelved")), (3, 1, 1));
}

#[test]
fn a_row_moves_what_it_is_newer_than() {
    let mut board = board(&[alert("a", "low", 3, 5)]);
    let mut row = alert("a", "high", 8, 7);
    row["state"] = "escalated".into();
    let changes = board.take(&event("escalated", &row), 0).unwrap();
    let [Change::Alert { what, item, .. }] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((what.as_str(), item.state.as_str(), item.severity), ("escalated", "active", "high".parse().unwrap()));
    assert_eq!(item.since_ms, board.listed()[0].since_ms, "an alert is as old as its opening");
    // A row the list knew already, as after a resumption, is told and changes nothing.
    row["offset"] = 6.into();
    row["state"] = "cleared".into();
    assert_eq!(board.take(&event("cleared", &row), 0).unwrap().len(), 1);
    assert_eq!(board.listed()[0].state, "active");
    row["offset"] = 8.into();
    board.take(&event("cleared", &row), 0).unwrap();
    assert_eq!(board.listed()[0].state, "cleared");
    row["offset"] = 9.into();
    row["state"] = "resumed".into();
    board.take(&event("resumed", &row), 0).unwrap();
    assert_eq!(board.listed()[0].state, "active");
}

#[test]
fn others_acts_and_suppression_come_by_the_stream() {
    let mut board = board(&[alert("a", "low", 3, 1), alert("b", "high", 1, 2)]);
    let mut acknowledged = alert("b", "high", 1, 9);
    acknowledged["handling"] = "acknowledged".into();
    acknowledged["acknowledged"] = json!({"operator": "Bea", "log_time": "2017-03-12T10:09:00Z"});
    let changes = board.take(&event("handling", &acknowledged), 0).unwrap();
    assert!(matches!(&changes[..], [Change::Alert { what, .. }] if what == "acknowledged"), "{changes:?}");
    assert_eq!(ids(&board), ["a", "b"]);
    assert_eq!(board.take(&event("handling", &acknowledged), 0).unwrap(), [], "a resumed stream repeats it");
    acknowledged["assigned"] = json!({"operator": "Ada", "to": "Bea", "log_time": "2017-03-12T10:10:00Z"});
    acknowledged["offset"] = 10.into();
    let changes = board.take(&event("handling", &acknowledged), 0).unwrap();
    assert!(matches!(&changes[..], [Change::Alert { what, .. }] if what == "assigned"), "{changes:?}");
    let mut opened = alert("c", "low", 4, 11);
    board.take(&event("active", &opened), 0).unwrap();
    opened["handling"] = "open".into();
    assert_eq!(board.take(&event("handling", &opened), 0).unwrap(), [], "its row told that it opened");
    opened["state"] = "cleared".into();
    opened["offset"] = 12.into();
    board.take(&event("cleared", &opened), 0).unwrap();
    opened["handling"] = "closed".into();
    board.take(&event("handling", &opened), 0).unwrap();
    let suppressed = |by: Value, offset: u64| json!({"space": "town-hall", "left_out": 0, "alerts": [{"alert_id": "a", "inhibited_by": by, "offset": offset}]});
    let blind = json!({"rule": "Blind", "alert_id": "z"});
    assert_eq!(board.take(&event("suppression", &suppressed(blind, 10)), 0).unwrap().len(), 1);
    assert_eq!((ids(&board), board.count("suppressed")), (vec!["b"], 1));
    board.take(&event("suppression", &suppressed(Value::Null, 11)), 0).unwrap();
    assert_eq!((ids(&board), board.count("suppressed")), (vec!["a", "b"], 0));
    assert_eq!(board.take(&event("gap", &json!({})), 0).unwrap(), [Change::Gap]);
    assert_eq!(board.take(&event("something new", &json!({})), 0).unwrap(), []);
    assert!(board.take(&event("active", &json!({})), 0).is_err());
}

#[test]
fn a_lost_connection_and_a_vigie_that_judges_no_more_are_told_apart() {
    let mut board = board(&[]);
    assert_eq!(board.alarm(10_000), None);
    assert_eq!(board.alarm(10_001), Some(Alarm::NoTick { for_ms: 10_001 }), "no tick ever came");
    let tick = json!({"log_time": "2017-03-12T10:09:00Z", "tick_time": "2017-03-12T10:09:00Z", "wall_time": "2026-01-01T00:00:00Z"});
    board.take(&event("tick", &tick), 12_000).unwrap();
    assert_eq!((board.alarm(22_000), board.alarm(22_500)), (None, Some(Alarm::NoTick { for_ms: 10_500 })));
    assert_eq!(board.status().log_time_ms, parse_rfc3339_ms("2017-03-12T10:09:00Z").unwrap());
    // Signs keep the line open, but are no ticks.
    board.heard(30_000);
    assert!(!board.is_silent(50_000) && board.is_silent(50_001));
    board.lost("refused".to_owned(), 51_000);
    board.lost("refused again".to_owned(), 52_000);
    let alarm = Alarm::NoConnection { for_ms: 25_000, why: "refused again".to_owned() };
    assert_eq!(board.alarm(55_000), Some(alarm), "the list is old since the last byte");
    board.read(Status::default(), Vec::new(), 0, 56_000);
    assert_eq!(board.alarm(57_000), None);
}
