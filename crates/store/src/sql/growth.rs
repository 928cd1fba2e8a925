//! Statements that make long values: told before they run, and refused where they make them of constants alone.
//!
//! The planner computes what is constant, all at once and for as long as it takes, and it cannot be interrupted. So constants
//! and expressions are bounded by how long they could get, before the planner sees them ([`check_growth`]); values made of rows
//! are bounded where they are made ([`super::weights`]).

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, TryCast};
use datafusion::scalar::ScalarValue;

/// Rows of a batch where values may be long: few, as what is made of them is outside of the memory pool.
pub(crate) const ROWS_OF_LONG_VALUES: usize = 1_024;
/// Most bytes that constants may get to.
const CONSTANT_BYTES_MAX: u64 = 1 << 20;
/// Most parts of an expression.
const PARTS_MAX: u64 = 20_000;
/// Bytes of a text that is nothing to care about in each row.
const SHORT_BYTES: u64 = 64;
/// Bytes of a constant that a batch of the usual 8,192 rows may have in each of them.
const LITERAL_BYTES_SHORT: u64 = 1 << 10;
/// Longest text between or in place of the parts that a function puts together, in bytes: it comes once for each part.
pub(crate) const SEPARATOR_BYTES_MAX: usize = 16;

/// Functions whose texts and lists are no longer than an argument.
const SHORTENING: [&str; 11] =
    ["btrim", "coalesce", "get_field", "left", "light", "ltrim", "nullif", "right", "rtrim", "split_part", "substr"];

/// Why a value is not made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TooLarge(String);

impl TooLarge {
    pub(crate) fn error(said: impl Into<String>) -> DataFusionError {
        DataFusionError::External(Box::new(Self(said.into())))
    }
}

/// Bytes of a constant.
pub(crate) fn bytes_of_literal(value: &ScalarValue) -> u64 {
    match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::LargeUtf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            text.len() as u64
        }
        value if value.data_type().is_nested() => value.size() as u64,
        _ => SHORT_BYTES / 4,
    }
}

/// How often a function may repeat an argument in what it makes.
pub(crate) fn times_of_argument(function: &str, index: usize, arguments: usize) -> u64 {
    match (function, index) {
        ("concat_ws", 0) => arguments as u64,
        ("array_to_string" | "array_join" | "list_to_string" | "list_join", 0) => 1 + SEPARATOR_BYTES_MAX as u64,
        _ => 1,
    }
}

/// What a column of a plan may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    /// Bytes of constants.
    bytes: u64,
    /// Parts of its expression, once what it is made of is put in its place.
    parts: u64,
}

/// A column of a table, or what an operator made.
const PLAIN: Made = Made { bytes: 0, parts: 1 };

/// Looks how long constants and expressions of a plan can get, through all sub-queries. The planner moves conditions and
/// columns through sub-queries by putting expressions in the place of their names, so that `x + x` of `x + x` doubles too.
///
/// # Errors
/// When that is too long.
pub(crate) fn check_growth(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    columns(plan).map(drop)
}

/// What the columns of a plan are made of.
fn columns(plan: &LogicalPlan) -> Result<Vec<Made>, DataFusionError> {
    let inputs = Inputs::of(plan)?;
    let expressions = plan.expressions();
    let made = expressions.iter().map(|expr| inputs.made(expr)).collect::<Result<Vec<_>, _>>()?;
    if made.iter().any(|made| made.bytes > CONSTANT_BYTES_MAX) {
        let said = format!("the statement makes a constant of more than {CONSTANT_BYTES_MAX} bytes; shorten it");
        return Err(TooLarge::error(said));
    }
    if made.iter().any(|made| made.parts > PARTS_MAX) {
        let said =
            "a column of the statement is made of too many others, each of them repeated; write fewer of its steps";
        return Err(TooLarge::error(format!("{said} in sub-queries")));
    }
    let kept = |made: &Made| Made { parts: 1, ..*made };
    let mut columns: Vec<Made> = match plan {
        LogicalPlan::Projection(_) => made.clone(),
        LogicalPlan::Aggregate(_) => made.iter().map(kept).collect(),
        LogicalPlan::Window(_) => inputs.all().chain(made.iter().map(kept)).collect(),
        _ => inputs.all().collect(),
    };
    let width = plan.schema().fields().len();
    if columns.len() != width {
        // Unions, joins that keep one side, rows written out: none of their columns is made of more than the largest.
        let all = columns.iter().chain(&made).copied();
        let largest = all.reduce(Made::most).unwrap_or(PLAIN);
        columns = vec![largest; width];
    }
    Ok(columns)
}

impl Made {
    fn most(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), parts: self.parts.max(other.parts) }
    }
}

/// What a plan is made from.
struct Inputs<'a>(Vec<(&'a DFSchema, Vec<Made>)>);

impl<'a> Inputs<'a> {
    fn of(plan: &'a LogicalPlan) -> Result<Self, DataFusionError> {
        let inputs = plan.inputs().into_iter().map(|input| Ok((input.schema().as_ref(), columns(input)?)));
        Ok(Self(inputs.collect::<Result<_, DataFusionError>>()?))
    }

    fn all(&self) -> impl Iterator<Item = Made> {
        self.0.iter().flat_map(|(_, columns)| columns).copied()
    }

    fn column(&self, column: &Column) -> Made {
        let found = self.0.iter().find_map(|(schema, made)| made.get(schema.maybe_index_of_column(column)?));
        found.copied().or_else(|| self.all().reduce(Made::most)).unwrap_or(PLAIN)
    }

    /// What an expression is made of.
    fn made(&self, expr: &Expr) -> Result<Made, DataFusionError> {
        match expr {
            Expr::Literal(value, _) => return Ok(Made { bytes: bytes_of_literal(value), parts: 1 }),
            Expr::Column(column) => return Ok(self.column(column)),
            Expr::ScalarSubquery(subquery) => {
                return Ok(columns(&subquery.subquery)?.into_iter().reduce(Made::most).unwrap_or(PLAIN));
            }
            Expr::Exists(exists) => return columns(&exists.subquery.subquery).map(|_| PLAIN),
            Expr::InSubquery(within) => {
                columns(&within.subquery.subquery)?;
            }
            _ => {}
        }
        let mut made = PLAIN;
        let (name, arguments) = match expr {
            Expr::ScalarFunction(function) => (function.name(), function.args.len()),
            _ => ("", 0),
        };
        let mut index = 0;
        expr.apply_children(|child| {
            let child = self.made(child)?;
            let times = times_of_argument(name, index, arguments);
            made.bytes = made.bytes.saturating_add(child.bytes.saturating_mul(times));
            made.parts = made.parts.saturating_add(child.parts);
            index += 1;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(made)
    }
}

/// Whether a plan makes texts or lists that its tables do not have.
///
/// # Errors
/// When the plan cannot be walked, which would be a mistake of the planner.
pub(crate) fn makes_long_values(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        let schema = read_by(node)?;
        for expr in node.expressions() {
            expr.apply(|expr| {
                found |= match expr {
                    Expr::ScalarFunction(function) if SHORTENING.contains(&function.name()) => false,
                    Expr::ScalarFunction(_) | Expr::BinaryExpr(_) => {
                        expr.get_type(&schema).map_or(true, |data_type| has_no_bound(&data_type))
                    }
                    // A list as a text may be long; the planner casts texts to texts of other types everywhere.
                    Expr::Cast(Cast { expr, .. }) | Expr::TryCast(TryCast { expr, .. }) => {
                        expr.get_type(&schema).map_or(true, |data_type| data_type.is_nested())
                    }
                    Expr::AggregateFunction(function) => gathers(function.func.name()),
                    // It may stand in every row of an answer.
                    Expr::Literal(value, _) => bytes_of_literal(value) > LITERAL_BYTES_SHORT,
                    _ => false,
                };
                Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })?;
        }
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// The columns that the expressions of a node read; those of a scan read the whole table, also what it does not give.
fn read_by(node: &LogicalPlan) -> Result<DFSchema, DataFusionError> {
    match node {
        LogicalPlan::TableScan(scan) => {
            DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())
        }
        node => Ok(merge_schema(&node.inputs())),
    }
}

/// Aggregates that put the values of all rows together.
pub(crate) fn gathers(function: &str) -> bool {
    ["array_agg", "string_agg"].contains(&function)
}

/// Whether values of a type can have any length.
pub(crate) fn has_no_bound(data_type: &DataType) -> bool {
    use DataType::{Binary, BinaryView, LargeBinary, LargeUtf8, Utf8, Utf8View};
    match data_type {
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView => true,
        DataType::Dictionary(_, values) => has_no_bound(values),
        other => other.is_nested(),
    }
}
