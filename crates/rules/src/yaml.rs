//! YAML text into nodes that know where they stand, and the list of mistakes found in one file.
//!
//! The tree keeps every entry of a mapping in order, so that the reader above can point at a key given twice or at one
//! it does not know. Anchors, aliases and tags are refused: a rule file says what it means in place.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use std::sync::Arc;
use vigie_model::diagnostic::Diagnostic;

/// The largest rule file in bytes.
pub(crate) const FILE_BYTES_MAX: usize = 4 << 20;
/// The deepest nesting of a rule file; the language itself needs five levels.
const NESTING_MAX: usize = 16;

/// A place in a file, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Line.
    pub(crate) line: u32,
    /// Column in characters.
    pub(crate) column: u32,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it starts.
    pub(crate) spot: Spot,
    /// What it is.
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A text, a number, a word.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the file.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar as written.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    /// Its content.
    pub(crate) text: String,
    /// Whether it stands without quotes, and so may be a number or `true`.
    pub(crate) plain: bool,
    /// Column of the first character of the content, when the content stands on one line exactly as written.
    first_column: Option<u32>,
}

impl Node {
    /// The place of a byte offset of a scalar's content; the start of the scalar when lines were folded or escaped.
    pub(crate) fn spot_at(&self, offset: usize) -> Spot {
        match &self.value {
            Value::Scalar(Scalar { text, first_column: Some(first), .. }) => {
                let characters = text.get(..offset).map_or(0, |before| before.chars().count());
                Spot { column: first + narrow(characters), ..self.spot }
            }
            _ => self.spot,
        }
    }

    /// Whether a scalar with this text stands here.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.text == word)
    }

    /// How a message names what stands here.
    pub(crate) const fn describe(&self) -> &'static str {
        match &self.value {
            Value::Scalar(_) => "a single value",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}

/// The mistakes of one file, collected so that all are reported in one run.
#[derive(Debug)]
pub(crate) struct Problems {
    file: Arc<str>,
    found: Vec<Diagnostic>,
}

impl Problems {
    /// No mistakes yet in `file`.
    pub(crate) const fn of(file: Arc<str>) -> Self {
        Self { file, found: Vec::new() }
    }

    /// Adds an error; the returned message can be completed.
    pub(crate) fn error(&mut self, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Diagnostic::error(Arc::clone(&self.file), spot.line, spot.column, message))
    }

    /// Adds a warning; the returned message can be completed.
    pub(crate) fn warning(&mut self, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Diagnostic::warning(Arc::clone(&self.file), spot.line, spot.column, message))
    }

    /// The file.
    pub(crate) const fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Everything found, in the order of the file.
    pub(crate) fn into_found(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        self.found
    }

    fn add(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.found.push(diagnostic);
        self.found.last_mut().expect("one was just pushed")
    }
}

/// Reads one YAML document. `None` when the file is empty or cannot be read any further; the reason is in `problems`.
pub(crate) fn read(text: &str, problems: &mut Problems) -> Option<Node> {
    if text.len() > FILE_BYTES_MAX {
        problems.error(Spot::default(), format!("file larger than {FILE_BYTES_MAX} bytes"));
        return None;
    }
    let mut reader = Reader { parser: Parser::new_from_str(text), problems };
    match reader.document() {
        Ok(root) => root,
        Err(stop) => {
            let Stop { spot, message } = stop;
            problems.error(spot, message);
            None
        }
    }
}

/// Why reading stopped.
struct Stop {
    spot: Spot,
    message: String,
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        let marker = error.marker();
        let spot = Spot { line: narrow(marker.line()), column: narrow(marker.col() + 1) };
        Self { spot, message: format!("not YAML: {}", error.info()) }
    }
}

struct Reader<'a, 'p> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    problems: &'p mut Problems,
}

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.parser.next_event() {
            Some(event) => Ok(event?),
            None => Err(Stop { spot: Spot::default(), message: "not YAML: the text ends too early".to_owned() }),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(Stop { spot: start(span), message: "a rule file holds one YAML document".to_owned() });
                }
                Event::DocumentStart(_) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 0)?);
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Stop> {
        let spot = start(span);
        if depth > NESTING_MAX {
            return Err(Stop { spot, message: format!("nested deeper than {NESTING_MAX} levels") });
        }
        let value = match event {
            Event::Scalar(text, style, _, tag) => {
                if tag.is_some() {
                    self.problems.error(spot, "tags are not supported");
                }
                Value::Scalar(scalar(text.into_owned(), style, span))
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::SequenceEnd {
                        break Value::Sequence(items);
                    }
                    items.push(self.node(event, span, depth + 1)?);
                }
            }
            Event::MappingStart(..) => {
                let mut entries = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::MappingEnd {
                        break Value::Mapping(entries);
                    }
                    let key = self.node(event, span, depth + 1)?;
                    let (event, span) = self.next()?;
                    entries.push((key, self.node(event, span, depth + 1)?));
                }
            }
            Event::Alias(_) => {
                return Err(Stop { spot, message: "aliases are not supported; write the value out".to_owned() });
            }
            _ => return Err(Stop { spot, message: "not YAML: a value was expected".to_owned() }),
        };
        Ok(Node { spot, value })
    }
}

fn scalar(text: String, style: ScalarStyle, span: Span) -> Scalar {
    let plain = style == ScalarStyle::Plain;
    let quotes = match style {
        ScalarStyle::Plain => Some(0),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Some(1),
        ScalarStyle::Literal | ScalarStyle::Folded => None,
    };
    let first_column = quotes.and_then(|quotes| {
        // Any escape or fold makes the source longer than the content and its quotes.
        let as_written = span.end.index() - span.start.index() == text.chars().count() + 2 * quotes;
        (as_written && span.start.line() == span.end.line()).then(|| narrow(span.start.col() + 1 + quotes))
    });
    Scalar { text, plain, first_column }
}

fn start(span: Span) -> Spot {
    Spot { line: narrow(span.start.line()), column: narrow(span.start.col() + 1) }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(text: &str) -> Vec<String> {
        let mut problems = Problems::of("a.yaml".into());
        read(text, &mut problems);
        problems.into_found().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_know_where_they_stand() {
        let mut problems = Problems::of("a.yaml".into());
        let root = read("a: 'x > y'\nb: [\"è\\t\", plain]\n", &mut problems).unwrap();
        let Value::Mapping(entries) = root.value else { panic!("a mapping") };
        assert_eq!(entries[0].1.spot_at(4), Spot { line: 1, column: 9 });
        let Value::Sequence(items) = &entries[1].1.value else { panic!("a list") };
        assert_eq!(items[0].spot_at(2), Spot { line: 2, column: 5 }, "an escape: the start of the value");
        assert_eq!(items[1].spot_at(1), Spot { line: 2, column: 13 });
    }

    #[test]
    fn what_is_not_a_rule_file_is_located() {
        assert_eq!(problems_of("a: [1, 2\nb: 3"), ["a.yaml:2:2: error: not YAML: illegal placement of ':' indicator"]);
        assert_eq!(
            problems_of("a: &x 1\nb: *x"),
            ["a.yaml:2:4: error: aliases are not supported; write the value out"]
        );
        assert_eq!(problems_of("a: 1\n---\nb: 1"), ["a.yaml:2:1: error: a rule file holds one YAML document"]);
        assert_eq!(problems_of(&"[".repeat(100)), ["a.yaml:1:18: error: nested deeper than 16 levels"]);
        assert!(problems_of("").is_empty());
    }
}
