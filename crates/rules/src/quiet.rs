//! Observations that change nothing but what is newest, as most do.
//!
//! A value that no step of a sequence and no `k_of_n` rule asks for, an arrival long before the silence is too long, a value
//! of a threshold that raises nothing: each moves some times and is done. [`take_quiet`] takes those, and leaves whatever else
//! comes to the slot as it was.
//!
//! **Invariant**: what is taken here would do the same in [`Slot::take`](crate::slot::Slot::take), and would move no timer to an
//! earlier time.

use crate::input::SlotInput;
use crate::judgement::compared;
use crate::kind::Kind;
use crate::kinds::threshold::Newest;
use crate::spec::Plan;
use crate::state::State;
use crate::step::Counters;
use crate::verdict::Verdict;
use vigie_model::batch::Quality;

/// Where a slot stands whose condition neither holds nor held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest<'a> {
    /// The kind of its rule.
    pub(crate) kind: &'a Kind,
    /// The plan in force.
    pub(crate) plan: &'a Plan,
    /// The time of the key.
    pub(crate) time_ms: i64,
    /// When the active period has to be looked at again.
    pub(crate) period_ms: i64,
    /// When the slot is looked at for its timers at the latest.
    pub(crate) armed_ms: i64,
    /// Whether the active period holds.
    pub(crate) inside: bool,
}

/// Takes an observation in, if all it changes is what is newest: the time of the key from then on.
#[inline]
pub(crate) fn take_quiet(
    state: &mut State,
    input: &SlotInput<'_>,
    rest: Rest<'_>,
    log_time_ms: i64,
    counters: &mut Counters,
) -> Option<i64> {
    if let State::Absence { silence, silence_ms } = state {
        let due_ms = silence.due_ms(*silence_ms)?;
        let in_time = log_time_ms < due_ms.min(rest.period_ms) && rest.armed_ms <= due_ms;
        return in_time.then(|| {
            silence.arrival(log_time_ms);
            rest.time_ms
        });
    }
    let SlotInput { member, reading, micros, event_time_ms, .. } = *input;
    let at_ms = event_time_ms.max(rest.time_ms);
    if input.quality != Quality::Good || at_ms >= rest.period_ms {
        return None;
    }
    match (state, rest.kind) {
        (State::Sequence(run), Kind::Sequence { within_ms }) => {
            let passes = !counts(micros, reading, rest.plan);
            (passes && run.pass(member, event_time_ms, *within_ms)).then_some(at_ms)
        }
        (State::KOfN { sources, within_ms, k, .. }, _) => {
            let passes = sources.count() < *k as usize && !counts(micros, reading, rest.plan);
            if !passes || sources.is_late(member, event_time_ms) {
                return None;
            }
            sources.forget(at_ms, *within_ms);
            counters.judgements += u64::from(rest.inside);
            Some(at_ms)
        }
        (State::Threshold { values, stale_after_ms, .. }, _) => {
            let Newest { event_time_ms: newest_ms, valid, .. } = values.first();
            let expires_ms = newest_ms.saturating_add(*stale_after_ms);
            let in_order = newest_ms < event_time_ms && rest.time_ms <= event_time_ms && event_time_ms < expires_ms;
            let alone = member == 0 && values.is_single() && valid;
            if !alone || !in_order || rest.armed_ms > expires_ms {
                return None;
            }
            if rest.inside && compared(rest.plan, Newest::single(micros), counters) == Verdict::Raise {
                return None;
            }
            counters.judgements += u64::from(rest.inside);
            values.set(member, micros, event_time_ms);
            Some(at_ms)
        }
        _ => None,
    }
}

/// Whether a value counts for one of the sources `reading` it, or cannot be computed.
#[inline]
fn counts(micros: i64, reading: u32, plan: &Plan) -> bool {
    let mut sources = (0..).zip(&plan.matches).filter(|(bit, _)| reading & 1 << bit != 0);
    sources.any(|(_, source)| source.as_ref().is_none_or(|source| source.takes(micros).unwrap_or(true)))
}
