//! A crash or an I/O error at every call of an audit log's life: every entry that was promised is there, in its order and chained, and the
//! log goes on; an altered entry is told with its place.

use crate::seeds;
use crate::sim::disk::SimDisk;
use crate::sim::faults::Fault;
use std::path::Path;
use vigie_log::audit::check::check_audit;
use vigie_log::audit::writer::AuditLog;
use vigie_log::error::LogError;

const FOLDER: &str = "/audit";
/// Entries of a life; files are full after three or four.
const ENTRIES: u64 = 12;
const FULL_BYTES: u64 = 1_000;

fn open(disk: &SimDisk) -> AuditLog {
    AuditLog::new(disk.mount(), Path::new(FOLDER)).with_full_files_of(FULL_BYTES)
}

/// An entry longer than a sector, so that a crash may tear it.
fn entry(mark: u64) -> String {
    format!(r#"{{"mark":{mark},"text":"{}"}}"#, "a query about the quay ".repeat(1 + (mark % 7) as usize * 4))
}

/// Adds entries from `first` on, until one fails; the marks that were promised.
fn live(audit: &mut AuditLog, first: u64, count: u64) -> Vec<u64> {
    let marks = first..first + count;
    marks.take_while(|mark| audit.append(0, &entry(*mark)).is_ok()).collect()
}

/// The marks in the files, in their order.
fn stored(disk: &SimDisk) -> Vec<u64> {
    let mut files = disk.files();
    files.retain(|(path, _)| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mark = |line: &str| line.split_once("\"mark\":")?.1.split(',').next()?.parse().ok();
    files
        .iter()
        .flat_map(|(_, bytes)| String::from_utf8_lossy(bytes).lines().filter_map(mark).collect::<Vec<u64>>())
        .collect()
}

/// Whether every promised mark is stored, in order; others may be, but only where a call failed.
fn holds(stored: &[u64], promised: &[u64]) -> bool {
    let mut left = stored.iter();
    stored.is_sorted() && promised.iter().all(|mark| left.any(|stored| stored == mark))
}

#[test]
fn after_a_crash_at_any_call_every_promised_entry_is_there_and_the_log_goes_on() {
    let undisturbed = SimDisk::new(0);
    assert_eq!(live(&mut open(&undisturbed), 0, ENTRIES).len() as u64, ENTRIES);
    let files = undisturbed.files().len();
    assert!(files > 3, "{files} files: the log has to begin new ones");
    let calls = undisturbed.calls_count();
    let (torn, taken_for_altered) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
    let count = |of: &std::sync::atomic::AtomicUsize| of.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    seeds::each_of(0..calls * 30, |number| {
        let fault = [Fault::PowerLoss, Fault::Kill, Fault::Error][number % 3];
        let disk = SimDisk::new(number as u64);
        disk.fault_after(number / 30, fault);
        let mut promised = live(&mut open(&disk), 0, ENTRIES);
        disk.restart();
        let report = match check_audit(disk.mount(), Path::new(FOLDER)) {
            Ok(report) => report,
            // Nothing is there yet.
            Err(LogError::Disk { .. }) if promised.is_empty() => return,
            Err(error) => panic!("{error}\n{}", disk.trace(40)),
        };
        if !report.findings.is_empty() {
            // Garbage where the newest entry was being written may look like text. It may never be taken for a whole entry.
            assert!(report.findings.len() == 1 && fault == Fault::PowerLoss, "{report:?}\n{}", disk.trace(40));
            count(&taken_for_altered);
            return;
        }
        if !report.notes.is_empty() {
            count(&torn);
        }
        promised.extend(live(&mut open(&disk), 100, ENTRIES));
        assert_eq!(promised.iter().filter(|mark| **mark >= 100).count() as u64, ENTRIES, "{}", disk.trace(40));
        let stored = stored(&disk);
        assert!(holds(&stored, &promised), "promised {promised:?}, stored {stored:?}\n{}", disk.trace(40));
        let report = check_audit(disk.mount(), Path::new(FOLDER)).unwrap();
        assert_eq!(report.findings, [], "{}", disk.trace(40));
    });
    let (lives, torn, taken_for_altered) = (calls * 30, torn.into_inner(), taken_for_altered.into_inner());
    println!("{lives} lives, {torn} torn entries, {taken_for_altered} taken for altered");
    assert!(torn > 20, "only {torn} crashes tear an entry");
    assert!(taken_for_altered * 100 < lives, "{taken_for_altered} of {lives} crashes are taken for tampering");
}

#[test]
fn a_process_goes_on_behind_what_another_has_added() {
    let disk = SimDisk::new(3);
    let (mut one, mut other) = (open(&disk), open(&disk));
    for mark in 0..20 {
        let writer = if mark % 3 == 0 { &mut one } else { &mut other };
        writer.append(0, &entry(mark)).unwrap();
    }
    assert_eq!(stored(&disk), (0..20).collect::<Vec<_>>());
    let report = check_audit(disk.mount(), Path::new(FOLDER)).unwrap();
    assert_eq!((report.findings, report.entries), (vec![], 20 + report.files as u64));
}

/// Each byte of each file, one after the other; and entries and files that are gone.
#[test]
fn whatever_is_altered_is_told_with_its_place() {
    let whole = SimDisk::new(4);
    live(&mut open(&whole), 0, 5);
    let files = whole.files();
    let newest = files.iter().map(|(path, _)| path.clone()).max().unwrap();
    for (path, bytes) in &files {
        seeds::each_of(0..bytes.len(), |at| {
            let disk = whole.copy(4);
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            disk.plant(path, altered);
            let report = check_audit(disk.mount(), Path::new(FOLDER)).unwrap();
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            // The line itself, or the next one, which does not continue it. The first line of the next file does likewise.
            let places =
                [format!("{}, line {line} ", path.display()), format!("{}, line {} ", path.display(), line + 1)];
            let is_first = line == 1
                && report.findings.iter().any(|finding| finding.what.starts_with(&format!("{}", path.display())));
            let is_last_newline = *path == newest && at + 1 == bytes.len() && report.notes.len() == 1;
            let is_told =
                report.findings.iter().any(|finding| places.iter().any(|place| finding.what.starts_with(place)));
            assert!(is_told || is_first || is_last_newline, "byte {at} of {}: {report:?}", path.display());
            if !is_last_newline && *path == newest {
                let refused = open(&disk).append(0, &entry(9)).unwrap_err();
                assert!(matches!(refused, LogError::Damaged { .. }), "nothing is added behind it: {refused}");
            }
        });
        let disk = whole.copy(4);
        disk.uproot(path);
        let report = check_audit(disk.mount(), Path::new(FOLDER)).unwrap();
        assert_eq!(report.findings.is_empty(), *path == newest, "only newest entries can vanish unseen: {report:?}");
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        for gone in 1..lines.len() {
            let disk = whole.copy(4);
            disk.plant(path, [&lines[..gone], &lines[gone + 1..]].concat().concat());
            let report = check_audit(disk.mount(), Path::new(FOLDER)).unwrap();
            let is_newest = *path == newest && gone + 1 == lines.len();
            assert_eq!(report.findings.is_empty(), is_newest, "line {gone} of {}: {report:?}", path.display());
        }
    }
}

#[test]
fn after_a_failed_sync_nothing_more_is_added() {
    let calls = {
        let disk = SimDisk::new(0);
        live(&mut open(&disk), 0, 3);
        disk.calls_count()
    };
    let mut poisoned = 0;
    for after in 0..calls {
        let disk = SimDisk::new(after as u64);
        disk.fault_after(after, Fault::Error);
        let mut audit = open(&disk);
        live(&mut audit, 0, 3);
        let next = audit.append(0, &entry(50));
        if matches!(next, Err(LogError::Poisoned { .. })) {
            poisoned += 1;
        }
    }
    assert!(poisoned >= 3, "{poisoned}");
}
