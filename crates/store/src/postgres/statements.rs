//! Statements about the session that drivers send by themselves, told from questions to history.
//!
//! The list is short and explicit; whatever is not on it goes to the guard of the SQL door like a statement from anywhere
//! else. Nothing on it changes what a query may read, or how much of the machine it may use.

use super::savepoints::Savepoint;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// A statement about the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionStatement {
    Begin,
    Commit,
    Rollback,
    Savepoint(Savepoint),
    /// A setting and its value; `None` is its default.
    Set(String, Option<String>),
    Show(String),
    /// `RESET ALL`, which is also what `DISCARD ALL` does to settings.
    ResetAll,
    /// Everything of the session: settings, prepared statements, portals.
    DiscardAll,
    /// One prepared statement, or all.
    Deallocate(Option<String>),
    /// Nothing to do here; the word to answer with.
    Nothing(&'static str),
    /// The release of locks that nobody can take; a row with nothing in it.
    UnlockAll,
}

/// What a text holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing but space, comments and semicolons.
    Empty,
    /// Statements about the session and nothing else.
    Session(Vec<SessionStatement>),
    /// Something for the guard.
    Question,
}

/// A word or sign, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A name or key word, in lower case unless it was quoted.
    Word(String),
    /// A text in quotes, or a number.
    Value(String),
    Sign(String),
}

/// What `sql` holds.
pub(crate) fn told(sql: &str) -> Told {
    let dialect = PostgreSqlDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, sql).tokenize() else { return Told::Question };
    let mut statements = Vec::new();
    for tokens in tokens.split(|token| *token == Token::SemiColon) {
        let parts: Vec<Part> = tokens.iter().filter_map(part).collect();
        if parts.is_empty() {
            continue;
        }
        match statement(&parts) {
            Some(statement) => statements.push(statement),
            None => return Told::Question,
        }
    }
    if statements.is_empty() { Told::Empty } else { Told::Session(statements) }
}

fn part(token: &Token) -> Option<Part> {
    Some(match token {
        Token::Whitespace(_) => return None,
        Token::Word(word) if word.quote_style.is_some() => Part::Word(word.value.clone()),
        Token::Word(word) => Part::Word(word.value.to_lowercase()),
        Token::SingleQuotedString(text) | Token::Number(text, _) => Part::Value(text.clone()),
        other => Part::Sign(other.to_string()),
    })
}

fn statement(parts: &[Part]) -> Option<SessionStatement> {
    let (first, rest) = parts.split_first()?;
    let Part::Word(verb) = first else { return None };
    let words: Vec<&str> = rest
        .iter()
        .map(|part| match part {
            Part::Word(word) => word.as_str(),
            Part::Value(_) => "''",
            Part::Sign(sign) => sign.as_str(),
        })
        .collect();
    Some(match (verb.as_str(), &words[..]) {
        ("begin", modes) if are_modes(modes) => SessionStatement::Begin,
        ("start", ["transaction", modes @ ..]) if are_modes(modes) => SessionStatement::Begin,
        ("commit" | "end", [] | ["work" | "transaction"]) => SessionStatement::Commit,
        ("rollback" | "abort", [] | ["work" | "transaction"]) => SessionStatement::Rollback,
        ("savepoint", [_]) => SessionStatement::Savepoint(Savepoint::Set(name(rest)?)),
        ("release", [_] | ["savepoint", _]) => SessionStatement::Savepoint(Savepoint::Release(last_name(rest)?)),
        (
            "rollback" | "abort",
            ["to", _]
            | ["to", "savepoint", _]
            | ["work" | "transaction", "to", _]
            | ["work" | "transaction", "to", "savepoint", _],
        ) => SessionStatement::Savepoint(Savepoint::RollbackTo(last_name(rest)?)),
        ("set", ["transaction", modes @ ..]) if are_modes(modes) => SessionStatement::Nothing("SET"),
        ("set", ["session", "characteristics", "as", "transaction", modes @ ..]) if are_modes(modes) => {
            SessionStatement::Nothing("SET")
        }
        ("set", ["session" | "local", ..]) => setting(&rest[1..])?,
        ("set", _) => setting(rest)?,
        ("show", ["time", "zone"]) => SessionStatement::Show("timezone".to_owned()),
        ("show", ["transaction", "isolation", "level"]) => SessionStatement::Show("transaction_isolation".to_owned()),
        ("show", [_]) => SessionStatement::Show(name(rest)?),
        ("reset", ["all"]) => SessionStatement::ResetAll,
        ("reset", [_]) => SessionStatement::Set(name(rest)?, None),
        ("discard", ["all"]) => SessionStatement::DiscardAll,
        ("discard", ["plans"]) => SessionStatement::Nothing("DISCARD PLANS"),
        ("deallocate", ["all"] | ["prepare", "all"]) => SessionStatement::Deallocate(None),
        ("deallocate", [_]) => SessionStatement::Deallocate(Some(name(rest)?)),
        ("deallocate", ["prepare", _]) => SessionStatement::Deallocate(Some(name(&rest[1..])?)),
        ("close", ["all"]) => SessionStatement::Nothing("CLOSE CURSOR ALL"),
        ("unlisten", ["*"]) => SessionStatement::Nothing("UNLISTEN"),
        ("select", ["pg_advisory_unlock_all", "(", ")"] | ["pg_catalog", ".", "pg_advisory_unlock_all", "(", ")"]) => {
            SessionStatement::UnlockAll
        }
        _ => return None,
    })
}

/// Whether these words say how a transaction is to be; all ways are the same where nothing is written.
fn are_modes(words: &[&str]) -> bool {
    const MODES: [&str; 14] = [
        "work",
        "transaction",
        "isolation",
        "level",
        "serializable",
        "repeatable",
        "read",
        "committed",
        "uncommitted",
        "only",
        "write",
        "not",
        "deferrable",
        ",",
    ];
    words.iter().all(|word| MODES.contains(word))
}

/// The setting of `name = value`, `name TO value`, `TIME ZONE value` or `NAMES value`.
fn setting(parts: &[Part]) -> Option<SessionStatement> {
    let word = |part: &Part| matches!(part, Part::Word(_));
    let (name, values) = match parts {
        [Part::Word(time), Part::Word(zone), values @ ..] if time == "time" && zone == "zone" => {
            ("timezone".to_owned(), values)
        }
        [Part::Word(names), values @ ..] if names == "names" => ("client_encoding".to_owned(), values),
        [Part::Word(name), Part::Sign(dot), Part::Word(more), is, values @ ..] if dot == "." && is_is(is) => {
            (format!("{name}.{more}"), values)
        }
        [Part::Word(name), is, values @ ..] if is_is(is) => (name.clone(), values),
        _ => return None,
    };
    let values: Vec<&Part> = values.iter().filter(|part| **part != Part::Sign(",".to_owned())).collect();
    if values.is_empty() || values.iter().any(|part| matches!(part, Part::Sign(_))) {
        return None;
    }
    let is_default = matches!(&values[..], [part] if word(part) && **part == Part::Word("default".to_owned()));
    let text = values.iter().map(|part| match part {
        Part::Word(text) | Part::Value(text) | Part::Sign(text) => text.as_str(),
    });
    let text = text.collect::<Vec<_>>().join(", ");
    Some(SessionStatement::Set(name, (!is_default).then_some(text)))
}

fn is_is(part: &Part) -> bool {
    matches!(part, Part::Sign(sign) if sign == "=") || matches!(part, Part::Word(word) if word == "to")
}

fn name(parts: &[Part]) -> Option<String> {
    match parts {
        [Part::Word(name)] => Some(name.clone()),
        _ => None,
    }
}

/// The name at the end.
fn last_name(parts: &[Part]) -> Option<String> {
    name(&parts[parts.len().checked_sub(1)?..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Told {
        Told::Session(vec![SessionStatement::Set(name.to_owned(), Some(value.to_owned()))])
    }

    #[test]
    fn what_drivers_send_by_themselves_is_known() {
        assert_eq!(told(" ; -- nothing\n/* at all */ ;"), Told::Empty);
        assert_eq!(told("SET application_name = 'psql'"), set("application_name", "psql"));
        assert_eq!(told("set session TIME ZONE 'UTC';"), set("timezone", "UTC"));
        assert_eq!(told("SET search_path TO \"$user\", public"), set("search_path", "$user, public"));
        assert_eq!(told("SET extra_float_digits = 3"), set("extra_float_digits", "3"));
        assert_eq!(told("SET vigie.reason TO 'audit 12'"), set("vigie.reason", "audit 12"));
        assert_eq!(told("BEGIN ISOLATION LEVEL READ COMMITTED"), Told::Session(vec![SessionStatement::Begin]));
        assert_eq!(told("START TRANSACTION READ ONLY"), Told::Session(vec![SessionStatement::Begin]));
        assert_eq!(told("abort"), Told::Session(vec![SessionStatement::Rollback]));
        assert_eq!(
            told("DEALLOCATE \"_pg3_0\""),
            Told::Session(vec![SessionStatement::Deallocate(Some("_pg3_0".to_owned()))])
        );
        for (sql, savepoint) in [
            ("SAVEPOINT \"_pg3_1\"", Savepoint::Set("_pg3_1".to_owned())),
            ("release savepoint A", Savepoint::Release("a".to_owned())),
            ("RELEASE a", Savepoint::Release("a".to_owned())),
            ("ROLLBACK TO a", Savepoint::RollbackTo("a".to_owned())),
            ("ROLLBACK WORK TO SAVEPOINT a", Savepoint::RollbackTo("a".to_owned())),
        ] {
            assert_eq!(told(sql), Told::Session(vec![SessionStatement::Savepoint(savepoint)]), "{sql}");
        }
        let reset = "SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;";
        assert!(matches!(told(reset), Told::Session(statements) if statements.len() == 4));
    }

    #[test]
    fn whatever_is_not_on_the_list_goes_to_the_guard() {
        for sql in [
            "SELECT 1",
            "BEGIN; SELECT 1",
            "SET TRANSACTION SNAPSHOT '1'",
            "SET ROLE postgres",
            "SET SESSION AUTHORIZATION DEFAULT",
            "SET x = 1 + 1",
            "SET x",
            "SHOW ALL TABLES",
            "PREPARE p AS SELECT 1",
            "EXECUTE p",
            "SAVEPOINT a b",
            "RELEASE SAVEPOINT 'a'",
            "ROLLBACK TO SAVEPOINT a; SELECT 1",
            "SELECT pg_advisory_unlock_all() FROM alerts",
            "'unclosed",
        ] {
            assert_eq!(told(sql), Told::Question, "{sql}");
        }
    }
}
