//! The report on rules: how often each is right, what all of them see of what is reported, and what they cost.
//!
//! For whoever writes rules: a rule with two true alerts is what they look for, so counts are shown as they are, and the page
//! says that it is not for publication.

mod questions;
mod value;

use crate::asking::{AskError, Asker};
use crate::document::{Block, Figure, Section};
use crate::facts::Span;
use crate::language::phrases;
use crate::plots::{Estimate as Drawn, Scale, intervals};
use crate::table::{Cell, Table};
use crate::told::Told;
use crate::wording::Wording;
use questions::Facts;
use value::{RuleValue, Seen, rule_values, seen};

phrases! {
    TITLE: "Report on rules", "Rapport sur les règles";
    FINDING_ALERTS: "Alerts opened: {0}, by rules: {1}. Judged true, false or nuisance by operators: {2}.", "Alertes ouvertes : {0}, par règles : {1}. Jugées vraies, fausses ou nuisances par les opérateurs : {2}.";
    FINDING_RIGHT: "Of those judged, {0} were true ({1}, 95% interval).", "Parmi celles jugées, {0} étaient vraies ({1}, intervalle à 95 %).";
    FINDING_SEEN: "Of the incidents reported, {0} had an alert in the same space within a quarter of an hour; by chance it would be {1}.", "Parmi les incidents signalés, {0} avaient une alerte au même endroit à moins d’un quart d’heure ; par hasard, ce serait {1}.";
    RIGHT: "How often rules are right", "Quand les règles ont raison";
    RIGHT_CAPTION: "Precision: the share of true ones among alerts closed as true, false or nuisance, with Wilson’s 95% interval. Rules of which no alert was judged are not drawn.", "Précision : part des vraies parmi les alertes closes comme vraies, fausses ou nuisances, avec l’intervalle de Wilson à 95 %. Les règles dont aucune alerte n’a été jugée ne sont pas tracées.";
    PRECISION: "precision", "précision";
    NOT_JUDGED: "No alert of the span was closed with a disposition, so nobody can say how often rules are right. Dispositions are given when closing an alert.", "Aucune alerte de la période n’a été close avec une qualification : on ne peut dire quand les règles ont raison. La qualification se donne en clôturant une alerte.";
    TABLE_CAPTION: "Rules and their alerts", "Les règles et leurs alertes";
    RULE: "Rule", "Règle";
    ALERTS: "Alerts", "Alertes";
    A_WEEK: "a week", "par semaine";
    OPEN: "Median time open", "Durée médiane";
    TRUE: "True", "Vraies";
    WRONG: "False or nuisance", "Fausses ou nuisances";
    UNJUDGED: "Not judged", "Non jugées";
    WRONG_A_DAY: "False or nuisance a day (95%)", "Fausses ou nuisances par jour (95 %)";
    SEEN: "What rules see of what is reported", "Ce que les règles voient des signalements";
    SEEN_CAPTION: "Reported incidents with an alert of any rule in the same space, at most a quarter of an hour before or after", "Incidents signalés avec une alerte d’une règle au même endroit, au plus un quart d’heure avant ou après";
    CATEGORY: "Category", "Catégorie";
    INCIDENTS: "Incidents", "Incidents";
    WITH_ALERT: "With an alert (95%)", "Avec alerte (95 %)";
    BY_CHANCE: "By chance", "Par hasard";
    LEAD: "Median lead", "Avance médiane";
    AFTER: "{0} after", "{0} après";
    BEFORE: "{0} before", "{0} avant";
    SEEN_NOTE: "By chance: the share of the span that lies within a quarter of an hour of an alert in the incidents’ spaces. A rule that alerts all the time sees everything by chance.", "Par hasard : part de la période située à moins d’un quart d’heure d’une alerte, dans les espaces des incidents. Une règle qui alerte sans cesse voit tout par hasard.";
    NO_INCIDENTS: "No incident was reported in the span, so what rules miss cannot be said.", "Aucun incident signalé pendant la période : on ne peut dire ce que les règles manquent.";
    RECALL_CAVEAT: "What is reported is not all that happens; and an incident whose time is known to the day or month only cannot be matched within minutes.", "Ce qui est signalé n’est pas tout ce qui arrive ; un incident daté au jour ou au mois près ne peut être rapproché à quelques minutes.";
    METHODS: "How it was counted", "Comment on a compté";
    METHOD_PRECISION: "Precision", "Précision";
    METHOD_PRECISION_IS: "Alerts closed as true over those closed as true, false or nuisance. Tests and duplicates are left out; the last disposition counts. Operators close what they look into: alerts nobody judged may differ.", "Alertes closes comme vraies rapportées à celles closes comme vraies, fausses ou nuisances. Tests et doublons sont exclus ; la dernière qualification compte. Les alertes non jugées peuvent différer.";
    METHOD_SHADOW: "Rules in shadow", "Règles en observation";
    METHOD_SHADOW_IS: "Left out: nobody was shown their alerts. Use vigie rules backtest to see what they would have been worth.", "Exclues : personne n’a vu leurs alertes. vigie rules backtest montre ce qu’elles auraient valu.";
    METHOD_COST: "False or nuisance a day", "Fausses ou nuisances par jour";
    METHOD_COST_IS: "Those closed so, over the days of the span, with Byar’s 95% limits; for one desk that is staffed around the clock.", "Celles closes ainsi, rapportées aux jours de la période, avec les bornes de Byar à 95 % ; pour un poste tenu en continu.";
}

/// Asks history for a span and makes the report.
///
/// # Errors
/// When history does not answer.
pub(crate) fn rules<E>(asker: &mut Asker<'_, E>, wording: &Wording, span: Span) -> Result<Told, AskError<E>> {
    let facts = questions::ask(asker, span)?;
    Ok(report(&facts, wording, span))
}

fn report(facts: &Facts, wording: &Wording, span: Span) -> Told {
    let language = wording.language;
    let (values, seen) = (rule_values(facts, span), seen(facts, span));
    let (right, wrong): (usize, usize) =
        values.iter().fold((0, 0), |sum, value| (sum.0 + value.right, sum.1 + value.wrong));
    let count = |count: usize| wording.count(count as u64);
    let mut findings = vec![
        FINDING_ALERTS.with(language, &[&count(facts.episodes.len()), &count(values.len()), &count(right + wrong)]),
    ];
    if let Ok(precision) = vigie_analysis::share::share(right as f64, (right + wrong) as f64) {
        let interval = wording.percent_interval(precision.low, precision.high, 0);
        findings.push(FINDING_RIGHT.with(language, &[&wording.percent(precision.value, 0), &interval]));
    }
    if let Some(all) = together(&seen) {
        findings.push(FINDING_SEEN.with(language, &[&wording.percent(all.0, 0), &wording.percent(all.1, 0)]));
    }
    let sections = vec![how_right(&values, wording, span), what_is_seen(&seen, wording), methods(wording)];
    Told { title: TITLE.text(language).to_owned(), findings, sections }
}

/// Share seen and share by chance over all categories.
fn together(seen: &[Seen<'_>]) -> Option<(f64, f64)> {
    let incidents: u64 = seen.iter().map(|one| one.incidents).sum();
    let weigh = |value: &dyn Fn(&Seen<'_>) -> f64| {
        seen.iter().map(|one| value(one) * one.incidents as f64).sum::<f64>() / incidents as f64
    };
    (incidents > 0).then(|| (weigh(&|one| one.seen.map_or(0.0, |seen| seen.value)), weigh(&|one| one.by_chance)))
}

fn how_right(values: &[RuleValue<'_>], wording: &Wording, span: Span) -> Section {
    let language = wording.language;
    let mut section = Section::new(RIGHT.text(language));
    let drawn: Vec<Drawn> = values
        .iter()
        .filter_map(|value| {
            let precision = value.precision?;
            let label = format!("{} ({}/{})", value.rule, value.right, value.right + value.wrong);
            Some(Drawn { label, value: precision.value, low: precision.low, high: precision.high })
        })
        .collect();
    if drawn.is_empty() {
        section.missing(NOT_JUDGED.text(language));
    } else {
        let best: Vec<String> =
            drawn.iter().map(|one| format!("{} {}", one.label, wording.percent(one.value, 0))).collect();
        let svg = intervals(wording, PRECISION.text(language), Scale::Percent, &drawn, None);
        section.figure(Figure::new(RIGHT_CAPTION.text(language), best.join("; "), svg));
    }
    let headings = [RULE, ALERTS, A_WEEK, OPEN, TRUE, WRONG, UNJUDGED, WRONG_A_DAY].map(|phrase| phrase.text(language));
    let mut table = Table::new(TABLE_CAPTION.text(language), headings);
    for value in values {
        let count = |count: usize| Cell::value(wording.count(count as u64));
        let daily = value.wrong_an_hour.map(|rate| {
            format!(
                "{} ({})",
                wording.number(rate.value * 24.0, 2),
                wording.interval(rate.low * 24.0, rate.high * 24.0, 2)
            )
        });
        table.row([
            Cell::text(value.rule),
            count(value.alerts),
            Cell::value(wording.number(value.alerts as f64 / span.days() * 7.0, 1)),
            value.open_s.map_or(Cell::Empty, |seconds| Cell::value(wording.duration(seconds))),
            count(value.right),
            count(value.wrong),
            count(value.unjudged),
            daily.map_or(Cell::Empty, Cell::Value),
        ]);
    }
    section.table(table);
    section
}

fn what_is_seen(seen: &[Seen<'_>], wording: &Wording) -> Section {
    let language = wording.language;
    let mut section = Section::new(SEEN.text(language));
    if seen.is_empty() {
        section.missing(NO_INCIDENTS.text(language));
        return section;
    }
    section.caveat(RECALL_CAVEAT.text(language));
    let headings = [CATEGORY, INCIDENTS, WITH_ALERT, BY_CHANCE, LEAD].map(|phrase| phrase.text(language));
    let mut table = Table::new(SEEN_CAPTION.text(language), headings);
    for one in seen {
        let share = one.seen.map(|seen| {
            format!("{} ({})", wording.percent(seen.value, 0), wording.percent_interval(seen.low, seen.high, 0))
        });
        let lead = one.lead_s.map(|seconds| {
            let phrase = if seconds < 0.0 { AFTER } else { BEFORE };
            phrase.with(language, &[&wording.duration(seconds.abs())])
        });
        table.row([
            Cell::text(one.category),
            Cell::value(wording.count(one.incidents)),
            Cell::measured(share),
            Cell::value(wording.percent(one.by_chance, 0)),
            lead.map_or(Cell::Empty, Cell::Value),
        ]);
    }
    table.notes.push(SEEN_NOTE.text(language).to_owned());
    section.table(table);
    section
}

fn methods(wording: &Wording) -> Section {
    let terms =
        [(METHOD_PRECISION, METHOD_PRECISION_IS), (METHOD_COST, METHOD_COST_IS), (METHOD_SHADOW, METHOD_SHADOW_IS)];
    let text = |phrase: crate::language::Phrase| phrase.text(wording.language).to_owned();
    let mut section = Section::new(METHODS.text(wording.language));
    section.blocks.push(Block::Terms(terms.map(|(term, meaning)| (text(term), text(meaning))).into()));
    section
}

#[cfg(test)]
mod tests;
