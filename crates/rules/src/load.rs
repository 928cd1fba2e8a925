//! Rule files into a [`RuleSet`], with every mistake of every file reported at once.

use crate::expr::check::{Place, condition};
use crate::expr::typed::Condition;
use crate::fields::Fields;
use crate::read_rule::{ReadRule, Surroundings, read, report};
use crate::spec::{RuleSet, neighbours};
use crate::yaml::{self, Node, Problems, Spot, Value};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::control::Control;
use vigie_model::diagnostic::{Diagnostic, did_you_mean};

/// The most rules of one rule set.
pub const RULES_MAX: usize = 10_000;

/// A rule set that can run, and what somebody should look at.
#[derive(Debug)]
pub struct Loaded {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Warnings, in the order of the files.
    pub warnings: Vec<Diagnostic>,
}

/// Settings that change what is a mistake.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions {
    /// Whether a rule without guidance is an error instead of a warning.
    pub require_guidance: bool,
}

/// Loads the rules of a control record; missing guidance is a warning.
///
/// # Errors
/// All errors and warnings of all files, when there is at least one error.
pub fn load(control: &Control) -> Result<Loaded, Vec<Diagnostic>> {
    load_with(control, LoadOptions::default())
}

/// Loads the rules of a control record.
///
/// # Errors
/// All errors and warnings of all files, when there is at least one error.
pub fn load_with(control: &Control, options: LoadOptions) -> Result<Loaded, Vec<Diagnostic>> {
    let around =
        Surroundings { centre: &control.centre, metrics: &control.metrics, require_guidance: options.require_guidance };
    let mut loader = Loader { around, rules: Vec::new(), names: BTreeMap::new(), found: Vec::new() };
    for source in &control.rules {
        let mut problems = Problems::of(Arc::clone(&source.path));
        if let Some(root) = yaml::read(&source.text, &mut problems) {
            loader.file(&root, &mut problems);
        }
        let mut found = problems.into_found();
        found.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        loader.found.extend(found);
    }
    loader.space_params(control);
    if loader.rules.len() > RULES_MAX {
        loader.found.push(Diagnostic::error("rules", 0, 0, format!("more than {RULES_MAX} rules")));
    }
    let Loader { rules, mut found, .. } = loader;
    let zone = TimeZone::get(&control.time_zone);
    if zone.is_err() {
        found.push(Diagnostic::error("centre", 0, 0, format!("unknown time zone '{}'", control.time_zone)));
    }
    match zone {
        Ok(zone) if !found.iter().any(Diagnostic::is_error) => {
            let spaces = control.spaces.iter().map(|space| (Arc::clone(&space.id), space.clone())).collect();
            let neighbours = neighbours(&spaces);
            let rules = rules.into_iter().map(|read| read.rule).collect();
            let rules = RuleSet { centre: Arc::clone(&control.centre), zone, rules, spaces, neighbours };
            Ok(Loaded { rules: Arc::new(rules), warnings: found })
        }
        _ => Err(found),
    }
}

struct Loader<'a> {
    around: Surroundings<'a>,
    rules: Vec<ReadRule>,
    /// Where each name was first given.
    names: BTreeMap<String, String>,
    found: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn file(&mut self, root: &Node, problems: &mut Problems) {
        let Some(fields) = Fields::of(root, "a rule file", problems) else { return };
        fields.missing("groups", "the file", problems);
        fields.only(&["groups"], "a rule file", problems);
        for group in fields.items("groups", problems) {
            self.group(group, problems);
        }
    }

    fn group(&mut self, node: &Node, problems: &mut Problems) {
        let Some(fields) = Fields::of(node, "a group", problems) else { return };
        fields.only(&["name", "scope", "rules"], "a group", problems);
        fields.missing("name", "the group", problems);
        fields.missing("rules", "the group", problems);
        fields.text("name", problems);
        let scope = scope(&fields, problems);
        for rule in fields.items("rules", problems) {
            self.check_name(rule, problems);
            self.rules.extend(read(rule, scope.as_ref(), self.around, problems));
        }
    }

    /// Names are unique over all groups of all files, also of rules that have other mistakes.
    fn check_name(&mut self, rule: &Node, problems: &mut Problems) {
        let mut unreported = Problems::of(Arc::clone(problems.file()));
        let Some(fields) = Fields::of(rule, "a rule", &mut unreported) else { return };
        let Some((name, node)) = fields.text("alert", &mut unreported) else { return };
        let Spot { line, column } = node.spot;
        let place = format!("{}:{line}:{column}", problems.file());
        if let Some(first) = self.names.get(name) {
            problems.error(node.spot, format!("there are two rules named '{name}'")).hint =
                Some(format!("the first stands at {first}"));
        } else {
            self.names.insert(name.to_owned(), place);
        }
    }

    /// Gives rules the parameters of spaces; names that fit nothing are warnings about the spaces file.
    fn space_params(&mut self, control: &Control) {
        for space in control.spaces.iter() {
            for (rule_name, params) in &space.params {
                let place = format!("space '{}'", space.id);
                let Some(read) = self.rules.iter_mut().find(|read| *read.rule.identity.name == **rule_name) else {
                    if !self.names.contains_key(rule_name) {
                        let message = format!("{place}: parameters of '{rule_name}', which is no rule");
                        let hint = did_you_mean(rule_name, self.names.keys().map(String::as_str));
                        self.found.push(Diagnostic::warning("spaces", 0, 0, message).hint_opt(hint));
                    }
                    continue;
                };
                let mut merged = read.rule.plans[0].params.clone();
                for (name, value) in params {
                    if let Some(own) = merged.get_mut(name.as_str()) {
                        *own = *value;
                    } else {
                        let message = format!("{place}: rule '{rule_name}' has no parameter '{name}'");
                        let hint = did_you_mean(name, merged.keys().map(AsRef::as_ref));
                        self.found.push(Diagnostic::warning("spaces", 0, 0, message).hint_opt(hint));
                    }
                }
                read.add_plan(&space.id, merged);
            }
        }
    }
}

fn scope(fields: &Fields<'_>, problems: &mut Problems) -> Option<(Condition, String)> {
    let (text, node) = fields.text("scope", problems)?;
    match condition(text, Place::Scope) {
        Ok(condition) => Some((condition, text.to_owned())),
        Err(error) => {
            report("scope", node, &error, problems);
            None
        }
    }
}

#[cfg(test)]
mod tests;
