//! Errors as clients get them: an SQLSTATE, what is wrong, what to do.
//!
//! Codes are those of PostgreSQL's appendix "Error Codes", so that drivers raise the right exception.

use vigie_model::doors::QueryError;
use vigie_postgres::malformed::Malformed;

/// A statement or message that is not carried out; the connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) sqlstate: &'static str,
    pub(crate) said: String,
    pub(crate) hint: Option<&'static str>,
}

/// The statement was cancelled, or its time is over.
pub(crate) const CANCELLED: &str = "57014";

impl Refusal {
    pub(crate) fn new(sqlstate: &'static str, said: impl Into<String>) -> Self {
        Self { sqlstate, said: said.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// The client breaks the protocol.
    pub(crate) fn protocol(said: impl Into<String>) -> Self {
        Self::new("08P01", said)
    }
}

impl From<Malformed> for Refusal {
    fn from(error: Malformed) -> Self {
        let sqlstate = if error == Malformed::NotUtf8 { "22021" } else { "08P01" };
        Self::new(sqlstate, error.to_string())
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        let said = error.to_string();
        let sqlstate = match &error {
            QueryError::Refused(text) => refused(text),
            QueryError::Limit(text) if text.contains("longer than its timeout") => CANCELLED,
            QueryError::Limit(text) if text.contains("memory") => "53200",
            QueryError::Limit(_) => "54000",
            QueryError::Cancelled => CANCELLED,
            QueryError::Unavailable(_) | QueryError::Unaudited(_) => "58000",
        };
        Self::new(sqlstate, said)
    }
}

/// The code of a refusal, told by the words of the guard and of the planner (`sql::explain`).
fn refused(text: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
    match text {
        _ if text.starts_with("syntax error") || says(&["exactly one SELECT", "there is no statement"]) => "42601",
        _ if says(&["read-only here"]) => "25006",
        _ if says(&["longer than", "words and signs", "recursion limit"]) => "54001",
        _ if says(&["unknown table"]) => "42P01",
        _ if says(&["unknown column"]) => "42703",
        _ if says(&["Invalid function"]) => "42883",
        _ if says(&["must appear in the GROUP BY", "must be in GROUP BY"]) => "42803",
        _ if says(&["is not available", "are not available", "not implemented"]) => "0A000",
        _ if says(&["failed on some row"]) => "22000",
        _ => "42000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_codes_of_postgres() {
        for (text, sqlstate) in [
            ("syntax error: Expected: identifier, found: EOF", "42601"),
            ("2 statements; write exactly one SELECT", "42601"),
            ("DROP is not available: history is read-only here; write one SELECT, or EXPLAIN of one", "25006"),
            ("the statement is longer than 65536 bytes", "54001"),
            ("unknown table 'zebras' (history has ...)", "42P01"),
            ("line 1, column 8: unknown column 'spce'; did you mean 'space'?", "42703"),
            ("line 1, column 8: Invalid function 'nosuch'. Did you mean 'cosh'?", "42883"),
            ("function repeat is not available: it can make values of any size", "0A000"),
            ("the statement failed on some row; check casts and divisions", "22000"),
            ("something else", "42000"),
        ] {
            assert_eq!(Refusal::from(QueryError::Refused(text.to_owned())).sqlstate, sqlstate, "{text}");
        }
        for (text, sqlstate) in [
            ("the query took longer than its timeout of 30 s; narrow it", "57014"),
            ("the query needs more memory than the 256 MiB all queries share; narrow it", "53200"),
            ("the answer has more than 100000 rows; narrow it", "54000"),
        ] {
            assert_eq!(Refusal::from(QueryError::Limit(text.to_owned())).sqlstate, sqlstate, "{text}");
        }
        assert_eq!(Refusal::from(Malformed::NotUtf8).sqlstate, "22021");
    }
}
