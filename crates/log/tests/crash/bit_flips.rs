//! Single bits flipped anywhere in the files of a log: each is told, or changes nothing. Never is a log silently another
//! or a shorter one.

use crate::checker::{Broken, Promise, broken, is_same};
use crate::facts::START_MS;
use crate::life::{Life, Setup, ZONES, read, verify};
use crate::rng::Rng;
use crate::seeds;
use crate::sender::Request;
use crate::sim::disk::SimDisk;
use crate::sim::faults::Fault;
use crate::story::Story;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use vigie_log::segments::options::Recovery;
use vigie_model::record::Record;

/// Bits flipped in each of the two logs.
const FLIPS: u64 = 5_000;
const FLIPS_LONG: u64 = 50_000;
/// Every so many flips the log is also checked without opening it, or written on.
const CLOSER_EVERY: u64 = 10;

/// What became of a flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// The log did not open, or a record could not be read, and said so.
    Refused,
    /// Records are missing, and exactly those are told as damaged.
    Quarantined,
    /// Records are missing at the end, and that is told.
    TornTail,
    /// The log is the same, and something is told.
    SameAndTold,
    /// The log is the same.
    Same,
}

/// A log, its files, and what opening them gives.
struct Original {
    story: Story,
    files: Vec<(PathBuf, Vec<u8>)>,
    records: Vec<Arc<Record>>,
    recovery: Recovery,
}

impl Original {
    fn of(story: Story) -> Self {
        let (records, recovery) = read(story.disk.copy(0).mount(), &story.setup).unwrap();
        assert!(records.len() > 20 && recovery.segments > 2, "a log worth the name: {recovery:?}");
        Self { files: story.disk.files(), story, records, recovery }
    }

    /// A copy of the disk with one bit flipped, and which.
    fn flip(&self, seed: u64) -> (SimDisk, String) {
        let mut rng = Rng::new(seed);
        let mut bit = rng.below(self.files.iter().map(|(_, bytes)| bytes.len() * 8).sum());
        let disk = self.story.disk.copy(seed);
        for (path, bytes) in &self.files {
            if bit < bytes.len() * 8 {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                disk.plant(path, bytes);
                return (disk, format!("bit {} of byte {} of {}", bit % 8, bit / 8, path.display()));
            }
            bit -= bytes.len() * 8;
        }
        unreachable!("the bit is in one of the files")
    }

    /// Checks a spoiled copy, then opens it: both have to find the same.
    fn judge_both(&self, disk: &SimDisk, what: &str) {
        let (report, _) = verify(disk.mount()).unwrap();
        let verdict = self.judge(disk, what);
        let is_found = match verdict {
            Verdict::Refused | Verdict::Quarantined => !report.findings.is_empty(),
            Verdict::TornTail => !report.notes.is_empty(),
            Verdict::Same | Verdict::SameAndTold => report.findings.is_empty(),
        };
        assert!(is_found, "{what}: {verdict:?} when opened, checked: {report:?}");
    }

    /// Opens a spoiled copy and judges what it finds; panics when it is silently another log.
    fn judge(&self, disk: &SimDisk, what: &str) -> Verdict {
        let Ok((found, recovery)) = read(disk.mount(), &self.story.setup) else { return Verdict::Refused };
        let lost = self.lost(&found, what);
        let is_told_again = recovery.holes == self.recovery.holes && recovery.cut == self.recovery.cut;
        let is_in_a_hole = |sequence: &u64| recovery.holes.iter().any(|hole| hole.sequences.contains(sequence));
        if lost.is_empty() {
            assert!(
                recovery.holes.iter().all(|hole| hole.sequences.is_empty()),
                "{what}: nothing is lost: {recovery:?}"
            );
            return if is_told_again { Verdict::Same } else { Verdict::SameAndTold };
        }
        assert!(!is_told_again, "{what}: records {lost:?} are silently gone: {recovery:?}");
        let end = found.last().map_or(0, |record| record.sequence + 1);
        let inside: Vec<_> = lost.iter().filter(|sequence| **sequence < end).collect();
        assert!(inside.iter().all(|sequence| is_in_a_hole(sequence)), "{what}: lost {lost:?}, told {recovery:?}");
        for hole in &recovery.holes {
            let known = hole.sequences.start..hole.sequences.end.min(self.recovery.next_sequence);
            assert!(
                known.into_iter().all(|sequence| lost.contains(&sequence)),
                "{what}: lost {lost:?}, told {recovery:?}"
            );
        }
        if lost.iter().all(is_in_a_hole) {
            return Verdict::Quarantined;
        }
        assert!(recovery.cut.is_some(), "{what}: lost {lost:?}, told {recovery:?}");
        Verdict::TornTail
    }

    /// The sequences of records that are not there any more; what is there has to be as it was.
    fn lost(&self, found: &[Arc<Record>], what: &str) -> Vec<u64> {
        let mut found = found.iter().peekable();
        let mut lost = Vec::new();
        for record in &self.records {
            match found.peek() {
                Some(next) if next.sequence == record.sequence => {
                    assert!(is_same(next, record), "{what}: {record:?} became {next:?}");
                    found.next();
                }
                _ => lost.push(record.sequence),
            }
        }
        // Behind damage a record can show that a torn end had hidden; it was sent, but nobody was answered.
        let (sender, partitions) = (&self.story.sender, self.story.setup.partitions);
        let rest: Vec<_> = found.cloned().collect();
        let is_made_up =
            |broken: &Broken| matches!(broken.promise, Promise::NothingUnsentIsThere | Promise::NothingIsChanged);
        let made_up = broken(&rest, sender, partitions, &[]).into_iter().find(is_made_up);
        assert!(made_up.is_none(), "{what}: {made_up:?}");
        lost
    }

    /// Flips bits; how many came to which verdict.
    fn flip_many(&self) -> BTreeMap<Verdict, usize> {
        let verdicts = Mutex::new(BTreeMap::new());
        seeds::each(seeds::count(FLIPS, FLIPS_LONG), |seed| {
            let (disk, what) = self.flip(seed);
            let verdict = self.judge(&disk, &what);
            *verdicts.lock().unwrap().entry(verdict).or_default() += 1;
            if seed % CLOSER_EVERY == 0 {
                self.judge_both(&self.flip(seed).0, &what);
            }
            if seed % CLOSER_EVERY == 1 && verdict != Verdict::Refused {
                self.write_on(seed, &what);
            }
        });
        let verdicts = verdicts.into_inner().unwrap();
        println!("{verdicts:?}");
        verdicts
    }

    /// A spoiled log that opens takes more, and keeps it together with what was left.
    fn write_on(&self, seed: u64, what: &str) {
        let (disk, _) = self.flip(seed);
        let (setup, mut sender) = (&self.story.setup, self.story.sender.clone());
        let (left, told) = read(disk.copy(seed).mount(), setup).unwrap();
        let mut life = match Life::start(disk.mount(), setup, START_MS, ZONES[0]) {
            Ok(life) => life,
            // Damage can take what later records need, such as names; then it is said.
            Err(_) => return,
        };
        let request = Request::Facts(vec![sender.new_fact()]);
        life.take(&sender, &request).unwrap();
        life.commit().unwrap();
        drop(life);
        disk.lose_power();
        let (found, recovery) = read(disk.mount(), setup).unwrap();
        let kept = left.iter().zip(&found).filter(|(left, found)| is_same(left, found)).count();
        assert_eq!(kept, left.len(), "{what}: writing on lost {:?}", left.get(kept));
        assert!(found.len() > left.len(), "{what}: what was written is gone: told {told:?}, then {recovery:?}");
        let new = &found[left.len()..];
        let sequences: Vec<_> = new.iter().map(|record| record.sequence).collect();
        let is_contiguous = sequences.windows(2).all(|pair| pair[1] == pair[0] + 1);
        assert!(is_contiguous && recovery.cut.is_none(), "{what}: {sequences:?}, {recovery:?}");
        let sequences =
            |recovery: &Recovery| recovery.holes.iter().map(|hole| hole.sequences.clone()).collect::<Vec<_>>();
        assert_eq!(sequences(&recovery), sequences(&told), "{what}: damage is told at every opening");
    }
}

/// A log of several segments that was closed properly.
fn closed() -> Original {
    let mut story = Story::new(3, small_segments());
    let mut life = story.start().unwrap().unwrap();
    story.send(&mut life, 8).unwrap();
    story.end(life).unwrap();
    Original::of(story)
}

fn small_segments() -> Setup {
    Setup { segment_bytes: 2048, ..Setup::default() }
}

#[test]
fn no_flipped_bit_of_a_closed_log_goes_unnoticed() {
    let verdicts = closed().flip_many();
    for verdict in [Verdict::Quarantined, Verdict::TornTail, Verdict::Refused, Verdict::Same] {
        assert!(verdicts.contains_key(&verdict), "never {verdict:?}: {verdicts:?}");
    }
}

#[test]
fn no_flipped_bit_of_a_crashed_log_goes_unnoticed() {
    let story = (0..).map(crashed_with_a_torn_tail).find(|story| {
        let recovery = read(story.disk.copy(0).mount(), &story.setup).unwrap().1;
        recovery.cut.is_some() && recovery.segments > 2
    });
    Original::of(story.unwrap()).flip_many();
}

/// Opening a damaged log keeps the damage aside, which takes a few calls: a fault at any of them hides nothing.
#[test]
fn a_crash_while_damage_is_kept_aside_hides_nothing() {
    let original = closed();
    let is_quarantined = |seed: &u64| {
        let (disk, what) = original.flip(*seed);
        original.judge(&disk, &what) == Verdict::Quarantined
    };
    for seed in (0..).filter(is_quarantined).take(4) {
        let (disk, what) = original.flip(seed);
        read(disk.mount(), &original.story.setup).unwrap();
        let calls = disk.calls_count();
        seeds::each_of(0..calls, |at| {
            for fault in [Fault::PowerLoss, Fault::Kill, Fault::Error] {
                let (disk, _) = original.flip(seed);
                disk.fault_after(at, fault);
                let opened = read(disk.mount(), &original.story.setup);
                assert!(opened.is_err() || fault == Fault::Error, "{what}, {fault:?} at {at}: the machine is down");
                if !disk.is_down() {
                    disk.lose_power();
                }
                disk.restart();
                let verdict = original.judge(&disk, &what);
                assert_eq!(verdict, Verdict::Quarantined, "{what}, {fault:?} at {at}\n{}", disk.trace(40));
            }
        });
    }
}

/// A log whose power failed while a commit was written.
fn crashed_with_a_torn_tail(seed: u64) -> Story {
    let mut story = Story::new(seed, small_segments());
    let mut life = story.start().unwrap().unwrap();
    story.send(&mut life, 8).unwrap();
    story.disk.fault_after(1, Fault::PowerLoss);
    story.send(&mut life, 1).unwrap();
    drop(life);
    story.disk.restart();
    story
}
