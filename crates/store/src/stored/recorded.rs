//! What was recorded about the log while it was judged: transitions of alerts, and what the log did by itself.

use super::columns::Columns;
use super::session::{SORT_BYTES_MAX, session, sorted};
use crate::error::Error;
use crate::history::reader::HistoryReader;
use crate::history::source::RowSource;
use crate::rows::alerts::{LOG_OPERATOR, MarkNote};
use crate::schema::table::{CENTRE, OFFSET, Table};
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::prelude::{col, lit};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use std::sync::Arc;
use vigie_model::stream::{LogPlace, RuleVersions};

/// A row of the table `alerts`, as far as it says what became of what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordedTransition {
    /// When.
    pub event_time_ms: i64,
    /// Name of the rule.
    pub rule: Arc<str>,
    /// The key.
    pub key: Arc<str>,
    /// What it became.
    pub state: Arc<str>,
    /// The episode.
    pub alert_id: Arc<str>,
    /// How bad it was by then.
    pub severity: Arc<str>,
    /// Why, when it was not the condition itself.
    pub reason: Option<Arc<str>>,
    /// Identity of the rule.
    pub rule_uid: Arc<str>,
    /// Version of the rule.
    pub rule_version: Arc<str>,
    /// Log time at which it was written.
    pub log_time_ms: i64,
}

/// Something the log did by itself: a row of the table `actions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedMark {
    /// The word for it, one of [`vigie_model::stream::LogDeed::WORDS`].
    pub action: String,
    /// Log time.
    pub log_time_ms: i64,
    /// Where in the log.
    pub place: LogPlace,
    /// The version of each rule in force from there on, when rules changed.
    pub rules: RuleVersions,
}

/// A version of a rule of which transitions are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRule {
    /// Name of the rule.
    pub rule: String,
    /// Its identity.
    pub uid: String,
    /// Its version.
    pub version: String,
    /// Position of its newest transition in the alert stream.
    pub newest: i64,
    /// Log time of that transition.
    pub log_time_ms: i64,
}

/// Every version of every rule of which a centre has recorded transitions, in the order of their newest.
///
/// # Errors
/// When history cannot be read.
pub async fn rules(reader: &HistoryReader, centre: &str) -> Result<Vec<RecordedRule>, Error> {
    let session = session(reader, SORT_BYTES_MAX)?;
    let rows = session.read_table(reader.capture(Table::Alerts).committed)?.filter(col(CENTRE).eq(lit(centre)))?;
    let names = ["rule", "rule_uid", "rule_version"];
    let newest = [max(col(OFFSET)).alias("newest"), max(col("log_time")).alias("taken")];
    let rows = rows.aggregate(names.map(col).to_vec(), newest.to_vec())?;
    let mut rules = Vec::new();
    for batch in rows.collect().await? {
        let columns = Columns(&batch);
        let [rule, uid, version] = [columns.texts(names[0])?, columns.texts(names[1])?, columns.texts(names[2])?];
        let (newest, log_times) = (columns.integers("newest")?, columns.instants_ms("taken")?);
        rules.extend((0..batch.num_rows()).map(|row| RecordedRule {
            rule: rule.text(row).to_owned(),
            uid: uid.text(row).to_owned(),
            version: version.text(row).to_owned(),
            newest: newest[row],
            log_time_ms: log_times[row],
        }));
    }
    rules.sort_by_key(|rule| rule.newest);
    Ok(rules)
}

/// The recorded transitions of a centre with event times in `[from_ms, to_ms)`, in the order of the alert stream.
///
/// # Errors
/// When history cannot be read, or there are more than `rows_max`.
pub async fn transitions(
    reader: &HistoryReader,
    centre: &str,
    (from_ms, to_ms): (i64, i64),
    rows_max: usize,
) -> Result<Vec<RecordedTransition>, Error> {
    let instant = |ms: i64| lit(ScalarValue::TimestampMicrosecond(Some(ms.saturating_mul(1000)), Some("UTC".into())));
    let in_range = col("event_time").gt_eq(instant(from_ms)).and(col("event_time").lt(instant(to_ms)));
    let names = [
        "event_time",
        "rule",
        "key",
        "state",
        "alert_id",
        "severity",
        "reason",
        "rule_uid",
        "rule_version",
        "log_time",
        OFFSET,
    ];
    let session = session(reader, SORT_BYTES_MAX)?;
    let mut stream = sorted(&session, reader, (Table::Alerts, centre), &names, &[OFFSET], Some(in_range)).await?;
    let mut rows = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let columns = Columns(&batch);
        let (event_times, log_times) = (columns.instants_ms("event_time")?, columns.instants_ms("log_time")?);
        let [rules, keys, states] = [columns.texts("rule")?, columns.texts("key")?, columns.texts("state")?];
        let [ids, severities] = [columns.texts("alert_id")?, columns.texts("severity")?];
        let [reasons, uids, versions] =
            [columns.texts("reason")?, columns.texts("rule_uid")?, columns.texts("rule_version")?];
        if rows.len() + batch.num_rows() > rows_max {
            return Err(Error::TooMany { what: "transitions of alerts", max: rows_max });
        }
        rows.extend((0..batch.num_rows()).map(|row| RecordedTransition {
            event_time_ms: event_times[row],
            rule: rules.text(row).into(),
            key: keys.text(row).into(),
            state: states.text(row).into(),
            alert_id: ids.text(row).into(),
            severity: severities.text(row).into(),
            reason: reasons.get(row).map(Into::into),
            rule_uid: uids.text(row).into(),
            rule_version: versions.text(row).into(),
            log_time_ms: log_times[row],
        }));
    }
    Ok(rows)
}

/// What the log of a centre did by itself, in its order, and the log time of the newest of all actions.
///
/// # Errors
/// When history cannot be read.
pub async fn marks(reader: &HistoryReader, centre: &str) -> Result<(Vec<RecordedMark>, Option<i64>), Error> {
    let session = session(reader, SORT_BYTES_MAX)?;
    let names = ["operator", "action", "note", "log_time", OFFSET];
    let mut stream = sorted(&session, reader, (Table::Actions, centre), &names, &[OFFSET], None).await?;
    let (mut marks, mut newest_ms) = (Vec::new(), None);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let columns = Columns(&batch);
        let [operators, actions, notes] =
            [columns.texts("operator")?, columns.texts("action")?, columns.texts("note")?];
        for (row, log_time_ms) in columns.instants_ms("log_time")?.into_iter().enumerate() {
            newest_ms = newest_ms.max(Some(log_time_ms));
            // An operator may be called like the log, but has no such note.
            let note = serde_json::from_str(notes.text(row)).ok().filter(|_| operators.text(row) == LOG_OPERATOR);
            if let Some(MarkNote { place, rules }) = note {
                marks.push(RecordedMark { action: actions.text(row).to_owned(), log_time_ms, place, rules });
            }
        }
    }
    Ok((marks, newest_ms))
}
