//! One life of a process: the log opened on the simulated disk, the sequencer on it, and one role that listens.

use crate::checker::{Broken, Promise};
use crate::facts::MAX_SKEW_MS;
use crate::sender::{Answer, Request, Sender};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use vigie_log::clock::{Limit, LogClock};
use vigie_log::disk::Disk;
use vigie_log::error::LogError;
use vigie_log::intake::{Intake, spawn};
use vigie_log::interner::Interner;
use vigie_log::receipt::ControlChange;
use vigie_log::ring::Reader;
use vigie_log::segments::header::LogIdentity;
use vigie_log::segments::log::{OpenedLog, SegmentLog};
use vigie_log::segments::options::{LogOptions, Recovery};
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::{LogStore, Room};
use vigie_log::verify::{LogReport, verify_log};
use vigie_model::batch::Events;
use vigie_model::control::Control;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Gap, Record};
use vigie_model::space::Space;

/// Wide enough that no writer ever waits for the role, which listens at the end of a life.
const RING_ROWS_MAX: usize = 1 << 24;
/// So fast that the clock always stands at its limit, which the test moves: runs repeat exactly.
const SPEED: f64 = 1e15;
const LOG_ID: &str = "0123456789abcdef0123456789abcdef";

/// What all lives of one log have in common.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) partitions: PartitionIx,
    pub(crate) segment_bytes: u64,
    pub(crate) bytes_max: u64,
    pub(crate) ids_remembered: usize,
    /// One commit in so many changes the control record; 0 for none.
    pub(crate) change_one_in: usize,
}

/// Often enough that changes stand everywhere in a log.
const CHANGE_ONE_IN: usize = 10;

impl Default for Setup {
    fn default() -> Self {
        Self {
            partitions: 3,
            segment_bytes: 4096,
            bytes_max: 1 << 30,
            ids_remembered: 100_000,
            change_one_in: CHANGE_ONE_IN,
        }
    }
}

impl Setup {
    /// Opens the log alone, without a sequencer.
    pub(crate) fn open(&self, disk: Arc<dyn Disk>) -> Result<OpenedLog, LogError> {
        let options = LogOptions {
            segment_bytes: self.segment_bytes,
            bytes_max: self.bytes_max,
            ..LogOptions::new(PathBuf::from(folder()))
        };
        let identity = LogIdentity { log_id: LOG_ID.into(), partitions: self.partitions };
        SegmentLog::open(disk, options, identity, RING_ROWS_MAX, 1)
    }
}

/// Time zones of which a control record holds one.
pub(crate) const ZONES: [&str; 3] = ["UTC", "Europe/Paris", "Australia/Melbourne"];

/// A process that runs.
pub(crate) struct Life {
    sequencer: Sequencer<SegmentLog>,
    role: Reader<Arc<Record>>,
    limit: Limit,
    now_ms: i64,
    pub(crate) recovery: Recovery,
}

/// The folder of the log, on a disk that at first has no folder at all.
pub(crate) fn folder() -> &'static Path {
    Path::new("/log")
}

impl Life {
    /// Opens the log, recovers it and starts the sequencer with its clock at `now_ms`.
    ///
    /// `zone` stands for all that a control record holds.
    pub(crate) fn start(disk: Arc<dyn Disk>, setup: &Setup, now_ms: i64, zone: &'static str) -> Result<Self, LogError> {
        Self::start_behind(disk, setup, now_ms, zone, None)
    }

    /// As [`Self::start`], when it is known up to where numbers were given before records were lost.
    pub(crate) fn start_behind(
        disk: Arc<dyn Disk>,
        setup: &Setup,
        now_ms: i64,
        zone: &'static str,
        gap: Option<Gap>,
    ) -> Result<Self, LogError> {
        let mut opened = setup.open(disk)?;
        let settings = Settings {
            partitions: setup.partitions,
            max_skew_ms: MAX_SKEW_MS,
            ids_remembered: setup.ids_remembered,
            ..Settings::new(LOG_ID.into())
        };
        let limit = Limit::at(now_ms);
        let clock = LogClock::anchored(now_ms, SPEED, limit.clone());
        let mut sequencer = Sequencer::recalled(settings, clock, opened.log, Arc::new(Interner::new(1 << 16)), None)?;
        sequencer.begin(control(zone), gap)?;
        let role = opened.readers.pop().expect("one role was asked for");
        Ok(Self { sequencer, role, limit, now_ms, recovery: opened.recovery })
    }

    /// Moves the clock.
    pub(crate) fn pass(&mut self, ms: i64) {
        self.now_ms += ms;
        self.limit.move_to(self.now_ms);
    }

    /// Hands the sequencer what the intake thread would: a tick, if one is due.
    pub(crate) fn tick(&mut self) -> Result<(), LogError> {
        self.sequencer.tick()
    }

    /// Hands one request to the sequencer; not durable before [`Self::commit`]. Returns what is wrong with its
    /// receipt, if anything is.
    pub(crate) fn take(&mut self, sender: &Sender, request: &Request) -> Result<Option<Broken>, LogError> {
        match request {
            Request::Command(mark) => self.sequencer.command(sender.command(*mark)).map(|()| None),
            Request::Facts(marks) => {
                let mut events = Events::default();
                marks.iter().for_each(|mark| sender.fact(*mark).push_to(&mut events, self.sequencer.interner()));
                let receipt = self.sequencer.take(&events)?;
                let (new_max, known) = sender.expected_duplicates(marks);
                let counted = receipt.accepted + receipt.duplicates;
                let is_right =
                    counted == marks.len() as u64 && receipt.accepted <= new_max && receipt.duplicates >= known;
                let known_facts = || marks.iter().filter(|mark| sender.answer(**mark) == Answer::Acknowledged);
                let known_facts = || known_facts().map(|mark| sender.fact(*mark)).collect::<Vec<_>>();
                let words = || {
                    format!("{marks:?} gave {receipt:?}; at most {new_max} can be new; known were {:?}", known_facts())
                };
                Ok((!is_right).then(|| Broken::new(Promise::ReceiptsAreRight, words())))
            }
        }
    }

    /// Changes what stands in the control record; not durable before [`Self::commit`].
    pub(crate) fn change_control(&mut self, zone: &str) -> Result<ControlChange, LogError> {
        self.sequencer.change_control(&control(zone))
    }

    pub(crate) fn commit(&mut self) -> Result<(), LogError> {
        self.sequencer.commit()
    }

    pub(crate) fn room(&mut self) -> Room {
        self.sequencer.make_room();
        self.sequencer.room()
    }

    /// Gives the sequencer its thread, as a server does.
    pub(crate) fn serve(self) -> (Intake, Served) {
        let (intake, thread) = spawn(self.sequencer, ()).expect("a thread can be started");
        (intake, Served { thread, role: self.role })
    }

    /// Ends the process properly; all records its role has seen, those of earlier lives first.
    pub(crate) fn end(mut self) -> Vec<Arc<Record>> {
        drop(self.sequencer);
        let mut seen = Vec::new();
        while self.role.take(&mut seen) {}
        seen
    }
}

/// A process whose sequencer has its thread.
pub(crate) struct Served {
    thread: JoinHandle<Result<(), LogError>>,
    role: Reader<Arc<Record>>,
}

impl Served {
    /// Waits for the end of the log, which was told to stop or failed; all records its role has seen.
    pub(crate) fn end(mut self) -> Vec<Arc<Record>> {
        let _ended = self.thread.join().expect("the sequencer's thread does not panic");
        let mut seen = Vec::new();
        while self.role.take(&mut seen) {}
        seen
    }
}

/// All records of a log, and what opening it found. Opening may cut a torn end; nothing else is written.
pub(crate) fn read(disk: Arc<dyn Disk>, setup: &Setup) -> Result<(Vec<Arc<Record>>, Recovery), LogError> {
    let mut opened = setup.open(disk)?;
    let mut records = Vec::new();
    while let Some(record) = opened.log.recall()? {
        records.push(Arc::new(record));
    }
    Ok((records, opened.recovery))
}

/// What checking the log finds, and the sequences of the records it sees.
pub(crate) fn verify(disk: Arc<dyn Disk>) -> Result<(LogReport, Vec<u64>), LogError> {
    let mut sequences = Vec::new();
    let report = verify_log(disk, folder(), None, |record, _| sequences.push(record.sequence))?;
    Ok((report, sequences))
}

fn control(zone: &str) -> Arc<Control> {
    Arc::new(Control {
        centre: "test".into(),
        time_zone: zone.into(),
        tick_ms: 1000,
        rules: Vec::new(),
        // Changes have spaces, some of them the same.
        spaces: Arc::new(
            zone.strip_prefix("change-").map(|change| Space::registered(&change[..1])).into_iter().collect(),
        ),
        metrics: Arc::default(),
        ..Control::default()
    })
}
