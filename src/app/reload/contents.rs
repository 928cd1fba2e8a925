//! Whether files changed, by their contents.
//!
//! Files are looked at again and again instead of asking the system to tell of changes: that works on every file system,
//! also over a network, and whatever way a file is replaced. A look costs one `stat` for each file; only a file that looks
//! other than before is read.
//!
//! **A change counts once the contents are the same at two looks in a row**, so that a file somebody is still writing is
//! not taken.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file written less than this before it was read may have been written again since without looking other: clocks of
/// file systems are as coarse as two seconds.
const MTIME_TRUSTED_AFTER: Duration = Duration::from_secs(3);

/// Bytes read at once.
const PIECE_BYTES: usize = 1 << 16;

/// What a file holds; `None` when it cannot be read or is none.
type Content = Option<[u8; 32]>;

/// What each of some files holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents(BTreeMap<PathBuf, Content>);

/// How a file looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

/// Looks at files, remembering what it read.
#[derive(Debug, Default)]
pub struct Looker {
    read: BTreeMap<PathBuf, (Stamp, Content)>,
}

impl Looker {
    /// The contents of `files` as of now, in wall-clock time.
    pub fn look(&mut self, files: &[PathBuf], now: SystemTime) -> Contents {
        let before = std::mem::take(&mut self.read);
        let mut contents = BTreeMap::new();
        for file in files {
            let stamp = stamp(file);
            let known = stamp.and_then(|stamp| before.get(file).filter(|(seen, _)| *seen == stamp));
            let content = match known {
                Some((_, content)) => *content,
                None => stamp.and_then(|_| content(file).ok()),
            };
            if let Some(stamp) = stamp.filter(|stamp| stamp.modified + MTIME_TRUSTED_AFTER < now) {
                self.read.insert(file.clone(), (stamp, content));
            }
            contents.insert(file.clone(), content);
        }
        Contents(contents)
    }
}

/// Tells when contents that changed are worth reading.
#[derive(Debug, Default)]
pub struct Settling {
    seen: Option<Contents>,
    /// What was read last.
    taken: Option<Contents>,
}

impl Settling {
    /// Notes what a look found; whether it is to be read: it is the same as at the look before, and not what was read last.
    pub fn look(&mut self, now: Contents) -> bool {
        let is_settled = self.seen.as_ref() == Some(&now) && self.taken.as_ref() != Some(&now);
        if is_settled {
            self.taken = Some(now.clone());
        }
        self.seen = Some(now);
        is_settled
    }

    /// Whether contents are those that were read last.
    #[must_use]
    pub fn is_taken(&self, now: &Contents) -> bool {
        self.taken.as_ref() == Some(now)
    }

    /// What was read last is to be read again.
    pub fn again(&mut self) {
        self.taken = None;
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let found = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp { modified: found.modified().ok()?, length: found.len(), inode: found.ino() })
}

fn content(file: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hash, mut piece) = (File::open(file)?, Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&piece[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(files: &[(&str, u8)]) -> Contents {
        Contents(files.iter().map(|(file, content)| (PathBuf::from(file), Some([*content; 32]))).collect())
    }

    #[test]
    fn a_change_counts_once_it_is_seen_twice() {
        let mut settling = Settling::default();
        let looks = [
            (contents(&[("a", 1)]), false),
            (contents(&[("a", 1)]), true),
            (contents(&[("a", 1)]), false),
            // Being written: every look finds another content.
            (contents(&[("a", 2)]), false),
            (contents(&[("a", 3)]), false),
            (contents(&[("a", 3)]), true),
            // A file comes, and another.
            (contents(&[("a", 3), ("b", 1)]), false),
            (contents(&[("a", 3), ("b", 1), ("c", 1)]), false),
            (contents(&[("a", 3), ("b", 1), ("c", 1)]), true),
            // One goes, but is back at the next look.
            (contents(&[("a", 3), ("c", 1)]), false),
            (contents(&[("a", 3), ("b", 1), ("c", 1)]), false),
            (contents(&[("a", 3), ("b", 1), ("c", 1)]), false),
            // And goes for good.
            (contents(&[("a", 3), ("c", 1)]), false),
            (contents(&[("a", 3), ("c", 1)]), true),
        ];
        for (index, (now, expected)) in looks.into_iter().enumerate() {
            assert_eq!(settling.look(now), expected, "look {index}");
        }
        settling.again();
        assert!(settling.look(contents(&[("a", 3), ("c", 1)])), "what could not be taken is read again");
    }

    #[test]
    fn what_a_file_holds_counts_and_not_when_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.yaml");
        let files = [file.clone()];
        let mut looker = Looker::default();
        let mut look = |after_s| looker.look(&files, SystemTime::now() + Duration::from_secs(after_s));
        assert_eq!(look(0), Contents([(file.clone(), None)].into()), "it is not there");
        fs::write(&file, "one").unwrap();
        let one = look(0);
        fs::write(&file, "two").unwrap();
        let two = look(0);
        assert_ne!(one, two, "two writes in a moment may look alike from outside");
        fs::write(&file, "one").unwrap();
        assert_eq!(look(60), one);
        let modified = fs::metadata(&file).unwrap().modified().unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(modified + Duration::from_secs(1)).unwrap();
        assert_eq!(look(60), one, "touched, but the same");
        fs::write(&file, "three").unwrap();
        assert_ne!(look(60), one);
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert_eq!(look(60), Contents([(file.clone(), None)].into()), "a folder holds nothing");
    }

    #[test]
    fn a_file_that_looks_the_same_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.yaml");
        fs::write(&file, "one").unwrap();
        let modified = fs::metadata(&file).unwrap().modified().unwrap();
        let files = [file.clone()];
        let mut looker = Looker::default();
        let later = SystemTime::now() + Duration::from_secs(60);
        let one = looker.look(&files, later);
        fs::write(&file, "two").unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
        assert_eq!(looker.look(&files, later), one, "nobody does this by accident");
    }
}
