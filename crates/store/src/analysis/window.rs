//! Measures of each row among others as window functions over whole partitions.

use super::answer::{Answer, Shape};
use super::named::told_apart_by_name;
use super::numbers::{coerced, doubles, failed, row_into};
use super::registry::OfEach;
use super::work::Work;
use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    LimitEffect, PartitionEvaluator, Signature, TypeSignature, Volatility, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_plan::PhysicalExpr;
use std::sync::Arc;
use vigie_analysis::error::AnalysisError;

/// A function of each row of a partition.
#[derive(Clone, Debug)]
pub(super) struct EachFunction {
    name: &'static str,
    arguments: &'static [&'static str],
    /// `None`: the first number of the answer is the result.
    shape: Option<Shape>,
    /// Arguments that are divided by.
    divisors: &'static [usize],
    of: OfEach,
    work: Work,
    signature: Signature,
}

impl EachFunction {
    /// The window function.
    pub(super) fn of(
        name: &'static str,
        arguments: &'static [&'static str],
        shape: Option<Shape>,
        divisors: &'static [usize],
        of: OfEach,
        work: &Work,
    ) -> WindowUDF {
        let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
        WindowUDF::new_from_impl(Self { name, arguments, shape, divisors, of, work: work.clone(), signature })
    }

    /// An answer for each of the rows without nulls and zeros to divide by. They are computed in sorted order: that in which they come may differ
    /// from run to run, and what is drawn for a row must not.
    fn answers(&self, values: &[ArrayRef], rows: usize) -> Result<Vec<Option<Answer>>> {
        let (columns, mut row) = (doubles(values)?, Vec::with_capacity(values.len()));
        let mut whole: Vec<(usize, Vec<f64>)> = Vec::with_capacity(rows);
        for at in 0..rows {
            if row_into(&columns, at, &mut row) && self.divisors.iter().all(|argument| row[*argument] != 0.0) {
                whole.push((at, row.clone()));
            }
        }
        whole.sort_by(|(_, one), (_, other)| {
            let by_column = one.iter().zip(other).map(|(one, other)| one.total_cmp(other));
            by_column.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let column = |argument: usize| whole.iter().map(|(_, row)| row[argument]).collect();
        let arguments: Vec<Vec<f64>> = (0..values.len()).map(column).collect();
        let found = match (self.of)(&arguments, &self.work) {
            Err(error @ (AnalysisError::OutOfRange { .. } | AnalysisError::TooMany { .. })) => {
                return Err(failed(self.name, &error));
            }
            Err(error) => vec![Answer::why_not(&error); whole.len()],
            Ok(found) => found,
        };
        let mut answers = vec![None; rows];
        for ((at, _), answer) in whole.into_iter().zip(found) {
            answers[at] = Some(answer);
        }
        Ok(answers)
    }
}

told_apart_by_name!(EachFunction);

impl WindowUDFImpl for EachFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerced(self.name, self.arguments, types)
    }

    fn partition_evaluator(&self, _args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Partition(self.clone())))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        let data_type = self.shape.map_or(DataType::Float64, |shape| shape.data_type());
        Ok(Arc::new(Field::new(args.name(), data_type, true)))
    }

    fn limit_effect(&self, _args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        // An answer depends on all rows of its partition.
        LimitEffect::Unknown
    }
}

#[derive(Debug)]
struct Partition(EachFunction);

impl PartitionEvaluator for Partition {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let answers = self.0.answers(values, rows)?;
        let first = |answer: &Option<Answer>| answer.as_ref()?.numbers.first().copied().flatten();
        Ok(match self.0.shape {
            Some(shape) => Arc::new(shape.column(&answers)),
            None => Arc::new(Float64Array::from_iter(answers.iter().map(first))),
        })
    }
}
