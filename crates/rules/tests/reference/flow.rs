//! A reader of the rules of conformance cases: one flow mapping a line, nothing else of YAML.

use crate::condition::{Condition, Number, Params};
use crate::memory::default_pane;
use crate::rule::{Agg, Distinct, Kind, Limits, Per, Rule, Source, Step};
use std::iter::Peekable;
use std::str::Chars;
use vigie_model::decimal::Decimal;

/// A value of a flow mapping.
#[derive(Clone, Debug)]
enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// The rules of a file, in its order.
pub(crate) fn rules(text: &str) -> Vec<Rule> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("- ")).filter(|line| line.starts_with('{'));
    lines.map(|line| rule(&read(&mut line.trim().chars().peekable()))).collect()
}

type Text<'a> = Peekable<Chars<'a>>;

fn read(text: &mut Text<'_>) -> Node {
    let more = |text: &mut Text<'_>, end: char| {
        while text.next_if(|c| " ,".contains(*c)).is_some() {}
        text.next_if_eq(&end).is_none()
    };
    while text.next_if_eq(&' ').is_some() {}
    match text.peek() {
        Some('{') => {
            text.next();
            let mut fields = Vec::new();
            while more(text, '}') {
                let name: String = std::iter::from_fn(|| text.next_if(|c| *c != ':')).collect();
                text.next();
                fields.push((name, read(text)));
            }
            Node::Map(fields)
        }
        Some('[') => {
            text.next();
            let mut items = Vec::new();
            while more(text, ']') {
                items.push(read(text));
            }
            Node::List(items)
        }
        Some('\'') => {
            text.next();
            let quoted = std::iter::from_fn(|| text.next_if(|c| *c != '\'')).collect();
            text.next();
            Node::Text(quoted)
        }
        _ => Node::Text(std::iter::from_fn(|| text.next_if(|c| !",}]".contains(*c))).collect()),
    }
}

impl Node {
    fn field(&self, name: &str) -> Option<&Self> {
        let Self::Map(fields) = self else { panic!("a mapping: {self:?}") };
        fields.iter().find(|(field, _)| field == name).map(|(_, node)| node)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.field(name).map(|node| match node {
            Self::Text(text) => text.as_str(),
            other => panic!("text in {name}: {other:?}"),
        })
    }

    fn duration(&self, name: &str) -> Option<i64> {
        self.text(name).map(duration)
    }
}

fn duration(text: &str) -> i64 {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        other => panic!("a unit: {other}"),
    };
    digits.parse::<i64>().unwrap() * unit
}

fn condition(text: &str) -> Condition {
    let parts: Vec<&str> = text.split(' ').collect();
    let ["value", operator, limit] = parts[..] else { panic!("a simple condition: {text}") };
    let limit = limit.parse::<Decimal>().unwrap();
    Condition::Compare(Number::Value, operator.to_owned(), Number::Literal(limit.micros()))
}

fn source(node: &Node) -> Source {
    if let Some(metric) = node.text("metric") {
        return Source::Metric(metric.to_owned());
    }
    let filter = node.text("incident").unwrap();
    let category = filter.strip_prefix("incident.category == \"").unwrap().trim_end_matches('"');
    Source::Incidents(vec![category.to_owned()])
}

fn step(node: &Node) -> Step {
    Step { source: source(node), matching: node.text("match").map(condition) }
}

fn agg(text: &str) -> Agg {
    match text {
        "count" => Agg::Count,
        "sum" => Agg::Sum,
        "mean" => Agg::Mean,
        "min" => Agg::Min,
        "max" => Agg::Max,
        other => panic!("an aggregate: {other}"),
    }
}

fn rule(node: &Node) -> Rule {
    let kind = node.text("kind").unwrap();
    let metric = || node.text("metric").unwrap().to_owned();
    let limits = || Limits { raise: condition(node.text("raise").unwrap()), clear: node.text("clear").map(condition) };
    let default_off = if kind == "sequence" { 300_000 } else { 0 };
    let is_per_space = matches!(kind, "sequence" | "k_of_n") || node.field("incident").is_some();
    Rule {
        name: node.text("alert").unwrap().to_owned(),
        districts: Vec::new(),
        per: match node.text("per") {
            Some("space") => Per::Space,
            Some("node") => Per::Node,
            None if is_per_space => Per::Space,
            _ => Per::Sensor,
        },
        hold_ms: node.duration("for").unwrap_or(0),
        off_ms: node.duration("keep_firing_for").unwrap_or(default_off),
        period: None,
        escalate: None,
        shadow: false,
        params: Params::new(),
        kind: match kind {
            "threshold" => Kind::Threshold {
                metric: metric(),
                agg: agg(node.text("agg").unwrap_or("max")),
                limits: limits(),
                stale_ms: node.duration("stale_after").unwrap_or(300_000),
            },
            "window" => Kind::Window {
                source: source(node),
                window_ms: node.duration("window").unwrap(),
                every_ms: node.duration("every"),
                agg: agg(node.text("agg").unwrap()),
                min_count: node.text("min_count").map_or(1, |count| count.parse().unwrap()),
                limits: limits(),
            },
            "change" => Kind::Change {
                metric: metric(),
                over_ms: node.duration("over").unwrap(),
                every_ms: node.duration("every"),
                limits: limits(),
            },
            "absence" => Kind::Absence { metric: metric() },
            "sequence" => Kind::Sequence {
                steps: match node.field("steps") {
                    Some(Node::List(steps)) => steps.iter().map(step).collect(),
                    other => panic!("steps: {other:?}"),
                },
                within_ms: node.duration("within").unwrap(),
                without: node.field("without").map(step),
            },
            "k_of_n" => Kind::KOfN {
                source: source(node),
                k: node.text("k").unwrap().parse().unwrap(),
                within_ms: node.duration("within").unwrap(),
                distinct: match node.text("distinct") {
                    Some("node") => Distinct::Node,
                    Some("channel") => Distinct::Channel,
                    None if node.field("incident").is_some() => Distinct::Channel,
                    _ => Distinct::Sensor,
                },
                matching: node.text("match").map(condition),
            },
            other => panic!("no kind of the cases: {other}"),
        },
    }
}

#[test]
fn panes_of_a_window_of_100_s_take_5_s() {
    assert_eq!(default_pane(100_000), 5000);
    assert_eq!(default_pane(1000), 1000);
}
