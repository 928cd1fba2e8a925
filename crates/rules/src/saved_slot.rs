//! Slots in a snapshot.
//!
//! Figures of a state are those of its rule's kind, and are not written; the plan follows from the space.

use crate::about::About;
use crate::kind::{Kind, RuleIx, narrow};
use crate::kinds::change::Change;
use crate::kinds::window::Window;
use crate::saved::{Loader, Saved, Saver, Wrong, require};
use crate::slot::Slot;
use crate::state::{Spreading, State, Unusual};

impl State {
    /// Writes what is not said by the kind of its rule.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        match self {
            Self::Threshold { values, stale_after_ms: _, agg: _ } => values.save(to),
            Self::Window(window) => window.panes.save(to),
            Self::Change(change) => {
                let Change { panes, span: _ } = &**change;
                panes.save(to);
            }
            Self::Absence { silence, silence_ms: _ } => silence.save(to),
            Self::Sequence(run) => run.save(to),
            Self::KOfN { sources, within_ms: _, k: _, distinct: _ } => sources.save(to),
            Self::Baseline(unusual) => {
                let Unusual { values, learnt, stale_after_ms: _, usual: _ } = &**unusual;
                values.save(to);
                learnt.save(to);
            }
            Self::Parts(parts) => parts.save(to),
            Self::Spread(spreading) => {
                let Spreading { group, k: _, within_ms: _ } = &**spreading;
                group.save(to);
            }
        }
    }

    /// Reads a state of this kind.
    pub(crate) fn load(kind: Kind, from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let mut state = Self::new(kind, 0);
        match &mut state {
            Self::Threshold { values, .. } => *values = Saved::load(from)?,
            Self::Window(window) => Window::restore(window, Saved::load(from)?),
            Self::Change(change) => change.panes = Saved::load(from)?,
            Self::Absence { silence, .. } => *silence = Saved::load(from)?,
            Self::Sequence(run) => *run = Saved::load(from)?,
            Self::KOfN { sources, .. } => *sources = Saved::load(from)?,
            Self::Baseline(unusual) => {
                unusual.values = Saved::load(from)?;
                unusual.learnt = Saved::load(from)?;
            }
            Self::Parts(parts) => **parts = Saved::load(from)?,
            Self::Spread(spreading) => spreading.group = Saved::load(from)?,
        }
        Ok(state)
    }
}

impl Saved for Slot {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { rule, plan: _, feed, changed, inside, timing, episode, armed_ms, state, about } = self;
        rule.save(to);
        about.save(to);
        feed.save(to);
        changed.save(to);
        inside.save(to);
        timing.save(to);
        episode.save(to);
        armed_ms.save(to);
        state.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let (rule, about) = (u32::load(from)?, Box::<About>::load(from)?);
        let spec = from.rules.rules.get(rule as RuleIx).ok_or(Wrong("it has a rule that is not in force"))?;
        let slot = Self {
            rule,
            plan: narrow(spec.plan_index(&about.id.space)),
            feed: Saved::load(from)?,
            changed: Saved::load(from)?,
            inside: Saved::load(from)?,
            timing: Saved::load(from)?,
            episode: Saved::load(from)?,
            armed_ms: Saved::load(from)?,
            state: State::load(spec.kind, from)?,
            about,
        };
        if let State::Sequence(run) = &slot.state {
            require(run.is_of(spec.steps()), "a run has other steps than its rule")?;
        }
        Ok(slot)
    }
}
