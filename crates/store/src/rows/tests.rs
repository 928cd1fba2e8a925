use super::{alerts, events, observations, spaces};
use crate::fixture;
use arrow::array::RecordBatch;
use arrow::json::LineDelimitedWriter;
use expect_test::{Expect, expect};
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState};
use vigie_model::command::{Action, AlertDeed, Command, DeskDeed, ServiceScope, ShiftSide, StepState};
use vigie_model::names::Names;
use vigie_model::record::{Payload, Record};
use vigie_model::stream::AppliedCommand;

fn names() -> Names {
    let mut names = Names::default();
    let Payload::Dictionary(entries) = fixture::dictionary().payload else { unreachable!() };
    names.learn(&entries);
    names
}

fn check(batch: &RecordBatch, expected: &Expect) {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    expected.assert_eq(&String::from_utf8(writer.into_inner()).unwrap());
}

#[test]
fn rows_of_the_log_say_what_the_records_say() {
    let Record { payload: Payload::Observations(rows), .. } = fixture::observations(3, 4, 2) else { unreachable!() };
    check(
        &observations::observations(&rows, "melbourne", &names(), &Arc::default()),
        &expect![[r#"
        {"event_time":"2017-03-12T14:00:00Z","space":"town-hall","sensor":"s1","node":"n1","seq":4,"metric":"people_count","value":4.0,"unit":"","quality":"good","flags":"","centre":"melbourne","feed":"pedestrian","log_time":"2017-03-12T14:00:00.005Z","partition":3,"offset":4,"date":"2017-03-12"}
        {"event_time":"2017-03-12T15:00:00Z","sent_time":"2017-03-12T10:00:00Z","space":"city-square","sensor":"s2","seq":5,"metric":"people_count","value":5.0,"unit":"","quality":"good","flags":"late,time_adjusted","centre":"melbourne","feed":"pedestrian","log_time":"2017-03-12T15:00:00.005Z","partition":3,"offset":5,"date":"2017-03-12"}
    "#]],
    );
    let Record { payload: Payload::Incidents(rows), .. } = fixture::incidents(7) else { unreachable!() };
    check(
        &events::incidents(&rows, "melbourne", &names()),
        &expect![[r##"
            {"event_time":"2017-03-12T10:00:00Z","id":"#1-7","space":"town-hall","category":"theft","severity":"high","channel":"dispatch","source_reliability":0.5,"status":"","version":1,"flags":"","centre":"melbourne","feed":"pedestrian","log_time":"2017-03-12T10:00:00Z","partition":1,"offset":7,"date":"2017-03-12"}
        "##]],
    );
    let Record { payload: Payload::Perceptions(rows), .. } = fixture::perceptions(7) else { unreachable!() };
    check(
        &events::perceptions(&rows, "melbourne", &names()),
        &expect![[r#"
        {"event_time":"2017-03-12T10:00:00Z","id":"p-1","space":"city-square","wave":"2018","question":"safe-alone","period":"night","group":{"sex":"f"},"n":117,"unsafe":23.0,"centre":"melbourne","feed":"pedestrian","log_time":"2017-03-12T10:00:00Z","partition":2,"offset":7,"date":"2017-03-12"}
    "#]],
    );
    let Record { payload: Payload::Control(control), .. } = fixture::control() else { unreachable!() };
    check(
        &spaces::spaces(&control, "melbourne", fixture::START_MS, 0),
        &expect![[r#"
        {"id":"town-hall","name":"Town Hall","kind":"square","district":"centre","geometry":"{\"type\":\"Point\",\"coordinates\":[144.96,-37.81]}","capacity":4000,"params":"{\"Crowded\":{\"max\":3.5}}","valid_from":"2017-03-12T10:00:00Z","centre":"melbourne","feed":"","log_time":"2017-03-12T10:00:00Z","partition":0,"offset":0,"date":"2017-03-12"}
        {"id":"city-square","name":"city-square","kind":"","district":"","geometry":"","params":"{}","valid_from":"2017-03-12T10:00:00Z","centre":"melbourne","feed":"","log_time":"2017-03-12T10:00:00Z","partition":0,"offset":1,"date":"2017-03-12"}
    "#]],
    );
}

#[test]
fn rows_of_the_alert_stream_are_episodes_and_commands() {
    let active = fixture::alert(9, AlertState::Active, fixture::START_MS);
    check(
        &alerts::alerts(&[active], "melbourne").unwrap(),
        &expect![[r#"
        {"alert_id":"a-1","rule":"Crowded","rule_uid":"u","rule_version":"v","key":"town-hall/s1","space":"town-hall","severity":"high","state":"active","event_time":"2017-03-12T10:00:00Z","evidence":"{\"value\":7}","summary":"Town Hall: 7 people","centre":"melbourne","feed":"pedestrian","log_time":"2017-03-12T10:00:00Z","partition":0,"offset":9,"date":"2017-03-12"}
    "#]],
    );
    assert!(alerts::alerts(&[fixture::alert(9, AlertState::Pending, fixture::START_MS)], "melbourne").is_none());
    check(
        &alerts::action(&fixture::closed(11), "melbourne"),
        &expect![[r#"
        {"action_id":"c-1","alert_id":"a-1","space":"town-hall","operator":"ines","action":"close","disposition":"nuisance","cause":"market day","outcome":"done","event_time":"2017-03-12T11:00:00Z","centre":"melbourne","feed":"","log_time":"2017-03-12T11:00:00Z","partition":0,"offset":11,"date":"2017-03-12"}
    "#]],
    );
}

#[test]
fn what_a_command_names_besides_its_alert_is_its_target() {
    let (alert_id, until_ms) = (AlertId::from_text("a-1"), fixture::START_MS + fixture::HOUR_MS);
    let of_alert = |deed| Action::Alert { alert_id: alert_id.clone(), deed };
    let scope = ServiceScope { space: Some("town-hall".into()), ..ServiceScope::default() };
    let actions = [
        of_alert(AlertDeed::Shelve { until_ms }),
        of_alert(AlertDeed::Assign { to: "bob".into() }),
        of_alert(AlertDeed::CheckStep { step: 2, state: StepState::Skipped }),
        Action::Desk(DeskDeed::OutOfService { scope, until_ms: None }),
        Action::Desk(DeskDeed::FileNew { title: "Crowds".into(), alerts: vec![alert_id.clone()] }),
        Action::Desk(DeskDeed::SignShift { side: ShiftSide::Leaving }),
    ];
    let rows = actions.map(|action| {
        let closed = fixture::closed(11);
        let command = Arc::new(Command { action, ..Command::clone(&closed.command) });
        let batch = alerts::action(&AppliedCommand { command, ..closed }, "melbourne");
        let columns = ["alert_id", "action", "until", "target"].map(|name| batch.schema().index_of(name).unwrap());
        batch.project(&columns).unwrap()
    });
    let all = arrow::compute::concat_batches(&rows[0].schema(), &rows).unwrap();
    check(
        &all,
        &expect![[r#"
        {"alert_id":"a-1","action":"shelve","until":"2017-03-12T11:00:00Z"}
        {"alert_id":"a-1","action":"assign","target":"{\"to\":\"bob\"}"}
        {"alert_id":"a-1","action":"checklist","target":"{\"state\":\"skipped\",\"step\":2}"}
        {"action":"out_of_service","target":"{\"space\":\"town-hall\"}"}
        {"action":"file_new","target":"{\"alerts\":[\"a-1\"],\"title\":\"Crowds\"}"}
        {"action":"sign_shift","target":"{\"as\":\"leaving\"}"}
    "#]],
    );
}
