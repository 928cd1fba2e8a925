//! The shorthand for the values of a series: `1 2 _ 4x3 0+2x4`.
//!
//! Words separated by blanks, one value every interval: a number; `_` for a value that is missing; `4x3` for `4 4 4`;
//! `_x3` for three missing ones; `0+2x4` for `0 2 4 6`, and `9-3x3` for `9 6 3`.

use vigie_model::decimal::Decimal;

/// Values of one series at most: a year of minutes.
pub(crate) const VALUES_MAX: usize = 600_000;

/// The values, `None` where one is missing.
///
/// # Errors
/// What is wrong, and at which byte of the text.
pub(crate) fn expand(text: &str) -> Result<Vec<Option<Decimal>>, (usize, String)> {
    let mut values = Vec::new();
    for word in text.split_ascii_whitespace() {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        append(word, &mut values).map_err(|message| (at, message))?;
        if values.len() > VALUES_MAX {
            return Err((at, format!("more than {VALUES_MAX} values")));
        }
    }
    if values.is_empty() { Err((0, "no values".to_owned())) } else { Ok(values) }
}

fn append(word: &str, values: &mut Vec<Option<Decimal>>) -> Result<(), String> {
    let (what, times) = match word.split_once('x') {
        Some((what, times)) => {
            let count = times.parse::<usize>().ok().filter(|count| (1..=VALUES_MAX).contains(count));
            (what, count.ok_or_else(|| format!("'{times}' in '{word}' is not how often: a whole number from 1"))?)
        }
        None => (word, 1),
    };
    if what == "_" {
        values.extend(std::iter::repeat_n(None, times));
        return Ok(());
    }
    // A sign inside the word is a step, unless it belongs to an exponent.
    let step_at =
        what.char_indices().skip(1).find(|(at, c)| matches!(c, '+' | '-') && !what[..*at].ends_with(['e', 'E']));
    let (first, step) = match step_at {
        Some((at, sign)) => {
            let step = number(&what[at + 1..], word)?;
            (&what[..at], if sign == '-' { -step } else { step })
        }
        None => (what, 0),
    };
    let mut next = i128::from(number(first, word)?);
    for _ in 0..times {
        let micros = i64::try_from(next).map_err(|_| format!("'{word}' leaves the range of values"))?;
        values.push(Some(Decimal::from_micros(micros)));
        next += i128::from(step);
    }
    Ok(())
}

/// Millionths of a number.
fn number(text: &str, word: &str) -> Result<i64, String> {
    let found = text.parse::<Decimal>();
    found.map(Decimal::micros).map_err(|error| format!("'{text}' in '{word}': {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let shown = |value: Option<Decimal>| value.map_or("_".to_owned(), |value| value.to_string());
        match expand(text) {
            Ok(values) => values.into_iter().map(shown).collect::<Vec<_>>().join(" "),
            Err((at, message)) => format!("{at}: {message}"),
        }
    }

    #[test]
    fn a_shorthand_says_how_often_and_by_how_much() {
        assert_eq!(shown("1 2.5  _ 4x3"), "1 2.5 _ 4 4 4");
        assert_eq!(shown("_x2 0+2x4 9-3x3"), "_ _ 0 2 4 6 9 6 3");
        assert_eq!(shown("-1-1x2 1e-3 -1e+2+1x2"), "-1 -2 0.001 -100 -99");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(shown(""), "0: no values");
        assert_eq!(shown("1 x3"), "2: '' in 'x3': not a number");
        assert_eq!(shown("1 4x"), "2: '' in '4x' is not how often: a whole number from 1");
        assert_eq!(shown("4x0"), "0: '0' in '4x0' is not how often: a whole number from 1");
        assert_eq!(shown("1x600000 1"), "9: more than 600000 values");
        assert_eq!(shown("9223372036854+1x2"), "0: '9223372036854+1x2' leaves the range of values");
    }
}
