//! The certificate of a run: what went, what stayed because of which hold, and what is as old elsewhere.

use super::hold::Hold;
use super::instant;
use super::limits::{FeedLimit, local_date};
use super::tally::Tally;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use vigie_model::time::format_utc;

/// The version of this form.
const FORM: u32 = 1;
/// What a certificate says of the files that hold no rows of history.
const NOT_COVERED: &str = "alerts, actions and spaces stay; dead letters hold no event data; \
                           files that a damaged log was copied to, backups and exports are not looked at";

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// The version of this form.
    pub form: u32,
    /// The centre whose rows they were.
    pub centre: String,
    /// The version of Vigie.
    pub vigie: String,
    /// Whether rows were only counted.
    pub dry_run: bool,
    /// When the run began.
    #[serde(rename = "began", with = "instant")]
    pub began_ms: i64,
    /// When the last file was gone.
    #[serde(rename = "ended", with = "instant")]
    pub ended_ms: i64,
    /// Dates below are dates on the clocks of this zone.
    pub time_zone: String,
    /// The retentions in force.
    pub limits: Vec<FeedLimit>,
    /// Declared feeds without a retention, whose rows stay.
    pub feeds_without_limit: Vec<String>,
    /// Rows that went, of all tables.
    pub rows_deleted: u64,
    /// Rows that are too old and stay because of a hold.
    pub rows_held: u64,
    /// The tables.
    pub tables: Vec<TableCertificate>,
    /// The holds in force.
    pub holds: Vec<Hold>,
    /// The log beside history.
    pub log: LogCertificate,
    /// What this does not speak of.
    pub not_covered: &'static str,
}

/// What happened to a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableCertificate {
    /// Its name.
    pub table: String,
    /// Its version when the run began.
    pub version_before: u64,
    /// Its version when the run ended; others may have written meanwhile.
    pub version_after: u64,
    /// Rows that went.
    pub rows_deleted: u64,
    /// Data files that went: those with deleted rows, and those that others had taken the place of before.
    pub files_removed: u64,
    /// Feeds with rows that are too old.
    pub feeds: Vec<FeedCertificate>,
}

/// What happened to the rows of a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedCertificate {
    /// The feed.
    pub feed: String,
    /// Its retention.
    pub retention_days: Option<u32>,
    /// Rows that went.
    pub rows_deleted: u64,
    /// The local date of the oldest of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_date: Option<String>,
    /// That of the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_date: Option<String>,
    /// Rows that are too old and stay.
    pub rows_held: u64,
    /// The same by hold; a row that several holds cover counts for each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub held_by: BTreeMap<String, u64>,
}

/// How long the log keeps records of what history has deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogCertificate {
    /// Whole segments go once all their records are older than so many hours; `None` keeps them while there is room.
    pub max_age_hours: Option<u64>,
    /// Feeds whose retention is shorter than that.
    pub keeps_longer: Vec<String>,
}

/// What a certificate is made from.
pub(super) struct Facts<'a> {
    pub(super) centre: &'a str,
    pub(super) zone: &'a TimeZone,
    pub(super) vigie: &'a str,
    pub(super) dry_run: bool,
    pub(super) began_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) limits: &'a [FeedLimit],
    pub(super) feeds_without_limit: &'a [String],
    pub(super) holds: &'a [Hold],
    pub(super) log_age_max_ms: Option<i64>,
    pub(super) tables: Vec<TableFacts>,
}

/// What is known of a table.
pub(super) struct TableFacts {
    pub(super) table: &'static str,
    pub(super) versions: [u64; 2],
    pub(super) files_removed: u64,
    pub(super) tally: Tally,
}

impl Certificate {
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        let tables: Vec<_> = facts.tables.iter().map(|table| of_table(table, facts.limits, facts.zone)).collect();
        let held = |table: &TableCertificate| table.feeds.iter().map(|feed| feed.rows_held).sum::<u64>();
        Self {
            form: FORM,
            centre: facts.centre.to_owned(),
            vigie: facts.vigie.to_owned(),
            dry_run: facts.dry_run,
            began_ms: facts.began_ms,
            ended_ms: facts.ended_ms,
            time_zone: facts.zone.iana_name().unwrap_or("UTC").to_owned(),
            limits: facts.limits.to_vec(),
            feeds_without_limit: facts.feeds_without_limit.to_vec(),
            rows_deleted: tables.iter().map(|table| table.rows_deleted).sum(),
            rows_held: tables.iter().map(held).sum(),
            tables,
            holds: facts.holds.to_vec(),
            log: of_log(facts.log_age_max_ms, facts.limits),
            not_covered: NOT_COVERED,
        }
    }

    /// The certificate as it is filed.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a certificate has text keys and plain values") + "\n"
    }

    /// The certificate for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a text can be written");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let (did, went) = if self.dry_run { ("dry run", "would go") } else { ("run", "deleted") };
        let [began, ended] = [self.began_ms, self.ended_ms].map(format_utc);
        writeln!(text, "Retention of {}, {did} of {began}, ended {ended} (vigie {})", self.centre, self.vigie)?;
        for limit in &self.limits {
            let (feed, days, before) = (&limit.feed, limit.retention_days, format_utc(limit.before_ms));
            writeln!(text, "  {feed}: {days} days, rows before {before} are too old")?;
        }
        for feed in &self.feeds_without_limit {
            writeln!(text, "  {feed}: no retention is declared, all rows stay")?;
        }
        for table in &self.tables {
            let (name, rows, files) = (&table.table, table.rows_deleted, table.files_removed);
            let [before, after] = [table.version_before, table.version_after];
            writeln!(text, "{name}: {rows} rows {went}, {files} files; version {before} became {after}")?;
            for feed in &table.feeds {
                write!(text, "  {}: {} rows {went}", feed.feed, feed.rows_deleted)?;
                if let Some((oldest, newest)) = feed.oldest_date.as_ref().zip(feed.newest_date.as_ref()) {
                    write!(text, ", of {oldest} to {newest}")?;
                }
                if feed.rows_held > 0 {
                    let by: Vec<_> = feed.held_by.iter().map(|(hold, rows)| format!("{hold}: {rows}")).collect();
                    write!(text, "; {} held ({})", feed.rows_held, by.join(", "))?;
                }
                writeln!(text)?;
            }
        }
        for hold in &self.holds {
            writeln!(text, "hold {}: {} ({}), {}", hold.id, hold.requester, hold.reference, hold.reason)?;
        }
        match self.log.max_age_hours {
            Some(hours) => writeln!(text, "log: segments go once all their records are {hours} hours old")?,
            None => writeln!(text, "log: segments stay while there is room")?,
        }
        if !self.log.keeps_longer.is_empty() {
            writeln!(text, "  longer than the retention of {}: set [log] max_age", self.log.keeps_longer.join(", "))?;
        }
        writeln!(text, "{}", self.not_covered)
    }
}

fn of_table(facts: &TableFacts, limits: &[FeedLimit], zone: &TimeZone) -> TableCertificate {
    let date = |at_ms: Option<i64>| at_ms.map(|at_ms| local_date(at_ms, zone).to_string());
    let feeds = facts.tally.iter().filter(|(_, counts)| counts.deleted + counts.held > 0);
    let feeds = feeds.map(|(feed, counts)| FeedCertificate {
        feed: feed.clone(),
        retention_days: limits.iter().find(|limit| limit.feed == *feed).map(|limit| limit.retention_days),
        rows_deleted: counts.deleted,
        oldest_date: date(counts.oldest_ms),
        newest_date: date(counts.newest_ms),
        rows_held: counts.held,
        held_by: counts.held_by.clone(),
    });
    let feeds: Vec<_> = feeds.collect();
    TableCertificate {
        table: facts.table.to_owned(),
        version_before: facts.versions[0],
        version_after: facts.versions[1],
        rows_deleted: feeds.iter().map(|feed| feed.rows_deleted).sum(),
        files_removed: facts.files_removed,
        feeds,
    }
}

fn of_log(age_max_ms: Option<i64>, limits: &[FeedLimit]) -> LogCertificate {
    const HOUR_MS: i64 = 3_600_000;
    let is_longer = |limit: &&FeedLimit| {
        age_max_ms.is_none_or(|age_max_ms| age_max_ms > i64::from(limit.retention_days) * 24 * HOUR_MS)
    };
    LogCertificate {
        max_age_hours: age_max_ms.and_then(|age_ms| u64::try_from(age_ms / HOUR_MS).ok()),
        keeps_longer: limits.iter().filter(is_longer).map(|limit| limit.feed.clone()).collect(),
    }
}

#[cfg(test)]
mod tests;
