//! A story: lives of one log on one disk, each ended by a crash, and a sender that remembers it all.

use crate::checker::{Broken, Promise, broken, is_same};
use crate::facts::START_MS;
use crate::life::{Life, Served, Setup, ZONES, read, verify};
use crate::rng::Rng;
use crate::sender::{Request, Sender};
use crate::sim::disk::SimDisk;
use std::path::PathBuf;
use std::sync::Arc;
use vigie_log::error::LogError;
use vigie_log::receipt::ControlChange;
use vigie_log::segments::options::{Quarantined, Recovery};
use vigie_model::record::{Payload, Record};

/// Calls shown with a broken promise.
const TRACE_CALLS_MAX: usize = 60;
/// How far the clock may be off when a process starts.
const CLOCK_OFF_MS: i64 = 3_600_000;

/// A log, its disk, its sender and what its role has seen.
pub(crate) struct Story {
    pub(crate) disk: SimDisk,
    pub(crate) setup: Setup,
    pub(crate) sender: Sender,
    pub(crate) rng: Rng,
    /// What the role has seen by the end of the last life that ended with a role.
    seen: Vec<Arc<Record>>,
    now_ms: i64,
    wrong_receipt: Option<Broken>,
    /// What the newest process that was ready put into its control record.
    zone: Option<&'static str>,
    /// Control records asked for while a process ran, and those of them that were answered, in order.
    changes: usize,
    changed: Vec<String>,
    /// Those that found no room.
    pub(crate) changes_refused: usize,
    /// Processes that said they were ready.
    starts: usize,
    /// Damage that is told at every opening.
    holes: Vec<Quarantined>,
    /// Torn ends that were cut.
    pub(crate) cuts: usize,
    /// The most segments there were.
    pub(crate) segments: usize,
}

impl Story {
    pub(crate) fn new(seed: u64, setup: Setup) -> Self {
        let mut rng = Rng::new(seed);
        Self {
            disk: SimDisk::new(rng.next()),
            setup,
            sender: Sender::new(rng.next()),
            rng,
            seen: Vec::new(),
            now_ms: START_MS,
            wrong_receipt: None,
            zone: None,
            changes: 0,
            changed: Vec::new(),
            changes_refused: 0,
            starts: 0,
            holes: Vec::new(),
            cuts: 0,
            segments: 0,
        }
    }

    /// The same story, to be gone on with in another way.
    pub(crate) fn copy(&self, seed: u64) -> Self {
        Self {
            disk: self.disk.copy(seed),
            setup: self.setup.clone(),
            sender: self.sender.clone(),
            rng: Rng::new(seed),
            seen: self.seen.clone(),
            wrong_receipt: self.wrong_receipt.clone(),
            holes: self.holes.clone(),
            changed: self.changed.clone(),
            ..*self
        }
    }

    /// A process starts, with a clock that may be off. `None` when a fault strikes before it is ready.
    pub(crate) fn start(&mut self) -> Result<Option<Life>, Broken> {
        match self.try_start() {
            Ok(life) => Ok(Some(life)),
            Err(_) if self.disk.struck_at().is_some() => Ok(None),
            Err(error) => Err(Broken::new(Promise::OpensAfterACrash, error.to_string())),
        }
    }

    /// As [`Self::start`], for who expects an error.
    pub(crate) fn try_start(&mut self) -> Result<Life, LogError> {
        let off_ms = [0, 0, -CLOCK_OFF_MS, CLOCK_OFF_MS][self.rng.below(4)];
        // Rules and settings change between starts, now and then back to what they were.
        let zone = ZONES[self.rng.below(ZONES.len())];
        let life = Life::start(self.disk.mount(), &self.setup, self.now_ms + off_ms, zone)?;
        self.zone = Some(zone);
        self.sender.restart();
        self.starts += 1;
        self.cuts += usize::from(life.recovery.cut.is_some());
        self.segments = self.segments.max(life.recovery.segments);
        Ok(life)
    }

    /// Groups of requests until `groups` are answered or a fault strikes.
    pub(crate) fn send(&mut self, life: &mut Life, groups: usize) -> Result<(), Broken> {
        for _ in 0..groups {
            let group = self.sender.group();
            match self.send_group(life, &group) {
                Ok(()) => {}
                Err(_) if self.disk.struck_at().is_some() => break,
                Err(error) => {
                    return Err(Broken::new(Promise::OpensAfterACrash, format!("fails without a fault: {error}")));
                }
            }
        }
        Ok(())
    }

    /// Sends what was never answered, so that it may be there once only.
    pub(crate) fn send_unanswered(&mut self, life: &mut Life) -> Result<(), LogError> {
        let marks = self.sender.to_resend();
        marks.chunks(6).try_for_each(|marks| self.send_group(life, &[Request::Facts(marks.to_vec())]))
    }

    /// Sends requests and makes them durable together; they count as answered once that returned.
    pub(crate) fn send_group(&mut self, life: &mut Life, group: &[Request]) -> Result<(), LogError> {
        for request in group {
            self.sender.send(request);
            let wrong = life.take(&self.sender, request)?;
            self.wrong_receipt = self.wrong_receipt.take().or(wrong);
            if self.rng.chance(1, 4) {
                let passed_ms = self.rng.below(2_500) as i64;
                self.now_ms += passed_ms;
                life.pass(passed_ms);
                if life.room().ticks {
                    life.tick()?;
                }
            }
        }
        let one_in = self.setup.change_one_in;
        let change = if one_in > 0 && self.rng.chance(1, one_in) { self.change_control(life)? } else { None };
        life.commit()?;
        self.changed.extend(change);
        group.iter().for_each(|request| self.sender.acknowledge(request));
        Ok(())
    }

    /// Changes the control record while a process runs; how it is found again, unless there is no room for it.
    fn change_control(&mut self, life: &mut Life) -> Result<Option<String>, LogError> {
        self.changes += 1;
        // Now and then large, so that a small disk has no room for it.
        let padding = if self.rng.chance(1, 4) { self.rng.below(12_000) } else { 0 };
        let change = format!("change-{}{}", self.changes, "-".repeat(padding));
        if !life.room().ticks || life.change_control(&change)? == ControlChange::NoRoom {
            self.changes_refused += 1;
            return Ok(None);
        }
        Ok(Some(change))
    }

    /// A process ends, however: what its role has seen now includes what any role saw before.
    pub(crate) fn end(&mut self, life: Life) -> Result<(), Broken> {
        self.check_holes(&life.recovery)?;
        self.see(life.end())
    }

    /// As [`Self::end`], for a process whose log has a thread.
    pub(crate) fn end_served(&mut self, served: Served) -> Result<(), Broken> {
        self.see(served.end())
    }

    fn see(&mut self, seen: Vec<Arc<Record>>) -> Result<(), Broken> {
        self.check_seen(&seen)?;
        self.seen = seen;
        Ok(())
    }

    /// Loses power once more, reads the log and compares it with all the sender and the role know.
    pub(crate) fn check(&mut self) -> Result<(), Broken> {
        self.disk.lose_power();
        self.broken().into_iter().next().map_or(Ok(()), Err)
    }

    /// Every promise the log breaks as it is on disk now.
    pub(crate) fn broken(&self) -> Vec<Broken> {
        let (files, verified) = (self.disk.files(), verify(self.disk.mount()));
        let is_unchanged = files == self.disk.files();
        let (records, recovery) = match read(self.disk.mount(), &self.setup) {
            Ok(found) => found,
            Err(error) => return vec![Broken::new(Promise::OpensAfterACrash, error.to_string())],
        };
        let damaged: Vec<_> = self.holes.iter().map(|hole| hole.sequences.clone()).collect();
        let mut broken = broken(&records, &self.sender, self.setup.partitions, &damaged);
        if let Err(first) = self.check_holes(&recovery) {
            broken.insert(0, first);
        }
        let sequences: Vec<_> = records.iter().map(|record| record.sequence).collect();
        let is_verified = verified
            .as_ref()
            .is_ok_and(|(report, seen)| report.findings.is_empty() == self.holes.is_empty() && *seen == sequences);
        if !is_verified || !is_unchanged {
            let words = format!("unchanged: {is_unchanged}, {verified:?}");
            broken.push(Broken::new(Promise::VerifiedAfterACrash, words));
        }
        let ups = records.iter().filter(|record| matches!(record.payload, Payload::IntakeUp)).count();
        if ups < self.starts {
            let words = format!("{} starts, {ups} records that say so", self.starts);
            broken.push(Broken::new(Promise::StartsAreLogged, words));
        }
        broken.extend(self.check_control(&records).err());
        broken.extend(self.check_seen(&records).err());
        broken.extend(self.wrong_receipt.clone());
        broken
    }

    /// The segments on disk, in order.
    pub(crate) fn segments_now(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut segments = self.disk.files();
        segments.retain(|(path, _)| path.extension().is_some_and(|extension| extension == "seg"));
        segments
    }

    /// The log was damaged from outside: what can still be read, and what is told to be lost, counts from now on. Whether
    /// it can be opened at all.
    pub(crate) fn accept_damage(&mut self) -> bool {
        let opened = Life::start(self.disk.copy(0).mount(), &self.setup, self.now_ms, ZONES[0]);
        let Ok((records, recovery)) = read(self.disk.copy(0).mount(), &self.setup) else { return false };
        self.starts = records.iter().filter(|record| matches!(record.payload, Payload::IntakeUp)).count();
        (self.seen, self.holes, self.zone, self.wrong_receipt) = (records, recovery.holes, None, None);
        self.changed.clear();
        self.sender.doubt_all();
        opened.is_ok()
    }

    /// Whether damage is told.
    pub(crate) const fn is_damaged(&self) -> bool {
        !self.holes.is_empty()
    }

    /// No damage is told but what was done from outside, and that at every opening.
    fn check_holes(&self, recovery: &Recovery) -> Result<(), Broken> {
        // The damaged bytes themselves may be gone from the segment, once they are kept aside.
        let told = |holes: &[Quarantined]| {
            let hole = |hole: &Quarantined| (hole.segment.clone(), hole.sequences.clone(), hole.kept.clone());
            holes.iter().map(hole).collect::<Vec<_>>()
        };
        let files = self.disk.files();
        let is_kept = |hole: &Quarantined| {
            files
                .iter()
                .any(|(path, bytes)| *path == hole.kept && bytes.len() as u64 >= hole.bytes.end - hole.bytes.start)
        };
        if told(&recovery.holes) == told(&self.holes) && self.holes.iter().all(is_kept) {
            return Ok(());
        }
        let words = format!("tells of damage {:?} instead of {:?}", recovery.holes, self.holes);
        Err(Broken::new(Promise::OpensAfterACrash, words))
    }

    /// What is judged from now on is judged by the rules and settings of the newest start, and by every change since.
    fn check_control(&self, records: &[Arc<Record>]) -> Result<(), Broken> {
        let controls = records.iter().filter_map(|record| match &record.payload {
            Payload::Control(control) => Some(&*control.time_zone),
            _ => None,
        });
        // A start that was struck may have written another one.
        let controls: Vec<_> = controls.collect();
        let is_there = self.zone.is_none_or(|zone| controls.contains(&zone));
        let mut left = controls.iter();
        let has_changes = self.changed.iter().all(|change| left.any(|control| control == change));
        let words = || format!("started with {:?}, changed to {:?}, the log has {controls:?}", self.zone, self.changed);
        if is_there && has_changes { Ok(()) } else { Err(Broken::new(Promise::StartsAreLogged, words())) }
    }

    /// What a role saw is the beginning of what is there.
    fn check_seen(&self, records: &[Arc<Record>]) -> Result<(), Broken> {
        let same = self.seen.iter().zip(records).take_while(|(seen, found)| is_same(seen, found)).count();
        if same == self.seen.len() {
            return Ok(());
        }
        let words = format!("a role saw {:?}, now there is {:?}", self.seen[same], records.get(same));
        Err(Broken::new(Promise::NothingSeenIsTakenBack, words))
    }

    /// A broken promise with what the disk was asked before.
    pub(crate) fn tell(&self, broken: &Broken) -> String {
        format!("{:?}: {}\n{}", broken.promise, broken.words, self.disk.trace(TRACE_CALLS_MAX))
    }
}
