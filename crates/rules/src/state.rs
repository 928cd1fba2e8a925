//! What a slot remembers of its inputs, whichever the kind of its rule.
//!
//! One enum over the kinds, so that a slot can speak of "the value" and "judge again" without knowing which.

use crate::expr::fold::Quantity;
use crate::input::SlotInput;
use crate::kind::{Aggregate, Distinct, Kind, Usual, narrow};
use crate::kinds::absence::Silence;
use crate::kinds::baseline::Learnt;
use crate::kinds::calm::Calm;
use crate::kinds::change::Change;
use crate::kinds::group::Group;
use crate::kinds::panes::Span;
use crate::kinds::parts::{Part, Parts};
use crate::kinds::run::Run;
use crate::kinds::sources::Sources;
use crate::kinds::threshold::Values;
use crate::kinds::window::Window;
use jiff::tz::TimeZone;
use vigie_model::decimal::MICROS_PER_UNIT;
use vigie_model::seeds::KeySeeds;

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is among the values, panes or matches.
    Taken,
    /// Its value had expired before it was judged.
    Expired,
    /// It is older than the window.
    BeforeWindow,
}

/// State of one kind for one key. What is larger than a threshold's values lies behind a pointer.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Newest values, valid for `stale_after_ms`.
    Threshold {
        /// The values.
        values: Values,
        /// How long each is valid.
        stale_after_ms: i64,
        /// How they become one.
        agg: Aggregate,
    },
    /// A sliding window.
    Window(Box<Window>),
    /// The ends of a sliding window.
    Change(Box<Change>),
    /// A silence, an episode after `silence_ms`.
    Absence {
        /// The silence.
        silence: Silence,
        /// How long is too long.
        silence_ms: i64,
    },
    /// A partial run.
    Sequence(Run),
    /// Sources that match.
    KOfN {
        /// The sources.
        sources: Sources,
        /// How long a match counts.
        within_ms: i64,
        /// How many must match.
        k: u32,
        /// What tells them apart.
        distinct: Distinct,
    },
    /// Newest values, and what is usual.
    Baseline(Box<Unusual>),
    /// Open episodes of other rules in a space.
    Parts(Box<Parts>),
    /// Spaces in which episodes of another rule begin.
    Spread(Box<Spreading>),
}

/// State of `baseline`.
#[derive(Clone, Debug)]
pub(crate) struct Unusual {
    /// Newest values.
    pub(crate) values: Values,
    /// What was learnt.
    pub(crate) learnt: Learnt,
    /// How long a value is valid.
    pub(crate) stale_after_ms: i64,
    /// What is unusual.
    pub(crate) usual: Usual,
}

/// State of `spread`.
#[derive(Clone, Debug)]
pub(crate) struct Spreading {
    /// The spaces.
    pub(crate) group: Group,
    /// How many must begin.
    pub(crate) k: usize,
    /// How long a beginning counts.
    pub(crate) within_ms: i64,
}

impl State {
    /// The state before any input; a silence counts from `log_time_ms`.
    pub(crate) fn new(kind: Kind, log_time_ms: i64) -> Self {
        match kind {
            Kind::Threshold { stale_after_ms, agg } => {
                Self::Threshold { values: Values::default(), stale_after_ms, agg }
            }
            Kind::Window { window_ms, pane_ms, agg, min_count } => {
                Self::Window(Box::new(Window::new(Span { window_ms, pane_ms }, agg, min_count)))
            }
            Kind::Change { over_ms: window_ms, pane_ms } => {
                Self::Change(Box::new(Change::new(Span { window_ms, pane_ms })))
            }
            Kind::Absence { silence_ms } => Self::Absence { silence: Silence::from(log_time_ms), silence_ms },
            Kind::Sequence { .. } => Self::Sequence(Run::default()),
            Kind::KOfN { k, within_ms, distinct } => {
                Self::KOfN { sources: Sources::default(), within_ms, k: narrow(k), distinct }
            }
            Kind::Baseline { usual, stale_after_ms } => Self::Baseline(Box::new(Unusual {
                values: Values::default(),
                learnt: Learnt::default(),
                stale_after_ms,
                usual,
            })),
            Kind::AllOf | Kind::AnyOf => Self::Parts(Box::default()),
            Kind::Spread { k, within_ms, .. } => {
                Self::Spread(Box::new(Spreading { group: Group::default(), k, within_ms }))
            }
        }
    }

    /// The newest values, for a threshold rule.
    pub(crate) const fn values(&self) -> Option<&Values> {
        match self {
            Self::Threshold { values, .. } => Some(values),
            _ => None,
        }
    }

    /// A threshold rule has these values from now on.
    pub(crate) fn set_values(&mut self, new: Values) {
        if let Self::Threshold { values, .. } = self {
            *values = new;
        }
    }

    /// Whether both remember the same; only asked of states that rules can share.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Threshold { values, .. }, Self::Threshold { values: other, .. }) => values == other,
            (Self::Window(window), Self::Window(other)) => window == other,
            (Self::Change(change), Self::Change(other)) => change == other,
            _ => false,
        }
    }

    /// The values that may enter a window without moving a rule, now or while panes leave; `quiet_around` tells the range of
    /// single values around one that moves none.
    pub(crate) fn calm(&self, quiet_around: impl Fn(i64) -> Option<(i64, i64)>) -> Option<Calm> {
        match self {
            Self::Window(window) => window.calm(quiet_around),
            Self::Change(change) => change.calm(quiet_around),
            _ => None,
        }
    }

    /// When a window is empty, if nothing comes; `None` when it is, and for other kinds.
    pub(crate) fn empty_ms(&self) -> Option<i64> {
        match self {
            Self::Window(window) => window.panes.empty_ms(window.span),
            Self::Change(change) => change.panes.empty_ms(change.span),
            _ => None,
        }
    }

    /// Moves a window to `at_ms`, and takes in those values, with their event times, that have not left it by then.
    pub(crate) fn enter_all(&mut self, waiting: impl Iterator<Item = (i64, i64)>, at_ms: i64) {
        let inside = |span: Span| {
            let start_ms = span.bounds_ms(at_ms).0;
            waiting.filter(move |(_, event_time_ms)| *event_time_ms >= start_ms)
        };
        match self {
            Self::Window(window) => {
                window.slide(at_ms);
                inside(window.span).for_each(|(micros, event_time_ms)| window.add(micros, event_time_ms));
            }
            Self::Change(change) => {
                change.slide(at_ms);
                inside(change.span).for_each(|(micros, event_time_ms)| change.add(micros, event_time_ms));
            }
            _ => {}
        }
    }

    /// Takes over the figures of a changed rule whose state means the same ([`Kind::keeps_state`]).
    pub(crate) fn adopt(&mut self, kind: Kind) {
        match (self, kind) {
            (Self::Threshold { stale_after_ms, .. }, Kind::Threshold { stale_after_ms: new, .. }) => {
                *stale_after_ms = new;
            }
            (Self::Window(window), Kind::Window { min_count, .. }) => window.min_count = min_count,
            (Self::Absence { silence_ms, .. }, Kind::Absence { silence_ms: new }) => *silence_ms = new,
            (Self::Baseline(unusual), Kind::Baseline { usual, stale_after_ms }) => {
                (unusual.usual, unusual.stale_after_ms) = (usual, stale_after_ms);
                unusual.learnt.change_zone();
            }
            _ => {}
        }
    }

    /// A baseline goes on from what history taught.
    pub(crate) fn seed(&mut self, seeds: &KeySeeds) {
        if let Self::Baseline(unusual) = self {
            unusual.learnt.seed(seeds, unusual.usual.half_life_weeks);
        }
    }

    /// Reads what a visit will read; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        match self {
            Self::Threshold { values, stale_after_ms, .. } => values.touch() ^ stale_after_ms,
            Self::Window(window) => window.panes.touch(),
            Self::Change(change) => change.panes.touch(),
            Self::Absence { silence, .. } => silence.since_ms(),
            Self::Baseline(unusual) => unusual.values.touch(),
            Self::KOfN { sources, .. } => sources.touch(),
            Self::Sequence(_) | Self::Parts(_) | Self::Spread(_) => 0,
        }
    }

    /// Whether the observation changes nothing because its member already has a newer one. Windows take late ones.
    pub(crate) fn is_late(&mut self, input: &SlotInput<'_>) -> bool {
        if input.incident.is_some() {
            return false;
        }
        match self {
            Self::Threshold { values, .. } => values.is_late(input.member, input.event_time_ms),
            Self::Baseline(unusual) => unusual.values.is_late(input.member, input.event_time_ms),
            Self::KOfN { sources, .. } => sources.is_late(input.member, input.event_time_ms),
            Self::Sequence(run) => run.is_late(input.member, input.event_time_ms),
            Self::Window(_) | Self::Change(_) | Self::Absence { .. } | Self::Parts(_) | Self::Spread(_) => false,
        }
    }

    /// Takes in an input judged at `at_ms`; `matches` says whether a `k_of_n` rule counts it.
    pub(crate) fn enter(&mut self, input: &SlotInput<'_>, at_ms: i64, matches: bool, zone: &TimeZone) -> Entry {
        let (event_time_ms, micros) = (input.event_time_ms, input.micros);
        match self {
            Self::Threshold { stale_after_ms, .. } if event_time_ms + *stale_after_ms <= at_ms => {
                return Entry::Expired;
            }
            Self::Threshold { values, .. } => values.set(input.member, micros, event_time_ms),
            Self::Baseline(unusual) if event_time_ms + unusual.stale_after_ms <= at_ms => return Entry::Expired,
            Self::Baseline(unusual) => unusual.enter(input, at_ms, zone),
            Self::Window(window) if event_time_ms < window.span.bounds_ms(at_ms).0 => return Entry::BeforeWindow,
            Self::Window(window) => {
                window.slide(at_ms);
                window.add(micros, event_time_ms);
            }
            Self::Change(change) if event_time_ms < change.span.bounds_ms(at_ms).0 => return Entry::BeforeWindow,
            Self::Change(change) => {
                change.slide(at_ms);
                change.add(micros, event_time_ms);
            }
            Self::KOfN { sources, within_ms, k, distinct } => {
                if matches {
                    sources.add(input.source(*distinct), event_time_ms, *k as usize);
                }
                sources.forget(at_ms, *within_ms);
            }
            Self::Absence { .. } | Self::Sequence(_) | Self::Parts(_) | Self::Spread(_) => {}
        }
        Entry::Taken
    }

    /// Something arrived, which ends a silence.
    pub(crate) fn arrive(&mut self, log_time_ms: i64) {
        if let Self::Absence { silence, .. } = self {
            silence.arrival(log_time_ms);
        }
    }

    /// The intake is up: a silence that is not told already counts anew.
    pub(crate) fn intake_up(&mut self, log_time_ms: i64, is_told: bool) {
        if let Self::Absence { silence, .. } = self {
            silence.intake_up(log_time_ms, is_told);
        }
    }

    /// Takes in a transition of another rule; only rules about rules are given any.
    pub(crate) fn apply(&mut self, part: &Part) {
        match self {
            Self::Parts(parts) => parts.apply(part),
            Self::Spread(spreading) => spreading.group.apply(part),
            _ => {}
        }
    }

    /// When the state changes by itself; `idle` says that no judgement could change the episode.
    pub(crate) fn again_ms(&self, idle: bool) -> Option<i64> {
        match self {
            Self::Threshold { values, stale_after_ms, .. } => values.next_expiry_ms(*stale_after_ms),
            Self::Baseline(unusual) => unusual.values.next_expiry_ms(unusual.stale_after_ms),
            Self::Window(window) => (!(window.panes.is_empty() && idle)).then(|| window.panes.boundary_ms()),
            Self::Change(change) => (!(change.panes.is_empty() && idle)).then(|| change.panes.boundary_ms()),
            Self::Absence { silence, silence_ms } => silence.due_ms(*silence_ms),
            Self::KOfN { sources, within_ms, k, .. } => sources.over_ms(*k as usize, *within_ms),
            Self::Spread(_) if idle => None,
            Self::Spread(spreading) => spreading.group.clears_ms(spreading.k, spreading.within_ms),
            Self::Sequence(_) | Self::Parts(_) => None,
        }
    }

    /// The change that is due: values expire, panes leave, matches stop to count, a silence becomes too long.
    pub(crate) fn advance(&mut self, due_ms: i64) {
        match self {
            Self::Threshold { values, stale_after_ms, .. } => values.expire(due_ms, *stale_after_ms),
            Self::Baseline(unusual) => unusual.values.expire(due_ms, unusual.stale_after_ms),
            Self::Window(window) => window.slide(due_ms),
            Self::Change(change) => change.slide(due_ms),
            Self::Absence { silence, .. } => silence.fall_due(),
            Self::KOfN { sources, within_ms, .. } => sources.forget(due_ms, *within_ms),
            Self::Spread(spreading) => spreading.group.forget(due_ms, spreading.within_ms),
            Self::Sequence(_) | Self::Parts(_) => {}
        }
    }

    /// The length of the panes of an empty window: until an input comes, it is the same at each of their boundaries.
    pub(crate) fn empty_pane_ms(&self) -> Option<i64> {
        match self {
            Self::Window(window) if window.panes.is_empty() => Some(window.span.pane_ms),
            Self::Change(change) if change.panes.is_empty() => Some(change.span.pane_ms),
            _ => None,
        }
    }

    /// At a change of the period, what is over at that instant leaves, and a silence counts as too long only if it is so by
    /// what is known now.
    pub(crate) fn leave(&mut self, at_ms: i64) {
        match self {
            Self::Absence { silence, silence_ms } => silence.recount(at_ms, *silence_ms),
            other => other.advance(at_ms),
        }
    }

    /// Whether there is nothing to judge at an instant: no valid value, an empty window, no match that counts. A silence is
    /// always something.
    pub(crate) fn knows_nothing(&self, at_ms: i64) -> bool {
        match self {
            Self::Threshold { values, .. } => values.valid().next().is_none(),
            Self::Baseline(unusual) => unusual.values.valid().next().is_none(),
            Self::Window(window) => window.panes.is_empty(),
            Self::Change(change) => change.panes.is_empty(),
            Self::Absence { .. } => false,
            Self::Sequence(_) => true,
            Self::KOfN { sources, within_ms, .. } => {
                sources.iter().all(|(_, newest_ms)| newest_ms <= at_ms.saturating_sub(*within_ms))
            }
            Self::Parts(parts) => parts.is_empty(),
            Self::Spread(spreading) => spreading.group.is_over(at_ms, spreading.within_ms),
        }
    }

    /// The value to judge or to tell; `None` when it is missing or the kind has none.
    pub(crate) fn quantity(&self) -> Option<Quantity> {
        let count = |count: usize| Quantity { micros: count as i128 * i128::from(MICROS_PER_UNIT), count: 1 };
        match self {
            Self::Threshold { values, agg, .. } => values.quantity(*agg),
            Self::Baseline(unusual) => unusual.quantity(),
            Self::Window(window) => window.quantity(),
            Self::Change(change) => change.quantity(),
            Self::KOfN { sources, .. } => Some(count(sources.count())),
            Self::Spread(spreading) => Some(count(spreading.group.begun().count())),
            Self::Absence { .. } | Self::Sequence(_) | Self::Parts(_) => None,
        }
    }
}

impl Unusual {
    /// The largest valid value.
    pub(crate) fn quantity(&self) -> Option<Quantity> {
        self.values.quantity(Aggregate::Max)
    }

    fn enter(&mut self, input: &SlotInput<'_>, at_ms: i64, zone: &TimeZone) {
        self.values.set(input.member, input.micros, input.event_time_ms);
        self.learnt.touch(zone, at_ms, self.usual.half_life_weeks);
        if let Some(quantity) = self.quantity() {
            self.learnt.sample(quantity.micros);
        }
    }
}
