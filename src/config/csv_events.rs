//! What a `[[csv]]` section says of incidents and perceptions: tables whose keys are fields of events, columns of the file,
//! or words of a questionnaire.

use super::report::Located;
use super::toml_reader::Section;
use std::collections::BTreeMap;
use vigie_ingest::decode::csv::event_spec::{Answer, EventField, EventKind, ValueKind};
use vigie_model::diagnostic::did_you_mean;

/// What the values of perceptions may be.
const VALUES: [(&str, ValueKind); 6] = [
    ("answer", ValueKind::Answer),
    ("safe_percent", ValueKind::SafePercent),
    ("unsafe_percent", ValueKind::UnsafePercent),
    ("safe_share", ValueKind::SafeShare),
    ("unsafe_share", ValueKind::UnsafeShare),
    ("unsafe_count", ValueKind::UnsafeCount),
];
/// What an answer may mean.
const ANSWERS: [(&str, Answer); 3] = [("safe", Answer::Safe), ("unsafe", Answer::Unsafe), ("refused", Answer::Refused)];

/// What the rows are.
pub(super) fn event(section: &mut Section<'_>) -> EventKind {
    let kinds = [EventKind::Observation, EventKind::Incident, EventKind::Perception].map(|kind| (kind.as_str(), kind));
    section.choice("event", &kinds).unwrap_or_default()
}

/// What the values are.
pub(super) fn value_is(section: &mut Section<'_>) -> Option<ValueKind> {
    section.choice("value_is", &VALUES)
}

/// The fields of events that the table names, but those the caller reads itself.
pub(super) fn event_fields(section: &mut Section<'_>, but: &[EventField]) -> BTreeMap<EventField, String> {
    let fields = EventField::ALL.into_iter().filter(|field| !but.contains(field));
    fields.filter_map(|field| section.text(field.key()).map(|text| (field, text.value.to_owned()))).collect()
}

/// The scale of single answers.
pub(super) fn answers(section: Section<'_>) -> BTreeMap<String, Answer> {
    let report = section.report();
    let mut answers = BTreeMap::new();
    for (word, meaning) in section.named_words() {
        match ANSWERS.iter().find(|(known, _)| *known == meaning.value) {
            Some((_, answer)) => {
                answers.insert(word.value.to_owned(), *answer);
            }
            None => {
                let words = ANSWERS.map(|(known, _)| known);
                let error = report.error(meaning.at, format!("an answer cannot mean '{}'", meaning.value));
                report.add(error.expected(words.join(", ")).hint_opt(did_you_mean(meaning.value, words)));
            }
        }
    }
    answers
}

/// Columns with the texts of rows that are read.
pub(super) fn only_rows(section: Section<'_>) -> BTreeMap<String, Vec<String>> {
    let owned = |texts: Vec<Located<&str>>| texts.iter().map(|text| text.value.to_owned()).collect();
    section.named_texts().into_iter().map(|(column, texts)| (column.value.to_owned(), owned(texts))).collect()
}

/// Words of the file with the words kept, by field.
pub(super) fn words(section: Section<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let fields = section.named_sections();
    fields.into_iter().map(|(field, section)| (field.value.to_owned(), named_words(section))).collect()
}

/// A table of texts whose keys the user chooses.
pub(super) fn named_words(section: Section<'_>) -> BTreeMap<String, String> {
    let words = section.named_words().into_iter();
    words.map(|(name, word)| (name.value.to_owned(), word.value.to_owned())).collect()
}
