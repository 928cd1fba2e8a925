//! What operators command: records of the log, and what becomes of each.
//!
//! A command has a subject. [`Action::Alert`] is about one alert, and the alert book decides it; [`Action::Desk`] is about
//! the centre (what is out of service, which mode holds, incident files, the shift), and the desk decides it. A bulk is as
//! many commands as it names alerts.

use crate::alert::AlertId;
use crate::severity::Severity;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest operator name, note, cause or title, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Most alerts named in one command, and most commands in one bulk.
pub const ALERTS_NAMED_MAX: usize = 500;

/// What an alert turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// Something really was happening.
    True,
    /// Nothing was happening.
    False,
    /// It happened, but nobody needed to know.
    Nuisance,
    /// Somebody tried the system.
    Test,
    /// Another alert already told.
    Duplicate,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: [Self; 5] = [Self::True, Self::False, Self::Nuisance, Self::Test, Self::Duplicate];

    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Nuisance => "nuisance",
            Self::Test => "test",
            Self::Duplicate => "duplicate",
        }
    }
}

/// How far a step of an alert's checklist is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// To be done.
    #[default]
    Open,
    /// Done.
    Done,
    /// Left out on purpose.
    Skipped,
}

impl StepState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Skipped];

    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

/// What to do with one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlertDeed {
    /// Somebody has seen it and owns it, for good or until an instant of log time.
    Acknowledge {
        /// When it is to be asked for again.
        until_ms: Option<i64>,
    },
    /// Out of sight until an instant of log time; the note says why.
    Shelve {
        /// When it comes back.
        until_ms: i64,
    },
    /// Back from the shelf.
    Unshelve,
    /// Somebody is to deal with it.
    Assign {
        /// Who.
        to: Arc<str>,
    },
    /// It is over and was judged.
    Close {
        /// What it turned out to be.
        disposition: Disposition,
        /// Root cause, in the operator's words.
        cause: Option<String>,
    },
    /// It was closed by mistake.
    Reopen,
    /// A step of its rule's procedure is done, left out, or to be done after all.
    CheckStep {
        /// Which step, from 1.
        step: u32,
        /// How far it is now.
        state: StepState,
    },
}

/// What is out of service: alerts that match every part that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceScope {
    /// Name of a rule.
    pub rule: Option<Arc<str>>,
    /// A space.
    pub space: Option<Arc<str>>,
    /// A sensor, as in the keys `space/sensor`.
    pub sensor: Option<Arc<str>>,
    /// A node, as in the keys `space/node`.
    pub node: Option<Arc<str>>,
}

/// How the centre works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeskMode {
    /// As on every day.
    #[default]
    Normal,
    /// A large event, with one coordinator.
    Event,
    /// An exercise: its alerts never count.
    Exercise,
}

impl DeskMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Event, Self::Exercise];

    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Event => "event",
            Self::Exercise => "exercise",
        }
    }
}

/// Which side of a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShiftSide {
    /// Who goes.
    Leaving,
    /// Who comes.
    Arriving,
}

impl ShiftSide {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Leaving, Self::Arriving];

    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leaving => "leaving",
            Self::Arriving => "arriving",
        }
    }
}

/// What to do with the centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeskDeed {
    /// Alerts of this scope count for nothing; the note says why. The entry's id is the command's.
    OutOfService {
        /// What.
        scope: ServiceScope,
        /// When it returns by itself, in log time.
        until_ms: Option<i64>,
    },
    /// It serves again.
    Return {
        /// The entry, by its id.
        id: Arc<str>,
    },
    /// The centre works in another way from now on.
    Mode {
        /// How.
        mode: DeskMode,
        /// Name of the event or the exercise; required unless the mode is normal.
        name: Option<Arc<str>>,
        /// Who coordinates.
        coordinator: Option<Arc<str>>,
        /// When it ends by itself, in log time; required unless the mode is normal.
        until_ms: Option<i64>,
        /// Where; everywhere when empty.
        spaces: Vec<Arc<str>>,
    },
    /// Opens an alert that tries the way from here to the operators. Its id is [`AlertId::of_test`] of the command's.
    TestAlert {
        /// How bad it looks; medium unless said.
        severity: Option<Severity>,
        /// The space it seems to be about.
        space: Option<Arc<str>>,
    },
    /// Opens an incident file. Its id is the command's.
    FileNew {
        /// What it is called.
        title: Arc<str>,
        /// What is in it.
        alerts: Vec<AlertId>,
    },
    /// Changes an incident file.
    FileChange {
        /// The file.
        id: Arc<str>,
        /// What it is called from now on.
        title: Option<Arc<str>>,
        /// What goes in.
        add: Vec<AlertId>,
        /// What goes out.
        remove: Vec<AlertId>,
        /// Whether it is closed.
        closed: Option<bool>,
    },
    /// The operator signs the handover.
    SignShift {
        /// As which side.
        side: ShiftSide,
    },
    /// The operator tried the sounds.
    SoundCheck {
        /// Whether they were heard.
        heard: bool,
    },
}

/// What to do, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// With one alert.
    Alert {
        /// The alert.
        alert_id: AlertId,
        /// What.
        deed: AlertDeed,
    },
    /// With the centre.
    Desk(DeskDeed),
}

impl AlertDeed {
    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Acknowledge { .. } => "acknowledge",
            Self::Shelve { .. } => "shelve",
            Self::Unshelve => "unshelve",
            Self::Assign { .. } => "assign",
            Self::Close { .. } => "close",
            Self::Reopen => "reopen",
            Self::CheckStep { .. } => "checklist",
        }
    }
}

impl DeskDeed {
    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OutOfService { .. } => "out_of_service",
            Self::Return { .. } => "return",
            Self::Mode { .. } => "mode",
            Self::TestAlert { .. } => "test_alert",
            Self::FileNew { .. } => "file_new",
            Self::FileChange { .. } => "file_change",
            Self::SignShift { .. } => "sign_shift",
            Self::SoundCheck { .. } => "sound_check",
        }
    }
}

impl Action {
    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Alert { deed, .. } => deed.as_str(),
            Self::Desk(deed) => deed.as_str(),
        }
    }

    /// The alert it is about; `None` for what is done with the centre.
    #[must_use]
    pub const fn alert_id(&self) -> Option<&AlertId> {
        match self {
            Self::Alert { alert_id, .. } => Some(alert_id),
            Self::Desk(_) => None,
        }
    }

    /// When it ends by itself, in log time, where it says.
    #[must_use]
    pub const fn until_ms(&self) -> Option<i64> {
        match self {
            Self::Alert { deed: AlertDeed::Shelve { until_ms }, .. } => Some(*until_ms),
            Self::Alert { deed: AlertDeed::Acknowledge { until_ms }, .. }
            | Self::Desk(DeskDeed::OutOfService { until_ms, .. } | DeskDeed::Mode { until_ms, .. }) => *until_ms,
            _ => None,
        }
    }
}

/// An operator's command; a record of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Unique id, given when the command is taken; names its row in history, and whatever it creates.
    pub action_id: Arc<str>,
    /// Who gave it.
    pub operator: Arc<str>,
    /// The operator's note.
    pub note: Option<String>,
    /// Log time at which it was taken; set by the sequencer.
    pub log_time_ms: i64,
    /// What to do.
    pub action: Action,
}

/// What became of a command. The alert book or the desk decides it; it is the same on every replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done,
    /// It was so already; nothing changed.
    Unchanged,
    /// No alert has that id.
    UnknownAlert,
    /// The alert's rule has no such step.
    UnknownStep,
    /// Nothing at the desk has that id.
    UnknownId,
    /// An alert whose condition is still active or stale cannot be closed.
    StillActive,
    /// The episode ended; what is over needs no shelf.
    AlreadyCleared,
    /// The alert is closed; only reopening it is possible.
    AlreadyClosed,
    /// The instant up to which it was to hold had passed when the log took the command.
    UntilPassed,
    /// A bound of the desk is reached.
    TooMany,
}

impl Outcome {
    /// The word used on the wire and in history.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::UnknownAlert => "unknown_alert",
            Self::UnknownStep => "unknown_step",
            Self::UnknownId => "unknown_id",
            Self::StillActive => "still_active",
            Self::AlreadyCleared => "already_cleared",
            Self::AlreadyClosed => "already_closed",
            Self::UntilPassed => "until_passed",
            Self::TooMany => "too_many",
        }
    }

    /// Why nothing was done, in words; empty when it was, or needed not be.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Done | Self::Unchanged => "",
            Self::UnknownAlert => "no alert has this id",
            Self::UnknownStep => "the alert's checklist has no such step",
            Self::UnknownId => "nothing at the desk has this id",
            Self::StillActive => "the alert is still active or stale",
            Self::AlreadyCleared => "the alert is over",
            Self::AlreadyClosed => "the alert is already closed",
            Self::UntilPassed => "'until' has passed already",
            Self::TooMany => "there are too many of these at once",
        }
    }
}
