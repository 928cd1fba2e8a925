//! Texts of one array, whatever its type.

use crate::decode::arrow_ipc::error::Unreadable;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::DataType;

/// Stands for a row without a key.
pub(super) const NO_KEY: u32 = u32::MAX;
/// Stands for a key that is in no dictionary.
pub(super) const WRONG_KEY: u32 = u32::MAX - 1;

/// An array of texts.
#[derive(Clone, Debug)]
pub(super) enum Texts {
    Short(StringArray),
    Large(LargeStringArray),
    View(StringViewArray),
}

impl Texts {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, Unreadable> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Short(array.as_string().clone())),
            DataType::LargeUtf8 => Ok(Self::Large(array.as_string().clone())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view().clone())),
            _ => Err(Unreadable::Damaged("a column of texts holds something else")),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Short(texts) => texts.len(),
            Self::Large(texts) => texts.len(),
            Self::View(texts) => texts.len(),
        }
    }

    /// The text at `index`, unless it is null.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        match self {
            Self::Short(texts) => texts.is_valid(index).then(|| texts.value(index)),
            Self::Large(texts) => texts.is_valid(index).then(|| texts.value(index)),
            Self::View(texts) => texts.is_valid(index).then(|| texts.value(index)),
        }
    }
}

/// The keys of a dictionary column as indices, [`NO_KEY`] or [`WRONG_KEY`].
pub(super) fn keys(array: &ArrayRef) -> Result<Vec<u32>, Unreadable> {
    match array.data_type() {
        DataType::Int8 => Ok(keys_of::<Int8Type>(array)),
        DataType::Int16 => Ok(keys_of::<Int16Type>(array)),
        DataType::Int32 => Ok(keys_of::<Int32Type>(array)),
        DataType::Int64 => Ok(keys_of::<Int64Type>(array)),
        DataType::UInt8 => Ok(keys_of::<UInt8Type>(array)),
        DataType::UInt16 => Ok(keys_of::<UInt16Type>(array)),
        DataType::UInt32 => Ok(keys_of::<UInt32Type>(array)),
        DataType::UInt64 => Ok(keys_of::<UInt64Type>(array)),
        _ => Err(Unreadable::Damaged("the keys of a dictionary are no whole numbers")),
    }
}

fn keys_of<T: ArrowPrimitiveType<Native: TryInto<u32>>>(array: &ArrayRef) -> Vec<u32> {
    let array = array.as_primitive::<T>();
    let key = |key: &T::Native| (*key).try_into().ok().filter(|key| *key < WRONG_KEY).unwrap_or(WRONG_KEY);
    let mut keys: Vec<u32> = array.values().iter().map(key).collect();
    if let Some(nulls) = array.nulls() {
        keys.iter_mut().zip(nulls).filter(|(_, is_there)| !is_there).for_each(|(key, _)| *key = NO_KEY);
    }
    keys
}
