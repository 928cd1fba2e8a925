//! Reads a text file whole, within a bound.

use super::report::Report;
use std::fs;
use std::path::Path;
use vigie_model::diagnostic::Diagnostic;

/// The text of a file of at most `mib_max` MiB.
///
/// # Errors
/// One message: the file cannot be read, is too large, or is not UTF-8.
pub(super) fn read(path: &Path, mib_max: u64) -> Result<String, Diagnostic> {
    let whole = Report::new(path, String::new());
    let unreadable = |error| whole.error_in_whole(format!("cannot be read: {error}"));
    if fs::metadata(path).map_err(unreadable)?.len() > mib_max * 1024 * 1024 {
        return Err(whole.error_in_whole("is too large for such a file").expected(format!("at most {mib_max} MiB")));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let at = valid.len();
        Report::new(path, valid).error(at, "is not text in UTF-8").hint("save the file as UTF-8")
    })
}
