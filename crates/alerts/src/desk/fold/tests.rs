use super::*;
use crate::desk::samples::{Sample, desk_command};
use vigie_model::command::{DeskMode, ServiceScope, ShiftSide};
use vigie_model::desk_settings::DeskSettings;
use vigie_model::severity::Severity;

mod tables;

const MINUTE_MS: i64 = 60_000;

fn told(desk: &mut Desk, id: &str, severity: Severity, now_ms: i64) -> Telling {
    let sample = Sample::new(id, "Crowded", "square", severity);
    desk.opened(&sample.alert(), now_ms, now_ms.unsigned_abs(), now_ms);
    desk.told(&sample.alert(), now_ms)
}

fn happened(desk: &Desk) -> Vec<String> {
    let word = |piece: &Arc<crate::desk::news::Piece>| {
        let what = match &piece.what {
            Happened::FloodBegan => "flood began".to_owned(),
            Happened::FloodEnded(over) => format!("flood ended, {} told, {} digested", over.told, over.digested),
            Happened::Chatter(change) => format!("{} chatters: {}", change.at.rule, !change.ended),
            Happened::ModeBegan(mode) => format!("{} began", mode.name),
            Happened::ModeEnded { name, by_itself, .. } => format!("{name} ended, by itself: {by_itself}"),
            Happened::OutOfService(entry) => format!("{} out", entry.id),
            Happened::Returned { by_itself, .. } => format!("returned, by itself: {by_itself}"),
        };
        format!("{} {}: {what}", piece.number, piece.at_ms)
    };
    desk.news.iter().map(word).collect()
}

#[test]
fn a_flood_and_chatter_are_announced_once_at_each_end() {
    let mut desk = Desk::default();
    let tellings: Vec<_> = (0..12).map(|n| told(&mut desk, &n.to_string(), Severity::Low, n * 1000)).collect();
    assert_eq!(tellings.iter().filter(|telling| **telling == Telling::Digested).count(), 2);
    desk.tick(20 * MINUTE_MS, 20 * MINUTE_MS);
    desk.tick(61 * MINUTE_MS, 61 * MINUTE_MS);
    let news = [
        "0 6000: Crowded chatters: true",
        "1 10000: flood began",
        "2 1200000: flood ended, 0 told, 2 digested",
        "3 3660000: Crowded chatters: false",
    ];
    assert_eq!(happened(&desk), news);
}

#[test]
fn exercises_tests_and_what_is_out_of_service_do_not_count() {
    let mut desk = Desk::default();
    for n in 0..60 {
        let sample = Sample::new(&n.to_string(), "Crowded", "square", Severity::Low);
        let alert = sample.alert();
        let alert = match n % 3 {
            0 => DeskAlert { is_exercise: true, ..alert },
            1 => DeskAlert { is_test: true, ..alert },
            _ => DeskAlert { is_out_of_service: true, ..alert },
        };
        desk.opened(&alert, 0, n, 0);
        assert_eq!(desk.told(&alert, 0), Telling::OneByOne);
    }
    let view = desk.view(0);
    assert_eq!((view.flood.counted(), view.ledger.figures(0, 1).told, view.chattering.len()), (0, 0, 0));
    assert_eq!(view.files.iter().map(|file| file.alerts.len()).collect::<Vec<_>>(), [20], "of the exercise");
}

#[test]
fn whoever_signs_in_raises_the_limits_of_a_flood() {
    let mut desk = Desk::default();
    for n in 0..11 {
        told(&mut desk, &n.to_string(), Severity::Low, 0);
    }
    assert!(desk.view(0).flood.now().is_some());
    for operator in ["Ada", "Bea", "Cid"] {
        let signs = DeskDeed::SignShift { side: ShiftSide::Arriving };
        desk.command(&desk_command(operator, signs.clone(), 1), &signs, |_| None);
    }
    assert_eq!(desk.operators(), 3);
    assert!(desk.view(0).flood.now().is_none(), "eleven are fewer than fifteen");
    let fixed = DeskSettings { operators: Some(1), ..DeskSettings::default() };
    desk.settings(&Arc::new(AlertSettings { desk: fixed, ..AlertSettings::default() }), 2);
    assert!(desk.view(0).flood.now().is_some(), "the configuration knows better");
}

#[test]
fn an_alert_keeps_what_held_when_it_opened_only_in_the_spaces_covered() {
    let mut desk = Desk::default();
    let mode = DeskDeed::Mode {
        mode: DeskMode::Event,
        name: Some("Moomba".into()),
        coordinator: Some("Cid".into()),
        until_ms: Some(100),
        spaces: vec!["square".into()],
    };
    assert_eq!(desk.command(&desk_command("Ada", mode.clone(), 1), &mode, |_| None), Outcome::Done);
    assert_eq!(desk.marks("Crowded", "square", "square").event().map(AsRef::as_ref), Some("Moomba"));
    assert_eq!(desk.marks("Crowded", "park", "park"), Marks::default());
    desk.tick(99, 105);
    assert_ne!(desk.marks("Crowded", "square", "square"), Marks::default());
    desk.tick(100, 106);
    assert_eq!(desk.marks("Crowded", "square", "square"), Marks::default());
}

#[test]
fn what_expires_together_returns_in_the_order_of_its_end() {
    let mut desk = Desk::default();
    for (now_ms, rule, until_ms) in [(1, "A", 30), (2, "B", 10), (3, "C", 20)] {
        let scope = ServiceScope { rule: Some(rule.into()), ..ServiceScope::default() };
        let deed = DeskDeed::OutOfService { scope, until_ms: Some(until_ms) };
        desk.command(&desk_command("Ada", deed.clone(), now_ms), &deed, |_| None);
        assert_eq!(desk.take_touched(), Touched::Any);
    }
    desk.tick(40, 40);
    assert_eq!(desk.take_touched(), Touched::Any);
    let scopes = desk.news.iter().filter_map(|piece| match &piece.what {
        Happened::Returned { scope, by_itself: true } => scope.rule.as_deref().map(str::to_owned),
        _ => None,
    });
    assert_eq!(scopes.collect::<Vec<_>>(), ["B", "C", "A"]);
    desk.tick(41, 41);
    assert_eq!(desk.take_touched(), Touched::default());
}

#[test]
fn a_file_of_alerts_that_nobody_knows_is_refused() {
    let mut desk = Desk::default();
    let deed = DeskDeed::FileNew { title: "t".into(), alerts: vec![AlertId::from_text("a")] };
    let command = desk_command("Ada", deed.clone(), 1);
    assert_eq!(desk.command(&command, &deed, |_| None), Outcome::UnknownAlert);
    assert_eq!(desk.command(&command, &deed, |_| Some(false)), Outcome::Done);
    assert_eq!(desk.file_of(&AlertId::from_text("a")), Some(&command.action_id));
    let view = desk.view(3);
    assert_eq!((view.position, view.ledger.figures(0, 2).actions), (3, 1));
    assert!(desk.take_changed() && !desk.take_changed());
}
