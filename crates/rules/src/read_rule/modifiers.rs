//! Fields of every kind of rule that do not change what it computes: severity, escalation, shadow, guidance, procedure, labels.

use crate::fields::{Fields, scalar_text};
use crate::periods::Period;
use crate::read_rule::around::Around;
use crate::spec::Escalation;
use crate::yaml::{Problems, Scalar, Value};
use std::sync::Arc;
use vigie_model::alert::Guidance;
use vigie_model::calendar::PERIODS_OWN;
use vigie_model::diagnostic::did_you_mean;
use vigie_model::severity::Severity;

/// Most steps of a procedure: more than anybody works through during an alert.
const PROCEDURE_STEPS_MAX: usize = 32;

/// What the modifiers of a rule say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modifiers {
    /// `active`
    pub(crate) active: Period,
    /// `severity`
    pub(crate) severity: Severity,
    /// `escalate`
    pub(crate) escalate: Option<Escalation>,
    /// `shadow`
    pub(crate) shadow: bool,
    /// `guidance`
    pub(crate) guidance: Option<Guidance>,
    /// `procedure`
    pub(crate) procedure: Vec<Arc<str>>,
}

impl Modifiers {
    /// Reads the modifiers; wrong ones are reported and left at their defaults.
    pub(crate) fn read(fields: &Fields<'_>, around: Around<'_>, problems: &mut Problems) -> Self {
        let severity = severity(fields, problems);
        labels(fields, problems);
        Self {
            active: active(fields, around, problems).unwrap_or_default(),
            severity: severity.unwrap_or_default(),
            escalate: escalate(fields, severity, problems),
            shadow: fields.truth("shadow", problems).unwrap_or(false),
            guidance: guidance(fields, around.require_guidance, problems),
            procedure: procedure(fields, problems),
        }
    }
}

fn active(fields: &Fields<'_>, around: Around<'_>, problems: &mut Problems) -> Option<Period> {
    let node = fields.node("active").filter(|node| !node.is_word("always"))?;
    if let Value::Scalar(Scalar { text, .. }) = &node.value {
        let message = problems.error(node.spot, format!("'active' is '{text}'"));
        message.expected = Some("always or {period: ...}".to_owned());
        message.hint = around.periods.named(text).map(|_| format!("write {{period: {text}}}"));
        return None;
    }
    let active = Fields::of(node, "'active'", problems)?;
    active.only(&["period"], "'active'", problems);
    active.missing("period", "'active'", problems);
    let (name, node) = active.text("period", problems)?;
    let period = around.periods.named(name);
    match period {
        None => {
            let message = problems.error(node.spot, format!("'active': there is no period '{name}'"));
            message.expected = Some("night, day, event or the name of a calendar".to_owned());
            message.hint = did_you_mean(name, PERIODS_OWN.into_iter().chain(around.periods.calendar_names()))
                .or_else(|| Some(format!("describe it under [calendars.{name}]")));
        }
        Some(Period::Night | Period::Day) if !around.periods.knows_the_sun() => {
            let message = format!("'active': without the place of any space nobody can tell when it is {name}");
            // A rule file checked by itself has no spaces around it.
            let told = if around.spaces.is_empty() { Problems::warning } else { Problems::error };
            told(problems, node.spot, message).hint = Some("give the spaces file outlines".to_owned());
        }
        Some(Period::Event) if !around.has_events => {
            problems.warning(node.spot, "'active': no event is configured, so the rule is never judged").hint =
                Some("describe events under [events.NAME]".to_owned());
        }
        Some(_) => {}
    }
    period
}

fn severity(fields: &Fields<'_>, problems: &mut Problems) -> Option<Severity> {
    fields.word("severity", &Severity::ALL.map(|severity| (severity.as_str(), severity)), problems)
}

/// Reads `escalate`; `own` is the severity the rule names, if it names one rightly.
fn escalate(fields: &Fields<'_>, own: Option<Severity>, problems: &mut Problems) -> Option<Escalation> {
    const NAMES: [&str; 2] = ["after", "severity"];
    let escalate = Fields::of(fields.node("escalate")?, "'escalate'", problems)?;
    escalate.only(&NAMES, "'escalate'", problems);
    for name in NAMES {
        escalate.missing(name, "'escalate'", problems);
    }
    let after_ms = escalate.positive_duration("after", problems);
    let severity = severity(&escalate, problems)?;
    let is_known = own.is_some() || !fields.has("severity");
    let own = own.unwrap_or_default();
    if is_known && severity <= own {
        let message = format!("'escalate' leads to severity {severity}, but the rule's own is {own}");
        problems.error(escalate.spot_of("severity"), message).expected = Some("a higher severity".to_owned());
    }
    Some(Escalation { after_ms: after_ms?, severity })
}

fn guidance(fields: &Fields<'_>, required: bool, problems: &mut Problems) -> Option<Guidance> {
    const NAMES: [&str; 4] = ["cause", "consequence", "action", "respond_within"];
    let guidance = match fields.node("guidance") {
        Some(node) => Fields::of(node, "'guidance'", problems)?,
        None => Fields::absent(fields.spot),
    };
    if guidance.names().next().is_none() {
        let message = "the rule has no 'guidance'";
        let spot = guidance.spot;
        let message = if required { problems.error(spot, message) } else { problems.warning(spot, message) };
        message.hint = Some("say cause, consequence, action and respond_within".to_owned());
        return None;
    }
    guidance.only(&NAMES, "'guidance'", problems);
    let mut text = |name| guidance.text(name, problems).map(|(text, _)| Arc::from(text));
    Some(Guidance {
        cause: text("cause"),
        consequence: text("consequence"),
        action: text("action"),
        respond_within_ms: guidance.positive_duration("respond_within", problems),
    })
}

/// The steps that each alert of the rule lists, in their order.
fn procedure(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Arc<str>> {
    let steps = fields.list("procedure", problems);
    if steps.len() > PROCEDURE_STEPS_MAX {
        let message = format!("'procedure' has {} steps", steps.len());
        problems.error(fields.spot_of("procedure"), message).expected =
            Some(format!("at most {PROCEDURE_STEPS_MAX} steps"));
    }
    let texts = steps.iter().filter_map(|step| scalar_text(step, "procedure", problems));
    texts.map(Arc::from).collect()
}

fn labels(fields: &Fields<'_>, problems: &mut Problems) {
    let Some(labels) = fields.node("labels").and_then(|node| Fields::of(node, "'labels'", problems)) else { return };
    for (name, _) in labels.names() {
        labels.text(name, problems);
    }
}
