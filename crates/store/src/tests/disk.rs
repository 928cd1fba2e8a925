//! A disk for tests: the real one, with a journal, a rule that may fail or forget any call, and power failures.

use crate::delta::disk::{Disk, DiskFile, SystemDisk};
use crate::delta::durable::STAGING;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A call on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    CreateFolder(PathBuf),
    Create(PathBuf),
    Write(PathBuf, usize),
    SyncFile(PathBuf),
    Link(PathBuf, PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncFolder(PathBuf),
}

/// What a rule says about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Do,
    /// Fails; half of the bytes of a write are written.
    Fail,
    /// Says `Ok` and does nothing.
    Forget,
}

/// What a power failure takes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing: the process was killed.
    Nothing,
    /// Every name.
    Names,
    /// The names of data files only: the disk wrote the commit's folder, but not theirs.
    DataNames,
    /// The bytes; names stay.
    Bytes,
}

impl Loss {
    pub(crate) const ALL: [Self; 4] = [Self::Nothing, Self::Names, Self::DataNames, Self::Bytes];
}

type Rule = Box<dyn FnMut(&Call) -> Verdict + Send>;

/// See the module.
#[derive(Clone)]
pub(crate) struct TestDisk(Arc<Inner>);

struct Inner {
    rule: Mutex<Rule>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    journal: Vec<Call>,
    /// Names made since their folder was synced, with what was there before.
    names: Vec<(PathBuf, Option<Vec<u8>>)>,
    /// Names whose bytes are not synced.
    unsynced: BTreeSet<PathBuf>,
}

impl fmt::Debug for TestDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestDisk")
    }
}

impl TestDisk {
    pub(crate) fn new(rule: impl FnMut(&Call) -> Verdict + Send + 'static) -> Self {
        Self(Arc::new(Inner { rule: Mutex::new(Box::new(rule)), state: Mutex::default() }))
    }

    /// A disk that does everything.
    pub(crate) fn sound() -> Self {
        Self::new(|_| Verdict::Do)
    }

    pub(crate) fn set_rule(&self, rule: impl FnMut(&Call) -> Verdict + Send + 'static) {
        *self.0.rule.lock().unwrap() = Box::new(rule);
    }

    /// From the `index`-th call on everything fails, as after a kill. The answer is whether it came to that.
    pub(crate) fn stop_at(&self, index: usize) -> Arc<AtomicBool> {
        let stopped = Arc::new(AtomicBool::new(false));
        let (mut calls, told) = (0, Arc::clone(&stopped));
        self.set_rule(move |_| {
            calls += 1;
            if calls <= index {
                return Verdict::Do;
            }
            told.store(true, Ordering::SeqCst);
            Verdict::Fail
        });
        stopped
    }

    /// The calls that were done, in order.
    pub(crate) fn journal(&self) -> Vec<Call> {
        self.0.state.lock().unwrap().journal.clone()
    }

    /// Whether a power failure would take anything.
    pub(crate) fn would_lose(&self) -> bool {
        let state = self.0.state.lock().unwrap();
        !state.names.is_empty() || !state.unsynced.is_empty()
    }

    /// Takes from `copy`, a copy of the folder `root`, what a power failure would.
    pub(crate) fn lose(&self, loss: Loss, root: &Path, copy: &Path) {
        let state = self.0.state.lock().unwrap();
        let moved = |path: &Path| copy.join(path.strip_prefix(root).unwrap());
        if loss == Loss::Bytes {
            for path in state.unsynced.iter().filter(|path| moved(path).exists()) {
                std::fs::write(moved(path), "").unwrap();
            }
        }
        let takes_names = matches!(loss, Loss::Names | Loss::DataNames);
        for (path, before) in state.names.iter().rev().filter(|_| takes_names) {
            let is_log = path.to_string_lossy().contains("_delta_log");
            if is_log && loss == Loss::DataNames || !moved(path).exists() {
                continue;
            }
            match before {
                Some(bytes) => std::fs::write(moved(path), bytes).unwrap(),
                None if moved(path).is_dir() => std::fs::remove_dir_all(moved(path)).unwrap(),
                None => std::fs::remove_file(moved(path)).unwrap(),
            }
        }
    }

    fn call(&self, call: Call, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let verdict = (self.0.rule.lock().unwrap())(&call);
        match verdict {
            Verdict::Fail => Err(io::Error::other(format!("the disk fails at {call:?}"))),
            Verdict::Forget => Ok(()),
            Verdict::Do => {
                // What a rename replaces has to be read before it is done.
                let before = match &call {
                    Call::Rename(_, to) => std::fs::read(to).ok(),
                    _ => None,
                };
                act()?;
                self.0.state.lock().unwrap().note(call, before);
                Ok(())
            }
        }
    }
}

impl State {
    fn note(&mut self, call: Call, before: Option<Vec<u8>>) {
        match &call {
            Call::CreateFolder(path) | Call::Create(path) => self.names.push((path.clone(), before)),
            Call::Write(path, _) => {
                self.unsynced.insert(path.clone());
            }
            Call::SyncFile(path) => {
                self.unsynced.remove(path);
            }
            Call::Link(from, to) | Call::Rename(from, to) => {
                self.names.push((to.clone(), before));
                if self.unsynced.contains(from) {
                    self.unsynced.insert(to.clone());
                }
                if matches!(call, Call::Rename(..)) {
                    self.forget(&from.clone());
                }
            }
            Call::Remove(path) => self.forget(&path.clone()),
            Call::SyncFolder(folder) => self.names.retain(|(path, _)| path.parent() != Some(folder)),
        }
        self.journal.push(call);
    }

    fn forget(&mut self, gone: &Path) {
        self.unsynced.remove(gone);
        self.names.retain(|(path, _)| path != gone);
    }
}

impl Disk for TestDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.call(Call::CreateFolder(folder.to_owned()), || SystemDisk.create_folder(folder))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut file = None;
        self.call(Call::Create(path.to_owned()), || {
            file = Some(SystemDisk.create(path)?);
            Ok(())
        })?;
        let file = file.ok_or_else(|| io::Error::other("a file cannot be forgotten"))?;
        Ok(Box::new(TestFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Link(from.to_owned(), to.to_owned()), || SystemDisk.link(from, to))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Rename(from.to_owned(), to.to_owned()), || SystemDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Remove(path.to_owned()), || SystemDisk.remove(path))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.call(Call::SyncFolder(folder.to_owned()), || SystemDisk.sync_folder(folder))
    }
}

#[derive(Debug)]
struct TestFile {
    disk: TestDisk,
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

impl DiskFile for TestFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let call = Call::Write(self.path.clone(), bytes.len());
        let written = self.disk.call(call, || self.file.write_at(offset, bytes));
        written.inspect_err(|_| drop(self.file.write_at(offset, &bytes[..bytes.len() / 2])))
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.call(Call::SyncFile(self.path.clone()), || self.file.sync())
    }
}

/// Copies a folder with everything in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder, with its length.
pub(crate) fn files_below(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.clone(), path.metadata().unwrap().len());
            }
        }
    }
    files
}

/// What a folder holds, but for the made-up names of data files: two crashes of the same shape are one case.
pub(crate) fn shape(root: &Path) -> Vec<(PathBuf, u64)> {
    let shown = |path: &Path| {
        let path = path.strip_prefix(root).unwrap();
        if path.to_string_lossy().contains("part-") { path.with_file_name("part") } else { path.to_owned() }
    };
    let files = files_below(root).into_iter().map(|(path, length)| (shown(&path), length));
    // Whatever is staged is one temporary file or none; the next start removes it unread.
    let mut shape: Vec<_> = files
        .map(|(path, length)| if path.starts_with(STAGING) { (STAGING.into(), 0) } else { (path, length) })
        .collect();
    shape.sort();
    shape
}
