//! The place of a mistake, shown under its statement.

use unicode_width::UnicodeWidthStr;

/// The longest line that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 160;

/// The line that `message` names by `line L, column C`, and a mark under the place; `None` when it names none, or none that the
/// statement has.
pub(super) fn shown(statement: &str, message: &str) -> Option<String> {
    let (_, place) = message.split_once("line ")?;
    let (line, rest) = place.split_once(", column ")?;
    let line: usize = line.parse().ok()?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let column: usize = rest[..digits].parse().ok()?;
    let text = statement.lines().nth(line.checked_sub(1)?)?;
    let before: String = text.chars().take(column.checked_sub(1)?).collect();
    if text.chars().count() > SHOWN_CHARS_MAX {
        return None;
    }
    let blank = |text: &str| text.replace('\t', " ");
    Some(format!("    {}\n    {}^", blank(text), " ".repeat(blank(&before).width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_under_the_place() {
        let statement = "SELECT\n\t'日本', spce FROM alerts";
        let place = shown(statement, "line 2, column 8: unknown column 'spce'").unwrap();
        assert_eq!(place, "     '日本', spce FROM alerts\n             ^");
        assert!(shown(statement, "syntax error: line 1, column 1: x").unwrap().ends_with("\n    ^"));
        for nowhere in ["no place", "line x, column 1", "line 9, column 1", "line 0, column 0", "line 1, column"] {
            assert_eq!(shown(statement, nowhere), None, "{nowhere}");
        }
    }
}
