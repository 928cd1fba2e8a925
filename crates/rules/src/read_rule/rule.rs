//! The rule at a node of a file.

use crate::expr::check::Place;
use crate::expr::fold::Folded;
use crate::expr::interval::Match;
use crate::expr::typed::{Condition, Params};
use crate::fields::Fields;
use crate::kind::{Delays, Per};
use crate::kind_fields::{self, KindWord};
use crate::read_rule::around::Around;
use crate::read_rule::conditions::Written;
use crate::read_rule::figures::{Known, figures};
use crate::read_rule::modifiers::Modifiers;
use crate::read_rule::sources::{Inputs, Reference};
use crate::read_rule::summary::summary;
use crate::spec::{Plan, Rule};
use crate::yaml::{Node, Problems, Spot, Value};
use std::sync::Arc;
use vigie_model::alert::{RuleIdentity, rule_uid};
use vigie_model::id::{check_id, hashed_id};

/// How long an episode of a sequence goes on when the rule does not say.
const SEQUENCE_OFF_DELAY_MS_DEFAULT: i64 = 300_000;
/// Digits of a rule's version.
const VERSION_DIGITS: usize = 16;

/// What stands at a node of a rule file, as far as it can be understood.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    /// Its name and where that stands.
    pub(crate) name: Option<(&'a str, Spot)>,
    /// Its kind.
    pub(crate) kind: Option<KindWord>,
    /// The rules it names.
    pub(crate) references: Vec<Reference>,
    /// The rule, when it can run once the rules it names are entered.
    pub(crate) rule: Option<ReadRule>,
}

/// A rule with the conditions its space-specific plans are folded from.
#[derive(Debug)]
pub(crate) struct ReadRule {
    /// The rule, with the plan of its own parameters.
    pub(crate) rule: Rule,
    /// Names of the rules it is made of.
    pub(crate) of: Vec<Arc<str>>,
    conditions: Conditions,
}

impl ReadRule {
    /// Adds the plan of a space whose parameters differ.
    pub(crate) fn add_plan(&mut self, space: &Arc<str>, params: Params) {
        self.rule.plan_of_space.insert(Arc::clone(space), self.rule.plans.len());
        self.rule.plans.push(self.conditions.plan(params));
    }
}

/// The conditions of a rule, before parameters are folded in.
#[derive(Debug)]
struct Conditions {
    /// `raise`; absent for kinds that have none.
    raise: Option<Condition>,
    /// `clear`
    clear: Option<Condition>,
    /// `match` of each source.
    matches: Vec<Option<Condition>>,
}

impl Conditions {
    fn plan(&self, params: Params) -> Plan {
        let folded = |condition: &Condition| Folded::new(condition, &params);
        let raise = self.raise.as_ref().map_or(Folded::Constant(false), folded);
        let clear = self.clear.as_ref().map(folded);
        let matches = self.matches.iter().map(|condition| condition.as_ref().map(folded).map(Match::new)).collect();
        Plan { params, raise, clear, matches }
    }
}

/// Reads what stands at `node`; all mistakes go to `problems`.
pub(crate) fn read<'a>(
    node: &'a Node,
    scope: Option<&Written>,
    around: Around<'_>,
    problems: &mut Problems,
) -> Found<'a> {
    let Some(fields) = Fields::of(node, "a rule", problems) else { return Found::default() };
    let name = name(&fields, problems);
    let kind = kind_fields::kind(&fields, problems);
    kind_fields::check_names(kind, &fields, problems);
    let params = fields.numbers("params", problems);
    let modifiers = Modifiers::read(&fields, around, problems);
    let of = kind.map_or_else(Vec::new, |kind| of(kind, &fields, problems));
    let inhibited_by = Reference::read("inhibited_by", &fields, problems);
    let references = of.iter().chain(&inhibited_by).cloned().collect();
    let rule = kind.and_then(|kind| {
        let version = version(node, scope);
        let context = Context { kind, of: &of, inhibited_by, version, scope, around };
        context.rule(name, params, modifiers, &fields, problems)
    });
    Found { name, kind, references, rule }
}

/// What `read` found before it came to the figures.
struct Context<'a> {
    kind: KindWord,
    of: &'a [Reference],
    inhibited_by: Vec<Reference>,
    version: String,
    scope: Option<&'a Written>,
    around: Around<'a>,
}

impl Context<'_> {
    fn rule(
        self,
        name: Option<(&str, Spot)>,
        params: Params,
        modifiers: Modifiers,
        fields: &Fields<'_>,
        problems: &mut Problems,
    ) -> Option<ReadRule> {
        let Self { kind: word, of, inhibited_by, version, scope, around } = self;
        let inputs = Inputs::read(word, fields, of, &params, around, problems);
        let per = per(word, fields, problems);
        let delays = delays(word, fields, problems);
        let scope = scope.map(|scope| &scope.condition);
        let known = Known { hold_ms: delays.hold_ms, inputs: inputs.as_ref(), scope, around };
        let kind = figures(word, &known, fields, problems);
        let [raise, clear] = match word.has_raise() {
            true => {
                fields.missing("raise", "the rule", problems);
                ["raise", "clear"].map(|name| Written::read(name, fields, Place::Verdict(&params), problems))
            }
            false => [None, None],
        };
        let summary = summary(word, per, fields, &params, problems);
        let (Some((name, _)), Some(inputs), Some(per), Some(kind)) = (name, inputs, per, kind) else { return None };
        let Inputs { input, matches, words: metric } = inputs;
        let (match_texts, matches) = matches.into_iter().map(parts).unzip();
        let (raise_text, raise) = parts(raise);
        let (clear_text, clear) = parts(clear);
        let conditions = Conditions { raise, clear, matches };
        let Modifiers { active, severity, escalate, shadow, guidance, procedure } = modifiers;
        let creation = around.creations.get(name).copied().unwrap_or(0);
        let identity = RuleIdentity {
            name: name.into(),
            uid: rule_uid(around.centre, name, creation).into(),
            version: version.into(),
            severity,
            shadow,
            inhibited_by: inhibited_by.into_iter().map(|reference| reference.name).collect(),
            guidance,
            procedure,
        };
        let rule = Rule {
            identity: Arc::new(identity),
            kind,
            per,
            input,
            scope: scope.cloned(),
            active,
            delays,
            escalate,
            raise: raise_text.unwrap_or_default(),
            clear: clear_text,
            matches: match_texts,
            plans: vec![conditions.plan(params)],
            plan_of_space: [].into(),
            summary,
            metric,
        };
        Some(ReadRule { rule, of: of.iter().map(|reference| Arc::clone(&reference.name)).collect(), conditions })
    }
}

/// The text and the meaning of a condition.
fn parts(written: Option<Written>) -> (Option<String>, Option<Condition>) {
    written.map_or((None, None), |Written { condition, text }| (Some(text), Some(condition)))
}

fn name<'a>(fields: &Fields<'a>, problems: &mut Problems) -> Option<(&'a str, Spot)> {
    fields.missing("alert", "the rule", problems);
    let (name, node) = fields.text("alert", problems)?;
    if let Err(error) = check_id(name) {
        problems.error(node.spot, format!("the name of the rule {error}"));
    }
    Some((name, node.spot))
}

/// The rules a composite or a spread is made of; their number is checked here.
fn of(kind: KindWord, fields: &Fields<'_>, problems: &mut Problems) -> Vec<Reference> {
    let numbers = match kind {
        KindWord::AllOf | KindWord::AnyOf => 2..=usize::MAX,
        KindWord::Spread => 1..=1,
        _ => return Vec::new(),
    };
    fields.missing("of", "the rule", problems);
    let given = match fields.node("of").map(|node| &node.value) {
        Some(Value::Sequence(items)) => items.len(),
        Some(Value::Scalar(_)) => 1,
        Some(Value::Mapping(_)) | None => *numbers.start(),
    };
    if !numbers.contains(&given) {
        let expected = if kind == KindWord::Spread { "one rule" } else { "a list of two or more rules" };
        let message = format!("'of' of kind {} has a length of {given}", kind.as_str());
        problems.error(fields.spot_of("of"), message).expected = Some(expected.to_owned());
    }
    Reference::read("of", fields, problems)
}

fn per(kind: KindWord, fields: &Fields<'_>, problems: &mut Problems) -> Option<Per> {
    let incidents = kind == KindWord::Window && fields.has("incident");
    let only_space = kind.is_per_space() || incidents;
    if !fields.has("per") || kind == KindWord::Spread {
        return Some(if only_space { Per::Space } else { Per::Sensor });
    }
    let per = fields.word("per", &[("space", Per::Space), ("sensor", Per::Sensor), ("node", Per::Node)], problems)?;
    if only_space && per != Per::Space {
        let what = if incidents { "incidents are".to_owned() } else { format!("rules of kind {} are", kind.as_str()) };
        problems.error(fields.spot_of("per"), format!("{what} judged per space")).hint =
            Some("leave out 'per'".to_owned());
        return None;
    }
    Some(per)
}

/// Hold and off-delay, where the kind has them; the `for` of an absence is its silence.
fn delays(kind: KindWord, fields: &Fields<'_>, problems: &mut Problems) -> Delays {
    let mut duration = |name| if kind.has(name) { fields.duration(name, problems) } else { None };
    let off_delay_ms_default = if kind == KindWord::Sequence { SEQUENCE_OFF_DELAY_MS_DEFAULT } else { 0 };
    Delays {
        hold_ms: if kind == KindWord::Absence { 0 } else { duration("for").unwrap_or(0) },
        off_delay_ms: duration("keep_firing_for").unwrap_or(off_delay_ms_default),
    }
}

/// The version of a rule: a hash over its fields, in any order and layout, and over the scope of its group.
fn version(node: &Node, scope: Option<&Written>) -> String {
    let mut text = crate::canonical::of(node);
    text.push_str(scope.map_or("", |scope| &scope.text));
    hashed_id(&[&text])[..VERSION_DIGITS].to_owned()
}
