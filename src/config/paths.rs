//! Paths and patterns of the configuration, taken relative to the folder of the configuration file.
//!
//! A configuration and the files it names travel together, so a path in it means the same from whichever folder a
//! command is started.

use globset::GlobBuilder;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The deepest folder `**` descends into, counted from where the pattern stops being literal. Ends loops of links.
const DEPTH_MAX: usize = 16;
/// The most directory entries one pattern may visit: a pattern that needs more was not meant (`/**`).
const ENTRIES_MAX: usize = 100_000;
/// The characters that make a part of a path a pattern.
const PATTERN_CHARS: [char; 4] = ['*', '?', '[', '{'];

/// Why a pattern yields no files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PatternError {
    /// The pattern is not well formed.
    #[error("not a file pattern: {0}")]
    Malformed(globset::ErrorKind),
    /// No file has such a path.
    #[error("no file matches (looked in {0}); paths are relative to the configuration file")]
    NoMatch(String),
    /// A folder could not be listed.
    #[error("cannot list {0}: {1}")]
    Unreadable(String, io::Error),
    /// More than [`ENTRIES_MAX`] entries.
    #[error("visits more than {ENTRIES_MAX} files and folders")]
    TooMany,
}

/// The folder of a file; empty for the current folder.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The files a pattern names, sorted by path: at least one.
///
/// Patterns are those of shells: `*` and `?` stay inside one name, `**` spans folders, `{a,b}` and `[a-z]` choose, and none of
/// them stands for a name that begins with a dot: editors leave such files beside the one they edit. Pipes and other
/// special files are no files here: reading one may wait for ever.
pub(crate) fn matching_files(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, PatternError> {
    let parts: Vec<_> = pattern.split('/').collect();
    let literal = parts.iter().take_while(|part| !part.contains(PATTERN_CHARS)).count();
    if literal == parts.len() {
        let path = folder.join(pattern);
        return if path.is_file() { Ok(vec![path]) } else { Err(PatternError::NoMatch(shown(&folder_of(&path)))) };
    }
    let mut base = folder.join(parts[..literal].join("/"));
    if literal == 1 && parts[0].is_empty() {
        base = PathBuf::from("/");
    }
    let rest = parts[literal..].join("/");
    let glob = GlobBuilder::new(&rest).literal_separator(true).build();
    let matcher = glob.map_err(|error| PatternError::Malformed(error.kind().clone()))?.compile_matcher();
    let depth_max = if rest.contains("**") { DEPTH_MAX } else { parts.len() - literal };
    let mut walk = Walk { depth_max, visited: 0, files: Vec::new() };
    walk.enter(&base, 1)?;
    let mut files = walk.files;
    files.retain(|file| file.strip_prefix(&base).is_ok_and(|inside| matcher.is_match(inside)));
    files.sort();
    if files.is_empty() { Err(PatternError::NoMatch(shown(&base))) } else { Ok(files) }
}

/// Collects the files under a folder.
struct Walk {
    depth_max: usize,
    visited: usize,
    files: Vec<PathBuf>,
}

impl Walk {
    fn enter(&mut self, folder: &Path, depth: usize) -> Result<(), PatternError> {
        let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let entries = match fs::read_dir(listed) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(PatternError::Unreadable(shown(folder), error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| PatternError::Unreadable(shown(folder), error))?;
            self.visited += 1;
            if self.visited > ENTRIES_MAX {
                return Err(PatternError::TooMany);
            }
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = folder.join(entry.file_name());
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => {
                    if depth < self.depth_max {
                        self.enter(&path, depth + 1)?;
                    }
                }
                Ok(found) if !found.is_file() => {}
                // Whoever reads a link that leads nowhere says so.
                Ok(_) | Err(_) => self.files.push(path),
            }
        }
        Ok(())
    }
}

fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { "the current folder".to_owned() } else { folder.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_leave_out_what_editors_leave_behind_and_special_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a.yaml", ".a.yaml", "._a.yaml"] {
            fs::write(path(name), "").unwrap();
        }
        std::os::unix::fs::symlink("user@host.123", path(".#a.yaml")).unwrap();
        std::os::unix::fs::symlink("nowhere", path("b.yaml")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("c.yaml")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("d.yaml")).unwrap();
        assert_eq!(matching_files(folder.path(), "*.yaml").unwrap(), [path("a.yaml"), path("b.yaml")]);
    }

    #[test]
    fn patterns_find_files_below_the_folder_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["rules/b.yaml", "rules/a.yaml", "rules/a.txt", "rules/deep/c.yaml", "top.yaml"] {
            fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
            fs::write(folder.path().join(file), "").unwrap();
        }
        let found = |pattern: &str| -> Vec<String> {
            let files = matching_files(folder.path(), pattern).unwrap_or_default();
            let inside = files.iter().map(|file| file.strip_prefix(folder.path()).unwrap());
            inside.map(|file| file.display().to_string()).collect()
        };
        assert_eq!(found("rules/*.yaml"), ["rules/a.yaml", "rules/b.yaml"]);
        assert_eq!(found("**/*.yaml"), ["rules/a.yaml", "rules/b.yaml", "rules/deep/c.yaml", "top.yaml"]);
        assert_eq!(found("rules/{a,x}.y?ml"), ["rules/a.yaml"]);
        assert_eq!(found("top.yaml"), ["top.yaml"]);
        assert!(found("rules").is_empty(), "a folder is not a file");
        let absolute = folder.path().join("*.yaml").display().to_string();
        assert_eq!(matching_files(Path::new("elsewhere"), &absolute).unwrap(), [folder.path().join("top.yaml")]);
        assert!(matches!(matching_files(folder.path(), "rules/[a"), Err(PatternError::Malformed(_))));
    }
}
