//! The project's files, as the checks see them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files by their path from the project's root, with `/`; only text that a check reads is kept.
#[derive(Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// The files of the project, without what is built or ignored.
    pub(crate) fn of_the_project() -> Self {
        let mut tree = Self::default();
        tree.enter(Path::new(env!("CARGO_MANIFEST_DIR")), "");
        tree
    }

    /// A tree made up to show that a check fails.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    /// Paths and texts of the files whose path ends so.
    pub(crate) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(end))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is a file or folder of that path.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty()
            || self
                .files
                .keys()
                .any(|file| file.strip_prefix(path).is_some_and(|end| end.is_empty() || end.starts_with('/')))
    }

    fn enter(&mut self, folder: &Path, inside: &str) {
        for entry in fs::read_dir(folder).expect("a folder of the project can be listed") {
            let entry = entry.expect("a folder of the project can be listed");
            let name = entry.file_name().into_string().expect("names in the project are UTF-8");
            let path = format!("{inside}{name}");
            if entry.path().is_dir() {
                if !["target", ".git", "vigie-data", "node_modules", "dist"].contains(&name.as_str()) {
                    self.enter(&entry.path(), &format!("{path}/"));
                }
            } else {
                let is_read = [".rs", ".toml", ".md"].iter().any(|end| name.ends_with(end));
                let text = if is_read { fs::read_to_string(entry.path()).unwrap_or_default() } else { String::new() };
                self.files.insert(path, text);
            }
        }
    }
}
