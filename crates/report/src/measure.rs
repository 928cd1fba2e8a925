//! A measure that somebody took: in which spaces, and from which day on.
//!
//! ```
//! use vigie_report::measure::Measure;
//! let lamps: Measure = "New lamps=market,old-town@2025-07-01".parse()?;
//! assert_eq!((lamps.name.as_deref(), lamps.spaces.len()), (Some("New lamps"), 2));
//! assert_eq!(lamps.to_string(), "New lamps=market,old-town@2025-07-01");
//! # Ok::<(), vigie_report::measure::MeasureError>(())
//! ```

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A measure, written `[NAME=]SPACE[,SPACE...]@DATE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Measure {
    /// What people call it.
    pub name: Option<String>,
    /// Ids of the spaces it was taken in; at least one.
    pub spaces: Vec<String>,
    /// First day on which it held, in the centre's zone.
    pub from: Date,
}

/// A text that is no measure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wrong}; expected [NAME=]SPACE[,SPACE...]@DATE, as in 'New lamps=market,old-town@2025-07-01'")]
pub struct MeasureError {
    wrong: String,
}

impl FromStr for Measure {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let wrong = |wrong: String| MeasureError { wrong };
        let (places, day) = text.rsplit_once('@').ok_or_else(|| wrong("there is no '@' with a date".to_owned()))?;
        let from = day.trim().parse().map_err(|_| wrong(format!("'{day}' is no date of the form YYYY-MM-DD")))?;
        let (name, spaces) = match places.split_once('=') {
            Some((name, spaces)) => (Some(name.trim().to_owned()).filter(|name| !name.is_empty()), spaces),
            None => (None, places),
        };
        let spaces: Vec<String> = spaces.split(',').map(|space| space.trim().to_owned()).collect();
        if spaces.iter().any(String::is_empty) {
            return Err(wrong(format!("'{places}' names no space, or an empty one")));
        }
        Ok(Self { name, spaces, from })
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}=")?;
        }
        write!(f, "{}@{}", self.spaces.join(","), self.from)
    }
}

impl TryFrom<String> for Measure {
    type Error = MeasureError;

    fn try_from(text: String) -> Result<Self, MeasureError> {
        text.parse()
    }
}

impl From<Measure> for String {
    fn from(measure: Measure) -> Self {
        measure.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_measure_is_said_with_what_was_expected() {
        for (text, wrong) in [
            ("market", "there is no '@' with a date"),
            ("market@July", "'July' is no date of the form YYYY-MM-DD"),
            ("@2025-07-01", "'' names no space, or an empty one"),
            ("Lamps=a,,b@2025-07-01", "'Lamps=a,,b' names no space, or an empty one"),
        ] {
            let said = text.parse::<Measure>().unwrap_err().to_string();
            assert_eq!(said.split_once("; expected").unwrap().0, wrong);
        }
    }

    #[test]
    fn ids_may_hold_an_at_sign() {
        let measure: Measure = " a@b , c@2025-07-01".parse().unwrap();
        assert_eq!(measure.spaces, ["a@b", "c"]);
        assert_eq!(measure.to_string(), "a@b,c@2025-07-01");
    }
}
