//! Power loss, kills and I/O errors at random calls: several crashes a seed, in recovery too, with segments so small that commits,
//! rolls and folder syncs are all hit.

use crate::checker::Broken;
use crate::life::Setup;
use crate::seeds;
use crate::sim::faults::{Fault, Op};
use crate::story::Story;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What the seeds together went through; a run that misses some of it proves less than it says.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// How often a crash struck a kind of call, and whether before the log was ready.
    struck: BTreeMap<(String, bool), usize>,
    torn_sectors: usize,
    cuts: usize,
    rolls: usize,
}

/// Sizes drawn for a seed: a handful of commits a segment.
pub(crate) fn draw_setup(story_seed: u64) -> Setup {
    let mut rng = crate::rng::Rng::new(story_seed ^ 0x5e70);
    Setup {
        partitions: [1, 3, 16][rng.below(3)],
        segment_bytes: [4096, 6000, 16_384][rng.below(3)],
        ..Setup::default()
    }
}

/// Lives and crashes of one seed.
pub(crate) fn live_through(story: &mut Story, coverage: &Mutex<Coverage>) -> Result<(), Broken> {
    for _ in 0..2 + story.rng.below(4) {
        let fault =
            [Fault::PowerLoss, Fault::PowerLoss, Fault::PowerLoss, Fault::Kill, Fault::Error][story.rng.below(5)];
        let calls_max = [12, 40, 150][story.rng.below(3)];
        story.disk.fault_after(story.rng.below(calls_max), fault);
        let life = story.start()?;
        let is_starting = life.is_none();
        if let Some(mut life) = life {
            let groups = story.rng.below(25);
            story.send(&mut life, groups)?;
            story.end(life)?;
        }
        if let Some(op) = story.disk.struck_at() {
            *coverage.lock().unwrap().struck.entry((name_of(op), is_starting)).or_default() += 1;
        }
        if !story.disk.is_down() && story.rng.chance(1, 2) {
            story.disk.lose_power();
        }
        story.disk.restart();
    }
    if let Some(mut life) = story.start()? {
        story.send_unanswered(&mut life).expect("nothing fails in the last life");
        story.end(life)?;
    }
    story.check()?;
    let mut coverage = coverage.lock().unwrap();
    coverage.torn_sectors += story.disk.torn_sectors();
    coverage.cuts += story.cuts;
    coverage.rolls += story.segments.saturating_sub(1);
    Ok(())
}

fn name_of(op: Op) -> String {
    format!("{op:?}").split([' ', '{']).next().unwrap_or_default().to_owned()
}

#[test]
fn nothing_acknowledged_is_lost_or_there_twice_after_power_losses() {
    let coverage = Mutex::default();
    seeds::each(seeds::count(seeds::SEEDS, seeds::SEEDS_LONG), |seed| {
        let mut story = Story::new(seed, draw_setup(seed));
        if let Err(broken) = live_through(&mut story, &coverage) {
            panic!("{}", story.tell(&broken));
        }
    });
    let coverage = coverage.into_inner().unwrap();
    println!("{coverage:#?}");
    if seeds::only().is_none() {
        coverage.assert_enough();
    }
}

impl Coverage {
    fn assert_enough(&self) {
        for (op, is_starting) in [
            ("Write", false),
            ("SyncData", false),
            ("SyncFolder", false),
            ("Rename", false),
            ("Create", true),
            ("Open", true),
            ("Read", true),
            ("List", true),
            ("Write", true),
            ("SyncData", true),
            ("SyncFolder", true),
        ] {
            let struck = self.struck.get(&(op.to_owned(), is_starting)).copied().unwrap_or_default();
            assert!(struck > 5, "crashed at {op} {struck} times only; starting: {is_starting}");
        }
        assert!(self.torn_sectors > 100 && self.cuts > 100 && self.rolls > 1000, "{self:?}");
    }
}
