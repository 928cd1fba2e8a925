//! Which fields each kind of rule has, and the checks that a rule has no others.
//!
//! The tables are those of RULES.md. Kinds and fields that this build does not judge yet are known by name, so that
//! naming one is answered truthfully instead of as a typing slip.

use crate::fields::{Fields, one_of};
use crate::yaml::Problems;
use vigie_model::diagnostic::did_you_mean;

/// Kinds this build judges.
pub(crate) const KINDS: [&str; 3] = ["threshold", "window", "absence"];
/// Kinds of the language that this build does not judge.
const KINDS_LATER: [&str; 7] = ["change", "sequence", "k_of_n", "baseline", "all_of", "any_of", "spread"];
/// Fields of every kind.
const COMMON: [&str; 12] = [
    "alert",
    "kind",
    "per",
    "severity",
    "active",
    "params",
    "guidance",
    "summary",
    "labels",
    "inhibited_by",
    "escalate",
    "shadow",
];
const THRESHOLD: [&str; 7] = ["metric", "agg", "raise", "clear", "for", "keep_firing_for", "stale_after"];
const WINDOW: [&str; 10] =
    ["metric", "incident", "window", "every", "agg", "min_count", "raise", "clear", "for", "keep_firing_for"];
const ABSENCE: [&str; 2] = ["metric", "for"];
/// Fields of kinds that come later; to tell a field that does not belong here from one that does not exist.
const OTHER: [&str; 15] = [
    "over",
    "steps",
    "within",
    "without",
    "k",
    "distinct",
    "match",
    "z",
    "half_life_weeks",
    "min_weeks",
    "sigma_floor",
    "direction",
    "of",
    "among",
    "scope",
];

/// The kind of a rule, if this build judges it; everything else is reported.
pub(crate) fn kind<'a>(fields: &Fields<'a>, problems: &mut Problems) -> Option<&'a str> {
    fields.missing("kind", "the rule", problems);
    let (kind, node) = fields.text("kind", problems)?;
    if KINDS.contains(&kind) {
        return Some(kind);
    }
    if KINDS_LATER.contains(&kind) {
        let message = format!("kind {kind} is not supported yet; this build judges {}", KINDS.join(", "));
        problems.error(node.spot, message);
        return None;
    }
    let message = problems.error(node.spot, format!("unknown kind '{kind}'"));
    message.expected = Some(one_of(&KINDS));
    message.hint = did_you_mean(kind, KINDS.into_iter().chain(KINDS_LATER));
    None
}

/// Reports every field that a rule of this kind does not have.
pub(crate) fn check_names(kind: &str, fields: &Fields<'_>, problems: &mut Problems) {
    let own: &[&str] = match kind {
        "threshold" => &THRESHOLD,
        "window" => &WINDOW,
        _ => &ABSENCE,
    };
    let misplaced: Vec<&str> = THRESHOLD.into_iter().chain(WINDOW).chain(ABSENCE).chain(OTHER).collect();
    for (name, spot) in fields.names() {
        if COMMON.contains(&name) || own.contains(&name) {
            continue;
        }
        if name == "scope" {
            problems.error(spot, "'scope' is a field of the group").hint = Some("move it beside 'name'".to_owned());
        } else if misplaced.contains(&name) {
            problems.error(spot, format!("'{name}' is not a field of kind {kind}")).expected = Some(own.join(", "));
        } else {
            let message = problems.error(spot, format!("unknown field '{name}'"));
            message.hint = did_you_mean(name, COMMON.iter().chain(own).copied());
        }
    }
}

/// Reports modifiers that this build would silently ignore.
pub(crate) fn check_modifiers(fields: &Fields<'_>, problems: &mut Problems) {
    for (name, spot) in fields.names() {
        let ignored = match name {
            "active" => !fields.node("active").is_some_and(|node| node.is_word("always")),
            "shadow" => fields.truth("shadow", problems) == Some(true),
            "inhibited_by" | "escalate" => true,
            _ => false,
        };
        if ignored {
            problems.error(spot, format!("'{name}' is not supported yet")).hint =
                Some("leave it out for now".to_owned());
        }
    }
}
