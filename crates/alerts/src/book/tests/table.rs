//! The table of `docs/alerts.md`, read from there, and every state of it with every input tried on the book.

use super::*;
use crate::around::OutOfService;
use crate::samples::of_rule;
use std::cell::RefCell;
use std::fmt;
use vigie_model::alert::{RuleIdentity, Transition};
use vigie_model::command::StepState;
use vigie_model::control::DeskEscalation;
use vigie_model::stream::{LogDeed, LogPlace};

const DOCUMENT: &str = include_str!("../../../../../docs/alerts.md");
/// Seconds after the beginning of the samples: the ends that are tried, one after the other.
const PASSED: i64 = 1;
const INPUT: u64 = 1_000;
const ACKNOWLEDGED_UNTIL: i64 = 2_000;
const ACKNOWLEDGED_UNTIL_LATER: i64 = 2_500;
const SHELVED_UNTIL: i64 = 3_000;
const SHELVED_UNTIL_LATER: i64 = 3_500;
const ESCALATE_AFTER_S: i64 = 4_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acknowledged {
    No,
    ForGood,
    Until,
}

/// What the table speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    condition: Condition,
    acknowledged: Acknowledged,
    shelved: bool,
    suppressed: bool,
    out_of_service: bool,
    closed: bool,
}

/// What else a line of the table may say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Besides {
    is_worse: bool,
    assigned: bool,
    noted: bool,
    step: Option<StepState>,
    told_desk: bool,
    again: Option<&'static str>,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.condition.as_str())?;
        let all = [
            ("acknowledged for good", self.acknowledged == Acknowledged::ForGood),
            ("acknowledged until", self.acknowledged == Acknowledged::Until),
            ("shelved", self.shelved),
            ("suppressed", self.suppressed),
            ("out of service", self.out_of_service),
            ("closed", self.closed),
        ];
        all.iter().filter(|(_, holds)| *holds).try_for_each(|(word, _)| write!(f, ", {word}"))
    }
}

impl State {
    /// Every state that can be.
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for condition in [Condition::Active, Condition::Stale, Condition::Cleared] {
            for acknowledged in [Acknowledged::No, Acknowledged::ForGood, Acknowledged::Until] {
                for bits in 0_u8..16 {
                    let [shelved, suppressed, out_of_service, closed] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
                    let state = Self { condition, acknowledged, shelved, suppressed, out_of_service, closed };
                    let can_be_closed = condition == Condition::Cleared && !shelved && !out_of_service;
                    let expires = acknowledged == Acknowledged::Until;
                    if (!closed || can_be_closed) && !(expires && condition == Condition::Cleared) {
                        all.push(state);
                    }
                }
            }
        }
        all
    }

    fn of(view: &AlertView) -> Self {
        let acknowledged = match (&view.acknowledged, view.acknowledged_until_ms()) {
            (None, _) => Acknowledged::No,
            (Some(_), None) => Acknowledged::ForGood,
            (Some(_), Some(_)) => Acknowledged::Until,
        };
        Self {
            condition: view.condition,
            acknowledged,
            shelved: view.shelved.is_some(),
            suppressed: view.inhibited_by.is_some(),
            out_of_service: view.out_of_service.is_some(),
            closed: view.closed.is_some(),
        }
    }

    /// The word by the precedence of the document.
    const fn word(&self) -> &'static str {
        match self {
            Self { closed: true, .. } => "closed",
            Self { out_of_service: true, .. } => "out_of_service",
            Self { suppressed: true, .. } => "suppressed",
            Self { shelved: true, .. } => "shelved",
            Self { acknowledged: Acknowledged::ForGood | Acknowledged::Until, .. } => "acknowledged",
            _ => "open",
        }
    }
}

/// A line of the table.
struct Line {
    input: &'static str,
    /// Condition, acknowledged, shelved, suppressed, out of service, closed.
    pattern: [&'static str; 6],
    outcome: &'static str,
    then: &'static str,
}

/// The lines of the table whose header begins with these two cells.
fn cells_of(first: &str, second: &str) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
    let mut lines = DOCUMENT.lines().skip_while(|line| !line.starts_with(&format!("| {first} | {second} |")));
    assert!(lines.next().is_some(), "the document has the table {first}, {second}");
    lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn table() -> Vec<Line> {
    let line = |cells: Vec<&'static str>| {
        let [input, pattern @ .., outcome, then] = cells.as_slice() else { panic!("{cells:?}") };
        Line { input, pattern: pattern.try_into().expect("six columns of state"), outcome, then }
    };
    cells_of("input", "condition").into_iter().map(line).collect()
}

impl Line {
    fn fits(&self, state: &State) -> bool {
        let yes = |holds| if holds { "yes" } else { "no" };
        let acknowledged = match state.acknowledged {
            Acknowledged::No => "no",
            Acknowledged::ForGood => "for good",
            Acknowledged::Until => "until",
        };
        let words = [
            state.condition.as_str(),
            acknowledged,
            yes(state.shelved),
            yes(state.suppressed),
            yes(state.out_of_service),
            yes(state.closed),
        ];
        self.pattern
            .iter()
            .zip(words)
            .all(|(allowed, word)| allowed.is_empty() || allowed.split(" or ").any(|allowed| allowed == word))
    }

    /// The state and what else is to be seen after it.
    fn expected(&self, state: State) -> (State, Besides) {
        let (mut next, mut besides) = (state, Besides::default());
        let mut again = None;
        for change in self.then.split(", ") {
            match change {
                "nothing" => {}
                "condition active" => next.condition = Condition::Active,
                "condition stale" => next.condition = Condition::Stale,
                "condition cleared" => next.condition = Condition::Cleared,
                "severity rises" => besides.is_worse = true,
                "the shelf notes it" => besides.noted = true,
                "acknowledged for good" => next.acknowledged = Acknowledged::ForGood,
                "acknowledged until" => next.acknowledged = Acknowledged::Until,
                "not acknowledged" => next.acknowledged = Acknowledged::No,
                "shelved" => next.shelved = true,
                "not shelved" => next.shelved = false,
                "assigned" => besides.assigned = true,
                "closed" => next.closed = true,
                "not closed" => next.closed = false,
                "step done" => besides.step = Some(StepState::Done),
                "step skipped" => besides.step = Some(StepState::Skipped),
                "another desk is told" => besides.told_desk = true,
                "suppressed" => next.suppressed = true,
                "not suppressed" => next.suppressed = false,
                "out of service" => next.out_of_service = true,
                "in service" => next.out_of_service = false,
                told => {
                    let reason = told.strip_prefix("told again (").and_then(|told| told.strip_suffix(')'));
                    again = Some(reason.unwrap_or_else(|| panic!("the table says '{told}'")));
                }
            }
        }
        besides.again = again.filter(|_| next.word() == "open" && state.word() != "open");
        (next, besides)
    }
}

/// A desk that takes everything out of service, or nothing.
#[derive(Default)]
struct Desk(RefCell<Option<Arc<OutOfService>>>);

impl Around for Desk {
    fn out_of_service(&self, _: &Transition) -> Option<Arc<OutOfService>> {
        self.0.borrow().clone()
    }
}

impl Desk {
    fn take_out(&self) {
        let (id, operator) = (Arc::from("entry"), Arc::from("Ada"));
        let out = OutOfService { id, operator, log_time_ms: 0, note: None, until_ms: None };
        *self.0.borrow_mut() = Some(Arc::new(out));
    }
}

struct Room {
    book: Book,
    desk: Desk,
    next: u64,
}

fn at(s: i64) -> i64 {
    MOOMBA_MS + s * 1000
}

impl Room {
    /// The alert "x" in a state, of a rule with two steps that alerts of `Blind` suppress.
    fn in_state(state: &State) -> Self {
        let mut room = Self { book: Book::default(), desk: Desk::default(), next: 1 };
        room.settings(ESCALATE_AFTER_S);
        room.transition("x", AlertState::Active);
        if state.suppressed {
            room.transition("blind", AlertState::Active);
        }
        match state.acknowledged {
            Acknowledged::No => {}
            Acknowledged::ForGood => drop(room.command(ACKNOWLEDGE)),
            Acknowledged::Until => drop(room.command(acknowledge_until(ACKNOWLEDGED_UNTIL))),
        }
        if state.shelved {
            room.command(AlertDeed::Shelve { until_ms: at(SHELVED_UNTIL) });
        }
        if state.out_of_service {
            room.desk.take_out();
            room.ask_desk();
        }
        match state.condition {
            Condition::Active => {}
            Condition::Stale => drop(room.transition("x", AlertState::Stale)),
            Condition::Cleared => drop(room.transition("x", AlertState::Cleared)),
        }
        if state.closed {
            room.command(close());
        }
        assert_eq!(State::of(&room.view()), *state, "the scripts reach every state");
        room.next = INPUT;
        room
    }

    fn view(&self) -> Arc<AlertView> {
        Arc::clone(self.book.get(&AlertId::from_text("x")).expect("it is never evicted here"))
    }

    fn apply(&mut self, record: &AlertRecord) -> Applied {
        self.next += 1;
        self.book.apply_around(record, &self.desk)
    }

    fn settings(&mut self, escalate_after_s: i64) {
        let to = "duty officer".into();
        let escalation = DeskEscalation { severity: Severity::High, after_ms: escalate_after_s * 1000, to };
        let alerts = Some(Arc::new(AlertSettings { escalation: Some(escalation), ..AlertSettings::default() }));
        let place = LogPlace::default();
        let mark = LogMark { what: LogDeed::RulesChanged, place, rules: BTreeMap::new(), alerts };
        self.apply(&AlertRecord { position: 0, log_time_ms: at(0), item: AlertItem::Mark(Arc::new(mark)) });
    }

    fn transition(&mut self, id: &str, state: AlertState) -> Applied {
        let severity = if state == AlertState::Escalated { Severity::Critical } else { Severity::High };
        let said = transition(id, "birrarung-marr", severity, state, self.next);
        let said = if id == "blind" {
            of_rule(said, "Blind", &[])
        } else {
            let said = of_rule(said, "Crowded", &["Blind"]);
            let procedure = vec!["Look at camera 4".into(), "Call the patrol".into()];
            let (name, inhibited_by) = (Arc::clone(&said.rule.name), said.rule.inhibited_by.clone());
            let rule = RuleIdentity { name, inhibited_by, procedure, ..RuleIdentity::default() };
            Transition { rule: Arc::new(rule), ..said }
        };
        let record = placed(said, self.next);
        self.apply(&record)
    }

    fn command(&mut self, deed: AlertDeed) -> Applied {
        let record = command("x", "Bea", deed, self.next);
        self.apply(&record)
    }

    fn tick(&mut self, s: i64) -> Applied {
        let item = AlertItem::Tick { tick_ms: at(s) };
        self.apply(&AlertRecord { position: self.next, log_time_ms: at(s), item })
    }

    fn ask_desk(&mut self) -> Applied {
        let item = AlertItem::Tick { tick_ms: 0 };
        let record = AlertRecord { position: self.next, log_time_ms: at(0), item };
        let mut applied = self.apply(&record);
        self.book.refresh(None, &self.desk, &record, &mut applied);
        applied
    }

    /// Does what the table calls by this name.
    fn input(&mut self, input: &str) -> Applied {
        match input {
            "active or resumed" => self.transition("x", AlertState::Resumed),
            "stale" => self.transition("x", AlertState::Stale),
            "escalated" => self.transition("x", AlertState::Escalated),
            "cleared" => self.transition("x", AlertState::Cleared),
            "acknowledge" => self.command(ACKNOWLEDGE),
            "acknowledge until" => self.command(acknowledge_until(ACKNOWLEDGED_UNTIL_LATER)),
            "acknowledge until what has passed" => self.command(acknowledge_until(PASSED)),
            "shelve" => self.command(AlertDeed::Shelve { until_ms: at(SHELVED_UNTIL_LATER) }),
            "shelve until what has passed" => self.command(AlertDeed::Shelve { until_ms: at(PASSED) }),
            "unshelve" => self.command(AlertDeed::Unshelve),
            "assign" => self.command(AlertDeed::Assign { to: "Cleo".into() }),
            "close" => self.command(close()),
            "reopen" => self.command(AlertDeed::Reopen),
            "step done" => self.command(AlertDeed::CheckStep { step: 2, state: StepState::Done }),
            "step skipped" => self.command(AlertDeed::CheckStep { step: 2, state: StepState::Skipped }),
            "unknown step" => self.command(AlertDeed::CheckStep { step: 3, state: StepState::Done }),
            "the acknowledgement's end" => self.tick(ACKNOWLEDGED_UNTIL),
            "the shelf's end" => self.end_of_shelf(),
            "waited too long" => self.end_of_waiting(),
            "another alert explains it" => self.transition("blind", AlertState::Active),
            "nothing explains it any more" => self.transition("blind", AlertState::Cleared),
            "taken out of service" => {
                self.desk.take_out();
                self.ask_desk()
            }
            "returned to service" => {
                self.desk.0.take();
                self.ask_desk()
            }
            other => panic!("the table has an input '{other}' that is never tried"),
        }
    }

    /// A tick at the end of the shelf; what ended before it is made to end long after.
    fn end_of_shelf(&mut self) -> Applied {
        if State::of(&self.view()).acknowledged == Acknowledged::Until {
            self.command(acknowledge_until(2 * ESCALATE_AFTER_S));
        }
        self.tick(SHELVED_UNTIL)
    }

    /// A tick before the ends of shelf and acknowledgement, at which the alert has waited too long if it waited.
    fn end_of_waiting(&mut self) -> Applied {
        self.settings(ACKNOWLEDGED_UNTIL - 1_000);
        self.tick(ACKNOWLEDGED_UNTIL - 500)
    }
}

fn acknowledge_until(s: i64) -> AlertDeed {
    AlertDeed::Acknowledge { until_ms: Some(at(s)) }
}

#[test]
fn every_input_in_every_state_does_what_the_document_says() {
    let table = table();
    let mut inputs: Vec<_> = table.iter().map(|line| line.input).collect();
    inputs.dedup();
    assert_eq!(inputs.len(), 23, "{inputs:?}");
    let states = State::all();
    assert_eq!(states.len(), 68);
    let mut tried = 0;
    for input in inputs {
        for state in &states {
            let what = format!("{state}: {input}");
            let fitting: Vec<_> = table.iter().filter(|line| line.input == input && line.fits(state)).collect();
            let [line] = fitting.as_slice() else {
                panic!("{} lines of the table speak of {what}", fitting.len());
            };
            let mut room = Room::in_state(state);
            let before = room.view();
            let applied = room.input(input);
            let after = room.view();
            let outcome = applied.command.as_ref().map_or("-", |command| command.outcome.as_str());
            assert_eq!(outcome, line.outcome, "{what}");
            let (expected, besides) = line.expected(*state);
            assert_eq!(State::of(&after).to_string(), expected.to_string(), "{what}");
            assert_eq!(after.handling().as_str(), expected.word(), "{what}");
            assert_eq!(seen(&before, &after), besides, "{what}");
            let is_told = applied.alert.iter().chain(&applied.suppression).chain(&applied.changed);
            let told = is_told.filter(|view| view.id() == after.id()).all(|view| Arc::ptr_eq(view, &after));
            assert!(told, "{what}: whoever is told is told how it stands");
            check_invariants(&after, &what);
            tried += 1;
        }
    }
    assert_eq!(tried, 23 * 68);
}

/// What changed besides the state.
fn seen(before: &AlertView, after: &AlertView) -> Besides {
    let again = after.reannounced.filter(|again| Some(*again) != before.reannounced);
    let noted = |view: &AlertView| view.shelved.as_ref().and_then(|shelving| shelving.cleared_ms);
    Besides {
        is_worse: after.severity() > before.severity(),
        assigned: after.assigned.is_some() && before.assigned.is_none(),
        noted: noted(after).is_some() && noted(before).is_none(),
        step: after.checklist.get(&2).map(|step| step.state),
        told_desk: after.escalated_to.is_some() && before.escalated_to.is_none(),
        again: again.map(|again| again.why.as_str()),
    }
}

/// What holds of every alert at every time.
pub(super) fn check_invariants(view: &AlertView, what: &str) {
    let is_open = view.handling() == Handling::Open;
    assert_eq!(view.waiting.is_some(), is_open, "{what}");
    assert!(is_open || view.reannounced.is_none(), "{what}");
    let closed = view.closed.is_some();
    assert!(!closed || view.condition == Condition::Cleared, "{what}");
    assert!(!closed || view.shelved.is_none() && view.out_of_service.is_none(), "{what}");
}

#[test]
fn an_unknown_alert_does_what_the_document_says() {
    let lines = cells_of("input", "outcome");
    assert_eq!(lines.len(), 5);
    let then = |input: &str| {
        let line = lines.iter().find(|cells| cells[0].split(", ").any(|cell| cell == input));
        (line.unwrap_or_else(|| panic!("a line for {input}"))[1], line.unwrap()[2])
    };
    for state in STATES.into_iter().filter(|state| state.is_of_episode()) {
        let opened = Book::default().apply(&record("x", state, 0)).alert.unwrap();
        let condition = format!("a new alert, {}", opened.condition.as_str());
        assert_eq!(then(state.as_str()), ("-", condition.as_str()));
        let unseen = in_shadow(transition("x", "birrarung-marr", Severity::High, state, 0));
        assert!(Book::default().apply(&placed(unseen, 0)).alert.is_none());
    }
    assert_eq!(then("any of a rule in shadow"), ("-", "nothing"));
    for deed in [ACKNOWLEDGE, AlertDeed::Shelve { until_ms: 0 }, AlertDeed::Unshelve, AlertDeed::Reopen, close()] {
        let mut book = Book::default();
        let applied = book.apply(&command("x", "Ada", deed, 0));
        assert_eq!(then("any command"), (applied.command.unwrap().outcome.as_str(), "nothing"));
        assert!(book.is_empty());
    }
}
