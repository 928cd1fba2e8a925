//! A filled history for tests of the door.

use super::door::SqlDoor;
use super::limits::SqlLimits;
use crate::fixture::{self, CENTRE, HOUR_MS, START_MS};
use crate::history::options::HistoryOptions;
use crate::history::writer::History;
use std::sync::Arc;
use tempfile::TempDir;
use vigie_model::alert::AlertState;
use vigie_model::doors::{QueryAnswer, QueryDoor, QueryError, QueryFormat};
use vigie_model::principal::Principal;

/// A door over a history in a folder that lives as long.
pub(super) struct Filled {
    pub(super) door: SqlDoor,
    _dir: TempDir,
}

/// Half of the rows committed, half hot.
pub(super) async fn filled(limits: SqlLimits) -> Filled {
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
    Filled { door: SqlDoor::new(Arc::new(history), limits).unwrap(), _dir: dir }
}

impl Filled {
    pub(super) async fn ask(&self, who: &Principal, sql: &str, format: QueryFormat) -> Result<QueryAnswer, QueryError> {
        self.door.query(who, sql, format).await
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
