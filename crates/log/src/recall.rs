//! Reading a log at a start: from its beginning, or from what a set of snapshots needs.

use crate::error::LogError;
use crate::interner::Interner;
use crate::known::Known;
use crate::store::LogStore;
use std::sync::Arc;
use std::time::Instant;
use vigie_failpoints::point::reach;

/// Takes in what the store holds and hands it to the roles. Each record is checked before a role sees it. Of records that are known
/// already, from a snapshot, only the ids are taken in.
pub(crate) fn recall<S: LogStore>(store: &mut S, known: &mut Known, interner: &Interner) -> Result<(), LogError> {
    let (began, resumed_at) = (Instant::now(), known.next_sequence);
    let (mut records, mut remembered) = (0u64, 0u64);
    while let Some(record) = store.recall()? {
        if record.sequence < resumed_at {
            known.remember(&record).map_err(|misfit| misfit.at(record.sequence))?;
            remembered += 1;
            continue;
        }
        reach("log.recall");
        known.take_in(&record, interner).map_err(|misfit| misfit.at(record.sequence))?;
        store.pass_on(Arc::new(record))?;
        records += 1;
    }
    let (elapsed_s, log_time_ms) = (began.elapsed().as_secs_f64(), known.log_time_ms);
    if resumed_at > 0 {
        tracing::info!(
            records,
            resumed_at,
            remembered,
            elapsed_s,
            log_time_ms,
            "the log was read from its snapshot on"
        );
    } else if records > 0 {
        tracing::info!(records, elapsed_s, log_time_ms, "the log was read from its beginning");
    }
    Ok(())
}
