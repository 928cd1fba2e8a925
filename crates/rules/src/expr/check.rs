//! Syntax into checked expressions: every name must exist where the expression stands, every operator must fit its
//! operands. What passes here can no longer fail by type, only by arithmetic.

use crate::expr::lex::ExprError;
use crate::expr::parse::{Syntax, SyntaxNode, parse};
use crate::expr::typed::{Arithmetic, Comparison, Condition, Number, Params, Text};
use vigie_model::diagnostic::did_you_mean;

/// Where an expression stands, which decides what it may name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// `raise` and `clear`: `value` and the rule's parameters.
    Verdict(&'a Params),
    /// `scope`: attributes of the space.
    Scope,
    /// `incident`: attributes of the incident.
    Incident,
}

const SPACE_NAMES: [&str; 5] = ["space.id", "space.name", "space.kind", "space.district", "space.capacity"];
const INCIDENT_NAMES: [&str; 3] = ["incident.category", "incident.severity", "incident.channel"];

/// Parses and checks a condition.
///
/// # Errors
/// The first mistake.
pub(crate) fn condition(text: &str, place: Place<'_>) -> Result<Condition, ExprError> {
    let checker = Checker { place };
    let syntax = parse(text)?;
    match checker.typed(&syntax)? {
        Typed::Condition(condition) => Ok(condition),
        other => {
            let error = ExprError::new(0, format!("a condition is true or false, this is {}", other.describe()));
            Err(error.hint("compare it with something"))
        }
    }
}

/// A checked expression of any type.
enum Typed {
    Condition(Condition),
    Number(Number),
    Text(Text),
}

impl Typed {
    const fn describe(&self) -> &'static str {
        match self {
            Self::Condition(_) => "a condition",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
        }
    }
}

struct Checker<'a> {
    place: Place<'a>,
}

impl Checker<'_> {
    fn typed(&self, syntax: &Syntax) -> Result<Typed, ExprError> {
        Ok(match &syntax.node {
            SyntaxNode::Number(number) => Typed::Number(Number::Literal(*number)),
            SyntaxNode::Text(text) => Typed::Text(Text::Literal(text.as_str().into())),
            SyntaxNode::Bool(truth) => Typed::Condition(Condition::Literal(*truth)),
            SyntaxNode::Name(name) => self.name(name, syntax.offset)?,
            SyntaxNode::List(_) => {
                return Err(ExprError::new(syntax.offset, "a list stands only to the right of 'in'"));
            }
            SyntaxNode::Unary("!", operand) => Typed::Condition(Condition::Not(Box::new(self.truth(operand, "!")?))),
            SyntaxNode::Unary(_, operand) => Typed::Number(Number::Negated(Box::new(self.number(operand, "-")?))),
            SyntaxNode::Binary(operator, left, right) => self.binary(operator, left, right, syntax.offset)?,
        })
    }

    fn binary(&self, operator: &str, left: &Syntax, right: &Syntax, offset: usize) -> Result<Typed, ExprError> {
        let arithmetic = match operator {
            "&&" => return Ok(Typed::Condition(self.both(Condition::All, operator, left, right)?)),
            "||" => return Ok(Typed::Condition(self.both(Condition::Any, operator, left, right)?)),
            "in" => return Ok(Typed::Condition(self.membership(left, right)?)),
            "+" => Arithmetic::Plus,
            "-" => Arithmetic::Minus,
            "*" => Arithmetic::Times,
            "/" => Arithmetic::Over,
            _ => return Ok(Typed::Condition(self.comparison(operator, left, right, offset)?)),
        };
        let (left, right) = (self.number(left, operator)?, self.number(right, operator)?);
        Ok(Typed::Number(Number::Arithmetic(arithmetic, Box::new(left), Box::new(right))))
    }

    fn both(
        &self,
        join: fn(Box<Condition>, Box<Condition>) -> Condition,
        operator: &str,
        left: &Syntax,
        right: &Syntax,
    ) -> Result<Condition, ExprError> {
        Ok(join(Box::new(self.truth(left, operator)?), Box::new(self.truth(right, operator)?)))
    }

    fn comparison(&self, operator: &str, left: &Syntax, right: &Syntax, offset: usize) -> Result<Condition, ExprError> {
        match (self.typed(left)?, self.typed(right)?) {
            (Typed::Number(left), Typed::Number(right)) => {
                let comparison = match operator {
                    "<" => Comparison::Less,
                    "<=" => Comparison::LessOrEqual,
                    ">" => Comparison::Greater,
                    ">=" => Comparison::GreaterOrEqual,
                    "==" => Comparison::Equal,
                    _ => Comparison::NotEqual,
                };
                Ok(Condition::Compare(comparison, left, right))
            }
            (Typed::Text(left), Typed::Text(right)) => match operator {
                "==" => Ok(Condition::TextIn(left, vec![right])),
                "!=" => Ok(Condition::Not(Box::new(Condition::TextIn(left, vec![right])))),
                _ => Err(ExprError::new(offset, format!("strings have no order, so '{operator}' does not apply"))
                    .hint("use ==, != or in")),
            },
            (left, right) => {
                let message = format!("'{operator}' cannot compare {} with {}", left.describe(), right.describe());
                Err(ExprError::new(offset, message).hint("compare numbers with numbers and strings with strings"))
            }
        }
    }

    fn membership(&self, left: &Syntax, right: &Syntax) -> Result<Condition, ExprError> {
        let SyntaxNode::List(items) = &right.node else {
            return Err(ExprError::new(right.offset, "'in' needs a list")
                .hint("write it in brackets, as in ['square', 'park']"));
        };
        match self.typed(left)? {
            Typed::Number(number) => {
                let items = items.iter().map(|item| self.number(item, "in")).collect::<Result<_, _>>()?;
                Ok(Condition::NumberIn(number, items))
            }
            Typed::Text(text) => {
                let items = items.iter().map(|item| self.text(item)).collect::<Result<_, _>>()?;
                Ok(Condition::TextIn(text, items))
            }
            Typed::Condition(_) => Err(ExprError::new(left.offset, "'in' needs a number or a string on its left")),
        }
    }

    fn truth(&self, syntax: &Syntax, operator: &str) -> Result<Condition, ExprError> {
        match self.typed(syntax)? {
            Typed::Condition(condition) => Ok(condition),
            other => Err(mismatch(syntax, operator, "conditions", other.describe())),
        }
    }

    fn number(&self, syntax: &Syntax, operator: &str) -> Result<Number, ExprError> {
        match self.typed(syntax)? {
            Typed::Number(number) => Ok(number),
            other => Err(mismatch(syntax, operator, "numbers", other.describe())),
        }
    }

    fn text(&self, syntax: &Syntax) -> Result<Text, ExprError> {
        match self.typed(syntax)? {
            Typed::Text(text) => Ok(text),
            other => Err(mismatch(syntax, "in", "strings here", other.describe())),
        }
    }

    fn name(&self, name: &str, offset: usize) -> Result<Typed, ExprError> {
        let known: Vec<String> = match self.place {
            Place::Verdict(params) => {
                if name == "value" {
                    return Ok(Typed::Number(Number::Value));
                }
                if let Some((param, _)) = name.strip_prefix("params.").and_then(|param| params.get_key_value(param)) {
                    return Ok(Typed::Number(Number::Param(param.clone())));
                }
                let params = params.keys().map(|param| format!("params.{param}"));
                std::iter::once("value".to_owned()).chain(params).collect()
            }
            Place::Scope => {
                if let Some(typed) = space_name(name) {
                    return Ok(typed);
                }
                SPACE_NAMES.map(str::to_owned).to_vec()
            }
            Place::Incident => {
                if let Some(text) = incident_name(name) {
                    return Ok(Typed::Text(text));
                }
                INCIDENT_NAMES.map(str::to_owned).to_vec()
            }
        };
        let error = ExprError::new(offset, format!("unknown name '{name}'"));
        let near = did_you_mean(name, known.iter().map(String::as_str));
        Err(error.hint(near.unwrap_or_else(|| format!("known here: {}", known.join(", ")))))
    }
}

fn space_name(name: &str) -> Option<Typed> {
    Some(match name {
        "space.id" => Typed::Text(Text::SpaceId),
        "space.name" => Typed::Text(Text::SpaceName),
        "space.kind" => Typed::Text(Text::SpaceKind),
        "space.district" => Typed::Text(Text::SpaceDistrict),
        "space.capacity" => Typed::Number(Number::Capacity),
        _ => return None,
    })
}

fn incident_name(name: &str) -> Option<Text> {
    Some(match name {
        "incident.category" => Text::IncidentCategory,
        "incident.severity" => Text::IncidentSeverity,
        "incident.channel" => Text::IncidentChannel,
        _ => return None,
    })
}

fn mismatch(syntax: &Syntax, operator: &str, expected: &str, found: &str) -> ExprError {
    ExprError::new(syntax.offset, format!("'{operator}' needs {expected}, this is {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::decimal::Decimal;

    fn error(text: &str, place: Place<'_>) -> (usize, String) {
        let error = condition(text, place).unwrap_err();
        (error.offset, format!("{}; {}", error.message, error.hint.unwrap_or_default()))
    }

    #[test]
    fn every_place_has_its_names() {
        let params = Params::from([("max".into(), Decimal::from_micros(4))]);
        assert!(condition("value > params.max - 0.5 && !(value == 3)", Place::Verdict(&params)).is_ok());
        assert!(condition("space.kind in ['square'] && space.capacity > 100", Place::Scope).is_ok());
        assert!(condition("incident.category == 'theft' || incident.channel != 'app'", Place::Incident).is_ok());
        let found = error("value > params.mx", Place::Verdict(&params));
        assert_eq!(found, (8, "unknown name 'params.mx'; did you mean 'params.max'?".to_owned()));
        assert_eq!(
            error("value > 1", Place::Scope).1,
            "unknown name 'value'; known here: space.id, space.name, space.kind, space.district, space.capacity"
        );
    }

    #[test]
    fn operators_fit_their_operands() {
        let params = Params::new();
        let error = |text| error(text, Place::Verdict(&params));
        assert_eq!(error("value + 1").1, "a condition is true or false, this is a number; compare it with something");
        assert_eq!(
            error("value > 'a'").1,
            "'>' cannot compare a number with a string; compare numbers with numbers and strings with strings"
        );
        assert_eq!(
            error("'a' < 'b'"),
            (4, "strings have no order, so '<' does not apply; use ==, != or in".to_owned())
        );
        assert_eq!(error("value in 3").1, "'in' needs a list; write it in brackets, as in ['square', 'park']");
        assert_eq!(error("value > 1 && value"), (13, "'&&' needs conditions, this is a number; ".to_owned()));
        assert_eq!(error("-'a' > 1").1, "'-' needs numbers, this is a string; ");
        assert_eq!(error("[1] == 1").1, "a list stands only to the right of 'in'; ");
    }
}
