//! `vigie serve` on one data folder, over many lives; what it says goes to files.

use crate::common::{vigie, wait_until};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

/// What a server says once it has judged its log again, all of it or what is behind its newest snapshots.
pub const RECALLED: &str = "the log was read from its";
/// What it says in the second case.
pub const RESUMED: &str = "the log was read from its snapshot on";
/// What a server says shortly before it begins to judge its log again.
pub const RECALLS: &str = "history is open";

/// One life of the server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Server {
    /// Starts it on `folder/vigie.toml`; `failpoints` is the text of `VIGIE_FAILPOINTS`.
    pub fn start(folder: &Path, failpoints: &str) -> Self {
        let (out, err) = (folder.join("out.txt"), folder.join("err.txt"));
        let file = |path: &Path| File::create(path).expect("the folder can be written");
        let mut command: Command = vigie();
        command.args(["serve", "--config"]).arg(folder.join("vigie.toml"));
        command.env("VIGIE_FAILPOINTS", failpoints).stdout(file(&out)).stderr(file(&err));
        Self { child: command.spawn().expect("it can be started"), out, err }
    }

    /// Its address, `127.0.0.1:PORT`, once it listens.
    pub fn address(&mut self) -> String {
        self.address_if_it_lives().unwrap_or_else(|| panic!("it ended before it listened: {}", self.said()))
    }

    /// Its address once it listens; `None` when it ends before.
    pub fn address_if_it_lives(&mut self) -> Option<String> {
        wait_until("the address of the server", || {
            let said = fs::read_to_string(&self.out).unwrap_or_default();
            let line = said.lines().find_map(|line| line.split_once("http://").filter(|_| said.ends_with('\n')));
            match line {
                Some((_, address)) => Some(Some(address.trim().to_owned())),
                None => self.child.try_wait().expect("a child can be waited for").map(|_| None),
            }
        })
    }

    /// What it has said on standard error so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    /// Waits until it says `needle`, or ends.
    pub fn wait_to_hear(&mut self, needle: &str) {
        wait_until(needle, || {
            let is_over = self.child.try_wait().expect("a child can be waited for").is_some();
            (is_over || self.said().contains(needle)).then_some(())
        });
    }

    /// SIGKILL: nothing of it runs after this.
    pub fn kill(&mut self) -> ExitStatus {
        self.child.kill().expect("it runs");
        self.child.wait().expect("a child can be waited for")
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits until it ends by itself.
    pub fn wait_to_end(&mut self) -> ExitStatus {
        wait_until("the end of the server", || self.child.try_wait().expect("a child can be waited for"))
    }

    /// Asks it to stop as Ctrl-C does, and waits for its end.
    pub fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
        self.wait_to_end()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
