//! One rule of a file into a checked [`Rule`].
//!
//! Reading goes on after a mistake wherever the next field can still be checked, so that one run reports them all.

use crate::expr::check::{Place, condition};
use crate::expr::fold::Folded;
use crate::expr::lex::ExprError;
use crate::expr::typed::{Condition, Params, Text};
use crate::fields::{Fields, one_of, scalar_text};
use crate::kind::{Aggregate, Delays, Kind, Per, RuleInput, Source};
use crate::kind_fields;
use crate::periods::Period;
use crate::spec::{Plan, Rule};
use crate::template::{Placeholder, Template};
use crate::yaml::{Node, Problems};
use std::sync::Arc;
use vigie_model::alert::{RuleIdentity, rule_uid};
use vigie_model::diagnostic::did_you_mean;
use vigie_model::duration::format_ms;
use vigie_model::id::{check_id, hashed_id};
use vigie_model::metric::{MetricSpec, Metrics};
use vigie_model::severity::Severity;

/// The validity of a value when a threshold rule does not say.
const STALE_AFTER_MS_DEFAULT: i64 = 300_000;
/// The most panes a window may have: a day in panes of five seconds, with room.
pub(crate) const PANES_MAX: i64 = 20_000;
/// Digits of a rule's version.
const VERSION_DIGITS: usize = 16;

/// What reading a rule needs to know besides the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The centre, for uids.
    pub(crate) centre: &'a str,
    /// Configured metrics.
    pub(crate) metrics: &'a Metrics,
    /// Whether missing guidance is an error.
    pub(crate) require_guidance: bool,
}

/// A rule with the conditions its space-specific plans are folded from.
#[derive(Debug)]
pub(crate) struct ReadRule {
    /// The rule, with the plan of its own parameters.
    pub(crate) rule: Rule,
    /// `raise`; absent for absence.
    raise: Option<Condition>,
    /// `clear`
    clear: Option<Condition>,
}

impl ReadRule {
    /// Adds the plan of a space whose parameters differ.
    pub(crate) fn add_plan(&mut self, space: &Arc<str>, params: Params) {
        let plan = plan(self.raise.as_ref(), self.clear.as_ref(), params);
        self.rule.plan_of_space.insert(Arc::clone(space), self.rule.plans.len());
        self.rule.plans.push(plan);
    }
}

/// Reads the rule at `node`; `None` when it cannot be run, with the reasons in `problems`.
pub(crate) fn read(
    node: &Node,
    scope: Option<&(Condition, String)>,
    around: Surroundings<'_>,
    problems: &mut Problems,
) -> Option<ReadRule> {
    let fields = Fields::of(node, "a rule", problems)?;
    let name = name(&fields, problems);
    let kind_word = kind_fields::kind(&fields, problems)?;
    kind_fields::check_names(kind_word, &fields, problems);
    kind_fields::check_modifiers(&fields, problems);
    let params = fields.numbers("params", problems);
    let input = input(kind_word, &fields, around.metrics, problems);
    let incidents = kind_word == "window" && fields.has("incident");
    let per = per(incidents, &fields, problems);
    let severity = severity(&fields, problems);
    let delays = Delays {
        hold_ms: fields.duration("for", problems).unwrap_or(0),
        off_delay_ms: fields.duration("keep_firing_for", problems).unwrap_or(0),
    };
    let kind = kind(kind_word, incidents, delays.hold_ms, &fields, problems);
    let judged = kind_word != "absence";
    if judged {
        fields.missing("raise", "the rule", problems);
    }
    let raise = verdict("raise", &fields, &params, problems);
    let clear = verdict("clear", &fields, &params, problems);
    let summary = summary(kind_word, per, &fields, &params, problems);
    guidance(&fields, around.require_guidance, problems);
    labels(&fields, problems);
    let (Some(name), Some(input), Some(per), Some(kind)) = (name, input, per, kind) else { return None };
    if judged && raise.is_none() {
        return None;
    }
    let written = |name| fields.node(name).and_then(|node| scalar_text(node, name, problems)).map(str::to_owned);
    let [raise_text, clear_text] = ["raise", "clear"].map(written);
    let rule = Rule {
        identity: Arc::new(RuleIdentity {
            name: name.into(),
            uid: rule_uid(around.centre, name, 0).into(),
            version: version(node, scope.map(|(_, text)| text.as_str())).into(),
            severity: severity.unwrap_or_default(),
            ..RuleIdentity::default()
        }),
        kind,
        per,
        metric: metric_spec(&input, around.metrics),
        input,
        scope: scope.map(|(condition, _)| condition.clone()),
        delays: if judged { delays } else { Delays::default() },
        raise: raise_text.unwrap_or_default(),
        clear: clear_text,
        active: Period::Always,
        escalate: None,
        matches: Vec::new(),
        plans: vec![plan(raise.as_ref(), clear.as_ref(), params)],
        plan_of_space: [].into(),
        summary,
    };
    Some(ReadRule { rule, raise, clear })
}

fn name<'a>(fields: &Fields<'a>, problems: &mut Problems) -> Option<&'a str> {
    fields.missing("alert", "the rule", problems);
    let (name, node) = fields.text("alert", problems)?;
    if let Err(error) = check_id(name) {
        problems.error(node.spot, format!("the name of the rule {error}"));
    }
    Some(name)
}

/// Reports a mistake inside an expression where it stands.
pub(crate) fn report(name: &str, node: &Node, error: &ExprError, problems: &mut Problems) {
    let message = problems.error(node.spot_at(error.offset), format!("'{name}': {}", error.message));
    message.hint.clone_from(&error.hint);
}

fn plan(raise: Option<&Condition>, clear: Option<&Condition>, params: Params) -> Plan {
    let raise = raise.map_or(Folded::Constant(false), |raise| Folded::new(raise, &params));
    let clear = clear.map(|clear| Folded::new(clear, &params));
    Plan { params, raise, clear, matches: Vec::new() }
}

fn verdict(name: &str, fields: &Fields<'_>, params: &Params, problems: &mut Problems) -> Option<Condition> {
    let (text, node) = fields.text(name, problems)?;
    match condition(text, Place::Verdict(params)) {
        Ok(condition) => Some(condition),
        Err(error) => {
            report(name, node, &error, problems);
            None
        }
    }
}

fn input(kind: &str, fields: &Fields<'_>, metrics: &Metrics, problems: &mut Problems) -> Option<RuleInput> {
    let reads_incidents = kind == "window" && fields.has("incident");
    if reads_incidents && fields.has("metric") {
        let hint = Some("leave out 'metric' or 'incident'".to_owned());
        problems.error(fields.spot, "the rule reads both a metric and incidents").hint = hint;
    }
    if reads_incidents {
        let (text, node) = fields.text("incident", problems)?;
        return match condition(text, Place::Incident) {
            Ok(filter) => {
                let category = only_category(&filter);
                Some(RuleInput::One(Source::Incidents { filter, category }))
            }
            Err(error) => {
                report("incident", node, &error, problems);
                None
            }
        };
    }
    let or_incident = if kind == "window" { "'metric' or 'incident'" } else { "'metric'" };
    if !fields.has("metric") {
        problems.error(fields.spot, format!("the rule has no {or_incident}"));
    }
    let (metric, node) = fields.text("metric", problems)?;
    if !metrics.is_empty() && !metrics.contains_key(metric) {
        let message = problems.warning(node.spot, format!("metric '{metric}' is not configured"));
        message.hint = did_you_mean(metric, metrics.keys().map(AsRef::as_ref))
            .or_else(|| Some(format!("describe it under [metrics.{metric}]")));
    }
    Some(RuleInput::One(Source::Metric(metric.into())))
}

/// The words of what a rule reads.
fn metric_spec(input: &RuleInput, metrics: &Metrics) -> MetricSpec {
    match input {
        RuleInput::One(Source::Metric(metric)) => metrics.get(metric).cloned().unwrap_or_default(),
        _ => MetricSpec::default(),
    }
}

/// The category, when the filter asks for exactly one and for nothing else.
fn only_category(filter: &Condition) -> Option<Arc<str>> {
    match filter {
        Condition::TextIn(Text::IncidentCategory, items) => match items.as_slice() {
            [Text::Literal(category)] => Some(Arc::clone(category)),
            _ => None,
        },
        _ => None,
    }
}

fn per(incidents: bool, fields: &Fields<'_>, problems: &mut Problems) -> Option<Per> {
    if !fields.has("per") {
        return Some(if incidents { Per::Space } else { Per::Sensor });
    }
    let per = fields.word("per", &[("space", Per::Space), ("sensor", Per::Sensor), ("node", Per::Node)], problems)?;
    if incidents && per != Per::Space {
        let spot = fields.node("per").map_or(fields.spot, |node| node.spot);
        problems.error(spot, "incidents are judged per space").hint = Some("leave out 'per'".to_owned());
        return None;
    }
    Some(per)
}

fn severity(fields: &Fields<'_>, problems: &mut Problems) -> Option<Severity> {
    fields.word("severity", &Severity::ALL.map(|severity| (severity.as_str(), severity)), problems)
}

fn kind(word: &str, incidents: bool, hold_ms: i64, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    match word {
        "threshold" => threshold(hold_ms, fields, problems),
        "window" => window(incidents, fields, problems),
        _ => {
            fields.missing("for", "the rule", problems);
            Some(Kind::Absence { silence_ms: fields.positive_duration("for", problems)? })
        }
    }
}

fn threshold(hold_ms: i64, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    let words = [Aggregate::Max, Aggregate::Min, Aggregate::Mean, Aggregate::Sum].map(|agg| (agg.as_str(), agg));
    let agg = or_default(fields, "agg", Aggregate::Max, || fields.word("agg", &words, problems));
    let stale_after_ms =
        or_default(fields, "stale_after", STALE_AFTER_MS_DEFAULT, || fields.positive_duration("stale_after", problems));
    let (agg, stale_after_ms) = (agg?, stale_after_ms?);
    if let Some(node) = fields.node("for")
        && hold_ms >= stale_after_ms
    {
        let stale_after = format_ms(stale_after_ms);
        problems.warning(node.spot, format!("'for' is not shorter than 'stale_after' ({stale_after})")).hint =
            Some("one missing value would end the hold; make 'stale_after' longer".to_owned());
    }
    Some(Kind::Threshold { agg, stale_after_ms })
}

fn window(incidents: bool, fields: &Fields<'_>, problems: &mut Problems) -> Option<Kind> {
    fields.missing("window", "the rule", problems);
    fields.missing("agg", "the rule", problems);
    let aggregates = [Aggregate::Count, Aggregate::Sum, Aggregate::Mean, Aggregate::Min, Aggregate::Max];
    let words = aggregates.map(|agg| (agg.as_str(), agg));
    let agg = fields.word("agg", if incidents { &words[..1] } else { &words }, problems);
    let min_count = fields.count("min_count", problems);
    if let (Some(node), Some(Aggregate::Count | Aggregate::Sum)) = (fields.node("min_count"), agg) {
        problems.error(node.spot, "'min_count' applies to agg mean, min and max only").hint =
            Some("the count and the sum of an empty window are 0, never missing".to_owned());
    }
    let window_ms = fields.positive_duration("window", problems);
    let every_ms = or_default(fields, "every", None, || fields.positive_duration("every", problems).map(Some));
    let (window_ms, every_ms, agg) = (window_ms?, every_ms?, agg?);
    let pane_ms = pane_ms(window_ms, every_ms, fields, problems)?;
    Some(Kind::Window { agg, window_ms, pane_ms, min_count: min_count.unwrap_or(1) })
}

/// The length of the panes of a window: `every`, or the default; whether they divide it is checked here.
fn pane_ms(window_ms: i64, every_ms: Option<i64>, fields: &Fields<'_>, problems: &mut Problems) -> Option<i64> {
    let node = fields.node("every").or_else(|| fields.node("window"));
    let spot = node.map_or(fields.spot, |node| node.spot);
    let window = format_ms(window_ms);
    let Some(pane_ms) = every_ms.or_else(|| default_pane_ms(window_ms)) else {
        let message = problems.error(spot, format!("a window of {window} is no whole number of seconds"));
        message.hint = Some("say 'every', a duration that divides it".to_owned());
        return None;
    };
    let (pane, panes) = (format_ms(pane_ms), window_ms / pane_ms);
    if window_ms % pane_ms != 0 {
        let message = problems.error(spot, format!("'every' ({pane}) does not divide 'window' ({window})"));
        message.hint = Some("make the window a multiple of it".to_owned());
        return None;
    }
    if panes > PANES_MAX {
        let message = problems.error(spot, format!("the window would have {panes} panes of {pane}"));
        message.expected = Some(format!("at most {PANES_MAX}"));
        message.hint = Some("make 'every' longer".to_owned());
        return None;
    }
    Some(pane_ms)
}

/// What `read` finds in a field that is there, the default for one that is not; `None` when the field is wrong.
fn or_default<T>(fields: &Fields<'_>, name: &str, default: T, read: impl FnOnce() -> Option<T>) -> Option<T> {
    if fields.has(name) { read() } else { Some(default) }
}

/// The largest whole number of seconds that divides the window and is at most a twelfth of it, or one second.
fn default_pane_ms(window_ms: i64) -> Option<i64> {
    let longest_s = (window_ms / 12 / 1000).max(1);
    (1..=longest_s).rev().map(|pane_s| pane_s * 1000).find(|pane_ms| window_ms % pane_ms == 0)
}

fn summary(
    kind: &str,
    per: Option<Per>,
    fields: &Fields<'_>,
    params: &Params,
    problems: &mut Problems,
) -> Option<Template> {
    let (text, node) = fields.text("summary", problems)?;
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(errors) => {
            for error in errors {
                let message = problems.error(node.spot_at(error.offset), format!("'summary': {}", error.message));
                let Some(word) = error.word else { continue };
                let hint = did_you_mean(&word, Placeholder::words());
                let words: Vec<_> = Placeholder::words().collect();
                message.hint = hint.or_else(|| Some(format!("known: {}, params.NAME", words.join(", "))));
            }
            return None;
        }
    };
    for (offset, placeholder) in template.placeholders() {
        let problem = match placeholder {
            Placeholder::Param(name) if !params.contains_key(name) => format!("the rule has no parameter '{name}'"),
            Placeholder::Value if kind == "absence" => "{value} has no meaning for kind absence".to_owned(),
            Placeholder::Window if kind != "window" => "{window} has a meaning for kind window only".to_owned(),
            Placeholder::Sensor if per.is_some_and(|per| per != Per::Sensor) => {
                "{sensor} needs 'per: sensor'".to_owned()
            }
            Placeholder::Node if per.is_some_and(|per| per != Per::Node) => "{node} needs 'per: node'".to_owned(),
            _ => continue,
        };
        problems.error(node.spot_at(offset), format!("'summary': {problem}"));
    }
    Some(template)
}

fn guidance(fields: &Fields<'_>, required: bool, problems: &mut Problems) {
    const NAMES: [&str; 4] = ["cause", "consequence", "action", "respond_within"];
    let Some(node) = fields.node("guidance") else {
        let message = "the rule has no 'guidance'";
        let message =
            if required { problems.error(fields.spot, message) } else { problems.warning(fields.spot, message) };
        message.hint = Some("say cause, consequence, action and respond_within".to_owned());
        return;
    };
    let Some(guidance) = Fields::of(node, "'guidance'", problems) else { return };
    for (name, spot) in guidance.names() {
        if !NAMES.contains(&name) {
            let message = problems.error(spot, format!("unknown field '{name}' in 'guidance'"));
            message.expected = Some(one_of(&NAMES));
            message.hint = did_you_mean(name, NAMES);
        }
    }
    for name in &NAMES[..3] {
        guidance.text(name, problems);
    }
    guidance.duration("respond_within", problems);
}

fn labels(fields: &Fields<'_>, problems: &mut Problems) {
    let Some(labels) = fields.node("labels").and_then(|node| Fields::of(node, "'labels'", problems)) else { return };
    for (name, _) in labels.names() {
        labels.text(name, problems);
    }
}

/// The version of a rule: a hash over its fields, in any order and layout, and over the scope of its group.
fn version(node: &Node, scope: Option<&str>) -> String {
    let mut text = crate::canonical::of(node);
    text.push_str(scope.unwrap_or_default());
    hashed_id(&[&text])[..VERSION_DIGITS].to_owned()
}
