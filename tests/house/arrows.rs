//! The arrows between crates, and who may depend on what is slow to compile.

use crate::tree::Tree;

/// Which of our crates each may depend on: the table in ARCHITECTURE.md. The root package may depend on all.
const ARROWS: [(&str, &[&str]); 12] = [
    ("failpoints", &[]),
    ("model", &[]),
    ("analysis", &[]),
    ("report", &["vigie-analysis", "vigie-model"]),
    ("log", &["vigie-failpoints", "vigie-model"]),
    ("openapi", &["vigie-model"]),
    ("postgres", &[]),
    ("ingest", &["vigie-model", "vigie-log", "vigie-openapi"]),
    ("rules", &["vigie-model"]),
    ("alerts", &["vigie-model"]),
    ("store", &["vigie-analysis", "vigie-failpoints", "vigie-model", "vigie-postgres"]),
    ("console", &["vigie-model", "vigie-alerts", "vigie-openapi"]),
];
/// Libraries of columnar history: only `store` pays for compiling them.
const COLUMNAR: [&str; 8] =
    ["arrow", "parquet", "datafusion", "deltalake", "object_store", "arrow-flight", "datafusion-postgres", "pgwire"];
/// Parts of arrow that the door decodes with, and that compile in seconds.
const COLUMNAR_PARTS: [&str; 5] = ["arrow-array", "arrow-buffer", "arrow-data", "arrow-ipc", "arrow-schema"];
/// Clients of brokers: only the doors know them.
const BROKERS: [&str; 2] = ["rdkafka", "rumqttc"];

/// What is wrong with the dependencies of any manifest.
pub(crate) fn failures(tree: &Tree) -> Vec<String> {
    let mut failures = Vec::new();
    for (path, manifest) in tree.ending("Cargo.toml") {
        let parts: Vec<_> = path.split('/').collect();
        match parts[..] {
            ["Cargo.toml"] => check_root(manifest, &mut failures),
            ["crates", folder, "Cargo.toml"] => check_crate(path, folder, manifest, &mut failures),
            _ => {}
        }
    }
    failures
}

fn check_root(manifest: &str, failures: &mut Vec<String>) {
    for dependency in dependencies(manifest) {
        let Dependency { line, name, table } = dependency;
        if [&COLUMNAR[..], &COLUMNAR_PARTS, &BROKERS].concat().contains(&name) {
            failures.push(format!("Cargo.toml:{line}: [{table}] names '{name}'; only the crate that wraps it may"));
        } else if table == "dev-dependencies" && name == "vigie-store" {
            failures.push(format!(
                "Cargo.toml:{line}: [{table}] names '{name}', so that every bench would compile DataFusion; \
                 use it through a feature of the package"
            ));
        }
    }
}

fn check_crate(path: &str, folder: &str, manifest: &str, failures: &mut Vec<String>) {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == folder) else {
        failures.push(format!("{path}: crate '{folder}' has no arrows; add it to ARROWS here and to ARCHITECTURE.md"));
        return;
    };
    for Dependency { line, name, table } in dependencies(manifest) {
        let ours = name == "vigie" || name.starts_with("vigie-");
        if ours && table != "dev-dependencies" && !allowed.contains(&name) {
            failures
                .push(format!("{path}:{line}: '{folder}' may not depend on '{name}'; move what both need to model"));
        }
        if COLUMNAR.contains(&name) && folder != "store" {
            failures.push(format!("{path}:{line}: only store may depend on '{name}'; ask it through a trait of model"));
        }
        if COLUMNAR_PARTS.contains(&name) && !["ingest", "store"].contains(&folder) {
            failures.push(format!("{path}:{line}: only ingest and store may depend on '{name}'"));
        }
        if BROKERS.contains(&name) && !["log", "ingest"].contains(&folder) {
            failures.push(format!("{path}:{line}: only log and ingest may depend on '{name}'"));
        }
    }
}

/// One line of a manifest that names a dependency.
struct Dependency<'a> {
    line: usize,
    name: &'a str,
    /// `dependencies`, `dev-dependencies` or `build-dependencies`, also of a target.
    table: &'a str,
}

fn dependencies(manifest: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut table = "";
    let mut open_brackets = 0;
    for (index, text) in manifest.lines().enumerate() {
        let text = text.trim();
        let continued = open_brackets > 0;
        open_brackets += text.matches('[').count() as i64 - text.matches(']').count() as i64;
        if continued || text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(header) = text.strip_prefix('[').and_then(|text| text.split(']').next()) {
            table = "";
            for kind in ["dev-dependencies", "build-dependencies", "dependencies"] {
                if header == kind || header.ends_with(&format!(".{kind}")) && !header.starts_with("workspace") {
                    table = kind;
                    break;
                }
                if let Some(name) = header.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')) {
                    found.push(Dependency { line: index + 1, name, table: kind });
                    break;
                }
            }
            continue;
        }
        if !table.is_empty() {
            let renamed = text.split_once("package = \"").and_then(|(_, rest)| rest.split('"').next());
            let key = text.split(['.', '=', ' ']).next().unwrap_or_default().trim_matches('"');
            found.push(Dependency { line: index + 1, name: renamed.unwrap_or(key), table });
        }
    }
    found
}

#[test]
fn wrong_arrows_are_found() {
    let tree = Tree::of(&[
        (
            "Cargo.toml",
            "[workspace.dependencies]\narrow = \"59\"\n[dependencies]\nvigie-store.workspace = true\n\
             datafusion = { version = \"55\", features = [\n\"sql\",\n] }\n[dev-dependencies]\nvigie-store.workspace = true\n",
        ),
        ("crates/model/Cargo.toml", "[package]\nname = \"vigie-model\"\n[dependencies]\nserde.workspace = true\n"),
        (
            "crates/rules/Cargo.toml",
            "[dependencies]\nvigie-model.workspace = true\nvigie-store = { path = \"../store\" }\n\
             columns = { package = \"arrow\", version = \"59\" }\narrow-ipc.workspace = true\n[dev-dependencies]\nvigie-alerts.workspace = true\n\
             [target.'cfg(unix)'.dependencies]\nrdkafka = \"0.39\"\n[dependencies.vigie-ingest]\npath = \"../ingest\"\n",
        ),
        ("crates/ingest/Cargo.toml", "[dependencies]\narrow-ipc.workspace = true\narrow.workspace = true\n"),
        ("crates/extra/Cargo.toml", "[dependencies]\n"),
    ]);
    let places: Vec<_> = failures(&tree).iter().map(|failure| failure.split(": ").next().unwrap().to_owned()).collect();
    let rules = "crates/rules/Cargo.toml";
    let expected = ["Cargo.toml:5", "Cargo.toml:9", "crates/extra/Cargo.toml"].map(String::from);
    assert_eq!(places[..3], expected);
    assert_eq!(places[3], "crates/ingest/Cargo.toml:3");
    assert_eq!(places[4..], [3, 4, 5, 9, 10].map(|line| format!("{rules}:{line}")));
}
