//! The desk as the state's principal may see it.

use crate::state::ConsoleState;
use serde_json::Value;
use std::collections::HashMap;
use vigie_alerts::desk::wire::{Looker, desk_json};

/// Calls `look` with what the principal may see, and the districts of its spaces.
pub(crate) fn with_looker<T>(state: &ConsoleState, look: impl FnOnce(&Looker<'_>) -> T) -> T {
    let spaces = state.spaces.spaces(&state.principal);
    let districts: HashMap<&str, &str> = spaces.iter().map(|space| (&*space.id, space.district.as_str())).collect();
    let district = |space: &str| districts.get(space).copied().unwrap_or_default().to_owned();
    let looker = Looker { scope: &state.principal.scope, centre: state.alerts.centre(), district: &district };
    look(&looker)
}

/// The desk as JSON.
pub(crate) fn desk_value(state: &ConsoleState) -> Value {
    let shelved = state.alerts.sum(&state.principal).shelved;
    let desk = state.desk.newest();
    with_looker(state, |looker| desk_json(&desk, shelved, looker))
}
