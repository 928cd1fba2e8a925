//! `[rules]`: which rule files are judged, and by how many threads.

use super::paths::matching_files;
use super::toml_reader::Section;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use vigie_model::position::{PARTITIONS_MAX, PartitionIx};

/// How the names of files with tests of rules end. They stand beside the rules, and a pattern leaves them out.
const TESTS_ENDING: &str = ".test.yaml";

/// The rule files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The files, in the order of their paths, each once.
    pub files: Vec<PathBuf>,
    /// Whether a rule without guidance is an error rather than a warning.
    pub require_guidance: bool,
    /// Threads that judge them, if it is said how many.
    pub threads: Option<PartitionIx>,
}

impl Rules {
    /// How many threads judge a log of so many partitions: as many as are configured, or else as there are cores, but none
    /// without a partition.
    #[must_use]
    pub fn threads(&self, partitions: PartitionIx) -> PartitionIx {
        let cores = || {
            available_parallelism().map_or(1, |cores| PartitionIx::try_from(cores.get()).unwrap_or(PartitionIx::MAX))
        };
        self.threads.unwrap_or_else(cores).clamp(1, partitions.max(1))
    }
}

/// Reads `[rules]`.
pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Rules {
    let report = section.report();
    if !section.has("files") {
        let hint = "add files = [\"rules/*.yaml\"] to [rules]";
        report.add(section.warning("no rule files, so nothing will be judged").hint(hint));
    }
    let mut files = Vec::new();
    for pattern in section.texts("files") {
        match matching_files(folder, pattern.value) {
            Ok(matching) => {
                let is_test = |file: &PathBuf| file.to_string_lossy().ends_with(TESTS_ENDING);
                let (tests, rules): (Vec<_>, Vec<_>) = matching.into_iter().partition(is_test);
                if let (Some(test), []) = (tests.first(), &rules[..]) {
                    let message = format!("\"{}\" names tests of rules, as {}", pattern.value, test.display());
                    report.add(report.error(pattern.at, message).expected("rule files"));
                }
                files.extend(rules);
            }
            Err(reason) => {
                report.add(report.error(pattern.at, format!("\"{}\": {reason}", pattern.value)));
            }
        }
    }
    files.sort();
    files.dedup();
    let require_guidance = section.flag("require_guidance").unwrap_or(false);
    let threads = section.whole("threads", 1..=PARTITIONS_MAX.into());
    let threads = threads.and_then(|threads| PartitionIx::try_from(threads).ok());
    section.finish();
    Rules { files, require_guidance, threads }
}
