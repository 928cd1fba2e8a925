//! How often a statement reads tables once its `WITH` are written out.
//!
//! A name of a `WITH` is planned anew wherever it stands, so `b AS (SELECT ... FROM a, a AS a2)`, then `c` of two `b`, and so on
//! makes a plan of twice the size with each line; planning cannot be interrupted. So readings are counted first.

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Visit, Visitor};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Most readings of tables in one statement.
pub(crate) const READINGS_MAX: u64 = 100;

/// Readings of tables in a query, at most `u64::MAX`.
pub(crate) fn readings(query: &Query) -> u64 {
    let mut counter = Counter::default();
    let _: ControlFlow<()> = query.visit(&mut counter);
    counter.whole
}

#[derive(Default)]
struct Counter {
    /// Readings behind each name of a `WITH`; of names that are there twice, the most.
    named: HashMap<String, u64>,
    /// The queries around the place that is looked at, the innermost last.
    around: Vec<Frame>,
    whole: u64,
}

/// A query that is looked at.
struct Frame {
    readings: u64,
    /// Names of its `WITH` whose queries are still to come, the next one last: they stand in front of everything else.
    names: Vec<String>,
}

impl Visitor for Counter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        let mut names: Vec<String> = tables.map(|table| table.alias.name.value.to_lowercase()).collect();
        names.reverse();
        self.around.push(Frame { readings: 0, names });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        let readings = self.around.pop().map_or(0, |frame| frame.readings);
        match self.around.last_mut().map(|frame| (frame.names.pop(), frame)) {
            Some((Some(name), _)) => {
                let most = self.named.entry(name).or_default();
                *most = readings.max(*most);
            }
            Some((None, frame)) => frame.readings = frame.readings.saturating_add(readings),
            None => self.whole = readings,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = relation.to_string().replace('"', "").to_lowercase();
        let readings = self.named.get(&name).copied().unwrap_or(0).max(1);
        if let Some(frame) = self.around.last_mut() {
            frame.readings = frame.readings.saturating_add(readings);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::ast::Statement;
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn of(sql: &str) -> u64 {
        let mut statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
        let Some(Statement::Query(query)) = statements.pop() else { panic!("{sql}") };
        readings(&query)
    }

    #[test]
    fn names_count_as_often_as_they_are_read() {
        assert_eq!(of("SELECT 1"), 0);
        assert_eq!(of("SELECT * FROM a, a AS b WHERE EXISTS (SELECT 1 FROM c)"), 3);
        assert_eq!(of("WITH x AS (SELECT * FROM a, b) SELECT * FROM x"), 2);
        assert_eq!(of("WITH x AS (SELECT * FROM a), y AS (SELECT * FROM x, X AS z) SELECT * FROM y, y AS w"), 4);
        assert_eq!(of("WITH x AS (WITH y AS (SELECT * FROM a, a AS b) SELECT * FROM y, y AS z) SELECT * FROM x"), 4);
        assert_eq!(of("SELECT * FROM a UNION ALL (SELECT * FROM b)"), 2);
        // A harmless namesake hides nothing.
        let hidden =
            "WITH x AS (SELECT * FROM a, b, c), y AS (WITH x AS (SELECT 1) SELECT * FROM x) SELECT * FROM x, y";
        assert!(of(hidden) >= 4, "{}", of(hidden));
        let lines: String = (1..90).map(|n| format!(", w{n} AS (SELECT * FROM w{0}, w{0} AS o)", n - 1)).collect();
        assert_eq!(of(&format!("WITH w0 AS (SELECT * FROM a){lines} SELECT * FROM w89")), u64::MAX);
    }
}
