//! A mapping of a rule file as typed fields: each is taken once, each mistake is reported where it stands.
//!
//! ```text
//! let mut fields = Fields::of(node, "a rule", problems)?;
//! let hold_ms = fields.duration("for", problems);      // None when absent or wrong (then it is reported)
//! ```

use crate::yaml::{Node, Problems, Scalar, Spot, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::decimal::Decimal;
use vigie_model::diagnostic::did_you_mean;
use vigie_model::duration;

/// The entries of one mapping.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// Where the mapping starts.
    pub(crate) spot: Spot,
    entries: BTreeMap<&'a str, (Spot, &'a Node)>,
}

impl<'a> Fields<'a> {
    /// Takes a node as a mapping with text keys; keys given twice are reported. `what` names it in messages.
    pub(crate) fn of(node: &'a Node, what: &str, problems: &mut Problems) -> Option<Self> {
        let Value::Mapping(pairs) = &node.value else {
            problems.error(node.spot, format!("{what} is {}", node.describe())).expected = Some("a mapping".to_owned());
            return None;
        };
        let mut entries = BTreeMap::new();
        for (key, value) in pairs {
            let Value::Scalar(Scalar { text, .. }) = &key.value else {
                problems.error(key.spot, format!("a key is {}", key.describe())).expected = Some("a word".to_owned());
                continue;
            };
            if let Some((first, _)) = entries.get(text.as_str()) {
                let Spot { line, column } = *first;
                let message = format!("'{text}' is given twice in {what}");
                problems.error(key.spot, message).hint = Some(format!("it first stands at {line}:{column}"));
                continue;
            }
            entries.insert(text.as_str(), (key.spot, value));
        }
        Some(Self { spot: node.spot, entries })
    }

    /// A mapping without entries, for one that is not there; mistakes about it stand at `spot`.
    pub(crate) const fn absent(spot: Spot) -> Self {
        Self { spot, entries: BTreeMap::new() }
    }

    /// Names of all fields with the places of their keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'a str, Spot)> + '_ {
        self.entries.iter().map(|(name, (spot, _))| (*name, *spot))
    }

    /// Reports every field that is none of the known ones. `what` names the mapping in messages.
    pub(crate) fn only(&self, known: &[&str], what: &str, problems: &mut Problems) {
        for (name, spot) in self.names().filter(|(name, _)| !known.contains(name)) {
            let message = problems.error(spot, format!("unknown field '{name}' in {what}"));
            message.expected = Some(one_of(known));
            message.hint = did_you_mean(name, known.iter().copied());
        }
    }

    /// The value of a field, wherever it may lead.
    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        self.entries.get(name).map(|(_, node)| *node)
    }

    /// Where the value of a field stands; the mapping itself when it is not there.
    pub(crate) fn spot_of(&self, name: &str) -> Spot {
        self.node(name).map_or(self.spot, |node| node.spot)
    }

    /// Whether the field is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Reports the field as missing.
    pub(crate) fn missing(&self, name: &str, what: &str, problems: &mut Problems) {
        if !self.has(name) {
            problems.error(self.spot, format!("{what} has no '{name}'"));
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str, problems: &mut Problems) -> Option<(&'a str, &'a Node)> {
        let node = self.node(name)?;
        scalar_text(node, name, problems).map(|text| (text, node))
    }

    /// A duration in milliseconds.
    pub(crate) fn duration(&self, name: &str, problems: &mut Problems) -> Option<i64> {
        let (text, node) = self.text(name, problems)?;
        match duration::parse_ms(text) {
            Ok(duration_ms) => Some(duration_ms),
            Err(error) => {
                problems.error(node.spot, format!("'{name}: {text}' is {error}"));
                None
            }
        }
    }

    /// A duration in milliseconds that is not zero.
    pub(crate) fn positive_duration(&self, name: &str, problems: &mut Problems) -> Option<i64> {
        let duration_ms = self.duration(name, problems)?;
        if duration_ms > 0 {
            return Some(duration_ms);
        }
        problems.error(self.spot_of(name), format!("'{name}' is zero")).expected =
            Some("a duration longer than zero".to_owned());
        None
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
        let (text, node) = self.text(name, problems)?;
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*found);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = problems.error(node.spot, format!("'{name}' is '{text}'"));
        message.expected = Some(one_of(&known));
        message.hint = did_you_mean(text, known);
        None
    }

    /// A whole number from `least` to 2^32 - 1.
    pub(crate) fn count(&self, name: &str, least: u32, problems: &mut Problems) -> Option<u32> {
        let (text, node) = self.text(name, problems)?;
        match text.parse::<u32>() {
            Ok(count) if count >= least => Some(count),
            _ => {
                problems.error(node.spot, format!("'{name}' is '{text}'")).expected =
                    Some(format!("a whole number from {least} to {}", u32::MAX));
                None
            }
        }
    }

    /// A decimal number above zero.
    pub(crate) fn positive_number(&self, name: &str, problems: &mut Problems) -> Option<f64> {
        let (text, node) = self.text(name, problems)?;
        match text.parse::<Decimal>() {
            Ok(number) if number.micros() > 0 => Some(number.to_f64()),
            _ => {
                let expected = "a number above zero, with at most six decimals and below 9223372036854.775808";
                problems.error(node.spot, format!("'{name}' is '{text}'")).expected = Some(expected.to_owned());
                None
            }
        }
    }

    /// The items of a list; none when the field is absent or no list.
    pub(crate) fn list(&self, name: &str, problems: &mut Problems) -> &'a [Node] {
        match self.node(name) {
            None => &[],
            Some(Node { value: Value::Sequence(items), .. }) => items,
            Some(node) => {
                let message = format!("'{name}' is {}", node.describe());
                problems.error(node.spot, message).expected = Some("a list".to_owned());
                &[]
            }
        }
    }

    /// One text or a list of texts, each with its place; one given twice is reported.
    pub(crate) fn texts(&self, name: &str, problems: &mut Problems) -> Vec<(&'a str, Spot)> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let items = match &node.value {
            Value::Sequence(items) => items.as_slice(),
            Value::Scalar(_) => std::slice::from_ref(node),
            Value::Mapping(_) => {
                problems.error(node.spot, format!("'{name}' is a mapping")).expected =
                    Some("a name or a list of names".to_owned());
                &[]
            }
        };
        let mut texts: Vec<(&str, Spot)> = Vec::new();
        for item in items {
            let Some(text) = scalar_text(item, name, problems) else { continue };
            if texts.iter().any(|(known, _)| *known == text) {
                problems.error(item.spot, format!("'{text}' is named twice in '{name}'"));
            } else {
                texts.push((text, item.spot));
            }
        }
        texts
    }

    /// `true` or `false`.
    pub(crate) fn truth(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        self.word(name, &[("true", true), ("false", false)], problems)
    }

    /// A mapping of names to numbers.
    pub(crate) fn numbers(&self, name: &str, problems: &mut Problems) -> BTreeMap<Arc<str>, Decimal> {
        let mut numbers = BTreeMap::new();
        let Some(fields) = self.node(name).and_then(|node| Fields::of(node, &format!("'{name}'"), problems)) else {
            return numbers;
        };
        for (key, (spot, node)) in &fields.entries {
            if !is_name(key) {
                problems.error(*spot, format!("'{key}' is not a name")).expected =
                    Some("letters, digits and _, starting with a letter".to_owned());
            }
            let Some(text) = scalar_text(node, key, problems) else { continue };
            match text.parse::<Decimal>() {
                Ok(number) => {
                    numbers.insert(Arc::from(*key), number);
                }
                Err(error) => {
                    problems.error(node.spot, format!("'{key}: {text}': {error}"));
                }
            }
        }
        numbers
    }
}

/// The text of a scalar that is not empty; anything else is reported.
pub(crate) fn scalar_text<'a>(node: &'a Node, name: &str, problems: &mut Problems) -> Option<&'a str> {
    match &node.value {
        Value::Scalar(Scalar { text, plain, .. })
            if !(text.is_empty() || *plain && matches!(text.as_str(), "~" | "null")) =>
        {
            Some(text)
        }
        Value::Scalar(_) => {
            problems.error(node.spot, format!("'{name}' is empty"));
            None
        }
        _ => {
            let message = format!("'{name}' is {}", node.describe());
            problems.error(node.spot, message).expected = Some("a single value".to_owned());
            None
        }
    }
}

/// `a, b or c`.
pub(crate) fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
