//! Arguments as columns of doubles.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::{DataFusionError, Result};
use vigie_analysis::error::AnalysisError;

/// The types to which arguments are cast: all measures take numbers.
///
/// # Errors
/// With how the function is called, when the number or type of arguments is wrong.
pub(super) fn coerced(name: &str, arguments: &[&str], types: &[DataType]) -> Result<Vec<DataType>> {
    if types.len() != arguments.len() {
        return plan_err!("{name} takes {} arguments: {name}({})", arguments.len(), arguments.join(", "));
    }
    for (argument, given) in arguments.iter().zip(types) {
        if !given.is_numeric() && *given != DataType::Null {
            return plan_err!("{name}({}): {argument} is of type {given}; it has to be a number", arguments.join(", "));
        }
    }
    Ok(vec![DataType::Float64; types.len()])
}

/// The columns of doubles that arguments were cast to.
///
/// # Errors
/// When one is no such column, which the cast rules out.
pub(super) fn doubles(columns: &[ArrayRef]) -> Result<Vec<&Float64Array>> {
    let double = |column: &'_ ArrayRef| match column.data_type() {
        DataType::Float64 => Ok(()),
        other => exec_err!("an argument is of type {other}, not double"),
    };
    columns.iter().try_for_each(double)?;
    Ok(columns.iter().map(AsArray::as_primitive::<Float64Type>).collect())
}

/// The numbers of a row into `row`; false when one is null.
pub(super) fn row_into(columns: &[&Float64Array], at: usize, row: &mut Vec<f64>) -> bool {
    row.clear();
    row.extend(columns.iter().filter(|column| column.is_valid(at)).map(|column| column.value(at)));
    row.len() == columns.len()
}

/// Fails a statement over a number that cannot be.
pub(super) fn failed(name: &str, error: &AnalysisError) -> DataFusionError {
    DataFusionError::Execution(format!("{name}: {error}"))
}
