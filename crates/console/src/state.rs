//! What the console stands on: handed in by the process that wires the roles together.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use vigie_alerts::desk::live::LiveDesk;
use vigie_alerts::feed::AlertFeed;
use vigie_alerts::live::LiveAlerts;
use vigie_model::doors::{BacktestDoor, CommandSink, QueryDoor, ReportSink, RulesDoor, SpaceView};
use vigie_model::principal::Principal;

/// Everything the routes read or call.
#[derive(Clone)]
pub struct ConsoleState {
    /// The centre's name for people; its id is the scope of `principal`.
    pub centre_name: Arc<str>,
    /// The centre's IANA time zone, in which the page writes times.
    pub time_zone: Arc<str>,
    /// For whom everything is read and commanded: without accounts, the local principal.
    pub principal: Principal,
    /// Host names under which the console is reached, besides IP addresses and names without a dot; see [`crate::guard`].
    pub hosts: Arc<[String]>,
    /// The alerts as they stand.
    pub alerts: Arc<LiveAlerts>,
    /// The desk as it stands.
    pub desk: Arc<LiveDesk>,
    /// The public alert stream.
    pub feed: Arc<AlertFeed>,
    /// Where commands go.
    pub commands: Arc<dyn CommandSink>,
    /// Where incidents are entered by hand.
    pub reports: Arc<dyn ReportSink>,
    /// What the page shows besides.
    pub page: Arc<PageSettings>,
    /// Where SQL is asked; `None` in a process without history.
    pub queries: Option<Arc<dyn QueryDoor>>,
    /// Where the running rules are asked.
    pub rules: Arc<dyn RulesDoor>,
    /// Where stored rows are judged again; `None` in a process without history, or without a configuration file to judge by.
    pub backtests: Option<Arc<dyn BacktestDoor>>,
    /// The centre's spaces.
    pub spaces: Arc<dyn SpaceView>,
    /// Log time now, in epoch milliseconds: ages follow the log, also when it runs faster than the wall clock.
    pub log_clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// What the page shows besides alerts; `GET /v1/settings` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSettings {
    /// Languages offered, the preferred one first.
    pub languages: Vec<String>,
    /// Link to the camera of a space, with `{space}` or `{key}` where they belong.
    pub camera_url: Option<String>,
    /// Link to the radio channel of a space, likewise.
    pub radio_url: Option<String>,
    /// A base map, as one file of tiles (PMTiles).
    pub basemap: Option<PathBuf>,
}

impl fmt::Debug for ConsoleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { centre_name, principal, .. } = self;
        f.debug_struct("ConsoleState")
            .field("centre_name", centre_name)
            .field("principal", principal)
            .finish_non_exhaustive()
    }
}
