//! Checked expressions: one type per kind of result, so that evaluating one cannot meet a wrong type.

use crate::expr::ratio::Ratio;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::decimal::Decimal;

/// Parameters of a rule by name.
pub(crate) type Params = BTreeMap<Arc<str>, Decimal>;

/// Something true or false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `true` or `false`.
    Literal(bool),
    /// `!a`.
    Not(Box<Condition>),
    /// `a && b`.
    All(Box<Condition>, Box<Condition>),
    /// `a || b`.
    Any(Box<Condition>, Box<Condition>),
    /// A comparison of numbers.
    Compare(Comparison, Number, Number),
    /// A number among others.
    NumberIn(Number, Vec<Number>),
    /// A string equal to one of several; `==` is a list of one.
    TextIn(Text, Vec<Text>),
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// Something with a numeric value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// As written.
    Literal(Ratio),
    /// The value being judged.
    Value,
    /// `params.NAME`; the checker saw that the rule declares it.
    Param(Arc<str>),
    /// `space.capacity`
    Capacity,
    /// `-a`
    Negated(Box<Number>),
    /// `a + b`, `a - b`, `a * b`, `a / b`
    Arithmetic(Arithmetic, Box<Number>, Box<Number>),
}

/// How two numbers combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Over,
}

/// Something with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// As written.
    Literal(Arc<str>),
    /// `space.id`
    SpaceId,
    /// `space.name`
    SpaceName,
    /// `space.kind`
    SpaceKind,
    /// `space.district`
    SpaceDistrict,
    /// `incident.category`
    IncidentCategory,
    /// `incident.severity`
    IncidentSeverity,
    /// `incident.channel`
    IncidentChannel,
}
