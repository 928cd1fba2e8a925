//! The aggregate `weighted_share`, which keeps three sums, whatever the number of rows.

use super::aggregate::said;
use super::answer::{Answer, Shape};
use super::named::told_apart_by_name;
use super::numbers::{coerced, doubles, failed, row_into};
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, TypeSignature, Volatility};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vigie_analysis::error::AnalysisError;
use vigie_analysis::share::WeightedShare;

/// The function.
#[derive(Debug)]
pub(super) struct WeightedShareFunction {
    name: &'static str,
    arguments: &'static [&'static str],
    shape: Shape,
    signature: Signature,
}

impl WeightedShareFunction {
    /// The aggregate.
    pub(super) fn of(name: &'static str, arguments: &'static [&'static str], shape: Shape) -> AggregateUDF {
        let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
        AggregateUDF::new_from_impl(Self { name, arguments, shape, signature })
    }
}

told_apart_by_name!(WeightedShareFunction);

impl AggregateUDFImpl for WeightedShareFunction {
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
            return exec_err!("{} takes no DISTINCT: it would lose answers that count", self.name);
        }
        Ok(Box::new(Answers { name: self.name, shape: self.shape, sums: WeightedShare::default() }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |sum| Arc::new(Field::new(format_state_name(args.name, sum), DataType::Float64, true));
        Ok(["weights", "weighted", "squares"].map(field).to_vec())
    }
}

#[derive(Debug)]
struct Answers {
    name: &'static str,
    shape: Shape,
    sums: WeightedShare,
}

impl Accumulator for Answers {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (columns, mut row) = (doubles(values)?, Vec::with_capacity(values.len()));
        for at in 0..values[0].len() {
            if row_into(&columns, at, &mut row) {
                self.sums.take(row[0], row[1], row[2]).map_err(|error| failed(self.name, &error))?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (columns, mut row) = (doubles(states)?, Vec::with_capacity(states.len()));
        for at in 0..states[0].len() {
            if row_into(&columns, at, &mut row) {
                self.sums.merge(&WeightedShare::of_sums([row[0], row[1], row[2]]));
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(self.sums.sums().map(ScalarValue::from).to_vec())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        // Nobody asked is too little, not a number that cannot be.
        let found = if self.sums.effective_n() > 0.0 {
            self.sums.share()
        } else {
            Err(AnalysisError::TooFew { what: "the answers", found: 0, needed: 1 })
        };
        let answer = said(self.name, found.map(|share| Answer::default().with(Some(share))))?;
        let numbers = answer.numbers.iter().copied().chain([Some(self.sums.effective_n())]).collect();
        let answer = if answer.note.is_none() { Answer { numbers, ..answer } } else { answer };
        ScalarValue::try_from_array(&self.shape.column(&[Some(answer)]), 0)
    }

    fn size(&self) -> usize {
        std::mem::size_of::<Self>()
    }
}
