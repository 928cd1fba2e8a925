//! What was reported, by space and light, over the visitors that counters saw; and how much of the time they saw.

use super::compared::{COVERAGE_MIN, coverage, exposure};
use super::published::{LIGHTS, Published, Row};
use super::questions::{Facts, VISITORS};
use crate::document::{Figure, Section};
use crate::facts::{Span, name_of};
use crate::language::phrases;
use crate::map::{MapWords, Mark, map};
use crate::table::{Cell, Table};
use crate::wording::Wording;
use std::collections::HashMap;
use vigie_analysis::cells::Shown;
use vigie_analysis::rate::rate;

/// Spaces in a table.
const ROWS_MAX: usize = 80;
const COLOUR: &str = "#8c1230";

phrases! {
    TITLE: "What was reported, and what was measured", "Ce qui a été signalé, et ce qui a été mesuré";
    NO_INCIDENTS: "History has no incidents of the span: what people feel cannot be held against anything here.", "L’historique n’a aucun fait sur la période : le sentiment des gens ne peut être rapproché de rien.";
    BY_MONTH: "Of some incidents it is not known whether it was day or night: they are dated by the month only, or nothing tells where their space lies. They are counted apart.", "Pour certains faits, on ne sait s’il faisait jour ou nuit : ils ne sont datés qu’au mois, ou rien ne dit où se trouve leur espace. Ils sont comptés à part.";
    CAPTION: "Incidents by space and light", "Faits par espace et par luminosité";
    SPACE: "Space", "Espace";
    DAY: "By day", "De jour";
    NIGHT: "By night", "De nuit";
    UNKNOWN: "Light not known", "Luminosité inconnue";
    ALL: "All", "Total";
    RATE: "For 1,000 visitors (95%)", "Pour 1 000 visiteurs (95 %)";
    COVERED: "Hours with a count", "Heures comptées";
    TOTAL: "All spaces", "Tous les espaces";
    ZERO: "0 is a number of incidents: none was reported. A rate is “not measured” where no counter covered half of the hours ({0}).", "0 est un effectif : rien n’a été signalé. Un taux est « non mesuré » là où aucun compteur n’a couvert la moitié des heures ({0}).";
    MORE: "Spaces not shown: {0}.", "Espaces non montrés : {0}.";
    MAP: "Incidents by space, as far as counts may be shown. The area of a mark grows with the number; an empty mark had none.", "Faits par espace, là où l’effectif peut être montré. La surface croît avec le nombre ; un disque vide n’en a pas eu.";
    MAP_AMOUNT: "incidents", "faits";
    MAP_UNKNOWN: "number hidden", "effectif masqué";
    NO_COUNTERS: "No counter of people ({0}) sent anything in the span: incidents cannot be related to the people who were there, and their number is no risk.", "Aucun compteur de personnes ({0}) n’a émis pendant la période : les faits ne peuvent être rapportés aux personnes présentes, leur nombre n’est pas un risque.";
    COUNTERS_ELSEWHERE: "Spaces with a counter: {0}, none of them with a reported incident. Counters say nothing about the places with incidents.", "Espaces dotés d’un compteur : {0}, aucun avec un fait signalé. Les compteurs ne disent rien des lieux concernés.";
    MEASURED: "Counters of people by space: people counted, and share of the hours of the span with a count", "Compteurs de personnes par espace : passages comptés et part des heures de la période avec un comptage";
    COUNTED: "People counted", "Passages comptés";
}

/// The section.
pub(super) fn section(facts: &Facts, published: &Published, wording: &Wording, span: Span) -> Section {
    let language = wording.language;
    let mut section = Section::new(TITLE.text(language));
    if facts.incidents.is_empty() {
        section.missing(NO_INCIDENTS.text(language));
    } else {
        if facts.incidents.iter().any(|group| group.light.is_empty()) {
            section.caveat(BY_MONTH.text(language));
        }
        incidents(&mut section, facts, published, wording, span);
    }
    measured(&mut section, facts, wording, span);
    section
}

fn incidents(section: &mut Section, facts: &Facts, published: &Published, wording: &Wording, span: Span) {
    let language = wording.language;
    // Where the light is known of no incident, a 0 by day would be no number of incidents.
    let has = |light: usize| published.column_totals[light] != Shown::Count(0);
    let columns: Vec<usize> =
        (0..LIGHTS.len()).filter(|light| has(*light) || (!LIGHTS[*light].is_empty() && (has(0) || has(1)))).collect();
    let mut table = Table::new(CAPTION.text(language), [SPACE.text(language)]);
    table.headings.extend(columns.iter().map(|at| [DAY, NIGHT, UNKNOWN][*at].text(language).to_owned()));
    table.headings.extend([ALL, RATE].map(|phrase| phrase.text(language).to_owned()));
    let cell = |shown: Shown| match shown {
        Shown::Count(count) => Cell::value(wording.count(count)),
        Shown::Hidden => Cell::Hidden,
    };
    for Row { space, cells, total } in published.rows.iter().take(ROWS_MAX) {
        let of_visitors = match (total, exposure(facts, span, space, None)) {
            (Shown::Hidden, _) => Cell::Hidden,
            (Shown::Count(_), None) => Cell::NotMeasured,
            (Shown::Count(count), Some(visitors)) => rate(*count as f64, visitors).map_or(Cell::NotMeasured, |rate| {
                Cell::value(format!("{} ({})", wording.number(rate.value, 2), wording.interval(rate.low, rate.high, 2)))
            }),
        };
        let mut row = vec![Cell::text(name_of(&facts.spaces, space))];
        row.extend(columns.iter().map(|at| cell(cells[*at])));
        row.extend([cell(*total), of_visitors]);
        table.row(row);
    }
    let mut all = vec![Cell::text(TOTAL.text(language))];
    all.extend(columns.iter().map(|at| cell(published.column_totals[*at])));
    all.extend([cell(published.total), Cell::Empty]);
    table.row(all);
    if let Some(more) = published.rows.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        table.notes.push(MORE.with(language, &[&more.to_string()]));
    }
    table.notes.push(ZERO.with(language, &[VISITORS]));
    if let Some(figure) = drawn(facts, wording, published) {
        section.figure(figure);
    }
    section.table(table);
}

/// Spaces whose number may be shown, by that number; the others marked as hidden; spaces without a report have none.
fn drawn(facts: &Facts, wording: &Wording, published: &Published) -> Option<Figure> {
    let language = wording.language;
    let amount = |row: &Row| match row.total {
        Shown::Count(count) => Some(count as f64),
        Shown::Hidden => None,
    };
    let amounts: HashMap<&str, Option<f64>> =
        published.rows.iter().map(|row| (row.space.as_str(), amount(row))).collect();
    let mut marks: Vec<Mark> = facts
        .spaces
        .values()
        .map(|space| Mark {
            name: name_of(&facts.spaces, &space.id).to_owned(),
            geometry: space.geometry.clone(),
            amount: amounts.get(space.id.as_str()).copied().unwrap_or(Some(0.0)),
            colour: COLOUR,
        })
        .collect();
    marks.sort_by(|a, b| a.name.cmp(&b.name));
    let words =
        MapWords { amount: MAP_AMOUNT.text(language).to_owned(), unknown: MAP_UNKNOWN.text(language).to_owned() };
    Some(Figure::new(MAP.text(language), CAPTION.text(language), map(&marks, &words)?))
}

fn measured(section: &mut Section, facts: &Facts, wording: &Wording, span: Span) {
    let language = wording.language;
    let covered = coverage(facts, span);
    if covered.is_empty() {
        section.missing(NO_COUNTERS.with(language, &[VISITORS]));
        return;
    }
    let with_incidents = |space: &str| facts.incidents.iter().any(|group| group.space == space);
    if !facts.incidents.is_empty() && !covered.keys().any(|space| with_incidents(space)) {
        section.missing(COUNTERS_ELSEWHERE.with(language, &[&wording.count(covered.len() as u64)]));
    }
    let mut table = Table::new(MEASURED.text(language), [SPACE, COUNTED, COVERED].map(|phrase| phrase.text(language)));
    let mut rows: Vec<_> = covered.into_iter().collect();
    rows.sort_by(|(a_space, a), (b_space, b)| a.0.total_cmp(&b.0).then(a_space.cmp(b_space)));
    for (space, (share, visitors)) in rows.iter().take(ROWS_MAX) {
        let people = if *share < COVERAGE_MIN { Cell::NotMeasured } else { Cell::value(wording.number(*visitors, 0)) };
        table.row([Cell::text(name_of(&facts.spaces, space)), people, Cell::value(wording.percent(share.min(1.0), 0))]);
    }
    if let Some(more) = rows.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        table.notes.push(MORE.with(language, &[&more.to_string()]));
    }
    section.table(table);
}
