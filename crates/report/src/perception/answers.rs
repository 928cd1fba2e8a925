//! Shares of people who felt unsafe, with their intervals; what is too small to be shown is hidden before anything else.

use super::questions::Asked;
use std::collections::BTreeMap;
use vigie_analysis::cells::Disclosure;
use vigie_analysis::estimate::Estimate;
use vigie_analysis::share::share;

/// What may be said of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Felt {
    /// A share with its interval, and the people asked.
    Share(Estimate, f64),
    /// A share published without the number of people asked.
    Published(f64),
    /// Fewer people than may be shown.
    Hidden,
}

impl Felt {
    /// What may be said of a cell.
    pub(super) fn of(asked: &Asked) -> Option<Self> {
        let hidden = |n: f64| !Disclosure::default().shows_answers(n as u64);
        if asked.n <= 0.0 {
            return asked.published.map(Self::Published);
        }
        if hidden(asked.n) {
            return Some(Self::Hidden);
        }
        let weighted = asked.weights.zip(asked.weighted_unsafe).zip(asked.squares);
        // Answers with weights count as fewer: (sum w)^2 / sum w^2 (Kish 1965).
        let (value, effective) = match (asked.published, weighted) {
            (Some(published), _) => (published, asked.n),
            (None, Some(((weights, felt_unsafe), squares))) if weights > 0.0 && squares > 0.0 => {
                (felt_unsafe / weights, weights * weights / squares)
            }
            (None, _) => (asked.felt_unsafe / asked.n, asked.n),
        };
        share(value * effective, effective).ok().map(|estimate| Self::Share(estimate, asked.n))
    }

    /// The estimate, where people were counted and may be shown.
    pub(super) fn estimate(self) -> Option<(Estimate, f64)> {
        match self {
            Self::Share(estimate, n) => Some((estimate, n)),
            Self::Published(_) | Self::Hidden => None,
        }
    }
}

/// One question as it was asked: other wordings, scales and periods are other questions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Question {
    pub(super) question: String,
    pub(super) scale: String,
    pub(super) period: String,
}

impl Question {
    pub(super) fn of(asked: &Asked) -> Self {
        Self { question: asked.question.clone(), scale: asked.scale.clone(), period: asked.period.clone() }
    }
}

/// The words of a population group: `sex f, age 18-34`; empty for everybody.
pub(super) fn group_of(asked: &Asked) -> String {
    let pairs = asked.group_keys.split("; ").zip(asked.group_words.split("; "));
    let words: Vec<String> =
        pairs.filter(|(key, _)| !key.is_empty()).map(|(key, word)| format!("{key} {word}")).collect();
    words.join(", ")
}

/// What may be said of the cells of one question. Where everybody is shown and just one group of a kind is hidden, such as one
/// of two sexes, the rest would tell it: the next smallest of its kind is hidden with it.
pub(super) fn felt<'a>(asked: &[&'a Asked]) -> Vec<(&'a Asked, Felt)> {
    let mut cells: Vec<(&Asked, Felt)> = asked.iter().filter_map(|asked| Some((*asked, Felt::of(asked)?))).collect();
    let mut kinds: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (place, (asked, _)) in cells.iter().enumerate() {
        kinds.entry((&asked.space, &asked.wave, &asked.group_keys)).or_default().push(place);
    }
    for ((space, wave, keys), places) in &kinds {
        let hidden = |place: &&usize| cells[**place].1 == Felt::Hidden;
        let is_everybody_shown = kinds
            .get(&(*space, *wave, ""))
            .is_some_and(|everybody| everybody.iter().any(|place| cells[*place].1 != Felt::Hidden));
        if keys.is_empty() || !is_everybody_shown || places.iter().filter(hidden).count() != 1 {
            continue;
        }
        let others = places.iter().copied().filter(|place| cells[*place].1 != Felt::Hidden);
        if let Some(smallest) = others.min_by(|a, b| cells[*a].0.n.total_cmp(&cells[*b].0.n)) {
            cells[smallest].1 = Felt::Hidden;
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(n: f64, felt_unsafe: f64, published: Option<f64>) -> Asked {
        Asked {
            space: "a".to_owned(),
            wave: "2019".to_owned(),
            question: "q".to_owned(),
            scale: String::new(),
            period: String::new(),
            group_keys: "age; sex".to_owned(),
            group_words: "18-34; f".to_owned(),
            n,
            felt_unsafe,
            published,
            weights: None,
            weighted_unsafe: None,
            squares: None,
            asked_ms: 0,
        }
    }

    #[test]
    fn nine_people_are_hidden_and_ten_are_not() {
        assert_eq!(Felt::of(&asked(9.0, 3.0, None)), Some(Felt::Hidden));
        let Some(Felt::Share(estimate, 10.0)) = Felt::of(&asked(10.0, 3.0, None)) else { panic!("shown") };
        assert!((estimate.value - 0.3).abs() < 1e-12 && estimate.low < 0.3 && estimate.high > 0.3);
    }

    #[test]
    fn a_share_without_a_number_has_no_interval() {
        assert_eq!(Felt::of(&asked(0.0, 0.0, Some(0.31))), Some(Felt::Published(0.31)));
        assert_eq!(Felt::of(&asked(0.0, 0.0, None)), None);
    }

    #[test]
    fn the_published_share_is_kept_and_the_interval_is_that_of_the_people_asked() {
        // DOMAIN.md: 18 of 40 -> 0.3071, 0.6017.
        let Some(Felt::Share(estimate, _)) = Felt::of(&asked(40.0, 17.6, Some(0.45))) else { panic!("shown") };
        assert!((estimate.value - 0.45).abs() < 1e-12);
        assert!((estimate.low - 0.3071).abs() < 1e-4 && (estimate.high - 0.6017).abs() < 1e-4, "{estimate:?}");
    }

    #[test]
    fn weights_make_fewer_answers_of_many() {
        let weighted =
            Asked { weights: Some(60.0), weighted_unsafe: Some(30.0), squares: Some(180.0), ..asked(40.0, 10.0, None) };
        let Some(Felt::Share(estimate, 40.0)) = Felt::of(&weighted) else { panic!("shown") };
        assert!((estimate.value - 0.5).abs() < 1e-12);
        let of_twenty = share(10.0, 20.0).unwrap();
        assert!((estimate.low - of_twenty.low).abs() < 1e-12);
    }

    #[test]
    fn one_hidden_group_takes_the_next_smallest_with_it() {
        let of = |n: f64, keys: &str, word: &str| Asked {
            group_keys: keys.to_owned(),
            group_words: word.to_owned(),
            ..asked(n, n / 2.0, None)
        };
        let rows = [of(60.0, "", ""), of(9.0, "age", "75+"), of(20.0, "age", "18-34"), of(31.0, "age", "35-74")];
        let with_total: Vec<&Asked> = rows.iter().collect();
        let hidden = |rows: &[&Asked]| felt(rows).iter().map(|(_, felt)| *felt == Felt::Hidden).collect::<Vec<_>>();
        assert_eq!(hidden(&with_total), [false, true, true, false]);
        // Without a total nothing can be subtracted.
        assert_eq!(hidden(&with_total[1..]), [true, false, false]);
    }

    #[test]
    fn groups_have_words() {
        assert_eq!(group_of(&asked(1.0, 0.0, None)), "age 18-34, sex f");
        let everybody = Asked { group_keys: String::new(), group_words: String::new(), ..asked(1.0, 0.0, None) };
        assert_eq!(group_of(&everybody), "");
    }
}
