//! What may be asked: exactly one `SELECT` (or `WITH`, `UNION`, `VALUES`), or an `EXPLAIN` of one, over the six tables.
//!
//! The guard reads the parsed statement, so comments and spelling cannot fool it, and it lists what is allowed rather
//! than what is forbidden. It is the first of three walls: the session that runs the statement holds nothing but the
//! six tables, already filtered by the caller's scope, and DataFusion is told to refuse everything but queries.

use super::expansion::{READINGS_MAX, readings};
use super::explain::{refused, syntax_error};
use super::growth::{SEPARATOR_BYTES_MAX, gathers};
use super::limits::SqlLimits;
use super::names::name_sub_queries;
use crate::schema::describe::UnknownTable;
use crate::schema::table::Table;
use crate::schema::view::View;
use datafusion::common::TableReference;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Select, SetExpr, Statement as SqlStatement,
    TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use vigie_model::doors::QueryError;

/// Functions that make values of any size out of small ones, beyond what the memory pool can see, and those that make types of
/// any size.
pub(crate) const FUNCTIONS_WITHHELD: [&str; 22] = [
    "array_repeat",
    "array_replace_all",
    "array_replace_n",
    "array_resize",
    "arrays_zip",
    "generate_series",
    "list_repeat",
    "list_replace_all",
    "list_replace_n",
    "list_resize",
    "list_zip",
    "lpad",
    "make_map",
    "map",
    "named_struct",
    "regexp_replace",
    "repeat",
    "replace",
    "row",
    "rpad",
    "struct",
    "unnest",
];
/// Also a function of that kind, but a common word as a column; only its call is refused.
pub(crate) const RANGE_FUNCTION: &str = "range";
/// The database of the tables, for who writes it in front of them.
pub(crate) const DATABASE: &str = "vigie";
/// The schema of the tables, likewise.
pub(crate) const SCHEMA: &str = "public";
/// Depth of nesting that the parser follows.
const NESTING_MAX: usize = 50;

/// A statement that may be run.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) statement: Statement,
    /// The tables it reads, those of its views too.
    pub(crate) tables: BTreeSet<Table>,
    /// The views it reads.
    pub(crate) views: BTreeSet<View>,
}

/// Checks a statement.
///
/// # Errors
/// [`QueryError::Refused`] with what is wrong, where if known, and what would be right.
pub(crate) fn check(sql: &str, limits: &SqlLimits) -> Result<Checked, QueryError> {
    check_length(sql, limits)?;
    let mut statement = only_statement(sql)?;
    let query = query_of(&mut statement)?;
    check_expansion(query)?;
    if let ControlFlow::Break(reason) = query.visit(&mut Walk) {
        return Err(refused(reason));
    }
    name_sub_queries(query);
    let (references, _) = resolve_table_references(&statement, true).map_err(|error| syntax_error(&error))?;
    let (mut tables, mut views) = (BTreeSet::new(), BTreeSet::new());
    for reference in &references {
        let name = name_of(reference)?;
        if let Some(view) = View::from_name(name) {
            views.insert(view);
            views.extend(view.views());
            tables.extend(view.tables());
        } else {
            tables.insert(Table::from_name(name).ok_or_else(|| refused(UnknownTable::new(name).to_string()))?);
        }
    }
    Ok(Checked { statement, tables, views })
}

pub(crate) fn check_length(sql: &str, limits: &SqlLimits) -> Result<(), QueryError> {
    if sql.len() > limits.statement_bytes_max {
        return Err(refused(format!("the statement is longer than {} bytes", limits.statement_bytes_max)));
    }
    // What the tokenizer refuses, the parser refuses too, with the place.
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let written = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).count();
    if written > limits.statement_tokens_max {
        return Err(refused(format!("the statement has more than {} words and signs", limits.statement_tokens_max)));
    }
    Ok(())
}

/// # Errors
/// When the query would be planned as one that reads too many tables.
pub(crate) fn check_expansion(query: &Query) -> Result<(), QueryError> {
    if readings(query) > READINGS_MAX {
        let said = format!("the statement reads tables more than {READINGS_MAX} times once its WITH are written out");
        return Err(refused(said));
    }
    Ok(())
}

fn only_statement(sql: &str) -> Result<Statement, QueryError> {
    let parser = DFParserBuilder::new(sql).with_recursion_limit(NESTING_MAX).build();
    let mut statements: VecDeque<Statement> =
        parser.and_then(|mut parser| parser.parse_statements()).map_err(|error| syntax_error(&error))?;
    match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (None, _) => Err(refused("there is no statement; write one SELECT")),
        (Some(_), more) => Err(refused(format!("{} statements; write exactly one SELECT", more + 1))),
    }
}

/// The query of a `SELECT` or of an `EXPLAIN` of one.
fn query_of(statement: &mut Statement) -> Result<&mut Query, QueryError> {
    match statement {
        Statement::Statement(statement) => match statement.as_mut() {
            SqlStatement::Query(query) => Ok(query),
            other => Err(only_reading(&other.to_string())),
        },
        Statement::Explain(explain) if explain.options.analyze => {
            Err(refused("EXPLAIN ANALYZE is not available; use EXPLAIN, or run the statement itself"))
        }
        Statement::Explain(explain) => match explain.statement.as_mut() {
            Statement::Explain(_) => Err(refused("EXPLAIN of an EXPLAIN; explain the SELECT itself")),
            inner => query_of(inner),
        },
        other => Err(only_reading(&other.to_string())),
    }
}

fn only_reading(statement: &str) -> QueryError {
    let verb = statement.split_whitespace().next().unwrap_or_default().to_uppercase();
    refused(format!("{verb} is not available: history is read-only here; write one SELECT, or EXPLAIN of one"))
}

/// The name of a table or view; some dashboards write it with its schema.
fn name_of(reference: &TableReference) -> Result<&str, QueryError> {
    match reference {
        TableReference::Bare { table } => Ok(table),
        TableReference::Partial { schema, table } if **schema == *SCHEMA => Ok(table),
        TableReference::Full { catalog, schema, table } if **catalog == *DATABASE && **schema == *SCHEMA => Ok(table),
        qualified => {
            let hint = Table::from_name(qualified.table()).map(|table| format!("; write {table}")).unwrap_or_default();
            Err(refused(format!("unknown table '{qualified}': tables have no schema or catalog{hint}")))
        }
    }
}

/// Looks at every part of a query, sub-queries included; breaks with the reason for a refusal.
pub(crate) struct Walk;

impl Visitor for Walk {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        if query.with.as_ref().is_some_and(|with| with.recursive) {
            return stop("WITH RECURSIVE is not available: it need not end");
        }
        if !query.locks.is_empty() {
            return stop("FOR UPDATE and FOR SHARE are not available: history is read-only here");
        }
        body_is_reading(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        if select.into.is_some() {
            return stop("SELECT INTO is not available: history is read-only here");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        match factor {
            TableFactor::Table { args: None, .. } | TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => {
                ControlFlow::Continue(())
            }
            TableFactor::Table { name, .. } => {
                stop(format!("table function {name} is not available; only the tables of history can be read"))
            }
            other => stop(format!("'{other}' is not available after FROM; only tables and sub-queries are")),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        if let Expr::Function(function) = expr {
            let name = function.name.to_string().to_lowercase();
            if FUNCTIONS_WITHHELD.contains(&name.as_str()) || name == RANGE_FUNCTION {
                return stop(format!("function {name} is not available: it can make values of any size"));
            }
            if function.over.is_some() && gathers(&name) {
                return stop(format!("{name} is not available as a window: it would give all rows for each row"));
            }
            if puts_together(&name) && !separators(function).iter().all(|separator| is_short(separator)) {
                return stop(format!(
                    "{name} needs a separator of at most {SEPARATOR_BYTES_MAX} bytes, written out as in ', '"
                ));
            }
        }
        match expr {
            Expr::Lambda(_) => stop("functions of functions are not available: they can make values of any size"),
            Expr::Tuple(_) | Expr::Struct { .. } | Expr::Dictionary(_) | Expr::Map(_) => {
                stop("structs and maps are not available: structs of structs can be of any size; write columns")
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Functions that put the parts of a list together, with a text between them.
fn puts_together(function: &str) -> bool {
    ["string_agg", "array_to_string", "array_join", "list_to_string", "list_join"].contains(&function)
}

/// What stands between the parts, or in place of those that are missing.
fn separators(function: &Function) -> Vec<&FunctionArg> {
    match &function.args {
        FunctionArguments::List(list) => list.args.iter().skip(1).collect(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => Vec::new(),
    }
}

fn is_short(separator: &FunctionArg) -> bool {
    match separator {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => {
            value.value.clone().into_string().is_some_and(|text| text.len() <= SEPARATOR_BYTES_MAX)
        }
        _ => false,
    }
}

fn body_is_reading(body: &SetExpr) -> ControlFlow<String> {
    match body {
        // A parenthesised query is visited as a query of its own.
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => ControlFlow::Continue(()),
        SetExpr::Table(_) => stop("TABLE is not available; write SELECT * FROM the table"),
        SetExpr::SetOperation { left, right, .. } => {
            body_is_reading(left)?;
            body_is_reading(right)
        }
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            stop("INSERT, UPDATE, DELETE and MERGE are not available: history is read-only here")
        }
    }
}

fn stop(reason: impl Into<String>) -> ControlFlow<String> {
    ControlFlow::Break(reason.into())
}
