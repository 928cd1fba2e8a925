//! Measures of a row as scalar functions.

use super::answer::Shape;
use super::named::told_apart_by_name;
use super::numbers::{coerced, doubles, failed, row_into};
use super::registry::{IntervalOf, NumberOf, PartsOf};
use super::work::Work;
use arrow::array::{ArrayRef, Float64Builder};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use vigie_analysis::displace::REPLICATES;

/// Which number of an estimate a function gives.
#[derive(Clone, Copy, Debug)]
enum Part {
    Value,
    Low,
    High,
}

#[derive(Clone, Copy, Debug)]
enum Compute {
    Number(NumberOf),
    Interval(IntervalOf, Part),
    Parts(Shape, PartsOf),
}

/// A function of the numbers of a row.
#[derive(Debug)]
pub(super) struct RowFunction {
    name: String,
    arguments: &'static [&'static str],
    signature: Signature,
    compute: Compute,
    work: Work,
}

impl RowFunction {
    fn of(name: String, arguments: &'static [&'static str], compute: Compute, work: &Work) -> ScalarUDF {
        let signature = Signature::new(TypeSignature::UserDefined, Volatility::Immutable);
        ScalarUDF::new_from_impl(Self { name, arguments, signature, compute, work: work.clone() })
    }

    /// The function of a number.
    pub(super) fn number(name: &str, arguments: &'static [&'static str], of: NumberOf, work: &Work) -> ScalarUDF {
        Self::of(name.to_owned(), arguments, Compute::Number(of), work)
    }

    /// The three functions of an interval.
    pub(super) fn interval(
        name: &str,
        arguments: &'static [&'static str],
        of: IntervalOf,
        work: &Work,
    ) -> [ScalarUDF; 3] {
        [("", Part::Value), ("_low", Part::Low), ("_high", Part::High)]
            .map(|(end, part)| Self::of(format!("{name}{end}"), arguments, Compute::Interval(of, part), work))
    }

    /// The function of several numbers. Each call is a bootstrap.
    pub(super) fn parts(
        name: &str,
        arguments: &'static [&'static str],
        shape: Shape,
        of: PartsOf,
        work: &Work,
    ) -> ScalarUDF {
        Self::of(name.to_owned(), arguments, Compute::Parts(shape, of), work)
    }

    /// Calls `each` with the numbers of each row, or `None` when one is null.
    fn rows(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        mut each: impl FnMut(Option<&[f64]>) -> Result<()>,
    ) -> Result<()> {
        let (columns, mut row) = (doubles(columns)?, Vec::with_capacity(columns.len()));
        for at in 0..rows {
            let is_whole = row_into(&columns, at, &mut row);
            each(is_whole.then_some(row.as_slice()))?;
        }
        Ok(())
    }

    fn numbers(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let mut found = Float64Builder::with_capacity(rows);
        self.rows(columns, rows, |row| {
            let number = match (row, self.compute) {
                (None, _) | (_, Compute::Parts(..)) => Ok(None),
                (Some(row), Compute::Number(of)) => of(row),
                (Some(row), Compute::Interval(of, part)) => of(row).map(|estimate| {
                    estimate.map(|estimate| match part {
                        Part::Value => estimate.value,
                        Part::Low => estimate.low,
                        Part::High => estimate.high,
                    })
                }),
            };
            found.append_option(number.map_err(|error| failed(&self.name, &error))?);
            Ok(())
        })?;
        Ok(Arc::new(found.finish()))
    }
}

told_apart_by_name!(RowFunction);

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        coerced(&self.name, self.arguments, types)
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(match &self.compute {
            Compute::Parts(shape, _) => shape.data_type(),
            Compute::Number(_) | Compute::Interval(..) => DataType::Float64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // Literals stay one row, whose answer stands for all.
        let is_one = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_one { 1 } else { args.number_rows };
        let columns = args.args.into_iter().map(|argument| argument.into_array(rows)).collect::<Result<Vec<_>>>()?;
        let Compute::Parts(shape, of) = self.compute else {
            return spread(self.numbers(&columns, rows)?, is_one);
        };
        let mut answers = Vec::with_capacity(rows);
        self.rows(&columns, rows, |row| {
            let drawn = |row| self.work.take((6 * REPLICATES) as u64).and_then(|()| of(row));
            answers.push(row.map(drawn).transpose().map_err(|error| failed(&self.name, &error))?);
            Ok(())
        })?;
        spread(Arc::new(shape.column(&answers)), is_one)
    }
}

/// A column; where its one row stands for all, that row as a scalar.
fn spread(found: ArrayRef, is_one: bool) -> Result<ColumnarValue> {
    Ok(if is_one {
        ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?)
    } else {
        ColumnarValue::Array(found)
    })
}
