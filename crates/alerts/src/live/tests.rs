use super::*;
use crate::book::Book;
use crate::samples::{ACKNOWLEDGE, command, in_shadow, of_rule, placed, transition};
use std::collections::BTreeSet;
use vigie_model::alert::AlertState;
use vigie_model::principal::SpaceScope;
use vigie_model::stream::AlertRecord;

fn shown(records: &[AlertRecord]) -> LiveAlerts {
    let (mut book, live) = (Book::default(), LiveAlerts::new("melbourne"));
    for record in records {
        live.apply(&book.apply(record));
    }
    live
}

fn four_alerts() -> LiveAlerts {
    let active = |id: &str, space: &str, severity, offset| {
        placed(transition(id, space, severity, AlertState::Active, offset), offset)
    };
    shown(&[
        active("low", "town-hall", Severity::Low, 0),
        active("old", "birrarung-marr", Severity::High, 1),
        active("new", "birrarung-marr", Severity::High, 2),
        active("seen", "birrarung-marr", Severity::Critical, 3),
        command("seen", "Ada", ACKNOWLEDGE, 4),
        placed(transition("seen", "birrarung-marr", Severity::Critical, AlertState::Cleared, 5), 5),
    ])
}

fn ids(alerts: &[Arc<AlertView>]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.id().as_str()).collect()
}

#[test]
fn unacknowledged_come_first_then_the_worst_then_the_newest() {
    let live = four_alerts();
    assert_eq!(ids(&live.list(&Principal::local("melbourne"))), ["new", "old", "low", "seen"]);
    assert_eq!(live.handled(), 1);
}

#[test]
fn another_centre_sees_nothing_and_a_partner_only_its_spaces() {
    let live = four_alerts();
    let stranger = Principal::local("dublin");
    assert!(live.list(&stranger).is_empty() && live.worst_by_space(&stranger).is_empty());
    assert_eq!(live.sum(&stranger), AlertSum::default());
    assert!(live.get(&stranger, &AlertId::from_text("low")).is_none());

    let mut partner = Principal::local("melbourne");
    partner.scope.spaces = SpaceScope::Only(BTreeSet::from(["town-hall".into()]));
    assert_eq!(ids(&live.list(&partner)), ["low"]);
    assert!(live.get(&partner, &AlertId::from_text("new")).is_none());
    assert!(live.get(&partner, &AlertId::from_text("low")).is_some());
}

#[test]
fn a_space_is_as_bad_as_its_worst_running_alert() {
    let live = four_alerts();
    let sums = live.worst_by_space(&Principal::local("melbourne"));
    let worst = Some((Condition::Active, Severity::High));
    let marr = AlertSum { worst, running: 2, unacknowledged: 2, open: 3, suppressed: 0, ..AlertSum::default() };
    assert_eq!(sums["birrarung-marr"], marr, "a cleared critical alert is not worse than a running high one");
    assert_eq!(sums["town-hall"].worst, Some((Condition::Active, Severity::Low)));
    assert_eq!(live.sum(&Principal::local("melbourne")).open, 4);
}

#[test]
fn what_the_book_evicts_leaves_the_table() {
    let live = four_alerts();
    let gone = live.get(&Principal::local("melbourne"), &AlertId::from_text("old")).unwrap();
    live.apply(&Applied { evicted: vec![gone], ..Applied::default() });
    assert_eq!(ids(&live.list(&Principal::local("melbourne"))), ["new", "low", "seen"]);
}

#[test]
fn a_suppressed_alert_is_counted_as_such_and_comes_after_those_to_be_done() {
    let low =
        of_rule(transition("crowd", "town-hall", Severity::Critical, AlertState::Active, 0), "Crowded", &["Blind"]);
    let live = shown(&[
        placed(low, 0),
        placed(of_rule(transition("blind", "town-hall", Severity::Low, AlertState::Active, 1), "Blind", &[]), 1),
        placed(transition("other", "birrarung-marr", Severity::Low, AlertState::Active, 2), 2),
        command("other", "Ada", ACKNOWLEDGE, 3),
    ]);
    let who = Principal::local("melbourne");
    assert_eq!(ids(&live.list(&who)), ["blind", "other", "crowd"]);
    let worst = Some((Condition::Active, Severity::Low));
    let hall = AlertSum { worst, running: 1, unacknowledged: 1, open: 1, suppressed: 1, ..AlertSum::default() };
    assert_eq!(live.worst_by_space(&who)["town-hall"], hall);
    assert_eq!((live.sum(&who).open, live.sum(&who).suppressed), (2, 1));
}

#[test]
fn an_escalated_alert_moves_up() {
    let mut worse = transition("low", "town-hall", Severity::Critical, AlertState::Escalated, 6);
    worse.ordinal = 1;
    let live = shown(&[
        placed(transition("low", "town-hall", Severity::Low, AlertState::Active, 0), 0),
        placed(transition("high", "town-hall", Severity::High, AlertState::Active, 1), 1),
        placed(worse, 6),
    ]);
    let who = Principal::local("melbourne");
    assert_eq!(ids(&live.list(&who)), ["low", "high"]);
    assert_eq!(live.worst_by_space(&who)["town-hall"].worst, Some((Condition::Active, Severity::Critical)));
}

#[test]
fn the_end_of_an_alert_whose_rule_went_into_shadow_counts_as_untold() {
    let cleared = in_shadow(transition("crowd", "town-hall", Severity::Low, AlertState::Cleared, 1));
    let live =
        shown(&[placed(transition("crowd", "town-hall", Severity::Low, AlertState::Active, 0), 0), placed(cleared, 1)]);
    assert_eq!(live.handled(), 1, "the public stream does not tell it");
    let crowd = live.get(&Principal::local("melbourne"), &AlertId::from_text("crowd")).unwrap();
    assert_eq!(crowd.condition, Condition::Cleared);
}
