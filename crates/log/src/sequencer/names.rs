//! Writing names before their first use.

use super::Sequencer;
use crate::error::LogError;
use crate::store::LogStore;
use vigie_model::batch::Events;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_model::record::Payload;

impl<S: LogStore> Sequencer<S> {
    /// Writes the names that rows of `events` use and the log does not have yet.
    pub(super) fn log_new_names(&mut self, events: &Events) -> Result<(), LogError> {
        let highest = |column: &[NameIx]| column.iter().copied().filter(|index| *index != NO_NAME).max();
        let rows = &events.observations;
        let incidents = || events.incidents.iter();
        let perceptions = || events.perceptions.iter();
        let used = |column: Option<NameIx>, incident: Option<NameIx>, perception: Option<NameIx>| {
            [column, incident, perception].into_iter().flatten().filter(|index| *index != NO_NAME).max()
        };
        let highest_used = [
            used(highest(&rows.space), incidents().map(|i| i.space).max(), perceptions().map(|p| p.space).max()),
            used(highest(&rows.sensor), incidents().map(|i| i.sensor).filter(|s| *s != NO_NAME).max(), None),
            used(highest(&rows.node), incidents().map(|i| i.node).filter(|n| *n != NO_NAME).max(), None),
            highest(&rows.metric),
            used(highest(&rows.feed), incidents().map(|i| i.feed).max(), perceptions().map(|p| p.feed).max()),
        ];
        let mut entries = Vec::new();
        for (kind, last) in NameKind::ALL.into_iter().zip(highest_used) {
            let logged = &mut self.logged_names[kind as usize];
            let Some(last) = last.filter(|last| *last >= *logged) else { continue };
            for (index, name) in (*logged..).zip(self.interner.range(kind, *logged, last)) {
                if kind == NameKind::Space {
                    self.table.push(&name);
                }
                entries.push(NameEntry { kind, index, name });
            }
            *logged = last + 1;
        }
        if entries.is_empty() { Ok(()) } else { self.append(vec![Payload::Dictionary(entries)]) }
    }
}
