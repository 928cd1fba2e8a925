//! `[log]`: into how many partitions the log is cut, how much of it is kept, and how often snapshots are taken.

use super::feeds::Feed;
use super::toml_reader::Section;
use vigie_log::segments::options::LOG_BYTES_MAX;
use vigie_model::position::{PARTITIONS_DEFAULT, PARTITIONS_MAX, PartitionIx};

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Number of partitions, fixed when the log is created.
    pub partitions: PartitionIx,
    /// Bytes the log may take on disk.
    pub bytes_max: u64,
    /// Log time between two sets of snapshots; `None` takes none.
    pub snapshot_every_ms: Option<i64>,
    /// Records older than this go once no set of snapshots needs them; `None` keeps them while there is room. The shortest
    /// retention of a feed, when the file does not say.
    pub age_max_ms: Option<i64>,
}

/// Log time between two sets of snapshots when the configuration does not say.
const SNAPSHOT_EVERY_MS_DEFAULT: i64 = 5 * 60_000;
/// The least that may be asked for: a tick of most logs.
const SNAPSHOT_EVERY_MS_MIN: i64 = 1_000;
/// The word for none.
const OFF: &str = "off";
/// The least age at which records may go: whoever looks after a log does so once an hour at the most.
const AGE_MS_MIN: i64 = 3_600_000;

/// The least a log may be given, in MiB: four segments.
const SIZE_MIB_MIN: i64 = 256;
/// The most, in MiB: 16 TiB, the longest file system people have.
const SIZE_MIB_MAX: i64 = 16 << 20;

/// Kinds of log a configuration may name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Embedded,
    Kafka,
}

/// Length of a day of retention.
const DAY_MS: i64 = 24 * 3_600_000;

/// Reads `[log]`, whose records should not outlive those of history.
pub(super) fn read(mut section: Section<'_>, feeds: &[Feed]) -> Log {
    let report = section.report();
    let kind = section.choice("kind", &[("embedded", Kind::Embedded), ("kafka", Kind::Kafka)]);
    if kind == Some(Kind::Kafka) {
        let at = section.text("kind").map_or(0, |kind| kind.at);
        let error = report.error(at, "'kind' = \"kafka\" is not supported by this build yet");
        report.add(error.expected("\"embedded\"").hint("one machine needs no broker"));
        // They are right for that kind: the one message above is enough.
        let _known = [section.has("brokers"), section.has("topic_prefix")];
    }
    let partitions = section.whole("partitions", 1..=PARTITIONS_MAX.into());
    let size_mib = section.whole("max_mib", SIZE_MIB_MIN..=SIZE_MIB_MAX);
    let snapshot_every_ms = section.duration_or("snapshot_every", OFF, SNAPSHOT_EVERY_MS_MIN);
    let age_max_ms = section.duration_ms("max_age", AGE_MS_MIN);
    if snapshot_every_ms == Some(None) && age_max_ms.is_some() {
        let at = section.text("max_age").map_or(0, |age| age.at);
        let error = report.error(at, "'max_age' has no effect while 'snapshot_every' is \"off\"");
        report.add(
            error
                .expected("sets of snapshots")
                .hint("without them a start needs the whole log, and nothing of it may go"),
        );
    }
    let shortest = feeds.iter().filter_map(|feed| Some((feed.retention_days?, &feed.name))).min();
    if let Some((days, feed)) = shortest {
        let keeps = match (snapshot_every_ms, age_max_ms) {
            (Some(None), None) => {
                Some(("snapshot_every", "keeps all records while 'snapshot_every' is \"off\"".to_owned()))
            }
            (_, Some(age_ms)) if age_ms > i64::from(days) * DAY_MS => {
                Some(("max_age", format!("keeps records longer by 'max_age' than feed '{feed}' is kept in history")))
            }
            _ => None,
        };
        if let Some((key, keeps)) = keeps {
            let at = section.text(key).map_or(0, |text| text.at);
            let warning = report.warning(at, format!("the log {keeps}")).expected(format!("at most {days}d"));
            report.add(warning.hint("what retention deletes from history is in the log until its segments go"));
        }
    }
    section.finish();
    let age_max_ms = match snapshot_every_ms {
        Some(None) => age_max_ms,
        _ => age_max_ms.or(shortest.map(|(days, _)| i64::from(days) * DAY_MS)),
    };
    let partitions = partitions.and_then(|partitions| PartitionIx::try_from(partitions).ok());
    let bytes_max = size_mib.map_or(LOG_BYTES_MAX, |mib| mib.unsigned_abs() << 20);
    Log {
        partitions: partitions.unwrap_or(PARTITIONS_DEFAULT),
        bytes_max,
        snapshot_every_ms: snapshot_every_ms.unwrap_or(Some(SNAPSHOT_EVERY_MS_DEFAULT)),
        age_max_ms,
    }
}
