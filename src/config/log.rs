//! `[log]`: where the log lives and into how many partitions it is cut.

use super::toml_reader::Section;
use vigie_model::position::{PARTITIONS_DEFAULT, PARTITIONS_MAX, PartitionIx};

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Number of partitions, fixed when the log is created.
    pub partitions: PartitionIx,
}

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
    section.finish();
    let partitions = partitions.and_then(|partitions| PartitionIx::try_from(partitions).ok());
    Log { partitions: partitions.unwrap_or(PARTITIONS_DEFAULT) }
}
