//! Severities in words and colours.

use crate::language::{Language, Phrase};
use vigie_model::severity::Severity;

const WORDS: [Phrase; 5] = [
    Phrase::new("informational", "information"),
    Phrase::new("low", "basse"),
    Phrase::new("medium", "moyenne"),
    Phrase::new("high", "haute"),
    Phrase::new("critical", "critique"),
];
/// Colours by severity, darker with every step, so that a print in grey tells them apart.
pub(crate) const COLOURS: [&str; 5] = ["#c9d6e4", "#8fb5d9", "#e0a526", "#cf5a1e", "#8c1230"];

/// A severity in words.
pub(crate) fn word(severity: Severity, language: Language) -> &'static str {
    WORDS[severity as usize].text(language)
}
