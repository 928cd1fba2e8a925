//! An I/O error at every call of a fixed history, one run each: nothing is acknowledged by a log that failed, it touches
//! the disk no more, no failed sync is repeated, and what was acknowledged before is there afterwards.

use crate::checker::{Broken, Promise};
use crate::life::Setup;
use crate::seeds;
use crate::sender::Request;
use crate::sim::faults::{Call, Fault, Op, Outcome};
use crate::story::Story;
use std::sync::Mutex;

/// Groups sent in each life of the history: rolls in the first, recovery of several segments before the second.
const LIVES: [usize; 2] = [8, 3];
/// Runs for each call, which differ in what the error leaves behind.
const RUNS: usize = 4;

/// How the process that met the error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It exits, and what the system still has in memory is read again.
    Exit,
    /// The machine loses power at once.
    PowerLoss,
}

fn story(seed: u64) -> Story {
    Story::new(seed, Setup { segment_bytes: 2048, ..Setup::default() })
}

/// The calls of the history when nothing fails.
fn calls_without_error(seed: u64) -> Vec<Call> {
    let mut story = story(seed);
    for groups in LIVES {
        let mut life = story.start().unwrap().unwrap();
        story.send(&mut life, groups).unwrap();
        story.end(life).unwrap();
        story.disk.restart();
    }
    assert!(story.segments > 2, "recovery reads several segments");
    story.disk.calls()
}

/// The history with an error at one call.
fn live_with_error(story: &mut Story, at: usize, end: End) -> Result<(), Broken> {
    for groups in LIVES {
        if let Some(after) = at.checked_sub(story.disk.calls_count()) {
            story.disk.fault_after(after, Fault::Error);
        }
        let failed = live_until_error(story, groups, at)?;
        if failed && end == End::PowerLoss {
            story.disk.lose_power();
        }
        story.disk.restart();
    }
    let outcome = story.disk.calls()[at].outcome;
    assert_eq!(outcome, Outcome::Fault(Fault::Error), "the history has its error");
    let Some(mut life) = story.start()? else { unreachable!("no fault is left") };
    let failure = |error: vigie_log::error::LogError| Broken::new(Promise::OpensAfterACrash, error.to_string());
    story.send_unanswered(&mut life).map_err(failure)?;
    story.send(&mut life, 2)?;
    story.end(life)?;
    story.check()
}

/// One life; whether it met the error and ended by it.
fn live_until_error(story: &mut Story, groups: usize, at: usize) -> Result<bool, Broken> {
    let lived_before = story.disk.calls_count();
    let mut life = match story.try_start() {
        Ok(life) => life,
        Err(error) => return must_be_struck(story, at, &error.to_string()).map(|()| true),
    };
    must_not_hide(story, lived_before, at, "start")?;
    for _ in 0..groups {
        let group = story.sender.group();
        if let Err(error) = story.send_group(&mut life, &group) {
            must_be_struck(story, at, &error.to_string())?;
            must_stay_poisoned(story, &mut life)?;
            story.end(life)?;
            return Ok(true);
        }
        must_not_hide(story, lived_before, at, "a group")?;
    }
    story.end(life)?;
    Ok(false)
}

fn must_be_struck(story: &Story, at: usize, error: &str) -> Result<(), Broken> {
    let is_struck = story.disk.calls_count() > at;
    if is_struck { Ok(()) } else { Err(Broken::new(Promise::OpensAfterACrash, format!("without an error: {error}"))) }
}

/// A log may do without space kept ready. It may not go on after an error of a write to a segment or of a sync.
fn must_not_hide(story: &Story, lived_before: usize, at: usize, answered: &str) -> Result<(), Broken> {
    let calls = story.disk.calls();
    match calls.get(at) {
        _ if at < lived_before => Ok(()),
        Some(call) if matches!(call.op, Op::SyncData | Op::SyncFolder | Op::Write { .. } | Op::Truncate { .. }) => {
            Err(Broken::new(Promise::PoisonedByFailure, format!("{answered} is answered though {call}")))
        }
        _ => Ok(()),
    }
}

/// After an error nothing is acknowledged and the disk is left alone, whatever is asked.
fn must_stay_poisoned(story: &mut Story, life: &mut crate::life::Life) -> Result<(), Broken> {
    let calls = story.disk.calls_count();
    for _ in 0..3 {
        let fact = story.sender.new_fact();
        for request in [Request::Facts(vec![fact]), story.sender.new_command()] {
            if story.send_group(life, &[request]).is_ok() {
                return Err(Broken::new(Promise::PoisonedByFailure, "acknowledges after a failure"));
            }
        }
        if life.commit().is_ok() {
            return Err(Broken::new(Promise::PoisonedByFailure, "commits after a failure"));
        }
    }
    let reads_only = |call: &&Call| matches!(call.op, Op::List | Op::Open | Op::Length | Op::Read { .. });
    match story.disk.calls()[calls..].iter().find(|call| !reads_only(call)) {
        Some(call) => Err(Broken::new(Promise::PoisonedByFailure, format!("after a failure: {call}"))),
        None => Ok(()),
    }
}

/// No file or folder is synced again by the life in which a sync of it failed.
fn check_no_sync_again(calls: &[Call], at: usize) -> Result<(), Broken> {
    let failed = &calls[at];
    if !matches!(failed.op, Op::SyncData | Op::SyncFolder) {
        return Ok(());
    }
    // Each life begins with the log's folder.
    let life = calls[at + 1..].iter().take_while(|call| call.op != Op::CreateFolder);
    let is_same = |call: &&Call| call.op == failed.op && (&call.path, call.file) == (&failed.path, failed.file);
    match life.into_iter().find(is_same) {
        Some(again) => Err(Broken::new(Promise::PoisonedByFailure, format!("synced again: {again}"))),
        None => Ok(()),
    }
}

#[test]
fn an_error_at_every_call_loses_nothing_acknowledged() {
    let calls: Vec<_> = (0..RUNS).map(|run| calls_without_error(run as u64)).collect();
    let hit = Mutex::new(0);
    for (run, calls) in calls.iter().enumerate() {
        seeds::each_of(0..calls.len(), |at| {
            for end in [End::Exit, End::PowerLoss] {
                let mut story = story(run as u64);
                let lived = live_with_error(&mut story, at, end);
                let lived = lived.and_then(|()| check_no_sync_again(&story.disk.calls(), at));
                if let Err(broken) = lived {
                    panic!("run {run}, {end:?}, error at {}: {}", calls[at], story.tell(&broken));
                }
                *hit.lock().unwrap() += 1;
            }
        });
    }
    let hit = hit.into_inner().unwrap();
    println!("{hit} runs");
    assert!(hit > 500, "{hit} runs only");
}
