//! What a `[[csv]]` section about incidents, perceptions, or observations by position means: checked, with everything wrong
//! told at once.

use crate::decode::csv::event_spec::{Answer, EventField, EventKind, ValueKind};
use crate::decode::csv::spec::{Layout, MappingSpec, Role, TargetIds, TargetSpec};
use crate::decode::feed::FeedSpec;
use crate::limits::{GROUP_ENTRIES_MAX, WORD_BYTES_MAX};
use std::collections::BTreeMap;

/// The word of `words` for the values of a population group.
const GROUP: &str = "group";
/// Ids that `words` may keep other words for.
const IDS: [&str; 4] = ["space", "sensor", "node", "metric"];

/// A checked mapping onto native events.
#[derive(Clone, Debug)]
pub(super) struct EventMapping {
    pub(super) kind: EventKind,
    pub(super) value_is: Option<ValueKind>,
    pub(super) answers: BTreeMap<String, Answer>,
    /// The words of `answers` in one text, when no column or constant says the scale.
    pub(super) scale: Option<String>,
    pub(super) thousands: Option<char>,
    pub(super) words: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) constants: TargetIds,
    pub(super) quality: Option<String>,
    pub(super) names: BTreeMap<String, TargetIds>,
    pub(super) names_are: Vec<Role>,
    pub(super) feed: FeedSpec,
}

/// A key and what is wrong with it.
pub(super) type Wrong = (&'static str, String);

/// Whether rows of a section become native events: all but observations that have nothing but ids and a value.
pub(super) fn is_of_events(spec: &MappingSpec) -> bool {
    let of_target = |target: &TargetSpec| match target {
        TargetSpec::Id(_) => false,
        TargetSpec::Ids(ids) => !ids.fields.is_empty() || !ids.group.is_empty(),
    };
    let of_columns = !spec.columns.fields.is_empty() || !spec.columns.group.is_empty();
    let of_constants = !spec.constants.fields.is_empty() || !spec.constants.group.is_empty();
    spec.event != EventKind::Observation || of_columns || of_constants || spec.names.values().any(of_target)
}

impl EventMapping {
    /// Checks what only such sections say; `feed` is that of the rows.
    pub(super) fn new(spec: &MappingSpec, feed: &str) -> Result<Self, Vec<Wrong>> {
        let mut wrong = Vec::new();
        check_fields(spec, &mut wrong);
        check_values(spec, &mut wrong);
        check_complete(spec, &mut wrong);
        check_words(spec, &mut wrong);
        let thousands = spec.thousands.as_deref().map(one_char).transpose();
        let thousands = thousands.unwrap_or_else(|text| {
            wrong.push(("thousands", text));
            None
        });
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let constants = spec.constants.clone();
        Ok(Self {
            kind: spec.event,
            value_is: spec.value_is,
            scale: scale_of(spec),
            answers: spec.answers.clone(),
            thousands,
            words: spec.words.clone(),
            quality: constants.quality,
            constants: TargetIds {
                space: constants.space,
                sensor: constants.sensor,
                node: constants.node,
                metric: constants.metric,
                group: constants.group,
                fields: constants.fields,
            },
            names: spec.names.iter().map(|(name, target)| (name.clone(), target_of(target, &spec.names_are))).collect(),
            names_are: spec.names_are.clone(),
            feed: FeedSpec::named(feed),
        })
    }
}

/// What a name stands for.
fn target_of(target: &TargetSpec, names_are: &[Role]) -> TargetIds {
    match target {
        TargetSpec::Id(id) => same_id(id, names_are),
        TargetSpec::Ids(ids) => ids.clone(),
    }
}

/// One id in every role.
pub(super) fn same_id(id: &str, names_are: &[Role]) -> TargetIds {
    let of = |role| names_are.contains(&role).then(|| id.to_owned());
    TargetIds {
        space: of(Role::Space),
        sensor: of(Role::Sensor),
        node: of(Role::Node),
        metric: of(Role::Metric),
        ..TargetIds::default()
    }
}

/// Fields that events of this kind do not have.
fn check_fields(spec: &MappingSpec, wrong: &mut Vec<Wrong>) {
    let tables = [("columns", &spec.columns.fields), ("constants", &spec.constants.fields)];
    let named = spec.names.values().filter_map(|target| match target {
        TargetSpec::Ids(ids) => Some(("names", &ids.fields)),
        TargetSpec::Id(_) => None,
    });
    for (table, fields) in tables.into_iter().chain(named) {
        for field in fields.keys().filter(|field| !field.belongs_to(spec.event)) {
            wrong.push((table, format!("{table}.{}: {} has no {0}", field.key(), spec.event.with_article())));
        }
    }
    if spec.event != EventKind::Perception && !(spec.columns.group.is_empty() && spec.constants.group.is_empty()) {
        wrong.push(("columns", format!("group: {} has none", spec.event.with_article())));
    }
    if spec.columns.group.len() + spec.constants.group.len() > GROUP_ENTRIES_MAX {
        wrong.push(("columns", format!("group has more than {GROUP_ENTRIES_MAX} entries")));
    }
    if spec.event != EventKind::Observation {
        let metric = [&spec.columns.metric, &spec.columns.quality, &spec.columns.seq, &spec.constants.metric];
        if metric.into_iter().any(Option::is_some) {
            wrong.push(("columns", format!("metric, quality and seq: {} has none", spec.event.with_article())));
        }
        if spec.label.is_some() || spec.interval.is_some() || spec.factor.is_some() {
            wrong.push(("event", "interval, label and factor belong to observations".to_owned()));
        }
    }
}

/// Where the values are, and what they are.
fn check_values(spec: &MappingSpec, wrong: &mut Vec<Wrong>) {
    match (spec.event, spec.layout) {
        (EventKind::Perception, _) if spec.value_is.is_none() => {
            let kinds = "answer, safe_percent, unsafe_percent, safe_share, unsafe_share or unsafe_count";
            wrong.push(("value_is", format!("value_is is missing: what the values are; expected {kinds}")));
        }
        (EventKind::Incident | EventKind::Observation, Layout::Wide) => {
            let text = "the wide layout is for observations that name their space, and for perceptions";
            wrong.push(("layout", text.to_owned()));
        }
        (EventKind::Incident, _) if spec.columns.value.is_some() => {
            wrong.push(("columns", "columns.value: an incident has no value".to_owned()));
        }
        (EventKind::Observation, _)
            if spec.columns.value.is_none() && !spec.constants.fields.contains_key(&EventField::Value) =>
        {
            let text =
                "nothing says the value of a row; add it to columns, or to constants if each row counts one thing";
            wrong.push(("columns", text.to_owned()));
        }
        (EventKind::Perception, Layout::Long) if spec.columns.value.is_none() => {
            wrong.push(("columns", "columns.value names no column".to_owned()));
        }
        (EventKind::Perception, Layout::Wide) if spec.columns.id.is_some() => {
            let text = "columns.id: a row of a wide file is several events, which would have one id";
            wrong.push(("columns", text.to_owned()));
        }
        (EventKind::Perception, Layout::Wide) if spec.columns.value.is_some() || spec.columns.name.is_some() => {
            let text = "columns.name and columns.value belong to the long layout; wide files have them in their header";
            wrong.push(("columns", text.to_owned()));
        }
        _ => {}
    }
    if spec.event != EventKind::Perception && (spec.value_is.is_some() || spec.thousands.is_some()) {
        wrong.push(("value_is", "value_is and thousands belong to perceptions".to_owned()));
    }
    match (spec.value_is, spec.answers.is_empty()) {
        (Some(ValueKind::Answer), true) => {
            let text = r#"answers is missing: what each word of the scale means, as in "Very safe" = "safe""#;
            wrong.push(("value_is", text.to_owned()));
        }
        (Some(ValueKind::Answer), false) | (_, true) => {}
        _ => wrong.push(("answers", "answers belongs to value_is = \"answer\"".to_owned())),
    }
    if scale_of(spec).is_some_and(|scale| scale.len() > WORD_BYTES_MAX) {
        let text =
            format!("the words of answers are longer than {WORD_BYTES_MAX} bytes; name the scale in constants.scale");
        wrong.push(("answers", text));
    }
    if spec.value_is == Some(ValueKind::UnsafeCount) && !spec.columns.fields.contains_key(&EventField::N) {
        wrong.push(("columns", "columns.n names no column: unsafe_count is a part of it".to_owned()));
    }
}

/// What every event of the kind needs must come from somewhere.
fn check_complete(spec: &MappingSpec, wrong: &mut Vec<Wrong>) {
    let needed = match spec.event {
        EventKind::Observation => None,
        EventKind::Incident => Some(EventField::Category),
        EventKind::Perception => Some(EventField::Question),
    };
    if let Some(field) = needed.filter(|field| !says(spec, *field)) {
        let text = format!("nothing says the {} of a row; add it to columns, constants or names", field.key());
        wrong.push(("constants", text));
    }
    let no_time = spec.time.is_none();
    if no_time && spec.event == EventKind::Perception && !says(spec, EventField::Wave) {
        wrong.push(("time", "time is missing, and so is a wave, whose year would stand for it".to_owned()));
    }
    let is_named = spec.names_are.contains(&Role::Space)
        || spec.names.values().any(|target| matches!(target, TargetSpec::Ids(ids) if ids.space.is_some()));
    let by_position = says(spec, EventField::Lat) && says(spec, EventField::Lon);
    if !(by_position || is_named || spec.columns.space.is_some() || spec.constants.space.is_some()) {
        let text =
            "nothing says the space of a row; add it to constants, columns or names, or add lat and lon to columns";
        wrong.push(("constants", text.to_owned()));
    }
}

fn check_words(spec: &MappingSpec, wrong: &mut Vec<Wrong>) {
    for (field, words) in &spec.words {
        let is_field = EventField::ALL.iter().any(|known| known.key() == field && known.belongs_to(spec.event));
        if !(is_field || IDS.contains(&field.as_str()) || (field == GROUP && spec.event == EventKind::Perception)) {
            wrong.push(("words", format!("words.{field}: {} has no {field}", spec.event.with_article())));
        }
        for kept in words.values().filter(|kept| kept.is_empty() || kept.len() > WORD_BYTES_MAX) {
            wrong.push(("words", format!("words.{field}: '{kept}' is empty or longer than {WORD_BYTES_MAX} bytes")));
        }
    }
}

/// The scale of single answers, when nothing else says it: its words, in the order of the alphabet.
fn scale_of(spec: &MappingSpec) -> Option<String> {
    let of = |meaning| {
        let words = spec.answers.iter().filter(move |(_, answer)| **answer == meaning).map(|(word, _)| word.as_str());
        words.collect::<Vec<_>>().join(", ")
    };
    let is_said = says(spec, EventField::Scale) || spec.value_is != Some(ValueKind::Answer);
    (!is_said).then(|| format!("safe: {}; unsafe: {}", of(Answer::Safe), of(Answer::Unsafe)))
}

/// Whether a column, a constant or a name fills a field.
fn says(spec: &MappingSpec, field: EventField) -> bool {
    spec.columns.fields.contains_key(&field)
        || spec.constants.fields.contains_key(&field)
        || spec.names.values().any(|target| matches!(target, TargetSpec::Ids(ids) if ids.fields.contains_key(&field)))
}

fn one_char(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) if !one.is_ascii_digit() && !matches!(one, '.' | '-' | '+') => Ok(one),
        _ => Err("thousands is not one character as in \",\" or \" \"".to_owned()),
    }
}
