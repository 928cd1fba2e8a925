//! The control record: everything besides events that a verdict depends on.
//!
//! It stands in the log before the first row it concerns, so that a replay of the log needs no file from outside
//! (DESIGN.md, decision 3).

use crate::calendar::{Calendar, CityEvent};
use crate::desk_settings::DeskSettings;
use crate::metric::Metrics;
use crate::severity::Severity;
use crate::space::Space;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The meaning of rules and commands in this binary. It grows when the same log would be judged to other transitions or
/// outcomes, so that a log is never judged again, after a restart, by an engine that disagrees with what operators were told.
pub const ENGINE_SEMANTICS: u32 = 5;

/// A text file as it was when it was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path as configured, for messages.
    pub path: Arc<str>,
    /// Its content.
    pub text: Arc<str>,
}

/// Who else is told of an alert that nobody acknowledges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskEscalation {
    /// Of alerts at least this bad.
    pub severity: Severity,
    /// After an alert has waited this long.
    pub after_ms: i64,
    /// The desk that is told.
    pub to: Arc<str>,
}

/// What the alert book and the desk are told to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettings {
    /// When an alert goes to another desk, if it ever does.
    pub escalation: Option<DeskEscalation>,
    /// What the desk goes by.
    pub desk: DeskSettings,
}

/// Rule set, spaces, metrics and settings from one point of the log on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The centre (tenant).
    pub centre: Arc<str>,
    /// IANA name of the centre's time zone, for words.
    pub time_zone: Arc<str>,
    /// Interval of ticks.
    pub tick_ms: i64,
    /// Rule files, in the order of their paths.
    pub rules: Vec<SourceFile>,
    /// Declared spaces.
    pub spaces: Arc<Vec<Space>>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Calendars rules may name.
    pub calendars: Arc<Vec<Calendar>>,
    /// Events, for rules judged in event mode.
    pub events: Arc<Vec<CityEvent>>,
    /// The newest creation of each rule name that ever was in force, from 0: a rule deleted and created anew is another
    /// rule. A name that is not here is created for the first time.
    pub creations: BTreeMap<Arc<str>, u32>,
    /// What the alert book and the desk go by.
    pub alerts: Arc<AlertSettings>,
}
