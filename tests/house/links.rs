//! Links of the documents to files of the project.

use crate::tree::Tree;

/// The documents a newcomer starts from.
const REQUIRED: [&str; 2] = ["README.md", "ARCHITECTURE.md"];

/// Documents that are missing, and links that lead nowhere.
pub(crate) fn failures(tree: &Tree) -> Vec<String> {
    let missing = REQUIRED.iter().filter(|path| !tree.has(path));
    let mut failures: Vec<_> = missing.map(|path| format!("{path}: missing; a newcomer starts there")).collect();
    for (path, text) in tree.ending(".md") {
        let mut in_code = false;
        for (index, line) in text.lines().enumerate() {
            in_code ^= line.trim_start().starts_with("```");
            if in_code {
                continue;
            }
            for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
                let file = target.split('#').next().unwrap_or_default();
                let is_elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
                if !is_elsewhere && !resolved(path, file).is_some_and(|file| tree.has(&file)) {
                    failures.push(format!("{path}:{}: no file '{file}'; correct the link", index + 1));
                }
            }
        }
    }
    failures
}

/// The path from the root of a link in `document`; `None` when it leads out of the project.
fn resolved(document: &str, link: &str) -> Option<String> {
    let mut parts: Vec<_> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[test]
fn broken_links_are_found() {
    let tree = Tree::of(&[
        (
            "README.md",
            "[a](docs/a.md#there) [b](docs/b.md)\n```\n[code](none)\n```\n[web](https://example.org) [d](docs/)",
        ),
        ("docs/a.md", "[up](../README.md) [out](../../x) [gone](gone.png)\n"),
    ]);
    assert_eq!(
        failures(&tree),
        [
            "ARCHITECTURE.md: missing; a newcomer starts there",
            "README.md:1: no file 'docs/b.md'; correct the link",
            "docs/a.md:1: no file '../../x'; correct the link",
            "docs/a.md:1: no file 'gone.png'; correct the link",
        ]
    );
}
