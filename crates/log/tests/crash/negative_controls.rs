//! Takes a safeguard away and shows that the suite notices: each of these tests passes when promises break. With the
//! safeguards in place [`crate::power_loss`] runs the same seeds.

use crate::checker::Promise;
use crate::life::Setup;
use crate::power_loss::{draw_setup, live_through};
use crate::rng::Rng;
use crate::seeds;
use crate::sim::faults::Lies;
use crate::story::Story;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Enough for every control to fail many times.
const SEEDS: u64 = 100;

/// How many seeds break which promise first, with lies told by the disk and a changed setup.
fn broken_promises(lies: Lies, change: impl Fn(&mut Setup) + Sync) -> BTreeMap<Promise, usize> {
    let promises = Mutex::new(BTreeMap::new());
    let panics = seeds::failing(0..SEEDS, SEEDS as usize, |seed| {
        let mut setup = draw_setup(seed);
        change(&mut setup);
        let mut story = Story::new(seed, setup);
        story.disk.set_lies(lies);
        if let Err(broken) = live_through(&mut story, &Mutex::default()) {
            *promises.lock().unwrap().entry(broken.promise).or_default() += 1;
        }
    });
    assert!(panics.is_empty(), "a disk that lies is no reason to panic: {:?}", panics[0]);
    let promises = promises.into_inner().unwrap();
    println!("{promises:?}");
    promises
}

/// How many seeds lose what was acknowledged in one life on a disk that lies from when the log is ready.
fn losses(lies: Lies) -> usize {
    let lost = Mutex::new(0);
    seeds::each(SEEDS, |seed| {
        // A lost control record would hide that facts are lost as well: such a log does not open.
        let mut story = Story::new(seed, Setup { change_one_in: 0, ..draw_setup(seed) });
        let mut life = story.start().unwrap().unwrap();
        story.disk.set_lies(lies);
        story.send(&mut life, 25).unwrap();
        drop(life);
        story.disk.set_lies(Lies::default());
        story.disk.lose_power();
        *lost.lock().unwrap() += usize::from(has_lost(&story));
    });
    lost.into_inner().unwrap()
}

fn has_lost(story: &Story) -> bool {
    story.broken().iter().any(|broken| broken.promise == Promise::NothingAcknowledgedIsLost)
}

#[test]
fn without_the_sync_of_files_acknowledged_facts_are_lost() {
    let lies = Lies { sync_data: true, sync_folder: false };
    let promises = broken_promises(lies, |_| {});
    assert!(promises.values().sum::<usize>() > SEEDS as usize / 2, "{promises:?}");
    let losses = losses(lies);
    assert!(losses > 20, "{losses}");
}

#[test]
fn without_the_sync_of_folders_acknowledged_facts_are_lost() {
    let lies = Lies { sync_data: false, sync_folder: true };
    let promises = broken_promises(lies, |_| {});
    assert!(promises.values().sum::<usize>() > SEEDS as usize / 2, "{promises:?}");
    let losses = losses(lies);
    assert!(losses > 20, "{losses}");
}

#[test]
fn without_the_memory_of_ids_facts_are_there_twice() {
    let promises = broken_promises(Lies::default(), |setup| setup.ids_remembered = 1);
    assert!(promises.get(&Promise::NothingIsThereTwice).is_some_and(|seeds| *seeds > 20), "{promises:?}");
}

/// A log that acknowledges before its commit: the checker has to see through a sender that believes it.
#[test]
fn acknowledging_before_the_commit_loses_facts() {
    let lost = Mutex::new(0);
    seeds::each(SEEDS, |seed| {
        let mut story = Story::new(seed, draw_setup(seed));
        let Ok(Some(mut life)) = story.start() else { panic!("nothing fails") };
        let groups = 1 + Rng::new(seed).below(5);
        story.send(&mut life, groups).unwrap();
        let group = story.sender.group();
        for request in &group {
            story.sender.send(request);
            life.take(&story.sender, request).unwrap();
            story.sender.acknowledge(request);
        }
        drop(life);
        story.disk.lose_power();
        *lost.lock().unwrap() += usize::from(has_lost(&story));
    });
    let lost = lost.into_inner().unwrap();
    assert!(lost > 50, "{lost}");
}
