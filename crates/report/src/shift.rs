//! The report of a shift: what it asked of its operators, what it leaves to the next one, and what could not be seen.
//!
//! Made from history alone, so it can be made for any shift of the past; the handover on the page (`GET /v1/shift`) knows
//! besides what only the desk remembers: who was signed in, what was digested.

mod load;
mod questions;

mod figures;

use crate::asking::{AskError, Asker};
use crate::document::{Block, Figure, Section};
use crate::facts::{Span, name_of};
use crate::language::phrases;
use crate::map::{MapWords, Mark, map};
use crate::median::median;
use crate::plots::stacked;
use crate::severities::{COLOURS, word};
use crate::table::{Cell, Table};
use crate::told::Told;
use crate::wording::Wording;
use load::{Load, open_at};
use questions::{Facts, Silence};
use std::collections::{BTreeMap, HashMap};
use vigie_model::severity::Severity;

const HOUR_MS: i64 = 3_600_000;
/// Rows of the tables of rules and spaces.
const ROWS_MAX: usize = 20;
/// Rows of the table of what stays open.
const OPEN_MAX: usize = 60;

phrases! {
    TITLE: "Shift report", "Rapport de vacation";
    OPENED_AND_OPEN: "Alerts opened: {0}, of which high or critical: {1}. Open at the end: {2}.", "Alertes ouvertes : {0}, dont de gravité haute ou critique : {1}. Ouvertes à la fin : {2}.";
    SILENT_FINDING: "Sensors that have fallen silent: {0}. Where they stand, no alert does not mean that nothing happens.", "Capteurs muets : {0}. Là où ils se trouvent, l’absence d’alerte ne veut pas dire qu’il ne se passe rien.";
    FLOOD_FINDING: "Operators were in a flood of alerts for {0} of the time.", "Les opérateurs ont subi une avalanche d’alertes pendant {0} du temps.";
    HOURS: "Alerts hour by hour", "Alertes heure par heure";
    HOURS_CAPTION: "Alerts by the hour in which they opened, and by the worst severity they had. Hours without a bar had none.", "Alertes selon l’heure d’ouverture et la gravité la plus haute atteinte. Une heure sans barre n’en a pas eu.";
    HOURS_SAY: "Alerts: {0}. Most of them, {1}, from {2} on.", "Alertes : {0}. Le plus, {1}, à partir de : {2}.";
    NONE_OPENED: "No alert opened.", "Aucune alerte ouverte.";
    ALERTS: "alerts", "alertes";
    RULES: "Which rules", "Quelles règles";
    RULES_CAPTION: "Alerts that opened in the shift, by rule; the {0} busiest.", "Alertes ouvertes pendant la vacation, par règle ; les {0} plus actives.";
    RULE: "Rule", "Règle";
    OPENED: "Opened", "Ouvertes";
    WORST: "Worst", "Gravité";
    MEDIAN_OPEN: "Median time open", "Durée médiane";
    MEDIAN_ACKNOWLEDGED: "Median until acknowledged", "Prise en compte médiane";
    CLOSED_TRUE: "Closed: true", "Close : vraie";
    CLOSED_FALSE: "false or nuisance", "fausse ou nuisance";
    RULES_NOTE: "Time open counts episodes that have ended. Dispositions are those given by the end of the shift.", "La durée ne compte que les épisodes terminés. Les qualifications sont celles données avant la fin de la vacation.";
    WHERE: "Where", "Où";
    MAP_CAPTION: "Alerts that opened in the shift, by space. The area of a mark grows with their number; an empty mark had none.", "Alertes ouvertes pendant la vacation, par espace. La surface du disque croît avec leur nombre ; un disque vide n’en a pas eu.";
    MAP_SAY: "Most alerts: {0}.", "Le plus d’alertes : {0}.";
    MAP_UNKNOWN: "a sensor fell silent", "un capteur ne répond plus";
    SPACES_CAPTION: "The {0} spaces with most alerts", "Les {0} espaces avec le plus d’alertes";
    SPACE: "Space", "Espace";
    STILL: "Open at the end", "Encore ouvertes";
    STILL_CAPTION: "Alerts that the next shift takes over, worst first", "Alertes transmises à la vacation suivante, les plus graves d’abord";
    STILL_MORE: "Also open, not shown: {0}.", "Ouvertes aussi, non montrées : {0}.";
    SINCE: "Since", "Depuis";
    ACKNOWLEDGED_BY: "Acknowledged by", "Prise en compte par";
    KEY: "About", "Objet";
    REPORTED: "What was reported", "Ce qui a été signalé";
    REPORTED_CAPTION: "Incidents of the shift as sources reported them, whether or not a rule saw them", "Incidents de la vacation tels que signalés, qu’une règle les ait vus ou non";
    CATEGORY: "Category", "Catégorie";
    INCIDENTS: "Incidents", "Incidents";
    NO_INCIDENTS: "No incident was reported in the shift. Whether nothing happened or nobody reports here, history cannot tell.", "Aucun incident signalé pendant la vacation. L’historique ne dit pas s’il ne s’est rien passé ou si personne ne signale ici.";
    SILENT: "Sensors that fell silent", "Capteurs muets";
    SILENT_CAPTION: "Sensors that sent nothing for more than three of their usual intervals before the end", "Capteurs n’ayant rien envoyé pendant plus de trois de leurs intervalles habituels avant la fin";
    SENSOR: "Sensor", "Capteur";
    METRIC: "Metric", "Grandeur";
    LAST: "Last value", "Dernière valeur";
    USUAL: "Usual interval", "Intervalle habituel";
    NO_SENSORS: "No observation reached history in the week before the end: no sensor was seen at all.", "Aucune observation dans l’historique durant la semaine avant la fin : aucun capteur n’a été vu.";
    ALL_SEEN: "All {0} sensors seen in the week before sent within three of their usual intervals.", "Les {0} capteurs vus dans la semaine précédente ont émis dans les trois intervalles habituels.";
    METHODS: "How it was counted", "Comment on a compté";
    METHOD_ALERT: "Alert", "Alerte";
    METHOD_ALERT_IS: "One episode of a rule and a key, from its condition holding until it cleared. Rules in shadow are left out: nobody was shown them. It counts in the shift in which it opened.", "Un épisode d’une règle et d’une clé, depuis que sa condition est remplie jusqu’à sa fin. Les règles en observation sont exclues : personne ne les a vues. Elle compte dans la vacation où elle s’est ouverte.";
    METHOD_FLOOD: "Flood", "Avalanche";
    METHOD_FLOOD_IS: "From the alert that makes more than 10 in 10 minutes for each operator until fewer than 5 are left (ISA-18.2, EEMUA 191). History does not tell which alerts were new to operators because a shelf ended; those are not counted.", "De l’alerte qui en fait plus de 10 en 10 minutes par opérateur jusqu’à ce qu’il en reste moins de 5 (ISA-18.2, EEMUA 191). L’historique ne dit pas quelles alertes sont réapparues à la fin d’une mise de côté ; elles ne comptent pas.";
    METHOD_OPERATORS: "Operators", "Opérateurs";
    METHOD_OPERATORS_IS: "Whoever gave a command in the shift, at least one. Somebody who only watched is not counted, so figures for each operator may be too high.", "Quiconque a donné une commande pendant la vacation, au moins un. Une personne qui n’a fait que regarder n’est pas comptée : les chiffres par opérateur peuvent être trop hauts.";
    METHOD_EXERCISE: "Exercises", "Exercices";
    METHOD_EXERCISE_IS: "History does not mark the alerts of an exercise; if one was held, they are counted here.", "L’historique ne marque pas les alertes d’un exercice ; s’il y en a eu un, elles sont comptées ici.";
}

/// Asks history for a shift and makes its report.
///
/// # Errors
/// When history does not answer.
pub(crate) fn shift<E>(asker: &mut Asker<'_, E>, wording: &Wording, span: Span) -> Result<Told, AskError<E>> {
    let facts = questions::ask(asker, span)?;
    Ok(report(&facts, wording, span))
}

fn report(facts: &Facts, wording: &Wording, span: Span) -> Told {
    let load = Load::of(&facts.episodes, &facts.acknowledged_at(), facts.operators, span);
    let sections = vec![
        figures::section(&load, wording, facts.operators),
        hours(facts, wording, span),
        rules(facts, wording, span),
        places(facts, wording, span),
        still_open(facts, wording, span),
        reported(facts, wording),
        silent(facts, wording),
        methods(wording),
    ];
    Told { title: TITLE.text(wording.language).to_owned(), findings: findings(facts, &load, wording, span), sections }
}

fn findings(facts: &Facts, load: &Load, wording: &Wording, span: Span) -> Vec<String> {
    let language = wording.language;
    let count = |count: usize| wording.count(count as u64);
    let severe = facts.opened(span).filter(|episode| episode.severity() >= Severity::High).count();
    let open = facts.episodes.iter().filter(|episode| open_at(episode, span.to_ms)).count();
    let mut findings = vec![OPENED_AND_OPEN.with(language, &[&count(load.opened), &count(severe), &count(open)])];
    if let Some(share) = load.in_flood.filter(|share| *share > 0.0) {
        findings.push(FLOOD_FINDING.with(language, &[&wording.percent(share, 1)]));
    }
    let silent = facts.silent().count();
    if silent > 0 {
        findings.push(SILENT_FINDING.with(language, &[&count(silent)]));
    }
    findings
}

fn hours(facts: &Facts, wording: &Wording, span: Span) -> Section {
    let language = wording.language;
    let mut section = Section::new(HOURS.text(language));
    // Hours of the clock; a shift of many days is drawn by the day.
    let bin_ms = if span.days() <= 2.0 { HOUR_MS } else { 24 * HOUR_MS };
    let bins = usize::try_from((span.to_ms - span.from_ms + bin_ms - 1) / bin_ms).unwrap_or(0).max(1);
    let mut spans: Vec<(String, Vec<u64>)> = (0..bins)
        .map(|bin| {
            let at_ms = span.from_ms + bin as i64 * bin_ms;
            let label = if bin_ms == HOUR_MS { wording.clock(at_ms) } else { wording.day(at_ms) };
            (label, vec![0; Severity::ALL.len()])
        })
        .collect();
    for episode in facts.opened(span) {
        let bin = (episode.opened_ms - span.from_ms) / bin_ms;
        spans[usize::try_from(bin).unwrap_or(0)].1[episode.severity() as usize] += 1;
    }
    let total = |(_, counts): &(String, Vec<u64>)| counts.iter().sum::<u64>();
    let all: u64 = spans.iter().map(total).sum();
    if let Some(most) = spans.iter().max_by_key(|bin| total(bin)).filter(|bin| total(bin) > 0) {
        let (words, height) = (most.0.clone(), wording.count(total(most)));
        let say = HOURS_SAY.with(language, &[&wording.count(all), &height, &words]);
        let names: Vec<(&str, &str)> =
            Severity::ALL.iter().map(|severity| (word(*severity, language), COLOURS[*severity as usize])).collect();
        section.text(say.clone());
        section.figure(Figure::new(
            HOURS_CAPTION.text(language),
            &say,
            stacked(wording, ALERTS.text(language), &names, &spans),
        ));
    } else {
        section.text(NONE_OPENED.text(language));
    }
    section
}

fn rules(facts: &Facts, wording: &Wording, span: Span) -> Section {
    let language = wording.language;
    let headings = [RULE, OPENED, WORST, MEDIAN_OPEN, MEDIAN_ACKNOWLEDGED, CLOSED_TRUE, CLOSED_FALSE];
    let caption = RULES_CAPTION.with(language, &[&ROWS_MAX.to_string()]);
    let mut table = Table::new(caption, headings.map(|phrase| phrase.text(language)));
    let acknowledged = facts.acknowledged_at();
    let mut by_rule: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for episode in facts.opened(span) {
        by_rule.entry(&episode.rule).or_default().push(episode);
    }
    let mut by_rule: Vec<_> = by_rule.into_iter().collect();
    by_rule.sort_by(|(a, of_a), (b, of_b)| of_b.len().cmp(&of_a.len()).then(a.cmp(b)));
    for (rule, episodes) in by_rule.iter().take(ROWS_MAX) {
        let seconds = |from_ms: i64, to_ms: i64| (to_ms - from_ms).max(0) as f64 / 1000.0;
        let open = episodes.iter().filter_map(|one| Some(seconds(one.opened_ms, one.ended_ms?))).collect();
        let waits =
            episodes.iter().filter_map(|one| Some(seconds(one.opened_ms, *acknowledged.get(one.alert_id.as_str())?)));
        let closed = |as_what: &[&str]| {
            let such = |id: &str| facts.dispositions.get(id).is_some_and(|what| as_what.contains(&what.as_str()));
            wording.count(episodes.iter().filter(|one| such(&one.alert_id)).count() as u64)
        };
        let worst = episodes.iter().map(|one| one.severity()).max().unwrap_or_default();
        let duration =
            |median: Option<f64>| median.map_or(Cell::Empty, |seconds| Cell::value(wording.duration(seconds)));
        table.row([
            Cell::text(*rule),
            Cell::value(wording.count(episodes.len() as u64)),
            Cell::text(word(worst, language)),
            duration(median(open)),
            duration(median(waits.collect())),
            Cell::value(closed(&["true"])),
            Cell::value(closed(&["false", "nuisance"])),
        ]);
    }
    table.notes.push(RULES_NOTE.text(language).to_owned());
    let mut section = Section::new(RULES.text(language));
    section.table(table);
    section
}

fn places(facts: &Facts, wording: &Wording, span: Span) -> Section {
    let language = wording.language;
    let mut counts: HashMap<&str, (u64, Severity)> = HashMap::new();
    for episode in facts.opened(span) {
        let entry = counts.entry(&episode.space).or_insert((0, Severity::Informational));
        *entry = (entry.0 + 1, entry.1.max(episode.severity()));
    }
    let mut busiest: Vec<_> =
        counts.iter().map(|(space, (count, worst))| (*count, name_of(&facts.spaces, space), *worst)).collect();
    busiest.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let silent: Vec<&str> = facts.silent().map(|sensor| sensor.space.as_str()).collect();
    let mut marks: Vec<Mark> = facts
        .spaces
        .values()
        .map(|space| {
            let (count, worst) = counts.get(space.id.as_str()).copied().unwrap_or((0, Severity::Informational));
            let unseen = count == 0 && silent.contains(&space.id.as_str());
            let amount = (!unseen).then_some(count as f64);
            Mark {
                name: name_of(&facts.spaces, &space.id).to_owned(),
                geometry: space.geometry.clone(),
                amount,
                colour: COLOURS[worst as usize],
            }
        })
        .collect();
    marks.sort_by(|a, b| a.name.cmp(&b.name));
    let mut section = Section::new(WHERE.text(language));
    let words = MapWords { amount: ALERTS.text(language).to_owned(), unknown: MAP_UNKNOWN.text(language).to_owned() };
    if let Some(svg) = map(&marks, &words) {
        let most: Vec<String> =
            busiest.iter().take(3).map(|(count, name, _)| format!("{name} ({})", wording.count(*count))).collect();
        let say = if most.is_empty() {
            ALERTS.text(language).to_owned()
        } else {
            MAP_SAY.with(language, &[&most.join(", ")])
        };
        section.figure(Figure::new(MAP_CAPTION.text(language), &say, svg));
    }
    let caption = SPACES_CAPTION.with(language, &[&ROWS_MAX.to_string()]);
    let mut table = Table::new(caption, [SPACE, OPENED, WORST].map(|phrase| phrase.text(language)));
    for (count, name, worst) in busiest.into_iter().take(ROWS_MAX) {
        table.row([Cell::text(name), Cell::value(wording.count(count)), Cell::text(word(worst, language))]);
    }
    section.table(table);
    section
}

fn still_open(facts: &Facts, wording: &Wording, span: Span) -> Section {
    let language = wording.language;
    let headings = [WORST, RULE, KEY, SPACE, SINCE, ACKNOWLEDGED_BY].map(|phrase| phrase.text(language));
    let mut table = Table::new(STILL_CAPTION.text(language), headings);
    let mut open: Vec<_> = facts.episodes.iter().filter(|episode| open_at(episode, span.to_ms)).collect();
    open.sort_by_key(|episode| (std::cmp::Reverse(episode.worst), episode.opened_ms));
    for episode in open.iter().take(OPEN_MAX) {
        let by = facts.acknowledged.get(&episode.alert_id).map_or(Cell::Empty, |(_, operator)| Cell::text(operator));
        table.row([
            Cell::text(word(episode.severity(), language)),
            Cell::text(&episode.rule),
            Cell::text(&episode.key),
            Cell::text(name_of(&facts.spaces, &episode.space)),
            Cell::text(wording.instant(episode.opened_ms)),
            by,
        ]);
    }
    if let Some(more) = open.len().checked_sub(OPEN_MAX).filter(|more| *more > 0) {
        table.notes.push(STILL_MORE.with(language, &[&wording.count(more as u64)]));
    }
    let mut section = Section::new(STILL.text(language));
    section.table(table);
    section
}

fn reported(facts: &Facts, wording: &Wording) -> Section {
    let language = wording.language;
    let mut section = Section::new(REPORTED.text(language));
    if facts.incidents.is_empty() {
        section.missing(NO_INCIDENTS.text(language));
        return section;
    }
    let headings = [CATEGORY, WORST, INCIDENTS].map(|phrase| phrase.text(language));
    let mut table = Table::new(REPORTED_CAPTION.text(language), headings);
    for group in &facts.incidents {
        let severity = group.severity.parse().map_or(group.severity.as_str(), |severity| word(severity, language));
        table.row([Cell::text(&group.category), Cell::text(severity), Cell::value(wording.count(group.incidents))]);
    }
    section.table(table);
    section
}

fn silent(facts: &Facts, wording: &Wording) -> Section {
    let language = wording.language;
    let mut section = Section::new(SILENT.text(language));
    if facts.sensors.is_empty() {
        section.missing(NO_SENSORS.text(language));
        return section;
    }
    let silent: Vec<&Silence> = facts.silent().collect();
    if silent.is_empty() {
        section.text(ALL_SEEN.with(language, &[&wording.count(facts.sensors.len() as u64)]));
        return section;
    }
    let headings = [SPACE, SENSOR, METRIC, LAST, USUAL].map(|phrase| phrase.text(language));
    let mut table = Table::new(SILENT_CAPTION.text(language), headings);
    for sensor in silent {
        table.row([
            Cell::text(name_of(&facts.spaces, &sensor.space)),
            Cell::text(&sensor.sensor),
            Cell::text(&sensor.metric),
            Cell::text(wording.instant(sensor.last_ms)),
            Cell::value(wording.duration(sensor.usual_ms() / 1000.0)),
        ]);
    }
    section.table(table);
    section
}

fn methods(wording: &Wording) -> Section {
    let terms = [
        (METHOD_ALERT, METHOD_ALERT_IS),
        (METHOD_FLOOD, METHOD_FLOOD_IS),
        (METHOD_OPERATORS, METHOD_OPERATORS_IS),
        (METHOD_EXERCISE, METHOD_EXERCISE_IS),
    ];
    let text = |phrase: crate::language::Phrase| phrase.text(wording.language).to_owned();
    let mut section = Section::new(METHODS.text(wording.language));
    section.blocks.push(Block::Terms(terms.map(|(term, meaning)| (text(term), text(meaning))).into()));
    section
}

#[cfg(test)]
mod tests;
