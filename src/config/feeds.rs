//! `[feeds.NAME]`: the sources, with what the law asks to be declared about each.
//!
//! A missing declaration is a warning for now, and will be refused once privacy mode is on.

use super::toml_reader::Section;
use vigie_model::diagnostic::did_you_mean;
use vigie_model::id::check_id;

/// The declarations every feed owes, with an example of each.
const DECLARATIONS: [(&str, &str); 4] = [
    ("purpose", "what the data are for, as in \"crowd safety\""),
    ("legal_basis", "why they may be processed, as in \"public task\""),
    ("regime", "the law they fall under, as in \"GDPR\""),
    ("retention", "how long rows are kept, as in \"3y\" or \"90d\""),
];
/// Units of a retention, in days. A year of retention is 365 days: the promise is never exceeded.
const RETENTION_UNITS: [(char, u32); 3] = [('d', 1), ('w', 7), ('y', 365)];
/// The longest retention, a century: longer is a typing error.
const RETENTION_DAYS_MAX: u32 = 36_500;

/// A source of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Its name, in every row.
    pub name: String,
    /// What its data are for.
    pub purpose: Option<String>,
    /// Why they may be processed.
    pub legal_basis: Option<String>,
    /// The law they fall under.
    pub regime: Option<String>,
    /// How long its rows are kept.
    pub retention_days: Option<u32>,
    /// Whether free text of its events is kept; else it is dropped at the door.
    pub text: bool,
}

/// Reads all `[feeds.NAME]`.
pub(super) fn read(section: Section<'_>) -> Vec<Feed> {
    let mut feeds = Vec::new();
    for (name, mut section) in section.named_sections() {
        let report = section.report();
        if let Err(reason) = check_id(name.value) {
            report.add(report.error(name.at, format!("the name of feed '{}' {reason}", name.value)));
        }
        let missing: Vec<_> = DECLARATIONS.iter().filter(|(key, _)| !section.has(key)).collect();
        if let Some((key, example)) = missing.first() {
            let keys: Vec<_> = missing.iter().map(|(key, _)| *key).collect();
            let message = format!("feed '{}' does not declare {}", name.value, keys.join(", "));
            report.add(report.warning(name.at, message).expected(format!("for {key}: {example}")));
        }
        let mut owned = |key| section.text(key).map(|text| text.value.to_owned());
        feeds.push(Feed {
            name: name.value.to_owned(),
            purpose: owned("purpose"),
            legal_basis: owned("legal_basis"),
            regime: owned("regime"),
            retention_days: section.parsed("retention", retention_days).map(|days| days.value),
            text: section.flag("text").unwrap_or(false),
        });
        section.finish();
    }
    feeds
}

/// Warns when a mapping names a feed that no `[feeds.NAME]` declares.
pub(super) fn check_declared(section: &Section<'_>, at: usize, name: &str, feeds: &[Feed]) {
    if feeds.iter().any(|feed| feed.name == name) {
        return;
    }
    let report = section.report();
    let hint = did_you_mean(name, feeds.iter().map(|feed| feed.name.as_str()));
    let warning =
        report.warning(at, format!("feed '{name}' is not declared")).expected(format!("a table [feeds.{name}]"));
    report.add(warning.hint_opt(hint));
}

/// `3y`, `26w` or `90d` as days.
fn retention_days(text: &str) -> Result<u32, &'static str> {
    let malformed = "not a retention; expected a whole number of days, weeks or years, as in 90d, 26w or 3y";
    let (_, unit_days) = RETENTION_UNITS.iter().find(|(unit, _)| text.ends_with(*unit)).ok_or(malformed)?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed);
    }
    let days = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(*unit_days));
    days.filter(|days| (1..=RETENTION_DAYS_MAX).contains(days)).ok_or("expected between 1d and 100y")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_days_weeks_or_years() {
        assert_eq!(["90d", "26w", "3y"].map(retention_days), [Ok(90), Ok(182), Ok(1095)]);
        for text in ["", "y", "3", "3 y", "0d", "101y", "3m", "-1d", "99999999999d", "é"] {
            assert!(retention_days(text).is_err(), "{text}");
        }
    }
}
