//! What a rule reads: a metric, incidents, the steps of a sequence, or other rules.

use crate::expr::check::Place;
use crate::expr::typed::{Condition, Params, Text};
use crate::fields::Fields;
use crate::kind::{RuleInput, STEPS_MAX, Source};
use crate::kind_fields::KindWord;
use crate::read_rule::around::Around;
use crate::read_rule::conditions::Written;
use crate::yaml::{Node, Problems, Spot};
use std::sync::Arc;
use vigie_model::diagnostic::did_you_mean;
use vigie_model::metric::{MetricSpec, Metrics};

/// What a rule reads, as far as its own file says.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// The sources; other rules are entered once all files are read.
    pub(crate) input: RuleInput,
    /// Which inputs of each source count, for kinds that choose.
    pub(crate) matches: Vec<Option<Written>>,
    /// Words, unit and period of the sources together.
    pub(crate) words: MetricSpec,
}

/// Another rule, named in a field of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The field: `of` or `inhibited_by`.
    pub(crate) field: &'static str,
    /// The name.
    pub(crate) name: Arc<str>,
    /// Where the name stands.
    pub(crate) spot: Spot,
}

impl Reference {
    /// The rules named in a field.
    pub(crate) fn read(field: &'static str, fields: &Fields<'_>, problems: &mut Problems) -> Vec<Self> {
        let names = fields.texts(field, problems);
        names.into_iter().map(|(name, spot)| Self { field, name: name.into(), spot }).collect()
    }
}

impl Inputs {
    /// Reads what a rule of this kind reads; `of` are the rules it names, already read.
    pub(crate) fn read(
        kind: KindWord,
        fields: &Fields<'_>,
        of: &[Reference],
        params: &Params,
        around: Around<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        match kind {
            KindWord::Sequence => Self::steps(fields, params, around.metrics, problems),
            KindWord::AllOf => Some(Self::rules(of, "and")),
            KindWord::AnyOf | KindWord::Spread => Some(Self::rules(of, "or")),
            _ => Self::one(kind, fields, params, around.metrics, problems),
        }
    }

    fn one(
        kind: KindWord,
        fields: &Fields<'_>,
        params: &Params,
        metrics: &Metrics,
        problems: &mut Problems,
    ) -> Option<Self> {
        let source = source("the rule", kind.may_read_incidents(), fields, metrics, problems);
        let matches = match kind {
            KindWord::KOfN => vec![matching(fields, params, problems)],
            _ => Vec::new(),
        };
        let source = source?;
        let words = match &source {
            Source::Metric(metric) => metrics.get(metric).cloned().unwrap_or_default(),
            Source::Incidents { .. } => {
                MetricSpec { label: Some(words_of(&source, metrics) + "s"), ..MetricSpec::default() }
            }
        };
        Some(Self { input: RuleInput::One(source), matches, words })
    }

    fn steps(fields: &Fields<'_>, params: &Params, metrics: &Metrics, problems: &mut Problems) -> Option<Self> {
        fields.missing("steps", "the rule", problems);
        let nodes = fields.list("steps", problems);
        if fields.has("steps") && !(2..=STEPS_MAX).contains(&nodes.len()) {
            let message = format!("'steps' has a length of {}", nodes.len());
            problems.error(fields.spot_of("steps"), message).expected = Some(format!("2 to {STEPS_MAX} steps"));
        }
        let mut read = |what, node| step(what, node, params, metrics, problems);
        let steps: Vec<_> = nodes.iter().map(|node| read("a step", node)).collect();
        let without = fields.node("without").map(|node| read("'without'", node));
        let (steps, mut matches): (Vec<_>, Vec<_>) = steps.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
        let without = match without {
            Some(read) => {
                let (source, matching) = read?;
                matches.push(matching);
                Some(source)
            }
            None => None,
        };
        let label = steps.iter().map(|step| words_of(step, metrics)).collect::<Vec<_>>().join(", then ");
        let words = MetricSpec { label: Some(label), ..MetricSpec::default() };
        Some(Self { input: RuleInput::Steps { steps, without }, matches, words })
    }

    fn rules(of: &[Reference], joint: &str) -> Self {
        let names: Vec<&str> = of.iter().map(|reference| &*reference.name).collect();
        let label = match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} {joint} {last}", first.join(", ")),
            names => names.concat(),
        };
        let words = MetricSpec { label: Some(label), ..MetricSpec::default() };
        Self { input: RuleInput::Rules(Vec::new()), matches: Vec::new(), words }
    }
}

/// A step of a sequence, or what ends its runs.
fn step(
    what: &str,
    node: &Node,
    params: &Params,
    metrics: &Metrics,
    problems: &mut Problems,
) -> Option<(Source, Option<Written>)> {
    let fields = Fields::of(node, what, problems)?;
    fields.only(&["metric", "match", "incident"], what, problems);
    let source = source(what, true, &fields, metrics, problems);
    let matching = matching(&fields, params, problems);
    Some((source?, matching))
}

/// Which values of a metric count.
fn matching(fields: &Fields<'_>, params: &Params, problems: &mut Problems) -> Option<Written> {
    if fields.has("incident") && !fields.has("metric") && fields.has("match") {
        problems.error(fields.spot_of("match"), "'match' is about values of a metric; incidents have none").hint =
            Some("say which incidents count in 'incident'".to_owned());
        return None;
    }
    Written::read("match", fields, Place::Verdict(params), problems)
}

fn source(
    what: &str,
    incidents: bool,
    fields: &Fields<'_>,
    metrics: &Metrics,
    problems: &mut Problems,
) -> Option<Source> {
    if incidents && fields.has("incident") {
        if fields.has("metric") {
            problems.error(fields.spot, format!("{what} reads both a metric and incidents")).hint =
                Some("leave out 'metric' or 'incident'".to_owned());
        }
        let filter = Written::read("incident", fields, Place::Incident, problems)?.condition;
        let category = only_category(&filter);
        return Some(Source::Incidents { filter, category });
    }
    if !fields.has("metric") {
        let or_incident = if incidents { "'metric' or 'incident'" } else { "'metric'" };
        problems.error(fields.spot, format!("{what} has no {or_incident}"));
    }
    let (metric, node) = fields.text("metric", problems)?;
    if !metrics.is_empty() && !metrics.contains_key(metric) {
        let message = problems.warning(node.spot, format!("metric '{metric}' is not configured"));
        message.hint = did_you_mean(metric, metrics.keys().map(AsRef::as_ref))
            .or_else(|| Some(format!("describe it under [metrics.{metric}]")));
    }
    Some(Source::Metric(metric.into()))
}

/// What one input of a source is called in sentences.
fn words_of(source: &Source, metrics: &Metrics) -> String {
    match source {
        Source::Metric(metric) => {
            metrics.get(metric).and_then(|spec| spec.label.clone()).unwrap_or_else(|| metric.to_string())
        }
        Source::Incidents { category: Some(category), .. } => format!("{category} incident"),
        Source::Incidents { category: None, .. } => "incident".to_owned(),
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
