//! Measures of each row among others: `columns[argument][row]` gives an answer for each row.

use super::answer::Answer;
use super::formulas::{SEED, whole};
use super::work::Work;
use vigie_analysis::associate;
use vigie_analysis::cells::{Disclosure, Shown};
use vigie_analysis::error::AnalysisError;
use vigie_analysis::gap::{Label, Place, REPLICATES, gaps};
use vigie_analysis::rate::PER;
use vigie_analysis::smooth;

type Answers = Result<Vec<Answer>, AnalysisError>;

/// `empirical_bayes(observed, exposure)`
pub(crate) fn empirical_bayes(columns: &[Vec<f64>], _work: &Work) -> Answers {
    let steadied = smooth::empirical_bayes(&columns[0], &columns[1])?;
    Ok(steadied.into_iter().map(|rate| Answer::of([rate * PER])).collect())
}

/// `gap_index(asked, feel_unsafe, observed, exposure)`
pub(crate) fn gap_index(columns: &[Vec<f64>], work: &Work) -> Answers {
    let [asked, feel_unsafe, observed, exposures] = columns else { return Ok(Vec::new()) };
    let place = |at: usize| Place {
        asked: asked[at],
        feel_unsafe: feel_unsafe[at],
        observed: observed[at],
        exposure: exposures[at],
    };
    work.take((2 * REPLICATES * asked.len()) as u64)?;
    let found = gaps(&(0..asked.len()).map(place).collect::<Vec<_>>(), SEED)?;
    let answers = found.into_iter().map(|gap| {
        let mut answer = Answer::default().with(Some(gap.index));
        answer.numbers.extend([Some(gap.feeling), Some(gap.incidents)]);
        Answer { label: gap.label().map(Label::as_str), ..answer }
    });
    Ok(answers.collect())
}

/// `holm(p)`
pub(crate) fn holm(columns: &[Vec<f64>], _work: &Work) -> Answers {
    if let Some(odd) = columns[0].iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(AnalysisError::OutOfRange { what: "a p-value", found: *odd, expected: "from 0 to 1" });
    }
    Ok(associate::holm(&columns[0]).into_iter().map(|p| Answer::of([p])).collect())
}

/// `published_counts(n)`: hidden ones are null.
pub(crate) fn published_counts(columns: &[Vec<f64>], _work: &Work) -> Answers {
    let counts = columns[0].iter().map(|count| whole(*count)).collect::<Result<Vec<_>, _>>()?;
    let shown = |cell: Shown| match cell {
        Shown::Count(count) => Answer::of([count as f64]),
        Shown::Hidden => Answer { numbers: vec![None], ..Answer::default() },
    };
    Ok(Disclosure::default().list(&counts)?.cells.into_iter().map(shown).collect())
}
