//! The book as a whole: nothing is dropped, a second fold is the same, and so is one that went on from a snapshot.

use super::table::check_invariants;
use super::*;
use crate::around::{Chattering, ModeThen, OutOfService};
use crate::samples::of_rule;
use vigie_model::alert::{Guidance, RuleIdentity, Transition};
use vigie_model::command::{Disposition, StepState};
use vigie_model::control::DeskEscalation;
use vigie_model::stream::{LogDeed, LogPlace};

const ALERTS: u64 = 5;
const LIMITS: BookLimits = BookLimits { finished_max: 3, alerts_max: 8 };

/// A desk that says of every third space-time something else, by the position asked at.
struct Desk(u64);

impl Around for Desk {
    fn out_of_service(&self, alert: &Transition) -> Option<Arc<OutOfService>> {
        let id: Arc<str> = format!("entry-{}", self.0 / 8).into();
        let out =
            OutOfService { id, operator: "Ada".into(), log_time_ms: 1, note: Some("dirt".into()), until_ms: Some(2) };
        ((self.0 / 8).is_multiple_of(3) && alert.alert_id.as_str().ends_with('1')).then(|| Arc::new(out))
    }

    fn mode(&self, _: &str) -> ModeThen {
        ModeThen { name: Some("Moomba".into()), is_exercise: self.0.is_multiple_of(2) }
    }

    fn incident_file(&self, _: &AlertId) -> Option<Arc<str>> {
        (self.0 / 16).is_multiple_of(2).then(|| "file".into())
    }

    fn chattering(&self, _: &Transition) -> Option<Chattering> {
        self.0.is_multiple_of(3).then_some(Chattering { since_ms: 3, count: 4 })
    }
}

/// One step: which alert, what happens to it, and how many seconds later.
type Step = (u64, u8, i64);

fn any_step() -> impl Strategy<Value = Step> {
    (0..ALERTS, 0_u8..24, 0_i64..40)
}

fn records(steps: &[Step]) -> Vec<AlertRecord> {
    let mut log_time_ms = MOOMBA_MS;
    let mut records = Vec::new();
    for (position, (alert, what, later_s)) in (0_u64..).zip(steps) {
        log_time_ms += later_s * 1000;
        records.push(made(position, *alert, *what, log_time_ms));
    }
    records
}

fn made(position: u64, alert: u64, what: u8, log_time_ms: i64) -> AlertRecord {
    let id = format!("alert-{alert}");
    let soon = log_time_ms + 30_000;
    let deed = match what {
        0..=7 => {
            let state = STATES[usize::from(what % 7)];
            let said = transition(&id, "birrarung-marr", Severity::High, state, position);
            let named: &[&str] = if alert == 0 { &[] } else { &["Rule-0"] };
            let said = of_rule(said, &format!("Rule-{}", alert % 3), named);
            let rule = RuleIdentity {
                name: Arc::clone(&said.rule.name),
                inhibited_by: said.rule.inhibited_by.clone(),
                guidance: Some(Guidance { action: Some("look".into()), ..Guidance::default() }),
                procedure: vec!["first".into(), "second".into()],
                ..RuleIdentity::default()
            };
            let item = AlertItem::Transition(Arc::new(Transition { rule: Arc::new(rule), log_time_ms, ..said }));
            return AlertRecord { position, log_time_ms, item };
        }
        8..=10 => return AlertRecord { position, log_time_ms, item: AlertItem::Tick { tick_ms: log_time_ms } },
        11 => return settings(position, log_time_ms),
        12 => AlertDeed::Acknowledge { until_ms: None },
        13 => AlertDeed::Acknowledge { until_ms: Some(soon) },
        14 | 15 => AlertDeed::Shelve { until_ms: soon + i64::from(what) },
        16 => AlertDeed::Unshelve,
        17 => AlertDeed::Assign { to: "Cleo".into() },
        18 | 19 => close(),
        20 => AlertDeed::Reopen,
        21 => AlertDeed::CheckStep { step: 1, state: StepState::Done },
        22 => AlertDeed::CheckStep { step: 2, state: StepState::Skipped },
        _ => {
            let action = Action::Desk(DeskDeed::TestAlert { severity: Some(Severity::Critical), space: None });
            return ordered(position, log_time_ms, action);
        }
    };
    ordered(position, log_time_ms, Action::Alert { alert_id: AlertId::from_text(&id), deed })
}

fn ordered(position: u64, log_time_ms: i64, action: Action) -> AlertRecord {
    let action_id = format!("a{position}").into();
    let command = Command { action_id, operator: "Bea".into(), note: Some("why".into()), log_time_ms, action };
    AlertRecord { position, log_time_ms, item: AlertItem::Command(Arc::new(command)) }
}

fn settings(position: u64, log_time_ms: i64) -> AlertRecord {
    let severity = if position.is_multiple_of(2) { Severity::Critical } else { Severity::High };
    let escalation = DeskEscalation { severity, after_ms: 20_000, to: "duty officer".into() };
    let alerts = Some(Arc::new(AlertSettings { escalation: Some(escalation), ..AlertSettings::default() }));
    let mark = LogMark { what: LogDeed::RulesChanged, place: LogPlace::default(), rules: BTreeMap::new(), alerts };
    AlertRecord { position, log_time_ms, item: AlertItem::Mark(Arc::new(mark)) }
}

/// A record, and now and then the desk is asked anew.
fn step(book: &mut Book, record: &AlertRecord) -> Applied {
    let desk = Desk(record.position);
    let mut applied = book.apply_around(record, &desk);
    if record.position.is_multiple_of(8) {
        book.refresh(None, &desk, record, &mut applied);
    }
    applied
}

fn dump_of(applied: &Applied) -> Vec<String> {
    let views = applied.alert.iter().chain(&applied.suppression).chain(&applied.changed).chain(&applied.evicted);
    let outcome = applied.command.iter().map(|command| command.outcome.as_str().to_owned());
    views.map(|view| alert_json("melbourne", view)).chain(outcome).collect()
}

proptest! {
    /// Every alert that opened and did not leave has one of the six words, and its bookkeeping agrees with it; whoever
    /// follows what is told knows the whole book; and the fold is the same a second time.
    #[test]
    fn nothing_is_dropped_and_the_fold_is_the_same_again(steps in prop::collection::vec(any_step(), 0..200)) {
        let (mut book, mut again) = (Book::with_limits(LIMITS), Book::with_limits(LIMITS));
        let (mut mirror, mut opened) = (BTreeMap::new(), BTreeSet::new());
        for record in records(&steps) {
            let applied = step(&mut book, &record);
            prop_assert_eq!(dump_of(&applied), dump_of(&step(&mut again, &record)));
            for view in applied.alert.iter().chain(&applied.suppression).chain(&applied.changed) {
                opened.insert(view.id().clone());
                mirror.insert(view.id().clone(), Arc::clone(view));
            }
            for gone in &applied.evicted {
                mirror.remove(gone.id());
                opened.remove(gone.id());
            }
            prop_assert!(book.finished <= LIMITS.finished_max && book.len() <= LIMITS.alerts_max);
            let mut listed = 0;
            for handling in Handling::ALL {
                listed += book.alerts.values().filter(|entry| entry.view.handling() == handling).count();
            }
            prop_assert_eq!((listed, mirror.len()), (opened.len(), opened.len()));
            for (id, entry) in &book.alerts {
                check_invariants(&entry.view, id.as_str());
                prop_assert_eq!(&mirror[id], &entry.view);
                let due_ms = next_time_out(&entry.view, book.settings.escalation.as_ref()).map(|(due_ms, _)| due_ms);
                prop_assert_eq!(entry.due_ms, due_ms);
            }
            prop_assert_eq!(book.due.len(), book.alerts.values().filter(|entry| entry.due_ms.is_some()).count());
        }
        prop_assert_eq!(book.dump("melbourne"), again.dump("melbourne"));
    }

    /// However the stream is cut, a book that goes on from a snapshot tells and ends the same, to the byte.
    #[test]
    fn a_book_goes_on_from_a_snapshot(steps in prop::collection::vec(any_step(), 1..150), cut in 0_usize..150) {
        let records = records(&steps);
        let cut = cut % records.len();
        let mut whole = Book::with_limits(LIMITS);
        for record in &records[..cut] {
            step(&mut whole, record);
        }
        let snapshot = whole.snapshot();
        let mut restored = Book::restore(&snapshot, LIMITS).unwrap();
        prop_assert_eq!(restored.dump("melbourne"), whole.dump("melbourne"));
        prop_assert_eq!(restored.snapshot(), snapshot);
        for record in &records[cut..] {
            prop_assert_eq!(dump_of(&step(&mut restored, record)), dump_of(&step(&mut whole, record)));
        }
        prop_assert_eq!(restored.snapshot(), whole.snapshot());
        prop_assert_eq!(restored.dump("melbourne"), whole.dump("melbourne"));
    }
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let mut book = Book::default();
    book.apply(&record("x", AlertState::Active, 0));
    let snapshot = book.snapshot();
    for cut in 0..snapshot.len() {
        assert_eq!(Book::restore(&snapshot[..cut], LIMITS).unwrap_err(), RestoreError::Unreadable, "{cut}");
    }
    let longer = [&snapshot[..], &[0]].concat();
    assert_eq!(Book::restore(&longer, LIMITS).unwrap_err(), RestoreError::Unreadable);
    let mut newer = snapshot;
    newer[8] = 9;
    let refused = Book::restore(&newer, LIMITS).unwrap_err();
    assert_eq!(refused.to_string(), "the snapshot of the alert book has version 9, this binary reads 1");
}

#[test]
fn what_is_due_at_one_tick_happens_in_the_order_of_time_and_then_of_the_alerts() {
    let mut book = Book::default();
    for (position, id) in ["c", "a", "b"].into_iter().enumerate() {
        book.apply(&record(id, AlertState::Active, position as u64));
    }
    let shelve = |book: &mut Book, id: &str, until_ms: i64, position| {
        book.apply(&command(id, "Ada", AlertDeed::Shelve { until_ms }, position));
    };
    shelve(&mut book, "a", MOOMBA_MS + 60_000, 3);
    shelve(&mut book, "b", MOOMBA_MS + 50_000, 4);
    shelve(&mut book, "c", MOOMBA_MS + 60_000, 5);
    let tick = |book: &mut Book, tick_ms| {
        book.apply(&AlertRecord { position: 6, log_time_ms: tick_ms, item: AlertItem::Tick { tick_ms } })
    };
    assert!(tick(&mut book, MOOMBA_MS + 49_999).changed.is_empty());
    let changed = tick(&mut book, MOOMBA_MS + 60_000).changed;
    assert_eq!(changed.iter().map(|view| view.id().as_str()).collect::<Vec<_>>(), ["b", "a", "c"]);
    assert!(book.due.len() == 0 && tick(&mut book, i64::MAX).changed.is_empty());
}

#[test]
fn a_test_alert_opens_by_command_and_may_be_closed_at_once_as_a_test() {
    let mut book = Book::default();
    let test = Action::Desk(DeskDeed::TestAlert { severity: None, space: Some("town-hall".into()) });
    let opened = book.apply(&ordered(0, MOOMBA_MS, test));
    let (view, decided) = (opened.alert.unwrap(), opened.command.unwrap());
    assert_eq!((decided.outcome, &*decided.space, view.is_test), (Outcome::Done, "town-hall", true));
    assert_eq!(view.id(), &AlertId::of_test("a0"));
    let id = view.id().as_str();
    let early = book.apply(&command(id, "Ada", close(), 1)).command.unwrap().outcome;
    assert_eq!(early, Outcome::StillActive, "as true it is no test");
    let as_test = AlertDeed::Close { disposition: Disposition::Test, cause: None };
    let closed = book.apply(&command(id, "Ada", as_test, 2)).alert.unwrap();
    assert_eq!((closed.condition, closed.handling()), (Condition::Cleared, Handling::Closed));
}
