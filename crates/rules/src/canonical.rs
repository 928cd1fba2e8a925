//! A node of a rule file as canonical text: the same for every order of keys, quoting and layout.

use crate::yaml::{Node, Value};

/// The canonical text of a node. Lengths stand before texts, so that different nodes never give the same text.
pub(crate) fn of(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => format!("{}:{}", scalar.text.len(), scalar.text),
        Value::Sequence(items) => format!("[{}]", items.iter().map(of).collect::<String>()),
        Value::Mapping(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (of(key), of(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.into_iter().map(|(key, value)| key + &value).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Problems, read};

    fn canonical(text: &str) -> String {
        of(&read(text, &mut Problems::of("a".into())).unwrap())
    }

    #[test]
    fn layout_does_not_show_but_content_does() {
        assert_eq!(canonical("{a: 1, b: ['x', y]}"), canonical("b:\n- x\n- \"y\"\na: '1'\n"));
        assert_ne!(canonical("{a: 1, b: 2}"), canonical("{a: 2, b: 1}"));
    }
}
