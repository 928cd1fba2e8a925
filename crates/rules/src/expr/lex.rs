//! Text of an expression into tokens, each with the byte offset at which it starts.

use crate::expr::ratio::Ratio;

/// The longest expression in bytes. Far beyond what anybody reads, and it bounds the depth of the parsed tree, so that
/// walking it by recursion is safe.
pub(crate) const EXPRESSION_BYTES_MAX: usize = 1024;
/// Most digits of a number, and the largest power of ten; both keep literals inside 128 bits.
const NUMBER_DIGITS_MAX: usize = 36;

/// One mistake in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExprError {
    /// Byte offset in the expression.
    pub(crate) offset: usize,
    /// What was found.
    pub(crate) message: String,
    /// What to do, or what would have been right.
    pub(crate) hint: Option<String>,
}

impl ExprError {
    /// A mistake without a hint.
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into(), hint: None }
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A number, exactly as written.
    Number(Ratio),
    /// A quoted string.
    Text(String),
    /// `value`, `params.max`, `true`, `in`.
    Word(String),
    /// An operator or bracket.
    Sign(&'static str),
    /// The end of the expression.
    End,
}

impl Token {
    /// How a message names the token.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Number(_) => "a number".to_owned(),
            Self::Text(_) => "a string".to_owned(),
            Self::Word(word) => format!("'{word}'"),
            Self::Sign(sign) => format!("'{sign}'"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Signs of the language; the longer of two that start alike stands first.
const SIGNS: [&str; 18] =
    ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "(", ")", "[", "]", ","];

/// Splits an expression into tokens; the last one is [`Token::End`].
///
/// # Errors
/// The first character that starts no token.
pub(crate) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ExprError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(ExprError::new(0, format!("expression longer than {EXPRESSION_BYTES_MAX} bytes")));
    }
    let mut found = Vec::new();
    let mut offset = 0;
    while let Some(first) = text[offset..].chars().next() {
        let rest = &text[offset..];
        let (length, token) = match first {
            c if c.is_whitespace() => {
                offset += c.len_utf8();
                continue;
            }
            '0'..='9' => number(rest, offset)?,
            '"' | '\'' => string(rest, first, offset)?,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end =
                    rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
                (end, Token::Word(rest[..end].to_owned()))
            }
            c => sign(rest, c, offset)?,
        };
        found.push((offset, token));
        offset += length;
    }
    found.push((text.len(), Token::End));
    Ok(found)
}

fn sign(rest: &str, first: char, offset: usize) -> Result<(usize, Token), ExprError> {
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok((sign.len(), Token::Sign(sign)));
    }
    let error = ExprError::new(offset, format!("unexpected character '{first}'"));
    Err(match first {
        '=' => error.hint("equality is written =="),
        '&' => error.hint("'and' is written &&"),
        '|' => error.hint("'or' is written ||"),
        '.' => error.hint("a number starts with a digit, as in 0.5"),
        _ => error,
    })
}

fn string(rest: &str, quote: char, offset: usize) -> Result<(usize, Token), ExprError> {
    let mut content = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            c if c == quote => return Ok((at + 1, Token::Text(content))),
            '\\' => match characters.next() {
                Some((_, escaped @ ('\\' | '"' | '\''))) => content.push(escaped),
                _ => {
                    return Err(ExprError::new(offset + at, "unknown escape").hint(r#"only \\, \" and \' are escapes"#));
                }
            },
            c => content.push(c),
        }
    }
    Err(ExprError::new(offset, "string without an end").hint(format!("close it with {quote}")))
}

fn number(rest: &str, offset: usize) -> Result<(usize, Token), ExprError> {
    let digits_end =
        |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| from + end);
    let whole_end = digits_end(0);
    let mut end = whole_end;
    let mut fraction = "";
    if rest[end..].starts_with('.') {
        end = digits_end(whole_end + 1);
        fraction = &rest[whole_end + 1..end];
        if fraction.is_empty() {
            return Err(ExprError::new(offset, "a number needs digits after its point"));
        }
    }
    if let Some(c) = rest[end..].chars().next().filter(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '.')) {
        let error = ExprError::new(offset + end, format!("unexpected '{c}' after a number"));
        return Err(error.hint("write numbers in full, without exponent or unit"));
    }
    let digits = format!("{}{fraction}", &rest[..whole_end]);
    if digits.len() > NUMBER_DIGITS_MAX {
        return Err(ExprError::new(offset, format!("a number has at most {NUMBER_DIGITS_MAX} digits")));
    }
    let numerator: i128 = digits.parse().expect("36 digits fit in 128 bits");
    let decimals = u32::try_from(fraction.len()).expect("at most 36 digits");
    let ratio = Ratio::new(numerator, 10_i128.pow(decimals)).expect("36 digits and a power of ten fit in 128 bits");
    Ok((end, Token::Number(ratio)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (usize, String) {
        let error = tokens(text).unwrap_err();
        (error.offset, format!("{}; {}", error.message, error.hint.unwrap_or_default()))
    }

    #[test]
    fn splits_into_located_tokens() {
        let found = tokens("value>=1.50 && !(a.b in ['x'])").unwrap();
        let offsets: Vec<_> = found.iter().map(|(offset, _)| *offset).collect();
        assert_eq!(offsets, [0, 5, 7, 12, 15, 16, 17, 21, 24, 25, 28, 29, 30]);
        assert_eq!(found[2].1, Token::Number(Ratio::new(3, 2).unwrap()));
        assert_eq!(found[9].1, Token::Text("x".to_owned()));
    }

    #[test]
    fn says_where_and_what_to_do() {
        assert_eq!(error("value = 3"), (6, "unexpected character '='; equality is written ==".to_owned()));
        assert_eq!(error("value > 3e5").0, 9);
        assert_eq!(error("a == 'x"), (5, "string without an end; close it with '".to_owned()));
        assert_eq!(
            error("value > 85dB").1,
            "unexpected 'd' after a number; write numbers in full, without exponent or unit"
        );
        assert_eq!(error(&"1".repeat(37)).1, "a number has at most 36 digits; ");
        assert_eq!(error(&" ".repeat(1025)).1, "expression longer than 1024 bytes; ");
    }
}
