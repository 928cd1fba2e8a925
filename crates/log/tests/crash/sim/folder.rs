//! One simulated folder: the names processes see, those that are durable, and the changes in between.
//!
//! A power loss keeps or drops each change made since the last sync of the folder, in any combination; a rename is one
//! change. After a failed sync the changes it should have kept stay undecided, whatever later syncs say.

use crate::rng::Rng;
use std::collections::BTreeMap;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A file, by its place among all files ever made.
    File(usize),
    Folder,
}

/// The names of one folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder {
    view: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    changes: Vec<Change>,
}

/// Names set or, with `None`, removed, all at once.
#[derive(Clone, Debug)]
struct Change {
    names: Vec<(String, Option<Node>)>,
    lost: bool,
}

impl Folder {
    /// The names a process sees.
    pub(crate) const fn view(&self) -> &BTreeMap<String, Node> {
        &self.view
    }

    /// Sets names, or removes those given with `None`.
    pub(crate) fn change(&mut self, names: &[(&str, Option<Node>)]) {
        let names: Vec<_> = names.iter().map(|(name, node)| ((*name).to_owned(), *node)).collect();
        apply(&mut self.view, &names);
        self.changes.push(Change { names, lost: false });
    }

    /// A sync that keeps its word for all that is not lost.
    pub(crate) fn sync(&mut self) {
        let (lost, kept): (Vec<_>, Vec<_>) = self.changes.drain(..).partition(|change| change.lost);
        self.changes = lost;
        for change in kept {
            apply(&mut self.durable, &change.names);
            let is_decided = |name: &String| change.names.iter().any(|(decided, _)| decided == name);
            self.changes.iter_mut().for_each(|lost| lost.names.retain(|(name, _)| !is_decided(name)));
        }
        self.changes.retain(|change| !change.names.is_empty());
    }

    /// A sync that fails: what it should have kept is undecided from now on. Not so the names of folders: nobody can make
    /// one anew that has files in it, and no system that fails to keep one goes on as if it had.
    pub(crate) fn fail_sync(&mut self) {
        let is_folder = |change: &Change| change.names.iter().any(|(_, node)| *node == Some(Node::Folder));
        self.changes.iter_mut().filter(|change| !is_folder(change)).for_each(|change| change.lost = true);
    }

    /// Power is lost: decides which changes the disk holds.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) {
        let kept_percent = [0, 50, 50, 90, 100][rng.below(5)];
        for change in std::mem::take(&mut self.changes) {
            if rng.chance(kept_percent, 100) {
                apply(&mut self.durable, &change.names);
            }
        }
        self.view.clone_from(&self.durable);
    }

    /// Adds a name from outside, as if it had always been there.
    pub(crate) fn plant(&mut self, name: &str, node: Node) {
        self.view.insert(name.to_owned(), node);
        self.durable.insert(name.to_owned(), node);
    }

    /// Takes a name away from outside, as if it had never been there.
    pub(crate) fn uproot(&mut self, name: &str) {
        self.view.remove(name);
        self.durable.remove(name);
    }

    /// Whether a file has a name here, or may have one after a power loss.
    pub(crate) fn names_file(&self, file: usize) -> bool {
        let changed = self.changes.iter().flat_map(|change| &change.names).filter_map(|(_, node)| *node);
        let named = self.view.values().chain(self.durable.values()).copied();
        named.chain(changed).any(|node| node == Node::File(file))
    }
}

fn apply(names: &mut BTreeMap<String, Node>, changes: &[(String, Option<Node>)]) {
    for (name, node) in changes {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}
