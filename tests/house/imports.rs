//! Imports between the files of a crate, which must follow the order of their `mod` lines.
//!
//! With `mod a; mod b;` file `b` may import from `a`, but `a` not from `b`; the same for the files inside `a` and inside
//! `b`; and a file may import from the files it declares itself. So no two files import each other, in any number of
//! steps, and a crate can be read from its first `mod` line down. What a file needs of the one that declares it belongs
//! into a file of its own. Modules compiled for tests only may import anything.

use crate::tree::Tree;
use std::collections::BTreeMap;

/// A module's place in its crate: the names of its `mod` lines from the root down.
type Path = Vec<String>;

/// A module with a file of its own.
struct Module {
    file: String,
    /// How many `mod` lines stand above its own.
    order: usize,
}

/// Imports against the order of `mod` lines, and files no `mod` line declares.
pub(crate) fn failures(tree: &Tree) -> Vec<String> {
    let mut failures = Vec::new();
    let mut declared = Vec::new();
    let is_root = |path: &&str| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    for root in tree.ending(".rs").map(|(path, _)| path).filter(is_root) {
        let mut modules = BTreeMap::new();
        declare(tree, root, &Path::new(), 0, &mut modules, &mut declared, &mut failures);
        for (path, module) in &modules {
            let text = tree.text(&module.file).unwrap_or_default();
            for (line, import) in read(text).imports_of(path) {
                failures.extend(fault(&modules, path, &import).map(|fault| format!("{}:{line}: {fault}", module.file)));
            }
        }
    }
    failures.dedup();
    for (path, _) in tree.ending(".rs") {
        let in_sources = path.starts_with("src/") || path.starts_with("crates/") && path.contains("/src/");
        if in_sources && !declared.contains(&path.to_owned()) {
            failures.push(format!("{path}:1: no `mod` line declares this file; declare or delete it"));
        }
    }
    failures
}

/// Enters a file and those it declares; modules for tests only are declared but not entered among `modules`.
fn declare(
    tree: &Tree,
    file: &str,
    path: &Path,
    order: usize,
    modules: &mut BTreeMap<Path, Module>,
    declared: &mut Vec<String>,
    failures: &mut Vec<String>,
) {
    declared.push(file.to_owned());
    modules.insert(path.clone(), Module { file: file.to_owned(), order });
    let folder = match file.strip_suffix(".rs").unwrap_or(file) {
        stem if path.is_empty() || stem.ends_with("/mod") => stem.rsplit_once('/').map_or("", |(folder, _)| folder),
        stem => stem,
    };
    for (order, declaration) in read(tree.text(file).unwrap_or_default()).declarations.iter().enumerate() {
        let name = &declaration.name;
        let files = [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")];
        let Some(child) = files.iter().find(|file| tree.text(file).is_some()) else {
            failures.push(format!("{file}:{}: `mod {name};` has no file {}", declaration.line, files[0]));
            continue;
        };
        let child_path = [path.as_slice(), std::slice::from_ref(name)].concat();
        if declaration.is_test {
            declare(tree, child, &child_path, order, &mut BTreeMap::new(), declared, failures);
        } else {
            declare(tree, child, &child_path, order, modules, declared, failures);
        }
    }
}

/// Why the module at `path` may not import `import`, given from the crate's root.
fn fault(modules: &BTreeMap<Path, Module>, path: &Path, import: &[String]) -> Option<String> {
    let target = (0..=import.len()).rev().map(|end| import[..end].to_vec()).find(|path| modules.contains_key(path))?;
    let common = path.iter().zip(&target).take_while(|(a, b)| a == b).count();
    if common == path.len() {
        return None;
    }
    if common == target.len() {
        let file = &modules[&target].file;
        return Some(format!(
            "imports '{}' from {file}, which declares this file; move it into a file of its own above",
            import[common..].join("::")
        ));
    }
    let [own, other] = [path, &target].map(|path| &modules[&path[..=common].to_vec()]);
    if other.order < own.order {
        return None;
    }
    Some(format!(
        "imports from '{}', declared below '{}' in {}; move that `mod` line up, or what both need into a file above",
        target[..=common].join("::"),
        path[..=common].join("::"),
        modules[&path[..common].to_vec()].file
    ))
}

/// `mod name;`
struct Declaration {
    line: usize,
    name: String,
    is_test: bool,
}

/// What a file declares and imports.
#[derive(Default)]
struct Found {
    declarations: Vec<Declaration>,
    /// Line, the inline module it stands in, and the path as written.
    imports: Vec<(usize, Option<String>, Path)>,
}

impl Found {
    /// Line and path from the crate's root of every import inside the crate, for the module at `path`.
    fn imports_of(&self, path: &Path) -> Vec<(usize, Path)> {
        let resolved = self.imports.iter().filter_map(|(line, inline, import)| {
            let mut base: Path = path.iter().chain(inline).cloned().collect();
            let supers = import.iter().take_while(|part| *part == "super").count();
            match import.first()?.as_str() {
                "crate" => base.clear(),
                "super" => base.truncate(base.len().checked_sub(supers)?),
                "self" => {}
                _ => return None,
            }
            base.extend(import[supers.max(1)..].iter().cloned());
            Some((*line, base))
        });
        resolved.collect()
    }
}

/// Reads the `mod` and `use` lines of a formatted file, and the paths inside its code.
fn read(text: &str) -> Found {
    let mut found = Found::default();
    let (mut is_test, mut skipping) = (false, false);
    let mut inline = None;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let code = line.trim();
        if line == "}" {
            (skipping, inline) = (false, None);
        }
        if skipping || code.starts_with("//") {
            continue;
        }
        let item = without_visibility(code);
        if code.starts_with("#[") {
            is_test |= code.starts_with("#[cfg(test)]");
            continue;
        }
        if let Some(name) = item.strip_prefix("mod ") {
            if let Some(name) = name.strip_suffix(';') {
                found.declarations.push(Declaration { line: index + 1, name: name.to_owned(), is_test });
            } else if let Some(name) = name.strip_suffix(" {") {
                (skipping, inline) = (is_test, Some(name.to_owned()));
            }
        } else if let Some(start) = item.strip_prefix("use ") {
            let mut import = start.to_owned();
            while !import.ends_with(';') {
                let Some((_, next)) = lines.next() else { break };
                import.push_str(next.trim());
            }
            let mut paths = Vec::new();
            expand(&[], import.trim_end_matches(';'), &mut paths);
            found.imports.extend(paths.into_iter().map(|path| (index + 1, inline.clone(), path)));
        } else {
            let paths = paths_in(code).into_iter();
            found.imports.extend(paths.map(|path| (index + 1, inline.clone(), path)));
        }
        is_test = false;
    }
    found
}

fn without_visibility(code: &str) -> &str {
    let Some(rest) = code.strip_prefix("pub") else { return code };
    let rest = if rest.starts_with('(') { rest.split_once(')').map_or(rest, |(_, rest)| rest) } else { rest };
    rest.trim_start()
}

/// The paths of a `use` tree: `a::{b, c::{self, d}}` is `a::b`, `a::c` and `a::c::d`.
fn expand(prefix: &[String], tree: &str, paths: &mut Vec<Path>) {
    let (head, branches) = match tree.split_once('{') {
        Some((head, rest)) => (head, rest.rsplit_once('}').map(|(branches, _)| branches)),
        None => (tree.split(" as ").next().unwrap_or_default(), None),
    };
    let parts = head.split("::").map(str::trim).filter(|part| !part.is_empty());
    let mut path = prefix.to_vec();
    path.extend(parts.map(str::to_owned));
    let Some(branches) = branches else {
        if path.len() > 1 && path.last().is_some_and(|part| part == "self") {
            path.pop();
        }
        paths.push(path);
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (at, c) in branches.char_indices().chain([(branches.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !branches[start..at].trim().is_empty() {
                    expand(&path, &branches[start..at], paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Paths that start with `crate::` or `super::` inside a line of code.
fn paths_in(code: &str) -> Vec<Path> {
    let code = code.split(" // ").next().unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c: char| !is_part(c) && c != '$' && c != '"');
    let paths = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    paths.map(|word| word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()).collect()
}

#[test]
fn imports_against_the_order_are_found() {
    let tree = Tree::of(&[
        ("src/lib.rs", "pub mod a;\npub mod b;\nmod gone;\n#[cfg(test)]\nmod tests;\nuse a::X;\n"),
        ("src/a.rs", "mod one;\nmod two;\nuse crate::b::{self, Y as Z};\nuse one::T;\nuse self::two::U;\n"),
        ("src/a/one.rs", "use super::two::U;\nuse std::fmt;\n// use super::two::V;\n"),
        ("src/a/two.rs", "use super::one::T;\nuse super::X;\nuse super::super::b;\nuse crate::{\n    a::one::T,\n};\n"),
        (
            "src/b.rs",
            "use crate::a::{X, one::{T, S}};\npub fn f() -> crate::Root {}\npub mod flags {\n    use super::Y;\n}\n\
             #[cfg(test)]\nmod tests {\n    use crate::tests::all;\n}\nfn g() -> super::tests::Z {}\n",
        ),
        ("src/tests.rs", "mod inner;\nuse crate::b::Y;\n"),
        ("src/tests/inner.rs", "use super::helper;\n"),
        ("src/lost.rs", ""),
    ]);
    let expected = [
        "src/lib.rs:3: `mod gone;` has no file src/gone.rs",
        "src/a.rs:3: imports from 'b', declared below 'a'",
        "src/a/one.rs:1: imports from 'a::two', declared below 'a::one' in src/a.rs",
        "src/a/two.rs:2: imports 'X' from src/a.rs, which declares this file",
        "src/a/two.rs:3: imports from 'b', declared below 'a' in src/lib.rs",
        "src/b.rs:2: imports 'Root' from src/lib.rs, which declares this file",
        "src/b.rs:10: imports 'tests::Z' from src/lib.rs",
        "src/lost.rs:1: no `mod` line declares this file",
    ];
    let failures = failures(&tree);
    assert_eq!(failures.len(), expected.len(), "{failures:#?}");
    for (failure, expected) in failures.iter().zip(expected) {
        assert!(failure.starts_with(expected), "{failure}\nis not\n{expected}");
    }
}
