//! Conditions over `value` and `params`, as trees, and their text in rule files.

use crate::ratio::Ratio;
use std::collections::BTreeMap;
use std::fmt;
use vigie_model::decimal::Decimal;

/// Parameters in force, in millionths.
pub(crate) type Params = BTreeMap<String, i64>;

/// A number in a condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Number {
    /// A literal, in millionths.
    Literal(i64),
    /// The value judged.
    Value,
    /// `params.NAME`.
    Param(String),
    /// Two numbers and the sign between them: one of `+ - * /`.
    Arithmetic(Box<Number>, char, Box<Number>),
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// Two numbers and one of `== != < <= > >=`.
    Compare(Number, String, Number),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    /// `value OP limit`, the limit in millionths.
    pub(crate) fn value(operator: &str, limit: i64) -> Self {
        Self::Compare(Number::Value, operator.to_owned(), Number::Literal(limit))
    }

    /// Whether it holds; a division by zero that is met makes the whole of it false.
    pub(crate) fn holds(&self, value: Ratio, params: &Params) -> bool {
        self.tried(value, params).unwrap_or(false)
    }

    fn tried(&self, value: Ratio, params: &Params) -> Option<bool> {
        Some(match self {
            Self::Not(inner) => !inner.tried(value, params)?,
            Self::And(one, other) => one.tried(value, params)? && other.tried(value, params)?,
            Self::Or(one, other) => one.tried(value, params)? || other.tried(value, params)?,
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.tried(value, params)?, right.tried(value, params)?);
                match operator.as_str() {
                    "==" => left == right,
                    "!=" => left != right,
                    "<" => left < right,
                    "<=" => left <= right,
                    ">" => left > right,
                    ">=" => left >= right,
                    other => panic!("no comparison: {other}"),
                }
            }
        })
    }
}

impl Number {
    /// A number of whole units.
    pub(crate) fn units(units: i64) -> Self {
        Self::Literal(units * 1_000_000)
    }

    fn tried(&self, value: Ratio, params: &Params) -> Option<Ratio> {
        match self {
            Self::Literal(micros) => Some(Ratio::of_micros(i128::from(*micros))),
            Self::Value => Some(value),
            Self::Param(name) => Some(Ratio::of_micros(i128::from(params[name]))),
            Self::Arithmetic(left, sign, right) => {
                let (left, right) = (left.tried(value, params)?, right.tried(value, params)?);
                match sign {
                    '+' => Some(left.plus(right)),
                    '-' => Some(left.minus(right)),
                    '*' => Some(left.times(right)),
                    _ => left.over(right),
                }
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(micros) => write!(f, "{}", Decimal::from_micros(*micros)),
            Self::Value => write!(f, "value"),
            Self::Param(name) => write!(f, "params.{name}"),
            Self::Arithmetic(left, sign, right) => write!(f, "({left} {sign} {right})"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(left, operator, right) => write!(f, "{left} {operator} {right}"),
            Self::Not(inner) => write!(f, "!({inner})"),
            Self::And(one, other) => write!(f, "({one}) && ({other})"),
            Self::Or(one, other) => write!(f, "({one}) || ({other})"),
        }
    }
}
