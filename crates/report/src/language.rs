//! The two languages of reports, and phrases that exist in both.
//!
//! A phrase is one constant with both texts, so a text without its translation does not compile; `{0}`, `{1}` stand for
//! what is filled in. `phrases!` declares a family of them, with a test that both texts name the same places.
//!
//! ```
//! use vigie_report::language::{Language, Phrase};
//! const OPENED: Phrase = Phrase::new("{0} alerts opened", "{0} alertes ouvertes");
//! assert_eq!(OPENED.with(Language::French, &["12"]), "12 alertes ouvertes");
//! ```

use serde::{Deserialize, Serialize};

/// The language of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// French.
    #[serde(rename = "fr")]
    French,
}

impl Language {
    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }
}

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    english: &'static str,
    french: &'static str,
}

impl Phrase {
    /// A phrase; both texts name the same places `{0}`, `{1}`.
    #[must_use]
    pub const fn new(english: &'static str, french: &'static str) -> Self {
        Self { english, french }
    }

    /// Its text, places unfilled.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::French => self.french,
        }
    }

    /// Its text with the places filled. What is filled in is not searched for places again.
    #[must_use]
    pub fn with(self, language: Language, values: &[&str]) -> String {
        let (mut text, mut rest) = (String::new(), self.text(language));
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            let value = place.parse().ok().and_then(|place: usize| values.get(place));
            text.push_str(value.unwrap_or_else(|| panic!("'{}' has no value for {{{place}}}", self.english)));
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// What the phrase lacks: a text, or a place that only one of them names.
    #[must_use]
    pub fn mistake(self) -> Option<String> {
        if self.english.trim().is_empty() || self.french.trim().is_empty() {
            return Some(format!("'{}{}' has no text in one language", self.english, self.french));
        }
        let (english, french) = (places(self.english), places(self.french));
        (english != french).then(|| format!("'{}' names {english:?}, '{}' {french:?}", self.english, self.french))
    }
}

/// The places a text names, each once, in order.
fn places(text: &str) -> Vec<usize> {
    let mut places: Vec<usize> =
        text.split('{').skip(1).filter_map(|part| part.split_once('}')?.0.parse().ok()).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Declares phrases as constants, `NAME: "English", "French";`, and tests each.
macro_rules! phrases {
    ($($name:ident: $english:literal, $french:literal;)+) => {
        $(const $name: $crate::language::Phrase = $crate::language::Phrase::new($english, $french);)+

        #[cfg(test)]
        mod phrases {
            #[test]
            fn are_whole_in_both_languages() {
                let mistakes: Vec<_> = [$(super::$name),+].into_iter().filter_map($crate::language::Phrase::mistake).collect();
                assert!(mistakes.is_empty(), "{mistakes:?}");
            }
        }
    };
}

pub(crate) use phrases;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_in_the_order_of_the_language() {
        let phrase = Phrase::new("{0} of {1}", "sur {1}, {0}");
        assert_eq!(phrase.with(Language::English, &["3", "{0}"]), "3 of {0}");
        assert_eq!(phrase.with(Language::French, &["3", "7"]), "sur 7, 3");
    }

    #[test]
    fn a_place_that_only_one_language_names_is_a_mistake() {
        assert!(Phrase::new("{0} of {1}", "{0}").mistake().is_some());
        assert!(Phrase::new("all", "").mistake().is_some());
        assert_eq!(Phrase::new("{0} and {1}", "{1} et {0}").mistake(), None);
    }
}
