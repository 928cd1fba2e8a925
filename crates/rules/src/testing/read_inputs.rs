//! Inputs of a test: single observations, series of them, and incidents.

use super::case::{TestInput, What};
use super::read_places::id;
use super::values::expand;
use super::when::instant;
use crate::fields::Fields;
use crate::yaml::{Node, Problems};
use std::sync::Arc;
use vigie_model::batch::Quality;
use vigie_model::decimal::Decimal;
use vigie_model::severity::Severity;

/// Inputs of one test at most.
const INPUTS_MAX: usize = 1_000_000;
const OBSERVATION: [&str; 8] = ["at", "space", "sensor", "node", "metric", "value", "quality", "arrives"];
const SERIES: [&str; 8] = ["from", "every", "space", "sensor", "node", "metric", "values", "quality"];
const INCIDENT: [&str; 8] = ["at", "space", "sensor", "node", "incident", "severity", "channel", "arrives"];
const QUALITIES: [(&str, Quality); 3] =
    [("good", Quality::Good), ("uncertain", Quality::Uncertain), ("bad", Quality::Bad)];

/// `inputs`, in the order in which they arrive.
pub(crate) fn inputs(fields: &Fields<'_>, start_ms: i64, problems: &mut Problems) -> Vec<TestInput> {
    let mut inputs = Vec::new();
    for node in fields.list("inputs", problems) {
        let Some(input) = Fields::of(node, "an input", problems) else { continue };
        let reader = Reader { node, fields: &input, start_ms };
        if input.has("values") {
            reader.series(&mut inputs, problems);
        } else if input.has("incident") {
            inputs.extend(reader.incident(problems));
        } else {
            inputs.extend(reader.observation(problems));
        }
        if inputs.len() > INPUTS_MAX {
            problems.error(node.spot, format!("a test with more than {INPUTS_MAX} inputs"));
            return Vec::new();
        }
    }
    inputs.sort_by_key(|input| input.arrival_ms);
    inputs
}

struct Reader<'a> {
    node: &'a Node,
    fields: &'a Fields<'a>,
    start_ms: i64,
}

impl Reader<'_> {
    fn observation(&self, problems: &mut Problems) -> Option<TestInput> {
        self.fields.only(&OBSERVATION, "an observation", problems);
        for name in ["at", "space", "metric", "value"] {
            self.fields.missing(name, "the observation", problems);
        }
        let value = self.fields.text("value", problems).and_then(|(text, node)| match text.parse::<Decimal>() {
            Ok(value) => Some(value),
            Err(error) => {
                problems.error(node.spot, format!("'value: {text}': {error}"));
                None
            }
        });
        let metric = id(self.fields, "metric", problems);
        let quality = self.quality(problems);
        let at_ms = instant(self.fields, "at", self.start_ms, problems);
        let what = metric.zip(value).map(|(metric, value)| What::Observation { metric, value, quality });
        self.input(at_ms, what, problems)
    }

    fn incident(&self, problems: &mut Problems) -> Option<TestInput> {
        self.fields.only(&INCIDENT, "an incident", problems);
        for name in ["at", "space"] {
            self.fields.missing(name, "the incident", problems);
        }
        let words = Severity::ALL.map(|severity| (severity.as_str(), severity));
        let severity = self.fields.word("severity", &words, problems).unwrap_or_default();
        let text = |name: &str, problems: &mut Problems| self.fields.text(name, problems).map(|(text, _)| text.into());
        let category = text("incident", problems);
        let channel: Option<Arc<str>> = text("channel", problems);
        let at_ms = instant(self.fields, "at", self.start_ms, problems);
        let what = category.map(|category| What::Incident { category, severity, channel: channel.unwrap_or_default() });
        self.input(at_ms, what, problems)
    }

    fn series(&self, inputs: &mut Vec<TestInput>, problems: &mut Problems) {
        self.fields.only(&SERIES, "a series", problems);
        for name in ["space", "metric", "every"] {
            self.fields.missing(name, "the series", problems);
        }
        let metric = id(self.fields, "metric", problems);
        let every_ms = self.fields.positive_duration("every", problems);
        let first_ms = match self.fields.node("from") {
            Some(_) => instant(self.fields, "from", self.start_ms, problems),
            None => Some(self.start_ms),
        };
        let quality = self.quality(problems);
        let values = self.fields.text("values", problems).and_then(|(text, node)| match expand(text) {
            Ok(values) => Some(values),
            Err((at, message)) => {
                problems.error(node.spot_at(at), format!("'values': {message}"));
                None
            }
        });
        let sample = What::Observation { metric: metric.unwrap_or_default(), value: Decimal::default(), quality };
        let Some(sample) = self.input(first_ms, Some(sample), problems) else { return };
        let (Some(values), Some(every_ms)) = (values, every_ms) else { return };
        for (value, index) in values.into_iter().zip(0..) {
            let (Some(now), What::Observation { metric, .. }) = (value, &sample.what) else { continue };
            let what = What::Observation { metric: Arc::clone(metric), value: now, quality };
            let event_time_ms = sample.event_time_ms + every_ms.saturating_mul(index);
            inputs.push(TestInput { event_time_ms, arrival_ms: event_time_ms, what, ..sample.clone() });
        }
    }

    fn quality(&self, problems: &mut Problems) -> Quality {
        self.fields.word("quality", &QUALITIES, problems).unwrap_or_default()
    }

    fn input(&self, at_ms: Option<i64>, what: Option<What>, problems: &mut Problems) -> Option<TestInput> {
        let space = id(self.fields, "space", problems);
        let sensor = id(self.fields, "sensor", problems);
        let node = id(self.fields, "node", problems);
        let event_time_ms = at_ms?;
        let arrival_ms = instant(self.fields, "arrives", self.start_ms, problems).unwrap_or(event_time_ms);
        if arrival_ms < event_time_ms {
            problems.error(self.node.spot, "the input arrives before it happens").hint =
                Some("leave out 'arrives' for an input that arrives when it happens".to_owned());
        }
        Some(TestInput { space: space?, sensor, node, event_time_ms, arrival_ms, what: what? })
    }
}
