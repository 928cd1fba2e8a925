//! Transitions in words for people.
//!
//! An episode begins with the author's `summary`, or with a sentence made from the kind, the metric's words and the
//! value: "Birrarung Marr: 7,665 people in the hour to 21:00". Other states have short sentences of their own.

use crate::expr::fold::Quantity;
use crate::expr::typed::Params;
use crate::figures::{grouped, readable};
use crate::kind::{Aggregate, Kind, Per, RuleInput, Source};
use crate::spec::Rule;
use crate::template::{Part, Placeholder, Template};
use jiff::tz::TimeZone;
use vigie_model::alert::AlertState;
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
}

impl Words<'_> {
    /// The sentence of a transition.
    pub(crate) fn sentence(&self, state: AlertState) -> String {
        let (space, rule, label) = (self.space, &self.rule.identity.name, self.label());
        let at = self.clock(self.event_time_ms);
        let hold = format_ms(self.rule.delays.hold_ms);
        match state {
            AlertState::Active => self.of_episode(),
            AlertState::Pending => format!("{}; an alert if it lasts {hold}", self.of_episode()),
            AlertState::Inactive => format!("{space}: {rule} did not last {hold}, over at {at}"),
            AlertState::Stale => format!("{space}: no recent {label} to judge {rule} by since {at}"),
            AlertState::Resumed => format!("{space}: {label} is back for {rule} at {at}{}", self.latest()),
            AlertState::Escalated => format!("{space}: {rule} still goes on at {at}{}", self.latest()),
            AlertState::Cleared if matches!(self.rule.kind, Kind::Absence { .. }) => {
                format!("{space}: {label}{} again at {at}", self.source())
            }
            AlertState::Cleared => format!("{space}: {rule} is over at {at}{}", self.latest()),
        }
    }

    fn of_episode(&self) -> String {
        match &self.rule.summary {
            Some(template) => self.fill(template),
            None => match self.rule.kind {
                Kind::Threshold { agg, .. } => self.threshold(agg),
                Kind::Window { agg, window_ms, .. } => self.window(agg, window_ms),
                _ => {
                    let since = self.clock(self.value_time_ms);
                    format!("{}: no {}{} since {since}", self.space, self.label(), self.source())
                }
            },
        }
    }

    fn threshold(&self, agg: Aggregate) -> String {
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
        let (space, value, label, unit) = (self.space, self.value(), self.label(), self.unit());
        let when = format!("{} to {}", format_ms(window_ms), self.clock(self.value_time_ms));
        let gap = if unit.is_empty() { "" } else { " " };
        let what = match (&self.rule.input, agg) {
            (RuleInput::One(Source::Incidents { category, .. }), _) => {
                let one = self.quantity == Some(Quantity { micros: 1_000_000, count: 1 });
                let noun = if one { "incident" } else { "incidents" };
                let category = category.as_ref().map_or_else(String::new, |category| format!("{category} "));
                return format!("{space}: {value} {category}{noun} in the {when}");
            }
            (_, Aggregate::Count) => return format!("{space}: {value} observations of {label} in the {when}"),
            (_, Aggregate::Sum) => "sum of",
            (_, Aggregate::Mean) => "mean of",
            (_, Aggregate::Min) => "lowest",
            (_, Aggregate::Max) => "highest",
        };
        format!("{space}: {what} {label} {value}{gap}{unit} over the {when}")
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
            Placeholder::Within | Placeholder::K | Placeholder::Usual => String::new(),
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
        let unit = self.unit();
        let gap = if unit.is_empty() { "" } else { " " };
        self.quantity.map_or_else(String::new, |quantity| format!(", now {}{gap}{unit}", readable(quantity)))
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

    fn source(&self) -> String {
        match self.rule.per {
            Per::Space => String::new(),
            Per::Sensor => format!(" from sensor {}", self.part),
            Per::Node => format!(" from node {}", self.part),
        }
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
