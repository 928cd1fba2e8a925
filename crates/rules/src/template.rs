//! The `summary` of a rule: text with placeholders, checked when the rule is loaded.

use std::sync::Arc;

/// Checked summary text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// Text and placeholders in order.
    pub(crate) parts: Vec<Part>,
}

/// A piece of a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text as written.
    Text(String),
    /// Something filled in when a transition is written, with its byte offset in the text.
    Placeholder(usize, Placeholder),
}

/// What can be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// The name of the space.
    Space,
    /// The key.
    Key,
    /// The sensor of the key.
    Sensor,
    /// The node of the key.
    Node,
    /// The name of the rule.
    Rule,
    /// The severity.
    Severity,
    /// The deciding value.
    Value,
    /// The unit of the metric.
    Unit,
    /// The label of the metric, or its name.
    Label,
    /// The local time of the deciding value.
    Time,
    /// A parameter in force.
    Param(Arc<str>),
    /// The hold.
    For,
    /// The length of the window.
    Window,
    /// Within which time things must happen together.
    Within,
    /// How many sources or spaces it takes.
    K,
    /// What is usual for the hour of the week.
    Usual,
}

/// Placeholders without an argument, by the word written in braces.
const WORDS: [(&str, Placeholder); 15] = [
    ("space", Placeholder::Space),
    ("key", Placeholder::Key),
    ("sensor", Placeholder::Sensor),
    ("node", Placeholder::Node),
    ("rule", Placeholder::Rule),
    ("severity", Placeholder::Severity),
    ("value", Placeholder::Value),
    ("unit", Placeholder::Unit),
    ("label", Placeholder::Label),
    ("time", Placeholder::Time),
    ("for", Placeholder::For),
    ("window", Placeholder::Window),
    ("within", Placeholder::Within),
    ("k", Placeholder::K),
    ("usual", Placeholder::Usual),
];

/// A mistake in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// Byte offset in the text.
    pub(crate) offset: usize,
    /// What was found.
    pub(crate) message: String,
    /// The word between the braces, to suggest another.
    pub(crate) word: Option<String>,
}

impl Template {
    /// Reads a template; `{{` and `}}` stand for single braces.
    ///
    /// # Errors
    /// Every mistake, in the order of the text.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<TemplateError>> {
        let (mut parts, mut errors) = (Vec::new(), Vec::new());
        let mut literal = String::new();
        let mut offset = 0;
        while let Some(c) = text[offset..].chars().next() {
            let rest = &text[offset..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                literal.push(c);
                offset += 2;
            } else if c == '{' {
                let Some(end) = rest.find('}') else {
                    errors.push(TemplateError { offset, message: "'{' without '}'".to_owned(), word: None });
                    break;
                };
                let word = &rest[1..end];
                match Placeholder::of(word) {
                    Some(placeholder) => {
                        parts.extend(std::mem::take(&mut literal).into_part());
                        parts.push(Part::Placeholder(offset, placeholder));
                    }
                    None => {
                        let message = format!("unknown placeholder '{{{word}}}'");
                        errors.push(TemplateError { offset, message, word: Some(word.to_owned()) });
                    }
                }
                offset += end + 1;
            } else if c == '}' {
                errors.push(TemplateError { offset, message: "'}' without '{'".to_owned(), word: None });
                offset += 1;
            } else {
                literal.push(c);
                offset += c.len_utf8();
            }
        }
        parts.extend(literal.into_part());
        if errors.is_empty() { Ok(Self { parts }) } else { Err(errors) }
    }

    /// The placeholders used, with their byte offsets in the text.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = (usize, &Placeholder)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(offset, placeholder) => Some((*offset, placeholder)),
            Part::Text(_) => None,
        })
    }
}

impl Placeholder {
    /// Every word that may stand in braces, besides parameters.
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(word, _)| *word)
    }

    fn of(word: &str) -> Option<Self> {
        if let Some(param) = word.strip_prefix("params.") {
            return Some(Self::Param(param.into()));
        }
        WORDS.iter().find(|(name, _)| *name == word).map(|(_, placeholder)| placeholder.clone())
    }
}

/// Turns collected text into a part, unless there is none.
trait IntoPart {
    fn into_part(self) -> Option<Part>;
}

impl IntoPart for String {
    fn into_part(self) -> Option<Part> {
        (!self.is_empty()).then_some(Part::Text(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_text_and_placeholders() {
        let template = Template::parse("{space}: {{{value}}} > {params.max}").unwrap();
        let text = |text: &str| Part::Text(text.to_owned());
        let expected = [
            Part::Placeholder(0, Placeholder::Space),
            text(": {"),
            Part::Placeholder(11, Placeholder::Value),
            text("} > "),
            Part::Placeholder(23, Placeholder::Param("max".into())),
        ];
        assert_eq!(template.parts, expected);
    }

    #[test]
    fn reports_every_mistake() {
        let errors = Template::parse("{spce} } {value").unwrap_err();
        let found: Vec<_> = errors.iter().map(|error| (error.offset, error.message.as_str())).collect();
        assert_eq!(found, [(0, "unknown placeholder '{spce}'"), (7, "'}' without '{'"), (9, "'{' without '}'")]);
    }
}
