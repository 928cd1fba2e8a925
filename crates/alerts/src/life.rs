//! The life of one alert: what a transition, a command, the clock or the desk makes of it.
//!
//! Pure functions from one [`AlertView`] to the next. `docs/alerts.md` has the whole table of states and inputs; the tests
//! read it there and try every pair of them.
//!
//! **Invariants**
//! - A closed alert is cleared, is on no shelf, and counts as in service.
//! - An alert waits for an acknowledgement, and was told again if it was, exactly while its word is `open`.

use crate::around::{Around, OutOfService};
use crate::view::{
    Acknowledgement, Again, AlertView, Assignment, CheckedStep, Condition, EscalatedTo, Handling, Inhibitor,
    Reannounced, Shelving, Waiting,
};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use vigie_model::alert::{AlertId, AlertState, RuleIdentity, Transition};
use vigie_model::command::{AlertDeed, Command, Disposition, Outcome, StepState};
use vigie_model::control::DeskEscalation;
use vigie_model::position::Position;
use vigie_model::severity::Severity;

/// The rule of alerts that only try the way to the operators.
pub const TEST_RULE: &str = "vigie-test";

/// When and where something happens to an alert.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Place in the alert stream.
    pub(crate) position: u64,
    /// Log time.
    pub(crate) log_time_ms: i64,
}

/// What the clock does to an alert, in the order in which it is done at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimeOut {
    /// It comes back from the shelf.
    Shelf,
    /// Its acknowledgement expires.
    Acknowledgement,
    /// It has waited too long.
    Escalation,
}

/// The alert after a transition; `None` when nothing changes.
pub(crate) fn after_transition(
    known: Option<&AlertView>,
    transition: &Arc<Transition>,
    around: &dyn Around,
    at: Moment,
) -> Option<AlertView> {
    let condition = next_condition(known.map(|view| view.condition), transition.state)?;
    let at_ms = transition.event_time_ms;
    let escalated_ms = (transition.state == AlertState::Escalated).then_some(at_ms);
    let Some(known) = known else {
        return (!transition.rule.shadow).then(|| {
            let view = AlertView { condition, escalated_ms, ..opening(Arc::clone(transition), around, at) };
            settled(view, None, None, at)
        });
    };
    if is_repetition(&known.latest, transition) {
        return None;
    }
    let mut view = AlertView {
        latest: Arc::clone(transition),
        condition,
        condition_since_ms: if condition == known.condition { known.condition_since_ms } else { at_ms },
        escalated_ms: escalated_ms.or(known.escalated_ms),
        chattering: around.chattering(transition),
        ..known.clone()
    };
    if condition == Condition::Cleared {
        let cleared_ms = Some(at_ms);
        view.shelved = view.shelved.map(|shelving| Shelving { cleared_ms, ..shelving });
    }
    Some(settled(view, Some(known.handling()), None, at))
}

/// The alert that a command opens to try the way to the operators.
pub(crate) fn test_alert(
    command: &Command,
    severity: Option<Severity>,
    space: Option<&Arc<str>>,
    around: &dyn Around,
    at: Moment,
) -> AlertView {
    static RULE: LazyLock<Arc<RuleIdentity>> =
        LazyLock::new(|| Arc::new(RuleIdentity { name: TEST_RULE.into(), ..RuleIdentity::default() }));
    let space = space.cloned().unwrap_or_default();
    let transition = Transition {
        alert_id: AlertId::of_test(&command.action_id),
        rule: Arc::clone(&RULE),
        key: if space.is_empty() { TEST_RULE.into() } else { Arc::clone(&space) },
        space,
        state: AlertState::Active,
        severity: severity.unwrap_or_default(),
        event_time_ms: at.log_time_ms,
        log_time_ms: at.log_time_ms,
        reason: None,
        evidence: None,
        summary: format!("Test alert by {}: acknowledge it, then close it as a test", command.operator).into(),
        feed: Arc::default(),
        position: Position { partition: 0, offset: at.position },
        ordinal: 0,
    };
    settled(AlertView { is_test: true, ..opening(Arc::new(transition), around, at) }, None, None, at)
}

/// The alert after a command about it, or the outcome when nothing changes.
pub(crate) fn after_deed(
    known: &AlertView,
    command: &Arc<Command>,
    deed: &AlertDeed,
    around: &dyn Around,
    at: Moment,
) -> Result<AlertView, Outcome> {
    let is_closed = known.closed.is_some();
    if is_closed && *deed != AlertDeed::Reopen {
        return Err(Outcome::AlreadyClosed);
    }
    let mut view = known.clone();
    let mut again = None;
    match deed {
        AlertDeed::Acknowledge { until_ms } => {
            check_until(*until_ms, command)?;
            let until_ms = until_ms.filter(|_| known.condition.is_running());
            if known.acknowledged.is_some() && known.acknowledged_until_ms() == until_ms {
                return Err(Outcome::Unchanged);
            }
            view.acknowledged = Some(Acknowledgement { by: Arc::clone(command), until_ms });
        }
        AlertDeed::Shelve { until_ms } => {
            if !known.condition.is_running() {
                return Err(Outcome::AlreadyCleared);
            }
            check_until(Some(*until_ms), command)?;
            if known.shelved.as_ref().is_some_and(|shelving| shelving.until_ms == *until_ms) {
                return Err(Outcome::Unchanged);
            }
            view.shelved = Some(Shelving { by: Arc::clone(command), until_ms: *until_ms, cleared_ms: None });
        }
        AlertDeed::Unshelve => {
            view.shelved.take().ok_or(Outcome::Unchanged)?;
            again = Some(Again::Unshelved);
        }
        AlertDeed::Assign { to } => {
            if known.assigned.as_ref().is_some_and(|assigned| assigned.to == *to) {
                return Err(Outcome::Unchanged);
            }
            view.assigned = Some(assignment(command, to));
        }
        AlertDeed::Close { disposition, .. } => {
            let is_tried = known.is_test && *disposition == Disposition::Test;
            if known.condition.is_running() && !is_tried {
                return Err(Outcome::StillActive);
            }
            if known.condition.is_running() {
                (view.condition, view.condition_since_ms) = (Condition::Cleared, command.log_time_ms);
            }
            (view.closed, view.shelved, view.out_of_service) = (Some(Arc::clone(command)), None, None);
        }
        AlertDeed::Reopen => {
            view.closed.take().ok_or(Outcome::Unchanged)?;
            view.out_of_service = around.out_of_service(&known.latest);
            again = Some(Again::Reopened);
        }
        AlertDeed::CheckStep { step, state } => check_step(&mut view, command, *step, *state)?,
    }
    Ok(settled(view, Some(known.handling()), again, at))
}

/// The next time-out of an alert, and when it is due.
pub(crate) fn next_time_out(view: &AlertView, escalation: Option<&DeskEscalation>) -> Option<(i64, TimeOut)> {
    let shelf = view.shelved.as_ref().map(|shelving| (shelving.until_ms, TimeOut::Shelf));
    let acknowledgement = view.acknowledged_until_ms().map(|until_ms| (until_ms, TimeOut::Acknowledgement));
    let waits = || {
        let DeskEscalation { severity, after_ms, .. } = escalation?;
        let is_due = view.severity() >= *severity && view.escalated_to.is_none() && !view.is_test;
        let due_ms = view.waiting?.since_ms.saturating_add(*after_ms);
        is_due.then_some((due_ms, TimeOut::Escalation))
    };
    shelf.into_iter().chain(acknowledgement).chain(waits()).min()
}

/// The alert after a time-out that is due.
pub(crate) fn after_time_out(
    known: &AlertView,
    time_out: TimeOut,
    escalation: Option<&DeskEscalation>,
    at: Moment,
) -> AlertView {
    let mut view = known.clone();
    let mut again = None;
    match time_out {
        TimeOut::Shelf => {
            view.shelved = None;
            if known.condition.is_running() {
                view.acknowledged = None;
            }
            again = Some(Again::ShelfExpired);
        }
        TimeOut::Acknowledgement => {
            view.acknowledged = None;
            again = Some(Again::AcknowledgementExpired);
        }
        TimeOut::Escalation => {
            view.escalated_to =
                escalation.map(|to| EscalatedTo { desk: Arc::clone(&to.to), log_time_ms: at.log_time_ms });
        }
    }
    settled(view, Some(known.handling()), again, at)
}

/// The alert once something else suppresses it, or nothing any more.
pub(crate) fn after_suppression(known: &AlertView, inhibited_by: Option<Inhibitor>, at: Moment) -> AlertView {
    let view = AlertView { inhibited_by, ..known.clone() };
    settled(view, Some(known.handling()), Some(Again::SuppressionEnded), at)
}

/// The alert after the desk changed what it says about it; `None` when that is what the alert says already.
pub(crate) fn after_desk(known: &AlertView, around: &dyn Around, at: Moment) -> Option<AlertView> {
    let out_of_service: Option<Arc<OutOfService>> =
        if known.closed.is_some() { None } else { around.out_of_service(&known.latest) };
    let view = AlertView {
        out_of_service,
        incident_file: around.incident_file(known.id()),
        chattering: if known.condition.is_running() { around.chattering(&known.latest) } else { known.chattering },
        ..known.clone()
    };
    // What is over and returns is listed again, but nobody need be told.
    let again = known.condition.is_running().then_some(Again::ReturnedToService);
    (view != *known).then(|| settled(view, Some(known.handling()), again, at))
}

/// An alert as its first transition leaves it.
fn opening(transition: Arc<Transition>, around: &dyn Around, at: Moment) -> AlertView {
    AlertView {
        condition: Condition::Active,
        condition_since_ms: transition.event_time_ms,
        escalated_ms: None,
        inhibited_by: None,
        out_of_service: around.out_of_service(&transition),
        acknowledged: None,
        shelved: None,
        assigned: None,
        checklist: BTreeMap::new(),
        closed: None,
        reannounced: None,
        waiting: None,
        escalated_to: None,
        mode: around.mode(&transition.space),
        is_test: false,
        incident_file: around.incident_file(&transition.alert_id),
        chattering: around.chattering(&transition),
        position: at.position,
        latest: Arc::clone(&transition),
        opened: transition,
    }
}

/// The condition after a transition; `None` when nothing changes.
const fn next_condition(known: Option<Condition>, state: AlertState) -> Option<Condition> {
    match (known, state) {
        (_, AlertState::Pending | AlertState::Inactive) | (Some(Condition::Cleared), _) => None,
        (Some(Condition::Active), AlertState::Active | AlertState::Resumed) => None,
        (Some(Condition::Stale), AlertState::Stale) => None,
        (Some(same), AlertState::Escalated) => Some(same),
        (_, AlertState::Active | AlertState::Resumed | AlertState::Escalated) => Some(Condition::Active),
        (_, AlertState::Stale) => Some(Condition::Stale),
        (_, AlertState::Cleared) => Some(Condition::Cleared),
    }
}

/// An alert has one key, a key one partition, and a partition one order.
fn is_repetition(latest: &Transition, transition: &Transition) -> bool {
    latest.position.partition == transition.position.partition
        && (transition.position.offset, transition.ordinal) <= (latest.position.offset, latest.ordinal)
}

fn check_until(until_ms: Option<i64>, command: &Command) -> Result<(), Outcome> {
    if until_ms.is_some_and(|until_ms| until_ms <= command.log_time_ms) { Err(Outcome::UntilPassed) } else { Ok(()) }
}

fn assignment(command: &Command, to: &Arc<str>) -> Assignment {
    Assignment { operator: Arc::clone(&command.operator), to: Arc::clone(to), log_time_ms: command.log_time_ms }
}

/// Notes what was said about a step; whoever does one owns the alert.
fn check_step(view: &mut AlertView, by: &Arc<Command>, step: u32, state: StepState) -> Result<(), Outcome> {
    let is_step = usize::try_from(step).is_ok_and(|step| (1..=view.opened.rule.procedure.len()).contains(&step));
    if !is_step {
        return Err(Outcome::UnknownStep);
    }
    if view.checklist.get(&step).map_or(StepState::Open, |checked| checked.state) == state {
        return Err(Outcome::Unchanged);
    }
    view.checklist.insert(step, CheckedStep { state, by: Arc::clone(by) });
    if state == StepState::Done {
        view.assigned.get_or_insert_with(|| assignment(by, &by.operator));
        view.acknowledged.get_or_insert_with(|| Acknowledgement { by: Arc::clone(by), until_ms: None });
    }
    Ok(())
}

/// The alert with what follows from its word: whether it waits, and whether people are told again.
fn settled(mut view: AlertView, was: Option<Handling>, again: Option<Again>, at: Moment) -> AlertView {
    match (view.handling(), was) {
        (Handling::Open, Some(Handling::Open)) => {}
        (Handling::Open, _) => {
            view.waiting = Some(Waiting { since_ms: at.log_time_ms, position: at.position });
            view.escalated_to = None;
            view.reannounced = again.map(|why| Reannounced { log_time_ms: at.log_time_ms, why });
        }
        _ => (view.waiting, view.reannounced) = (None, None),
    }
    AlertView { position: at.position, ..view }
}
