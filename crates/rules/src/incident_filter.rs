//! Conditions on incidents outside of rules, in the same words: which of them a backtest takes as the truth.

use crate::expr::check::{Place, condition};
use crate::expr::eval::{Facts, holds};
use crate::expr::typed::Condition;
use vigie_model::event::Incident;

/// A checked condition on an incident.
#[derive(Clone, Debug)]
pub struct IncidentFilter(Condition);

impl IncidentFilter {
    /// Reads a condition as `incident` of a rule: `incident.category == "theft"`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let checked = condition(text, Place::Incident);
        checked.map(Self).map_err(|error| {
            let hint = error.hint.map_or(String::new(), |hint| format!("; {hint}"));
            format!(
                "at character {}: {}{hint}",
                text[..error.offset.min(text.len())].chars().count() + 1,
                error.message
            )
        })
    }

    /// Whether the condition holds for an incident.
    #[must_use]
    pub fn holds(&self, incident: &Incident) -> bool {
        holds(&self.0, &Facts { incident: Some(incident), ..Facts::default() }).unwrap_or(false)
    }
}
