//! What the desk says about an alert: whether it is out of service, in which mode it opened, and what it belongs to.
//!
//! The book owns alerts and asks whoever keeps the desk through [`Around`]. It asks when an alert opens or is reopened, and
//! when it is told that something changed ([`crate::book::Book::refresh`]); the answers are part of the alert from then on.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_model::alert::{AlertId, Transition};

/// Why an alert counts for nothing: what it is about was taken out of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfService {
    /// Id of the entry at the desk.
    pub id: Arc<str>,
    /// Who took it out.
    pub operator: Arc<str>,
    /// When, in log time.
    pub log_time_ms: i64,
    /// Why.
    pub note: Option<String>,
    /// When it returns by itself, in log time.
    pub until_ms: Option<i64>,
}

/// The mode in force where and when an alert opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeThen {
    /// Name of the event or exercise.
    pub name: Option<Arc<str>>,
    /// Whether it was an exercise.
    pub is_exercise: bool,
}

/// An alert's rule opens and clears again and again on its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chattering {
    /// Since when, in log time.
    pub since_ms: i64,
    /// How many times within the time counted.
    pub count: u64,
}

/// What the desk knows about alerts; by default nothing.
pub trait Around {
    /// Whether what an alert is about is out of service now; the alert is told by one of its transitions.
    fn out_of_service(&self, _alert: &Transition) -> Option<Arc<OutOfService>> {
        None
    }

    /// The mode in force in a space now.
    fn mode(&self, _space: &str) -> ModeThen {
        ModeThen::default()
    }

    /// The incident file that an alert is in.
    fn incident_file(&self, _alert: &AlertId) -> Option<Arc<str>> {
        None
    }

    /// Whether an alert's rule chatters on its key now.
    fn chattering(&self, _alert: &Transition) -> Option<Chattering> {
        None
    }
}

/// No desk: nothing is out of service, and no mode is in force.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDesk;

impl Around for NoDesk {}
