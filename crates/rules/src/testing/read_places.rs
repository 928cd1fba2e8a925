//! The surroundings of tests: spaces and metrics, in the words of the spaces file and of the configuration.

use crate::fields::{Fields, scalar_text};
use crate::yaml::{Node, Problems, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use vigie_model::decimal::Decimal;
use vigie_model::id::check_id;
use vigie_model::metric::{MetricSpec, Metrics};
use vigie_model::space::{Sensor, Space};

/// The unit of a metric that declares none: UCUM's unit of a bare number.
const UNIT_DEFAULT: &str = "1";

/// `spaces`: a list.
pub(crate) fn spaces(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Space> {
    let mut ids = BTreeSet::new();
    let mut spaces = Vec::new();
    for node in fields.list("spaces", problems) {
        let Some(space) = space(node, problems) else { continue };
        if !ids.insert(Arc::clone(&space.id)) {
            problems.error(node.spot, format!("there are two spaces '{}'", space.id));
        }
        spaces.push(space);
    }
    spaces
}

fn space(node: &Node, problems: &mut Problems) -> Option<Space> {
    let fields = Fields::of(node, "a space", problems)?;
    let known = ["id", "name", "kind", "district", "capacity", "params", "adjacent", "sensors", "point"];
    fields.only(&known, "a space", problems);
    fields.missing("id", "the space", problems);
    let id = id(&fields, "id", problems)?;
    let text = |name: &str, problems: &mut Problems| fields.text(name, problems).map(|(text, _)| text.to_owned());
    Some(Space {
        name: text("name", problems).map_or_else(|| Arc::clone(&id), Arc::from),
        kind: text("kind", problems).unwrap_or_default(),
        district: text("district", problems).unwrap_or_default(),
        capacity: fields.count("capacity", 1, problems).map(i64::from),
        geometry: point(&fields, problems).unwrap_or_default(),
        params: params(&fields, problems),
        adjacent: ids(&fields, "adjacent", problems),
        sensors: fields.list("sensors", problems).iter().filter_map(|node| sensor(node, problems)).collect(),
        id,
        ..Space::default()
    })
}

fn sensor(node: &Node, problems: &mut Problems) -> Option<Sensor> {
    let fields = Fields::of(node, "a sensor", problems)?;
    fields.only(&["id", "metric", "expected"], "a sensor", problems);
    fields.missing("id", "the sensor", problems);
    fields.missing("metric", "the sensor", problems);
    let expected = fields.truth("expected", problems).unwrap_or(false);
    Some(Sensor { id: id(&fields, "id", problems)?, metric: id(&fields, "metric", problems)?, expected })
}

/// `point: [longitude, latitude]` as GeoJSON.
fn point(fields: &Fields<'_>, problems: &mut Problems) -> Option<Arc<str>> {
    let node = fields.node("point")?;
    let degrees = |node: &Node, limit: i64| match &node.value {
        Value::Scalar(scalar) => {
            scalar.text.parse::<Decimal>().ok().filter(|degrees| degrees.micros().abs() <= limit * 1_000_000)
        }
        _ => None,
    };
    if let Value::Sequence(items) = &node.value
        && let [longitude, latitude] = items.as_slice()
        && let (Some(longitude), Some(latitude)) = (degrees(longitude, 180), degrees(latitude, 90))
    {
        return Some(format!(r#"{{"type":"Point","coordinates":[{longitude},{latitude}]}}"#).into());
    }
    problems.error(node.spot, "'point' is no place").expected = Some("[longitude, latitude] in degrees".to_owned());
    None
}

fn params(fields: &Fields<'_>, problems: &mut Problems) -> BTreeMap<String, BTreeMap<String, Decimal>> {
    let Some(by_rule) = fields.node("params").and_then(|node| Fields::of(node, "'params'", problems)) else {
        return BTreeMap::new();
    };
    let of_rule = |(rule, _): (&str, _), problems: &mut Problems| {
        let numbers = by_rule.numbers(rule, problems).into_iter();
        (rule.to_owned(), numbers.map(|(name, value)| (name.to_string(), value)).collect())
    };
    by_rule.names().map(|entry| of_rule(entry, problems)).collect()
}

/// `metrics`: a mapping of names.
pub(crate) fn metrics(fields: &Fields<'_>, problems: &mut Problems) -> Metrics {
    let mut metrics = Metrics::new();
    let Some(named) = fields.node("metrics").and_then(|node| Fields::of(node, "'metrics'", problems)) else {
        return metrics;
    };
    for (name, _) in named.names() {
        let Some(spec) = named.node(name).and_then(|node| Fields::of(node, "a metric", problems)) else { continue };
        spec.only(&["label", "unit", "period"], "a metric", problems);
        let text = |field: &str, problems: &mut Problems| spec.text(field, problems).map(|(text, _)| text.to_owned());
        let label = text("label", problems);
        let unit = text("unit", problems).unwrap_or_else(|| UNIT_DEFAULT.to_owned());
        let period_ms = spec.positive_duration("period", problems);
        metrics.insert(name.into(), MetricSpec { label, unit, period_ms });
    }
    metrics
}

/// The id of a space, sensor, node or metric.
pub(crate) fn id(fields: &Fields<'_>, name: &str, problems: &mut Problems) -> Option<Arc<str>> {
    let (text, node) = fields.text(name, problems)?;
    checked_id(text, node, name, problems)
}

fn ids(fields: &Fields<'_>, name: &str, problems: &mut Problems) -> Vec<Arc<str>> {
    let mut ids = Vec::new();
    for node in fields.list(name, problems) {
        let Some(text) = scalar_text(node, name, problems) else { continue };
        ids.extend(checked_id(text, node, name, problems));
    }
    ids
}

fn checked_id(text: &str, node: &Node, name: &str, problems: &mut Problems) -> Option<Arc<str>> {
    match check_id(text) {
        Ok(()) => Some(text.into()),
        Err(error) => {
            problems.error(node.spot, format!("'{name}' {error}"));
            None
        }
    }
}
