//! The report on perception: how safe people feel, what was reported, and where the two part.
//!
//! It shows only what the data support. Questions, scales, waves and times of day are never pooled; a space is compared only
//! where people were asked and something was reported or counted; what is missing is named with what would be needed.

mod questions;

mod answers;

mod compared;

mod published;

mod asked;
mod gap;
mod reported;

mod around;

mod steps;

mod effect;

mod measures;

use crate::asking::{AskError, Asker};
use crate::document::{Block, Section};
use crate::facts::Span;
use crate::language::phrases;
use crate::measure::Measure;
use crate::told::Told;
use crate::wording::Wording;
use around::{Around, around};
use compared::compare;
use measures::Changed;
use published::Published;
use questions::Facts;
use vigie_analysis::cells::Shown;

phrases! {
    TITLE: "Perception and incidents", "Sentiment de sécurité et faits";
    FINDING_ASKED: "Answers: {0} cells of question, wave, space and group. Incidents: {1}. Spaces with a counter of people: {2}.", "Réponses : {0} cellules (question, vague, espace, groupe). Faits signalés : {1}. Espaces dotés d’un compteur de personnes : {2}.";
    HIDDEN: "hidden", "effectif masqué";
    METHODS: "How it was computed", "Comment on a calculé";
    SHARE: "Share that felt unsafe", "Part se sentant en insécurité";
    SHARE_IS: "Of the people who answered, with Wilson’s 95% interval; a published share is shown as published, its interval is that of the people asked. It counts chance alone: who did not answer, and how the question was put, it cannot know. Fewer than 10 people are not shown.", "Parmi les répondants, avec l’intervalle de Wilson à 95 % ; une part publiée est montrée telle quelle, avec l’intervalle de son effectif. Il ne mesure que le hasard, ni les non-réponses ni la façon de demander. Moins de 10 personnes : masqué.";
    RATE: "Incidents for 1,000 visitors", "Faits pour 1 000 visiteurs";
    RATE_IS: "With Byar’s 95% limits. Visitors are the people counted where a counter covered at least half of the hours, the other hours taken as those covered. Residents would be the wrong number for a public space.", "Avec les bornes de Byar à 95 %. Les visiteurs sont ceux comptés là où un compteur a couvert au moins la moitié des heures, les autres étant supposées semblables. Le nombre d’habitants ne convient pas pour un espace public.";
    GAP: "Gap index", "Indice d’écart";
    GAP_IS: "How far a space stands out by the share that feels unsafe, less how far it stands out by its rate of incidents, in standard deviations; rates are drawn towards their mean where they rest on little (empirical Bayes, Marshall 1991). The interval is a bootstrap of 1,000 replicates, seed 1. Where it spans 0 nothing is said.", "De combien un espace se distingue par la part se sentant en insécurité, moins de combien il se distingue par son taux de faits, en écarts-types ; les taux fragiles sont ramenés vers leur moyenne (bayésien empirique, Marshall 1991). L’intervalle provient de 1 000 rééchantillonnages, graine 1. S’il contient 0, on ne dit rien.";
    ASSOCIATION: "Association", "Association";
    ASSOCIATION_IS: "Spearman’s rank correlation over the spaces; probabilities corrected for all comparisons of this report (Holm). That two things go together says nothing of why.", "Corrélation des rangs de Spearman entre espaces ; probabilités corrigées pour toutes les comparaisons du rapport (Holm). Que deux choses aillent ensemble ne dit pas pourquoi.";
    BEFORE_AFTER: "Before and after a measure", "Avant et après une mesure";
    BEFORE_AFTER_IS: "An interrupted time series (Bernal, Cummins & Gasparrini 2017): counts of full weeks or months with trend, season and a change of level at the measure, as quasi-Poisson. The level is what is left when trend and season go on as before; the interval knows no autocorrelation. Against all other spaces: the ratio of after to before over theirs, with Woolf’s interval, widened by the root of phi. Displacement is the weighted quotient of Bowers & Johnson (2003), over equal times before and after, against all other spaces; 2,000 bootstrap replicates, seed 1.", "Série temporelle interrompue (Bernal, Cummins & Gasparrini 2017) : effectifs de semaines entières ou de mois, avec tendance, saison et changement de niveau à la mesure, en quasi-Poisson. Le niveau est ce qui reste quand tendance et saison se poursuivent ; l’intervalle ignore l’autocorrélation. Par rapport aux autres espaces : le rapport après/avant divisé par le leur, intervalle de Woolf élargi par la racine de phi. Le déplacement est le quotient pondéré de Bowers & Johnson (2003), sur des durées égales avant et après, par rapport aux autres espaces ; 2 000 rééchantillonnages, graine 1.";
    CELLS: "Small counts", "Petits effectifs";
    CELLS_IS: "Counts of incidents from 1 to 4 are hidden, with others where a total would tell them, and so are rates made of them; spaces with a hidden count are not compared.", "Les effectifs de faits de 1 à 4 sont masqués, ainsi que d’autres lorsqu’un total les révélerait, et les taux qui en découlent ; les espaces à effectif masqué ne sont pas rapprochés.";
}

/// Asks history for a span and makes the report.
///
/// # Errors
/// When history does not answer.
pub(crate) fn perception<E>(
    asker: &mut Asker<'_, E>,
    wording: &Wording,
    span: Span,
    measures: &[Measure],
) -> Result<Told, AskError<E>> {
    let facts = questions::ask(asker, span)?;
    let around = measures.iter().map(|measure| around(asker, measure, &facts.spaces, span));
    let around: Vec<Around> = around.collect::<Result<_, AskError<E>>>()?;
    Ok(report(&facts, around, wording, span))
}

fn report(facts: &Facts, around: Vec<Around>, wording: &Wording, span: Span) -> Told {
    let language = wording.language;
    let published = Published::of(&facts.incidents);
    let (compared, not) = compare(facts, span, &published.hidden_spaces());
    let incidents = match published.total {
        Shown::Count(count) => wording.count(count),
        Shown::Hidden => HIDDEN.text(language).to_owned(),
    };
    let counted: std::collections::BTreeSet<&str> = facts.visitors.iter().map(|one| one.space.as_str()).collect();
    let count = |count: usize| wording.count(count as u64);
    let cells = FINDING_ASKED.with(language, &[&count(facts.asked.len()), &incidents, &count(counted.len())]);
    let hidden = published.hidden_spaces();
    let measures: Vec<Changed> = around.into_iter().map(|around| Changed::of(around, &hidden)).collect();
    let mut findings = vec![cells];
    findings.extend(measures.iter().map(|measure| measure.finding(facts, wording)));
    findings.extend(gap::findings(facts, &compared, wording));
    let mut sections = vec![
        asked::section(facts, wording),
        reported::section(facts, &published, wording, span),
        gap::section(facts, &compared, &not, wording),
    ];
    sections.extend(measures.iter().map(|measure| measure.section(facts, wording)));
    sections.push(methods(wording));
    Told { title: TITLE.text(language).to_owned(), findings, sections }
}

fn methods(wording: &Wording) -> Section {
    let terms = [
        (SHARE, SHARE_IS),
        (RATE, RATE_IS),
        (GAP, GAP_IS),
        (ASSOCIATION, ASSOCIATION_IS),
        (BEFORE_AFTER, BEFORE_AFTER_IS),
        (CELLS, CELLS_IS),
    ];
    let text = |phrase: crate::language::Phrase| phrase.text(wording.language).to_owned();
    let mut section = Section::new(METHODS.text(wording.language));
    section.blocks.push(Block::Terms(terms.map(|(term, meaning)| (text(term), text(meaning))).into()));
    section
}

#[cfg(test)]
mod tests;
