//! How large rows are for the expressions that work on them, and batches of rows in portions that are not too large.
//!
//! Functions make new values out of those of a row: `concat(a, a)` one twice as long as `a`. What they make is outside of the
//! memory pool until an operator keeps it, so it has to be bounded before it is made: by the bytes that an expression reads,
//! each as often as it reads them, for whatever this door's functions make is at most about as long as what they read (the
//! guard withholds those that make more of it).
//!
//! **Invariant**: no portion has more than [`PORTION_BYTES_MAX`] to be read, and no row more than [`ROW_BYTES_MAX`]; rows
//! with more are an error.

use super::growth::{TooLarge, bytes_of_literal, times_of_argument};
use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use std::sync::Arc;

/// Most bytes that the expressions of one operator read at a time.
const PORTION_BYTES_MAX: u64 = 16 << 20;
/// Most bytes that they read of one row. Operators gather rows to batches of [`super::growth::ROWS_OF_LONG_VALUES`]; so many of
/// this size are 64 MiB.
const ROW_BYTES_MAX: u64 = 64 << 10;
/// Bytes of a value that is no text or list, about.
const FIXED_BYTES: u64 = 16;

/// How often each column of a batch is read, and how much besides for each row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weights {
    columns: Vec<u64>,
    constant: u64,
}

impl Weights {
    /// Of expressions over a batch of so many columns. A column alone is handed on without being read.
    pub(crate) fn of(expressions: &[Arc<dyn PhysicalExpr>], columns: usize) -> Self {
        let mut weights = Self { columns: vec![0; columns], constant: 0 };
        for expression in expressions.iter().filter(|expression| !expression.is::<Column>()) {
            weights.add(expression, 1);
        }
        weights
    }

    /// Of a batch whose columns are all copied, once for each row.
    pub(crate) fn whole(columns: usize) -> Self {
        Self { columns: vec![1; columns], constant: 0 }
    }

    /// Whether anything is read at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.constant == 0 && self.columns.iter().all(|times| *times == 0)
    }

    fn add(&mut self, expression: &Arc<dyn PhysicalExpr>, times: u64) {
        if let Some(column) = expression.downcast_ref::<Column>() {
            if let Some(of_column) = self.columns.get_mut(column.index()) {
                *of_column = of_column.saturating_add(times);
            }
            return;
        }
        if let Some(literal) = expression.downcast_ref::<Literal>() {
            let bytes = bytes_of_literal(literal.value()).saturating_mul(times);
            self.constant = self.constant.saturating_add(bytes);
            return;
        }
        self.constant = self.constant.saturating_add(FIXED_BYTES.saturating_mul(times));
        // A comparison looks at its constants, and makes nothing of them.
        let compares = expression.is::<InListExpr>()
            || expression.downcast_ref::<BinaryExpr>().is_some_and(|binary| *binary.op() != Operator::StringConcat);
        let children = expression.children();
        let name = expression.downcast_ref::<ScalarFunctionExpr>().map_or("", ScalarFunctionExpr::name);
        for (index, child) in children.iter().enumerate() {
            if !(compares && child.is::<Literal>()) {
                self.add(child, times.saturating_mul(times_of_argument(name, index, children.len())));
            }
        }
    }

    /// The batch in portions.
    ///
    /// # Errors
    /// When a row is too large.
    pub(crate) fn portions(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, DataFusionError> {
        let rows = batch.num_rows();
        let mut bytes = vec![self.constant; rows];
        for (column, times) in batch.columns().iter().zip(&self.columns).filter(|(_, times)| **times > 0) {
            for (row, of_value) in bytes.iter_mut().zip(bytes_of_values(column)) {
                *row = row.saturating_add(of_value.saturating_mul(*times));
            }
        }
        if bytes.iter().any(|row| *row > ROW_BYTES_MAX) {
            let said = format!(
                "a row has more than {} KiB of texts and lists to compute with; take a part of them, as with left() or \
                 array_slice()",
                ROW_BYTES_MAX >> 10
            );
            return Err(TooLarge::error(said));
        }
        let (mut portions, mut begin, mut taken) = (Vec::new(), 0, 0);
        for (row, of_row) in bytes.iter().enumerate() {
            if taken + of_row > PORTION_BYTES_MAX {
                portions.push(batch.slice(begin, row - begin));
                (begin, taken) = (row, 0);
            }
            taken += of_row;
        }
        portions.push(batch.slice(begin, rows - begin));
        Ok(portions)
    }
}

/// Bytes of each value of an array.
fn bytes_of_values(array: &ArrayRef) -> Vec<u64> {
    fn lengths<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<u64> {
        offsets.windows(2).map(|pair| (pair[1].as_usize() - pair[0].as_usize()) as u64).collect()
    }
    fn items<O: OffsetSizeTrait>(offsets: &[O], values: &ArrayRef) -> Vec<u64> {
        let sums = sums(values);
        let item = |pair: &[O]| sums[pair[1].as_usize()] - sums[pair[0].as_usize()];
        offsets.windows(2).map(|pair| FIXED_BYTES + item(pair)).collect()
    }
    // The low half of a view is the length of what it shows.
    fn viewed(views: &[u128]) -> Vec<u64> {
        views.iter().map(|view| FIXED_BYTES + (view & u128::from(u32::MAX)) as u64).collect()
    }
    match array.data_type() {
        DataType::Utf8 => lengths(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => lengths(array.as_string::<i64>().value_offsets()),
        DataType::Binary => lengths(array.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => lengths(array.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => viewed(array.as_string_view().views()),
        DataType::BinaryView => viewed(array.as_binary_view().views()),
        DataType::List(_) => items(array.as_list::<i32>().value_offsets(), array.as_list::<i32>().values()),
        DataType::LargeList(_) => items(array.as_list::<i64>().value_offsets(), array.as_list::<i64>().values()),
        DataType::Map(..) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            items(map.value_offsets(), &entries)
        }
        DataType::FixedSizeList(_, length) => {
            let (values, length) = (sums(array.as_fixed_size_list().values()), usize::try_from(*length).unwrap_or(0));
            (0..array.len()).map(|row| values[(row + 1) * length] - values[row * length]).collect()
        }
        DataType::Struct(_) => {
            let mut bytes = vec![0; array.len()];
            for column in array.as_struct().columns() {
                bytes.iter_mut().zip(bytes_of_values(column)).for_each(|(sum, of_value)| *sum += of_value);
            }
            bytes
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = bytes_of_values(dictionary.values());
            dictionary.normalized_keys().into_iter().map(|key| values.get(key).copied().unwrap_or(0)).collect()
        }
        _ => vec![FIXED_BYTES; array.len()],
    }
}

/// Bytes of the values in front of each place, and of all.
fn sums(array: &ArrayRef) -> Vec<u64> {
    let mut sum = 0;
    let behind = bytes_of_values(array).into_iter().map(|bytes| {
        sum += bytes;
        sum
    });
    std::iter::once(0).chain(behind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, ListArray, StringArray, StringViewArray};
    use arrow::datatypes::{Field, Int32Type, Schema};
    use datafusion::scalar::ScalarValue;

    fn batch(texts: &[&str]) -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(texts.to_vec())),
            Arc::new(StringViewArray::from(texts.to_vec())),
            Arc::new(Int64Array::from(vec![1; texts.len()])),
        ];
        let fields: Vec<Field> = columns
            .iter()
            .zip(["text", "view", "number"])
            .map(|(column, name)| Field::new(name, column.data_type().clone(), true))
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    fn joined(times: usize) -> Arc<dyn PhysicalExpr> {
        let column = || Arc::new(Column::new("text", 0)) as Arc<dyn PhysicalExpr>;
        (1..times).fold(column(), |left, _| Arc::new(BinaryExpr::new(left, Operator::StringConcat, column())))
    }

    #[test]
    fn a_column_counts_as_often_as_it_is_read_and_for_nothing_alone() {
        assert_eq!(Weights::of(&[joined(5)], 3).columns, [5, 0, 0]);
        assert!(Weights::of(&[joined(1)], 3).is_empty());
        let literal = Arc::new(Literal::new(ScalarValue::from("x".repeat(1_000)))) as Arc<dyn PhysicalExpr>;
        assert_eq!(Weights::of(&[Arc::clone(&literal)], 3).constant, 1_000);
        let compared = Arc::new(BinaryExpr::new(joined(1), Operator::Eq, literal)) as Arc<dyn PhysicalExpr>;
        assert_eq!(Weights::of(&[compared], 3), Weights { columns: vec![1, 0, 0], constant: FIXED_BYTES });
    }

    #[test]
    fn portions_hold_all_rows_and_none_is_too_large() {
        let text = "x".repeat(10_000);
        let batch = batch(&vec![text.as_str(); 5_000]);
        let portions = Weights::of(&[joined(6)], 3).portions(&batch).unwrap();
        assert_eq!(portions.iter().map(RecordBatch::num_rows).sum::<usize>(), 5_000);
        let most = portions.iter().map(RecordBatch::num_rows).max().unwrap() as u64;
        assert!(most * 60_000 <= PORTION_BYTES_MAX && portions.len() > 10, "{most} rows, {} portions", portions.len());
        let refused = Weights::of(&[joined(7)], 3).portions(&batch).unwrap_err();
        assert!(refused.to_string().contains("more than 64 KiB"), "{refused}");
        assert!(Weights::whole(3).portions(&batch.slice(0, 0)).unwrap()[0].num_rows() == 0);
    }

    #[test]
    fn lists_count_with_what_is_in_them() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1); 3]), None, Some(vec![])]);
        assert_eq!(bytes_of_values(&(Arc::new(lists.clone()) as ArrayRef)), [64, 16, 16]);
        assert_eq!(bytes_of_values(&(Arc::new(lists.slice(1, 2)) as ArrayRef)), [16, 16]);
        let batch = batch(&["a", "a text of more than twelve bytes"]);
        assert_eq!(bytes_of_values(batch.column(1)), [17, 48]);
    }
}
