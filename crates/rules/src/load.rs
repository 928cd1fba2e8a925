//! Rule files into a [`RuleSet`], with every mistake of every file reported at once.

mod links;

mod space_params;

use crate::expr::check::Place;
use crate::fields::Fields;
use crate::kind::{RuleInput, RuleIx};
use crate::load::links::Declarations;
use crate::periods::Periods;
use crate::read_rule::around::Around;
use crate::read_rule::conditions::Written;
use crate::read_rule::rule::{ReadRule, read};
use crate::read_rule::warnings::covers;
use crate::spec::{Rule, RuleSet, neighbours};
use crate::yaml::{self, Node, Problems};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::control::{Control, SourceFile};
use vigie_model::diagnostic::Diagnostic;
use vigie_model::record::{Payload, Record};

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

/// The rules of a record of the log, if it is a control record.
///
/// # Errors
/// As [`load`].
pub fn rules_of(record: &Record) -> Result<Option<Arc<RuleSet>>, Vec<Diagnostic>> {
    match &record.payload {
        Payload::Control(control) => Ok(Some(load(control)?.rules)),
        _ => Ok(None),
    }
}

/// Loads the rules of a control record.
///
/// # Errors
/// All errors and warnings of all files, when there is at least one error.
pub fn load_with(control: &Control, options: LoadOptions) -> Result<Loaded, Vec<Diagnostic>> {
    let spaces = control.spaces.iter().map(|space| (Arc::clone(&space.id), space.clone())).collect();
    let neighbours = neighbours(&spaces);
    let zone = TimeZone::get(&control.time_zone);
    // Without a zone nothing will run, but everything else can still be checked.
    let zone_or_utc = zone.as_ref().map_or(TimeZone::UTC, Clone::clone);
    let periods = Periods::new(zone_or_utc, &control.calendars, &control.events, control.spaces.iter());
    let around = Around {
        centre: &control.centre,
        metrics: &control.metrics,
        spaces: &spaces,
        neighbours: &neighbours,
        periods: &periods,
        has_events: !control.events.is_empty(),
        creations: &control.creations,
        require_guidance: options.require_guidance,
    };
    let mut loader = Loader { around, files: Vec::new(), declarations: Declarations::default(), rules: Vec::new() };
    for source in &control.rules {
        loader.file(source);
    }
    let Loader { mut files, declarations, mut rules, .. } = loader;
    declarations.check(&mut files);
    let mut found: Vec<Diagnostic> = files.into_iter().flat_map(Problems::into_found).collect();
    let index: BTreeMap<_, _> =
        rules.iter().zip(0..).map(|(read, index)| (Arc::clone(&read.rule.identity.name), index)).collect();
    space_params::enter(&mut rules, &index, &declarations, &spaces, &mut found);
    if rules.len() > RULES_MAX {
        found.push(Diagnostic::error("rules", 0, 0, format!("more than {RULES_MAX} rules")));
    }
    if zone.is_err() {
        found.push(Diagnostic::error("centre", 0, 0, format!("unknown time zone '{}'", control.time_zone)));
    }
    match zone {
        Ok(zone) if !found.iter().any(Diagnostic::is_error) => {
            let rules = rules.into_iter().map(|read| entered(read, &index)).collect();
            let rules = RuleSet { centre: Arc::clone(&control.centre), zone, rules, spaces, neighbours, periods };
            Ok(Loaded { rules: Arc::new(rules), warnings: found })
        }
        _ => Err(found),
    }
}

/// The rule, with the rules it names entered; each is there, or loading had ended with an error.
fn entered(read: ReadRule, index: &BTreeMap<Arc<str>, RuleIx>) -> Rule {
    let ReadRule { mut rule, of, .. } = read;
    if let RuleInput::Rules(parts) = &mut rule.input {
        parts.extend(of.iter().map(|name| index[name]));
    }
    rule
}

struct Loader<'a> {
    around: Around<'a>,
    /// The files read so far; the last is the one being read.
    files: Vec<Problems>,
    declarations: Declarations,
    rules: Vec<ReadRule>,
}

impl Loader<'_> {
    fn file(&mut self, source: &SourceFile) {
        let mut problems = Problems::of(Arc::clone(&source.path));
        let root = yaml::read(&source.text, &mut problems);
        self.files.push(problems);
        let Some(root) = root else { return };
        let problems = self.problems();
        let Some(fields) = Fields::of(&root, "a rule file", problems) else { return };
        fields.missing("groups", "the file", problems);
        fields.only(&["groups"], "a rule file", problems);
        for group in fields.list("groups", problems) {
            self.group(group);
        }
    }

    fn group(&mut self, node: &Node) {
        let around = self.around;
        let problems = self.problems();
        let Some(fields) = Fields::of(node, "a group", problems) else { return };
        fields.only(&["name", "scope", "rules"], "a group", problems);
        fields.missing("name", "the group", problems);
        fields.missing("rules", "the group", problems);
        fields.text("name", problems);
        let scope = Written::read("scope", &fields, Place::Scope, problems);
        if let Some(Written { condition, .. }) = &scope
            && !around.spaces.is_empty()
            && !around.spaces.values().any(|space| covers(Some(condition), space))
        {
            problems.warning(fields.spot_of("scope"), "no declared space is in this scope").hint =
                Some("compare it with the spaces file".to_owned());
        }
        for node in fields.list("rules", problems) {
            let found = read(node, scope.as_ref(), around, self.problems());
            self.declarations.enter(&found, &mut self.files);
            self.rules.extend(found.rule);
        }
    }

    fn problems(&mut self) -> &mut Problems {
        self.files.last_mut().expect("a file is being read")
    }
}

#[cfg(test)]
mod tests;
