//! One alert as the list shows it: the fields of the wire that a person needs, as text that cannot touch the terminal.

use serde::{Deserialize, Deserializer};
use vigie_model::severity::Severity;
use vigie_model::time::parse_rfc3339_ms;

/// The handling of an alert nobody has taken up.
pub(super) const OPEN: &str = "open";

/// An alert, read from an alert's JSON or from the row of a transition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Item {
    /// Its id.
    #[serde(deserialize_with = "harmless")]
    pub(super) alert_id: String,
    /// The rule that raised it.
    #[serde(deserialize_with = "harmless")]
    pub(super) rule: String,
    /// Where.
    #[serde(deserialize_with = "harmless")]
    pub(super) space: String,
    /// How bad, by now.
    pub(super) severity: Severity,
    /// Its condition; in the row of a transition the transition's name.
    #[serde(deserialize_with = "harmless")]
    pub(super) state: String,
    /// Event time of its opening; in the row of a transition that of the transition.
    #[serde(rename = "event_time", deserialize_with = "instant")]
    pub(super) since_ms: i64,
    /// Log time of its opening, or of the transition.
    #[serde(rename = "log_time", deserialize_with = "instant")]
    pub(super) log_ms: i64,
    /// What happened, in words.
    #[serde(deserialize_with = "harmless")]
    pub(super) summary: String,
    /// Place in the alert stream of the newest record that changed it.
    pub(super) offset: u64,
    /// What people did with it, in one word; `None` in the row of a transition.
    #[serde(default, deserialize_with = "harmless_if_any")]
    pub(super) handling: Option<String>,
    /// What suppresses it.
    #[serde(default)]
    pub(super) inhibited_by: Option<Inhibitor>,
    /// Who acknowledged it.
    #[serde(default)]
    pub(super) acknowledged: Option<Act>,
    /// Who shelved it, until when.
    #[serde(default)]
    pub(super) shelved: Option<Act>,
    /// Whose it is.
    #[serde(default)]
    pub(super) assigned: Option<Assigned>,
    /// Why it asks for attention again.
    #[serde(default)]
    pub(super) reannounced: Option<Reannounced>,
    /// Whether it belongs to an exercise.
    #[serde(default)]
    pub(super) exercise: bool,
    /// Whether it is a test.
    #[serde(default)]
    pub(super) test: bool,
}

/// What suppresses an alert.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Inhibitor {
    /// The rule of the other alert.
    #[serde(deserialize_with = "harmless")]
    pub(super) rule: String,
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Act {
    /// Who.
    #[serde(deserialize_with = "harmless")]
    pub(super) operator: String,
    /// Until when it holds.
    #[serde(default, deserialize_with = "harmless_if_any")]
    pub(super) until: Option<String>,
}

/// Whose an alert is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Assigned {
    /// Who has it.
    #[serde(deserialize_with = "harmless")]
    pub(super) to: String,
}

/// Why an alert asks for attention again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Reannounced {
    /// One word.
    #[serde(deserialize_with = "harmless")]
    pub(super) reason: String,
}

impl Item {
    /// Reads an alert or a transition.
    ///
    /// # Errors
    /// When it is neither.
    pub(super) fn read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// What people did with it, in one word.
    #[must_use]
    pub(super) fn handling(&self) -> &str {
        match self.handling.as_deref() {
            Some(OPEN) | None if self.inhibited_by.is_some() => "suppressed",
            handling => handling.unwrap_or(OPEN),
        }
    }

    /// Whether somebody has to take it up.
    #[must_use]
    pub(super) fn is_open(&self) -> bool {
        self.handling() == OPEN
    }

    /// What happened between two states of handling of an alert, in one word; `None` when nobody did anything that shows here.
    pub(super) fn deed_since(&self, before: &Self) -> Option<&str> {
        if self.handling() != before.handling() || self.reannounced != before.reannounced {
            return Some(self.handling());
        }
        if self.assigned != before.assigned {
            return Some("assigned");
        }
        let is_same = self.acknowledged == before.acknowledged && self.shelved == before.shelved;
        (!is_same).then(|| self.handling())
    }

    /// The first eight digits of its id: enough for `vigie explain`.
    #[must_use]
    pub(super) fn short_id(&self) -> &str {
        self.alert_id.get(..8).unwrap_or(&self.alert_id)
    }
}

/// Text without control characters: a summary holds names from outside, and a terminal obeys what it is sent.
#[must_use]
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn harmless<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    String::deserialize(from).map(|text| plain(&text))
}

fn harmless_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(from).map(|text| text.as_deref().map(plain))
}

fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    parse_rfc3339_ms(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_cannot_steer_the_terminal() {
        let row = r#"{"alert_id":"0c7f31aa55","rule":"Crowded","space":"a\u001b[2J","severity":"high","state":"active","event_time":
            "2017-03-12T10:00:00Z","log_time":"2017-03-12T10:00:01Z","summary":"line\nbreak\u0007","offset":4}"#;
        let item = Item::read(row).unwrap();
        assert_eq!((item.space.as_str(), item.summary.as_str()), ("a [2J", "line break "));
        assert_eq!((item.handling(), item.is_open(), item.short_id()), ("open", true, "0c7f31aa"));
        assert!(Item::read("{}").is_err());
    }
}
