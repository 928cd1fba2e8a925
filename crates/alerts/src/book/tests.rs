use super::*;
use crate::samples::{ACKNOWLEDGE, MOOMBA_MS, close, command, in_shadow, placed, record, transition};
use proptest::prelude::*;
use vigie_model::alert::AlertState;
use vigie_model::severity::Severity;

mod suppression;

mod table;

mod whole;

const STATES: [AlertState; 7] = [
    AlertState::Pending,
    AlertState::Inactive,
    AlertState::Active,
    AlertState::Stale,
    AlertState::Resumed,
    AlertState::Escalated,
    AlertState::Cleared,
];

/// A book whose alert "x" was brought to a condition and a handling; the next free position is 10.
fn book_at(condition: Option<Condition>, handling: Handling) -> Book {
    let mut book = Book::default();
    if let Some(condition) = condition {
        book.apply(&record("x", AlertState::Active, 0));
        match condition {
            Condition::Active => {}
            Condition::Stale => drop(book.apply(&record("x", AlertState::Stale, 1))),
            Condition::Cleared => drop(book.apply(&record("x", AlertState::Cleared, 1))),
        }
    }
    if handling != Handling::Open {
        book.apply(&command("x", "Ada", ACKNOWLEDGE, 2));
    }
    if handling == Handling::Closed {
        book.apply(&command("x", "Bea", close(), 3));
    }
    book
}

fn standing(book: &Book) -> Option<(Condition, Handling)> {
    book.get(&AlertId::from_text("x")).map(|view| (view.condition, view.handling()))
}

/// The words that people alone bring about; the table has the others.
const SIMPLE: [Handling; 3] = [Handling::Open, Handling::Acknowledged, Handling::Closed];

/// The states that can be reached: the not known one, and every product but closed while running.
fn reachable() -> impl Iterator<Item = (Option<Condition>, Handling)> {
    let known = [Condition::Active, Condition::Stale, Condition::Cleared]
        .into_iter()
        .flat_map(|condition| SIMPLE.map(|handling| (Some(condition), handling)))
        .filter(|(condition, handling)| *handling != Handling::Closed || *condition == Some(Condition::Cleared));
    known.chain([(None, Handling::Open)])
}

#[test]
fn every_transition_in_every_state_does_what_the_table_says() {
    use Condition::{Active, Cleared, Stale};
    for (condition, handling) in reachable() {
        for state in STATES {
            let expected = match (condition, state) {
                (_, AlertState::Pending | AlertState::Inactive) => condition,
                (Some(Cleared), _) => Some(Cleared),
                (Some(known), AlertState::Escalated) => Some(known),
                (_, AlertState::Active | AlertState::Resumed | AlertState::Escalated) => Some(Active),
                (_, AlertState::Stale) => Some(Stale),
                (_, AlertState::Cleared) => Some(Cleared),
            };
            let mut book = book_at(condition, handling);
            let applied = book.apply(&record("x", state, 10));
            let now = standing(&book);
            assert_eq!(now, expected.map(|condition| (condition, handling)), "{condition:?} {handling:?} {state:?}");
            let is_worse = state == AlertState::Escalated && condition != Some(Cleared);
            assert_eq!(
                applied.alert.is_some(),
                is_worse || expected != condition,
                "{condition:?} {handling:?} {state:?}"
            );
            assert!(applied.command.is_none() && applied.evicted.is_empty() && applied.suppression.is_empty());
        }
    }
}

#[test]
fn an_escalation_changes_the_severity_and_leaves_the_condition_as_old_as_it_is() {
    let mut book = book_at(Some(Condition::Stale), Handling::Acknowledged);
    let worse = transition("x", "birrarung-marr", Severity::Critical, AlertState::Escalated, 10);
    let view = book.apply(&placed(worse, 10)).alert.unwrap();
    assert_eq!(
        (view.condition, view.handling(), view.severity()),
        (Condition::Stale, Handling::Acknowledged, Severity::Critical)
    );
    assert_eq!((view.condition_since_ms, view.escalated_ms), (MOOMBA_MS + 1000, Some(MOOMBA_MS + 10_000)));
    let back = transition("x", "birrarung-marr", Severity::Critical, AlertState::Resumed, 12);
    let view = book.apply(&placed(back, 12)).alert.unwrap();
    assert_eq!((view.condition_since_ms, view.escalated_ms), (MOOMBA_MS + 12_000, Some(MOOMBA_MS + 10_000)));
}

#[test]
fn a_rule_in_shadow_opens_no_alert_but_ends_one_that_was_shown() {
    for state in STATES {
        let mut book = Book::default();
        let unseen = in_shadow(transition("x", "birrarung-marr", Severity::High, state, 0));
        assert!(book.apply(&placed(unseen, 0)).alert.is_none() && book.is_empty(), "{state:?}");
    }
    let mut book = book_at(Some(Condition::Active), Handling::Open);
    book.apply(&placed(in_shadow(transition("x", "birrarung-marr", Severity::High, AlertState::Cleared, 5)), 5));
    assert_eq!(standing(&book), Some((Condition::Cleared, Handling::Open)));
}

#[test]
fn every_command_in_every_state_does_what_the_table_says() {
    use Condition::{Active, Stale};
    for (condition, handling) in reachable() {
        for deed in [ACKNOWLEDGE, close()] {
            let outcome = match (condition, handling, &deed) {
                (None, ..) => Outcome::UnknownAlert,
                (_, Handling::Closed, _) => Outcome::AlreadyClosed,
                (_, Handling::Acknowledged, AlertDeed::Acknowledge { .. }) => Outcome::Unchanged,
                (Some(Active | Stale), _, AlertDeed::Close { .. }) => Outcome::StillActive,
                _ => Outcome::Done,
            };
            let mut book = book_at(condition, handling);
            let before = standing(&book);
            let applied = book.apply(&command("x", "Eve", deed.clone(), 10));
            let decided = applied.command.unwrap();
            let what = format!("{condition:?} {handling:?} {}", deed.as_str());
            assert_eq!(decided.outcome, outcome, "{what}");
            assert_eq!(&*decided.space, if condition.is_some() { "birrarung-marr" } else { "" }, "{what}");
            assert_eq!(applied.alert.is_some(), outcome == Outcome::Done, "{what}");
            match (outcome, deed) {
                (Outcome::Done, AlertDeed::Acknowledge { .. }) => {
                    assert_eq!(standing(&book).unwrap().1, Handling::Acknowledged);
                }
                (Outcome::Done, _) => assert_eq!(standing(&book).unwrap().1, Handling::Closed),
                _ => assert_eq!(standing(&book), before, "{what}"),
            }
        }
    }
}

#[test]
fn the_first_acknowledgement_is_the_one_that_is_kept() {
    let mut book = book_at(Some(Condition::Active), Handling::Acknowledged);
    book.apply(&command("x", "Eve", ACKNOWLEDGE, 10));
    let view = Arc::clone(book.get(&AlertId::from_text("x")).unwrap());
    let seen = view.acknowledged.as_ref().unwrap();
    assert_eq!((&*seen.by.operator, seen.by.log_time_ms), ("Ada", crate::samples::MOOMBA_MS + 2000));
    assert_eq!(view.position, 2, "a command that changed nothing does not move the alert");
}

#[test]
fn a_repeated_transition_is_dropped_even_when_others_came_between() {
    let mut book = book_at(Some(Condition::Active), Handling::Open);
    book.apply(&record("x", AlertState::Stale, 5));
    let repeated = placed(transition("x", "birrarung-marr", Severity::High, AlertState::Active, 0), 11);
    assert!(book.apply(&repeated).alert.is_none());
    assert_eq!(standing(&book), Some((Condition::Stale, Handling::Open)));
    let mut later = transition("x", "birrarung-marr", Severity::High, AlertState::Resumed, 5);
    later.ordinal = 1;
    assert!(book.apply(&placed(later, 12)).alert.is_some(), "the next ordinal at the same row is news");
}

#[test]
fn ticks_and_transitions_without_an_episode_leave_no_trace() {
    let mut book = Book::default();
    for (position, state) in [AlertState::Pending, AlertState::Inactive].into_iter().enumerate() {
        book.apply(&placed(transition("", "a", Severity::Low, state, 1), position as u64));
    }
    book.apply(&AlertRecord { position: 9, log_time_ms: 0, item: AlertItem::Tick { tick_ms: 0 } });
    assert!(book.is_empty());
}

#[test]
fn finished_alerts_leave_first_closed_then_longest_cleared_and_running_ones_last() {
    let mut book = Book::with_limits(BookLimits { finished_max: 2, alerts_max: 3 });
    let mut evicted = Vec::new();
    let mut step = |record: AlertRecord| {
        let applied = book.apply(&record);
        evicted.extend(applied.evicted.iter().map(|view| view.id().as_str().to_owned()));
    };
    step(record("a", AlertState::Active, 0));
    step(record("b", AlertState::Active, 1));
    step(record("a", AlertState::Cleared, 2));
    step(record("b", AlertState::Cleared, 3));
    step(command("b", "Ada", close(), 4));
    step(record("c", AlertState::Active, 5));
    step(record("c", AlertState::Cleared, 6)); // three finished: the closed one leaves
    step(record("d", AlertState::Active, 7));
    step(record("e", AlertState::Active, 8)); // four in all: the longest cleared leaves
    step(record("f", AlertState::Active, 9)); // again: the other cleared one
    step(record("g", AlertState::Active, 10)); // nothing finished is left: the oldest running one
    assert_eq!(evicted, ["b", "a", "c", "d"]);
    assert_eq!(book.len(), 3);
}

fn any_record() -> impl Strategy<Value = (u8, u8)> {
    (0_u8..12, 0_u8..9)
}

proptest! {
    /// Whatever the stream brings: bounds hold, the bookkeeping agrees with the alerts, closed means cleared, and the
    /// live table fed by `Applied` alone equals the book.
    #[test]
    fn bounds_and_bookkeeping_hold_for_any_stream(records in prop::collection::vec(any_record(), 0..200)) {
        let mut book = Book::with_limits(BookLimits { finished_max: 3, alerts_max: 6 });
        let mut mirror = HashMap::new();
        for (position, (alert, what)) in records.into_iter().enumerate() {
            let (id, position) = (format!("alert-{alert}"), position as u64);
            let record = match what {
                7 => command(&id, "Ada", ACKNOWLEDGE, position),
                8 => command(&id, "Ada", close(), position),
                state => record(&id, STATES[usize::from(state)], position),
            };
            let applied = book.apply(&record);
            mirror.extend(applied.alert.into_iter().map(|view| (view.id().clone(), view)));
            for gone in applied.evicted {
                mirror.remove(gone.id());
            }
            let finished = book.alerts.values().filter(|entry| !entry.view.condition.is_running()).count();
            prop_assert_eq!(book.finished, finished);
            prop_assert!(finished <= 3 && book.len() <= 6);
            prop_assert_eq!(book.leaving.len(), book.len());
            prop_assert_eq!(mirror.len(), book.len());
            for (id, entry) in &book.alerts {
                prop_assert!(Arc::ptr_eq(&mirror[id], &entry.view));
                prop_assert!(entry.view.closed.is_none() || entry.view.condition == Condition::Cleared);
                prop_assert_eq!(book.leaving.get(&(entry.class, entry.since)), Some(id));
            }
        }
    }
}
