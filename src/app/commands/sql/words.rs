//! Completion of what is being typed: tables, columns, functions, words of SQL, and commands of the editor.

use super::backslash;
use std::collections::BTreeSet;
use vigie_store::schema::table::Table;
use vigie_store::schema::view::View;
use vigie_store::sql::functions::functions;

/// Words of SQL, as they are completed.
const KEYWORDS: [&str; 46] = [
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS JOIN",
    "DATE",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FILTER",
    "FROM",
    "FULL JOIN",
    "GROUP BY",
    "HAVING",
    "ILIKE",
    "IN",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LEFT JOIN",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER BY",
    "OVER",
    "PARTITION BY",
    "SELECT",
    "THEN",
    "TRUE",
    "UNION",
    "WHEN",
    "WHERE",
];
/// Candidates that are offered at once.
const OFFERED_MAX: usize = 60;

/// Everything that can be completed.
#[derive(Clone, Debug)]
pub(super) struct Words {
    tables: Vec<&'static str>,
    names: BTreeSet<String>,
}

impl Words {
    /// The words of this version of Vigie.
    pub(super) fn new() -> Self {
        let tables: Vec<&str> = Table::ALL.map(Table::name).into_iter().chain(View::ALL.map(View::name)).collect();
        let columns = Table::ALL.into_iter().flat_map(|table| {
            let computed = table.computed_columns().iter().map(|column| column.name);
            table.columns().iter().map(|column| column.name).chain(computed).map(str::to_owned).collect::<Vec<_>>()
        });
        let names = columns.chain(tables.iter().map(ToString::to_string)).chain(functions()).collect();
        Self { tables, names }
    }

    /// Where the word before `at` begins, and what it may become.
    pub(super) fn complete(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let before = &line[..at];
        if let Some(command) = before.strip_prefix('\\') {
            return match command.split_once(' ') {
                Some((_, argument)) => (at - argument.len(), self.beginning(argument, self.tables.iter().copied())),
                None => (0, self.beginning(before, backslash::COMMANDS.map(|(name, _)| name).into_iter())),
            };
        }
        let word = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(before, |end| {
            let next = before[end..].chars().next().map_or(1, char::len_utf8);
            &before[end + next..]
        });
        if word.is_empty() {
            return (at, Vec::new());
        }
        let names = self.names.iter().map(String::as_str);
        (at - word.len(), self.beginning(word, KEYWORDS.into_iter().chain(names)))
    }

    fn beginning<'a>(&self, typed: &str, words: impl Iterator<Item = &'a str>) -> Vec<String> {
        let typed = typed.to_ascii_lowercase();
        let fitting = words.filter(|word| word.to_ascii_lowercase().starts_with(&typed));
        fitting.take(OFFERED_MAX).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let words = Words::new();
        let complete = |line: &str| words.complete(line, line.len());
        assert_eq!(complete("sel"), (0, vec!["SELECT".to_owned()]));
        assert_eq!(complete("SELECT rule_u"), (7, vec!["rule_uid".to_owned()]));
        assert_eq!(complete("SELECT é, local_t"), (11, vec!["local_time".to_owned()]));
        assert_eq!(complete("SELECT count(*) FROM obs"), (21, vec!["observations".to_owned()]));
        assert_eq!(complete("SELECT date_tru"), (7, vec!["date_trunc".to_owned()]));
        assert_eq!(complete("\\d per"), (3, vec!["perceptions".to_owned()]));
        assert_eq!(complete("\\ti"), (0, vec!["\\timing".to_owned()]));
        assert_eq!(complete("SELECT rep").1, ["reported_time".to_owned()], "repeat is withheld, and is not offered");
        assert!(complete("SELECT ").1.is_empty());
    }
}
