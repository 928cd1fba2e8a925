//! One line of memory for a cohort on a key: what almost every observation needs, and nothing else.
//!
//! Most values change nothing: they are newer than the last, lie in the same range, and no timer is due. A line knows that
//! range and that instant, so such a value costs one visit to one cache line, however many rules there are. Whatever else
//! comes is left to [`Shared`](crate::shared::Shared), which the line then takes its range from.
//!
//! **Invariants**
//! - A value that a line takes alone changes no rule of its cohort, but for the newest value and the time.
//! - When a line alone took its newest value, the value was to expire after the partition's largest tick: so it has expired
//!   by now if its time has come, since a tick has fired it.

use crate::about::SlotKey;
use crate::cohort::{Cohort, CohortIx};
use crate::input::{Member, SlotInput};
use crate::kind::{Kind, Per, RuleInput, Source, narrow};
use crate::kinds::threshold::Newest;
use crate::routes::PorchIx;
use crate::spec::Rule;
use crate::step::Step;
use crate::timing::NEVER_MS;
use vigie_model::names::{NO_NAME, NameIx, NameKind, Names};

/// Index of what a line's cohort shares.
pub(crate) type SharedIx = u32;

/// The hot state of a cohort on a key.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line {
    /// Event time of the first member's newest value; `i64::MIN` before any.
    newest_ms: i64,
    /// That value, in millionths.
    micros: i64,
    /// The smallest and the largest value that change nothing; none while the smallest is the larger.
    low: i64,
    high: i64,
    /// From when on a timer has to be looked at first.
    until_ms: i64,
    /// How long a value is valid.
    stale_after_ms: i64,
    /// Feed of the newest value.
    feed: NameIx,
    /// Index of what its cohort shares, or of the porch before it.
    behind: u32,
    /// The sensor and edge node of the first member's rows.
    sensor: NameIx,
    node: NameIx,
}

/// A key of rules about one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LineKey {
    /// What the key consists of.
    pub(crate) per: Per,
    /// The space.
    pub(crate) space: NameIx,
    /// The sensor or node of the key, or [`NO_NAME`].
    pub(crate) part: NameIx,
    /// The metric.
    pub(crate) metric: NameIx,
}

/// What seldom changes about a line, and seldom is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineId {
    /// What the key consists of.
    pub(crate) per: Per,
    /// The space.
    pub(crate) space: NameIx,
    /// The metric.
    pub(crate) metric: NameIx,
    /// The rules.
    pub(crate) cohort: CohortIx,
    /// Whether the first series of the space and metric leads straight here.
    pub(crate) straight: bool,
}

/// What stands behind a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// Nothing: the line knows all there is.
    Nothing,
    /// What its cohort shares.
    Shared(SharedIx),
    /// A porch, and behind it what the cohort shares.
    Porch(PorchIx),
}

/// Stands for "nothing".
const NOTHING: u32 = u32::MAX;
/// Set for a porch.
const PORCH: u32 = 1 << 31;

/// A line as it lies in memory, but for the byte order. What stands behind it is told after all lines: here only whether
/// anything does.
impl Line {
    /// Its bytes.
    #[inline]
    pub(crate) fn to_bytes(self) -> [u8; 64] {
        let Self { newest_ms, micros, low, high, until_ms, stale_after_ms, feed, behind, sensor, node } = self;
        let behind = if behind == NOTHING { NOTHING } else { 0 };
        let mut bytes = [0; 64];
        for (place, number) in [newest_ms, micros, low, high, until_ms, stale_after_ms].into_iter().enumerate() {
            bytes[8 * place..8 * place + 8].copy_from_slice(&number.to_le_bytes());
        }
        for (place, number) in (12..).zip([feed, behind, sensor, node]) {
            bytes[4 * place..4 * place + 4].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// The line of these bytes.
    #[inline]
    pub(crate) fn of_bytes(bytes: &[u8; 64]) -> Self {
        let (wide, narrow) = (bytes.as_chunks::<8>().0, bytes.as_chunks::<4>().0);
        let wide = |place: usize| i64::from_le_bytes(wide[place]);
        let narrow = |place: usize| u32::from_le_bytes(narrow[place]);
        Self {
            newest_ms: wide(0),
            micros: wide(1),
            low: wide(2),
            high: wide(3),
            until_ms: wide(4),
            stale_after_ms: wide(5),
            feed: narrow(12),
            behind: narrow(13),
            sensor: narrow(14),
            node: narrow(15),
        }
    }

    /// A line without values, whose first member sends rows of this sensor and node.
    pub(crate) fn new(cohort: &Cohort, (sensor, node): (NameIx, NameIx)) -> Self {
        let stale_after_ms = match cohort.kind() {
            Kind::Threshold { stale_after_ms, .. } => stale_after_ms,
            _ => 0,
        };
        Self {
            newest_ms: i64::MIN,
            micros: 0,
            low: 1,
            high: 0,
            until_ms: NEVER_MS,
            stale_after_ms,
            feed: NO_NAME,
            behind: NOTHING,
            sensor,
            node,
        }
    }

    /// Whether rows of this sensor and node are its first member's.
    #[inline]
    pub(crate) const fn is_first(&self, sensor: NameIx, node: NameIx) -> bool {
        self.sensor == sensor && self.node == node
    }

    /// Reads it; the number means nothing.
    #[inline]
    pub(crate) const fn touch(&self) -> i64 {
        self.newest_ms
    }

    /// The sensor and node of its first member's rows.
    pub(crate) const fn first(&self) -> (NameIx, NameIx) {
        (self.sensor, self.node)
    }

    /// Its first member.
    pub(crate) const fn member(&self, metric: NameIx) -> Member {
        Member::of(self.sensor, self.node, metric)
    }

    /// Feed of the newest value.
    pub(crate) const fn feed(&self) -> NameIx {
        self.feed
    }

    /// Where its cohort keeps what does not fit in here.
    #[inline]
    pub(crate) const fn behind(&self) -> Behind {
        match self.behind {
            NOTHING => Behind::Nothing,
            porch if porch & PORCH != 0 => Behind::Porch(porch & !PORCH),
            shared => Behind::Shared(shared),
        }
    }

    /// From now on this stands behind it.
    pub(crate) const fn set_behind(&mut self, behind: Behind) {
        self.behind = match behind {
            Behind::Nothing => NOTHING,
            Behind::Shared(shared) => shared,
            Behind::Porch(porch) => porch | PORCH,
        };
    }

    /// Takes a good value of the first member in, if it changes nothing; `tick_ms` is the partition's largest tick.
    #[inline]
    pub(crate) fn take_quiet(&mut self, micros: i64, event_time_ms: i64, feed: NameIx, tick_ms: i64) -> bool {
        let in_order = event_time_ms > self.newest_ms && event_time_ms < self.until_ms;
        let in_range = self.low <= micros && micros <= self.high;
        let quiet = in_order && in_range && event_time_ms.max(tick_ms) < self.expires_ms();
        if quiet {
            (self.newest_ms, self.micros, self.feed) = (event_time_ms, micros, feed);
        }
        quiet
    }

    /// Takes a good value of the first member in while nothing is kept elsewhere, unless it raises a rule or its key is ahead of
    /// it in time; whether it did.
    pub(crate) fn take_alone(
        &mut self,
        input: &SlotInput<'_>,
        tick_ms: i64,
        cohort: &Cohort,
        step: &mut Step<'_>,
    ) -> bool {
        let SlotInput { micros, event_time_ms, feed, .. } = *input;
        if event_time_ms <= self.newest_ms {
            step.counters.late_inputs += cohort.count();
            return true;
        }
        let expires_ms = event_time_ms.saturating_add(self.stale_after_ms);
        if event_time_ms < self.time_ms(tick_ms) || expires_ms <= tick_ms.max(event_time_ms) {
            return false;
        }
        let quantity = Newest::single(micros);
        if cohort.verdicts(Some(quantity), step.rules, step.counters).raise != 0 {
            return false;
        }
        step.counters.judgements += 1;
        self.hear(feed);
        self.show(Newest { micros, event_time_ms, valid: true });
        self.quiet(cohort.quiet_around(micros, cohort.asleep()), NEVER_MS);
        true
    }

    /// The newest value of the first member, which has left if it expired by `tick_ms`.
    pub(crate) fn newest(&self, tick_ms: i64) -> Newest {
        let valid = self.newest_ms > i64::MIN && self.expires_ms() > tick_ms;
        Newest { micros: self.micros, event_time_ms: self.newest_ms, valid }
    }

    /// The time of the key while nothing is kept elsewhere: its newest value moved it, and the expiry of that value.
    pub(crate) fn time_ms(&self, tick_ms: i64) -> i64 {
        if self.newest_ms > i64::MIN && self.expires_ms() <= tick_ms { self.expires_ms() } else { self.newest_ms }
    }

    /// Keeps the feed of the newest value.
    pub(crate) const fn hear(&mut self, feed: NameIx) {
        self.feed = feed;
    }

    /// Shows the first member's newest value.
    pub(crate) const fn show(&mut self, newest: Newest) {
        (self.newest_ms, self.micros) = (newest.event_time_ms, newest.micros);
    }

    /// From now on values in this range change nothing before `until_ms`.
    pub(crate) fn quiet(&mut self, range: Option<(i64, i64)>, until_ms: i64) {
        ((self.low, self.high), self.until_ms) = (range.unwrap_or((1, 0)), until_ms);
    }

    const fn expires_ms(&self) -> i64 {
        self.newest_ms.saturating_add(self.stale_after_ms)
    }
}

/// Where the first number of a line's bytes tells whether it is straight.
const STRAIGHT_BIT: u32 = 8;

impl LineId {
    /// Its bytes.
    #[inline]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let Self { per, space, metric, cohort, straight } = self;
        let per = match per {
            Per::Space => 0,
            Per::Sensor => 1,
            Per::Node => 2,
        };
        let kind = per | u32::from(straight) << STRAIGHT_BIT;
        let mut bytes = [0; 16];
        for (place, number) in [kind, space, metric, cohort].into_iter().enumerate() {
            bytes[4 * place..4 * place + 4].copy_from_slice(&u32::to_le_bytes(number));
        }
        bytes
    }

    /// The line's identity of these bytes.
    #[inline]
    pub(crate) fn of_bytes(bytes: &[u8; 16]) -> Option<Self> {
        let numbers = bytes.as_chunks::<4>().0;
        let number = |place: usize| u32::from_le_bytes(numbers[place]);
        let (kind, straight) = (number(0) & !(1 << STRAIGHT_BIT), number(0) >> STRAIGHT_BIT & 1 == 1);
        let per = match kind {
            0 => Per::Space,
            1 => Per::Sensor,
            2 => Per::Node,
            _ => return None,
        };
        Some(Self { per, space: number(1), metric: number(2), cohort: number(3), straight })
    }

    /// Its key, if its first member sends rows of this sensor and node.
    pub(crate) const fn key(&self, (sensor, node): (NameIx, NameIx)) -> LineKey {
        let part = match self.per {
            Per::Space => NO_NAME,
            Per::Sensor => sensor,
            Per::Node => node,
        };
        LineKey { per: self.per, space: self.space, part, metric: self.metric }
    }
}

impl LineKey {
    /// The key of a rule that is written like this, if its names are known. Cost: linear in the names.
    pub(crate) fn find(rule: &Rule, key: &str, names: &Names) -> Option<Self> {
        let (space, part) = key.split_once('/').map_or((key, None), |(space, part)| (space, Some(part)));
        let index = |kind, name: &str| {
            let found = names.all(kind).iter().position(|known| **known == *name)?;
            Some(narrow(found))
        };
        let part = match (rule.per, part) {
            (Per::Space, None) => NO_NAME,
            (Per::Sensor, Some(part)) => index(NameKind::Sensor, part)?,
            (Per::Node, Some(part)) => index(NameKind::Node, part)?,
            _ => return None,
        };
        let RuleInput::One(Source::Metric(metric)) = &rule.input else { return None };
        let (space, metric) = (index(NameKind::Space, space)?, index(NameKind::Metric, metric)?);
        Some(Self { per: rule.per, space, part, metric })
    }

    /// Identity of a slot on the key.
    pub(crate) fn slot_key(&self, names: &Names) -> SlotKey {
        let part = match self.per {
            Per::Space => None,
            Per::Sensor => Some(names.name(NameKind::Sensor, self.part)),
            Per::Node => Some(names.name(NameKind::Node, self.part)),
        };
        SlotKey::new(names.name(NameKind::Space, self.space), part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_among_the_bytes() {
        let behind = NOTHING;
        let line = Line {
            newest_ms: -1,
            micros: 2,
            low: i64::MIN,
            high: 4,
            until_ms: 5,
            stale_after_ms: 6,
            feed: 7,
            behind,
            sensor: 8,
            node: NO_NAME,
        };
        let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
        assert_eq!(text(&Line::of_bytes(&line.to_bytes())), text(&line));
        let with = |behind| Line::of_bytes(&Line { behind, ..line }.to_bytes()).behind();
        assert_eq!((with(3), with(3 | PORCH)), (Behind::Shared(0), Behind::Shared(0)), "what that is stands elsewhere");
        for per in [Per::Space, Per::Sensor, Per::Node] {
            let id = LineId { per, space: 1, metric: u32::MAX, cohort: 3, straight: per == Per::Node };
            assert_eq!(text(&LineId::of_bytes(&id.to_bytes()).unwrap()), text(&id));
        }
    }
}
