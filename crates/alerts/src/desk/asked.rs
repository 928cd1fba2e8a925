//! What the desk is told of an alert, and what it says of one.

use crate::desk::chatter::RuleKey;
use crate::desk::mode::ModeInForce;
use crate::desk::service::OutOfService;
use std::sync::Arc;
use vigie_model::alert::AlertId;
use vigie_model::command::DeskMode;
use vigie_model::severity::Severity;

/// An alert as the desk needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct DeskAlert<'a> {
    /// Its id.
    pub id: &'a AlertId,
    /// Its rule's name.
    pub rule: &'a Arc<str>,
    /// Its key.
    pub key: &'a Arc<str>,
    /// Its space.
    pub space: &'a Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// The alert that suppresses it, and the name of that one's rule.
    pub cause: Option<(&'a AlertId, &'a str)>,
    /// Whether it belongs to an exercise.
    pub is_exercise: bool,
    /// Whether somebody opened it to try the way to the operators.
    pub is_test: bool,
    /// Whether it is out of service.
    pub is_out_of_service: bool,
}

/// What the desk says of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The mode that covers its space.
    pub mode: Option<Arc<ModeInForce>>,
    /// What takes it out of service.
    pub out_of_service: Option<Arc<OutOfService>>,
}

/// Alerts of which the desk says something else than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// These, which may be none.
    Some(Vec<AlertId>),
    /// Any: something was taken out of service, or returned.
    Any,
}

impl Default for Touched {
    fn default() -> Self {
        Self::Some(Vec::new())
    }
}

impl DeskAlert<'_> {
    /// Whether it counts for floods, figures and chatter.
    #[must_use]
    pub const fn counts(&self) -> bool {
        !self.is_exercise && !self.is_test && !self.is_out_of_service
    }

    /// Its rule on its key.
    #[must_use]
    pub fn at(&self) -> RuleKey {
        RuleKey { rule: Arc::clone(self.rule), key: Arc::clone(self.key) }
    }
}

impl Marks {
    /// Whether an alert that opens now belongs to an exercise.
    #[must_use]
    pub fn is_exercise(&self) -> bool {
        self.mode.as_ref().is_some_and(|mode| mode.mode == DeskMode::Exercise)
    }

    /// Name of the event during which an alert opens now.
    #[must_use]
    pub fn event(&self) -> Option<&Arc<str>> {
        self.mode.as_ref().filter(|mode| mode.mode == DeskMode::Event).map(|mode| &mode.name)
    }
}
