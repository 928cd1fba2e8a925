//! The kind of a rule with the figures that belong to it.

use crate::expr::typed::Condition;
use crate::fields::Fields;
use crate::kind::{Aggregate, Among, Direction, Distinct, Kind, RuleInput, Source, Usual};
use crate::kind_fields::KindWord;
use crate::read_rule::around::Around;
use crate::read_rule::panes::Panes;
use crate::read_rule::sources::Inputs;
use crate::read_rule::warnings;
use crate::yaml::Problems;

/// The validity of a value when the rule does not say.
const STALE_AFTER_MS_DEFAULT: i64 = 300_000;
/// The half-life of a baseline in weeks when the rule does not say.
const HALF_LIFE_WEEKS_DEFAULT: f64 = 8.0;
/// The weeks a baseline must have learnt when the rule does not say.
const MIN_WEEKS_DEFAULT: u32 = 4;

/// What is known of a rule when its figures are read.
pub(crate) struct Known<'a> {
    /// Its hold.
    pub(crate) hold_ms: i64,
    /// What it reads; absent when that is wrong.
    pub(crate) inputs: Option<&'a Inputs>,
    /// The spaces it is about.
    pub(crate) scope: Option<&'a Condition>,
    /// Metrics and spaces.
    pub(crate) around: Around<'a>,
}

impl Known<'_> {
    fn period_ms(&self) -> Option<i64> {
        self.inputs.and_then(|inputs| inputs.words.period_ms)
    }
}

/// Reads the figures of a kind; `None` when one is missing or wrong.
pub(crate) fn figures(word: KindWord, known: &Known<'_>, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    match word {
        KindWord::Threshold => threshold(known, fields, problems),
        KindWord::Window => window(fields, problems),
        KindWord::Change => {
            let Panes { window_ms: over_ms, pane_ms } = Panes::read("over", fields, problems)?;
            warnings::of_change(over_ms, known.period_ms(), fields, problems);
            Some(Kind::Change { over_ms, pane_ms })
        }
        KindWord::Absence => {
            let silence_ms = required_duration("for", fields, problems)?;
            warnings::of_silence(silence_ms, known.period_ms(), fields, problems);
            Some(Kind::Absence { silence_ms })
        }
        KindWord::Sequence => Some(Kind::Sequence { within_ms: required_duration("within", fields, problems)? }),
        KindWord::KOfN => k_of_n(known, fields, problems),
        KindWord::Baseline => baseline(known, fields, problems),
        KindWord::AllOf => Some(Kind::AllOf),
        KindWord::AnyOf => Some(Kind::AnyOf),
        KindWord::Spread => spread(known, fields, problems),
    }
}

fn threshold(known: &Known<'_>, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    let words = [Aggregate::Max, Aggregate::Min, Aggregate::Mean, Aggregate::Sum].map(|agg| (agg.as_str(), agg));
    let agg = or_default("agg", Aggregate::Max, fields, |name| fields.word(name, &words, problems));
    let stale_after_ms = stale_after(known, fields, problems);
    Some(Kind::Threshold { agg: agg?, stale_after_ms: stale_after_ms? })
}

/// How long a value is valid, with the warnings about it.
fn stale_after(known: &Known<'_>, fields: &Fields<'_>, problems: &mut Problems) -> Option<i64> {
    let read = |name: &str| fields.positive_duration(name, problems);
    let stale_after_ms = or_default("stale_after", STALE_AFTER_MS_DEFAULT, fields, read)?;
    warnings::of_validity(known.hold_ms, stale_after_ms, known.period_ms(), fields, problems);
    Some(stale_after_ms)
}

fn window(fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    fields.missing("agg", "the rule", problems);
    let aggregates = [Aggregate::Count, Aggregate::Sum, Aggregate::Mean, Aggregate::Min, Aggregate::Max];
    let words = aggregates.map(|agg| (agg.as_str(), agg));
    let agg = fields.word("agg", if fields.has("incident") { &words[..1] } else { &words }, problems);
    let min_count = fields.count("min_count", 1, problems);
    if let (Some(node), Some(Aggregate::Count | Aggregate::Sum)) = (fields.node("min_count"), agg) {
        problems.error(node.spot, "'min_count' applies to agg mean, min and max only").hint =
            Some("the count and the sum of an empty window are 0, never missing".to_owned());
    }
    let Panes { window_ms, pane_ms } = Panes::read("window", fields, problems)?;
    Some(Kind::Window { agg: agg?, window_ms, pane_ms, min_count: min_count.map_or(1, i64::from) })
}

fn k_of_n(known: &Known<'_>, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    let k = required_count("k", 1, fields, problems);
    let within_ms = required_duration("within", fields, problems);
    let words = [Distinct::Sensor, Distinct::Node, Distinct::Channel].map(|distinct| (distinct.as_str(), distinct));
    let (words, default) =
        if fields.has("incident") { (&words[..], Distinct::Channel) } else { (&words[..2], Distinct::Sensor) };
    let distinct = or_default("distinct", default, fields, |name| fields.word(name, words, problems));
    let (k, within_ms, distinct) = (k?, within_ms?, distinct?);
    if let (Distinct::Sensor, Some(RuleInput::One(Source::Metric(metric)))) =
        (distinct, known.inputs.map(|inputs| &inputs.input))
    {
        warnings::of_sensors(k, metric, known.scope, known.around, fields.spot_of("k"), problems);
    }
    Some(Kind::KOfN { k, within_ms, distinct })
}

fn baseline(known: &Known<'_>, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    fields.missing("z", "the rule", problems);
    fields.missing("sigma_floor", "the rule", problems);
    let z = fields.positive_number("z", problems);
    let sigma_floor = fields.positive_number("sigma_floor", problems);
    let half_life_weeks =
        or_default("half_life_weeks", HALF_LIFE_WEEKS_DEFAULT, fields, |name| fields.positive_number(name, problems));
    let min_weeks = or_default("min_weeks", MIN_WEEKS_DEFAULT, fields, |name| fields.count(name, 1, problems));
    let words = [Direction::Up, Direction::Down, Direction::Both].map(|direction| (direction.as_str(), direction));
    let direction = or_default("direction", Direction::Both, fields, |name| fields.word(name, &words, problems));
    let stale_after_ms = stale_after(known, fields, problems);
    let usual = Usual {
        z: z?,
        half_life_weeks: half_life_weeks?,
        min_weeks: min_weeks?,
        sigma_floor: sigma_floor?,
        direction: direction?,
    };
    Some(Kind::Baseline { usual, stale_after_ms: stale_after_ms? })
}

fn spread(known: &Known<'_>, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    let k = required_count("k", 2, fields, problems);
    let within_ms = required_duration("within", fields, problems);
    fields.missing("among", "the rule", problems);
    let words = [Among::District, Among::Adjacent].map(|among| (among.as_str(), among));
    let among = fields.word("among", &words, problems);
    let (k, within_ms, among) = (k?, within_ms?, among?);
    warnings::of_groups(k, among, known.around, fields.spot_of("k"), problems);
    Some(Kind::Spread { k, within_ms, among })
}

fn required_duration(name: &str, fields: &Fields<'_>, problems: &mut Problems) -> Option<i64> {
    fields.missing(name, "the rule", problems);
    fields.positive_duration(name, problems)
}

fn required_count(name: &str, least: u32, fields: &Fields<'_>, problems: &mut Problems) -> Option<usize> {
    fields.missing(name, "the rule", problems);
    fields.count(name, least, problems).map(|count| count as usize)
}

/// What `read` finds in a field that is there, the default for one that is not; `None` when the field is wrong.
fn or_default<T>(name: &str, default: T, fields: &Fields<'_>, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    if fields.has(name) { read(name) } else { Some(default) }
}
