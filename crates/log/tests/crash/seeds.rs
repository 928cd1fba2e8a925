//! Seeds: how many, which, and what to say when one fails.
//!
//! ```text
//! VIGIE_CRASH_SEED=1234 cargo test -p vigie-log --test crash NAME    one seed, with what the disk was asked
//! VIGIE_CRASH_LONG=1    cargo test -p vigie-log --test crash         100,000 seeds and bit flips
//! ```

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds of the usual run.
pub(crate) const SEEDS: u64 = 2_000;
/// Seeds of the long run.
pub(crate) const SEEDS_LONG: u64 = 100_000;
/// Failing seeds that are told; one is enough to look at.
const TOLD_MAX: usize = 3;

/// The one seed asked for, if any.
pub(crate) fn only() -> Option<u64> {
    let text = std::env::var("VIGIE_CRASH_SEED").ok()?;
    Some(text.parse().expect("VIGIE_CRASH_SEED is a number"))
}

/// How many of something a run does.
pub(crate) fn count(usual: u64, long: u64) -> u64 {
    if std::env::var_os("VIGIE_CRASH_LONG").is_some() { long } else { usual }
}

/// Runs a check for each seed, on all cores, and fails with the first seeds that failed.
pub(crate) fn each(count: u64, check: impl Fn(u64) + Sync) {
    let seeds = only().map_or(0..count, |seed| seed..seed + 1);
    let failures = failing(seeds, TOLD_MAX, check);
    assert!(failures.is_empty(), "{}", tell(&failures, "VIGIE_CRASH_SEED="));
}

/// Runs a check for each number of a range, on all cores, whatever seed is asked for.
pub(crate) fn each_of(range: Range<usize>, check: impl Fn(usize) + Sync) {
    let failures = failing(range.start as u64..range.end as u64, TOLD_MAX, |number| check(number as usize));
    assert!(failures.is_empty(), "{}", tell(&failures, "at "));
}

fn tell(failures: &[(u64, String)], of: &str) -> String {
    failures.iter().map(|(number, why)| format!("{of}{number}: {why}\n")).collect()
}

/// The first numbers for which a check fails, at least one if any does, and why.
pub(crate) fn failing(seeds: Range<u64>, failures_max: usize, check: impl Fn(u64) + Sync) -> Vec<(u64, String)> {
    let (next, failures) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let run = || {
        while failures.lock().unwrap().len() < failures_max {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(seed))) {
                let words = panic.downcast_ref::<String>().cloned();
                let words = words.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                failures.lock().unwrap().push((seed, words.unwrap_or_else(|| "panicked".to_owned())));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        (0..threads).for_each(|_| {
            scope.spawn(run);
        });
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures
}
