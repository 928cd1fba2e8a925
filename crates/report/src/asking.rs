//! Questions to history: each is put with its bound of log time, and kept for the manifest with the hash of its answer.

use crate::manifest::Question;
use serde::de::DeserializeOwned;
use vigie_model::time::format_utc;

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AskError<E> {
    /// History did not answer.
    #[error("history did not answer '{name}'")]
    History {
        /// The question.
        name: &'static str,
        /// What it said.
        error: E,
    },
    /// The answer is not what the question asks for: another version of Vigie answered.
    #[error("the answer to '{name}' has another form than expected; is the server of another version? {error}")]
    Form {
        /// The question.
        name: &'static str,
        /// What does not fit.
        error: serde_json::Error,
    },
}

/// Asks history, and remembers what was asked.
pub struct Asker<'a, E> {
    history: &'a mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
    as_of_ms: i64,
    questions: Vec<Question>,
}

impl<'a, E> Asker<'a, E> {
    /// Asks `history`, which answers a statement with a JSON array of objects, for rows the log had taken up to `as_of_ms`.
    pub fn new(as_of_ms: i64, history: &'a mut dyn FnMut(&str) -> Result<Vec<u8>, E>) -> Self {
        Self { history, as_of_ms, questions: Vec::new() }
    }

    /// Asks one question. In `sql`, `{table}` in braces stands for the rows of that table the log had taken by then.
    ///
    /// # Errors
    /// When history refuses or cannot answer, or the answer has another form than `T`.
    pub fn rows<T: DeserializeOwned>(&mut self, name: &'static str, sql: &str) -> Result<Vec<T>, AskError<E>> {
        let statement = self.bounded(sql);
        let answer = (self.history)(&statement).map_err(|error| AskError::History { name, error })?;
        let rows: Vec<T> = serde_json::from_slice(&answer).map_err(|error| AskError::Form { name, error })?;
        self.questions.push(Question {
            name: name.to_owned(),
            sql: statement,
            rows: Some(rows.len()),
            answer: Some(hash(&answer)),
        });
        Ok(rows)
    }

    /// What was asked, in order.
    #[must_use]
    pub fn into_questions(self) -> Vec<Question> {
        self.questions
    }

    fn bounded(&self, sql: &str) -> String {
        let until = instant(self.as_of_ms);
        let mut statement = String::new();
        let mut rest = sql;
        while let Some((before, after)) = rest.split_once('{') {
            let (table, after) = after.split_once('}').expect("a brace in a statement is closed");
            statement.push_str(&format!("{before}(SELECT * FROM {table} WHERE log_time <= {until})"));
            rest = after;
        }
        statement.push_str(rest);
        statement
    }
}

/// BLAKE3 of an answer, in hex.
pub(crate) fn hash(answer: &[u8]) -> String {
    blake3::hash(answer).to_hex().to_string()
}

/// An instant in SQL.
#[must_use]
pub fn instant(epoch_ms: i64) -> String {
    format!("TIMESTAMP '{}'", format_utc(epoch_ms))
}

/// A text in SQL. Braces are written by their code, as [`Asker::rows`] reads them.
#[must_use]
pub(crate) fn text(text: &str) -> String {
    let quoted = text.replace('\'', "''").replace('{', "' || chr(123) || '").replace('}', "' || chr(125) || '");
    format!("'{quoted}'")
}

/// A column of instants as epoch milliseconds in SQL.
#[must_use]
pub fn epoch_ms(column: &str) -> String {
    format!("CAST(date_part('epoch', {column}) * 1000 AS BIGINT)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Row {
        n: u64,
    }

    #[test]
    fn every_table_is_read_as_of_one_instant() {
        let mut asked = Vec::new();
        let mut history = |sql: &str| {
            asked.push(sql.to_owned());
            Ok::<_, ()>(b"[{\"n\":3}]".to_vec())
        };
        let mut asker = Asker::new(1_488_351_600_000, &mut history);
        let rows: Vec<Row> =
            asker.rows("all", "SELECT count(*) AS n FROM {alerts} AS a JOIN {spaces} AS s ON true").unwrap();
        assert_eq!(rows[0].n, 3);
        let questions = asker.into_questions();
        let until = "WHERE log_time <= TIMESTAMP '2017-03-01T07:00:00Z')";
        let expected = format!(
            "SELECT count(*) AS n FROM (SELECT * FROM alerts {until} AS a JOIN (SELECT * FROM spaces {until} AS s ON true"
        );
        assert_eq!(asked.as_slice(), std::slice::from_ref(&expected));
        assert_eq!((questions[0].sql.as_str(), questions[0].rows), (expected.as_str(), Some(1)));
    }

    #[test]
    fn texts_stay_texts() {
        assert_eq!(text("d'Arc {1}"), "'d''Arc ' || chr(123) || '1' || chr(125) || ''");
    }

    #[test]
    fn an_answer_of_another_form_is_no_report() {
        let mut history = |_: &str| Ok::<_, ()>(b"[{\"m\":3}]".to_vec());
        let answer = Asker::new(0, &mut history).rows::<Row>("all", "SELECT 1");
        assert!(matches!(answer, Err(AskError::Form { name: "all", .. })));
    }
}
