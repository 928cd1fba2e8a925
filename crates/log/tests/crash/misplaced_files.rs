//! Whole files gone, empty, cut short or in each other's place: each is told, or changes nothing.
//!
//! The log alone cannot notice when its first segment is gone, as after retention, or its last; who has a position in
//! them does.

use crate::checker::is_same;
use crate::facts::START_MS;
use crate::life::{Life, Setup, ZONES, folder, read};
use crate::sim::disk::SimDisk;
use crate::story::Story;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_log::error::LogError;
use vigie_model::record::Record;

/// A log of several segments that was closed properly.
struct Whole {
    story: Story,
    records: Vec<Arc<Record>>,
    /// Its segments in order.
    segments: Vec<(PathBuf, Vec<u8>)>,
}

fn whole() -> Whole {
    let mut story = Story::new(11, Setup { segment_bytes: 2048, ..Setup::default() });
    let mut life = story.start().unwrap().unwrap();
    story.send(&mut life, 12).unwrap();
    story.end(life).unwrap();
    let (records, _) = read(story.disk.copy(0).mount(), &story.setup).unwrap();
    let segments = story.segments_now();
    assert!(segments.len() > 3);
    Whole { story, records, segments }
}

impl Whole {
    /// Opens a copy that was spoiled; when something is missing it has to be told.
    fn check(&self, what: &str, spoil: impl Fn(&SimDisk)) {
        let disk = self.story.disk.copy(1);
        spoil(&disk);
        for opening in ["first", "second"] {
            let Ok((found, recovery)) = read(disk.mount(), &self.story.setup) else { return };
            let of_the_log = |record: &&Arc<Record>| self.records.iter().any(|written| is_same(written, record));
            assert!(found.iter().all(|record| of_the_log(&record)), "{what}: found what was never written");
            assert!(found.is_sorted_by_key(|record| record.sequence), "{what}: out of order");
            let is_told = !recovery.holes.is_empty() || recovery.cut.is_some();
            assert!(found.len() == self.records.len() || is_told || opening == "second", "{what}: silently shorter");
            for record in &self.records {
                let is_there = found.iter().any(|found| found.sequence == record.sequence);
                let is_in_a_hole = recovery.holes.iter().any(|hole| hole.sequences.contains(&record.sequence));
                let is_behind = found.last().is_none_or(|last| last.sequence < record.sequence);
                assert!(
                    is_there != is_in_a_hole || is_behind,
                    "{what}, {opening} time: record {} there: {is_there}, told: {is_in_a_hole}: {recovery:?}",
                    record.sequence
                );
            }
        }
    }

    fn is_last(&self, index: usize) -> bool {
        index + 1 == self.segments.len()
    }
}

#[test]
fn a_segment_that_is_gone_is_told() {
    let whole = whole();
    for (index, (path, _)) in whole.segments.iter().enumerate() {
        if index > 0 && !whole.is_last(index) {
            whole.check(&format!("without {}", path.display()), |disk| disk.uproot(path));
        }
    }
}

#[test]
fn a_segment_cut_short_is_told() {
    let whole = whole();
    for (index, (path, bytes)) in whole.segments.iter().enumerate() {
        // A last segment with a header and nothing else is what a crash right after a roll leaves.
        let lengths: &[usize] = if whole.is_last(index) { &[0, 1, 20] } else { &[0, 1, 20, 63, 64, 65, 500, 1024] };
        for &length in lengths {
            let cut = || bytes[..length].to_vec();
            whole.check(&format!("{} with {length} bytes", path.display()), |disk| disk.plant(path, cut()));
            let mut zeroed = cut();
            zeroed.resize(bytes.len(), 0);
            whole.check(&format!("{} zero from {length}", path.display()), |disk| disk.plant(path, zeroed.clone()));
        }
    }
}

#[test]
fn segments_in_each_others_place_are_told() {
    let whole = whole();
    for (path, bytes) in &whole.segments {
        for (other, other_bytes) in whole.segments.iter().filter(|(other, _)| other != path) {
            let what = format!("{} in the place of {}", other.display(), path.display());
            whole.check(&what, |disk| disk.plant(path, other_bytes.clone()));
            whole.check(&format!("{what} and back"), |disk| {
                disk.plant(path, other_bytes.clone());
                disk.plant(other, bytes.clone());
            });
        }
    }
}

#[test]
fn files_of_others_change_nothing() {
    let whole = whole();
    for name in ["notes.txt", "next.tmp", "backup.seg", "00000000000000000003.seg.bak", "99.seg", "x"] {
        let path = folder().join(Path::new(name));
        let disk = whole.story.disk.copy(1);
        disk.plant(&path, b"not a segment".to_vec());
        let Ok((found, recovery)) = read(disk.mount(), &whole.story.setup) else { continue };
        assert!(recovery.holes.is_empty() && recovery.cut.is_none(), "{name}: {recovery:?}");
        let same = found.iter().zip(&whole.records).filter(|(found, written)| is_same(found, written)).count();
        assert_eq!((same, found.len()), (whole.records.len(), whole.records.len()), "{name}");
    }
}

/// The store takes a log without its beginning for one after retention; the sequencer misses what stood there.
#[test]
fn no_sequencer_starts_without_the_first_segment() {
    let whole = whole();
    let disk = whole.story.disk.copy(1);
    disk.uproot(&whole.segments[0].0);
    let error = Life::start(disk.mount(), &whole.story.setup, START_MS, ZONES[0]).err().expect("names are missing");
    assert!(matches!(error, LogError::Damaged { .. }), "{error}");
}
