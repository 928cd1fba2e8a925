//! What a slot remembers of its inputs, whichever the kind of its rule.
//!
//! One enum over the kinds, so that a slot can speak of "the value" and "judge again" without knowing which.

use crate::evidence::{Detail, MemberValue, PaneValue};
use crate::expr::fold::Quantity;
use crate::figures::exact;
use crate::kind::{Aggregate, Kind};
use crate::kinds::absence::Silence;
use crate::kinds::threshold::{MemberIx, Values};
use crate::kinds::window::{Pane, Panes, Span};
use vigie_model::batch::Quality;
use vigie_model::names::{NO_NAME, NameIx, NameKind, Names};

/// A source of values inside a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// A sensor.
    Sensor(NameIx),
    /// An edge node, for values without a sensor.
    Node(NameIx),
    /// Values without either.
    Anonymous,
}

impl Member {
    /// The member a row belongs to.
    pub(crate) const fn of(sensor: NameIx, node: NameIx) -> Self {
        match (sensor, node) {
            (NO_NAME, NO_NAME) => Self::Anonymous,
            (NO_NAME, node) => Self::Node(node),
            (sensor, _) => Self::Sensor(sensor),
        }
    }
}

/// One input of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotInput {
    /// Whose value it is.
    pub(crate) member: MemberIx,
    /// The value in millionths.
    pub(crate) micros: i64,
    /// When it was measured.
    pub(crate) event_time_ms: i64,
    /// Whether its source vouches for it.
    pub(crate) quality: Quality,
    /// Feed it came by.
    pub(crate) feed: NameIx,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is among the values or panes.
    Taken,
    /// Its value had expired before it was judged.
    Expired,
    /// It is older than the window.
    BeforeWindow,
}

/// State of one kind for one key.
#[derive(Debug)]
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
    /// A sliding window; behind a pointer, for it is much larger than the others.
    Window(Box<Window>),
    /// A silence, an episode after `silence_ms`.
    Absence {
        /// The silence.
        silence: Silence,
        /// How long is too long.
        silence_ms: i64,
    },
}

/// A sliding window.
#[derive(Debug)]
pub(crate) struct Window {
    /// The panes.
    pub(crate) panes: Panes,
    /// Length of window and panes.
    pub(crate) span: Span,
    /// How its inputs become one value.
    agg: Aggregate,
    /// Fewer inputs make no mean, minimum or maximum.
    min_count: i64,
}

impl State {
    /// The state before any input; a silence counts from `log_time_ms`.
    pub(crate) fn new(kind: Kind, log_time_ms: i64) -> Self {
        match kind {
            Kind::Threshold { stale_after_ms, agg } => {
                Self::Threshold { values: Values::default(), stale_after_ms, agg }
            }
            Kind::Window { window_ms, pane_ms, agg, min_count } => {
                let span = Span { window_ms, pane_ms };
                Self::Window(Box::new(Window { panes: Panes::default(), span, agg, min_count }))
            }
            Kind::Absence { silence_ms } => Self::Absence { silence: Silence::from(log_time_ms), silence_ms },
            _ => unreachable!("kinds to come"),
        }
    }

    /// Reads what a visit will read; the number means nothing.
    pub(crate) fn touch(&self) -> i64 {
        match self {
            Self::Threshold { values, stale_after_ms, .. } => values.touch() ^ stale_after_ms,
            Self::Window(window) => window.panes.touch(),
            Self::Absence { silence, .. } => silence.since_ms(),
        }
    }

    /// Whether the input changes nothing because its member already has a newer value. Windows take late inputs.
    pub(crate) fn is_late(&self, input: &SlotInput) -> bool {
        matches!(self, Self::Threshold { values, .. } if values.is_late(input.member, input.event_time_ms))
    }

    /// Takes in a value judged at `at_ms`.
    pub(crate) fn enter(&mut self, input: &SlotInput, at_ms: i64) -> Entry {
        match self {
            Self::Threshold { stale_after_ms, .. } if input.event_time_ms + *stale_after_ms <= at_ms => Entry::Expired,
            Self::Threshold { values, .. } => {
                values.set(input.member, input.micros, input.event_time_ms);
                Entry::Taken
            }
            Self::Window(window) if input.event_time_ms < window.span.bounds_ms(at_ms).0 => Entry::BeforeWindow,
            Self::Window(window) => {
                window.panes.slide(at_ms, window.span);
                window.panes.add(input.micros, input.event_time_ms, window.span);
                Entry::Taken
            }
            Self::Absence { .. } => Entry::Taken,
        }
    }

    /// When the state changes by itself; `idle` says that no judgement could change the episode.
    pub(crate) fn again_ms(&self, idle: bool) -> Option<i64> {
        match self {
            Self::Threshold { values, stale_after_ms, .. } => values.next_expiry_ms(*stale_after_ms),
            Self::Window(window) => (!(window.panes.is_empty() && idle)).then(|| window.panes.boundary_ms()),
            Self::Absence { silence, silence_ms } => silence.due_ms(*silence_ms),
        }
    }

    /// The change that is due: values expire, panes leave.
    pub(crate) fn advance(&mut self, due_ms: i64) {
        match self {
            Self::Threshold { values, stale_after_ms, .. } => values.expire(due_ms, *stale_after_ms),
            Self::Window(window) => window.panes.slide(due_ms, window.span),
            Self::Absence { silence, .. } => silence.open(),
        }
    }

    /// The value to judge; `None` when it is missing.
    pub(crate) fn quantity(&self) -> Option<Quantity> {
        match self {
            Self::Threshold { values, agg, .. } => values.quantity(*agg),
            Self::Window(window) => window.panes.quantity(window.agg, window.min_count),
            Self::Absence { .. } => None,
        }
    }

    /// What the value judged at `at_ms` is made of.
    pub(crate) fn detail(&self, at_ms: i64, members: &[Member], names: &Names) -> Detail {
        let text = |micros| exact(Quantity { micros, count: 1 });
        match self {
            Self::Threshold { values, .. } => {
                let values = values.valid().map(|(member, newest)| {
                    let (sensor, node) = match members[member as usize] {
                        Member::Sensor(sensor) => (names.get(NameKind::Sensor, sensor).cloned(), None),
                        Member::Node(node) => (None, names.get(NameKind::Node, node).cloned()),
                        Member::Anonymous => (None, None),
                    };
                    MemberValue { sensor, node, value: text(newest.micros.into()), event_time_ms: newest.event_time_ms }
                });
                Detail::Members(values.collect())
            }
            Self::Window(window) => {
                let Window { panes, span, .. } = window.as_ref();
                let (start_ms, end_ms) = span.bounds_ms(at_ms);
                let pane = |pane: &Pane| PaneValue {
                    start_ms: pane.index * span.pane_ms,
                    count: pane.count,
                    sum: text(pane.sum_micros),
                    min: text(pane.min_micros.into()),
                    max: text(pane.max_micros.into()),
                };
                Detail::Panes { start_ms, end_ms, panes: panes.iter().map(pane).collect() }
            }
            Self::Absence { .. } => Detail::Members(Vec::new()),
        }
    }
}
