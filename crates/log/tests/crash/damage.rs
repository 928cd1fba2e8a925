//! Flipped bits and crashes, mixed: damage is told at every opening, what could be read behind it stays, and what is
//! acknowledged afterwards is as safe as in a log that was never damaged.

use crate::checker::Broken;
use crate::facts::START_MS;
use crate::life::{Life, Setup, ZONES, read};
use crate::rng::Rng;
use crate::seeds;
use crate::sim::faults::Fault;
use crate::story::Story;
use std::path::PathBuf;
use std::sync::Mutex;
use vigie_model::record::{Gap, Payload, Record};

const SEEDS: u64 = 600;
const SEEDS_LONG: u64 = 20_000;
/// Flips that are likely hit the newest bytes of the newest segment, where a torn end can stand behind them.
const NEWEST_BYTES: usize = 900;

/// Flips a few bits of one segment, of a disk on which nothing is undecided any more.
fn spoil(story: &Story, rng: &mut Rng) {
    story.disk.lose_power();
    let mut segments = story.segments_now();
    let Some((path, mut bytes)) = (if rng.chance(2, 3) { segments.pop() } else { None }).or_else(|| {
        let index = rng.below(segments.len());
        segments.into_iter().nth(index)
    }) else {
        return;
    };
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for _ in 0..1 + rng.below(3) {
        let at = end - 1 - rng.below(end.min(NEWEST_BYTES));
        bytes[at] ^= 1 << rng.below(8);
    }
    story.disk.plant(&path, bytes);
}

/// Lives with power losses.
fn live(story: &mut Story, lives: usize) -> Result<(), Broken> {
    for _ in 0..lives {
        let fault = [Fault::PowerLoss, Fault::PowerLoss, Fault::Kill, Fault::Error][story.rng.below(4)];
        story.disk.fault_after(15 + story.rng.below(60), fault);
        if let Some(mut life) = story.start()? {
            story.send(&mut life, 12)?;
            story.end(life)?;
        }
        if !story.disk.is_down() && story.rng.chance(1, 2) {
            story.disk.lose_power();
        }
        story.disk.restart();
    }
    Ok(())
}

#[test]
fn what_is_acknowledged_behind_damage_is_safe() {
    let counts = Mutex::new([0; 3]);
    seeds::each(seeds::count(SEEDS, SEEDS_LONG), |seed| {
        let mut story = Story::new(seed, Setup { segment_bytes: 4096 + 1024 * (seed % 3), ..Setup::default() });
        let mut rng = Rng::new(!seed);
        let told = |story: &Story, broken: Broken| panic!("{}", story.tell(&broken));
        live(&mut story, 1 + seed as usize % 2).unwrap_or_else(|broken| told(&story, broken));
        spoil(&story, &mut rng);
        if !story.accept_damage() {
            counts.lock().unwrap()[0] += 1;
            return;
        }
        counts.lock().unwrap()[if story.is_damaged() { 1 } else { 2 }] += 1;
        live(&mut story, 2).unwrap_or_else(|broken| told(&story, broken));
        story.check().unwrap_or_else(|broken| told(&story, broken));
    });
    let [refused, damaged, others] = counts.into_inner().unwrap();
    println!("{refused} do not open, {damaged} tell of damage, {others} of a torn end or nothing");
    assert!(seeds::only().is_some() || refused > 10 && damaged > 100 && others > 100);
}

/// The bytes of a segment before its first record.
const HEADER_BYTES: usize = 64;

/// A log whose last segment holds no record yet, as a crash right after a roll leaves it, and in which the last record
/// before is damaged. Also the offset behind the newest row of each partition, before the damage.
fn damaged_at_its_end(seed: u64) -> (Story, Vec<u64>) {
    let mut story = Story::new(seed, Setup { segment_bytes: 4096, ..Setup::default() });
    let mut life = story.start().unwrap().unwrap();
    while story.segments_now().len() < 3 {
        story.send(&mut life, 1).unwrap();
    }
    story.end(life).unwrap();
    story.disk.lose_power();
    let [_, (before, mut damaged), (last, mut empty)] = <[_; 3]>::try_from(story.segments_now()).unwrap();
    empty[HEADER_BYTES..].fill(0);
    story.disk.plant(&last, empty);
    let mut ends = vec![0; usize::from(story.setup.partitions)];
    for (partition, first_offset, rows) in
        read(story.disk.copy(0).mount(), &story.setup).unwrap().0.iter().filter_map(|record| place_of(record))
    {
        ends[partition] = first_offset + rows;
    }
    let newest = damaged.iter().rposition(|byte| *byte != 0).unwrap();
    damaged[newest] ^= 1;
    story.disk.plant(&before, damaged);
    assert!(story.accept_damage() && story.is_damaged());
    (story, ends)
}

/// It goes on where it ended, not behind the last record that can be read.
#[test]
fn a_log_goes_on_behind_damage_at_its_end() {
    let (mut story, _) = damaged_at_its_end(13);
    for _ in 0..3 {
        let mut life = story.start().unwrap().unwrap();
        let sent = story.send(&mut life, 3).and_then(|()| story.end(life)).and_then(|()| story.check());
        sent.unwrap_or_else(|broken| panic!("{}", story.tell(&broken)));
    }
}

/// What a role has stored under an offset stays what that offset means: rows lost with damage take their offsets along.
#[test]
fn no_offset_is_given_twice() {
    for seed in 0..20 {
        let (mut story, ends) = damaged_at_its_end(seed);
        story.sender.restart();
        // Whoever stored the lost rows says so at the start.
        let gap = Gap { next_offsets: ends.clone(), alert_position: 0 };
        let started = Life::start_behind(story.disk.mount(), &story.setup, START_MS, ZONES[0], Some(gap));
        let mut life = started.unwrap();
        let first = life.recovery.next_sequence;
        let sent = story.send(&mut life, 6).and_then(|()| story.end(life)).and_then(|()| story.check());
        sent.unwrap_or_else(|broken| panic!("{}", story.tell(&broken)));
        let (records, _) = read(story.disk.mount(), &story.setup).unwrap();
        let new = records.iter().filter(|record| record.sequence >= first);
        for (partition, offset, _) in new.filter_map(|record| place_of(record)) {
            let end = ends[partition];
            assert!(offset >= end, "seed {seed}: partition {partition} gives {offset} again, it was at {end}");
        }
    }
}

/// Partition, first offset and number of rows of a record.
fn place_of(record: &Record) -> Option<(usize, u64, u64)> {
    let (partition, first_offset, rows) = match &record.payload {
        Payload::Observations(batch) => (batch.partition, batch.first_offset, batch.rows.len()),
        Payload::Incidents(batch) => (batch.partition, batch.first_offset, batch.rows.len()),
        Payload::Perceptions(batch) => (batch.partition, batch.first_offset, batch.rows.len()),
        _ => return None,
    };
    Some((usize::from(partition), first_offset, rows as u64))
}

/// Damaged bytes may be cut once they are kept aside; nothing may then take the copy away.
#[test]
fn what_is_kept_aside_stays_whatever_fails_later() {
    let (story, _) = damaged_at_its_end(13);
    let (_, recovery) = read(story.disk.mount(), &story.setup).unwrap();
    let is_kept = |path: &PathBuf| recovery.holes.iter().any(|hole| hole.kept == *path);
    let kept: Vec<_> = story.disk.files().into_iter().filter(|(path, _)| is_kept(path)).collect();
    assert!(!kept.is_empty() && kept.iter().all(|(_, bytes)| !bytes.is_empty()));
    let calls = story.disk.calls_count();
    read(story.disk.mount(), &story.setup).unwrap();
    for at in 0..story.disk.calls_count() - calls {
        for fault in [Fault::Error, Fault::PowerLoss, Fault::Kill] {
            let disk = story.disk.copy(at as u64);
            disk.fault_after(at, fault);
            let _opened_or_not = read(disk.mount(), &story.setup);
            disk.restart();
            let files = disk.files();
            assert!(kept.iter().all(|file| files.contains(file)), "{fault:?} at {at}\n{}", disk.trace(40));
        }
    }
}
