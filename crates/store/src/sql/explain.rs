//! Errors of queries in words: what is wrong, where, and what to do.

use super::growth::TooLarge;
use super::limits::{Bounds, SqlLimits};
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use vigie_model::diagnostic::did_you_mean;
use vigie_model::doors::QueryError;
use vigie_model::principal::{Scope, SpaceScope};

/// How to make a query smaller; ends every message about a limit.
const NARROW: &str =
    "narrow it: fewer days (date >= '2017-03-10'), fewer columns, count(*) or avg() instead of rows, or LIMIT";

/// A refusal.
pub(crate) fn refused(text: impl Into<String>) -> QueryError {
    QueryError::Refused(text.into())
}

/// The parser's complaint, with its place in front.
pub(crate) fn syntax_error(error: &DataFusionError) -> QueryError {
    match error {
        DataFusionError::SQL(parser, _) => {
            let text = parser.to_string();
            let text = text.strip_prefix("sql parser error: ").unwrap_or(&text);
            refused(format!("syntax error: {}", place_first(text)))
        }
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => syntax_error(inner),
        other => refused(format!("syntax error: {}", other.strip_backtrace())),
    }
}

/// What went wrong while planning.
pub(crate) fn planning_error(error: &DataFusionError) -> QueryError {
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => match (diagnostic.span, planning_error(inner)) {
            (Some(span), QueryError::Refused(text)) => {
                refused(format!("line {}, column {}: {text}", span.start.line, span.start.column))
            }
            (_, explained) => explained,
        },
        DataFusionError::Context(_, inner) => planning_error(inner),
        DataFusionError::Shared(inner) => planning_error(inner),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => planning_error(first),
            None => refused(error.strip_backtrace()),
        },
        DataFusionError::SchemaError(schema, _) => refused(schema_error(schema)),
        DataFusionError::Plan(text) | DataFusionError::NotImplemented(text) | DataFusionError::Execution(text) => {
            refused(wrong_call(text))
        }
        DataFusionError::SQL(..) => syntax_error(error),
        DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) | DataFusionError::External(_) => {
            unreadable(error)
        }
        other => refused(other.strip_backtrace()),
    }
}

/// What a function of ours says of its arguments, without what DataFusion says around it.
fn wrong_call(text: &str) -> String {
    let said = text.split_once("user-defined coercion failed with: Error during planning: ").map(|(_, said)| said);
    let said = said.and_then(|said| said.split_once(". No function matches")).map(|(said, _)| said);
    said.unwrap_or(text).replace('\n', " ")
}

/// What went wrong while running. A caller who may not see every row gets no values in the text: a failing cast would
/// quote a value of somebody else's row.
pub(crate) fn running_error(error: &DataFusionError, scope: &Scope, limits: &SqlLimits) -> QueryError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => {
            let memory = size(limits.memory_bytes_max as u64);
            QueryError::Limit(format!("the query needs more memory than the {memory} all queries share; {NARROW}"))
        }
        DataFusionError::External(cause) if cause.is::<TooLarge>() => QueryError::Limit(cause.to_string()),
        DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) | DataFusionError::ParquetError(_) => {
            unreadable(error)
        }
        _ if scope.spaces != SpaceScope::All => refused("the statement failed on some row; check casts and divisions"),
        DataFusionError::ArrowError(arrow, _) => refused(format!("the statement failed on some row: {arrow}")),
        DataFusionError::Execution(text) => refused(format!("the statement failed: {text}")),
        DataFusionError::Internal(text) if text.contains("DISTINCT aggregate should have exactly one argument") => {
            refused("an aggregate of several arguments takes no DISTINCT: it would lose rows that count")
        }
        other => refused(format!("the statement failed: {}", other.strip_backtrace())),
    }
}

/// A file that a query reads is missing or broken.
fn unreadable(error: &DataFusionError) -> QueryError {
    let said = error.strip_backtrace();
    QueryError::Unavailable(format!("history cannot be read: {said}; run `vigie verify` to see what is damaged"))
}

/// The query took too long.
pub(crate) fn timed_out(limits: &SqlLimits) -> QueryError {
    QueryError::Limit(format!("the query took longer than its timeout of {} s; {NARROW}", limits.timeout.as_secs_f64()))
}

/// The reader is too slow.
pub(crate) fn unread(limits: &SqlLimits) -> QueryError {
    let wait_s = limits.reader_wait_max.as_secs_f64();
    QueryError::Limit(format!("nobody took a part of the answer for {wait_s} s; read faster, or ask for fewer rows"))
}

/// The answer takes too long altogether.
pub(crate) fn answered_too_long(limits: &SqlLimits) -> QueryError {
    let text = format!("the answer took longer than {} s; {NARROW}", limits.answer_time_max.as_secs_f64());
    QueryError::Limit(text)
}

/// Too many queries wait.
pub(crate) fn too_many_wait(limits: &SqlLimits) -> QueryError {
    QueryError::Limit(format!("{} queries are waiting already; try again later", limits.waiting_max))
}

/// The answer has too many rows.
pub(crate) fn too_many_rows(bounds: Bounds) -> QueryError {
    QueryError::Limit(format!("the answer has more than {} rows; {NARROW}, or ask for more rows_max", bounds.rows))
}

/// The answer has too many bytes.
pub(crate) fn too_many_bytes(bounds: Bounds) -> QueryError {
    let text = format!("the answer is larger than {}; {NARROW}, or ask for more bytes_max", size(bounds.bytes));
    QueryError::Limit(text)
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{bytes} bytes") }
}

fn schema_error(error: &SchemaError) -> String {
    let SchemaError::FieldNotFound { field, valid_fields } = error else { return error.to_string() };
    let mut known: Vec<&str> = valid_fields.iter().map(Column::name).collect();
    known.sort_unstable();
    known.dedup();
    let hint = did_you_mean(&field.name, known.iter().copied()).map(|hint| format!("; {hint}")).unwrap_or_default();
    let known = if known.is_empty() { "none here".to_owned() } else { known.join(", ") };
    format!("unknown column '{}'{hint} (columns: {known})", field.name)
}

/// Turns "... at Line: 1, Column: 8" into "line 1, column 8: ...".
fn place_first(text: &str) -> String {
    let Some((what, place)) = text.rsplit_once(" at Line: ") else { return text.to_owned() };
    let Some((line, column)) = place.split_once(", Column: ") else { return text.to_owned() };
    format!("line {line}, column {column}: {what}")
}
