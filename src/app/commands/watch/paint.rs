//! Styled text, cut to a terminal's width: what is drawn, before any escape sequence.
//!
//! **Invariant**: colour never carries a meaning alone; without it (`NO_COLOR`) every word still stands there.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vigie_model::severity::Severity;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As the terminal has it.
    Plain,
    /// Less important.
    Dim,
    /// More important.
    Bold,
    /// A line of its own, set apart.
    Bar,
    /// Something is wrong with Vigie itself.
    Alarm,
    /// A severity.
    Severity(Severity),
}

impl Style {
    /// The parameters of the escape sequence ECMA-48 calls SGR.
    const fn sgr(self, colour: bool) -> &'static str {
        match (self, colour) {
            (Self::Plain, _) | (Self::Severity(Severity::Informational | Severity::Low), false) => "",
            (Self::Dim, _) => "2",
            (Self::Bold, _) | (Self::Severity(Severity::Medium | Severity::High), false) => "1",
            (Self::Bar, _) | (Self::Severity(Severity::Critical), false) => "7",
            (Self::Alarm, true) => "1;97;41",
            (Self::Alarm, false) => "1;7",
            (Self::Severity(Severity::Critical), true) => "1;97;41",
            (Self::Severity(Severity::High), true) => "1;31",
            (Self::Severity(Severity::Medium), true) => "33",
            (Self::Severity(Severity::Low), true) => "36",
            (Self::Severity(Severity::Informational), true) => "2",
        }
    }
}

/// A line of pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(Style, String)>);

impl Line {
    /// A line of one piece.
    #[must_use]
    pub(super) fn of(style: Style, text: impl Into<String>) -> Self {
        Self(vec![(style, text.into())])
    }

    /// Adds a piece.
    #[must_use]
    pub(super) fn and(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, text.into()));
        self
    }

    /// The line as a terminal of `width` columns shows it, with an ellipsis where it was cut; a line that begins with a
    /// bar or an alarm fills the width.
    #[must_use]
    pub(super) fn drawn(&self, width: usize, colour: bool) -> String {
        let (mut drawn, mut room) = (String::new(), width);
        for (style, text) in &self.0 {
            let text = cut(text, room);
            room -= text.width();
            match style.sgr(colour) {
                "" => drawn.push_str(&text),
                sgr => drawn.push_str(&format!("\x1b[{sgr}m{text}\x1b[0m")),
            }
        }
        if let Some((style @ (Style::Bar | Style::Alarm), _)) = self.0.first() {
            let sgr = style.sgr(colour);
            drawn.push_str(&format!("\x1b[{sgr}m{}\x1b[0m", " ".repeat(room)));
        }
        drawn
    }
}

/// As much of a text as fits `width` columns.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let (mut kept, mut taken) = (String::new(), 0);
    for character in text.chars() {
        taken += character.width().unwrap_or_default();
        if taken > room {
            break;
        }
        kept.push(character);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_by_columns_and_bars_fill_them() {
        let line = Line::of(Style::Plain, "ab").and(Style::Bold, "広場です");
        assert_eq!(line.drawn(20, true), "ab\x1b[1m広場です\x1b[0m");
        assert_eq!(line.drawn(7, true), "ab\x1b[1m広場…\x1b[0m");
        assert_eq!(line.drawn(2, true), "ab\x1b[1m\x1b[0m");
        assert_eq!(Line::of(Style::Bar, "x").drawn(3, false), "\x1b[7mx\x1b[0m\x1b[7m  \x1b[0m");
    }

    #[test]
    fn without_colour_there_is_none() {
        for severity in Severity::ALL {
            let drawn = Line::of(Style::Severity(severity), severity.as_str()).drawn(20, false);
            assert!(drawn.contains(severity.as_str()) && !drawn.contains("3") && !drawn.contains("4"), "{drawn:?}");
        }
        assert!(!Line::of(Style::Alarm, "no").drawn(5, false).contains("41"));
    }
}
