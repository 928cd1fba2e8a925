//! The simulated disk: the machine as a test holds it ([`SimDisk`]) and as the log sees it ([`SimDisk::mount`]).
//!
//! All is in memory and follows from the seed. Every call of the log is counted from 0 and noted; a [`Fault`] strikes at
//! the call with a given number. After power loss or a kill nothing answers until [`SimDisk::restart`] decides what is
//! left; files and mounts from before then stay dead, like a process that ended.

use crate::rng::Rng;
use crate::sim::faults::{Call, Fault, Lies, Op, Outcome};
use crate::sim::file::Content;
use crate::sim::folder::{Folder, Node};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use vigie_log::disk::{Disk, DiskFile};

/// A log that goes on calling a machine that is down does not end by itself.
const CALLS_WHEN_DOWN_MAX: usize = 10_000;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// The simulated machine, as the test holds it. Cheap to clone; clones are the same machine.
#[derive(Clone)]
pub(crate) struct SimDisk(Arc<Mutex<World>>);

#[derive(Clone)]
struct World {
    rng: Rng,
    files: Vec<Content>,
    folders: BTreeMap<PathBuf, Folder>,
    /// Runs of the machine so far; who mounted in an earlier one is dead.
    run: u64,
    down: Option<Fault>,
    calls_when_down: usize,
    /// The first call of this run.
    first_call: usize,
    faults: BTreeMap<usize, Fault>,
    budget: Option<usize>,
    lies: Lies,
    calls: Vec<Call>,
    torn_sectors: usize,
}

impl SimDisk {
    /// An empty disk with a durable root folder.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(World {
            rng: Rng::new(seed),
            files: Vec::new(),
            folders: BTreeMap::from([(PathBuf::from("/"), Folder::default())]),
            run: 0,
            down: None,
            calls_when_down: 0,
            first_call: 0,
            faults: BTreeMap::new(),
            budget: None,
            lies: Lies::default(),
            calls: Vec::new(),
            torn_sectors: 0,
        })))
    }

    /// Another machine with the same disk, without scheduled faults, drawing from another seed. Only files that still
    /// have a name are on it.
    pub(crate) fn copy(&self, seed: u64) -> Self {
        let found = self.world();
        let is_named = |file: &usize| found.folders.values().any(|folder| folder.names_file(*file));
        let files = (0..found.files.len())
            .map(|file| if is_named(&file) { found.files[file].clone() } else { Content::default() })
            .collect();
        let world = World {
            rng: Rng::new(seed),
            files,
            folders: found.folders.clone(),
            faults: BTreeMap::new(),
            first_call: 0,
            calls: Vec::new(),
            ..*found
        };
        drop(found);
        Self(Arc::new(Mutex::new(world)))
    }

    /// The disk for one life of a process.
    pub(crate) fn mount(&self) -> Arc<dyn Disk> {
        let run = self.world().run;
        Arc::new(Mount { machine: self.clone(), run })
    }

    /// Lets a fault strike at the `after`-th call from now, counted from 0.
    pub(crate) fn fault_after(&self, after: usize, fault: Fault) {
        let mut world = self.world();
        let at = world.calls.len() + after;
        world.faults.insert(at, fault);
    }

    /// Whether power loss or a kill has struck.
    pub(crate) fn is_down(&self) -> bool {
        self.world().down.is_some()
    }

    /// At which kind of call the newest fault of this run struck.
    pub(crate) fn struck_at(&self) -> Option<Op> {
        let world = self.world();
        let mut calls = world.calls[world.first_call..].iter().rev();
        calls.find(|call| matches!(call.outcome, Outcome::Fault(_))).map(|call| call.op)
    }

    /// Ends this run, by what has struck or else by a kill, and decides what is left for the next one. Faults that did
    /// not strike are forgotten.
    pub(crate) fn restart(&self) {
        let mut world = self.world();
        let end = world.down.take().unwrap_or(Fault::Kill);
        world.end(end);
    }

    /// Loses power between two calls, and restarts.
    pub(crate) fn lose_power(&self) {
        let mut world = self.world();
        world.down = None;
        world.end(Fault::PowerLoss);
    }

    /// The most bytes the files may occupy together.
    pub(crate) fn set_budget(&self, bytes: Option<usize>) {
        self.world().budget = bytes;
    }

    /// Bytes the files occupy together.
    pub(crate) fn used(&self) -> usize {
        self.world().used()
    }

    pub(crate) fn set_lies(&self, lies: Lies) {
        self.world().lies = lies;
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.world().calls.clone()
    }

    /// How many calls there were.
    pub(crate) fn calls_count(&self) -> usize {
        self.world().calls.len()
    }

    /// The newest calls, one a line.
    pub(crate) fn trace(&self, newest_max: usize) -> String {
        let world = self.world();
        let first = world.calls.len().saturating_sub(newest_max);
        world.calls[first..].iter().zip(first..).map(|(call, index)| format!("{index:>5} {call}\n")).collect()
    }

    /// Sectors torn so far.
    pub(crate) fn torn_sectors(&self) -> usize {
        self.world().torn_sectors
    }

    /// Path and content of every file, in the order of their paths.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let world = self.world();
        let mut files = Vec::new();
        for (path, folder) in &world.folders {
            for (name, node) in folder.view() {
                if let Node::File(file) = node {
                    files.push((path.join(name), world.files[*file].view().to_vec()));
                }
            }
        }
        files
    }

    /// The path at which a file is found now.
    pub(crate) fn path_of(&self, file: usize) -> Option<PathBuf> {
        let world = self.world();
        let mut folders = world.folders.iter();
        folders.find_map(|(path, folder)| {
            let (name, _) = folder.view().iter().find(|(_, node)| **node == Node::File(file))?;
            Some(path.join(name))
        })
    }

    /// Puts a durable file there from outside, in place of whatever had that name.
    pub(crate) fn plant(&self, path: &Path, bytes: Vec<u8>) {
        let mut world = self.world();
        let file = world.files.len();
        world.files.push(Content::durable(bytes));
        let (folder, name) = split(path);
        world.folders.get_mut(folder).expect("a test plants into folders that exist").plant(name, Node::File(file));
    }

    /// Takes a file away from outside.
    pub(crate) fn uproot(&self, path: &Path) {
        let (folder, name) = split(path);
        self.world().folders.get_mut(folder).expect("a test uproots what exists").uproot(name);
    }

    /// Whether a power loss could change any file's bytes or length.
    pub(crate) fn is_clean(&self) -> bool {
        self.world().files.iter().all(Content::is_clean)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl World {
    fn end(&mut self, by: Fault) {
        (self.run, self.calls_when_down, self.first_call) = (self.run + 1, 0, self.calls.len());
        self.faults.clear();
        if by == Fault::PowerLoss {
            for file in &mut self.files {
                self.torn_sectors += file.lose_power(&mut self.rng);
            }
            self.folders.values_mut().for_each(|folder| folder.lose_power(&mut self.rng));
            self.drop_lost_folders();
        } else {
            self.files.iter_mut().for_each(|file| file.survive_kill(&mut self.rng));
        }
    }

    /// A folder whose own name did not survive takes what is in it along.
    fn drop_lost_folders(&mut self) {
        let paths: Vec<_> = self.folders.keys().filter(|path| path.parent().is_some()).cloned().collect();
        for path in paths {
            let (parent, name) = split(&path);
            let kept = self.folders.get(parent).is_some_and(|folder| folder.view().contains_key(name));
            if !kept {
                self.folders.remove(&path);
            }
        }
    }

    fn used(&self) -> usize {
        let nodes = self.folders.values().flat_map(|folder| folder.view().values());
        nodes.map(|node| if let Node::File(file) = node { self.files[*file].allocated() } else { 0 }).sum()
    }

    /// Bytes that can still be occupied.
    fn free(&self) -> usize {
        self.budget.map_or(usize::MAX, |budget| budget.saturating_sub(self.used()))
    }

    /// Notes a call; the fault that strikes at it, if any. Fails when the caller is dead.
    fn begin(&mut self, run: u64, path: &Path, file: Option<usize>, op: Op) -> io::Result<Option<Fault>> {
        if run != self.run || self.down.is_some() {
            self.calls_when_down += 1;
            assert!(self.calls_when_down < CALLS_WHEN_DOWN_MAX, "calls on and on after the machine went down: {op:?}");
            return Err(is_down());
        }
        let fault = self.faults.get(&self.calls.len()).copied();
        let outcome = fault.map_or(Outcome::Done, Outcome::Fault);
        self.calls.push(Call { path: path.to_owned(), file, op, outcome });
        if matches!(fault, Some(Fault::PowerLoss | Fault::Kill)) {
            self.down = fault;
        }
        Ok(fault)
    }

    /// Whether a call that does all or nothing does it. A call struck by power loss does, undecided like all that is
    /// not synced.
    fn takes_effect(&mut self, fault: Option<Fault>) -> bool {
        match fault {
            None | Some(Fault::PowerLoss) => true,
            Some(Fault::Kill | Fault::Error) => self.rng.chance(1, 2),
        }
    }

    fn refuse(&mut self, outcome: Outcome, error: io::Error) -> io::Error {
        if let Some(call) = self.calls.last_mut() {
            call.outcome = outcome;
        }
        error
    }

    fn refuse_missing(&mut self) -> io::Error {
        self.refuse(Outcome::Refused, io::ErrorKind::NotFound.into())
    }

    fn refuse_full(&mut self) -> io::Error {
        self.refuse(Outcome::DiskFull, io::Error::from_raw_os_error(ENOSPC))
    }

    fn node(&self, path: &Path) -> Option<Node> {
        let (folder, name) = split(path);
        self.folders.get(folder)?.view().get(name).copied()
    }

    fn file_at(&mut self, path: &Path) -> io::Result<usize> {
        match self.node(path) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(self.refuse_missing()),
        }
    }

    fn change(&mut self, folder: &Path, names: &[(&str, Option<Node>)]) -> io::Result<()> {
        match self.folders.get_mut(folder) {
            Some(folder) => {
                folder.change(names);
                Ok(())
            }
            None => Err(self.refuse_missing()),
        }
    }
}

/// The disk as one life of a process sees it.
struct Mount {
    machine: SimDisk,
    run: u64,
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimDisk(run {})", self.run)
    }
}

impl Mount {
    fn file(&self, path: &Path, file: usize) -> Box<dyn DiskFile> {
        Box::new(OpenFile { machine: self.machine.clone(), run: self.run, path: path.to_owned(), file })
    }
}

impl Disk for Mount {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let mut world = self.machine.world();
        let fault = world.begin(self.run, folder, None, Op::CreateFolder)?;
        if !world.folders.contains_key(folder) && world.takes_effect(fault) {
            let (parent, name) = split(folder);
            world.change(parent, &[(name, Some(Node::Folder))])?;
            world.folders.insert(folder.to_owned(), Folder::default());
        }
        answer(fault)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut world = self.machine.world();
        answer(world.begin(self.run, folder, None, Op::List)?)?;
        let Some(found) = world.folders.get(folder) else { return Err(world.refuse_missing()) };
        let files = found.view().iter().filter(|(_, node)| matches!(node, Node::File(_)));
        let mut names: Vec<_> = files.map(|(name, _)| name.clone()).collect();
        // In any order, says the contract.
        for last in (1..names.len()).rev() {
            let other = world.rng.below(last + 1);
            names.swap(last, other);
        }
        Ok(names)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.machine.world();
        let file = world.files.len();
        let fault = world.begin(self.run, path, Some(file), Op::Create)?;
        if world.node(path).is_some() {
            return Err(world.refuse(Outcome::Refused, io::ErrorKind::AlreadyExists.into()));
        }
        if world.free() == 0 {
            return Err(world.refuse_full());
        }
        if world.takes_effect(fault) {
            let (folder, name) = split(path);
            world.change(folder, &[(name, Some(Node::File(file)))])?;
            world.files.push(Content::default());
        }
        answer(fault)?;
        Ok(self.file(path, file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.machine.world();
        let file = world.node(path).and_then(|node| if let Node::File(file) = node { Some(file) } else { None });
        answer(world.begin(self.run, path, file, Op::Open)?)?;
        let file = world.file_at(path)?;
        Ok(self.file(path, file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.machine.world();
        let fault = world.begin(self.run, from, None, Op::Rename)?;
        let file = world.file_at(from)?;
        let ((folder, from), (to_folder, to)) = (split(from), split(to));
        assert_eq!(folder, to_folder, "the contract knows renames within a folder only");
        if world.takes_effect(fault) && from != to {
            world.change(folder, &[(from, None), (to, Some(Node::File(file)))])?;
        }
        answer(fault)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.machine.world();
        let fault = world.begin(self.run, path, None, Op::Remove)?;
        world.file_at(path)?;
        if world.takes_effect(fault) {
            let (folder, name) = split(path);
            world.change(folder, &[(name, None)])?;
        }
        answer(fault)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut world = self.machine.world();
        let fault = world.begin(self.run, folder, None, Op::SyncFolder)?;
        let (lie, kill_kept) = (world.lies.sync_folder, world.rng.chance(1, 2));
        let Some(found) = world.folders.get_mut(folder) else { return Err(world.refuse_missing()) };
        match fault {
            None if !lie => found.sync(),
            Some(Fault::Kill) if kill_kept && !lie => found.sync(),
            Some(Fault::Error) => found.fail_sync(),
            _ => {}
        }
        answer(fault)
    }
}

/// A file as one life of a process sees it.
struct OpenFile {
    machine: SimDisk,
    run: u64,
    path: PathBuf,
    file: usize,
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

impl OpenFile {
    fn begin(&self, op: Op) -> io::Result<(MutexGuard<'_, World>, Option<Fault>)> {
        let mut world = self.machine.world();
        let fault = world.begin(self.run, &self.path, Some(self.file), op)?;
        Ok((world, fault))
    }
}

impl DiskFile for OpenFile {
    fn length(&self) -> io::Result<u64> {
        let (world, fault) = self.begin(Op::Length)?;
        answer(fault)?;
        Ok(world.files[self.file].view().len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let (world, fault) = self.begin(Op::Read { offset, bytes: buffer.len() })?;
        answer(fault)?;
        let view = world.files[self.file].view();
        let start = usize::try_from(offset).map_or(view.len(), |offset| offset.min(view.len()));
        let count = buffer.len().min(view.len() - start);
        buffer[..count].copy_from_slice(&view[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (mut world, fault) = self.begin(Op::Write { offset, bytes: bytes.len() })?;
        let offset = usize::try_from(offset).expect("simulated files are small");
        let room = world.files[self.file].allocated().saturating_add(world.free()).saturating_sub(offset);
        if room < bytes.len() {
            world.files[self.file].write(offset, &bytes[..room]);
            return Err(world.refuse_full());
        }
        let written = match fault {
            None | Some(Fault::PowerLoss) => 0..bytes.len(),
            Some(Fault::Kill) => 0..world.rng.below(bytes.len() + 1),
            Some(Fault::Error) => {
                let start = if world.rng.chance(1, 2) { 0 } else { world.rng.below(bytes.len() + 1) };
                start..start + world.rng.below(bytes.len() - start + 1)
            }
        };
        world.files[self.file].write(offset + written.start, &bytes[written]);
        answer(fault)
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        let (mut world, fault) = self.begin(Op::Reserve { length })?;
        let mut length = usize::try_from(length).expect("simulated files are small");
        let room = world.files[self.file].allocated().saturating_add(world.free());
        if room < length {
            // As before or longer, says the contract.
            if world.rng.chance(1, 2) {
                world.files[self.file].reserve(room);
            }
            return Err(world.refuse_full());
        }
        if matches!(fault, Some(Fault::Kill | Fault::Error)) {
            length = world.rng.below(length + 1);
        }
        world.files[self.file].reserve(length);
        answer(fault)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let (mut world, fault) = self.begin(Op::Truncate { length })?;
        if world.takes_effect(fault) {
            world.files[self.file].truncate(usize::try_from(length).expect("simulated files are small"));
        }
        answer(fault)
    }

    fn sync_data(&self) -> io::Result<()> {
        let (mut world, fault) = self.begin(Op::SyncData)?;
        let (lie, kill_kept) = (world.lies.sync_data, world.rng.chance(1, 2));
        let file = &mut world.files[self.file];
        match fault {
            None if !lie => file.sync(),
            Some(Fault::Kill) if kill_kept && !lie => file.sync(),
            Some(Fault::Error) => file.fail_sync(),
            _ => {}
        }
        answer(fault)
    }
}

fn answer(fault: Option<Fault>) -> io::Result<()> {
    match fault {
        None => Ok(()),
        Some(Fault::Error) => Err(io::Error::from_raw_os_error(EIO)),
        Some(Fault::PowerLoss | Fault::Kill) => Err(is_down()),
    }
}

fn is_down() -> io::Error {
    io::Error::other("the simulated machine is down")
}

/// Folder and name of a path.
fn split(path: &Path) -> (&Path, &str) {
    let name = path.file_name().and_then(|name| name.to_str()).expect("simulated names are UTF-8");
    (path.parent().expect("simulated paths start at the root"), name)
}
