//! `[log]`: into how many partitions the log is cut, and how much of it is kept.

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
}

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

/// Reads `[log]`.
pub(super) fn read(mut section: Section<'_>) -> Log {
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
    section.finish();
    let partitions = partitions.and_then(|partitions| PartitionIx::try_from(partitions).ok());
    let bytes_max = size_mib.map_or(LOG_BYTES_MAX, |mib| mib.unsigned_abs() << 20);
    Log { partitions: partitions.unwrap_or(PARTITIONS_DEFAULT), bytes_max }
}
