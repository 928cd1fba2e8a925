//! What is known about a slot besides its state, and how a change of its condition is told.
//!
//! A visit seldom needs it: it lies behind a pointer, away from what every input reads.

use crate::evidence::{Decision, of_decision, of_silence};
use crate::input::Members;
use crate::past::LatestEpisode;
use crate::saved::saved;
use crate::spec::{Plan, Rule, RuleSet};
use crate::state::State;
use crate::step::Step;
use crate::timing::NEVER_MS;
use crate::words::Words;
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState, Transition, reason};
use vigie_model::names::{NameIx, NameKind};

/// Identity of a slot.
#[derive(Clone, Debug)]
pub(crate) struct SlotKey {
    /// The key.
    pub(crate) key: Arc<str>,
    /// Its space; empty for a district.
    pub(crate) space: Arc<str>,
    /// Its sensor or node; empty per space.
    pub(crate) part: Arc<str>,
}

saved!(SlotKey { key, space, part });

impl SlotKey {
    /// A space, or a sensor or node in it.
    pub(crate) fn new(space: &Arc<str>, part: Option<&Arc<str>>) -> Self {
        let key = part.map_or_else(|| Arc::clone(space), |part| format!("{space}/{part}").into());
        Self { key, space: Arc::clone(space), part: part.cloned().unwrap_or_default() }
    }
}

/// What is known about a slot and its latest episode.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Identity.
    pub(crate) id: SlotKey,
    /// The space that transitions name: the key's own; of a spread, the one whose episode completed the newest raise.
    pub(crate) place: Arc<str>,
    /// Sources of values; a member's index is its place here.
    pub(crate) members: Members,
    /// Why raise became true, while a hold runs.
    pub(crate) decision: Option<Box<Decision>>,
    /// The latest episode.
    pub(crate) latest: Option<LatestEpisode>,
    /// Its id; empty before the first.
    pub(crate) alert_id: AlertId,
    /// Whether its severity rose.
    pub(crate) escalated: bool,
    /// When it rises, while the episode is open.
    pub(crate) escalate_ms: i64,
    /// Feed of the newest transition that a composite or spread rule took in.
    pub(crate) part_feed: Arc<str>,
}

saved!(About { id, place, members, decision, latest, alert_id, escalated, escalate_ms, part_feed });

/// What a transition tells of: the slot at that moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    /// The rules.
    pub(crate) rules: &'a RuleSet,
    /// The slot's.
    pub(crate) rule: &'a Rule,
    /// The plan in force.
    pub(crate) plan: &'a Plan,
    /// What the slot remembers.
    pub(crate) state: &'a State,
    /// Feed of the newest input.
    pub(crate) feed: NameIx,
}

impl About {
    /// A slot without episodes.
    pub(crate) fn new(id: SlotKey, latest: Option<LatestEpisode>) -> Self {
        Self {
            place: Arc::clone(&id.space),
            id,
            members: Members::default(),
            decision: None,
            latest,
            alert_id: AlertId::default(),
            escalated: false,
            escalate_ms: NEVER_MS,
            part_feed: Arc::default(),
        }
    }

    /// When the latest episode becomes more severe, unless it has.
    pub(crate) fn escalation_ms(&self, rule: &Rule) -> Option<i64> {
        let latest = self.latest.filter(|_| !self.escalated)?;
        Some(latest.active_ms.saturating_add(rule.escalate?.after_ms))
    }

    /// Writes a transition.
    pub(crate) fn tell(
        &mut self,
        state: AlertState,
        at_ms: i64,
        why: Option<&'static str>,
        sight: Sight<'_>,
        step: &mut Step<'_>,
    ) {
        let rule = sight.rule;
        match state {
            AlertState::Active => self.begin(at_ms, sight),
            AlertState::Escalated => self.escalated = true,
            _ => {}
        }
        let raised = rule.escalate.filter(|_| self.escalated).map(|escalation| escalation.severity);
        step.out.push(Transition {
            alert_id: if state.is_of_episode() { self.alert_id.clone() } else { AlertId::default() },
            rule: Arc::clone(&rule.identity),
            key: Arc::clone(&self.id.key),
            space: Arc::clone(&self.place),
            state,
            severity: raised.unwrap_or(rule.identity.severity),
            event_time_ms: at_ms,
            log_time_ms: step.log_time_ms,
            reason: why.or(rule.identity.shadow.then_some(reason::SHADOW)),
            evidence: if state == AlertState::Active { self.evidence(sight, step) } else { None },
            summary: match state.is_of_episode() {
                true => self.words(state, at_ms, why, sight).sentence(state).into(),
                false => Arc::default(),
            },
            feed: self.feed(sight, step),
            position: step.position,
            ordinal: *step.ordinal,
        });
        *step.ordinal += 1;
        if matches!(state, AlertState::Active | AlertState::Inactive) {
            self.decision = None;
        }
    }

    /// Gives the episode that begins its id.
    fn begin(&mut self, at_ms: i64, sight: Sight<'_>) {
        if let State::Spread(spreading) = sight.state
            && let Some((space, begun)) = spreading.group.newest()
        {
            (self.place, self.part_feed) = (Arc::clone(space), Arc::clone(&begun.feed));
        }
        let earlier = self.latest.filter(|latest| latest.active_ms == at_ms).map_or(0, |latest| latest.earlier + 1);
        self.latest = Some(LatestEpisode { active_ms: at_ms, earlier });
        self.escalated = false;
        let uid = &sight.rule.identity.uid;
        self.alert_id = AlertId::of_episode(&sight.rules.centre, uid, &self.id.key, at_ms, earlier);
    }

    /// What the episode that begins now rests on: a silence, or the decision taken when raise became true.
    fn evidence(&self, sight: Sight<'_>, step: &Step<'_>) -> Option<Arc<str>> {
        let Sight { rule, plan, .. } = sight;
        if let State::Absence { silence, silence_ms } = sight.state {
            return Some(of_silence(rule, plan, silence, *silence_ms, step.log_time_ms, step.position));
        }
        self.decision.as_ref().map(|decision| of_decision(rule, plan, decision))
    }

    fn feed(&self, sight: Sight<'_>, step: &Step<'_>) -> Arc<str> {
        match sight.state {
            State::Parts(_) | State::Spread(_) => Arc::clone(&self.part_feed),
            _ => step.names.get(NameKind::Feed, sight.feed).cloned().unwrap_or_default(),
        }
    }

    fn words<'a>(&'a self, state: AlertState, at_ms: i64, why: Option<&'static str>, sight: Sight<'a>) -> Words<'a> {
        let decision = self.decision.as_ref().filter(|_| matches!(state, AlertState::Pending | AlertState::Active));
        let value_time_ms = match (sight.state, decision) {
            (State::Absence { silence, .. }, _) => silence.since_ms(),
            (_, Some(decision)) => decision.since_ms,
            _ => at_ms,
        };
        // Nothing changes the value between a judgement and what it brings about: it is still the one judged last.
        let quantity = decision.map_or_else(|| sight.state.quantity(), |decision| decision.quantity);
        Words {
            rule: sight.rule,
            params: &sight.plan.params,
            zone: &sight.rules.zone,
            space: sight.rules.space_name(&self.place),
            key: &self.id.key,
            part: &self.id.part,
            quantity,
            value_time_ms,
            event_time_ms: at_ms,
            usual: decision.and_then(|decision| decision.usual),
            reason: why,
        }
    }
}
