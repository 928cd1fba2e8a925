//! `[history]`: how the stored rows are looked after.

use super::toml_reader::Section;
use std::time::Duration;
#[cfg(feature = "history")]
use vigie_store::upkeep::keeper::{MEMORY_BYTES_MIN, UpkeepOptions};
#[cfg(feature = "history")]
use vigie_store::upkeep::vacuum::REMOVED_KEPT_MAX;

/// The least time that a replaced file stays, in milliseconds: longer than any query runs.
const KEEP_REPLACED_MS_MIN: i64 = 3_600_000;
/// The longest, a week: checkpoints forget what was removed before.
const KEEP_REPLACED_MS_MAX: i64 = 7 * 24 * 3_600_000;
/// The least memory that upkeep may be given, in MiB.
const MEMORY_MIB_MIN: i64 = 32;
/// The most.
const MEMORY_MIB_MAX: i64 = 64 << 10;

#[cfg(feature = "history")]
const _: () = assert!(KEEP_REPLACED_MS_MAX as u128 == REMOVED_KEPT_MAX.as_millis());
#[cfg(feature = "history")]
const _: () = assert!((MEMORY_MIB_MIN as usize) << 20 == MEMORY_BYTES_MIN);

/// The word for no run of retention beside the server.
const OFF: &str = "off";

/// How stored rows are looked after; what is not said is as the store has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// How long a file stays on disk after others have taken its place.
    pub keep_replaced: Option<Duration>,
    /// Memory to sort rows in, in bytes; beyond it they spill to the disk.
    pub upkeep_bytes: Option<usize>,
    /// From which minute of the local day on a server deletes what is older than its feed's retention; `None` for never.
    pub retention_minute: Option<u16>,
}

impl Default for History {
    /// At midnight a local date becomes a day older: then no row is ever older than its retention.
    fn default() -> Self {
        Self { keep_replaced: None, upkeep_bytes: None, retention_minute: Some(0) }
    }
}

#[cfg(feature = "history")]
impl History {
    /// What upkeep needs to know.
    #[must_use]
    pub fn upkeep(&self) -> UpkeepOptions {
        let default = UpkeepOptions::default();
        UpkeepOptions {
            memory_bytes: self.upkeep_bytes.unwrap_or(default.memory_bytes),
            removed_kept: self.keep_replaced.unwrap_or(default.removed_kept),
            ..default
        }
    }
}

/// Reads `[history]`.
pub(super) fn read(mut section: Section<'_>) -> History {
    let keep_replaced = keep_replaced(&mut section);
    let mib = section.whole("upkeep_mib", MEMORY_MIB_MIN..=MEMORY_MIB_MAX).and_then(|mib| usize::try_from(mib).ok());
    let retention_minute = section.parsed("retention_at", retention_minute).map(|minute| minute.value);
    section.finish();
    History {
        keep_replaced,
        upkeep_bytes: mib.map(|mib| mib << 20),
        retention_minute: retention_minute.unwrap_or(Some(0)),
    }
}

/// `HH:MM` as a minute of the day, or `off`.
fn retention_minute(text: &str) -> Result<Option<u16>, &'static str> {
    let malformed = "not a time of day; expected HH:MM, as in 00:00 or 03:30, or off";
    if text == OFF {
        return Ok(None);
    }
    let (hours, minutes) = text.split_once(':').filter(|_| text.len() == "HH:MM".len()).ok_or(malformed)?;
    let number = |digits: &str, below: u16| {
        digits.parse::<u16>().ok().filter(|number| *number < below && !digits.starts_with('+'))
    };
    let (hours, minutes) = number(hours, 24).zip(number(minutes, 60)).ok_or(malformed)?;
    Ok(Some(hours * 60 + minutes))
}

fn keep_replaced(section: &mut Section<'_>) -> Option<Duration> {
    let extent = section.extent("keep_replaced");
    let kept_ms = section.duration_ms("keep_replaced", 0)?;
    if !(KEEP_REPLACED_MS_MIN..=KEEP_REPLACED_MS_MAX).contains(&kept_ms) {
        let report = section.report();
        let error = report.error(extent.map_or(0, |extent| extent.start), "'keep_replaced' is out of range");
        let hint = "queries and readers in other processes need a replaced file until they end";
        report.add(error.expected("from 1h to 7d").hint(hint));
        return None;
    }
    u64::try_from(kept_ms).ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_runs_at_a_time_of_day_or_never() {
        assert_eq!(
            ["00:00", "03:30", "23:59", "off"].map(retention_minute),
            [Ok(Some(0)), Ok(Some(210)), Ok(Some(1_439)), Ok(None)]
        );
        for text in ["", "24:00", "3:30", "03:60", "0330", "-1:00", "+1:00", "never"] {
            assert!(retention_minute(text).is_err(), "{text}");
        }
    }
}
