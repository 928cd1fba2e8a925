//! Small files that survive a power failure: lines that are added one by one, and files that are there as a whole or not.

use crate::error::Error;
use ring::digest::{SHA256, digest};
use std::fs::{File, create_dir_all, rename};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The SHA-256 of some bytes, as `sha256sum` prints it.
#[must_use]
pub(super) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a file, empty when there is none.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(Error::Retention { action: "read", path: path.to_owned(), source }),
    }
}

/// The lines of a text that are whole. What is behind the last newline is of a write that was cut short, and nobody was told
/// that it was done.
pub(super) fn whole_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'))
}

/// Adds a line; it is durable when this returns. A line that was cut short before is dropped.
pub(super) fn add_line(path: &Path, line: &str) -> Result<(), Error> {
    debug_assert!(!line.contains('\n'), "a line is one line");
    let add = || {
        let is_new = !path.exists();
        let mut file = File::options().create(true).read(true).write(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()?;
        if is_new { sync_folder_of(path) } else { Ok(()) }
    };
    with_folder(path).and_then(|()| add()).map_err(|source| written(path, source))
}

/// Gives a file these bytes, all or none.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let unfinished = path.with_extension("unfinished");
    let put = || {
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        rename(&unfinished, path)?;
        sync_folder_of(path)
    };
    with_folder(path).and_then(|()| put()).map_err(|source| written(path, source))
}

/// Gives a file another name in its folder.
pub(super) fn give_name(from: &Path, to: &Path) -> Result<(), Error> {
    rename(from, to).and_then(|()| sync_folder_of(to)).map_err(|source| written(to, source))
}

/// Removes a file that may be there.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_folder_of(path).map_err(|source| written(path, source)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(written(path, source)),
    }
}

fn with_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), create_dir_all)
}

fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn written(path: &Path, source: std::io::Error) -> Error {
    Error::Retention { action: "write", path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_short_never_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/lines");
        assert_eq!(read(&path).unwrap(), "");
        add_line(&path, "one").unwrap();
        std::fs::write(&path, "one\ntw").unwrap();
        assert_eq!(whole_lines(&read(&path).unwrap()).collect::<Vec<_>>(), ["one"]);
        add_line(&path, "three").unwrap();
        assert_eq!(read(&path).unwrap(), "one\nthree\n");
        put(&path, b"four").unwrap();
        assert_eq!(read(&path).unwrap(), "four");
        assert_eq!(sha256(b"four"), "04efaf080f5a3e74e1c29d1ca6a48569382cbbcd324e8d59d2b83ef21c039f00");
    }
}
