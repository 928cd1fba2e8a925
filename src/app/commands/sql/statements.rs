//! Statements in a text: where one ends and the next begins.
//!
//! A semicolon ends a statement unless it stands in a text (`'...'`), a quoted name (`"..."`) or a comment (`-- ...`, `/* ... */`,
//! which nest, as the parser has it).

/// Where a text stands at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Statement,
    Quotes(u8),
    Line,
    /// Comments within each other.
    Block(u32),
}

/// Takes the statements that are ended by a semicolon out of the beginning of `text`; what follows stays. Blanks around them and
/// empty ones are left out.
pub(super) fn take_whole(text: &mut String) -> Vec<String> {
    let ends = ends(text).0;
    let mut from = 0;
    let mut statements = Vec::new();
    for end in &ends {
        statements.extend(trimmed(&text[from..*end]));
        from = end + 1;
    }
    text.drain(..from);
    statements
}

/// What is left without a semicolon, if it is more than blanks and comments.
pub(super) fn rest(text: &str) -> Option<String> {
    let (_, holds_words) = ends(text);
    if holds_words { trimmed(text) } else { None }
}

fn trimmed(statement: &str) -> Option<String> {
    Some(statement.trim().to_owned()).filter(|statement| !statement.is_empty())
}

/// The places of the semicolons that end statements, and whether words follow the last one.
fn ends(text: &str) -> (Vec<usize>, bool) {
    let bytes = text.as_bytes();
    let (mut inside, mut ends, mut holds_words, mut at) = (Inside::Statement, Vec::new(), false, 0);
    while let Some(byte) = bytes.get(at) {
        let pair = (*byte, bytes.get(at + 1).copied().unwrap_or(0));
        let mut step = 1;
        inside = match (inside, pair) {
            (Inside::Statement, (b'-', b'-')) => Inside::Line,
            (Inside::Statement, (b'/', b'*')) => {
                step = 2;
                Inside::Block(1)
            }
            (Inside::Statement, (b';', _)) => {
                ends.push(at);
                holds_words = false;
                Inside::Statement
            }
            (Inside::Statement, (quote @ (b'\'' | b'"'), _)) => {
                holds_words = true;
                Inside::Quotes(quote)
            }
            (Inside::Statement, (other, _)) => {
                holds_words |= !other.is_ascii_whitespace();
                Inside::Statement
            }
            // A doubled quote ends the text and begins it again.
            (Inside::Quotes(quote), (byte, _)) if byte == quote => Inside::Statement,
            (Inside::Line, (b'\n', _)) => Inside::Statement,
            (Inside::Block(depth), (b'/', b'*')) => {
                step = 2;
                Inside::Block(depth + 1)
            }
            (Inside::Block(depth), (b'*', b'/')) => {
                step = 2;
                if depth == 1 { Inside::Statement } else { Inside::Block(depth - 1) }
            }
            (inside, _) => inside,
        };
        at += step;
    }
    (ends, holds_words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (Vec<String>, Option<String>) {
        let mut text = text.to_owned();
        let whole = take_whole(&mut text);
        (whole, rest(&text))
    }

    #[test]
    fn a_semicolon_ends_a_statement_but_not_in_texts_names_and_comments() {
        for (text, whole, left) in [
            ("", &[][..], None),
            (" ;; \n", &[], None),
            ("SELECT 1", &[], Some("SELECT 1")),
            ("SELECT 1; SELECT 2 ;\nSELECT 3", &["SELECT 1", "SELECT 2"], Some("SELECT 3")),
            ("SELECT ';', 'it''s;' AS \";\"; x", &["SELECT ';', 'it''s;' AS \";\""], Some("x")),
            ("SELECT 1 -- one; two\n+ 1;", &["SELECT 1 -- one; two\n+ 1"], None),
            ("SELECT /* a; /* b; */ c; */ 1;", &["SELECT /* a; /* b; */ c; */ 1"], None),
            ("-- nothing;", &[], None),
            ("SELECT 'open;", &[], Some("SELECT 'open;")),
            ("SELECT 4 / 2 - 1 * 3; é;", &["SELECT 4 / 2 - 1 * 3", "é"], None),
        ] {
            assert_eq!(
                taken(text),
                (whole.iter().map(ToString::to_string).collect(), left.map(str::to_owned)),
                "{text:?}"
            );
        }
    }
}
