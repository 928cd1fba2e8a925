//! Fields of every kind of rule that do not change what it computes: severity, escalation, shadow, guidance, labels.

use crate::fields::Fields;
use crate::read_rule::around::Around;
use crate::spec::Escalation;
use crate::yaml::Problems;
use std::sync::Arc;
use vigie_model::alert::Guidance;
use vigie_model::severity::Severity;

/// What the modifiers of a rule say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Modifiers {
    /// `severity`
    pub(crate) severity: Severity,
    /// `escalate`
    pub(crate) escalate: Option<Escalation>,
    /// `shadow`
    pub(crate) shadow: bool,
    /// `guidance`
    pub(crate) guidance: Option<Guidance>,
}

impl Modifiers {
    /// Reads the modifiers; wrong ones are reported and left at their defaults.
    pub(crate) fn read(fields: &Fields<'_>, around: Around<'_>, problems: &mut Problems) -> Self {
        let severity = severity(fields, problems);
        labels(fields, problems);
        Self {
            severity: severity.unwrap_or_default(),
            escalate: escalate(fields, severity, problems),
            shadow: fields.truth("shadow", problems).unwrap_or(false),
            guidance: guidance(fields, around.require_guidance, problems),
        }
    }
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
    let Some(node) = fields.node("guidance") else {
        let message = "the rule has no 'guidance'";
        let message =
            if required { problems.error(fields.spot, message) } else { problems.warning(fields.spot, message) };
        message.hint = Some("say cause, consequence, action and respond_within".to_owned());
        return None;
    };
    let guidance = Fields::of(node, "'guidance'", problems)?;
    guidance.only(&NAMES, "'guidance'", problems);
    let mut text = |name| guidance.text(name, problems).map(|(text, _)| Arc::from(text));
    Some(Guidance {
        cause: text("cause"),
        consequence: text("consequence"),
        action: text("action"),
        respond_within_ms: guidance.positive_duration("respond_within", problems),
    })
}

fn labels(fields: &Fields<'_>, problems: &mut Problems) {
    let Some(labels) = fields.node("labels").and_then(|node| Fields::of(node, "'labels'", problems)) else { return };
    for (name, _) in labels.names() {
        labels.text(name, problems);
    }
}
