//! Finds an episode in history, through the SQL door, and explains it.
//!
//! The door shows its caller's rows only, so an alert outside the scope is an unknown one.

use crate::explain::episode::{Episode, Explanation, Now};
use serde_json::Value;
use vigie_model::alert::AlertId;
use vigie_model::doors::{QueryDoor, QueryError, QueryFormat, Question};
use vigie_model::principal::Principal;

/// Hex digits of an id.
const ID_DIGITS: usize = 32;
/// Fewest digits of an id by which an alert is found.
pub const PREFIX_DIGITS_MIN: usize = 6;
/// Ids named when a prefix fits several.
const CANDIDATES_MAX: usize = 5;

/// Why nothing was explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    /// The text is no id, nor the beginning of one.
    #[error(
        "'{0}' is not the id of an alert; expected 32 hex digits, or the first {PREFIX_DIGITS_MIN} or more of them"
    )]
    NotAnId(String),
    /// History has no such alert.
    #[error("no alert has an id that begins with '{0}'")]
    Unknown(String),
    /// It has several.
    #[error("several alerts have ids that begin with '{0}': {1}")]
    Several(String, String),
    /// History did not answer.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Explains the alert whose id begins with `id`, with the clock of an IANA time zone; `now` tells what a running server
/// knows of it besides.
///
/// # Errors
/// When not exactly one alert that `who` may see has such an id, or history does not answer.
pub async fn explain(
    door: &dyn QueryDoor,
    who: &Principal,
    id: &str,
    time_zone: &str,
    now: impl FnOnce(&AlertId) -> Now,
) -> Result<Explanation, Unexplained> {
    let id = full_id(door, who, id).await?;
    let rows = |table: &str| format!("SELECT * FROM {table} WHERE alert_id = '{id}' ORDER BY \"offset\"");
    let transitions = ask(door, who, &rows("alerts")).await?;
    if transitions.is_empty() {
        return Err(Unexplained::Unknown(id));
    }
    let actions = ask(door, who, &rows("actions")).await?;
    let now = now(&AlertId::from_text(&id));
    Ok(Explanation::of(Episode { transitions, actions }, now, time_zone))
}

/// An id, or the beginning of one that is long enough, in lower case. It is digits only, so that it may stand in a
/// statement or an address.
///
/// # Errors
/// [`Unexplained::NotAnId`].
pub fn id_or_prefix(given: &str) -> Result<String, Unexplained> {
    let id = given.to_ascii_lowercase();
    let is_hex = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || !(PREFIX_DIGITS_MIN..=ID_DIGITS).contains(&id.len()) {
        return Err(Unexplained::NotAnId(given.chars().take(ID_DIGITS * 2).collect()));
    }
    Ok(id)
}

/// The id that a prefix stands for.
async fn full_id(door: &dyn QueryDoor, who: &Principal, given: &str) -> Result<String, Unexplained> {
    let id = id_or_prefix(given)?;
    if id.len() == ID_DIGITS {
        return Ok(id);
    }
    let limit = CANDIDATES_MAX + 1;
    let statement =
        format!("SELECT DISTINCT alert_id FROM alerts WHERE alert_id LIKE '{id}%' ORDER BY alert_id LIMIT {limit}");
    let rows = ask(door, who, &statement).await?;
    let found: Vec<_> = rows.iter().filter_map(|row| row.get("alert_id")?.as_str()).collect();
    match found[..] {
        [] => Err(Unexplained::Unknown(id)),
        [one] => Ok(one.to_owned()),
        _ if found.len() > CANDIDATES_MAX => {
            Err(Unexplained::Several(id, found[..CANDIDATES_MAX].join(", ") + ", ..."))
        }
        _ => Err(Unexplained::Several(id, found.join(", "))),
    }
}

async fn ask(door: &dyn QueryDoor, who: &Principal, statement: &str) -> Result<Vec<Value>, Unexplained> {
    let answer = door.whole(who, Question::new(statement, QueryFormat::Json, "explain")).await?;
    let unreadable = |error: serde_json::Error| QueryError::Unavailable(format!("its rows cannot be read: {error}"));
    Ok(serde_json::from_slice(&answer.body).map_err(unreadable)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use vigie_model::doors::{AnswerParts, AnswerStream, DoorFuture, EndedQuery, RunningQuery};

    const ALERT: &str = "0123456789abcdef0123456789abcdef";

    /// A history that answers with what was prepared for the beginning of a statement, and remembers the statements.
    #[derive(Default)]
    struct History {
        answers: Vec<(&'static str, &'static str)>,
        asked: Mutex<Vec<String>>,
    }

    /// An answer of one part.
    struct OnePart(Option<Vec<u8>>);

    impl AnswerParts for OnePart {
        fn next(&mut self) -> DoorFuture<'_, Option<Result<Vec<u8>, QueryError>>> {
            Box::pin(async { self.0.take().map(Ok) })
        }

        fn rows(&self) -> u64 {
            1
        }
    }

    impl QueryDoor for History {
        fn ask<'a>(
            &'a self,
            who: &'a Principal,
            question: Question,
        ) -> DoorFuture<'a, Result<AnswerStream, QueryError>> {
            self.asked.lock().unwrap().push(question.sql.to_string());
            assert_eq!((&*who.scope.centre, question.door), ("melbourne", "explain"), "whoever asks is asked for");
            let prepared = self.answers.iter().find(|(start, _)| question.sql.starts_with(start));
            Box::pin(async move {
                let (_, body) = prepared.ok_or_else(|| QueryError::Unavailable("disk is gone".to_owned()))?;
                let parts = Box::new(OnePart(Some(body.as_bytes().to_vec())));
                Ok(AnswerStream { id: "q".into(), content_type: "application/json", parts })
            })
        }

        fn queries(&self, _: &Principal) -> (Vec<RunningQuery>, Vec<EndedQuery>) {
            (Vec::new(), Vec::new())
        }

        fn cancel(&self, _: &Principal, _: &str) -> bool {
            false
        }
    }

    fn asked(history: &History, id: &str) -> Result<Explanation, Unexplained> {
        let who = Principal::local("melbourne");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(explain(history, &who, id, "UTC", |_| Now::default()))
    }

    #[test]
    fn the_beginning_of_an_id_is_enough_when_only_one_begins_so() {
        let answers = vec![
            ("SELECT DISTINCT", r#"[{"alert_id":"0123456789abcdef0123456789abcdef"}]"#),
            ("SELECT * FROM alerts", r#"[{"alert_id":"x","state":"active","summary":"It is crowded"}]"#),
            ("SELECT * FROM actions", "[]"),
        ];
        let history = History { answers, ..History::default() };
        assert_eq!(asked(&history, "012345ABC").unwrap().text()[0], "It is crowded");
        let statements = history.asked.lock().unwrap();
        assert!(statements[0].contains("LIKE '012345abc%'") && statements[1].contains(ALERT), "{statements:?}");
    }

    #[test]
    fn nothing_but_digits_reaches_a_statement() {
        for given in ["", "01234", "0123456789abcdef0123456789abcdef0", "' OR 1=1", "01234é", "%%%%%%"] {
            let history = History::default();
            assert!(matches!(asked(&history, given), Err(Unexplained::NotAnId(_))), "{given}");
            assert!(history.asked.lock().unwrap().is_empty());
        }
    }

    #[test]
    fn none_or_several_are_told() {
        let found = |answer| asked(&History { answers: vec![("SELECT", answer)], ..History::default() }, "0123456");
        assert_eq!(found("[]").unwrap_err(), Unexplained::Unknown("0123456".to_owned()));
        let several = found(r#"[{"alert_id":"01234567"},{"alert_id":"01234568"}]"#).unwrap_err().to_string();
        assert_eq!(several, "several alerts have ids that begin with '0123456': 01234567, 01234568");
        let gone = asked(&History::default(), ALERT).unwrap_err().to_string();
        assert_eq!(gone, "history cannot be read: disk is gone");
        assert!(matches!(found("nonsense"), Err(Unexplained::Query(QueryError::Unavailable(_)))));
    }
}
