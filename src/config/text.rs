//! Reads a text file whole, within a bound.

use super::report::Report;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use vigie_model::diagnostic::Diagnostic;

/// The text of a file of at most `mib_max` MiB.
///
/// # Errors
/// One message: the file cannot be read, is too large, or is not UTF-8.
pub(super) fn read(path: &Path, mib_max: u64) -> Result<String, Diagnostic> {
    let whole = Report::new(path, String::new());
    let unreadable = |error| whole.error_in_whole(format!("cannot be read: {error}"));
    let (mut bytes, bytes_max) = (Vec::new(), mib_max * 1024 * 1024);
    // What is no regular file has no length beforehand, so the bound counts what is read.
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if read as u64 > bytes_max {
        return Err(whole.error_in_whole("is too large for such a file").expected(format!("at most {mib_max} MiB")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let at = valid.len();
        Report::new(path, valid).error(at, "is not text in UTF-8").hint("save the file as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_too_large() {
        let error = read(Path::new("/dev/zero"), 1).unwrap_err();
        assert_eq!(error.to_string(), "/dev/zero: error: is too large for such a file; expected at most 1 MiB");
    }
}
