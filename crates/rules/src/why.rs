//! Why a rule has no open episode on a key now, or since when it has one: what an operator asks when nothing rings.
//!
//! The answer is read from the live state and changes nothing. Sentences are for people; facts stand beside them for
//! programs.

use crate::detail::{Detail, Scene};
use crate::expr::fold::Quantity;
use crate::figures::exact;
use crate::judgement::{expected, verdict};
use crate::kind::{Kind, Per, RuleIx, Source};
use crate::kinds::baseline::Expected;
use crate::routes::covers;
use crate::slot::Slot;
use crate::spec::{Rule, RuleSet};
use crate::state::State;
use crate::step::Counters;
use crate::verdict::Verdict;
use jiff::tz::TimeZone;
use serde::Serialize;
use vigie_model::diagnostic::did_you_mean;
use vigie_model::duration::format_ms;
use vigie_model::names::Names;
use vigie_model::time::{TIME_MS_END, TIME_MS_MIN, format_local_instant};

/// The answer to "why not now".
#[derive(Clone, Debug, Default, Serialize)]
pub struct WhyNot {
    /// The rule asked about.
    pub rule: String,
    /// The key asked about.
    pub key: String,
    /// `inactive`, `pending`, `active` or `stale`; `None` when the rule has no state for the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// The time of the key: epoch milliseconds of its newest input or timer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<i64>,
    /// The value that would be judged now, exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What the value or verdict is made of, in the words of evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
    /// The answer in sentences.
    pub text: Vec<String>,
}

/// What a slot can be asked with.
#[derive(Clone, Debug)]
pub(crate) struct Witness<'a> {
    /// The slot.
    pub(crate) slot: Slot,
    /// The rules.
    pub(crate) rules: &'a RuleSet,
    /// Names of the indices in its state.
    pub(crate) names: &'a Names,
}

/// What a judgement of the slot finds now.
#[derive(Clone, Copy, Debug)]
struct Found {
    verdict: Verdict,
    quantity: Option<Quantity>,
    expected: Option<Expected>,
}

/// The answer where there is no state: the rule, its scope, or nothing heard yet.
pub(crate) fn without_state(name: &str, key: &str, rules: &RuleSet) -> WhyNot {
    let space = key.split('/').next().unwrap_or(key);
    let text = match find(name, rules) {
        None => {
            let hint = did_you_mean(name, rules.identities().map(|identity| identity.name.as_ref()));
            vec![format!(
                "There is no rule '{name}'{}",
                hint.map_or_else(|| ".".to_owned(), |hint| format!("; {hint}"))
            )]
        }
        Some(rule) => {
            let rule = &rules.rules[rule];
            let is_space = rule.is_spread_of_districts() || rules.spaces.is_empty() || rules.spaces.contains_key(space);
            let is_covered = rule.is_spread_of_districts() || covers(rule, space, rules, &mut Counters::default());
            let form = match (rule.per, key.contains('/')) {
                (Per::Space, true) => Some("a space"),
                (Per::Sensor, false) => Some("SPACE/SENSOR"),
                (Per::Node, false) => Some("SPACE/NODE"),
                _ => None,
            };
            let mut text = Vec::new();
            if !is_space {
                let hint = did_you_mean(space, rules.spaces.keys().map(AsRef::as_ref));
                let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
                text.push(format!("No space '{space}' is declared{hint}."));
            }
            text.extend(form.map(|form| format!("A key of {name} is {form}, which {key} is not.")));
            if !is_covered {
                text.push(format!("The scope of {name} does not cover {space}."));
            } else if form.is_none() {
                let sources = reads(rule, rules);
                text.push(format!("Nothing that {name} reads ({sources}) has come for {key} since the rules started."));
            }
            text
        }
    };
    WhyNot { rule: name.to_owned(), key: key.to_owned(), text, ..WhyNot::default() }
}

/// The index of the rule of a name.
pub(crate) fn find(name: &str, rules: &RuleSet) -> Option<RuleIx> {
    rules.rules.iter().position(|rule| *rule.identity.name == *name)
}

impl Witness<'_> {
    /// The answer from the slot's state.
    pub(crate) fn answer(&self) -> WhyNot {
        let (slot, rules) = (&self.slot, self.rules);
        let rule = &rules.rules[slot.rule_index()];
        let time_ms = slot.timing().time_ms;
        let found = Found {
            verdict: verdict(slot.state(), time_ms, rule, slot.plan(rules), rules, &mut Counters::default()),
            quantity: slot.state().quantity(),
            expected: expected(slot.state(), time_ms, rules),
        };
        let (members, expected) = (&slot.about().members, found.expected);
        let detail = match slot.state() {
            State::Sequence(run) => Detail::of_run(rule, run.done()),
            state => Detail::of(state, Scene { at_ms: time_ms, rules, rule, members, names: self.names, expected }),
        };
        let mut text = self.standing();
        if !slot.is_inside() {
            let until_ms = slot.timing().period_ms;
            let until = if until_ms < TIME_MS_END {
                format!("until {}", self.clock(until_ms))
            } else {
                "here, and no later one is known".to_owned()
            };
            text.push(format!("It is outside its active period {until}."));
        }
        text.extend(self.of_kind(rule, found));
        WhyNot {
            rule: rule.identity.name.to_string(),
            key: slot.about().id.key.to_string(),
            state: Some(slot.episode().state().as_str()),
            time_ms: (time_ms > i64::MIN).then_some(time_ms),
            value: found.quantity.map(exact),
            detail: serde_json::to_value(&detail).ok(),
            text,
        }
    }

    /// What the episode does.
    fn standing(&self) -> Vec<String> {
        let (episode, about) = (self.slot.episode(), self.slot.about());
        let since = |since_ms: Option<i64>| since_ms.map_or_else(String::new, |since_ms| self.clock(since_ms));
        let timer = episode.timer_ms().map(|timer_ms| self.clock(timer_ms));
        if episode.is_open() {
            let began = since(about.latest.map(|latest| latest.active_ms));
            let mut text = vec![format!("It is active since {began}: alert {}.", about.alert_id.as_str())];
            text.extend(timer.map(|end| format!("It ends at {end} unless what it asks for is true again before.")));
            return text;
        }
        let holds = timer.map(|end| {
            let since = since(episode.delay_since_ms());
            format!("Raise is true since {since}; it becomes an alert at {end} if that lasts.")
        });
        holds.into_iter().collect()
    }

    /// What the state of this kind says.
    fn of_kind(&self, rule: &Rule, found: Found) -> Vec<String> {
        match self.slot.state() {
            State::Threshold { .. } | State::Window(_) | State::Change(_) => vec![compared(rule, found)],
            State::Absence { silence, silence_ms } => {
                let last = silence.last_ms().map_or_else(
                    || "Nothing has arrived yet".to_owned(),
                    |last_ms| format!("The latest arrival came at {}", self.clock(last_ms)),
                );
                let due = self.clock(silence.since_ms() + silence_ms);
                vec![format!("{last}; the silence is too long after {due}.")]
            }
            State::Sequence(run) => {
                vec![self.steps(rule, run.done().len(), run.done().first().map(|first| first.event_time_ms))]
            }
            State::KOfN { sources, within_ms, k, distinct } => {
                let (count, within) = (sources.count(), format_ms(*within_ms));
                vec![format!("{count} of the {k} {}s it takes have matched within {within}.", distinct.as_str())]
            }
            State::Baseline(unusual) => vec![match (found.quantity, found.expected) {
                (None, _) => "There is no valid value.".to_owned(),
                (Some(value), None) => {
                    format!("The value is {}; nothing is learnt for this hour of the week yet.", exact(value))
                }
                (Some(value), Some(usual)) => {
                    let limit = unusual.usual.z * usual.sigma.max(unusual.usual.sigma_floor);
                    let (weeks, min_weeks) = (usual.weeks, unusual.usual.min_weeks);
                    format!(
                        "The value is {}, usual is {:.2}, unusual from {limit:.2} away ({}); {weeks} of the {min_weeks} weeks it takes are learnt.",
                        exact(value),
                        usual.mean,
                        unusual.usual.direction.as_str()
                    )
                }
            }],
            State::Parts(parts) => {
                let named = rule.parts().iter().map(|part| &self.rules.rules[*part].identity);
                let standing = named.map(|part| {
                    let mut open = parts.iter().filter(|(_, open)| open.rule == part.name).peekable();
                    let word = match (open.peek().is_some(), open.any(|(_, open)| !open.stale)) {
                        (false, _) => "does not hold",
                        (true, true) => "holds",
                        (true, false) => "holds, but its data is missing",
                    };
                    format!("{} {word}.", part.name)
                });
                standing.collect()
            }
            State::Spread(spreading) => {
                let (count, k, within) = (spreading.group.begun().count(), spreading.k, format_ms(spreading.within_ms));
                vec![format!("Episodes began in {count} of the {k} spaces it takes within {within}.")]
            }
        }
    }

    fn steps(&self, rule: &Rule, done: usize, first_ms: Option<i64>) -> String {
        let Kind::Sequence { within_ms } = rule.kind else { return String::new() };
        let next = rule.sources().nth(done).map_or_else(String::new, described);
        let until =
            first_ms.map_or_else(String::new, |first_ms| format!(", until {}", self.clock(first_ms + within_ms)));
        format!("{done} of {} steps are done; next is {next}{until}.", rule.steps())
    }

    fn clock(&self, epoch_ms: i64) -> String {
        clock(epoch_ms, &self.rules.zone)
    }
}

fn compared(rule: &Rule, found: Found) -> String {
    let of = |quantity: Option<Quantity>| quantity.map_or_else(String::new, exact);
    let raise = &rule.raise;
    match found.verdict {
        Verdict::Missing => "There is no valid value to judge.".to_owned(),
        Verdict::Raise => format!("The value is {}: '{raise}' is true.", of(found.quantity)),
        Verdict::Clear | Verdict::Between => format!("The value is {}: '{raise}' is not true.", of(found.quantity)),
    }
}

fn reads(rule: &Rule, rules: &RuleSet) -> String {
    let sources = rule.sources().map(described);
    let parts = rule.parts().iter().map(|part| format!("rule {}", rules.rules[*part].identity.name));
    sources.chain(parts).collect::<Vec<_>>().join(", ")
}

fn described(source: &Source) -> String {
    match source {
        Source::Metric(metric) => metric.to_string(),
        Source::Incidents { category: Some(category), .. } => format!("{category} incidents"),
        Source::Incidents { category: None, .. } => "incidents".to_owned(),
    }
}

fn clock(epoch_ms: i64, zone: &TimeZone) -> String {
    format_local_instant(epoch_ms.clamp(TIME_MS_MIN, TIME_MS_END - 1), zone)
}
