//! Old segments deleted, with a crash at every call of it: what every role still needs is there, the log begins somewhere
//! at or before it, and nobody is told of damage.

use crate::facts::START_MS;
use crate::life::{Setup, read};
use crate::seeds;
use crate::sim::disk::SimDisk;
use crate::sim::faults::Fault;
use vigie_log::error::LogError;
use vigie_log::segments::log::OpenedLog;
use vigie_log::store::LogStore;
use vigie_model::record::{Payload, Record};

/// Records of the log before segments are deleted.
const RECORDS: u64 = 200;
/// The first record that a role still needs.
const FLOOR: u64 = 150;
const RUNS: u64 = 8;

fn setup() -> Setup {
    Setup { segment_bytes: 512, ..Setup::default() }
}

/// Opens the log.
fn open(disk: &SimDisk) -> Result<OpenedLog, LogError> {
    setup().open(disk.mount())
}

/// Writes ticks from the log's end up to a sequence, each a commit of its own.
fn write(opened: &mut OpenedLog, end: u64) -> Result<(), LogError> {
    while opened.log.recall()?.is_some() {}
    for sequence in opened.recovery.next_sequence..end {
        let log_time_ms = START_MS + sequence as i64;
        opened.log.append(vec![Record { sequence, log_time_ms, payload: Payload::Tick { tick_ms: log_time_ms } }])?;
        opened.log.commit()?;
    }
    Ok(())
}

/// A log of many segments, and its disk.
fn written(seed: u64) -> (SimDisk, OpenedLog) {
    let disk = SimDisk::new(seed);
    let mut opened = open(&disk).unwrap();
    write(&mut opened, RECORDS).unwrap();
    (disk, opened)
}

/// Deletes all that may go below a floor.
fn delete(opened: &mut OpenedLog, floor: u64) -> Result<usize, LogError> {
    let mut deleted = 0;
    loop {
        match opened.log.delete_below(floor, u64::MAX)? {
            0 => return Ok(deleted),
            more => deleted += more,
        }
    }
}

/// What is there is one piece, from somewhere at or before `floor` to `end`, and no damage is told.
fn check(disk: &SimDisk, floor: u64, end: u64) -> Result<(), String> {
    let (records, recovery) = read(disk.mount(), &setup()).map_err(|error| error.to_string())?;
    let sequences: Vec<_> = records.iter().map(|record| record.sequence).collect();
    let (first, last) = (sequences.first().copied(), sequences.last().copied());
    let is_whole = sequences.windows(2).all(|pair| pair[1] == pair[0] + 1);
    if is_whole && first.is_some_and(|first| first <= floor) && last == Some(end - 1) && recovery.holes.is_empty() {
        return Ok(());
    }
    Err(format!("{first:?} to {last:?}, whole: {is_whole}, {recovery:?}\n{}", disk.trace(40)))
}

#[test]
fn a_crash_at_every_call_of_a_deletion_leaves_one_whole_log() {
    let (disk, mut log) = written(0);
    let before = disk.calls_count();
    assert!(delete(&mut log, FLOOR).unwrap() > 3, "several segments at once");
    let calls = disk.calls_count() - before;
    check(&disk, FLOOR, RECORDS).unwrap();
    seeds::each_of(0..calls + 1, |at| {
        for (run, fault) in (0..RUNS).flat_map(|run| [Fault::PowerLoss, Fault::Kill, Fault::Error].map(|f| (run, f))) {
            let (disk, mut log) = written(run);
            disk.fault_after(at, fault);
            let deleted = delete(&mut log, FLOOR);
            assert!(deleted.is_ok() || at < calls);
            drop(log);
            if !disk.is_down() && run % 2 == 0 {
                disk.lose_power();
            }
            disk.restart();
            let gone_on = open(&disk).and_then(|mut opened| write(&mut opened, RECORDS + 5));
            gone_on.unwrap_or_else(|error| panic!("run {run}, {fault:?} at {at}: {error}\n{}", disk.trace(40)));
            disk.lose_power();
            check(&disk, FLOOR, RECORDS + 5).unwrap_or_else(|why| panic!("run {run}, {fault:?} at {at}: {why}"));
        }
    });
}

#[test]
fn what_a_role_needs_is_never_deleted() {
    for floor in (0..=RECORDS).step_by(7) {
        let (disk, mut opened) = written(floor);
        delete(&mut opened, floor).unwrap();
        drop(opened);
        disk.lose_power();
        check(&disk, floor.min(RECORDS - 1), RECORDS).unwrap();
    }
}
