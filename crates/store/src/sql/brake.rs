//! Stopping a query whose operators would not let go of their thread.
//!
//! Queries are futures, and a future is stopped when it next gives its thread back. Operators that read files do so; joins
//! need not: a cross join makes batch after batch in one go, and a join with a condition that nothing fulfils makes none for
//! as long as it takes. So joins get two things here, by a rule behind all other rules of the planner:
//! - a [`CooperativeExec`] above, which gives the thread back now and then as long as there are batches;
//! - a look at the [`Brake`] with each evaluation of their condition, some thousand pairs of rows, which fails once nobody
//!   wants the answer any more; pairs that are large to compute with are evaluated in portions.
//!
//! **Invariant**: behind a time-out, a cancellation or a reader's going, a join ends within some thousand pairs of rows,
//! whatever it joins; slot and memory are free again.

use super::weights::Weights;
use arrow::array::ArrayRef;
use arrow::compute::concat;
use arrow::datatypes::{FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// No end in sight.
const NEVER: u64 = u64::MAX;

/// Why nobody wants an answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwanted {
    /// Its time is over.
    Late,
    /// It was cancelled, or its reader is gone.
    Cancelled,
}

/// Whether somebody still wants a query's answer.
pub(crate) struct Brake {
    begun: Instant,
    /// Milliseconds after `begun` at which its time is over.
    deadline_ms: AtomicU64,
    /// Whether it was cancelled, or its reader is gone.
    is_unwanted: Box<dyn Fn() -> bool + Send + Sync>,
    /// Why a join was ended.
    braked: OnceLock<Unwanted>,
}

impl Brake {
    /// For a query without a deadline yet.
    pub(crate) fn new(is_unwanted: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let (begun, deadline_ms) = (Instant::now(), AtomicU64::new(NEVER));
        Self { begun, deadline_ms, is_unwanted: Box::new(is_unwanted), braked: OnceLock::new() }
    }

    /// Work may go on for this long from now.
    pub(crate) fn allow(&self, time: Duration) {
        let end = self.begun.elapsed().saturating_add(time);
        self.deadline_ms.store(u64::try_from(end.as_millis()).unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// Nobody waits for work now: its time does not pass.
    pub(crate) fn pause(&self) {
        self.deadline_ms.store(NEVER, Ordering::Relaxed);
    }

    /// Why it has ended a join; `None` if it has not.
    pub(crate) fn braked(&self) -> Option<Unwanted> {
        self.braked.get().copied()
    }

    /// Why nobody wants the answer any more; `None` while somebody does.
    fn verdict(&self) -> Option<Unwanted> {
        let deadline_ms = self.deadline_ms.load(Ordering::Relaxed);
        if (self.is_unwanted)() {
            return Some(Unwanted::Cancelled);
        }
        let is_late = deadline_ms != NEVER && self.begun.elapsed().as_millis() >= u128::from(deadline_ms);
        is_late.then_some(Unwanted::Late)
    }
}

impl fmt::Debug for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brake").field("deadline_ms", &self.deadline_ms).finish_non_exhaustive()
    }
}

/// Puts brakes on joins.
#[derive(Debug)]
pub(crate) struct BrakeJoins(pub(crate) Arc<Brake>);

impl PhysicalOptimizerRule for BrakeJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let braked = plan.transform_up(|node| {
            let is_join = node.is::<CrossJoinExec>() || node.is::<NestedLoopJoinExec>() || node.is::<HashJoinExec>();
            if !is_join {
                return Ok(Transformed::no(node));
            }
            let node = self.filtered(node)?;
            Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>))
        })?;
        Ok(braked.data)
    }

    fn name(&self) -> &'static str {
        "brake_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

impl BrakeJoins {
    /// The join with a brake in its condition, if it has one.
    fn filtered(&self, node: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>()
            && let Some(filter) = join.filter()
        {
            let filter = Some(self.braked(filter));
            let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
            let projection = join.projection().as_ref().map(|columns| columns.to_vec());
            return Ok(Arc::new(NestedLoopJoinExec::try_new(left, right, filter, join.join_type(), projection)?));
        }
        if let Some(join) = node.downcast_ref::<HashJoinExec>()
            && let Some(filter) = join.filter()
        {
            return Ok(Arc::new(join.builder().with_filter(Some(self.braked(filter))).build()?));
        }
        Ok(node)
    }

    fn braked(&self, filter: &JoinFilter) -> JoinFilter {
        let inner = Arc::clone(filter.expression());
        let weights = Weights::of(std::slice::from_ref(&inner), filter.schema().fields().len());
        let expression = Braked { inner, weights, brake: Arc::clone(&self.0) };
        JoinFilter::new(Arc::new(expression), filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    }
}

/// A condition that fails once nobody wants the answer any more.
#[derive(Debug)]
struct Braked {
    inner: Arc<dyn PhysicalExpr>,
    weights: Weights,
    brake: Arc<Brake>,
}

impl Braked {
    /// What the condition says of a batch, which may be large to compute with.
    fn in_portions(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let portions = self.weights.portions(batch)?;
        if let [whole] = portions.as_slice() {
            return self.inner.evaluate(whole);
        }
        let said = portions.iter().map(|portion| self.inner.evaluate(portion)?.into_array(portion.num_rows()));
        let said: Vec<ArrayRef> = said.collect::<Result<_>>()?;
        let said: Vec<_> = said.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&said)?))
    }
}

impl PartialEq for Braked {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner) && Arc::ptr_eq(&self.brake, &other.brake)
    }
}

impl Eq for Braked {}

impl Hash for Braked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Braked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PhysicalExpr for Braked {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        match self.brake.verdict() {
            None => self.in_portions(batch),
            Some(why) => {
                // The first reason counts; every thread of a join comes here.
                let _ = self.brake.braked.set(why);
                Err(DataFusionError::Execution("nobody waits for the answer any more".to_owned()))
            }
        }
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, weights: self.weights.clone(), brake: Arc::clone(&self.brake) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
