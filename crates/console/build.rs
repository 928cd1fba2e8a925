//! Builds the operator's page in `web/` with Node, so that it can be embedded in the binary.
//!
//! What comes out, in `OUT_DIR`: `dist/` with the page's files, each with a gzip twin; `web_files.rs`, which embeds them; and the
//! cfg `vigie_web`, by which the crate knows that there is a page to embed. Sources are copied to `OUT_DIR` first, so nothing is
//! ever written beside them.
//!
//! **Invariant:** a build without Node, without npm or without network succeeds: it says what is missing and leaves the simple
//! page. `VIGIE_WEB=simple` asks for that, `VIGIE_WEB=full` makes it an error. It runs again only when the page's sources changed.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Everything of `web/` that the built page depends on; its tests are not among it.
const SOURCES: [&str; 7] =
    ["index.html", "package.json", "package-lock.json", ".npmrc", "vite.config.ts", "svelte.config.js", "src"];
/// The oldest Node that Vite runs on.
const NODE_MIN: (u32, u32) = (20, 19);

fn main() {
    println!("cargo::rustc-check-cfg=cfg(vigie_web)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=VIGIE_WEB");
    let web = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("web");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    let wanted = env::var("VIGIE_WEB").unwrap_or_default();
    // docs.rs has no network, and documentation needs no page.
    if wanted == "simple" || env::var_os("DOCS_RS").is_some() {
        return;
    }
    let is_must = wanted == "full";
    match build(&web, Path::new(&variable("OUT_DIR")), is_must) {
        Ok(()) => println!("cargo::rustc-cfg=vigie_web"),
        Err(missing) if is_must => panic!("VIGIE_WEB=full, but {missing}"),
        Err(missing) => {
            // Another PATH may have what is missing.
            println!("cargo::rerun-if-env-changed=PATH");
            println!("cargo::warning=the full operator's page is left out, the simple one is built in: {missing}");
            println!(
                "cargo::warning=VIGIE_WEB=simple asks for that without this warning; see crates/console/web/README.md"
            );
        }
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("Cargo sets {name}"))
}

/// Installs and builds; the error says in words what is missing.
fn build(web: &Path, out: &Path, is_must: bool) -> Result<(), String> {
    node_is_new_enough()?;
    let (work, dist) = (out.join("web"), out.join("dist"));
    copy_sources(web, &work).map_err(|error| format!("its sources could not be copied: {error}"))?;
    install(&work, is_must)?;
    let mut vite = Command::new("node");
    vite.arg("node_modules/vite/bin/vite.js").args(["build", "--logLevel", "error", "--emptyOutDir", "--outDir"]);
    done(vite.arg(&dist).current_dir(&work), "Vite")?;
    embed(&dist, &out.join("web_files.rs")).map_err(|error| format!("the built page could not be read: {error}"))
}

fn node_is_new_enough() -> Result<(), String> {
    let least = format!("{}.{}", NODE_MIN.0, NODE_MIN.1);
    let said = done(Command::new("node").arg("--version"), "Node")?.stdout;
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let mut parts = said.trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) if (major, minor) >= NODE_MIN => Ok(()),
        _ => Err(format!("Node is {said}, and {least} is the oldest that does")),
    }
}

fn copy_sources(web: &Path, work: &Path) -> io::Result<()> {
    fs::create_dir_all(work)?;
    let _ = fs::remove_dir_all(work.join("src")); // a file that was deleted must not be built
    for source in SOURCES {
        copy(&web.join(source), &work.join(source))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Installs what the lock file names, unless that very lock file was installed already.
fn install(work: &Path, is_must: bool) -> Result<(), String> {
    let lock = fs::read(work.join("package-lock.json")).map_err(|error| format!("its lock file: {error}"))?;
    let stamp = work.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args([
        "ci",
        "--omit=dev",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        "--loglevel=error",
    ]);
    // Without network this ends within seconds instead of minutes, unless the full page is a must.
    let retries = if is_must { "--fetch-retries=5" } else { "--fetch-retries=1" };
    npm.args([retries, "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]);
    done(npm.current_dir(work), "npm ci")?;
    fs::write(stamp, lock).map_err(|error| format!("the folder of npm ci: {error}"))
}

fn done(command: &mut Command, name: &str) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    const SAID_CHARS_MAX: usize = 600;
    let said = [output.stderr, output.stdout].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SAID_CHARS_MAX).collect();
    Err(format!("{name} failed: {said}"))
}

/// Writes the table of the page's files: path, media type, bytes, and the same bytes in gzip.
fn embed(dist: &Path, table: &Path) -> io::Result<()> {
    let mut paths = Vec::new();
    list(dist, dist, &mut paths)?;
    paths.sort();
    let mut text = String::from("/// The files of the page, in the order of their paths.\nconst FILES: &[File] = &[\n");
    for path in paths.iter().filter(|path| !path.ends_with(".gz")) {
        let bytes = |name: &str| format!("include_bytes!({:?})", dist.join(name).display().to_string());
        let packed = format!("{path}.gz");
        let gzip = if paths.contains(&packed) { format!("Some({})", bytes(&packed)) } else { "None".to_owned() };
        let plain = bytes(path);
        let kind = media_type(path);
        text += &format!("    File {{ path: {path:?}, media_type: {kind:?}, plain: {plain}, gzip: {gzip} }},\n");
    }
    fs::write(table, text + "];\n")
}

fn list(folder: &Path, root: &Path, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, root, paths)?;
        } else {
            let inner = path.strip_prefix(root).expect("the folder is inside its root");
            paths.push(inner.to_str().expect("Vite names files in plain text").to_owned());
        }
    }
    Ok(())
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "md" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}
