//! What the console stands on: handed in by the process that wires the roles together.

use std::fmt;
use std::sync::Arc;
use vigie_alerts::feed::AlertFeed;
use vigie_alerts::live::LiveAlerts;
use vigie_model::doors::{CommandSink, QueryDoor, RulesDoor, SpaceView};
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
    /// The public alert stream.
    pub feed: Arc<AlertFeed>,
    /// Where commands go.
    pub commands: Arc<dyn CommandSink>,
    /// Where SQL is asked; `None` in a process without history.
    pub queries: Option<Arc<dyn QueryDoor>>,
    /// Where the running rules are asked.
    pub rules: Arc<dyn RulesDoor>,
    /// The centre's spaces.
    pub spaces: Arc<dyn SpaceView>,
    /// Log time now, in epoch milliseconds: ages follow the log, also when it runs faster than the wall clock.
    pub log_clock: Arc<dyn Fn() -> i64 + Send + Sync>,
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
