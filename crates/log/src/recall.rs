//! Reading a log from its beginning at a start.

use crate::error::LogError;
use crate::interner::Interner;
use crate::known::Known;
use crate::store::LogStore;
use std::sync::Arc;
use std::time::Instant;
use vigie_failpoints::point::reach;

/// Takes in everything the store holds and hands it to the roles. Each record is checked before a role sees it.
pub(crate) fn recall<S: LogStore>(store: &mut S, known: &mut Known, interner: &Interner) -> Result<(), LogError> {
    let (began, mut records) = (Instant::now(), 0u64);
    while let Some(record) = store.recall()? {
        reach("log.recall");
        known.take_in(&record, interner).map_err(|misfit| misfit.at(record.sequence))?;
        store.pass_on(Arc::new(record))?;
        records += 1;
    }
    if records > 0 {
        let (elapsed_s, log_time_ms) = (began.elapsed().as_secs_f64(), known.log_time_ms);
        tracing::info!(records, elapsed_s, log_time_ms, "the log was read from its beginning");
    }
    Ok(())
}
