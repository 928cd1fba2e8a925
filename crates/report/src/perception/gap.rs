//! Where people feel less safe, or safer, than what is reported suggests; and what could not be compared, with the reason.

use super::asked::about;
use super::compared::{Comparison, Exposure, Of, Why};
use super::questions::Facts;
use crate::document::{Figure, Section};
use crate::facts::name_of;
use crate::language::phrases;
use crate::plots::{Estimate as Drawn, ROWS_MAX, Scale, intervals};
use crate::table::{Cell, Table};
use crate::wording::Wording;
use vigie_analysis::gap::Label;

phrases! {
    TITLE: "Where the two part", "Là où les deux divergent";
    FOUND: "People feel less safe than what is reported suggests in {0} ({1}{2}, {3}).", "Les gens se sentent moins en sécurité que les faits ne le suggèrent à : {0} ({1}{2}, {3}).";
    FOUND_NONE: "No space stands out beyond chance for “{0}”{1}, {2}.", "Aucun espace ne se distingue au-delà du hasard pour « {0} »{1}, {2}.";
    NOTHING: "No question could be held against incidents; the reasons follow.", "Aucune question n’a pu être rapprochée des faits ; les raisons suivent.";
    PLOT: "“{0}”{1}, {2}: gap index with its 95% interval, {3} spaces. Right of 0: people feel less safe than what is reported suggests.", "« {0} »{1}, {2} : indice d’écart avec intervalle à 95 %, {3} espaces. À droite de 0 : les gens se sentent moins en sécurité que les faits ne le suggèrent.";
    AXIS: "gap index (standard deviations)", "indice d’écart (écarts-types)";
    CAPTION: "Gap index by space", "Indice d’écart par espace";
    SPACE: "Space", "Espace";
    INDEX: "Index (95%)", "Indice (95 %)";
    SAYS: "Says", "Conclusion";
    WORSE: "felt worse than reported", "ressenti pire que signalé";
    BETTER: "felt better than reported", "ressenti meilleur que signalé";
    OPEN: "chance may have made it", "le hasard peut l’expliquer";
    ALIKE: "Counters do not cover all of these spaces, so incidents are counted as they are and not over visitors: a busy place has more of everything.", "Les compteurs ne couvrent pas tous ces espaces : les faits sont comptés tels quels et non rapportés aux visiteurs ; un lieu fréquenté a plus de tout.";
    OLDER: "Older waves not compared here: {0}. Ask with an earlier --to to see them.", "Vagues antérieures non rapprochées ici : {0}. Demandez une période finissant plus tôt (--to).";
    LEFT_OUT: "Not compared, as their number of incidents is hidden and an index would tell it: {0}.", "Non rapprochés, car leur effectif de faits est masqué et un indice le révélerait : {0}.";
    NOT_BY_LIGHT: "The question is about a time of day, the incidents are not split by it: all of them count.", "La question porte sur un moment du jour, les faits ne sont pas répartis ainsi : tous comptent.";
    ASSOCIATED: "Over {0} spaces the rank correlation of the two is {1} ({2}; p = {3}, corrected {4}).", "Sur {0} espaces, la corrélation des rangs est de {1} ({2} ; p = {3}, corrigé {4}).";
    TOO_FEW: "“{0}”{1}, {2}: spaces with answers that may be shown: {3}; of them with incidents or counters: {4}, and {5} more whose number of incidents is hidden. A comparison needs at least three: bring in incidents by the spaces that the survey uses, or a survey by these spaces.", "« {0} »{1}, {2} : espaces avec réponses montrables : {3} ; parmi eux, avec faits ou compteurs : {4}, plus {5} dont l’effectif de faits est masqué. Il en faut au moins trois : importez des faits selon les espaces de l’enquête, ou une enquête selon ces espaces.";
    OTHER_TIME: "“{0}”{1}, {2}: asked in {3}, incidents are of {4} to {5}. They lie more than a year apart and are not compared.", "« {0} »{1}, {2} : enquête du {3}, faits du {4} au {5}. Plus d’un an les sépare ; ils ne sont pas rapprochés.";
}

/// One sentence for each comparison.
pub(super) fn findings(facts: &Facts, compared: &[Comparison], wording: &Wording) -> Vec<String> {
    let language = wording.language;
    compared
        .iter()
        .map(|one| {
            let worse: Vec<&str> = one
                .gaps
                .iter()
                .filter(|(_, gap)| gap.label() == Some(Label::FeltWorse))
                .map(|(space, _)| name_of(&facts.spaces, space))
                .collect();
            let (question, about, wave) = (&one.of.question.question, whom(&one.of, wording), &one.of.wave);
            if worse.is_empty() {
                FOUND_NONE.with(language, &[question, &about, wave])
            } else {
                FOUND.with(language, &[&worse.join(", "), question, &about, wave])
            }
        })
        .collect()
}

/// The section.
pub(super) fn section(facts: &Facts, compared: &[Comparison], not: &[(Of, Why)], wording: &Wording) -> Section {
    let language = wording.language;
    let mut section = Section::new(TITLE.text(language));
    if compared.is_empty() {
        section.text(NOTHING.text(language));
    }
    for one in compared {
        comparison(&mut section, facts, one, wording);
    }
    for (of, why) in not {
        section.missing(reason(of, why, wording));
    }
    section
}

fn comparison(section: &mut Section, facts: &Facts, one: &Comparison, wording: &Wording) {
    let language = wording.language;
    let mut gaps: Vec<_> = one.gaps.iter().collect();
    gaps.sort_by(|(a_space, a), (b_space, b)| b.index.value.total_cmp(&a.index.value).then(a_space.cmp(b_space)));
    let drawn: Vec<Drawn> = gaps
        .iter()
        .map(|(space, gap)| Drawn {
            label: name_of(&facts.spaces, space).to_owned(),
            value: gap.index.value,
            low: gap.index.low,
            high: gap.index.high,
        })
        .take(ROWS_MAX)
        .collect();
    let (question, spaces) = (&one.of.question, wording.count(one.gaps.len() as u64));
    let caption = PLOT.with(language, &[&question.question, &whom(&one.of, wording), &one.of.wave, &spaces]);
    let say: Vec<String> = drawn.iter().map(|own| format!("{} {}", own.label, wording.number(own.value, 2))).collect();
    let svg = intervals(wording, AXIS.text(language), Scale::Number(1), &drawn, Some(0.0));
    section.figure(Figure::new(caption, say.join("; "), svg));
    if one.older > 0 {
        section.text(OLDER.with(language, &[&one.older.to_string()]));
    }
    if one.exposure == Exposure::Alike {
        section.caveat(ALIKE.text(language));
    }
    if !one.by_light && !question.period.is_empty() {
        section.caveat(NOT_BY_LIGHT.text(language));
    }
    if !one.left_out.is_empty() {
        let names: Vec<&str> = one.left_out.iter().map(|space| name_of(&facts.spaces, space)).collect();
        section.missing(LEFT_OUT.with(language, &[&names.join(", ")]));
    }
    let mut table = Table::new(CAPTION.text(language), [SPACE, INDEX, SAYS].map(|phrase| phrase.text(language)));
    for (space, gap) in gaps {
        let index = gap.index;
        let says = match gap.label() {
            Some(Label::FeltWorse) => WORSE,
            Some(Label::FeltBetter) => BETTER,
            None => OPEN,
        };
        let interval = format!("{} ({})", wording.number(index.value, 2), wording.interval(index.low, index.high, 2));
        table.row([Cell::text(name_of(&facts.spaces, space)), Cell::value(interval), Cell::text(says.text(language))]);
    }
    section.table(table);
    if let Some((association, p_holm)) = one.association.as_ref().zip(one.p_holm) {
        let rho = association.rho;
        let interval = wording.interval(rho.low, rho.high, 2);
        let (value, p, corrected) =
            (wording.number(rho.value, 2), wording.number(association.p, 3), wording.number(p_holm, 3));
        section.text(ASSOCIATED.with(language, &[&spaces, &value, &interval, &p, &corrected]));
    }
}

fn reason(of: &Of, why: &Why, wording: &Wording) -> String {
    let about = whom(of, wording);
    match why {
        Why::TooFewSpaces { with_answers, with_both, hidden } => {
            let [answers, both, hidden] = [with_answers, with_both, hidden].map(|n| wording.count(*n as u64));
            TOO_FEW.with(wording.language, &[&of.question.question, &about, &of.wave, &answers, &both, &hidden])
        }
        Why::OtherTime { asked_ms, first_ms, last_ms } => {
            let [asked, first, last] = [asked_ms, first_ms, last_ms].map(|epoch_ms| wording.day(*epoch_ms));
            OTHER_TIME.with(wording.language, &[&of.question.question, &about, &of.wave, &asked, &first, &last])
        }
    }
}

/// What a question was about and who answered, as part of a sentence.
fn whom(of: &Of, wording: &Wording) -> String {
    let about = about(&of.question, wording);
    if of.group.is_empty() { about.to_owned() } else { format!("{about}, {}", of.group) }
}
