//! How safe people feel: one table and one plot for each question as it was asked.

use super::answers::{Felt, Question, felt, group_of};
use super::questions::{Asked, Facts};
use crate::document::{Figure, Section};
use crate::facts::name_of;
use crate::language::phrases;
use crate::plots::{Estimate as Drawn, ROWS_MAX, Scale, intervals};
use crate::table::{Cell, Table};
use crate::wording::Wording;
use std::collections::{BTreeMap, BTreeSet};

/// Questions told in full; the rest are named.
const QUESTIONS_MAX: usize = 24;
/// Rows of a table.
const TABLE_ROWS_MAX: usize = 120;
/// Waves of a table, the newest: more do not fit a page.
const WAVES_MAX: usize = 5;

phrases! {
    TITLE: "How safe people feel", "Le sentiment de sécurité";
    NONE: "History has no answers of the span: nothing can be said of how safe people felt. Surveys come in by a [[csv]] mapping, see docs/surveys.md.", "L’historique n’a aucune réponse sur la période : on ne peut rien dire du sentiment de sécurité. Les enquêtes s’importent par une section [[csv]], voir docs/surveys.md.";
    NEVER_POOLED: "Other wordings, scales and times of day are other questions; their shares are not compared.", "D’autres formulations, échelles ou moments sont d’autres questions ; leurs parts ne se comparent pas.";
    ASKED: "“{0}”{1}{2}. Share that felt unsafe (95% interval; people asked)", "« {0} »{1}{2}. Part se sentant en insécurité (intervalle à 95 % ; personnes interrogées)";
    SCALE: "; scale: {0}", " ; échelle : {0}";
    DAY: ", by day", ", de jour";
    NIGHT: ", after dark", ", de nuit";
    SPACE: "Space", "Espace";
    PLOT: "“{0}”{1}, {2}: share that felt unsafe, with the 95% interval. Only where the number of people asked is known and at least 10.", "« {0} »{1}, {2} : part se sentant en insécurité, avec l’intervalle à 95 %. Seulement là où l’effectif est connu et d’au moins 10.";
    AXIS: "share that felt unsafe", "part se sentant en insécurité";
    NO_NUMBER: "{0} (number asked not published)", "{0} (effectif non publié)";
    PLOT_MORE: "The {0} highest of {1}.", "Les {0} plus élevées sur {1}.";
    OLDER: "Older waves not shown: {0}. Ask with an earlier --to to see them.", "Vagues antérieures non montrées : {0}. Demandez une période finissant plus tôt (--to).";
    MORE_ROWS: "Rows not shown: {0}.", "Lignes non montrées : {0}.";
    MORE: "Questions not shown: {0}. Ask for a shorter span to see them.", "Questions non montrées : {0}. Demandez une période plus courte pour les voir.";
}

/// The section.
pub(super) fn section(facts: &Facts, wording: &Wording) -> Section {
    let language = wording.language;
    let mut section = Section::new(TITLE.text(language));
    if facts.asked.is_empty() {
        section.missing(NONE.text(language));
        return section;
    }
    let mut questions: BTreeMap<Question, Vec<&Asked>> = BTreeMap::new();
    for asked in &facts.asked {
        questions.entry(Question::of(asked)).or_default().push(asked);
    }
    if questions.len() > 1 {
        section.caveat(NEVER_POOLED.text(language));
    }
    for (question, asked) in questions.iter().take(QUESTIONS_MAX) {
        let cells = felt(asked);
        if let Some(figure) = newest(facts, wording, question, &cells) {
            section.figure(figure);
        }
        section.table(table(facts, wording, question, &cells));
    }
    if let Some(more) = questions.len().checked_sub(QUESTIONS_MAX).filter(|more| *more > 0) {
        section.missing(MORE.with(language, &[&more.to_string()]));
    }
    section
}

/// What a question was about, as part of a sentence.
pub(super) fn about(question: &Question, wording: &Wording) -> &'static str {
    match question.period.as_str() {
        "day" => DAY.text(wording.language),
        "night" => NIGHT.text(wording.language),
        _ => "",
    }
}

/// Spaces and groups below one another, waves beside one another.
fn table(facts: &Facts, wording: &Wording, question: &Question, told: &[(&Asked, Felt)]) -> Table {
    let language = wording.language;
    let waves: BTreeSet<&str> = told.iter().map(|(asked, _)| asked.wave.as_str()).collect();
    let older = waves.len().saturating_sub(WAVES_MAX);
    let waves: Vec<&str> = waves.into_iter().skip(older).collect();
    let mut rows: BTreeMap<(bool, String, String), BTreeMap<&str, Cell>> = BTreeMap::new();
    for (asked, felt) in told.iter().filter(|(asked, _)| waves.contains(&asked.wave.as_str())) {
        let label = label(facts, asked);
        let row = rows.entry((!group_of(asked).is_empty(), as_numbers(&label), label)).or_default();
        row.insert(&asked.wave, cell(*felt, wording));
    }
    let scale = if question.scale.is_empty() { String::new() } else { SCALE.with(language, &[&question.scale]) };
    let caption = ASKED.with(language, &[&question.question, about(question, wording), &scale]);
    let mut table = Table::new(caption, [SPACE.text(language)]);
    table.headings.extend(waves.iter().map(|wave| (*wave).to_owned()));
    for ((_, _, label), mut cells) in rows.iter().map(|(key, cells)| (key, cells.clone())).take(TABLE_ROWS_MAX) {
        let mut row = vec![Cell::text(label)];
        row.extend(waves.iter().map(|wave| cells.remove(wave).unwrap_or(Cell::NotMeasured)));
        table.row(row);
    }
    if let Some(more) = rows.len().checked_sub(TABLE_ROWS_MAX).filter(|more| *more > 0) {
        table.notes.push(MORE_ROWS.with(language, &[&more.to_string()]));
    }
    if older > 0 {
        table.notes.push(OLDER.with(language, &[&older.to_string()]));
    }
    table
}

/// What sorts as people count: `Space 9` before `Space 10`.
fn as_numbers(label: &str) -> String {
    let mut key = String::new();
    let mut rest = label;
    while let Some(first) = rest.chars().next() {
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        let length = if digits == 0 { first.len_utf8() } else { digits };
        let (part, after) = rest.split_at(length);
        key.push_str(&if digits == 0 { part.to_owned() } else { format!("{part:0>12}") });
        rest = after;
    }
    key
}

fn label(facts: &Facts, asked: &Asked) -> String {
    let (name, group) = (name_of(&facts.spaces, &asked.space), group_of(asked));
    if group.is_empty() { name.to_owned() } else { format!("{name}: {group}") }
}

fn cell(felt: Felt, wording: &Wording) -> Cell {
    match felt {
        Felt::Hidden => Cell::Hidden,
        Felt::Published(share) => Cell::value(NO_NUMBER.with(wording.language, &[&wording.percent(share, 1)])),
        Felt::Share(estimate, n) => {
            let interval = wording.percent_interval(estimate.low, estimate.high, 1);
            let asked = wording.number(n, 0);
            Cell::value(format!("{} ({interval}; {asked})", wording.percent(estimate.value, 1)))
        }
    }
}

/// The newest wave drawn, everybody first and then groups; `None` when nothing of it has an interval.
fn newest(facts: &Facts, wording: &Wording, question: &Question, told: &[(&Asked, Felt)]) -> Option<Figure> {
    let measured = told.iter().filter(|(_, felt)| felt.estimate().is_some());
    let wave = measured.map(|(asked, _)| asked.wave.as_str()).max()?;
    let mut drawn: Vec<(bool, Drawn)> = told
        .iter()
        .filter(|(asked, _)| asked.wave == wave)
        .filter_map(|(asked, felt)| {
            let (share, _) = felt.estimate()?;
            let own = Drawn { label: label(facts, asked), value: share.value, low: share.low, high: share.high };
            Some((!group_of(asked).is_empty(), own))
        })
        .collect();
    drawn.sort_by(|(a_group, a), (b_group, b)| a_group.cmp(b_group).then(b.value.total_cmp(&a.value)));
    let all = drawn.len();
    drawn.truncate(ROWS_MAX);
    let drawn: Vec<Drawn> = drawn.into_iter().map(|(_, own)| own).collect();
    let say: Vec<String> = drawn.iter().map(|own| format!("{} {}", own.label, wording.percent(own.value, 0))).collect();
    let mut caption = PLOT.with(wording.language, &[&question.question, about(question, wording), wave]);
    if all > drawn.len() {
        let counts = [drawn.len(), all].map(|n| wording.count(n as u64));
        caption.push_str(&format!(" {}", PLOT_MORE.with(wording.language, &[&counts[0], &counts[1]])));
    }
    let svg = intervals(wording, AXIS.text(wording.language), Scale::Percent, &drawn, None);
    Some(Figure::new(caption, say.join("; "), svg))
}

#[cfg(test)]
mod tests {
    use super::as_numbers;

    #[test]
    fn labels_sort_as_people_count() {
        let mut labels = ["Space 10: sex f", "Space 9: sex m", "Été 2", "Space 9: sex f"];
        labels.sort_by_key(|label| as_numbers(label));
        assert_eq!(labels, ["Space 9: sex f", "Space 9: sex m", "Space 10: sex f", "Été 2"]);
    }
}
