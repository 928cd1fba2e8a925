//! Exact evaluation of checked expressions.
//!
//! `&&` and `||` stop at the first operand that decides, so a guard such as `params.n != 0 && value / params.n > 3`
//! protects what follows it. A fault makes the whole condition false; the caller counts it.

use crate::expr::ratio::{Fault, Ratio};
use crate::expr::typed::{Arithmetic, Comparison, Condition, Number, Params, Text};
use vigie_model::decimal::MICROS_PER_UNIT;
use vigie_model::event::Incident;
use vigie_model::space::Space;

/// What an expression may ask about; the checker saw to it that it asks only for what its place provides.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    /// The value being judged.
    pub(crate) value: Option<Ratio>,
    /// Parameters in force.
    pub(crate) params: Option<&'a Params>,
    /// The space.
    pub(crate) space: Option<&'a Space>,
    /// The incident.
    pub(crate) incident: Option<&'a Incident>,
}

/// Whether a condition holds.
///
/// # Errors
/// The arithmetic fault met on the way.
pub(crate) fn holds(condition: &Condition, facts: &Facts<'_>) -> Result<bool, Fault> {
    Ok(match condition {
        Condition::Literal(truth) => *truth,
        Condition::Not(inner) => !holds(inner, facts)?,
        Condition::All(left, right) => holds(left, facts)? && holds(right, facts)?,
        Condition::Any(left, right) => holds(left, facts)? || holds(right, facts)?,
        Condition::Compare(comparison, left, right) => {
            compare(*comparison, number(left, facts)?, number(right, facts)?)
        }
        Condition::NumberIn(left, items) => {
            let left = number(left, facts)?;
            for item in items {
                if number(item, facts)? == left {
                    return Ok(true);
                }
            }
            false
        }
        Condition::TextIn(left, items) => {
            let left = text(left, facts)?;
            for item in items {
                if text(item, facts)? == left {
                    return Ok(true);
                }
            }
            false
        }
    })
}

/// The value of a number.
///
/// # Errors
/// The arithmetic fault met on the way.
pub(crate) fn number(number_expr: &Number, facts: &Facts<'_>) -> Result<Ratio, Fault> {
    match number_expr {
        Number::Literal(literal) => Ok(*literal),
        Number::Value => facts.value.ok_or(Fault::Unknown),
        Number::Param(name) => {
            let value = facts.params.and_then(|params| params.get(name)).ok_or(Fault::Unknown)?;
            Ratio::new(value.micros().into(), MICROS_PER_UNIT.into())
        }
        Number::Capacity => {
            let capacity = facts.space.and_then(|space| space.capacity).ok_or(Fault::Unknown)?;
            Ok(Ratio::whole(capacity.into()))
        }
        Number::Negated(inner) => number(inner, facts)?.negated(),
        Number::Arithmetic(arithmetic, left, right) => {
            let (left, right) = (number(left, facts)?, number(right, facts)?);
            match arithmetic {
                Arithmetic::Plus => left.plus(right),
                Arithmetic::Minus => left.minus(right),
                Arithmetic::Times => left.by(right),
                Arithmetic::Over => left.over(right),
            }
        }
    }
}

/// Whether two numbers compare as asked.
pub(crate) fn compare(comparison: Comparison, left: Ratio, right: Ratio) -> bool {
    match comparison {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
    }
}

fn text<'a>(text_expr: &'a Text, facts: &Facts<'a>) -> Result<&'a str, Fault> {
    let space = facts.space.ok_or(Fault::Unknown);
    let incident = facts.incident.ok_or(Fault::Unknown);
    Ok(match text_expr {
        Text::Literal(literal) => literal,
        Text::SpaceId => &space?.id,
        Text::SpaceName => &space?.name,
        Text::SpaceKind => &space?.kind,
        Text::SpaceDistrict => &space?.district,
        Text::IncidentCategory => &incident?.category,
        Text::IncidentSeverity => incident?.severity.as_str(),
        Text::IncidentChannel => &incident?.channel,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::check::{Place, condition};

    fn judged(text: &str, value: (i128, i128)) -> Result<bool, Fault> {
        let params = Params::from([("zero".into(), "0".parse().unwrap()), ("max".into(), "4.5".parse().unwrap())]);
        let value = Some(Ratio::new(value.0, value.1).unwrap());
        let condition = condition(text, Place::Verdict(&params)).unwrap();
        holds(&condition, &Facts { value, params: Some(&params), ..Facts::default() })
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!(judged("value == 3.5", (7, 2)), Ok(true));
        assert_eq!(judged("value == 7 / 2", (7, 2)), Ok(true));
        assert_eq!(judged("value * 3 == 1", (1, 3)), Ok(true));
        assert_eq!(judged("0.1 + 0.2 == value", (3, 10)), Ok(true));
        assert_eq!(judged("value > params.max - 0.5", (4, 1)), Ok(false));
        assert_eq!(judged("value in [1, 2, 4.50]", (9, 2)), Ok(true));
    }

    #[test]
    fn faults_surface_unless_a_guard_decides_first() {
        assert_eq!(judged("value / params.zero > 1", (1, 1)), Err(Fault::DivisionByZero));
        assert_eq!(judged("params.zero != 0 && value / params.zero > 1", (1, 1)), Ok(false));
        assert_eq!(judged("value * value > 1", (i128::MAX, 1)), Err(Fault::Overflow));
    }

    #[test]
    fn an_undeclared_capacity_is_a_fault() {
        let scope = condition("space.kind == 'square' && space.capacity > 10", Place::Scope).unwrap();
        let mut space = Space { kind: "square".to_owned(), ..Space::registered("a") };
        assert_eq!(holds(&scope, &Facts { space: Some(&space), ..Facts::default() }), Err(Fault::Unknown));
        space.capacity = Some(11);
        assert_eq!(holds(&scope, &Facts { space: Some(&space), ..Facts::default() }), Ok(true));
    }
}
