//! Rules as text of a rule file.

use crate::rule::{Agg, Among, Distinct, Kind, Limits, Per, Rule, Source, Step};
use vigie_model::decimal::Decimal;

/// The text of a rule file with these rules, each in a group of its own.
pub(crate) fn file(rules: &[Rule]) -> String {
    let groups = rules.iter().map(|rule| {
        let districts: Vec<String> = rule.districts.iter().map(|district| format!("{district:?}")).collect();
        let scope = match districts.is_empty() {
            true => String::new(),
            false => format!("  scope: 'space.district in [{}]'\n", districts.join(", ")),
        };
        format!("- name: of-{}\n{scope}  rules:\n  - {{{}}}\n", rule.name, fields(rule).join(", "))
    });
    format!("groups:\n{}", groups.collect::<String>())
}

fn fields(rule: &Rule) -> Vec<String> {
    let mut fields = vec![format!("alert: {}", rule.name)];
    let default_off = if matches!(rule.kind, Kind::Sequence { .. }) { 300_000 } else { 0 };
    let is_per_space = matches!(
        &rule.kind,
        Kind::Sequence { .. }
            | Kind::KOfN { .. }
            | Kind::Composite { .. }
            | Kind::Spread { .. }
            | Kind::Window { source: Source::Incidents(_), .. }
    );
    fields.extend(own_fields(&rule.kind));
    if !is_per_space {
        fields.push(format!(
            "per: {}",
            match rule.per {
                Per::Space => "space",
                Per::Sensor => "sensor",
                Per::Node => "node",
            }
        ));
    }
    if rule.hold_ms != 0 {
        fields.push(format!("for: {}", duration(rule.hold_ms)));
    }
    if rule.off_ms != default_off {
        fields.push(format!("keep_firing_for: {}", duration(rule.off_ms)));
    }
    fields.extend(rule.period.as_ref().map(|period| format!("active: {{period: {period}}}")));
    if let Some(escalate) = &rule.escalate {
        fields.push(format!("escalate: {{after: {}, severity: {}}}", duration(escalate.after_ms), escalate.severity));
    }
    if rule.shadow {
        fields.push("shadow: true".to_owned());
    }
    if !rule.params.is_empty() {
        let params = rule.params.iter().map(|(name, micros)| format!("{name}: {}", Decimal::from_micros(*micros)));
        fields.push(format!("params: {{{}}}", params.collect::<Vec<_>>().join(", ")));
    }
    fields
}

fn own_fields(kind: &Kind) -> Vec<String> {
    match kind {
        Kind::Threshold { metric, agg, limits, stale_ms } => {
            let mut fields =
                vec!["kind: threshold".to_owned(), format!("metric: {metric}"), format!("agg: {}", word(*agg))];
            fields.push(format!("stale_after: {}", duration(*stale_ms)));
            fields.extend(limit_fields(limits));
            fields
        }
        Kind::Window { source, window_ms, every_ms, agg, min_count, limits } => {
            let mut fields = vec!["kind: window".to_owned(), source_field(source), format!("agg: {}", word(*agg))];
            fields.push(format!("window: {}", duration(*window_ms)));
            fields.extend(every_ms.map(|every| format!("every: {}", duration(every))));
            if *min_count != 1 {
                fields.push(format!("min_count: {min_count}"));
            }
            fields.extend(limit_fields(limits));
            fields
        }
        Kind::Change { metric, over_ms, every_ms, limits } => {
            let mut fields = vec!["kind: change".to_owned(), format!("metric: {metric}")];
            fields.push(format!("over: {}", duration(*over_ms)));
            fields.extend(every_ms.map(|every| format!("every: {}", duration(every))));
            fields.extend(limit_fields(limits));
            fields
        }
        Kind::Absence { metric } => vec!["kind: absence".to_owned(), format!("metric: {metric}")],
        Kind::Sequence { steps, within_ms, without } => {
            let steps: Vec<String> = steps.iter().map(step).collect();
            let mut fields = vec!["kind: sequence".to_owned(), format!("within: {}", duration(*within_ms))];
            fields.push(format!("steps: [{}]", steps.join(", ")));
            fields.extend(without.as_ref().map(|without| format!("without: {}", step(without))));
            fields
        }
        Kind::KOfN { source, k, within_ms, distinct, matching } => {
            let mut fields = vec!["kind: k_of_n".to_owned(), source_field(source), format!("k: {k}")];
            fields.push(format!("within: {}", duration(*within_ms)));
            let distinct = match distinct {
                Distinct::Sensor => "sensor",
                Distinct::Node => "node",
                Distinct::Channel => "channel",
            };
            fields.push(format!("distinct: {distinct}"));
            fields.extend(matching.as_ref().map(|matching| format!("match: '{matching}'")));
            fields
        }
        Kind::Baseline(baseline) => {
            let direction = match (baseline.up, baseline.down) {
                (true, false) => "up",
                (false, true) => "down",
                _ => "both",
            };
            vec![
                "kind: baseline".to_owned(),
                format!("metric: {}", baseline.metric),
                format!("z: {}", Decimal::from_micros(baseline.z)),
                format!("half_life_weeks: {}", Decimal::from_micros(baseline.half_life_weeks)),
                format!("min_weeks: {}", baseline.min_weeks),
                format!("sigma_floor: {}", Decimal::from_micros(baseline.sigma_floor)),
                format!("direction: {direction}"),
                format!("stale_after: {}", duration(baseline.stale_ms)),
            ]
        }
        Kind::Composite { all, of } => {
            vec![format!("kind: {}", if *all { "all_of" } else { "any_of" }), format!("of: [{}]", of.join(", "))]
        }
        Kind::Spread { of, k, within_ms, among } => {
            let among = match among {
                Among::District => "district",
                Among::Adjacent => "adjacent",
            };
            let within = duration(*within_ms);
            vec!["kind: spread".to_owned(), format!("of: {of}, k: {k}, within: {within}, among: {among}")]
        }
    }
}

fn limit_fields(limits: &Limits) -> Vec<String> {
    let clear = limits.clear.iter().map(|clear| format!("clear: '{clear}'"));
    [format!("raise: '{}'", limits.raise)].into_iter().chain(clear).collect()
}

fn source_field(source: &Source) -> String {
    match source {
        Source::Metric(metric) => format!("metric: {metric}"),
        Source::Incidents(categories) => match &categories[..] {
            [one] => format!("incident: 'incident.category == {one:?}'"),
            several => format!("incident: 'incident.category in {several:?}'"),
        },
    }
}

fn step(step: &Step) -> String {
    let matching = step.matching.iter().map(|matching| format!(", match: '{matching}'"));
    format!("{{{}{}}}", source_field(&step.source), matching.collect::<String>())
}

fn word(agg: Agg) -> &'static str {
    match agg {
        Agg::Count => "count",
        Agg::Sum => "sum",
        Agg::Mean => "mean",
        Agg::Min => "min",
        Agg::Max => "max",
    }
}

/// A duration as rule files write it.
fn duration(ms: i64) -> String {
    if ms % 1000 == 0 { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}
