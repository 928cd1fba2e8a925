//! The operator's page in a real Chromium, against the real binary: what the tests in `crates/console/web/tests` say.
//!
//! They need Node, Chromium and the packages of the lock file; `scripts/browser.sh` makes them ready. Without, the test says
//! what is missing and is skipped; `VIGIE_REQUIRE_BROWSER=1` makes that a failure.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Running, found_centre, project, serve, text};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const CHROMIUMS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

#[test]
fn operators_work_with_the_page() {
    let web = project().join("crates/console/web");
    let chromium = match missing(&web) {
        Ok(chromium) => chromium,
        Err(missing) => return skip(&missing),
    };
    passes(Command::new("npm").args(["run", "--silent", "unit"]).current_dir(&web));
    let mut tests = Command::new("npm");
    tests.args(["run", "--silent", "browser"]).current_dir(&web);
    tests.env("VIGIE_BIN", env!("CARGO_BIN_EXE_vigie")).env("VIGIE_CHROMIUM", chromium);
    passes(&mut tests);
}

/// The Chromium to use, if all the rest is there too.
fn missing(web: &Path) -> Result<PathBuf, String> {
    let node = Command::new("node").arg("--version").output();
    if !node.is_ok_and(|said| said.status.success()) {
        return Err("there is no Node".to_owned());
    }
    let named = std::env::var_os("VIGIE_CHROMIUM").map(PathBuf::from);
    let chromium = named.or_else(|| CHROMIUMS.iter().map(PathBuf::from).find(|path| path.exists()));
    let chromium = chromium.ok_or("there is no Chromium; scripts/browser.sh installs it")?;
    if !web.join("node_modules/playwright-core").exists() {
        return Err("the packages of the page's tests are not installed; scripts/browser.sh does it".to_owned());
    }
    let folder = tempfile::tempdir().unwrap();
    found_centre(folder.path(), "", "groups: []\n");
    let page = Running::start(serve(folder.path())).get("/").1;
    if !page.contains("/assets/") {
        return Err("the binary was built with the simple page only".to_owned());
    }
    Ok(chromium)
}

fn skip(missing: &str) {
    assert!(std::env::var_os("VIGIE_REQUIRE_BROWSER").is_none(), "VIGIE_REQUIRE_BROWSER is set, but {missing}");
    // Past the test runner's capture, so that a skipped check is seen.
    writeln!(std::io::stderr(), "SKIPPED operators_work_with_the_page: {missing}")
        .expect("standard error can be written");
}

fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{command:?} said:\n{said}");
    println!("{said}");
}
