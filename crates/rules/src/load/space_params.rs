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
    let mut strays: BTreeMap<(&str, Option<&str>), Stray> = BTreeMap::new();
    for space in spaces.values() {
        for (rule_name, params) in &space.params {
            let Some(read) = index.get(rule_name.as_str()).map(|index| &mut rules[*index]) else {
                if !declarations.has(rule_name) {
                    let hint = || did_you_mean(rule_name, declarations.names());
                    strays.entry((rule_name, None)).or_insert_with(|| Stray::of(space, hint())).spaces += 1;
                }
                continue;
            };
            let mut merged = read.rule.plans[0].params.clone();
            for (name, value) in params {
                if let Some(own) = merged.get_mut(name.as_str()) {
                    *own = *value;
                } else {
                    let hint = || did_you_mean(name, merged.keys().map(AsRef::as_ref));
                    strays.entry((rule_name, Some(name))).or_insert_with(|| Stray::of(space, hint())).spaces += 1;
                }
            }
            read.add_plan(&space.id, merged);
        }
    }
    found.extend(strays.into_iter().map(|((rule, param), stray)| stray.warning(rule, param)));
}

/// Parameters that fit nothing, told once however many spaces have them.
struct Stray {
    first: Arc<str>,
    spaces: usize,
    hint: Option<String>,
}

impl Stray {
    fn of(space: &Space, hint: Option<String>) -> Self {
        Self { first: Arc::clone(&space.id), spaces: 0, hint }
    }

    fn warning(self, rule: &str, param: Option<&str>) -> Diagnostic {
        let place = match self.spaces {
            1 => format!("space '{}'", self.first),
            spaces => format!("space '{}' and {} more", self.first, spaces - 1),
        };
        let message = match param {
            None => format!("{place}: parameters of '{rule}', which is no rule"),
            Some(name) => format!("{place}: rule '{rule}' has no parameter '{name}'"),
        };
        Diagnostic::warning("spaces", 0, 0, message).hint_opt(self.hint)
    }
}
