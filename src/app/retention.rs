//! What the store needs to know to delete what is too old: configuration and data folder put together.

use crate::app::audit::AuditFolder;
use crate::config::file::Config;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_store::upkeep::keeper::DailyRetention;
use vigie_store::upkeep::retention::limits::{Limits, TimeOfDay};
use vigie_store::upkeep::retention::run::Retention;

/// The folder of holds and certificates in a data folder.
#[must_use]
pub fn retention_folder(data: &Path) -> PathBuf {
    data.join("retention")
}

/// The retentions that the feeds of a configuration declare.
#[must_use]
pub fn limits_of(config: &Config) -> Limits {
    let declared = config.feeds.iter().filter_map(|feed| Some((feed.name.clone(), feed.retention_days?)));
    Limits::new(declared, config.centre.zone.clone())
}

/// What is to be deleted from a data folder.
#[must_use]
pub fn retention_of(config: &Config, data: &Path) -> Retention {
    let without = config.feeds.iter().filter(|feed| feed.retention_days.is_none());
    Retention {
        limits: limits_of(config),
        feeds_without_limit: without.map(|feed| feed.name.clone()).collect(),
        folder: retention_folder(data),
        centre: config.centre.id.as_str().into(),
        vigie: env!("CARGO_PKG_VERSION"),
        log_age_max_ms: config.log.age_max_ms,
        audit: Arc::new(AuditFolder::new(data, false)),
    }
}

/// The same once a day, unless it is switched off or no feed declares a retention.
#[must_use]
pub fn daily_retention(config: &Config, data: &Path) -> Option<DailyRetention> {
    let minute = config.history.retention_minute?;
    let is_declared = config.feeds.iter().any(|feed| feed.retention_days.is_some());
    is_declared.then(|| DailyRetention { retention: retention_of(config, data), at: TimeOfDay { minute } })
}
