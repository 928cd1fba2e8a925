//! The measures in words, for `vigie sql --describe`.

use super::registry::{Kind, MEASURES, Measure};

/// A line for each measure: its name, and what it says.
pub(crate) fn overview() -> impl Iterator<Item = [String; 2]> {
    MEASURES.iter().map(|measure| [measure.name, measure.comment].map(String::from))
}

/// Names of all measures.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    MEASURES.iter().map(|measure| measure.name)
}

/// All about a measure, by its name or that of one of its limits.
pub(crate) fn described(name: &str) -> Option<String> {
    let base = name.strip_suffix("_low").or_else(|| name.strip_suffix("_high")).unwrap_or(name);
    let measure = MEASURES.iter().find(|measure| measure.name == name || measure.name == base)?;
    let Measure { comment, formula, source, caveats, .. } = measure;
    let (call, gives) = (measure.call(), measure.gives());
    Some(format!(
        "{call}: {comment}\n\ngives    {gives}\nformula  {formula}\nsource   {source}\ncaveats  {caveats}\n\nMore, with examples: docs/analysis.md\n"
    ))
}

/// How a measure is called by those who list functions as PostgreSQL does.
pub(crate) struct Signature {
    pub(crate) name: String,
    /// `f` of a row, `a` of a set of rows, `w` over a window.
    pub(crate) kind: &'static str,
    pub(crate) arguments: String,
    pub(crate) gives: &'static str,
}

/// The functions of all measures, limits included.
pub(crate) fn signatures() -> impl Iterator<Item = Signature> {
    MEASURES.iter().flat_map(|measure| {
        let (kind, gives) = match measure.kind {
            Kind::Number(_) | Kind::Interval(_) => ("f", "double precision"),
            Kind::Parts(..) => ("f", "json"),
            Kind::Set(..) | Kind::WeightedShare(_) => ("a", "json"),
            Kind::Each(..) => ("w", "double precision"),
            Kind::EachParts(..) => ("w", "json"),
        };
        let arguments = measure.arguments.iter().map(|name| format!("{name} double precision")).collect::<Vec<_>>();
        let arguments = arguments.join(", ");
        let limits: &[&str] = if matches!(measure.kind, Kind::Interval(_)) { &["", "_low", "_high"] } else { &[""] };
        limits.iter().map(move |limit| Signature {
            name: format!("{}{limit}", measure.name),
            kind,
            arguments: arguments.clone(),
            gives,
        })
    })
}
