use super::*;
use crate::samples::{ACKNOWLEDGE, MOOMBA_MS, close, command, of_rule, placed, transition};
use crate::wire::alert_json;
use proptest::prelude::*;
use vigie_model::alert::AlertState;
use vigie_model::command::{AlertDeed, DeskMode, Disposition, ServiceScope};
use vigie_model::severity::Severity;

const SPACES: [&str; 2] = ["birrarung-marr", "town-hall"];

fn opened(id: &str, space: &str, position: u64) -> AlertRecord {
    placed(transition(id, space, Severity::Medium, AlertState::Active, position), position)
}

fn desk_command(deed: DeskDeed, position: u64) -> AlertRecord {
    let log_time_ms = MOOMBA_MS + i64::try_from(position).unwrap() * 1000;
    let (action_id, operator) = (format!("a{position}").into(), "Ada".into());
    let action = Action::Desk(deed);
    let command = Command { action_id, operator, note: Some("works".into()), log_time_ms, action };
    AlertRecord { position, log_time_ms, item: AlertItem::Command(Arc::new(command)) }
}

fn tick(position: u64) -> AlertRecord {
    let tick_ms = MOOMBA_MS + i64::try_from(position).unwrap() * 1000;
    AlertRecord { position, log_time_ms: tick_ms, item: AlertItem::Tick { tick_ms } }
}

fn out_of_service(space: &str, until_s: Option<i64>) -> DeskDeed {
    let scope = ServiceScope { space: Some(space.into()), ..ServiceScope::default() };
    DeskDeed::OutOfService { scope, until_ms: until_s.map(|s| MOOMBA_MS + s * 1000) }
}

fn word(room: &ControlRoom, id: &str) -> &'static str {
    room.book().get(&AlertId::from_text(id)).unwrap().handling().as_str()
}

#[test]
fn what_is_taken_out_of_service_hides_its_alerts_until_it_returns() {
    let mut room = ControlRoom::default();
    room.apply(&opened("x", "town-hall", 0));
    room.apply(&opened("elsewhere", "birrarung-marr", 1));
    let out = room.apply(&desk_command(out_of_service("town-hall", Some(10)), 2));
    assert_eq!(out.applied.command.unwrap().outcome, Outcome::Done);
    assert_eq!(out.applied.changed.len(), 1);
    assert_eq!(out.desk.unwrap().out_of_service.len(), 1);
    assert_eq!((word(&room, "x"), word(&room, "elsewhere")), ("out_of_service", "open"));
    let new = room.apply(&opened("y", "town-hall", 3)).applied.alert.unwrap();
    assert_eq!(new.handling(), Handling::OutOfService, "what opens meanwhile is out of service from its beginning");
    assert!(room.apply(&tick(9)).applied.changed.is_empty());
    let back = room.apply(&tick(10)).applied.changed;
    let told: Vec<_> = back.iter().map(|view| (view.id().as_str(), view.reannounced.unwrap().why.as_str())).collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|(_, why)| *why == "returned_to_service"), "{told:?}");
    assert_eq!(room.desk().view(10).flood.counted(), 3 + 1, "two of town hall are told, one of them again");
}

#[test]
fn what_opens_in_an_exercise_says_so_for_ever() {
    let mut room = ControlRoom::default();
    let mode = |mode, name: Option<&str>| DeskDeed::Mode {
        mode,
        name: name.map(Into::into),
        coordinator: None,
        until_ms: name.map(|_| MOOMBA_MS + 60_000),
        spaces: vec!["town-hall".into()],
    };
    room.apply(&desk_command(mode(DeskMode::Exercise, Some("Drill")), 0));
    let inside = room.apply(&opened("x", "town-hall", 1)).applied.alert.unwrap();
    let outside = room.apply(&opened("y", "birrarung-marr", 2)).applied.alert.unwrap();
    assert_eq!((inside.mode.is_exercise, inside.mode.name.as_deref()), (true, Some("Drill")));
    assert_eq!(outside.mode, ModeThen::default());
    room.apply(&desk_command(mode(DeskMode::Normal, None), 3));
    let cleared = placed(transition("x", "town-hall", Severity::Medium, AlertState::Cleared, 4), 4);
    assert!(room.apply(&cleared).applied.alert.unwrap().mode.is_exercise);
}

#[test]
fn alerts_of_a_space_share_an_incident_file_and_say_so() {
    let mut room = ControlRoom::default();
    room.apply(&opened("x", "town-hall", 0));
    let second = room.apply(&opened("y", "town-hall", 1));
    let file = second.applied.alert.unwrap().incident_file.clone().expect("two alerts make a file");
    let changed = second.applied.changed;
    assert_eq!(changed.len(), 1, "the first is in it too");
    assert_eq!((changed[0].id().as_str(), changed[0].incident_file.as_ref()), ("x", Some(&file)));
    let remove = DeskDeed::FileChange {
        id: file,
        title: None,
        add: Vec::new(),
        remove: vec![AlertId::from_text("x")],
        closed: None,
    };
    let removed = room.apply(&desk_command(remove, 2)).applied;
    assert_eq!((removed.command.unwrap().outcome, removed.changed[0].incident_file.as_deref()), (Outcome::Done, None));
}

#[test]
fn every_command_has_an_outcome_and_a_test_alert_opens() {
    let mut room = ControlRoom::default();
    let unknown = room.apply(&desk_command(DeskDeed::Return { id: "no".into() }, 0));
    assert_eq!(unknown.applied.command.unwrap().outcome, Outcome::UnknownId);
    let test = room.apply(&desk_command(DeskDeed::TestAlert { severity: None, space: None }, 1)).applied;
    let alert = test.alert.unwrap();
    assert_eq!((test.command.unwrap().outcome, alert.is_test), (Outcome::Done, true));
    assert_eq!(room.desk().view(1).flood.counted(), 0, "a test never counts");
    let as_test = AlertDeed::Close { disposition: Disposition::Test, cause: None };
    let closed = room.apply(&command(alert.id().as_str(), "Bea", as_test, 2)).applied;
    assert_eq!(closed.command.unwrap().outcome, Outcome::Done);
}

#[test]
fn the_figures_of_a_shift_hold_how_long_alerts_waited() {
    let mut room = ControlRoom::default();
    room.apply(&opened("x", "town-hall", 0));
    room.apply(&command("x", "Ada", ACKNOWLEDGE, 30));
    let figures = room.desk().view(30).ledger.figures(MOOMBA_MS, MOOMBA_MS + 60_000);
    assert_eq!((figures.told, figures.acknowledged, figures.actions), (1, 1, 1));
    let waited = 30_000 - 250; // it opened a quarter of a second late
    assert_eq!(figures.acknowledge_median_ms, Some(waited));
}

/// One record of a made-up shift.
fn made(position: u64, alert: u8, what: u8) -> AlertRecord {
    let (id, space) = (format!("alert-{alert}"), SPACES[usize::from(alert % 2)]);
    let said = |state| {
        let rule = format!("Rule-{}", alert % 3);
        let said = transition(&id, space, Severity::High, state, position);
        placed(of_rule(said, &rule, if alert == 1 { &[] } else { &["Rule-1"] }), position)
    };
    let until_ms = MOOMBA_MS + i64::try_from(position + 5).unwrap() * 1000;
    match what {
        0 | 1 => said(AlertState::Active),
        2 => said(AlertState::Stale),
        3 | 4 => said(AlertState::Cleared),
        5..=7 => tick(position),
        8 => command(&id, "Ada", ACKNOWLEDGE, position),
        9 => command(&id, "Bea", AlertDeed::Shelve { until_ms }, position),
        10 => command(&id, "Bea", close(), position),
        11 => command(&id, "Bea", AlertDeed::Reopen, position),
        12 => desk_command(out_of_service(space, Some(i64::try_from(position).unwrap() + 4)), position),
        13 => desk_command(DeskDeed::TestAlert { severity: None, space: Some(space.into()) }, position),
        _ => {
            let alerts = vec![AlertId::from_text(&id)];
            desk_command(DeskDeed::FileNew { title: "Crowd".into(), alerts }, position)
        }
    }
}

fn told(stepped: &Stepped) -> Vec<String> {
    let Stepped { applied, desk } = stepped;
    let views = applied.alert.iter().chain(&applied.suppression).chain(&applied.changed).chain(&applied.evicted);
    let outcome = applied.command.iter().map(|command| command.outcome.as_str().to_owned());
    let desk = desk.iter().map(|desk| format!("{desk:?}"));
    views.map(|view| alert_json("melbourne", view)).chain(outcome).chain(desk).collect()
}

proptest! {
    /// Wherever a shift is cut, a room that goes on from a snapshot tells and ends the same; every command has an outcome;
    /// and whoever follows what is told knows the whole book.
    #[test]
    fn a_room_goes_on_from_a_snapshot(
        steps in prop::collection::vec((0_u8..6, 0_u8..15), 1..120),
        cut in 0_usize..120,
    ) {
        let records: Vec<_> = (0..).zip(&steps).map(|(position, (alert, what))| made(position, *alert, *what)).collect();
        let limits = BookLimits { finished_max: 4, alerts_max: 9 };
        let (mut whole, mut cut_one) = (ControlRoom::with_limits(limits), ControlRoom::with_limits(limits));
        let mut mirror = std::collections::HashMap::new();
        for (index, record) in records.iter().enumerate() {
            if index == cut % records.len() {
                let snapshot = cut_one.snapshot();
                cut_one = ControlRoom::restore(&snapshot, limits).unwrap();
                prop_assert_eq!(cut_one.snapshot(), snapshot);
            }
            let stepped = whole.apply(record);
            prop_assert_eq!(told(&stepped), told(&cut_one.apply(record)));
            let is_command = matches!(record.item, AlertItem::Command(_));
            prop_assert_eq!(stepped.applied.command.is_some(), is_command);
            let Applied { alert, suppression, changed, evicted, .. } = stepped.applied;
            mirror.extend(alert.into_iter().chain(suppression).chain(changed).map(|view| (view.id().clone(), view)));
            for gone in evicted {
                mirror.remove(gone.id());
            }
            prop_assert_eq!(mirror.len(), whole.book().len());
            for (id, view) in &mirror {
                prop_assert_eq!(Some(view), whole.book().get(id));
                let is_out = view.closed.is_none() && whole.desk().marks(&view.latest.rule.name, view.space(), &view.latest.key).out_of_service.is_some();
                prop_assert_eq!(view.out_of_service.is_some(), is_out);
                prop_assert_eq!(view.incident_file.as_ref(), whole.desk().file_of(id));
            }
        }
        prop_assert_eq!(whole.snapshot(), cut_one.snapshot());
        prop_assert_eq!(whole.book().dump("melbourne"), cut_one.book().dump("melbourne"));
    }
}
