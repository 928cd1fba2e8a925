//! Parameters that spaces give to rules.

use crate::kind::RuleIx;
use crate::load::links::Declarations;
use crate::read_rule::rule::ReadRule;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::diagnostic::{Diagnostic, did_you_mean};
use vigie_model::space::Space;

/// Gives rules the parameters of spaces; names that fit nothing are warnings about the spaces file.
pub(crate) fn enter(
    rules: &mut [ReadRule],
    index: &BTreeMap<Arc<str>, RuleIx>,
    declarations: &Declarations,
    spaces: &BTreeMap<Arc<str>, Space>,
    found: &mut Vec<Diagnostic>,
) {
    let mut warn = |message: String, hint| found.push(Diagnostic::warning("spaces", 0, 0, message).hint_opt(hint));
    for space in spaces.values() {
        let place = format!("space '{}'", space.id);
        for (rule_name, params) in &space.params {
            let Some(read) = index.get(rule_name.as_str()).map(|index| &mut rules[*index]) else {
                if !declarations.has(rule_name) {
                    let hint = did_you_mean(rule_name, declarations.names());
                    warn(format!("{place}: parameters of '{rule_name}', which is no rule"), hint);
                }
                continue;
            };
            let mut merged = read.rule.plans[0].params.clone();
            for (name, value) in params {
                if let Some(own) = merged.get_mut(name.as_str()) {
                    *own = *value;
                } else {
                    let hint = did_you_mean(name, merged.keys().map(AsRef::as_ref));
                    warn(format!("{place}: rule '{rule_name}' has no parameter '{name}'"), hint);
                }
            }
            read.add_plan(&space.id, merged);
        }
    }
}
