//! Functions of PostgreSQL that tell of objects, as far as there are such objects here.
//!
//! Each gives a constant, or what is known of an object by its number; none looks at anything outside of its arguments. A setting
//! that is not one of the few told is an error, as it would be a thing of the server and not of the tables.

use super::absent::{NO_NUMBER, NO_TEXT, NO_TEXTS, PATTERN};
use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings that questions about tables compare with.
const SETTINGS: [(&str, &str); 1] = [("default_table_access_method", "heap")];

/// Longest pattern whose escapes are changed, in bytes: a function that makes twice as much as it reads could be called on its own
/// answers.
const PATTERN_BYTES_MAX: usize = 256;

/// What is known of objects, by their numbers.
pub(crate) type Texts = BTreeMap<i32, String>;

/// Registers a function that always gives the same, whatever it is given.
pub(crate) fn register_constant(session: &SessionContext, name: &str, value: ScalarValue) {
    register(session, name, Gives::Always(value));
}

/// Registers a function that tells something of the object whose number is its first argument.
pub(crate) fn register_texts(session: &SessionContext, name: &str, texts: Texts) {
    register(session, name, Gives::OfObject(texts));
}

/// Registers those that give nothing, for there are no such objects, and those about settings.
pub(crate) fn register_absent(session: &SessionContext) {
    let (number, text) = (ScalarValue::Int32(None), ScalarValue::Utf8(None));
    register_constant(session, NO_NUMBER, number.clone());
    register_constant(session, NO_TEXT, text.clone());
    register_constant(session, NO_TEXTS, texts(&[]));
    for name in ["pg_get_constraintdef", "pg_get_indexdef", "pg_get_serial_sequence"] {
        register_constant(session, name, text.clone());
    }
    // Nobody has types of their own.
    register_constant(session, "to_regtype", number);
    for name in ["obj_description", "col_description", "shobj_description"] {
        register_constant(session, name, text.clone());
    }
    for name in ["pg_collation_is_visible", "pg_function_is_visible", "pg_type_is_visible"] {
        register_constant(session, name, ScalarValue::Boolean(Some(true)));
    }
    register(session, "current_setting", Gives::Setting);
    register(session, PATTERN, Gives::Pattern);
}

/// A list of texts.
pub(crate) fn texts(texts: &[&str]) -> ScalarValue {
    let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    SingleRowListArrayBuilder::new(texts).with_field(&Field::new_list_field(DataType::Utf8, true)).build_list_scalar()
}

fn register(session: &SessionContext, name: &str, gives: Gives) {
    let signature = Signature::one_of(vec![TypeSignature::Nullary, TypeSignature::VariadicAny], Volatility::Stable);
    session.register_udf(ScalarUDF::new_from_impl(Teller { name: name.to_owned(), signature, gives }));
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Teller {
    name: String,
    signature: Signature,
    gives: Gives,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Gives {
    Always(ScalarValue),
    OfObject(Texts),
    Setting,
    /// The pattern of the first argument, in which the second is the escape, with backslashes as escapes.
    Pattern,
}

impl ScalarUDFImpl for Teller {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(match &self.gives {
            Gives::Always(value) => value.data_type(),
            Gives::OfObject(_) | Gives::Setting | Gives::Pattern => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let argument = |index: usize, data_type: &DataType| {
            let missing = || DataFusionError::Execution(format!("{} needs more arguments", self.name));
            let values = args.args.get(index).ok_or_else(missing)?.to_array(args.number_rows)?;
            Ok::<_, DataFusionError>(cast(&values, data_type)?)
        };
        let told: StringArray = match &self.gives {
            Gives::Always(value) => return Ok(ColumnarValue::Scalar(value.clone())),
            Gives::OfObject(texts) => {
                let numbers = argument(0, &DataType::Int32)?;
                numbers.as_primitive::<Int32Type>().iter().map(|number| texts.get(&number?)).collect()
            }
            Gives::Setting => {
                let names = argument(0, &DataType::Utf8)?;
                names.as_string::<i32>().iter().map(|name| name.map(setting).transpose()).collect::<Result<_, _>>()?
            }
            Gives::Pattern => {
                let (patterns, escapes) = (argument(0, &DataType::Utf8)?, argument(1, &DataType::Utf8)?);
                let both = patterns.as_string::<i32>().iter().zip(escapes.as_string::<i32>());
                both.map(|(pattern, escape)| pattern.zip(escape).map(backslashed).transpose())
                    .collect::<Result<_, _>>()?
            }
        };
        Ok(ColumnarValue::Array(Arc::new(told)))
    }
}

fn setting(name: &str) -> Result<&'static str, DataFusionError> {
    let found = SETTINGS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| DataFusionError::Execution(format!("the setting {name} is not available")))
}

fn backslashed((pattern, escape): (&str, &str)) -> Result<String, DataFusionError> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(DataFusionError::Execution(format!("patterns with ESCAPE have at most {PATTERN_BYTES_MAX} bytes")));
    }
    let mut letters = pattern.chars();
    let mut out = String::new();
    while let Some(letter) = letters.next() {
        let is_escape = escape.starts_with(letter);
        let letter = if is_escape { letters.next().unwrap_or(letter) } else { letter };
        if letter == '\\' || is_escape && ['%', '_'].contains(&letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_the_same_with_backslashes() {
        for (pattern, escape, expected) in [
            ("pg/_%", "/", r"pg\_%"),
            ("a//b/%", "/", r"a/b\%"),
            (r"a\_b", "/", r"a\\_b"),
            (r"a\_b", r"\", r"a\_b"),
            ("a%_", "", "a%_"),
        ] {
            assert_eq!(backslashed((pattern, escape)).unwrap(), expected, "{pattern}");
        }
        assert!(backslashed((&"x".repeat(PATTERN_BYTES_MAX + 1), "/")).is_err());
    }
}
