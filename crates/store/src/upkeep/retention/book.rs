//! The book of holds, `DATA/retention/holds.jsonl`: a line for each hold and each release, only ever added.
//!
//! Each line's hash stands in the audit log. A hold is in the book before the audit log has it, and a release is in the audit log
//! before the book has it: whatever a crash comes between, rows are rather kept than lost.
//!
//! **The lock**, `DATA/retention/lock`, is held while a line is added, and by a run while it makes sure that the holds are those it counted
//! with and commits. So holds can be made beside a running server, and one that was confirmed is respected from then on.

use super::hold::{Hold, Release};
use super::plain_file::{add_line, read, sha256, whole_lines};
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};
use vigie_model::audit::{AuditRecord, AuditTrail, HoldStep, REASON_BYTES_MAX};

/// The most holds that a book may have: each is looked at for each old row.
pub const HOLDS_MAX: usize = 1_000;

const BOOK: &str = "holds.jsonl";
const LOCK: &str = "lock";

/// See the module.
#[derive(Clone, Debug)]
pub struct HoldBook {
    folder: PathBuf,
}

/// A hold, and its release if there was one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The hold as it was made.
    #[serde(flatten)]
    pub hold: Hold,
    /// What ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
}

/// Holds the lock of the book until it is dropped.
#[derive(Debug)]
pub struct BookLock {
    _file: File,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
enum Line {
    Hold(Hold),
    Release(Release),
}

impl HoldBook {
    /// The book in a folder `DATA/retention`, which need not exist.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Waits until nobody else adds to the book or commits by it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn lock(&self) -> Result<BookLock, Error> {
        let path = self.folder.join(LOCK);
        let take = || {
            std::fs::create_dir_all(&self.folder)?;
            let file = File::options().create(true).write(true).truncate(false).open(&path)?;
            file.lock()?;
            Ok(BookLock { _file: file })
        };
        take().map_err(|source| Error::Retention { action: "lock", path: path.clone(), source })
    }

    /// All holds, in the order in which they were made.
    ///
    /// # Errors
    /// When the book cannot be read, or a line of it is none.
    pub fn all(&self) -> Result<Vec<Kept>, Error> {
        let mut all: Vec<Kept> = Vec::new();
        let path = self.folder.join(BOOK);
        for (index, line) in whole_lines(&read(&path)?).enumerate() {
            let damaged = |wrong: String| Error::Damaged {
                path: path.clone(),
                wrong: format!("line {}: {wrong}", index + 1),
                remedy: "restore it from a copy; until then retention deletes nothing",
            };
            match serde_json::from_str(line).map_err(|error| damaged(error.to_string()))? {
                Line::Hold(hold) => all.push(Kept { hold, release: None }),
                Line::Release(release) => {
                    let released = all.iter_mut().find(|kept| kept.hold.id == release.hold);
                    let released = released.ok_or_else(|| damaged("releases a hold that was not made".to_owned()))?;
                    released.release.get_or_insert(release);
                }
            }
        }
        Ok(all)
    }

    /// The holds in force at an instant.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub fn in_force(&self, now_ms: i64) -> Result<Vec<Hold>, Error> {
        Ok(self.all()?.into_iter().filter(|kept| kept.is_in_force(now_ms)).map(|kept| kept.hold).collect())
    }

    /// Makes a hold, and gives it its name; it is durable, and in the audit log, when this returns.
    ///
    /// # Errors
    /// When it freezes nothing, or cannot be kept.
    pub fn make(&self, hold: Hold, trail: &dyn AuditTrail) -> Result<Hold, Error> {
        check_texts([("requester", &hold.requester), ("reference", &hold.reference), ("reason", &hold.reason)])?;
        let is_empty = hold.from_ms.zip(hold.to_ms).is_some_and(|(from_ms, to_ms)| from_ms >= to_ms);
        if is_empty || hold.ends_ms.is_some_and(|ends_ms| ends_ms <= hold.made_ms) {
            return refused(
                "the hold would freeze nothing: --from must lie before --to, and --ends after now".to_owned(),
            );
        }
        let _lock = self.lock()?;
        let made = self.all()?.len();
        if made >= HOLDS_MAX {
            return refused(format!("there are {HOLDS_MAX} holds already, the most that are looked at for each row"));
        }
        let hold = Hold { id: format!("h{}", made + 1), ..hold };
        let line = text_of(&Line::Hold(hold.clone()));
        add_line(&self.folder.join(BOOK), &line)?;
        trail.write(&[AuditRecord::HoldMade(step(&hold, &hold.requester, &hold.reason, &line))])?;
        Ok(hold)
    }

    /// Releases a hold; that is durable, and in the audit log, when this returns. Its rows go with the next run.
    ///
    /// # Errors
    /// When there is no such hold, or it was released before, or the release cannot be kept.
    pub fn release(&self, release: &Release, trail: &dyn AuditTrail) -> Result<Kept, Error> {
        check_texts([("requester", &release.requester), ("reason", &release.reason), ("hold", &release.hold)])?;
        let _lock = self.lock()?;
        let kept = self.all()?.into_iter().find(|kept| kept.hold.id == release.hold);
        let Some(Kept { hold, release: before }) = kept else {
            return refused(format!("there is no hold '{}'; `vigie retention hold list` shows all", release.hold));
        };
        if before.is_some() {
            return refused(format!("hold '{}' was released before", release.hold));
        }
        let line = text_of(&Line::Release(release.clone()));
        trail.write(&[AuditRecord::HoldReleased(step(&hold, &release.requester, &release.reason, &line))])?;
        add_line(&self.folder.join(BOOK), &line)?;
        Ok(Kept { hold, release: Some(release.clone()) })
    }

    /// The hash of each line, in its order.
    ///
    /// # Errors
    /// When the book cannot be read.
    pub(super) fn hashes(&self) -> Result<Vec<String>, Error> {
        let text = read(&self.folder.join(BOOK))?;
        Ok(whole_lines(&text).map(|line| sha256(line.as_bytes())).collect())
    }

    /// Where the lines are.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(BOOK)
    }
}

impl Kept {
    /// Whether rows are frozen by it at an instant.
    #[must_use]
    pub fn is_in_force(&self, now_ms: i64) -> bool {
        self.release.is_none() && self.hold.ends_ms.is_none_or(|ends_ms| now_ms < ends_ms)
    }
}

fn step(hold: &Hold, requester: &str, reason: &str, line: &str) -> HoldStep {
    HoldStep {
        hold: hold.id.clone(),
        requester: requester.to_owned(),
        reference: hold.reference.clone(),
        reason: reason.to_owned(),
        sha256: sha256(line.as_bytes()),
    }
}

fn text_of(line: &Line) -> String {
    serde_json::to_string(line).expect("a line has text keys and plain values")
}

fn check_texts(texts: [(&str, &String); 3]) -> Result<(), Error> {
    let wrong = texts.into_iter().find(|(_, text)| text.trim().is_empty() || text.len() > REASON_BYTES_MAX);
    wrong.map_or(Ok(()), |(name, _)| {
        refused(format!(
            "the {name} of a hold is a text of 1 to {REASON_BYTES_MAX} bytes; say who asks for what, and why"
        ))
    })
}

fn refused<T>(reason: String) -> Result<T, Error> {
    Err(Error::Hold { reason })
}
