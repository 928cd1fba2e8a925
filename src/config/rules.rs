//! `[rules]`: which rule files are judged.

use super::paths::matching_files;
use super::toml_reader::Section;
use std::path::{Path, PathBuf};

/// The rule files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The files, in the order of their paths, each once.
    pub files: Vec<PathBuf>,
    /// Whether a rule without guidance is an error rather than a warning.
    pub require_guidance: bool,
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
            Ok(matching) => files.extend(matching),
            Err(reason) => {
                report.add(report.error(pattern.at, format!("\"{}\": {reason}", pattern.value)));
            }
        }
    }
    files.sort();
    files.dedup();
    let require_guidance = section.flag("require_guidance").unwrap_or(false);
    section.finish();
    Rules { files, require_guidance }
}
