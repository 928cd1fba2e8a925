//! A story: lives of one log on one disk, each ended by a crash, and a sender that remembers it all.

use crate::checker::{Broken, Promise, broken, is_same};
use crate::facts::START_MS;
use crate::life::{Life, Served, Setup, ZONES, read, verify};
use crate::rng::Rng;
use crate::sender::{Request, Sender};
use crate::sim::disk::SimDisk;
use std::sync::Arc;
use vigie_log::error::LogError;
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
    /// Processes that said they were ready.
    starts: usize,
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
            starts: 0,
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
        life.commit()?;
        group.iter().for_each(|request| self.sender.acknowledge(request));
        Ok(())
    }

    /// A process ends, however: what its role has seen now includes what any role saw before.
    pub(crate) fn end(&mut self, life: Life) -> Result<(), Broken> {
        let holes = life.recovery.holes.clone();
        if !holes.is_empty() {
            return Err(Broken::new(Promise::OpensAfterACrash, format!("tells of damage: {holes:?}")));
        }
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
        let mut broken = broken(&records, &self.sender, self.setup.partitions);
        if !recovery.holes.is_empty() {
            let words = format!("tells of damage: {:?}", recovery.holes);
            broken.insert(0, Broken::new(Promise::OpensAfterACrash, words));
        }
        let sequences: Vec<_> = records.iter().map(|record| record.sequence).collect();
        let is_verified =
            verified.as_ref().is_ok_and(|(report, seen)| report.findings.is_empty() && *seen == sequences);
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

    /// What is judged from now on is judged by the rules and settings of the newest start.
    fn check_control(&self, records: &[Arc<Record>]) -> Result<(), Broken> {
        let controls = records.iter().filter_map(|record| match &record.payload {
            Payload::Control(control) => Some(&*control.time_zone),
            _ => None,
        });
        // A start that was struck may have written another one.
        let controls: Vec<_> = controls.collect();
        let is_there = self.zone.is_none_or(|zone| controls.contains(&zone));
        let words = || format!("started with {:?}, the log has {controls:?}", self.zone);
        if is_there { Ok(()) } else { Err(Broken::new(Promise::StartsAreLogged, words())) }
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
