//! The tables of `docs/desk.md`, line by line.

use super::*;

const DOCS: &str = include_str!("../../../../../../docs/desk.md");
const NOW_MS: i64 = 1_000;
const END_MS: i64 = 2_000;

/// Headings and rows of the table behind a mark.
fn table(mark: &str) -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let (_, rest) = DOCS.split_once(mark).expect("the document has the table");
    let lines = rest.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
    let mut lines = lines.map(cells);
    let heading = lines.next().expect("a table has headings");
    (heading, lines.skip(1).collect())
}

fn give(desk: &mut Desk, deed: &DeskDeed, note: Option<&str>, now_ms: i64) -> Outcome {
    let command = Command { note: note.map(str::to_owned), ..desk_command("Ada", deed.clone(), now_ms) };
    desk.command(&command, deed, |_| None)
}

fn mode(mode: DeskMode, name: &str, until_ms: i64) -> DeskDeed {
    let name = (mode != DeskMode::Normal).then(|| name.into());
    let until_ms = (mode != DeskMode::Normal).then_some(until_ms);
    DeskDeed::Mode { mode, name, coordinator: None, until_ms, spaces: Vec::new() }
}

fn mode_word(desk: &Desk) -> &'static str {
    desk.modes.now().map_or(DeskMode::Normal, |now| now.mode).as_str()
}

/// A cell: the outcome, and what holds then when the command did something.
fn cell(outcome: Outcome, then: &str) -> String {
    if outcome == Outcome::Done { format!("done: {then}") } else { outcome.as_str().to_owned() }
}

#[test]
fn every_mode_does_what_the_table_says() {
    let (heading, rows) = table("<!-- modes:");
    assert_eq!((heading.len(), rows.len()), (9, DeskMode::ALL.len()));
    for (row, held) in rows.iter().zip(DeskMode::ALL) {
        assert_eq!(row[0], held.as_str());
        for (what, expected) in heading.iter().zip(row).skip(1) {
            let mut desk = Desk::default();
            give(&mut desk, &mode(held, "Moomba", END_MS), None, NOW_MS);
            let asked = match *what {
                "normal" => mode(DeskMode::Normal, "", 0),
                "the same again" | "the same, other end" if held == DeskMode::Normal => {
                    assert_eq!(*expected, "", "the normal mode has neither name nor end");
                    continue;
                }
                "the same again" => mode(held, "Moomba", END_MS),
                "the same, other end" => mode(held, "Moomba", END_MS + 1),
                "another event" => mode(DeskMode::Event, "Laneway", END_MS),
                "another exercise" => mode(DeskMode::Exercise, "Drill", END_MS),
                "end not after now" => mode(DeskMode::Event, "Laneway", NOW_MS + 1),
                "tick before its end" | "tick at its end" => {
                    desk.tick(if *what == "tick at its end" { END_MS } else { END_MS - 1 }, END_MS);
                    assert_eq!(mode_word(&desk), *expected, "{} and {what}", row[0]);
                    continue;
                }
                other => panic!("no such column: {other}"),
            };
            let outcome = give(&mut desk, &asked, None, NOW_MS + 1);
            assert_eq!(cell(outcome, mode_word(&desk)), *expected, "{} and {what}", row[0]);
        }
    }
}

#[test]
fn the_same_mode_goes_on_since_it_began_and_another_name_begins_anew() {
    let mut desk = Desk::default();
    let since = |desk: &Desk| desk.modes.now().unwrap().since_ms;
    give(&mut desk, &mode(DeskMode::Event, "Moomba", END_MS), None, 1);
    give(&mut desk, &mode(DeskMode::Event, "Moomba", END_MS + 1), None, 2);
    assert_eq!(since(&desk), 1);
    give(&mut desk, &mode(DeskMode::Event, "Laneway", END_MS + 1), None, 3);
    assert_eq!(since(&desk), 3);
    let news = ["0 1: Moomba began", "1 2: Moomba began", "2 3: Moomba ended, by itself: false", "3 3: Laneway began"];
    assert_eq!(happened(&desk), news);
}

fn out(until_ms: Option<i64>) -> DeskDeed {
    let scope = ServiceScope { space: Some("square".into()), ..ServiceScope::default() };
    DeskDeed::OutOfService { scope, until_ms }
}

#[test]
fn every_scope_does_what_the_table_says() {
    let (heading, rows) = table("<!-- service:");
    assert_eq!((heading.len(), rows.len()), (8, 3));
    for row in rows {
        let end = match row[0] {
            "in service" => None,
            "out without end" => Some(None),
            "out until an end" => Some(Some(END_MS)),
            other => panic!("no such row: {other}"),
        };
        for (what, expected) in heading.iter().zip(&row).skip(1) {
            let mut desk = Desk::default();
            let id = desk_command("Ada", out(None), NOW_MS).action_id;
            if let Some(end_ms) = end {
                give(&mut desk, &out(end_ms), None, NOW_MS);
            }
            let word = |desk: &Desk| match desk.marks("Crowded", "square", "square/s1").out_of_service {
                Some(_) => "out",
                None => "in",
            };
            let asked = match *what {
                "taken out" => out(None),
                "taken out, same end and reason" => out(end.flatten()),
                "taken out, other end" => out(Some(END_MS + 5)),
                "taken out, end not after now" => out(Some(NOW_MS + 1)),
                "returned" => DeskDeed::Return { id },
                "tick before its end" | "tick at its end" => {
                    desk.tick(if *what == "tick at its end" { END_MS } else { END_MS - 1 }, END_MS);
                    assert_eq!(word(&desk), *expected, "{} and {what}", row[0]);
                    continue;
                }
                other => panic!("no such column: {other}"),
            };
            let outcome = give(&mut desk, &asked, None, NOW_MS + 1);
            assert_eq!(cell(outcome, word(&desk)), *expected, "{} and {what}", row[0]);
        }
    }
}

#[test]
fn a_scope_means_alerts_that_match_all_it_names() {
    let scope = |rule: &str, space: &str, sensor: &str| {
        let named = |name: &str| (!name.is_empty()).then(|| Arc::from(name));
        ServiceScope { rule: named(rule), space: named(space), sensor: named(sensor), node: None }
    };
    let is_out = |scope: ServiceScope, rule: &str, space: &str, key: &str| {
        let mut desk = Desk::default();
        give(&mut desk, &DeskDeed::OutOfService { scope, until_ms: None }, None, 1);
        desk.marks(rule, space, key).out_of_service.is_some()
    };
    assert!(is_out(scope("Crowded", "", ""), "Crowded", "park", "park"));
    assert!(!is_out(scope("Crowded", "square", ""), "Crowded", "park", "park"));
    assert!(is_out(scope("", "square", "s1"), "Loud", "square", "square/s1"));
    assert!(!is_out(scope("", "square", "s1"), "Loud", "square", "square/s2"));
    assert!(!is_out(scope("", "square", "s1"), "Loud", "square", "square"));
    assert!(!is_out(ServiceScope::default(), "Loud", "square", "square"), "an empty scope is refused");
}

#[test]
fn the_bounds_of_what_is_out_and_of_a_mode_are_refused() {
    let mut desk = Desk::default();
    for n in 0..=500 {
        let scope = ServiceScope { rule: Some(n.to_string().into()), ..ServiceScope::default() };
        let outcome = give(&mut desk, &DeskDeed::OutOfService { scope, until_ms: None }, None, n);
        assert_eq!(outcome, if n < 500 { Outcome::Done } else { Outcome::TooMany });
    }
    let spaces: Vec<Arc<str>> = (0..=500).map(|n: i32| n.to_string().into()).collect();
    let name = Some("Moomba".into());
    let mode = DeskMode::Event;
    let wide = DeskDeed::Mode { mode, name, coordinator: None, until_ms: Some(END_MS), spaces };
    assert_eq!(give(&mut desk, &wide, None, 1), Outcome::TooMany);
}

#[test]
fn a_handover_is_signed_by_two_people() {
    let mut desk = Desk::default();
    let sign = |desk: &mut Desk, operator: &str, side, now_ms| {
        let deed = DeskDeed::SignShift { side };
        desk.command(&desk_command(operator, deed.clone(), now_ms), &deed, |_| None)
    };
    let newest = |desk: &Desk| desk.duty.newest().unwrap().clone();
    assert_eq!(sign(&mut desk, "Ada", ShiftSide::Leaving, 1), Outcome::Done);
    assert_eq!(sign(&mut desk, "Ada", ShiftSide::Leaving, 2), Outcome::Unchanged);
    assert_eq!(sign(&mut desk, "Ada", ShiftSide::Arriving, 3), Outcome::Done);
    assert!(!newest(&desk).is_complete(), "nobody hands over to themselves");
    assert_eq!(sign(&mut desk, "Bea", ShiftSide::Arriving, 4), Outcome::Done);
    assert!(newest(&desk).is_complete());
    assert_eq!(sign(&mut desk, "Bea", ShiftSide::Leaving, 9), Outcome::Done);
    assert_eq!(newest(&desk).arriving, None, "the next handover");
    assert_eq!(desk.duty.signed_within(0, 8).unwrap().arriving.as_ref().unwrap().at_ms, 4);
    assert_eq!(desk.duty.signed_within(5, 8), None);
    assert_eq!(desk.duty.on_duty().map(AsRef::as_ref).collect::<Vec<&str>>(), ["Ada"]);
}
