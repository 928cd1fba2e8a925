//! The `summary` of a rule: which placeholders its kind can fill.

use crate::expr::typed::Params;
use crate::fields::Fields;
use crate::kind::Per;
use crate::kind_fields::KindWord;
use crate::template::{Placeholder, Template};
use crate::yaml::Problems;
use vigie_model::diagnostic::did_you_mean;

/// Reads `summary`; `None` when it is absent or wrong.
pub(crate) fn summary(
    kind: KindWord,
    per: Option<Per>,
    fields: &Fields<'_>,
    params: &Params,
    problems: &mut Problems,
) -> Option<Template> {
    let (text, node) = fields.text("summary", problems)?;
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(errors) => {
            for error in errors {
                let message = problems.error(node.spot_at(error.offset), format!("'summary': {}", error.message));
                let Some(word) = error.word else { continue };
                let hint = did_you_mean(&word, Placeholder::words());
                let words: Vec<_> = Placeholder::words().collect();
                message.hint = hint.or_else(|| Some(format!("known: {}, params.NAME", words.join(", "))));
            }
            return None;
        }
    };
    for (offset, placeholder) in template.placeholders() {
        if let Some(problem) = problem(placeholder, kind, per, params) {
            problems.error(node.spot_at(offset), format!("'summary': {problem}"));
        }
    }
    Some(template)
}

/// Why a rule cannot fill a placeholder.
fn problem(placeholder: &Placeholder, kind: KindWord, per: Option<Per>, params: &Params) -> Option<String> {
    use KindWord::{Absence, AllOf, AnyOf, Baseline, Change, KOfN, Sequence, Spread, Window};
    let (word, is_filled) = match placeholder {
        Placeholder::Param(name) => {
            return (!params.contains_key(name)).then(|| format!("the rule has no parameter '{name}'"));
        }
        Placeholder::Sensor | Placeholder::Node if !kind.is_per_space() => {
            let (word, needed) =
                if *placeholder == Placeholder::Sensor { ("sensor", Per::Sensor) } else { ("node", Per::Node) };
            return per.filter(|per| *per != needed).map(|_| format!("{{{word}}} needs 'per: {word}'"));
        }
        Placeholder::Sensor => ("sensor", false),
        Placeholder::Node => ("node", false),
        Placeholder::Value => ("value", !matches!(kind, Absence | Sequence | AllOf | AnyOf)),
        Placeholder::Unit => ("unit", !matches!(kind, Sequence | AllOf | AnyOf | Spread)),
        Placeholder::For => ("for", !kind.is_per_space()),
        Placeholder::Window => ("window", matches!(kind, Window | Change)),
        Placeholder::Within => ("within", matches!(kind, Sequence | KOfN | Spread)),
        Placeholder::K => ("k", matches!(kind, KOfN | Spread)),
        Placeholder::Usual => ("usual", kind == Baseline),
        Placeholder::Space
        | Placeholder::Key
        | Placeholder::Rule
        | Placeholder::Severity
        | Placeholder::Label
        | Placeholder::Time => return None,
    };
    (!is_filled).then(|| format!("{{{word}}} has no meaning for kind {}", kind.as_str()))
}
