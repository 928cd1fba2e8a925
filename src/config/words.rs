//! Words of the messages about TOML files.

use toml::de::DeValue;

/// The type of a value, as a person would say it.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Keys as part of a sentence.
pub(super) fn listed(keys: &[&str]) -> String {
    match keys {
        [] => "no keys".to_owned(),
        [one] => format!("only '{one}'"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|key| format!("'{key}'")).collect();
            format!("{} or '{last}'", first.join(", "))
        }
    }
}
