//! What the environment variable says, read once, and how often each point was reached.

use crate::names::{NUMBERS, POINTS};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable.
const VARIABLE: &str = "VIGIE_FAILPOINTS";

static SETTINGS: OnceLock<Vec<Setting>> = OnceLock::new();

/// One part of the variable.
#[derive(Debug)]
struct Setting {
    name: String,
    number: u64,
    pauses: bool,
    /// How often the point was reached.
    reached: AtomicU64,
}

pub(crate) fn reach(point: &'static str) {
    assert!(POINTS.contains(&point), "'{point}' is not in the list of failpoints");
    let Some(setting) = find(point) else { return };
    if setting.reached.fetch_add(1, Ordering::Relaxed) + 1 != setting.number {
        return;
    }
    if setting.pauses {
        eprintln!("failpoint {point}: standing still");
        loop {
            std::thread::park();
        }
    }
    eprintln!("failpoint {point}: ending the process");
    // Like a kill: no destructor runs, nothing is flushed, nobody is told.
    std::process::abort();
}

pub(crate) fn number(bound: &'static str) -> Option<u64> {
    assert!(NUMBERS.contains(&bound), "'{bound}' is not in the list of bounds");
    find(bound).map(|setting| setting.number)
}

fn find(name: &str) -> Option<&'static Setting> {
    let settings = SETTINGS.get_or_init(|| {
        let text = std::env::var(VARIABLE).unwrap_or_default();
        parse(&text).unwrap_or_else(|part| {
            eprintln!("{VARIABLE} has '{part}'; expected POINT=TIMES, POINT=TIMES:pause or BOUND=NUMBER of the lists");
            std::process::abort();
        })
    });
    settings.iter().find(|setting| setting.name == name)
}

/// The parts of the variable, or the first that cannot be understood.
fn parse(text: &str) -> Result<Vec<Setting>, &str> {
    text.split(',').filter(|part| !part.is_empty()).map(|part| parse_part(part).ok_or(part)).collect()
}

fn parse_part(part: &str) -> Option<Setting> {
    let (name, value) = part.split_once('=')?;
    let is_point = POINTS.contains(&name);
    let (number, pauses) = match value.strip_suffix(":pause") {
        Some(number) if is_point => (number, true),
        _ => (value, false),
    };
    let number = number.parse().ok().filter(|number| *number > 0)?;
    let is_known = is_point || NUMBERS.contains(&name);
    is_known.then(|| Setting { name: name.to_owned(), number, pauses, reached: AtomicU64::new(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_points_pauses_and_bounds() {
        let settings = parse("log.before_sync=2:pause,history.before_commit=3,log.segment_bytes=4096").unwrap();
        let told: Vec<_> = settings.iter().map(|one| (one.name.as_str(), one.number, one.pauses)).collect();
        assert_eq!(
            told,
            [("log.before_sync", 2, true), ("history.before_commit", 3, false), ("log.segment_bytes", 4096, false)]
        );
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_part_that_means_nothing_is_told() {
        for part in ["log.befor_sync=1", "log.before_sync", "log.before_sync=0", "log.segment_bytes=4096:pause"] {
            assert_eq!(parse(part).unwrap_err(), part);
        }
    }
}
