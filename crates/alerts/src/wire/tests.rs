use super::*;
use crate::book::Book;
use crate::samples::{ACKNOWLEDGE, MOOMBA_MS, close, command, placed, transition};
use crate::view::Condition;
use expect_test::expect;
use serde_json::Value;
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, RuleIdentity};

fn crowded(state: AlertState) -> Transition {
    transition("0a1b", "birrarung-marr", Severity::High, state, 7)
}

#[test]
fn a_transition_is_a_row_of_the_alerts_table() {
    expect![[r#"{"alert_id":"0a1b","rule":"Crowded","rule_uid":"6f1c","rule_version":"v1","key":"birrarung-marr","space":"birrarung-marr","severity":"high","state":"active","event_time":"2017-03-12T10:00:07Z","evidence":{"value":7665,"limit":5000},"summary":"Birrarung Marr: 7,665 people in the hour to 21:00","centre":"melbourne","feed":"pedestrian","log_time":"2017-03-12T10:00:07.25Z","partition":0,"offset":42,"date":"2017-03-12"}"#]]
    .assert_eq(&transition_json("melbourne", &crowded(AlertState::Active), 42));
}

#[test]
fn a_reason_is_said_and_missing_evidence_is_left_out() {
    let cleared = Transition { reason: Some("rule_changed"), ..crowded(AlertState::Cleared) };
    let row: Value = serde_json::from_str(&transition_json("melbourne", &cleared, 43)).unwrap();
    assert_eq!((&row["state"], &row["reason"]), (&"cleared".into(), &"rule_changed".into()));
    assert_eq!(row.get("evidence"), None);
}

#[test]
fn evidence_keeps_every_digit_and_never_breaks_the_line() {
    let evidence = "{\"value\":\n12345678901234567.000001,\r\n\"text\":\"<script>\\n\"}";
    let active = Transition { evidence: Some(evidence.into()), ..crowded(AlertState::Active) };
    let row = transition_json("melbourne", &active, 44);
    assert!(row.contains("12345678901234567.000001") && !row.contains(['\n', '\r']), "{row}");
    let row: Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row["evidence"]["text"], "<script>\n");
}

#[test]
fn evidence_that_is_not_json_is_written_as_text() {
    let active = Transition { evidence: Some("{broken".into()), ..crowded(AlertState::Active) };
    let row: Value = serde_json::from_str(&transition_json("melbourne", &active, 45)).unwrap();
    assert_eq!(row["evidence"], "{broken");
}

#[test]
fn an_alert_says_what_the_engine_knows_and_what_people_did() {
    let mut book = Book::default();
    book.apply(&placed(crowded(AlertState::Active), 42));
    book.apply(&command("0a1b", "Ada", ACKNOWLEDGE, 50));
    let cleared = transition("0a1b", "birrarung-marr", Severity::High, AlertState::Cleared, 55);
    book.apply(&placed(cleared, 55));
    let alert = book.apply(&command("0a1b", "Bea", close(), 60)).alert.unwrap();
    expect![[r#"{"alert_id":"0a1b","rule":"Crowded","rule_uid":"6f1c","rule_version":"v1","key":"birrarung-marr","space":"birrarung-marr","severity":"high","state":"cleared","handling":"closed","event_time":"2017-03-12T10:00:07Z","changed_time":"2017-03-12T10:00:55Z","evidence":{"value":7665,"limit":5000},"summary":"Birrarung Marr: 7,665 people in the hour to 21:00","centre":"melbourne","feed":"pedestrian","log_time":"2017-03-12T10:00:07.25Z","offset":60,"acknowledged":{"operator":"Ada","log_time":"2017-03-12T10:00:50Z","note":"looked at camera 4"},"closed":{"operator":"Bea","log_time":"2017-03-12T10:01:00Z","disposition":"true","cause":"fireworks","note":"looked at camera 4"}}"#]]
    .assert_eq(&alert_json("melbourne", &alert));
}

#[test]
fn an_alert_says_what_suppresses_it_since_when_it_is_worse_and_what_to_do() {
    let guidance =
        Guidance { action: Some("Look at camera 4".into()), respond_within_ms: Some(300_000), ..Guidance::default() };
    let rule = RuleIdentity { name: "Crowded".into(), guidance: Some(guidance), ..RuleIdentity::default() };
    let mut book = Book::default();
    let opened = Transition { rule: Arc::new(rule), ..crowded(AlertState::Active) };
    let alert = book.apply(&placed(opened, 7)).alert.unwrap();
    let alert = AlertView {
        condition: Condition::Stale,
        condition_since_ms: MOOMBA_MS + 55_000,
        escalated_ms: Some(MOOMBA_MS + 60_000),
        inhibited_by: Some(Inhibitor { rule: "Blind".into(), alert_id: AlertId::from_text("77ff") }),
        ..AlertView::clone(&alert)
    };
    let row: Value = serde_json::from_str(&alert_json("melbourne", &alert)).unwrap();
    assert_eq!(row["changed_time"], "2017-03-12T10:00:55Z");
    assert_eq!(row["escalated_time"], "2017-03-12T10:01:00Z");
    assert_eq!(row["inhibited_by"], serde_json::json!({"rule": "Blind", "alert_id": "77ff"}));
    assert_eq!(row["guidance"], serde_json::json!({"action": "Look at camera 4", "respond_within": "5m"}));
}
