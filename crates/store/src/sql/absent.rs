//! Parts of questions about tables whose answer is that there is nothing: indexes, keys, sequences, collations, roles' members.
//!
//! Clients write such parts as they please: as sub-queries for a single value, as lists taken apart row by row. The planner
//! knows not all of these, and the guard not the rest. They are told by the catalogs they read, which have no rows here, and not
//! by their words; in their place stands a function that gives null. Its arguments are the parameters of what it replaces, so
//! that a statement has as many of them, of the same types, as the client wrote.
//!
//! Patterns with an escape of their own are written in the one that is known here.
//!
//! **Invariant**: what is left out would have been null, or an empty list, in every row.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, GroupByExpr, Ident,
    JoinOperator, ObjectName, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, Value, Visit, VisitMut,
    Visitor, VisitorMut,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Catalogs without a row: nobody can make here what they list.
pub(crate) const WITHOUT_ROWS: [&str; 7] =
    ["pg_attrdef", "pg_auth_members", "pg_collation", "pg_constraint", "pg_index", "pg_inherits", "pg_sequence"];
/// The catalog of tables, none of which has options.
const CLASSES: &str = "pg_class";
const OPTIONS: &str = "reloptions";
/// The number that is not there.
pub(crate) const NO_NUMBER: &str = "vigie_no_number";
/// The text that is not there.
pub(crate) const NO_TEXT: &str = "vigie_no_text";
/// A pattern for `LIKE` whose escapes are backslashes, made of one with others.
pub(crate) const PATTERN: &str = "vigie_pattern";
/// The list with nothing in it.
pub(crate) const NO_TEXTS: &str = "vigie_no_texts";

/// Replaces the parts of a question that come to nothing, and brings sub-queries for one value into the form the planner
/// knows. `is_aggregate` tells functions that give a value for no rows.
pub(crate) fn without_absent(query: &mut Query, is_aggregate: &dyn Fn(&str) -> bool) {
    let mut called = Called::default();
    let _ = Visit::visit(query, &mut called);
    let Called { absent, classes, others } = called;
    let only = |names: BTreeSet<String>| names.difference(&others).cloned().collect();
    let (absent, classes) = (only(absent), only(classes));
    let _: ControlFlow<()> = VisitMut::visit(query, &mut Replace { is_aggregate, absent, classes });
}

struct Replace<'a> {
    is_aggregate: &'a dyn Fn(&str) -> bool,
    /// What the catalogs without rows, and nothing else, are called in the statement.
    absent: BTreeSet<String>,
    /// What `pg_class` is called.
    classes: BTreeSet<String>,
}

/// What tables are called in a statement.
#[derive(Default)]
struct Called {
    absent: BTreeSet<String>,
    classes: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl Visitor for Called {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let names = match factor {
            TableFactor::Table { name, .. } if is_absent(name) => &mut self.absent,
            TableFactor::Table { name, .. } if is_catalog(name) && last(name) == CLASSES => &mut self.classes,
            _ => &mut self.others,
        };
        names.extend(called(factor));
        ControlFlow::Continue(())
    }
}

/// What a table is called by the columns of a query.
fn called(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.value.to_lowercase())
        }
        TableFactor::Table { name, .. } => Some(last(name)),
        _ => None,
    }
}

impl VisitorMut for Replace<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Subquery(query) => match plain(query).map(|select| (self.is_empty(select), select)) {
                Some((true, _)) => *expr = call(NO_TEXT, parameters(query)),
                Some((false, select)) if self.is_value_of_outer_row(query, select) => at_most_one(query),
                _ => {}
            },
            Expr::Function(function) => match &mut function.args {
                FunctionArguments::Subquery(query)
                    if last(&function.name) == "array" && plain(query).is_some_and(|select| self.is_empty(select)) =>
                {
                    *expr = call(NO_TEXTS, parameters(query));
                }
                FunctionArguments::List(list) if self.takes_apart(&function.name, list) => {
                    function.name = ObjectName::from(vec![Ident::new(NO_NUMBER)]);
                }
                _ => {}
            },
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                if let Some(escape) = escape_char.take() {
                    let arguments = vec![pattern.as_ref().clone(), Expr::Value(escape)];
                    **pattern = call(PATTERN, arguments);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Replace<'_> {
    /// Whether it has no row, and no aggregate that would give one all the same.
    fn is_empty(&self, select: &Select) -> bool {
        select.from.iter().any(|from| self.has_no_row(from)) && !self.aggregates(select)
    }

    fn has_no_row(&self, from: &TableWithJoins) -> bool {
        let keeps_left = |join: &JoinOperator| {
            matches!(
                join,
                JoinOperator::Join(_)
                    | JoinOperator::Inner(_)
                    | JoinOperator::CrossJoin(_)
                    | JoinOperator::Left(_)
                    | JoinOperator::LeftOuter(_)
            )
        };
        let TableFactor::Table { name, args, .. } = &from.relation else { return false };
        let is_empty = match args {
            Some(list) => last(name) == "unnest" && column(&list.args).is_some_and(|column| self.is_option(column)),
            None => is_absent(name),
        };
        is_empty && from.joins.iter().all(|join| keeps_left(&join.join_operator))
    }

    fn is_option(&self, (table, column): (&Ident, &Ident)) -> bool {
        column.value.eq_ignore_ascii_case(OPTIONS) && self.classes.contains(&table.value.to_lowercase())
    }

    fn aggregates(&self, select: &Select) -> bool {
        struct Aggregates<'a>(&'a dyn Fn(&str) -> bool);
        impl Visitor for Aggregates<'_> {
            type Break = ();
            fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
                match expr {
                    Expr::Function(function) if (self.0)(&last(&function.name)) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            }
        }
        select.projection.visit(&mut Aggregates(self.is_aggregate)).is_break()
    }

    /// Whether a function gives a row for each item of a list in a catalog that has no rows.
    fn takes_apart(&self, name: &ObjectName, list: &FunctionArgumentList) -> bool {
        let of_list = column(&list.args).is_some_and(|(table, _)| self.absent.contains(&table.value.to_lowercase()));
        of_list && ["unnest", "generate_subscripts"].contains(&last(name).as_str())
    }

    /// Whether it gives a value of one row for each row around it.
    fn is_value_of_outer_row(&self, query: &Query, select: &Select) -> bool {
        query.limit_clause.is_none()
            && query.fetch.is_none()
            && matches!(select.projection[..], [SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }])
            && !self.aggregates(select)
            && names_others(select)
    }
}

/// The `SELECT` of a query that is nothing else.
fn plain(query: &Query) -> Option<&Select> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    (query.with.is_none() && !is_grouped && select.having.is_none()).then_some(select)
}

/// Whether a table is one of the catalogs without rows. The library has put their schema in front of their names.
fn is_absent(name: &ObjectName) -> bool {
    is_catalog(name) && WITHOUT_ROWS.contains(&last(name).as_str())
}

fn is_catalog(name: &ObjectName) -> bool {
    let schema = name.0.iter().rev().nth(1).and_then(|part| part.as_ident());
    schema.is_some_and(|schema| schema.value.eq_ignore_ascii_case("pg_catalog"))
}

/// The column that comes first among arguments, with its table.
fn column(arguments: &[FunctionArg]) -> Option<(&Ident, &Ident)> {
    match arguments.first()? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::CompoundIdentifier(names))) => match &names[..] {
            [.., table, column] => Some((table, column)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether columns are named that are of none of the query's own tables.
fn names_others(select: &Select) -> bool {
    struct Others(BTreeSet<String>);
    impl Visitor for Others {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::CompoundIdentifier(names) => match names.iter().rev().nth(1) {
                    Some(table) if !self.0.contains(&table.value.to_lowercase()) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                },
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let joined = |from: &TableWithJoins| from.joins.iter().map(|join| join.relation.clone()).collect::<Vec<_>>();
    let tables = select.from.iter().flat_map(|from| [vec![from.relation.clone()], joined(from)].concat());
    let names = tables.filter_map(|table| called(&table));
    select.visit(&mut Others(names.collect())).is_break()
}

/// The least of the values, of which there is one: the planner wants to be sure.
fn at_most_one(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    if let Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = select.projection.first_mut()
    {
        *expr = call("min", vec![expr.clone()]);
    }
}

/// The parameters of a query, with the types they are cast to.
fn parameters(query: &Query) -> Vec<Expr> {
    #[derive(Default)]
    struct Parameters {
        found: Vec<Expr>,
        is_cast: bool,
    }
    impl Visitor for Parameters {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Cast { expr: inner, .. } if is_parameter(inner) => {
                    self.found.push(expr.clone());
                    self.is_cast = true;
                }
                expr if is_parameter(expr) && !std::mem::take(&mut self.is_cast) => self.found.push(expr.clone()),
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut parameters = Parameters::default();
    let _ = query.visit(&mut parameters);
    parameters.found
}

fn is_parameter(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)))
}

fn last(name: &ObjectName) -> String {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| ident.value.to_lowercase()).unwrap_or_default()
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::ast::Statement;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn replaced(sql: &str) -> String {
        let Some(Statement::Query(mut query)) = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().pop() else {
            panic!("{sql}")
        };
        without_absent(&mut query, &|name| ["count", "min"].contains(&name));
        query.to_string()
    }

    #[test]
    fn what_reads_catalogs_without_rows_is_null_and_keeps_its_parameters() {
        assert_eq!(
            replaced(
                "SELECT CASE WHEN a.x <> $1 THEN (SELECT f($2::VARCHAR, s.seqmin, $3) FROM pg_catalog.pg_sequence AS s \
                 WHERE a.x <> $4::TEXT) END FROM pg_catalog.pg_attribute AS a"
            ),
            "SELECT CASE WHEN a.x <> $1 THEN vigie_no_text($2::VARCHAR, $3, $4::TEXT) END FROM pg_catalog.pg_attribute AS a"
        );
        assert_eq!(
            replaced(
                "SELECT unnest(i.indkey), generate_subscripts(pg_catalog.pg_index.indkey, $1) \
                 FROM pg_catalog.pg_index AS i, pg_catalog.pg_index"
            ),
            "SELECT vigie_no_number(i.indkey), vigie_no_number(pg_catalog.pg_index.indkey, $1) \
             FROM pg_catalog.pg_index AS i, pg_catalog.pg_index"
        );
        assert_eq!(
            replaced(
                "SELECT ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members AS m JOIN pg_roles AS b ON m.roleid = b.oid)"
            ),
            "SELECT vigie_no_texts()"
        );
    }

    #[test]
    fn options_of_tables_are_none() {
        assert_eq!(
            replaced(
                "SELECT c.reloptions || ARRAY(SELECT 'toast.' || x FROM pg_catalog.unnest(tc.reloptions) AS x) \
                 FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_class AS tc ON c.reltoastrelid = tc.oid"
            ),
            "SELECT c.reloptions || vigie_no_texts() \
             FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_class AS tc ON c.reltoastrelid = tc.oid"
        );
        let other = "SELECT ARRAY(SELECT x FROM pg_catalog.unnest(o.reloptions) AS x) FROM (SELECT ARRAY[1] AS reloptions) AS o";
        assert_eq!(replaced(other), other);
    }

    #[test]
    fn escapes_of_patterns_become_backslashes() {
        let pattern =
            "SELECT n.nspname NOT LIKE vigie_pattern($1::VARCHAR || '%', '/') FROM pg_catalog.pg_namespace AS n";
        let escaped = "SELECT n.nspname NOT LIKE $1::VARCHAR || '%' ESCAPE '/' FROM pg_catalog.pg_namespace AS n";
        assert_eq!(replaced(escaped), pattern);
    }

    #[test]
    fn a_value_for_each_row_is_one_value() {
        assert_eq!(
            replaced("SELECT (SELECT t.x FROM pg_type AS t WHERE t.oid = a.y) + 1 FROM pg_attribute AS a"),
            "SELECT (SELECT min(t.x) FROM pg_type AS t WHERE t.oid = a.y) + 1 FROM pg_attribute AS a"
        );
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for sql in [
            "SELECT (SELECT count(*) FROM pg_catalog.pg_sequence) AS sequences",
            "SELECT (SELECT c.relname FROM pg_catalog.pg_index AS i RIGHT JOIN pg_class AS c ON c.oid = i.indrelid)",
            "WITH pg_index AS (SELECT ARRAY[1] AS indkey) SELECT unnest(pg_index.indkey), (SELECT indkey FROM pg_index) FROM pg_index",
            "SELECT unnest(i.indkey) FROM pg_catalog.pg_index AS i, (SELECT ARRAY[1] AS indkey) AS i",
            "SELECT (SELECT x FROM pg_type LIMIT 1), (SELECT pg_type.x FROM pg_type)",
            "SELECT (SELECT min(t.x) FROM pg_type AS t WHERE t.oid = a.y) FROM pg_attribute AS a",
            "SELECT unnest(p.proargtypes), unnest(ARRAY[1, 2]) FROM pg_proc AS p",
            "SELECT ARRAY(SELECT rolname FROM pg_roles)",
        ] {
            assert_eq!(replaced(sql), sql);
        }
    }
}
