//! Operators that keep memory bounded where DataFusion's own do not look, and the rule that puts them into a plan.
//!
//! - `Portions` stands below whatever computes with rows and hands them on in portions that are not too large to compute with.
//! - `Held` stands below windows over all rows, which keep what they get, and takes that from the memory pool.

use super::growth::{TooLarge, has_no_bound};
use super::weights::Weights;
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};
use std::fmt;
use std::sync::Arc;

/// Puts `Held` below windows over all rows.
#[derive(Debug)]
pub(crate) struct HoldWindows;

impl PhysicalOptimizerRule for HoldWindows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let held = plan.transform_up(|node| {
            let is_window = node.is::<WindowAggExec>() || node.is::<BoundedWindowAggExec>();
            match node.children().as_slice() {
                // What a sort gives, it has in the pool already.
                [input] if is_window && !input.is::<SortExec>() && !input.is::<SortPreservingMergeExec>() => {
                    let input: Arc<dyn ExecutionPlan> = Arc::new(Bound::new(Arc::clone(input), Measure::Held));
                    Ok(Transformed::yes(over(node, vec![input])?))
                }
                _ => Ok(Transformed::no(node)),
            }
        })?;
        Ok(held.data)
    }

    fn name(&self) -> &'static str {
        "hold_windows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Puts `Portions` below everything that computes with long values or copies them.
#[derive(Debug)]
pub(crate) struct InPortions;

impl PhysicalOptimizerRule for InPortions {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let bounded = plan.transform_up(|node| {
            let (inputs, is_join) = (node.children(), is_join(&node));
            check_window(&node)?;
            let portions = |input: &Arc<dyn ExecutionPlan>, weights: Weights| {
                Arc::new(Bound::new(Arc::clone(input), Measure::Portions(Arc::new(weights)))) as Arc<dyn ExecutionPlan>
            };
            let columns = |input: &Arc<dyn ExecutionPlan>| input.schema().fields().len();
            let bounded = match inputs.as_slice() {
                inputs if is_join => {
                    inputs.iter().map(|input| portions(input, Weights::whole(columns(input)))).collect()
                }
                [input] => {
                    let weights = Weights::of(&expressions(&node)?, columns(input));
                    if weights.is_empty() {
                        return Ok(Transformed::no(node));
                    }
                    vec![portions(input, weights)]
                }
                _ => return Ok(Transformed::no(node)),
            };
            Ok(Transformed::yes(over(node, bounded)?))
        })?;
        Ok(bounded.data)
    }

    fn name(&self) -> &'static str {
        "in_portions"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn is_join(node: &Arc<dyn ExecutionPlan>) -> bool {
    node.is::<CrossJoinExec>() || node.is::<NestedLoopJoinExec>() || node.is::<HashJoinExec>()
}

/// A window over all rows gives them all at once; one long value for each of them, handed on from another row, would be too
/// much.
fn check_window(node: &Arc<dyn ExecutionPlan>) -> Result<()> {
    let Some(window) = node.downcast_ref::<WindowAggExec>() else { return Ok(()) };
    let schema = window.input().schema();
    for expression in window.window_expr() {
        let arguments = expression.all_expressions().args;
        let mut types = arguments.iter().map(|argument| argument.data_type(&schema));
        if has_no_bound(expression.field()?.data_type()) && types.any(|of| of.is_ok_and(|of| has_no_bound(&of))) {
            let name = expression.name().split('(').next().unwrap_or_default();
            let said = format!(
                "{name} gives a text or list for each of all rows, in a statement that makes long ones; leave out one of them"
            );
            return Err(TooLarge::error(said));
        }
    }
    Ok(())
}

/// What a node computes with.
fn expressions(node: &Arc<dyn ExecutionPlan>) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
    let mut expressions = Vec::new();
    node.apply_expressions(&mut |expression| {
        expressions.push(Arc::clone(expression));
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(expressions)
}

/// The node over other inputs with the same properties.
fn over(node: Arc<dyn ExecutionPlan>, inputs: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
    node.replace_children(inputs, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}

/// What is bounded of the rows that pass.
#[derive(Clone, Debug)]
enum Measure {
    /// They come in portions.
    Portions(Arc<Weights>),
    /// Whoever gets them keeps them all.
    Held,
}

/// Hands on the rows of its input, bounded.
#[derive(Debug)]
struct Bound {
    input: Arc<dyn ExecutionPlan>,
    measure: Measure,
}

impl Bound {
    fn new(input: Arc<dyn ExecutionPlan>, measure: Measure) -> Self {
        Self { input, measure }
    }
}

impl DisplayAs for Bound {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ExecutionPlan for Bound {
    fn name(&self) -> &'static str {
        match self.measure {
            Measure::Portions(_) => "Portions",
            Measure::Held => "Held",
        }
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self::new(input, self.measure.clone())))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let pool = Arc::clone(context.memory_pool());
        let rows = self.input.execute(partition, context)?;
        let schema = self.input.schema();
        match self.measure.clone() {
            Measure::Portions(weights) => {
                let portions = rows.flat_map(move |batch| {
                    let portions = batch.and_then(|batch| weights.portions(&batch));
                    let portions: Vec<Result<RecordBatch>> = match portions {
                        Ok(portions) => portions.into_iter().map(Ok).collect(),
                        Err(error) => vec![Err(error)],
                    };
                    stream::iter(portions)
                });
                Ok(Box::pin(RecordBatchStreamAdapter::new(schema, portions)))
            }
            Measure::Held => {
                let held = MemoryConsumer::new("rows of a window").register(&pool);
                let rows = rows.map(move |batch| {
                    let batch = batch?;
                    held.try_grow(batch.get_array_memory_size())?;
                    Ok(batch)
                });
                Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
            }
        }
    }
}
