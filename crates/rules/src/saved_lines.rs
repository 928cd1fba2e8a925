//! Lines in a snapshot.

use crate::cohort::Cohorts;
use crate::kind::{Per, narrow};
use crate::line::{Behind, Line, LineId};
use crate::lines::Lines;
use crate::porch::Porch;
use crate::saved::{Loader, Saved, Saver, Wrong, require};
use crate::shared::Shared;
use crate::timers::{LineIx, Timers};
use hashbrown::HashTable;
use vigie_model::names::NameKind;

/// Lines and their identities stand as in memory; then, for each line with something behind it, that. So places in `shared`
/// that no line has are left out, and the others come in the order of lines.
impl Saved for Lines {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { lines, ids, by_key: _, cohorts, shared, porches, free: _, timers } = self;
        cohorts.save(to);
        to.count(ids.len());
        for id in ids {
            to.put(&id.to_bytes());
            to.flush_full();
        }
        to.count(lines.len());
        for line in lines {
            to.put(&line.to_bytes());
            to.flush_full();
        }
        for line in lines {
            let place = match line.behind() {
                Behind::Nothing => continue,
                Behind::Shared(place) => place,
                Behind::Porch(porch) => {
                    let porch = &porches[porch as usize];
                    porch.save(to);
                    porch.shared()
                }
            };
            shared[place as usize].save(to);
            to.flush_full();
        }
        timers.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let cohorts = Cohorts::load(from)?;
        let known = from.chunks::<16>()?;
        let mut ids = Vec::with_capacity(known.len());
        for bytes in known {
            ids.push(LineId::of_bytes(bytes).ok_or(Wrong("a line is of no key"))?);
        }
        let lines: Vec<Line> = from.chunks::<64>()?.iter().map(Line::of_bytes).collect();
        require(lines.len() == ids.len(), "lines are more or fewer than their keys")?;
        let (shared, porches, free) = Default::default();
        let mut loaded =
            Self { by_key: HashTable::new(), lines, ids, cohorts, shared, porches, free, timers: Timers::default() };
        for index in 0..narrow(loaded.lines.len()) {
            loaded.load_behind(index, from)?;
        }
        loaded.timers = Timers::load(loaded.lines.len(), from)?;
        Ok(loaded)
    }
}

impl Lines {
    /// Reads what stands behind a line that was read.
    #[inline]
    fn load_behind(&mut self, index: LineIx, from: &mut Loader<'_>) -> Result<(), Wrong> {
        let Self { lines, ids, cohorts, shared, porches, .. } = self;
        let (line, id) = (&mut lines[index as usize], &ids[index as usize]);
        let key = id.key(line.first());
        require((id.cohort as usize) < cohorts.count(), "a line has no cohort")?;
        from.require_name(NameKind::Space, id.space)?;
        match id.per {
            Per::Space => {}
            Per::Sensor => from.require_name(NameKind::Sensor, key.part)?,
            Per::Node => from.require_name(NameKind::Node, key.part)?,
        }
        let cohort = cohorts.get(id.cohort);
        if line.behind() == Behind::Nothing {
            return require(cohort.span().is_none(), "a window has no room for its values");
        }
        let place = narrow(shared.len());
        line.set_behind(Behind::Shared(place));
        if let Some(span) = cohort.span() {
            line.set_behind(Behind::Porch(narrow(porches.len())));
            porches.push(Porch::load(index, place, span, from)?);
        }
        shared.push(Shared::load(cohort, from)?);
        Ok(())
    }
}
