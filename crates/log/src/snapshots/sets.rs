//! Sets of parts: written one file after the other, found again as a whole or not at all.

use crate::disk::Disk;
use crate::error::LogError;
use crate::snapshots::file::{Header, parse};
use crate::snapshots::part::{NewPart, Part, UNFINISHED, read_whole};
use crate::snapshots::stamp::{Refused, Stamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_failpoints::point::reach;

/// The most parts of a set: the partitions of the largest log, and some roles.
pub const PARTS_MAX: usize = 2_048;
/// The longest manifest.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// What a file has besides its body, at the most.
const AROUND_BYTES_MAX: u64 = 1 << 16;
const MANIFEST: &str = ".set";
const PART: &str = ".part";

/// A folder of snapshots.
#[derive(Clone, Debug)]
pub struct Snapshots {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

/// A set that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    stamp: Stamp,
    parts: Vec<Part>,
}

impl Set {
    /// What it belongs to, and where in the log it was taken.
    #[must_use]
    pub const fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Bytes of all its parts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.length).sum()
    }
}

impl Snapshots {
    /// Snapshots in a folder, which is created when it is not there, inside one that is.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path) -> Result<Self, LogError> {
        disk.create_folder(folder).map_err(LogError::disk("create", folder))?;
        if let Some(above) = folder.parent() {
            disk.sync_folder(above).map_err(LogError::disk("sync", above))?;
        }
        Ok(Self { disk, folder: folder.to_owned() })
    }

    /// Begins a part of a set, say `partition-3`; it counts once the set is committed.
    ///
    /// # Errors
    /// When the disk is full or fails.
    ///
    /// # Panics
    /// When the name has anything but letters, digits and `-`.
    pub fn begin(&self, stamp: &Stamp, part: &str) -> Result<NewPart, LogError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(!part.is_empty() && part.chars().all(is_plain), "the name of a part is part of a file name: {part}");
        let header = Header { stamp: stamp.clone(), part: part.to_owned() };
        NewPart::begin(&self.disk, self.part_path(stamp, part), &header)
    }

    /// Makes a set of parts that are finished the newest, and removes all others but `kept`, which is known to be good.
    ///
    /// # Errors
    /// When the disk is full or fails; the newest set is then the one before, or this one.
    ///
    /// # Panics
    /// With more than [`PARTS_MAX`] parts.
    pub fn commit(&self, stamp: &Stamp, parts: Vec<Part>, kept: Option<&Stamp>) -> Result<Set, LogError> {
        assert!(parts.len() <= PARTS_MAX, "a set has at most {PARTS_MAX} parts");
        self.sync()?;
        let header = Header { stamp: stamp.clone(), part: String::new() };
        let mut manifest = NewPart::begin(&self.disk, self.manifest_path(stamp), &header)?;
        manifest.write(&postcard::to_allocvec(&parts).expect("a list has a length"))?;
        reach("snapshot.before_manifest");
        manifest.finish()?;
        self.sync()?;
        reach("snapshot.after_manifest");
        let set = Set { stamp: stamp.clone(), parts };
        self.remove_others(&[Some(stamp), kept].map(|stamp| stamp.map(file_start)))?;
        reach("snapshot.after_removal");
        Ok(set)
    }

    /// The sets that fit a stamp, wherever in the log and whatever its rules, the newest first; and those that are not used.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sets(&self, wanted: &Stamp) -> Result<(Vec<Set>, Vec<Refused>), LogError> {
        let mut names = self.names()?;
        names.retain(|name| name.ends_with(MANIFEST));
        names.sort_unstable();
        let (mut sets, mut refused) = (Vec::new(), Vec::new());
        for name in names.iter().rev() {
            let path = self.folder.join(name);
            match self.manifest(&path, wanted) {
                Ok(set) => sets.push(set),
                Err(why) => refused.push(Refused::new(path, why)),
            }
        }
        Ok((sets, refused))
    }

    /// Removes a set for good: whoever calls this gives its place in the log to other records.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_set(&self, set: &Set) -> Result<(), LogError> {
        let start = file_start(&set.stamp);
        let mut names = self.names()?;
        names.retain(|name| name.starts_with(&start));
        // The manifest first: without it the others are nothing.
        names.sort_by_key(|name| !name.ends_with(MANIFEST));
        names.iter().try_for_each(|name| self.remove(name))?;
        self.sync()
    }

    /// Says that a set is not used after all.
    #[must_use]
    pub fn refuse(&self, set: &Set, why: impl Into<String>) -> Refused {
        Refused::new(self.manifest_path(&set.stamp), why)
    }

    /// The bytes of a part of a set. The file is read into `room`, whose memory can serve for one part after the other.
    ///
    /// # Errors
    /// When it is damaged, or not what the set knows of it.
    pub fn read<'a>(&self, set: &Set, part: &str, room: &'a mut Vec<u8>) -> Result<&'a [u8], Refused> {
        let path = self.part_path(&set.stamp, part);
        let refused = |why: String| Refused::new(path.clone(), why);
        let known = set.parts.iter().find(|known| known.name == part);
        let Part { length, checksum, .. } = known.ok_or_else(|| refused("its set has no such part".to_owned()))?;
        read_whole(&*self.disk, &path, length.saturating_add(AROUND_BYTES_MAX), room).map_err(refused)?;
        let file: &'a [u8] = room;
        let (header, body) = parse(file).map_err(refused)?;
        // The checksum was reckoned while parsing: it stands in the file.
        let is_known = file.get(body.end + 8..body.end + 12) == Some(&checksum.to_le_bytes());
        if header != (Header { stamp: set.stamp.clone(), part: part.to_owned() }) || !is_known {
            return Err(refused("it is not the file that its set knows".to_owned()));
        }
        Ok(&file[body])
    }

    fn manifest(&self, path: &Path, wanted: &Stamp) -> Result<Set, String> {
        let mut file = Vec::new();
        read_whole(&*self.disk, path, MANIFEST_BYTES_MAX, &mut file)?;
        let (Header { stamp, part }, body) = parse(&file)?;
        if !part.is_empty() || self.manifest_path(&stamp) != path {
            return Err("it is not the manifest that its name says".to_owned());
        }
        if let Some(why) = stamp.misfit(wanted) {
            return Err(why.to_owned());
        }
        let parts: Vec<Part> = postcard::from_bytes(&file[body]).map_err(|_| "it cannot be read".to_owned())?;
        Ok(Set { stamp, parts })
    }

    /// Removes what does not belong to the sets whose names begin like this: manifests first, so that none is left without its
    /// parts.
    fn remove_others(&self, kept: &[Option<String>]) -> Result<(), LogError> {
        let is_kept = |name: &str| kept.iter().flatten().any(|start| name.starts_with(start));
        let is_other = |name: &&String| !is_kept(name) || name.ends_with(UNFINISHED);
        let (manifests, files): (Vec<_>, Vec<_>) = self.names()?.into_iter().partition(|name| name.ends_with(MANIFEST));
        let mut others = manifests.iter().filter(is_other).peekable();
        let had_manifests = others.peek().is_some();
        others.try_for_each(|name| self.remove(name))?;
        if had_manifests {
            self.sync()?;
        }
        let is_ours = |name: &&String| name.ends_with(PART) || name.ends_with(UNFINISHED);
        files.iter().filter(is_ours).filter(is_other).try_for_each(|name| self.remove(name))
    }

    fn remove(&self, name: &str) -> Result<(), LogError> {
        let path = self.folder.join(name);
        self.disk.remove(&path).map_err(LogError::disk("remove", &path))
    }

    fn names(&self) -> Result<Vec<String>, LogError> {
        self.disk.list(&self.folder).map_err(LogError::disk("list", &self.folder))
    }

    fn sync(&self) -> Result<(), LogError> {
        self.disk.sync_folder(&self.folder).map_err(LogError::disk("sync", &self.folder))
    }

    fn part_path(&self, stamp: &Stamp, part: &str) -> PathBuf {
        self.folder.join(format!("{}-{part}{PART}", file_start(stamp)))
    }

    fn manifest_path(&self, stamp: &Stamp) -> PathBuf {
        self.folder.join(format!("{}{MANIFEST}", file_start(stamp)))
    }
}

/// How the names of a set's files begin; manifests come in the order of the log.
fn file_start(stamp: &Stamp) -> String {
    format!("{:020}", stamp.next_sequence)
}
