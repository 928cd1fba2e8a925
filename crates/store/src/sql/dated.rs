//! Views by the hour that read no more dates than their conditions ask for.
//!
//! The planner hands conditions on `hour` to the table they are about ([`ByHour`]). When it has done so, a rule
//! ([`OnlyDatesAsked`]) puts the view's statement there, with the dates of these hours in the place of all dates, so that files of
//! other dates are never opened. Conditions also stay where they are: the rule may read too much, never answer otherwise.
//!
//! **Invariant**: what the rule puts in is planned over the rows that the caller may see, as any view is.

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{ParamValues, internal_err};
use datafusion::datasource::source_as_provider;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::{Between, InList};
use datafusion::logical_expr::{
    BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, TableProviderFilterPushDown, TableType,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// All dates, in the statement of such a view: days since 1970, the literal, and what stands for the date asked for.
const FIRST: (i32, &str, &str) = (-719_162, "DATE '0001-01-01'", "$first");
const LAST: (i32, &str, &str) = (2_932_896, "DATE '9999-12-31'", "$last");
/// Days before an hour that its row depends on.
const DAYS_BEFORE: i64 = 7;
const DAY_US: i64 = 86_400_000_000;
const HOUR: &str = "hour";

/// A view by the hour.
#[derive(Debug)]
pub(crate) struct ByHour {
    /// Its statement, with `$first` and `$last` for the dates it reads.
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl ByHour {
    /// Plans its statement over the tables of a session.
    ///
    /// # Errors
    /// When the statement does not fit the tables.
    pub(crate) async fn new(state: &SessionState, statement: &str) -> Result<Self> {
        let statement = statement.replace(FIRST.1, FIRST.2).replace(LAST.1, LAST.2);
        let plan = state.create_logical_plan(&statement).await?;
        let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| ())?;
        let schema = Arc::clone(plan.schema().inner());
        Ok(Self { plan, schema })
    }

    /// Its rows of the dates of these hours, and some more.
    fn rows_of(&self, hours: Hours) -> Result<LogicalPlan> {
        let day = |us: i64| us.div_euclid(DAY_US).clamp(FIRST.0.into(), LAST.0.into());
        let first = (day(hours.first_us) - DAYS_BEFORE).max(FIRST.0.into());
        let date = |day: i64| ScalarValue::Date32(i32::try_from(day).ok());
        let dates = vec![("first", date(first)), ("last", date(day(hours.last_us)))];
        self.plan.clone().replace_params_with_values(&ParamValues::from(dates))
    }
}

#[async_trait]
impl TableProvider for ByHour {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match Hours::asked_by(filter) {
            Hours::ALL => TableProviderFilterPushDown::Unsupported,
            _ => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        internal_err!("a view by the hour is planned by its rule")
    }
}

/// Puts the statements of views by the hour into a plan.
#[derive(Debug)]
pub(crate) struct OnlyDatesAsked;

impl OptimizerRule for OnlyDatesAsked {
    fn name(&self) -> &str {
        "only_dates_asked"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::TableScan(scan) = &plan else { return Ok(Transformed::no(plan)) };
        let Ok(provider) = source_as_provider(&scan.source) else { return Ok(Transformed::no(plan)) };
        let Some(view) = provider.downcast_ref::<ByHour>() else { return Ok(Transformed::no(plan)) };
        let hours = scan.filters.iter().map(Hours::asked_by).fold(Hours::ALL, Hours::and);
        let columns = scan.projected_schema.columns().into_iter().map(Expr::Column);
        let rows = LogicalPlanBuilder::from(view.rows_of(hours)?).alias(scan.table_name.clone())?;
        Ok(Transformed::yes(rows.project(columns)?.build()?))
    }
}

/// A span of hours, both ends in it, as microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hours {
    first_us: i64,
    last_us: i64,
}

impl Hours {
    const ALL: Self = Self { first_us: i64::MIN, last_us: i64::MAX };

    /// Hours of which at least those are that fulfil a condition, which the planner has simplified.
    fn asked_by(condition: &Expr) -> Self {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                Self::asked_by(left).and(Self::asked_by(right))
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
                Self::asked_by(left).or(Self::asked_by(right))
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_hour(left) => Self::compared(*op, right),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_hour(right) => {
                op.swap().map_or(Self::ALL, |op| Self::compared(op, left))
            }
            Expr::Between(Between { expr, negated: false, low, high }) if is_hour(expr) => {
                Self::compared(Operator::GtEq, low).and(Self::compared(Operator::LtEq, high))
            }
            Expr::InList(InList { expr, list, negated: false }) if is_hour(expr) => {
                let each = list.iter().map(|one| Self::compared(Operator::Eq, one));
                each.reduce(Self::or).unwrap_or(Self::ALL)
            }
            _ => Self::ALL,
        }
    }

    /// The hours that compare so with a constant.
    fn compared(op: Operator, constant: &Expr) -> Self {
        let Expr::Literal(ScalarValue::TimestampMicrosecond(Some(us), _), _) = constant else { return Self::ALL };
        let (from, to) = (Self { first_us: *us, ..Self::ALL }, Self { last_us: *us, ..Self::ALL });
        match op {
            Operator::Eq => from.and(to),
            Operator::Gt | Operator::GtEq => from,
            Operator::Lt => Self { last_us: us.saturating_sub(1), ..Self::ALL },
            Operator::LtEq => to,
            _ => Self::ALL,
        }
    }

    fn and(self, other: Self) -> Self {
        Self { first_us: self.first_us.max(other.first_us), last_us: self.last_us.min(other.last_us) }
    }

    fn or(self, other: Self) -> Self {
        Self { first_us: self.first_us.min(other.first_us), last_us: self.last_us.max(other.last_us) }
    }
}

fn is_hour(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if column.name == HOUR)
}
