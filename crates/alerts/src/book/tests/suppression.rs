//! Suppression, by example and against a model that looks at all alerts after every record.

use super::*;
use crate::samples::of_rule;
use crate::view::Inhibitor;

/// Rules by the names of those that suppress them: a chain, two causes, one that names itself, and a circle.
const RULES: [(&str, &[&str]); 6] = [
    ("Blind", &[]),
    ("Crowded", &["Blind", "Closed"]),
    ("Closed", &["Blind"]),
    ("Loud", &["Loud"]),
    ("Hot", &["Cold"]),
    ("Cold", &["Hot", "Blind"]),
];
const SPACES: [&str; 2] = ["town-hall", "birrarung-marr"];
const BLIND: usize = 0;
const CROWDED: usize = 1;

/// Alert `alert` of rule `rule` in a space; the rule is one of [`RULES`].
fn said(rule: usize, space: usize, alert: u8, state: AlertState, position: u64) -> AlertRecord {
    let (name, inhibited_by) = RULES[rule];
    let id = format!("{name}-{space}-{alert}");
    placed(of_rule(transition(&id, SPACES[space], Severity::High, state, position), name, inhibited_by), position)
}

fn inhibitor(book: &Book, id: &str) -> Option<(String, String)> {
    let by = book.get(&AlertId::from_text(id)).unwrap().inhibited_by.clone();
    by.map(|by| (by.rule.to_string(), by.alert_id.as_str().to_owned()))
}

fn by(rule: &str, id: &str) -> Option<(String, String)> {
    Some((rule.to_owned(), id.to_owned()))
}

fn ids(views: &[Arc<AlertView>]) -> Vec<&str> {
    views.iter().map(|view| view.id().as_str()).collect()
}

#[test]
fn an_alert_is_suppressed_while_an_alert_of_a_rule_it_names_runs_in_its_space() {
    let mut book = Book::default();
    book.apply(&said(CROWDED, 0, 0, AlertState::Active, 0));
    book.apply(&said(BLIND, 1, 0, AlertState::Active, 1));
    assert_eq!(inhibitor(&book, "Crowded-0-0"), None, "another space explains nothing");
    let began = book.apply(&said(BLIND, 0, 0, AlertState::Active, 2));
    assert_eq!(ids(&began.suppression), ["Crowded-0-0"]);
    assert_eq!((began.suppression[0].position, began.suppression[0].condition), (2, Condition::Active));
    assert_eq!(inhibitor(&book, "Crowded-0-0"), by("Blind", "Blind-0-0"));
    let new = book.apply(&said(CROWDED, 0, 1, AlertState::Active, 3));
    assert!(new.alert.unwrap().is_suppressed() && ids(&new.suppression) == ["Crowded-0-1"], "from its beginning on");
    let stale = book.apply(&said(BLIND, 0, 0, AlertState::Stale, 4));
    assert!(stale.suppression.is_empty(), "an episode without data is still open");
    book.apply(&said(BLIND, 0, 1, AlertState::Active, 5));
    book.apply(&said(CROWDED, 0, 1, AlertState::Cleared, 6));
    let next = book.apply(&said(BLIND, 0, 0, AlertState::Cleared, 7));
    assert_eq!(ids(&next.suppression), ["Crowded-0-0"], "what ended suppressed stays so");
    assert_eq!(inhibitor(&book, "Crowded-0-0"), by("Blind", "Blind-0-1"));
    assert_eq!(inhibitor(&book, "Crowded-0-1"), by("Blind", "Blind-0-0"));
    let last = book.apply(&said(BLIND, 0, 1, AlertState::Cleared, 8));
    assert_eq!((ids(&last.suppression), inhibitor(&book, "Crowded-0-0")), (vec!["Crowded-0-0"], None));
}

#[test]
fn suppressed_alerts_are_handled_as_any_other() {
    let mut book = Book::default();
    book.apply(&said(BLIND, 0, 0, AlertState::Active, 0));
    book.apply(&said(CROWDED, 0, 0, AlertState::Active, 1));
    let seen = book.apply(&command("Crowded-0-0", "Ada", ACKNOWLEDGE, 2));
    assert!(seen.alert.unwrap().is_suppressed() && seen.suppression.is_empty());
    book.apply(&said(CROWDED, 0, 0, AlertState::Cleared, 3));
    let closed = book.apply(&command("Crowded-0-0", "Ada", close(), 4)).alert.unwrap();
    assert_eq!((closed.handling(), closed.is_suppressed()), (Handling::Closed, true));
}

#[test]
fn a_rule_that_names_others_from_now_on_is_heard_with_its_next_transition() {
    let crowded = |state, position, named: &[&str]| {
        placed(of_rule(transition("x", SPACES[0], Severity::Low, state, position), "Crowded", named), position)
    };
    let mut book = Book::default();
    book.apply(&said(BLIND, 0, 0, AlertState::Active, 0));
    book.apply(&crowded(AlertState::Active, 1, &[]));
    assert!(book.apply(&crowded(AlertState::Stale, 2, &["Blind"])).alert.unwrap().is_suppressed());
    assert!(!book.apply(&crowded(AlertState::Resumed, 3, &[])).alert.unwrap().is_suppressed());
    assert!(book.apply(&said(BLIND, 0, 0, AlertState::Cleared, 4)).suppression.is_empty(), "it is not asked any more");
}

/// One alert of the model.
#[derive(Clone, Debug, PartialEq)]
struct Modelled {
    rule: usize,
    space: usize,
    /// Position at which it began; `None` once it is over.
    running: Option<u64>,
    inhibited_by: Option<Inhibitor>,
}

/// What suppresses an alert, by looking at all of them.
fn modelled_inhibitor(all: &BTreeMap<AlertId, Modelled>, of: &Modelled) -> Option<Inhibitor> {
    let (own, named) = RULES[of.rule];
    let causes = all.iter().filter(|(_, other)| other.space == of.space);
    let causes = causes.filter(|(_, other)| named.contains(&RULES[other.rule].0) && RULES[other.rule].0 != own);
    let running = causes.filter_map(|(id, other)| Some((other.running?, id.clone(), RULES[other.rule].0.into())));
    running.min().map(|(_, alert_id, rule)| Inhibitor { rule, alert_id })
}

type Step = (usize, usize, u8, AlertState);

fn any_step() -> impl Strategy<Value = Step> {
    (0..RULES.len(), 0..SPACES.len(), 0_u8..3, prop::sample::select(STATES.to_vec()))
}

proptest! {
    #[test]
    fn suppression_is_that_of_the_model(steps in prop::collection::vec(any_step(), 0..150), alerts_max in 3_usize..40) {
        let limits = BookLimits { finished_max: 4, alerts_max };
        let (mut book, mut again) = (Book::with_limits(limits), Book::with_limits(limits));
        let mut model: BTreeMap<AlertId, Modelled> = BTreeMap::new();
        for (position, &(rule, space, alert, state)) in steps.iter().enumerate() {
            let position = position as u64;
            let record = said(rule, space, alert, state, position);
            let applied = book.apply(&record);
            let before = model.clone();

            if state.is_of_episode() {
                let id = AlertId::from_text(&format!("{}-{space}-{alert}", RULES[rule].0));
                let new = Modelled { rule, space, running: Some(position), inhibited_by: None };
                let known = model.entry(id).or_insert(new);
                if state == AlertState::Cleared {
                    known.running = None;
                }
            }
            for gone in &applied.evicted {
                model.remove(gone.id());
            }
            let snapshot = model.clone();
            for alert in model.values_mut().filter(|alert| alert.running.is_some()) {
                alert.inhibited_by = modelled_inhibitor(&snapshot, alert);
            }

            prop_assert_eq!(book.len(), model.len());
            for (id, alert) in &model {
                prop_assert_eq!(&book.get(id).unwrap().inhibited_by, &alert.inhibited_by, "{:?} after {}", id, position);
            }
            let was = |id: &AlertId| before.get(id).and_then(|alert| alert.inhibited_by.clone());
            let changed = model.iter().filter(|(id, alert)| was(id) != alert.inhibited_by).map(|(id, _)| id);
            prop_assert_eq!(applied.suppression.iter().map(|view| view.id()).collect::<Vec<_>>(), changed.collect::<Vec<_>>());
            let repeated = again.apply(&record);
            prop_assert_eq!(format!("{repeated:?}"), format!("{applied:?}"), "a replay gives the same");
        }
    }
}
