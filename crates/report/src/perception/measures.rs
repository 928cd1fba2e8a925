//! Before and after a measure: a section for each, with its series, what changed where, and what cannot be told.

use super::around::{Around, NEAR_M};
use super::effect::{Effect, INCIDENTS_MIN, Silence, effect};
use super::questions::Facts;
use super::steps::{STEPS_MIN, TooShort, Unit, date_of, day_of};
use crate::document::{Figure, Section};
use crate::facts::name_of;
use crate::language::phrases;
use crate::plots::{Interrupted, interrupted};
use crate::table::{Cell, Table};
use crate::wording::Wording;
use jiff::civil::Date;
use std::collections::BTreeSet;
use vigie_analysis::cells::rounded;
use vigie_analysis::displace::Displacement;
use vigie_analysis::estimate::Estimate;

/// A dot stands for enough steps to have so many incidents on average, so that rounding them to 5 changes little.
const DOT_MIN: f64 = 12.0;
/// Residuals that go together more than this make an interval too narrow.
const AUTOCORRELATION_MAX: f64 = 0.3;

phrases! {
    TITLE: "Before and after: {0}", "Avant et après : {0}";
    LABEL: "{0}, from {1}", "{0}, à partir du {1}";
    PLACES: "Taken in: {0}. Next door (at most {1} m away): {2}.", "Lieux : {0}. À côté (à {1} m au plus) : {2}.";
    NOBODY: "no space", "aucun espace";
    FELL: "{0}: {1} fewer incidents than the time before suggests, trend and season apart (95% interval: {2} to {3} fewer).", "{0} : {1} de faits en moins que ne le laissait attendre la période précédente, tendance et saison mises à part (intervalle à 95 % : de {2} à {3} en moins).";
    ROSE: "{0}: {1} more incidents than the time before suggests, trend and season apart (95% interval: {2} to {3} more).", "{0} : {1} de faits en plus que ne le laissait attendre la période précédente, tendance et saison mises à part (intervalle à 95 % : de {2} à {3} en plus).";
    OPEN: "{0}: no change beyond chance. The interval allows for anything from {1} to {2} of incidents.", "{0} : aucun changement au-delà du hasard. L’intervalle va de {1} à {2} de faits.";
    SILENT: "{0}: the data do not support a statement, see the section.", "{0} : les données ne permettent pas de conclure, voir la section.";
    WOULD: "From the measure on about {0} incidents were reported. Had things gone on as before, about {1} would have been expected ({2}).", "Depuis la mesure, environ {0} faits ont été signalés. Si rien n’avait changé, on en aurait attendu environ {1} ({2}).";
    COVERED_WEEKS: "The series has {0} full weeks before the measure and {1} from it on, {2} to {3}: the time in which all of these feeds reported: {4}. Weeks without any report in the whole centre: {5}. Weeks at an end are left out as long as the rest of the span would tell of a few incidents.", "La série compte {0} semaines entières avant la mesure et {1} depuis, du {2} au {3} : la période où tous ces flux ont signalé des faits : {4}. Semaines sans aucun signalement dans tout le centre : {5}. Des semaines au bord sont écartées tant que le reste de la période révélerait quelques faits.";
    COVERED_MONTHS: "The series has {0} months before the measure and {1} from it on, {2} to {3}: the time in which all of these feeds reported: {4}. Months without any report in the whole centre: {5}. A month in which the measure began part-way is left out.", "La série compte {0} mois avant la mesure et {1} depuis, du {2} au {3} : la période où tous ces flux ont signalé des faits : {4}. Mois sans aucun signalement dans tout le centre : {5}. Un mois entamé par la mesure est laissé de côté.";
    LEFT_OUT: "Incidents of these feeds do not count here, as they did not report for long enough on both sides of the measure: {0}. A feed that begins or ends with a measure looks like an effect.", "Les faits de ces flux ne comptent pas ici, faute de signalements assez longtemps de part et d’autre de la mesure : {0}. Un flux qui commence ou s’arrête avec la mesure ressemblerait à un effet.";
    PLOT: "{0}: incidents per {1}. Dots: reported, rounded to 5. Blue: what the model expects. Dashed, with its 95% interval: what it would have expected without the measure. The upright line is the day of the measure.", "{0} : faits par {1}. Points : signalés, arrondis à 5. En bleu : ce qu’attend le modèle. En tirets, avec l’intervalle à 95 % : ce qu’il aurait attendu sans la mesure. Le trait vertical marque le jour de la mesure.";
    AXIS: "incidents per {0}", "faits par {0}";
    A_WEEK: "week", "semaine";
    WEEKS: "{0} weeks", "{0} semaines";
    A_MONTH: "month", "mois";
    MONTHS: "{0} months", "{0} mois";
    CAPTION: "What changed, and where", "Ce qui a changé, et où";
    WHERE: "Where", "Où";
    BEFORE: "Before", "Avant";
    AFTER: "From the measure on", "Depuis la mesure";
    CHANGED: "Change of level (95%)", "Changement de niveau (95 %)";
    AGAINST: "Against all other spaces (95%)", "Par rapport aux autres espaces (95 %)";
    ALL: "Spaces of the measure", "Espaces de la mesure";
    DAY: "the same, by day", "les mêmes, de jour";
    NIGHT: "the same, by night", "les mêmes, de nuit";
    NEAR: "Next door", "À côté";
    ELSEWHERE: "All other spaces", "Tous les autres espaces";
    TOO_FEW: "too few", "trop peu";
    ROUNDED: "Counts are rounded to 5, so that nothing small can be recomputed. A change is given from {0} incidents on either side.", "Les effectifs sont arrondis à 5, pour que rien de petit ne puisse être recalculé. Un changement est donné à partir de {0} faits de part et d’autre.";
    NIGHTS: "Nights by their own days, over whole years on either side: {0} times as before ({1}). What lighting changes shows at night, all else by day too.", "Nuits rapportées aux jours, sur des années entières de part et d’autre : {0} fois le niveau d’avant ({1}). L’éclairage agit la nuit, le reste aussi le jour.";
    NO_NEIGHBOURS: "No other space lies within {0} m: whether incidents moved next door cannot be told.", "Aucun autre espace à moins de {0} m : on ne peut dire si les faits se sont déplacés à côté.";
    NO_SUCCESS: "Against all other spaces the spaces of the measure did not fall beyond chance: there is nothing that could have moved next door.", "Par rapport aux autres espaces, ceux de la mesure n’ont pas baissé au-delà du hasard : rien n’a pu se déplacer à côté.";
    MOVED: "Some incidents moved next door: about {0} of those that ended (quotient {1}).", "Des faits se sont déplacés à côté : environ {0} de ceux qui ont cessé (quotient {1}).";
    GAINED: "Next door incidents fell along, by about {0} of what ended (quotient {1}).", "À côté, les faits ont baissé aussi, d’environ {0} de ce qui a cessé (quotient {1}).";
    MOVED_OPEN: "Whether incidents moved next door cannot be told from chance (quotient {0}; −1: all of them moved, 0: none, above 0: next door gained too).", "On ne peut distinguer du hasard un déplacement à côté (quotient {0} ; −1 : tout s’est déplacé, 0 : rien, plus de 0 : les voisins y ont gagné aussi).";
    WHATEVER: "Whatever else happened at the time of the measure is in its effect; hold it against “All other spaces”. Sensors or officers that came with the measure find more, and hide a fall. The row to go by is the one named before looking.", "Tout ce qui s’est passé au même moment est compris dans l’effet ; comparez avec « Tous les autres espaces ». Des capteurs ou agents arrivés avec la mesure trouvent davantage et cachent une baisse. La ligne qui compte est celle choisie avant de regarder.";
    NO_SEASON: "The series is shorter than a year: what the season does cannot be told from what the measure does.", "La série dure moins d’un an : on ne peut distinguer l’effet de la saison de celui de la mesure.";
    ONE_YEAR: "The series is shorter than three years: a step, a trend and a season look much alike in it, which makes the interval of the level wide. The ratio against all other spaces takes season and trend from those, as far as they move alike.", "La série dure moins de trois ans : palier, tendance et saison s’y ressemblent, ce qui élargit l’intervalle du niveau. Le rapport aux autres espaces leur emprunte saison et tendance, dans la mesure où ils évoluent de même.";
    TOGETHER: "Neighbouring weeks or months go together more than chance has it (autocorrelation {0}): the true interval is wider than the one shown.", "Semaines ou mois voisins se ressemblent plus que par hasard (autocorrélation {0}) : le véritable intervalle est plus large.";
    UNKNOWN: "No space has the id {0}. Ids are those of the spaces file, as in `vigie sql \"SELECT id, name FROM spaces\"`.", "Aucun espace n’a l’identifiant {0}. Les identifiants sont ceux du fichier des espaces, voir `vigie sql \"SELECT id, name FROM spaces\"`.";
    NOTHING: "Nothing was reported in these spaces in the span.", "Rien n’a été signalé dans ces espaces sur la période.";
    SHORT_WEEKS: "Full weeks in which the incidents’ feeds reported: {0} before the measure, {1} from it on. At least {2} are needed on either side: ask again later, or import earlier incidents.", "Semaines entières où les flux de faits ont signalé : {0} avant la mesure, {1} depuis. Il en faut au moins {2} de chaque côté : redemandez plus tard, ou importez des faits plus anciens.";
    SHORT_MONTHS: "Months in which the incidents’ feeds reported: {0} before the measure, {1} from it on. At least {2} are needed on either side: ask again later, or import earlier incidents.", "Mois où les flux de faits ont signalé : {0} avant la mesure, {1} depuis. Il en faut au moins {2} de chaque côté : redemandez plus tard, ou importez des faits plus anciens.";
    FEW: "Fewer than {0} incidents were reported before the measure or from it on: too few for a statement.", "Moins de {0} faits signalés avant la mesure ou depuis : trop peu pour conclure.";
    HIDDEN: "A number of incidents of these spaces is hidden above; a series would tell it. Take them together with busier spaces, or ask for a longer span.", "Un effectif de ces espaces est masqué plus haut ; une série le révélerait. Réunissez-les avec des espaces plus fréquentés, ou demandez une période plus longue.";
    UNFITTED: "The model could not be fitted: {0}.", "Le modèle n’a pu être ajusté : {0}.";
}

/// A measure, and what can be said of it.
pub(super) struct Changed {
    around: Around,
    effect: Result<Effect, Silence>,
    /// Whether counts next door, and those of all other spaces, would help to tell a hidden one.
    is_near_hidden: bool,
    is_elsewhere_hidden: bool,
}

impl Changed {
    /// What can be said of a measure.
    pub(super) fn of(around: Around, hidden: &BTreeSet<&str>) -> Self {
        let any_hidden = |ids: &[String]| ids.iter().any(|id| hidden.contains(id.as_str()));
        let effect = if any_hidden(&around.measure.spaces) { Err(Silence::Hidden) } else { effect(&around) };
        let is_near_hidden = any_hidden(&around.near);
        let others = hidden.iter().any(|id| !around.near.iter().any(|near| near == id));
        Self { around, effect, is_near_hidden, is_elsewhere_hidden: others }
    }

    /// One sentence.
    pub(super) fn finding(&self, facts: &Facts, wording: &Wording) -> String {
        let label = self.label(facts, wording);
        match &self.effect {
            Ok(effect) => sentence(&label, effect.fit.level, wording),
            Err(_) => SILENT.with(wording.language, &[&label]),
        }
    }

    /// The section.
    pub(super) fn section(&self, facts: &Facts, wording: &Wording) -> Section {
        let language = wording.language;
        let label = self.label(facts, wording);
        let mut section = Section::new(TITLE.with(language, &[&label]));
        if !self.around.unknown.is_empty() {
            section.missing(UNKNOWN.with(language, &[&self.around.unknown.join(", ")]));
            return section;
        }
        let near = match self.around.near.as_slice() {
            [] => NOBODY.text(language).to_owned(),
            near => names(facts, near),
        };
        let metres = wording.number(NEAR_M, 0);
        section.text(PLACES.with(language, &[&names(facts, &self.around.measure.spaces), &metres, &near]));
        match &self.effect {
            Ok(effect) => self.told(&mut section, &label, effect, wording),
            Err(silence) => section.missing(reason(silence, wording)),
        }
        section
    }

    fn told(&self, section: &mut Section, label: &str, effect: &Effect, wording: &Wording) {
        let language = wording.language;
        section.text(sentence(label, effect.fit.level, wording));
        let after: f64 = effect.counts[effect.steps.before()..].iter().sum();
        let without = effect.fit.without_measure;
        let would =
            [about(after, wording), wording.number(without.value, 0), wording.interval(without.low, without.high, 0)];
        section.text(WOULD.with(language, &[&would[0], &would[1], &would[2]]));
        section.figure(drawn(label, effect, self.around.measure.from, wording));
        section.table(self.table(effect, wording));
        if let Some(nights) = effect.nights {
            let interval = wording.interval(nights.low, nights.high, 2);
            section.text(NIGHTS.with(language, &[&wording.number(nights.value, 2), &interval]));
        }
        displaced(section, effect, wording);
        section.text(covered(effect, wording));
        caveats(section, effect, wording);
    }

    fn table(&self, effect: &Effect, wording: &Wording) -> Table {
        let language = wording.language;
        let headings = [WHERE, BEFORE, AFTER, CHANGED, AGAINST].map(|phrase| phrase.text(language));
        let mut table = Table::new(CAPTION.text(language), headings);
        let mut rows = vec![(ALL, &effect.area, false)];
        if let Some((day, night)) = &effect.by_light {
            rows.extend([(DAY, day, false), (NIGHT, night, false)]);
        }
        rows.extend(effect.near.iter().map(|near| (NEAR, near, self.is_near_hidden)));
        rows.push((ELSEWHERE, &effect.elsewhere, self.is_elsewhere_hidden));
        for (name, change, hides) in rows {
            let level = ratio(change.fit.as_ref().map(|fit| fit.level), wording);
            let against = if name == ELSEWHERE { Cell::Empty } else { ratio(change.against, wording) };
            let [before, after] = [change.before, change.after]
                .map(|count| if hides { Cell::Hidden } else { Cell::value(about(count, wording)) });
            table.row([Cell::text(name.text(language)), before, after, level, against]);
        }
        table.notes.push(ROUNDED.with(language, &[&wording.number(INCIDENTS_MIN, 0)]));
        table
    }

    fn label(&self, facts: &Facts, wording: &Wording) -> String {
        let measure = &self.around.measure;
        let name = measure.name.clone().unwrap_or_else(|| names(facts, &measure.spaces));
        LABEL.with(wording.language, &[&name, &wording.date(measure.from)])
    }
}

fn names(facts: &Facts, ids: &[String]) -> String {
    ids.iter().map(|id| name_of(&facts.spaces, id)).collect::<Vec<_>>().join(", ")
}

fn sentence(label: &str, level: Estimate, wording: &Wording) -> String {
    let percent = |ratio: f64| wording.percent((ratio - 1.0).abs(), 0);
    if level.high < 1.0 {
        FELL.with(wording.language, &[label, &percent(level.value), &percent(level.high), &percent(level.low)])
    } else if level.low > 1.0 {
        ROSE.with(wording.language, &[label, &percent(level.value), &percent(level.low), &percent(level.high)])
    } else {
        let signed = |ratio: f64| wording.change(ratio - 1.0, 0);
        OPEN.with(wording.language, &[label, &signed(level.low), &signed(level.high)])
    }
}

/// A count as it may be shown beside others of nearly the same people.
fn about(count: f64, wording: &Wording) -> String {
    wording.count(rounded(count as u64))
}

/// A ratio as a change in percent.
fn ratio(found: Option<Estimate>, wording: &Wording) -> Cell {
    found.map_or(Cell::text(TOO_FEW.text(wording.language)), |found| {
        let interval = wording.percent_interval(found.low - 1.0, found.high - 1.0, 0);
        Cell::value(format!("{} ({interval})", wording.change(found.value - 1.0, 0)))
    })
}

fn displaced(section: &mut Section, effect: &Effect, wording: &Wording) {
    let language = wording.language;
    let Some(Displacement { quotient, .. }) = effect.displacement else {
        section.missing(NO_NEIGHBOURS.with(language, &[&wording.number(NEAR_M, 0)]));
        return;
    };
    let Some(quotient) = quotient else {
        section.text(NO_SUCCESS.text(language));
        return;
    };
    let interval = wording.interval(quotient.low, quotient.high, 2);
    let said = format!("{} ({interval})", wording.number(quotient.value, 2));
    let share = wording.percent(quotient.value.abs(), 0);
    section.text(if quotient.high < 0.0 {
        MOVED.with(language, &[&share, &said])
    } else if quotient.low > 0.0 {
        GAINED.with(language, &[&share, &said])
    } else {
        MOVED_OPEN.with(language, &[&said])
    });
}

fn covered(effect: &Effect, wording: &Wording) -> String {
    let steps = &effect.steps;
    let (from, until) = steps.days();
    let phrase = match steps.ruler.unit {
        Unit::Week => COVERED_WEEKS,
        Unit::Month => COVERED_MONTHS,
    };
    let [before, after, silent] = [steps.before(), steps.after(), effect.silent].map(|n| wording.count(n as u64));
    let (from, until) = (wording.date(date_of(from)), wording.date(date_of(until - 1)));
    phrase.with(wording.language, &[&before, &after, &from, &until, &steps.feeds.join(", "), &silent])
}

fn caveats(section: &mut Section, effect: &Effect, wording: &Wording) {
    let language = wording.language;
    section.caveat(WHATEVER.text(language));
    match effect.harmonics {
        0 => section.caveat(NO_SEASON.text(language)),
        1 => section.caveat(ONE_YEAR.text(language)),
        _ => {}
    }
    if effect.fit.autocorrelation.abs() > AUTOCORRELATION_MAX {
        section.caveat(TOGETHER.with(language, &[&wording.number(effect.fit.autocorrelation, 2)]));
    }
    if !effect.steps.left_out.is_empty() {
        section.caveat(LEFT_OUT.with(language, &[&effect.steps.left_out.join(", ")]));
    }
}

fn reason(silence: &Silence, wording: &Wording) -> String {
    let language = wording.language;
    match silence {
        Silence::Short(TooShort::Nothing) => NOTHING.text(language).to_owned(),
        Silence::Short(TooShort::Steps(unit, before, after)) => {
            let phrase = if *unit == Unit::Week { SHORT_WEEKS } else { SHORT_MONTHS };
            let [before, after, needed] = [*before, *after, STEPS_MIN].map(|n| wording.count(n as u64));
            phrase.with(language, &[&before, &after, &needed])
        }
        Silence::Hidden => HIDDEN.text(language).to_owned(),
        Silence::Few => FEW.with(language, &[&wording.number(INCIDENTS_MIN, 0)]),
        Silence::Unfitted(error) => UNFITTED.with(language, &[&error.to_string()]),
    }
}

/// The series drawn, so many steps a dot.
fn drawn(label: &str, effect: &Effect, from: Date, wording: &Wording) -> Figure {
    let language = wording.language;
    let steps = &effect.steps;
    let (one, many, sizes) = match steps.ruler.unit {
        Unit::Week => (A_WEEK, WEEKS, [1, 2, 4, 8]),
        Unit::Month => (A_MONTH, MONTHS, [1, 2, 3, 6]),
    };
    let mean = effect.counts.iter().sum::<f64>() / effect.counts.len() as f64;
    let size = sizes.into_iter().find(|size| mean * f64::from(*size) >= DOT_MIN).unwrap_or(sizes[sizes.len() - 1]);
    let (middles, split) = (middles(effect), steps.before());
    let scale = f64::from(size);
    let expected = |range: std::ops::Range<usize>| {
        range.map(|point| (middles[point], effect.fit.expected[point].mean * scale)).collect::<Vec<_>>()
    };
    let without = (split..middles.len()).map(|point| {
        let own = effect.fit.expected[point].without_measure;
        (middles[point], own.value * scale, own.low * scale, own.high * scale)
    });
    let series = Interrupted {
        observed: dots(effect, &middles, size as usize),
        before: expected(0..split),
        after: expected(split..middles.len()),
        without: without.collect(),
        start: day_of(from) as f64,
    };
    let per = if size == 1 { one.text(language).to_owned() } else { many.with(language, &[&size.to_string()]) };
    let axis = AXIS.with(language, &[&per]);
    let svg = interrupted(wording, &axis, &series);
    Figure::new(PLOT.with(language, &[label, &per]), sentence(label, effect.fit.level, wording), svg)
}

/// The middle of each step, in days since 1970.
fn middles(effect: &Effect) -> Vec<f64> {
    let ruler = effect.steps.ruler;
    effect.steps.steps().map(|step| (ruler.begins(step) + ruler.begins(step + 1)) as f64 / 2.0).collect()
}

/// Sums of so many steps each, counted away from the measure to both sides, and rounded; what is left at the ends is not drawn.
fn dots(effect: &Effect, middles: &[f64], size: usize) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> = middles.iter().copied().zip(effect.counts.iter().copied()).collect();
    let (before, after) = points.split_at(effect.steps.before());
    let dot = |group: &[(f64, f64)]| {
        let middle = group.iter().map(|(day, _)| day).sum::<f64>() / group.len() as f64;
        (middle, rounded(group.iter().map(|(_, count)| count).sum::<f64>() as u64) as f64)
    };
    before.rchunks_exact(size).rev().chain(after.chunks_exact(size)).map(dot).collect()
}
