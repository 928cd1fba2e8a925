//! Measures of a set of rows as aggregates that keep the rows, up to their measure's most.

use super::answer::{Answer, Shape};
use super::named::told_apart_by_name;
use super::numbers::{coerced, doubles, failed, row_into};
use super::registry::OfSet;
use super::work::Work;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, TypeSignature, Volatility};
use datafusion::scalar::ScalarValue;
use std::mem::size_of;
use std::sync::Arc;
use vigie_analysis::error::AnalysisError;

/// A function of a set of rows.
#[derive(Clone, Debug)]
pub(super) struct SetFunction {
    name: &'static str,
    arguments: &'static [&'static str],
    shape: Shape,
    rows_max: usize,
    of: OfSet,
    work: Work,
    signature: Signature,
}

impl SetFunction {
    /// The aggregate.
    pub(super) fn of(
        name: &'static str,
        arguments: &'static [&'static str],
        shape: Shape,
        rows_max: usize,
        of: OfSet,
        work: &Work,
    ) -> AggregateUDF {
        let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
        let work = work.clone();
        AggregateUDF::new_from_impl(Self { name, arguments, shape, rows_max, of, work, signature })
    }
}

told_apart_by_name!(SetFunction);

impl AggregateUDFImpl for SetFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerced(self.name, self.arguments, types)
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(self.shape.data_type())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return exec_err!("{} takes no DISTINCT: it would lose rows that count", self.name);
        }
        Ok(Box::new(Kept { function: self.clone(), columns: vec![Vec::new(); self.arguments.len()] }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = DataType::new_list(DataType::Float64, true);
        let field = |argument: &&str| Field::new(format_state_name(args.name, argument), list.clone(), true);
        Ok(self.arguments.iter().map(field).map(Arc::new).collect())
    }
}

/// The rows of one group.
#[derive(Debug)]
struct Kept {
    function: SetFunction,
    columns: Vec<Vec<f64>>,
}

impl Kept {
    /// A bound of the rows of a group is a bound of the memory of each.
    fn has_room(&self, more: usize) -> Result<()> {
        let (found, max) = (self.columns[0].len() + more, self.function.rows_max);
        if found <= max {
            return Ok(());
        }
        Err(failed(self.function.name, &AnalysisError::TooMany { what: "the rows of a group", found, max }))
    }

    /// The rows sorted, so that the order in which threads brought them does not matter.
    fn sorted(&self) -> Vec<Vec<f64>> {
        let mut order: Vec<usize> = (0..self.columns[0].len()).collect();
        order.sort_by(|&one, &other| {
            let by_column = self.columns.iter().map(|column| column[one].total_cmp(&column[other]));
            by_column.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        self.columns.iter().map(|column| order.iter().map(|&at| column[at]).collect()).collect()
    }
}

impl Accumulator for Kept {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (columns, mut row) = (doubles(values)?, Vec::with_capacity(values.len()));
        for at in 0..values[0].len() {
            if row_into(&columns, at, &mut row) {
                self.has_room(1)?;
                self.columns.iter_mut().zip(&row).for_each(|(column, number)| column.push(*number));
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for at in 0..states[0].len() {
            let lists = states.iter().map(|state| state.as_list::<i32>().value(at)).collect::<Vec<_>>();
            self.has_room(lists[0].len())?;
            for (column, list) in self.columns.iter_mut().zip(doubles(&lists)?) {
                column.extend(list.values());
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |column: &Vec<f64>| {
            let numbers: Vec<ScalarValue> = column.iter().map(|number| ScalarValue::from(*number)).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&numbers, &DataType::Float64))
        };
        Ok(self.columns.iter().map(list).collect())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let answer = said(self.function.name, (self.function.of)(&self.sorted(), &self.function.work))?;
        ScalarValue::try_from_array(&self.function.shape.column(&[Some(answer)]), 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.columns.iter().map(|column| column.capacity() * size_of::<f64>()).sum::<usize>()
    }
}

/// The answer, or a note in its place where there is too little to answer from; numbers that cannot be fail the statement.
pub(super) fn said(name: &str, found: std::result::Result<Answer, AnalysisError>) -> Result<Answer> {
    match found {
        Ok(answer) => Ok(answer),
        Err(error @ (AnalysisError::OutOfRange { .. } | AnalysisError::TooMany { .. })) => Err(failed(name, &error)),
        Err(error) => Ok(Answer::why_not(&error)),
    }
}
