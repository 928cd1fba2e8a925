//! One writer per data folder, and how others find it.
//!
//! `DATA/vigie.lock` is locked by the operating system while a process writes to the folder, and holds its address, if
//! it listens: `vigie sql` then asks that process, so that rows still in memory count. A lock left by a crash is
//! released by the operating system; its text is then meaningless and overwritten.
//!
//! `DATA/centre` names the centre the folder belongs to: a folder never mixes tenants. `DATA/time-zone` names the zone in
//! which its people read the clock, for commands that find no server to ask.

use crate::exit::Failure;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

const FILE_NAME: &str = "vigie.lock";
/// Whoever looks for the holder takes the lock for a moment; so a taken lock is tried again before it counts as held.
const LOCK_RETRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
const CENTRE_FILE_NAME: &str = "centre";
const ZONE_FILE_NAME: &str = "time-zone";

/// The right to write to a data folder; released when dropped.
#[derive(Debug)]
pub struct DataLock {
    file: File,
}

/// Who writes to a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A process that listens at this URL.
    Server(String),
    /// A process that does not listen.
    Other,
}

impl DataLock {
    /// Takes the folder for `centre`, creating it if needed.
    ///
    /// # Errors
    /// When another process holds it, it belongs to another centre, or it cannot be written.
    pub fn take(data: &Path, centre: &str) -> Result<Self, Failure> {
        std::fs::create_dir_all(data)
            .map_err(|error| Failure::io(format!("cannot create {}", data.display()), error))?;
        let path = data.join(FILE_NAME);
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(|error| Failure::io(format!("cannot open {}", path.display()), error))?;
        let mut locked = file.try_lock();
        for _ in 0..LOCK_RETRIES {
            if !matches!(locked, Err(TryLockError::WouldBlock)) {
                break;
            }
            std::thread::sleep(LOCK_PAUSE);
            locked = file.try_lock();
        }
        match locked {
            Ok(()) => {
                let lock = Self { file };
                lock.write("")?;
                claim(data, centre)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let by = match holder(data) {
                    Holder::Server(url) => format!("by the server at {url}"),
                    Holder::Other | Holder::Nobody => "by another vigie process".to_owned(),
                };
                Err(Failure::Io(format!("{} is in use {by}; stop it or choose another --data folder", data.display())))
            }
            Err(TryLockError::Error(error)) => Err(Failure::io(format!("cannot lock {}", path.display()), error)),
        }
    }

    /// Says where this process listens.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn announce(&self, url: &str) -> Result<(), Failure> {
        self.write(url)
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        let mut file = &self.file;
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.flush())
            .map_err(|error| Failure::io(format!("cannot write {FILE_NAME}"), error))
    }
}

/// The centre a data folder belongs to; `None` for a folder without one.
#[must_use]
pub fn centre_of(data: &Path) -> Option<String> {
    std::fs::read_to_string(data.join(CENTRE_FILE_NAME)).ok()
}

/// The IANA time zone of the centre a data folder belongs to, if a writer noted it.
#[must_use]
pub fn time_zone_of(data: &Path) -> Option<String> {
    std::fs::read_to_string(data.join(ZONE_FILE_NAME)).ok()
}

/// Notes the IANA time zone of the centre; for the writer of the folder.
///
/// # Errors
/// When it cannot be written.
pub fn note_time_zone(data: &Path, time_zone: &str) -> Result<(), Failure> {
    std::fs::write(data.join(ZONE_FILE_NAME), time_zone)
        .map_err(|error| Failure::io(format!("cannot write to {}", data.display()), error))
}

fn claim(data: &Path, centre: &str) -> Result<(), Failure> {
    match centre_of(data) {
        Some(owner) if owner == centre => Ok(()),
        Some(owner) => Err(Failure::Io(format!(
            "{} belongs to the centre '{owner}', not '{centre}'; choose another --data folder",
            data.display()
        ))),
        None => std::fs::write(data.join(CENTRE_FILE_NAME), centre)
            .map_err(|error| Failure::io(format!("cannot write to {}", data.display()), error)),
    }
}

/// Who writes to `data` now.
#[must_use]
pub fn holder(data: &Path) -> Holder {
    let Ok(mut file) = File::open(data.join(FILE_NAME)) else { return Holder::Nobody };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut url = String::new();
            match file.read_to_string(&mut url) {
                Ok(_) if !url.is_empty() => Holder::Server(url),
                _ => Holder::Other,
            }
        }
        Ok(()) | Err(TryLockError::Error(_)) => Holder::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer_and_says_where_it_listens() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new/data");
        assert_eq!(holder(&data), Holder::Nobody);
        let lock = DataLock::take(&data, "melbourne").unwrap();
        assert_eq!(holder(&data), Holder::Other);
        lock.announce("http://127.0.0.1:8080").unwrap();
        assert_eq!(holder(&data), Holder::Server("http://127.0.0.1:8080".to_owned()));
        let refused = DataLock::take(&data, "melbourne").unwrap_err().to_string();
        assert!(refused.contains("in use by the server at http://127.0.0.1:8080"), "{refused}");
        drop(lock);
        assert_eq!(holder(&data), Holder::Nobody);
        drop(DataLock::take(&data, "melbourne").unwrap());
        let foreign = DataLock::take(&data, "dublin").unwrap_err().to_string();
        assert!(foreign.contains("belongs to the centre 'melbourne'"), "{foreign}");
        assert_eq!(centre_of(&data).as_deref(), Some("melbourne"));
    }
}
