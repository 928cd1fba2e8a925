//! Files of bounded size and number in one folder: `dead-letters-00000001.ndjson` and so on, the oldest removed.
//!
//! A process goes on in the newest file it finds. Whatever an earlier one left half-written is ended with a line's end,
//! so that it spoils no other line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const PREFIX: &str = "dead-letters-";
const SUFFIX: &str = ".ndjson";

/// Appends text to the newest file, and begins another when that is full.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    file_bytes_max: u64,
    files_max: usize,
    /// None before the first write, and after one that failed.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    number: u64,
    bytes: u64,
}

impl Files {
    /// At most `files_max` files of at most `file_bytes_max` bytes, or of one piece of text, if that is longer.
    pub(super) fn new(folder: &Path, file_bytes_max: u64, files_max: usize) -> Self {
        Self { folder: folder.to_owned(), file_bytes_max, files_max, open: None }
    }

    /// Where they are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// When the disk fails; a part of `text` may have been written, and the next call begins on a new line.
    pub(super) fn append(&mut self, text: &[u8]) -> io::Result<()> {
        // Taken out, so that an error leaves nothing open and the next call looks at the folder afresh.
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.reopen()?,
        };
        let length = text.len() as u64;
        if open.bytes > 0 && open.bytes + length > self.file_bytes_max {
            open = self.begin(open.number + 1)?;
        }
        open.file.write_all(text)?;
        open.bytes += length;
        self.open = Some(open);
        Ok(())
    }

    fn reopen(&self) -> io::Result<Open> {
        fs::create_dir_all(&self.folder)?;
        let Some(number) = self.numbers()?.last().copied() else { return self.begin(1) };
        let mut file = OpenOptions::new().read(true).append(true).open(self.path(number))?;
        let mut bytes = file.seek(SeekFrom::End(0))?;
        if bytes > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                bytes += 1;
            }
        }
        Ok(Open { file, number, bytes })
    }

    /// Removes the oldest files until there is room for one more, and begins it.
    fn begin(&self, number: u64) -> io::Result<Open> {
        let numbers = self.numbers()?;
        let surplus = (numbers.len() + 1).saturating_sub(self.files_max);
        for oldest in &numbers[..surplus] {
            fs::remove_file(self.path(*oldest))?;
        }
        let file = OpenOptions::new().append(true).create_new(true).open(self.path(number))?;
        Ok(Open { file, number, bytes: 0 })
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{PREFIX}{number:08}{SUFFIX}"))
    }

    /// The numbers of the files there are, in order.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(folder: &Path) -> Vec<(String, String)> {
        let mut texts: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        texts.sort();
        texts
    }

    #[test]
    fn files_and_their_number_are_bounded_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let mut files = Files::new(folder.path(), 8, 2);
        for text in ["aaaa\n", "bbb\n", "cc\n", "too long for any file\n", "d\n"] {
            files.append(text.as_bytes()).unwrap();
            assert!(texts(folder.path()).len() <= 3);
        }
        let left = [
            ("dead-letters-00000003.ndjson", "too long for any file\n"),
            ("dead-letters-00000004.ndjson", "d\n"),
            ("notes.txt", "mine"),
        ];
        assert_eq!(texts(folder.path()), left.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }

    #[test]
    fn a_later_process_goes_on_behind_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        Files::new(folder.path(), 100, 2).append(b"whole\nto").unwrap();
        let mut files = Files::new(folder.path(), 100, 2);
        files.append(b"next\n").unwrap();
        files.append(b"last\n").unwrap();
        assert_eq!(texts(folder.path())[0].1, "whole\nto\nnext\nlast\n");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        fs::write(&taken, "a file").unwrap();
        let mut files = Files::new(&taken, 100, 2);
        assert!(files.append(b"a\n").is_err());
        fs::remove_file(&taken).unwrap();
        files.append(b"b\n").unwrap();
        assert_eq!(texts(&taken)[0].1, "b\n");
    }
}
