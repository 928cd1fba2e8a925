//! The figures of a shift against what a good shift looks like.

use super::load::Load;
use crate::document::Section;
use crate::language::phrases;
use crate::table::{Cell, Table};
use crate::wording::Wording;

const ACKNOWLEDGE_S: f64 = 300.0;

phrases! {
    TITLE: "The shift in figures", "La vacation en chiffres";
    CAPTION: "Figures of the shift and what a good one looks like (ISA-18.2, EEMUA 191). Operators: {0}", "Chiffres de la vacation et repères d’une bonne vacation (ISA-18.2, EEMUA 191). Opérateurs : {0}";
    FIGURE: "Figure", "Indicateur";
    VALUE: "Value", "Valeur";
    TARGET: "Target", "Repère";
    JUDGED: "Judged", "Jugement";
    OPENED: "Alerts opened", "Alertes ouvertes";
    PER_DAY: "Alerts a day for each operator", "Alertes par jour et par opérateur";
    AT_MOST: "at most {0}", "au plus {0}";
    BELOW: "below {0}", "moins de {0}";
    IN_FLOOD: "Time in flood", "Temps en avalanche";
    TOP: "Load of the ten busiest rules", "Part des dix règles les plus actives";
    CHATTERING: "Chattering keys", "Clés instables";
    STALE: "Active for more than a day", "Actives depuis plus d’un jour";
    ACKNOWLEDGED: "Acknowledged", "Prises en compte";
    MEDIAN: "Median time to acknowledge", "Délai médian de prise en compte";
    GOOD: "as it should be", "conforme";
    BAD: "not as it should be", "non conforme";
    CHATTER_NOTE: "Chattering: {0}", "Instables : {0}";
}

/// The section.
pub(super) fn section(load: &Load, wording: &Wording, operators: usize) -> Section {
    let language = wording.language;
    let caption = CAPTION.with(language, &[&wording.count(operators as u64)]);
    let mut table = Table::new(caption, [FIGURE, VALUE, TARGET, JUDGED].map(|phrase| phrase.text(language)));
    let count = |count: usize| wording.count(count as u64);
    let at_most = |most: &str| Cell::text(AT_MOST.with(language, &[most]));
    let below = |limit: &str| Cell::text(BELOW.with(language, &[limit]));
    let judged = |good: Option<bool>| match good {
        Some(true) => Cell::text(GOOD.text(language)),
        Some(false) => Cell::text(BAD.text(language)),
        None => Cell::Empty,
    };
    let figure = |phrase: crate::language::Phrase| Cell::text(phrase.text(language));
    let known = |value: Option<String>| value.map_or(Cell::Empty, Cell::Value);
    table.row([figure(OPENED), Cell::value(count(load.opened)), Cell::Empty, Cell::Empty]);
    table.row([
        figure(PER_DAY),
        known(load.per_day.map(|rate| wording.number(rate, 0))),
        at_most("150"),
        judged(load.per_day.map(|rate| rate <= 150.0)),
    ]);
    table.row([
        figure(IN_FLOOD),
        known(load.in_flood.map(|share| wording.percent(share, 1))),
        below(&wording.percent(0.01, 0)),
        judged(load.in_flood.map(|share| share < 0.01)),
    ]);
    table.row([
        figure(TOP),
        known(load.of_top_rules.map(|share| wording.percent(share, 0))),
        below(&wording.percent(0.05, 0)),
        judged(load.of_top_rules.map(|share| share < 0.05)),
    ]);
    table.row([
        figure(CHATTERING),
        Cell::value(count(load.chattering.len())),
        at_most("0"),
        judged(Some(load.chattering.is_empty())),
    ]);
    table.row([figure(STALE), Cell::value(count(load.stale)), below("5"), judged(Some(load.stale < 5))]);
    table.row([figure(ACKNOWLEDGED), Cell::value(count(load.acknowledged)), Cell::Empty, Cell::Empty]);
    table.row([
        figure(MEDIAN),
        known(load.acknowledge_s.map(|seconds| wording.duration(seconds))),
        at_most(&wording.duration(ACKNOWLEDGE_S)),
        judged(load.acknowledge_s.map(|seconds| seconds <= ACKNOWLEDGE_S)),
    ]);
    if !load.chattering.is_empty() {
        table.notes.push(CHATTER_NOTE.with(language, &[&load.chattering.join(", ")]));
    }
    let mut section = Section::new(TITLE.text(language));
    section.table(table);
    section
}
