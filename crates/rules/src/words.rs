//! Transitions in words for people.
//!
//! An episode begins with the author's `summary`, or with a sentence made from the kind, the metric's words and the
//! value: "Birrarung Marr: 7,665 people in the hour to 21:00". Other states have short sentences of their own.

use crate::expr::fold::Quantity;
use crate::expr::typed::Params;
use crate::figures::{about, grouped, readable};
use crate::kind::{Aggregate, Among, Kind, Per, RuleInput, Source};
use crate::spec::{Escalation, Rule};
use crate::template::{Part, Placeholder, Template};
use jiff::tz::TimeZone;
use vigie_model::alert::{AlertState, reason};
use vigie_model::duration::format_ms;
use vigie_model::time::format_local_clock;

/// What a sentence may speak about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    /// The rule.
    pub(crate) rule: &'a Rule,
    /// Parameters in force.
    pub(crate) params: &'a Params,
    /// The centre's time zone.
    pub(crate) zone: &'a TimeZone,
    /// The name of the space.
    pub(crate) space: &'a str,
    /// The key.
    pub(crate) key: &'a str,
    /// The sensor or node of the key; empty per space.
    pub(crate) part: &'a str,
    /// The deciding value, or the latest.
    pub(crate) quantity: Option<Quantity>,
    /// When that value was judged; for a silence, from when it counts.
    pub(crate) value_time_ms: i64,
    /// The instant of the transition.
    pub(crate) event_time_ms: i64,
    /// What is usual for the hour, for a baseline that knows.
    pub(crate) usual: Option<f64>,
    /// Why, when it is not the condition itself: one of [`reason`].
    pub(crate) reason: Option<&'static str>,
}

/// One of something counted.
const ONE: Quantity = Quantity { micros: 1_000_000, count: 1 };

impl Words<'_> {
    /// The sentence of a transition; empty for one that belongs to no episode.
    pub(crate) fn sentence(&self, state: AlertState) -> String {
        let (space, rule, label) = (self.space, &self.rule.identity.name, self.label());
        let at = self.clock(self.event_time_ms);
        if let (AlertState::Cleared, Some(why)) = (state, self.reason.and_then(ended_by)) {
            return format!("{space}: {rule} ended at {at}, as {why}");
        }
        match state {
            AlertState::Active => self.of_episode(),
            AlertState::Pending | AlertState::Inactive => String::new(),
            AlertState::Stale => self.stale(&at),
            AlertState::Resumed => self.resumed(&at),
            AlertState::Escalated => match self.rule.escalate {
                Some(Escalation { after_ms, severity }) => {
                    format!("{space}: {rule} still going on after {}, now {severity}", format_ms(after_ms))
                }
                None => format!("{space}: {rule} still going on at {at}"),
            },
            AlertState::Cleared if matches!(self.rule.kind, Kind::Absence { .. }) => {
                format!("{space}: {label}{} again at {at}", self.source())
            }
            AlertState::Cleared => format!("{space}: {rule} is over at {at}{}", self.latest()),
        }
    }

    fn of_episode(&self) -> String {
        if let Some(template) = &self.rule.summary {
            return self.fill(template);
        }
        let (space, label, time) = (self.space, self.label(), self.clock(self.value_time_ms));
        match self.rule.kind {
            Kind::Threshold { agg, .. } => self.value_at_a_time(agg),
            Kind::Window { agg, window_ms, .. } => self.window(agg, window_ms),
            Kind::Change { over_ms, .. } => {
                format!("{space}: {label} {} in the {} to {time}", self.difference(), format_ms(over_ms))
            }
            Kind::Absence { .. } => format!("{space}: no {label}{} since {time}", self.source()),
            Kind::Sequence { within_ms } => format!("{space}: {label} within {}, at {time}", format_ms(within_ms)),
            Kind::KOfN { within_ms, distinct, .. } => {
                let sources = self.counted(distinct.as_str());
                format!("{space}: {label} from {sources} within {}, at {time}", format_ms(within_ms))
            }
            Kind::Baseline { .. } => {
                let usual = self.usual.map_or_else(String::new, |usual| format!(", usually {}", about(usual)));
                self.value_at_a_time(Aggregate::Max) + &usual
            }
            Kind::AllOf => format!("{space}: {label} together at {time}"),
            Kind::AnyOf => format!("{space}: {label} at {time}"),
            Kind::Spread { within_ms, among, .. } => {
                let spaces = match among {
                    Among::District => format!("{} of {}", self.counted("space"), self.key),
                    Among::Adjacent => self.counted("neighbouring space"),
                };
                format!("{space}: {label} began in {spaces} within {}, at {time}", format_ms(within_ms))
            }
        }
    }

    fn stale(&self, at: &str) -> String {
        let (space, rule, label) = (self.space, &self.rule.identity.name, self.label());
        match self.rule.kind {
            Kind::AllOf | Kind::AnyOf => format!("{space}: {rule} rests on stale data since {at}"),
            Kind::Baseline { .. } if self.quantity.is_some() => {
                format!("{space}: too little is known of this hour to judge {rule} by since {at}")
            }
            _ => format!("{space}: no recent {label} to judge {rule} by since {at}"),
        }
    }

    fn resumed(&self, at: &str) -> String {
        let (space, rule, label) = (self.space, &self.rule.identity.name, self.label());
        match self.rule.kind {
            Kind::AllOf | Kind::AnyOf => format!("{space}: {rule} rests on recent data again at {at}"),
            Kind::Baseline { .. } => format!("{space}: {rule} can be judged again at {at}{}", self.latest()),
            _ => format!("{space}: {label} is back for {rule} at {at}{}", self.latest()),
        }
    }

    /// `up 120 dB`, `down 3`, `unchanged`.
    fn difference(&self) -> String {
        let unit = self.spaced_unit();
        match self.quantity.map(|quantity| (quantity.micros.signum(), quantity)) {
            Some((1, quantity)) => format!("up {}{unit}", readable(quantity)),
            Some((-1, quantity)) => {
                let size = Quantity { micros: quantity.micros.saturating_neg(), ..quantity };
                format!("down {}{unit}", readable(size))
            }
            _ => "unchanged".to_owned(),
        }
    }

    /// `1 sensor`, `3 sensors`.
    fn counted(&self, noun: &str) -> String {
        match self.quantity {
            Some(ONE) => format!("1 {noun}"),
            Some(quantity) => format!("{} {noun}s", readable(quantity)),
            None => format!("several {noun}s"),
        }
    }

    fn value_at_a_time(&self, agg: Aggregate) -> String {
        let (space, value, label, time) = (self.space, self.value(), self.label(), self.clock(self.value_time_ms));
        let several = self.rule.per != Per::Sensor;
        let agg = match agg {
            Aggregate::Mean if several => "mean ",
            Aggregate::Min if several => "lowest ",
            _ => "",
        };
        let when = self
            .rule
            .metric
            .period_ms
            .map_or_else(|| format!("at {time}"), |ms| format!("in the {} to {time}", period(ms)));
        match (self.rule.metric.period_ms, self.unit()) {
            (Some(_), "") => format!("{space}: {agg}{value} {label} {when}"),
            (_, "") => format!("{space}: {agg}{label} {value} {when}"),
            (_, unit) => format!("{space}: {agg}{label} {value} {unit} {when}"),
        }
    }

    fn window(&self, agg: Aggregate, window_ms: i64) -> String {
        let (space, value, label, unit) = (self.space, self.value(), self.label(), self.spaced_unit());
        let when = format!("{} to {}", format_ms(window_ms), self.clock(self.value_time_ms));
        let what = match (&self.rule.input, agg) {
            (RuleInput::One(Source::Incidents { category, .. }), _) => {
                let noun =
                    category.as_ref().map_or_else(|| "incident".to_owned(), |category| format!("{category} incident"));
                return format!("{space}: {} in the {when}", self.counted(&noun));
            }
            (_, Aggregate::Count) => return format!("{space}: {value} observations of {label} in the {when}"),
            (_, Aggregate::Sum) => "sum of",
            (_, Aggregate::Mean) => "mean of",
            (_, Aggregate::Min) => "lowest",
            (_, Aggregate::Max) => "highest",
        };
        format!("{space}: {what} {label} {value}{unit} over the {when}")
    }

    fn fill(&self, template: &Template) -> String {
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Placeholder(_, placeholder) => text.push_str(&self.placeholder(placeholder)),
            }
        }
        text
    }

    fn placeholder(&self, placeholder: &Placeholder) -> String {
        match placeholder {
            Placeholder::Space => self.space.to_owned(),
            Placeholder::Key => self.key.to_owned(),
            Placeholder::Sensor | Placeholder::Node => self.part.to_owned(),
            Placeholder::Rule => self.rule.identity.name.to_string(),
            Placeholder::Severity => self.rule.identity.severity.to_string(),
            Placeholder::Value => self.value(),
            Placeholder::Unit => self.unit().to_owned(),
            Placeholder::Label => self.label().to_owned(),
            Placeholder::Time => self.clock(self.value_time_ms),
            Placeholder::Param(name) => {
                self.params.get(name).map_or_else(String::new, |value| grouped(&value.to_string()))
            }
            Placeholder::For => match self.rule.kind {
                Kind::Absence { silence_ms } => format_ms(silence_ms),
                _ => format_ms(self.rule.delays.hold_ms),
            },
            Placeholder::Window => match self.rule.kind {
                Kind::Window { window_ms, .. } => format_ms(window_ms),
                Kind::Change { over_ms, .. } => format_ms(over_ms),
                _ => String::new(),
            },
            Placeholder::Within => match self.rule.kind {
                Kind::Sequence { within_ms } | Kind::KOfN { within_ms, .. } | Kind::Spread { within_ms, .. } => {
                    format_ms(within_ms)
                }
                _ => String::new(),
            },
            Placeholder::K => match self.rule.kind {
                Kind::KOfN { k, .. } | Kind::Spread { k, .. } => grouped(&k.to_string()),
                _ => String::new(),
            },
            Placeholder::Usual => self.usual.map_or_else(String::new, about),
        }
    }

    fn clock(&self, epoch_ms: i64) -> String {
        format_local_clock(epoch_ms, self.zone)
    }

    fn value(&self) -> String {
        self.quantity.map_or_else(String::new, readable)
    }

    /// `, now 5 dB`, when there is a value.
    fn latest(&self) -> String {
        let Some(quantity) = self.quantity else { return String::new() };
        let now = match self.rule.kind {
            Kind::Change { .. } => self.difference(),
            Kind::KOfN { distinct, .. } => self.counted(distinct.as_str()),
            // Spaces that began are fewer than those in which it goes on.
            Kind::Spread { .. } => return String::new(),
            _ => readable(quantity) + &self.spaced_unit(),
        };
        format!(", now {now}")
    }

    fn label(&self) -> &str {
        match (&self.rule.input, &self.rule.metric.label) {
            (_, Some(label)) => label,
            (RuleInput::One(Source::Metric(metric)), None) => metric,
            _ => "incidents",
        }
    }

    /// The unit; empty for pure numbers, and for counts of inputs.
    fn unit(&self) -> &str {
        match (self.rule.kind, self.rule.metric.unit.as_str()) {
            (Kind::Window { agg: Aggregate::Count, .. }, _) | (_, "1") => "",
            (_, unit) => unit,
        }
    }

    /// The unit with a space before it; empty without one.
    fn spaced_unit(&self) -> String {
        match self.unit() {
            "" => String::new(),
            unit => format!(" {unit}"),
        }
    }

    fn source(&self) -> String {
        match self.rule.per {
            Per::Space => String::new(),
            Per::Sensor => format!(" from sensor {}", self.part),
            Per::Node => format!(" from node {}", self.part),
        }
    }
}

/// Why an episode or a hold ended, when its condition did not end it.
fn ended_by(why: &str) -> Option<&'static str> {
    match why {
        reason::INACTIVE_PERIOD => Some("its period ended"),
        reason::RULE_CHANGED => Some("the rule changed"),
        reason::RULE_DELETED => Some("the rule was deleted"),
        _ => None,
    }
}

/// A period as people say it: `hour`, `day`, `15m`.
fn period(period_ms: i64) -> String {
    match period_ms {
        60_000 => "minute".to_owned(),
        3_600_000 => "hour".to_owned(),
        86_400_000 => "day".to_owned(),
        other => format_ms(other),
    }
}

#[cfg(test)]
mod tests;
