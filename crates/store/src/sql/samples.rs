//! A filled history for tests of the door.

use super::door::SqlDoor;
use super::limits::SqlLimits;
use crate::fixture::{self, CENTRE, HOUR_MS, START_MS};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use jiff::tz::TimeZone;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use vigie_model::alert::AlertState;
use vigie_model::audit::{AuditError, AuditRecord, AuditTrail};
use vigie_model::doors::{QueryAnswer, QueryDoor, QueryError, QueryFormat, Question};
use vigie_model::principal::Principal;

/// A door over a history in a folder that lives as long.
pub(super) struct Filled {
    pub(super) door: SqlDoor,
    pub(super) audit: Arc<Kept>,
    _dir: TempDir,
}

/// An audit trail in memory, whose disk may fail.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) records: Mutex<Vec<AuditRecord>>,
    pub(super) is_failing: AtomicBool,
}

impl AuditTrail for Kept {
    fn write(&self, records: &[AuditRecord]) -> Result<(), AuditError> {
        if self.is_failing.load(Ordering::SeqCst) {
            return Err(AuditError("the disk is full".to_owned()));
        }
        self.records.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

/// Half of the rows committed, half hot.
pub(super) async fn filled(limits: SqlLimits) -> Filled {
    filled_in(limits, "UTC").await
}

/// [`filled`], of a centre in a time zone.
pub(super) async fn filled_in(limits: SqlLimits, zone: &str) -> Filled {
    let dir = TempDir::new().unwrap();
    let history = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.unwrap();
    for record in [fixture::control(), fixture::dictionary(), fixture::observations(0, 0, 4), fixture::perceptions(0)] {
        history.take_record(&record).unwrap();
    }
    history.take_alert(&fixture::alert(0, AlertState::Active, START_MS)).unwrap();
    history.flush().await.unwrap();
    for record in [fixture::observations(0, 4, 4), fixture::incidents(0), fixture::perceptions(1)] {
        history.take_record(&record).unwrap();
    }
    history.take_alert(&fixture::alert(1, AlertState::Cleared, START_MS + HOUR_MS)).unwrap();
    history.take_applied(&fixture::closed(2)).unwrap();
    let audit = Arc::new(Kept::default());
    let door =
        SqlDoor::new(Arc::new(history), limits, Arc::clone(&audit) as _).unwrap().in_zone(TimeZone::get(zone).unwrap());
    Filled { door, audit, _dir: dir }
}

impl Filled {
    pub(super) async fn ask(&self, who: &Principal, sql: &str, format: QueryFormat) -> Result<QueryAnswer, QueryError> {
        self.door.whole(who, Question::new(sql, format, "test")).await
    }

    pub(super) async fn text(&self, sql: &str, format: QueryFormat) -> String {
        let answer = self.ask(&Principal::local(CENTRE), sql, format).await;
        match answer {
            Ok(answer) => String::from_utf8(answer.body).unwrap(),
            Err(error) => format!("{error}\n"),
        }
    }

    pub(super) async fn cell(&self, who: &Principal, sql: &str) -> String {
        let body = self.ask(who, sql, QueryFormat::Csv).await.unwrap().body;
        String::from_utf8(body).unwrap().lines().skip(1).collect::<Vec<_>>().join(" ")
    }
}
