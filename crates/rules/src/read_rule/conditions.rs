//! Expressions in the fields of a rule file: read, checked, and reported where they stand.

use crate::expr::check::{Place, condition};
use crate::expr::lex::ExprError;
use crate::expr::typed::Condition;
use crate::fields::Fields;
use crate::yaml::{Node, Problems};

/// A condition, with its text.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// What it means.
    pub(crate) condition: Condition,
    /// As its author wrote it.
    pub(crate) text: String,
}

impl Written {
    /// Reads the condition in a field; `None` when it is absent or wrong.
    pub(crate) fn read(name: &str, fields: &Fields<'_>, place: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let (text, node) = fields.text(name, problems)?;
        match condition(text, place) {
            Ok(condition) => Some(Self { condition, text: text.to_owned() }),
            Err(error) => {
                report(name, node, error, problems);
                None
            }
        }
    }
}

/// Reports a mistake inside an expression where it stands.
fn report(name: &str, node: &Node, error: ExprError, problems: &mut Problems) {
    problems.error(node.spot_at(error.offset), format!("'{name}': {}", error.message)).hint = error.hint;
}
