//! The names of the functions that statements may call, for completion.

use super::guard::{FUNCTIONS_WITHHELD, RANGE_FUNCTION};
use crate::analysis::register::register;
use datafusion::prelude::SessionContext;
use std::collections::BTreeSet;

/// All of them: of values, of groups, and of windows.
#[must_use]
pub fn functions() -> BTreeSet<String> {
    let session = SessionContext::new();
    register(&session);
    let state = session.state();
    let of_values = state.scalar_functions().keys();
    let names = of_values.chain(state.aggregate_functions().keys()).chain(state.window_functions().keys());
    let is_offered = |name: &&String| !FUNCTIONS_WITHHELD.contains(&name.as_str()) && *name != RANGE_FUNCTION;
    names.filter(is_offered).cloned().collect()
}
