//! Tokens into a syntax tree, by recursive descent with one function per level of precedence:
//! `||`, then `&&`, then one comparison, then `+ -`, then `* /`, then `! -`, then brackets, names and literals.
//!
//! Comparisons do not chain: `1 < value < 3` is a mistake with a hint, not a surprise.

use crate::expr::lex::{ExprError, Token, tokens};
use crate::expr::ratio::Ratio;

/// The deepest nesting of brackets, lists and unary operators.
pub(crate) const EXPRESSION_DEPTH_MAX: usize = 64;

/// A node of the syntax tree, with its byte offset in the expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Where it starts; for an operator, where the operator stands.
    pub(crate) offset: usize,
    /// What it is.
    pub(crate) node: SyntaxNode,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SyntaxNode {
    /// A number.
    Number(Ratio),
    /// A string.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A dotted name.
    Name(String),
    /// A bracketed list.
    List(Vec<Syntax>),
    /// `!` or `-`.
    Unary(&'static str, Box<Syntax>),
    /// Every other operator.
    Binary(&'static str, Box<Syntax>, Box<Syntax>),
}

/// Parses a whole expression.
///
/// # Errors
/// The first place where the text stops being an expression.
pub(crate) fn parse(text: &str) -> Result<Syntax, ExprError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    if *parser.peek() == Token::End {
        return Err(ExprError::new(0, "empty expression").hint("write a condition, as in value > 10"));
    }
    let syntax = parser.any_of()?;
    match parser.peek() {
        Token::End => Ok(syntax),
        token => {
            let error =
                ExprError::new(parser.offset(), format!("unexpected {} after the expression", token.describe()));
            Err(error.hint(match token {
                Token::Word(word) if word == "and" => "'and' is written &&",
                Token::Word(word) if word == "or" => "'or' is written ||",
                _ => "expected an operator or the end",
            }))
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].1
    }

    fn offset(&self) -> usize {
        self.tokens[self.next].0
    }

    /// Steps over the next token; the end stays where it is.
    fn advance(&mut self) {
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    /// Steps over the next sign if it is one of `signs`.
    fn take(&mut self, signs: &[&'static str]) -> Option<(usize, &'static str)> {
        let offset = self.offset();
        match self.peek() {
            Token::Sign(sign) if signs.contains(sign) => {
                let sign = *sign;
                self.advance();
                Some((offset, sign))
            }
            _ => None,
        }
    }

    fn any_of(&mut self) -> Result<Syntax, ExprError> {
        self.left_associative(&["||"], Self::all_of)
    }

    fn all_of(&mut self) -> Result<Syntax, ExprError> {
        self.left_associative(&["&&"], Self::comparison)
    }

    fn comparison(&mut self) -> Result<Syntax, ExprError> {
        let left = self.sum()?;
        let Some((offset, operator)) = self.take_comparison() else { return Ok(left) };
        let right = self.sum()?;
        if let Some((offset, _)) = self.take_comparison() {
            return Err(ExprError::new(offset, "comparisons do not chain").hint("join two comparisons with &&"));
        }
        Ok(Syntax { offset, node: SyntaxNode::Binary(operator, Box::new(left), Box::new(right)) })
    }

    fn take_comparison(&mut self) -> Option<(usize, &'static str)> {
        if matches!(self.peek(), Token::Word(word) if word == "in") {
            let offset = self.offset();
            self.advance();
            return Some((offset, "in"));
        }
        self.take(&["==", "!=", "<=", ">=", "<", ">"])
    }

    fn sum(&mut self) -> Result<Syntax, ExprError> {
        self.left_associative(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Result<Syntax, ExprError> {
        self.left_associative(&["*", "/"], Self::unary)
    }

    fn left_associative(
        &mut self,
        signs: &[&'static str],
        operand: fn(&mut Self) -> Result<Syntax, ExprError>,
    ) -> Result<Syntax, ExprError> {
        let mut left = operand(self)?;
        while let Some((offset, operator)) = self.take(signs) {
            let right = operand(self)?;
            left = Syntax { offset, node: SyntaxNode::Binary(operator, Box::new(left), Box::new(right)) };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Syntax, ExprError> {
        match self.take(&["!", "-"]) {
            Some((offset, operator)) => {
                let operand = self.deeper(offset, Self::unary)?;
                Ok(Syntax { offset, node: SyntaxNode::Unary(operator, Box::new(operand)) })
            }
            None => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<Syntax, ExprError> {
        let offset = self.offset();
        let node = match self.peek().clone() {
            Token::Number(number) => SyntaxNode::Number(number),
            Token::Text(text) => SyntaxNode::Text(text),
            Token::Word(word) => match word.as_str() {
                "true" => SyntaxNode::Bool(true),
                "false" => SyntaxNode::Bool(false),
                "not" => return Err(ExprError::new(offset, "unexpected 'not'").hint("'not' is written !")),
                _ => SyntaxNode::Name(word),
            },
            Token::Sign("(") => {
                self.advance();
                let inner = self.deeper(offset, Self::any_of)?;
                self.close(")", offset)?;
                return Ok(inner);
            }
            Token::Sign("[") => {
                self.advance();
                return self.list(offset);
            }
            token => {
                let error = ExprError::new(offset, format!("unexpected {}", token.describe()));
                return Err(error.hint("expected a name, a number, a string or ("));
            }
        };
        self.advance();
        Ok(Syntax { offset, node })
    }

    fn list(&mut self, offset: usize) -> Result<Syntax, ExprError> {
        let mut items = Vec::new();
        loop {
            items.push(self.deeper(offset, Self::sum)?);
            if self.take(&[","]).is_none() {
                break;
            }
        }
        self.close("]", offset)?;
        Ok(Syntax { offset, node: SyntaxNode::List(items) })
    }

    fn close(&mut self, sign: &'static str, opened: usize) -> Result<(), ExprError> {
        if self.take(&[sign]).is_some() {
            return Ok(());
        }
        let error = ExprError::new(self.offset(), format!("unexpected {}", self.peek().describe()));
        Err(error.hint(format!("expected '{sign}' for the bracket opened at character {}", opened + 1)))
    }

    fn deeper(
        &mut self,
        offset: usize,
        parse: fn(&mut Self) -> Result<Syntax, ExprError>,
    ) -> Result<Syntax, ExprError> {
        if self.depth == EXPRESSION_DEPTH_MAX {
            return Err(ExprError::new(offset, format!("nested deeper than {EXPRESSION_DEPTH_MAX} levels")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with explicit brackets.
    fn shape(syntax: &Syntax) -> String {
        match &syntax.node {
            SyntaxNode::Number(number) if number.denominator() == 1 => number.numerator().to_string(),
            SyntaxNode::Number(number) => format!("{}/{}", number.numerator(), number.denominator()),
            SyntaxNode::Text(text) => format!("'{text}'"),
            SyntaxNode::Bool(truth) => truth.to_string(),
            SyntaxNode::Name(name) => name.clone(),
            SyntaxNode::List(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(" ")),
            SyntaxNode::Unary(operator, operand) => format!("({operator}{})", shape(operand)),
            SyntaxNode::Binary(operator, left, right) => format!("({} {operator} {})", shape(left), shape(right)),
        }
    }

    fn error(text: &str) -> (usize, String) {
        let error = parse(text).unwrap_err();
        (error.offset, format!("{}; {}", error.message, error.hint.unwrap_or_default()))
    }

    #[test]
    fn binds_as_people_expect() {
        let shape = |text| shape(&parse(text).unwrap());
        assert_eq!(shape("value > 1 + 2 * 3 - 4"), "(value > ((1 + (2 * 3)) - 4))");
        assert_eq!(shape("a == 1 || b == 2 && !(c == 3)"), "((a == 1) || ((b == 2) && (!(c == 3))))");
        assert_eq!(shape("space.kind in ['a', \"b\"]"), "(space.kind in ['a' 'b'])");
        assert_eq!(shape("-value / 2 / 5 < --3"), "((((-value) / 2) / 5) < (-(-3)))");
    }

    #[test]
    fn says_where_it_stopped() {
        assert_eq!(error("1 < value < 3"), (10, "comparisons do not chain; join two comparisons with &&".to_owned()));
        assert_eq!(error("value > "), (8, "unexpected the end; expected a name, a number, a string or (".to_owned()));
        assert_eq!(
            error("value > 1 and value < 3"),
            (10, "unexpected 'and' after the expression; 'and' is written &&".to_owned())
        );
        assert_eq!(error("(value > 1").1, "unexpected the end; expected ')' for the bracket opened at character 1");
        assert_eq!(error(&"(".repeat(1000)), (64, "nested deeper than 64 levels; ".to_owned()));
        assert_eq!(error("").0, 0);
    }
}
