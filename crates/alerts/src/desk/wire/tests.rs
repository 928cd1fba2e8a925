use super::*;
use crate::desk::fold::Desk;
use crate::desk::samples::{Sample, desk_command};
use std::collections::BTreeSet;
use vigie_model::command::{DeskDeed, DeskMode, ServiceScope, ShiftSide};
use vigie_model::control::AlertSettings;
use vigie_model::principal::Principal;
use vigie_model::severity::Severity;

/// Sunday 12 March 2017, 21:00 in Melbourne.
const NOW_MS: i64 = 1_489_312_800_000;

fn desk() -> Desk {
    let mut desk = Desk::default();
    let escalation = DeskEscalation { severity: Severity::High, after_ms: 300_000, to: "chief".into() };
    desk.settings(&Arc::new(AlertSettings { escalation: Some(escalation), ..AlertSettings::default() }), NOW_MS);
    for n in 0..14_i64 {
        let space = ["square", "park"][usize::from(n % 3 == 0)];
        let sample = Sample::new(&n.to_string(), "Crowded", space, Severity::Low);
        desk.opened(&sample.alert(), NOW_MS, n.unsigned_abs(), NOW_MS);
        desk.told(&sample.alert(), NOW_MS);
    }
    let mut give =
        |deed: DeskDeed, now_ms: i64| desk.command(&desk_command("Ada", deed.clone(), now_ms), &deed, |_| Some(false));
    let scope = ServiceScope { rule: Some("Loud".into()), ..ServiceScope::default() };
    give(DeskDeed::OutOfService { scope, until_ms: Some(NOW_MS + 60_000) }, NOW_MS);
    let (name, coordinator) = (Some("Moomba".into()), Some("Cid".into()));
    let (until_ms, spaces) = (Some(NOW_MS + 1000), vec!["park".into()]);
    give(DeskDeed::Mode { mode: DeskMode::Event, name, coordinator, until_ms, spaces }, NOW_MS);
    give(DeskDeed::SignShift { side: ShiftSide::Arriving }, NOW_MS);
    give(DeskDeed::SoundCheck { heard: true }, NOW_MS);
    desk
}

fn json_for(principal: &Principal) -> Value {
    let district = |space: &str| if space == "park" { "Old Town".to_owned() } else { String::new() };
    let looker = Looker { scope: &principal.scope, centre: "melbourne", district: &district };
    let mut json = desk_json(&desk().view(1), 2, &looker);
    for file in json["incident_files"].as_array_mut().unwrap() {
        file["alerts"] = file["alerts"].as_array().unwrap().len().into();
        file["id"] = "id".into();
    }
    json
}

#[test]
fn the_desk_is_told_in_full_to_who_may_see_all() {
    expect_test::expect![[r#"
        {
          "chattering": [
            {
              "count": 9,
              "key": "square",
              "rule": "Crowded",
              "since": "2017-03-12T10:00:00Z"
            }
          ],
          "escalation": {
            "after": "5m",
            "desk": "chief",
            "severity": "high"
          },
          "flood": {
            "active": true,
            "bypass": "high",
            "digest": [
              {
                "count": 3,
                "district_or_space": "square",
                "worst": "low"
              },
              {
                "count": 1,
                "district_or_space": "Old Town",
                "worst": "low"
              }
            ],
            "enter": 10,
            "first_up": "0",
            "leave": 5,
            "new_10min": 14,
            "operators": 1,
            "since": "2017-03-12T10:00:00Z",
            "told": 0
          },
          "incident_files": [
            {
              "alerts": 5,
              "id": "id",
              "opened": "2017-03-12T10:00:00Z",
              "space": "park",
              "title": "Crowded, park"
            },
            {
              "alerts": 9,
              "id": "id",
              "opened": "2017-03-12T10:00:00Z",
              "space": "square",
              "title": "Crowded, square"
            }
          ],
          "log_time": "2017-03-12T10:00:00Z",
          "mode": {
            "coordinator": "Cid",
            "mode": "event",
            "name": "Moomba",
            "operator": "Ada",
            "since": "2017-03-12T10:00:00Z",
            "spaces": [
              "park"
            ],
            "until": "2017-03-12T10:00:01Z"
          },
          "news": [
            {
              "count": 7,
              "key": "square",
              "log_time": "2017-03-12T10:00:00Z",
              "number": 0,
              "rule": "Crowded",
              "what": "chatter_began"
            },
            {
              "log_time": "2017-03-12T10:00:00Z",
              "number": 1,
              "what": "flood_began"
            },
            {
              "id": "a1489312800000",
              "log_time": "2017-03-12T10:00:00Z",
              "number": 2,
              "what": "out_of_service"
            },
            {
              "log_time": "2017-03-12T10:00:00Z",
              "mode": "event",
              "name": "Moomba",
              "number": 3,
              "what": "mode_began"
            }
          ],
          "on_duty": [
            "Ada"
          ],
          "out_of_service": [
            {
              "id": "a1489312800000",
              "log_time": "2017-03-12T10:00:00Z",
              "operator": "Ada",
              "rule": "Loud",
              "until": "2017-03-12T10:01:00Z"
            }
          ],
          "shelved": 2,
          "signed": {
            "arriving": {
              "log_time": "2017-03-12T10:00:00Z",
              "operator": "Ada"
            }
          },
          "sound_check": {
            "heard": true,
            "log_time": "2017-03-12T10:00:00Z",
            "operator": "Ada"
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&json_for(&Principal::local("melbourne"))).unwrap());
}

#[test]
fn a_partner_sees_its_own_spaces_and_a_stranger_nothing() {
    let mut partner = Principal::local("melbourne");
    partner.scope.spaces = SpaceScope::Only(BTreeSet::from(["park".into()]));
    let seen = json_for(&partner);
    assert_eq!(seen["flood"]["digest"], json!([{"district_or_space": "Old Town", "count": 1, "worst": "low"}]));
    assert_eq!((seen["out_of_service"].clone(), seen["flood"].get("first_up")), (json!([]), None));
    assert_eq!(seen["incident_files"].as_array().unwrap().len(), 1);
    assert_eq!(seen["chattering"], json!([]));
    let stranger = json_for(&Principal::local("dublin"));
    assert_eq!((&stranger["incident_files"], &stranger["news"]), (&json!([]), &json!([])));
}
