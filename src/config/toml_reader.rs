//! Reads the tables of a TOML file key by key, noting every mistake with its place.
//!
//! A [`Section`] is one table. Its reader asks for the keys it knows; each question answers with the value, or adds to
//! the [`Report`] what is wrong with it and answers `None`, so that the reader goes on with a default and finds the next
//! mistake. [`Section::finish`] then reports the keys nobody asked for: the questions themselves are the list of legal
//! keys, and there is no second one to keep in step.
//!
//! **Invariant**: whenever a question about a key that stands in the file answers `None`, the report holds an error.

use super::report::{Located, Report};
use super::words::{listed, type_name};
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vigie_model::decimal::Decimal;
use vigie_model::diagnostic::{Diagnostic, did_you_mean};
use vigie_model::duration::{format_ms, parse_ms};

/// One table of the file, or its absence.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    report: &'a Report,
    /// Dotted name; empty for the file itself.
    name: String,
    /// Whether it is one of several, `[[name]]`.
    repeated: bool,
    /// Byte offset of its header or key.
    at: usize,
    /// `None` when the file lacks the table: then every key is absent, and none of them is reported as missing.
    table: Option<&'a DeTable<'a>>,
    asked: Vec<&'static str>,
}

/// An entry whose name the user chose.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    /// `name = "text"`
    Text(Located<&'a str>),
    /// `name = { ... }`
    Table(Section<'a>),
}

impl<'a> Section<'a> {
    /// The top of a parsed file.
    pub(crate) fn top(report: &'a Report, table: &'a DeTable<'a>) -> Self {
        Self { report, name: String::new(), repeated: false, at: 0, table: Some(table), asked: Vec::new() }
    }

    /// Where mistakes go.
    pub(crate) fn report(&self) -> &'a Report {
        self.report
    }

    /// A warning about the table as a whole; give it to [`Report::add`] when complete.
    pub(crate) fn warning(&self, message: impl Into<String>) -> Diagnostic {
        if self.table.is_some() { self.report.warning(self.at, message) } else { self.report.warning_in_whole(message) }
    }

    /// An error about the table as a whole.
    pub(crate) fn error(&self, message: impl Into<String>) -> Diagnostic {
        if self.table.is_some() { self.report.error(self.at, message) } else { self.report.error_in_whole(message) }
    }

    /// The table `key`, empty when absent.
    pub(crate) fn section(&mut self, key: &'static str) -> Section<'a> {
        let name = self.dotted(key);
        let Some((at, value)) = self.entry(key) else {
            return Section { name, repeated: false, table: None, asked: Vec::new(), ..*self };
        };
        self.table_of(name, at, value)
    }

    /// The table `key`, which the file must have.
    pub(crate) fn required_section(&mut self, key: &'static str, expected: &str) -> Section<'a> {
        if self.entry(key).is_none() {
            self.missing(key, expected);
        }
        self.section(key)
    }

    /// The tables of `[[key]]`, none when absent.
    pub(crate) fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let name = self.dotted(key);
        match self.entry(key) {
            None => Vec::new(),
            Some((_, value)) if value.get_ref().is_array() => {
                let items = value.get_ref().as_array().into_iter().flatten();
                let section = |item: &'a Spanned<_>| self.table_of(name.clone(), item.span().start, item);
                items.map(|item| Section { repeated: true, ..section(item) }).collect()
            }
            Some((at, value)) => {
                self.wrong_type(key, at, value, &format!("tables written as [[{name}]]"));
                Vec::new()
            }
        }
    }

    /// The tables inside this one, whose names the user chooses: `[feeds.NAME]`.
    pub(crate) fn named_sections(self) -> Vec<(Located<&'a str>, Section<'a>)> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        entries
            .map(|(key, value)| {
                let (at, key) = (key.span().start, key.get_ref().as_ref());
                (Located { at, value: key }, self.table_of(format!("{}.{key}", self.name), at, value))
            })
            .collect()
    }

    /// The entries of this table, whose names the user chooses, each a text or a table.
    pub(crate) fn named_entries(self) -> Vec<(Located<&'a str>, Entry<'a>)> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        entries
            .map(|(key, value)| {
                let (at, name) = (value.span().start, key.get_ref().as_ref());
                let entry = match value.get_ref() {
                    DeValue::String(text) => Entry::Text(Located { at, value: text.as_ref() }),
                    _ => Entry::Table(self.table_of(format!("{}.{name}", self.name), at, value)),
                };
                (Located { at: key.span().start, value: name }, entry)
            })
            .collect()
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Located<&'a str>> {
        self.text_such_as(key, "a text in quotes")
    }

    fn text_such_as(&mut self, key: &'static str, expected: &str) -> Option<Located<&'a str>> {
        let (_, value) = self.entry(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(key, value.span().start, value, expected);
        }
        text.map(|text| Located { at: value.span().start, value: text })
    }

    /// A text the table must have.
    pub(crate) fn required_text(&mut self, key: &'static str, expected: &str) -> Option<Located<&'a str>> {
        if self.entry(key).is_none() {
            self.missing(key, expected);
        }
        self.text(key)
    }

    /// A text that means something: `parse` says what, or why not.
    pub(crate) fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Located<T>> {
        let text = self.text(key)?;
        self.meaning(key, text, parse)
    }

    /// What a text of the table means, by `parse`.
    pub(crate) fn meaning<T, E: Display>(
        &self,
        key: &str,
        text: Located<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Located<T>> {
        match parse(text.value) {
            Ok(value) => Some(Located { at: text.at, value }),
            Err(reason) => {
                self.report.add(self.report.error(text.at, format!("'{key}' = \"{}\": {reason}", text.value)));
                None
            }
        }
    }

    /// A duration in milliseconds, at least `least_ms`.
    pub(crate) fn duration_ms(&mut self, key: &'static str, least_ms: i64) -> Option<i64> {
        let text = self.text_such_as(key, "a duration in quotes, as in \"90s\"")?;
        let parsed = self.meaning(key, text, parse_ms)?;
        if parsed.value < least_ms {
            let least =
                if least_ms <= 1 { "more than 0".to_owned() } else { format!("at least {}", format_ms(least_ms)) };
            self.report.add(self.report.error(parsed.at, format!("'{key}' is too short")).expected(least));
            return None;
        }
        Some(parsed.value)
    }

    /// As [`Self::duration_ms`], or a word that stands for none at all: `Some(None)`.
    pub(crate) fn duration_or(&mut self, key: &'static str, word: &str, least_ms: i64) -> Option<Option<i64>> {
        let is_word = self.entry(key).is_some_and(|(_, value)| value.get_ref().as_str() == Some(word));
        if is_word { Some(None) } else { self.duration_ms(key, least_ms).map(Some) }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            let message = format!("'{key}' = \"{}\" means nothing here", text.value);
            let hint = did_you_mean(text.value, choices.iter().map(|(word, _)| *word));
            self.report.add(self.report.error(text.at, message).expected(words.join(" or ")).hint_opt(hint));
        }
        found.map(|(_, choice)| *choice)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let (_, value) = self.entry(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, value.span().start, value, "true or false, without quotes");
        }
        flag
    }

    /// A whole number in a range.
    pub(crate) fn whole(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let (_, value) = self.entry(key)?;
        let at = value.span().start;
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, at, value, &expected);
            return None;
        };
        let number =
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.report.add(self.report.error(at, format!("'{key}' = {integer} is out of range")).expected(expected));
        }
        number
    }

    /// A number read exactly as written, in quotes or without.
    pub(crate) fn decimal(&mut self, key: &'static str) -> Option<Located<Decimal>> {
        let (_, value) = self.entry(key)?;
        let at = value.span().start;
        let text = match value.get_ref() {
            DeValue::String(text) => text.as_ref(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => {
                self.wrong_type(key, at, value, "a number");
                return None;
            }
        };
        match text.parse() {
            Ok(value) => Some(Located { at, value }),
            Err(reason) => {
                let message = format!("'{key}' = {text}: {reason}");
                self.report.add(self.report.error(at, message).expected("a decimal number, as in 0.001"));
                None
            }
        }
    }

    /// A list of texts, empty when absent.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<Located<&'a str>> {
        self.entry(key).map(|(_, value)| self.texts_of(key, value)).unwrap_or_default()
    }

    /// The entries of this table, whose names the user chooses, each a list of texts.
    pub(crate) fn named_texts(self) -> Vec<(Located<&'a str>, Vec<Located<&'a str>>)> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        let named = |key: &'a Spanned<_>| Located { at: key.span().start, value: AsRef::<str>::as_ref(key.get_ref()) };
        entries.map(|(key, value)| (named(key), self.texts_of(key.get_ref(), value))).collect()
    }

    /// The entries of this table, whose names the user chooses, each a text.
    pub(crate) fn named_words(self) -> Vec<(Located<&'a str>, Located<&'a str>)> {
        let mut words = Vec::new();
        for (key, value) in self.table.into_iter().flat_map(DeTable::iter) {
            let (name, at): (&str, _) = (key.get_ref(), value.span().start);
            match value.get_ref().as_str() {
                Some(text) => words.push((Located { at: key.span().start, value: name }, Located { at, value: text })),
                None => self.wrong_type(name, at, value, "a text in quotes"),
            }
        }
        words
    }

    fn texts_of(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Vec<Located<&'a str>> {
        let expected = "a list of texts, as in [\"a\", \"b\"]";
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value.span().start, value, expected);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Located { at: item.span().start, value: text }),
                None => self.wrong_type(key, item.span().start, item, expected),
            }
        }
        texts
    }

    /// What each text of a list means, by `parse`; the list is empty when absent.
    pub(crate) fn each_parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let texts = self.texts(key);
        texts.into_iter().filter_map(|text| self.meaning(key, text, &parse)).map(|found| found.value).collect()
    }

    /// Whether the table has `key`; it counts as known.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Whether the value of a key is a list.
    pub(crate) fn is_list(&mut self, key: &'static str) -> bool {
        self.entry(key).is_some_and(|(_, value)| value.get_ref().is_array())
    }

    /// What stands in the file from `key` up to the next key of this table; `None` when the table lacks it.
    pub(crate) fn extent(&self, key: &str) -> Option<Range<usize>> {
        let starts = || self.table.into_iter().flat_map(DeTable::keys).map(|key| key.span().start);
        let start = self.table?.get_key_value(key)?.0.span().start;
        let end = starts().filter(|other| *other > start).min().unwrap_or(self.report.text().len());
        Some(start..end)
    }

    /// Reports that the table lacks `key`, unless the whole table is absent.
    pub(crate) fn missing(&self, key: &str, expected: &str) {
        if self.table.is_some() {
            let missing = if self.name.is_empty() {
                self.report.error_in_whole(format!("missing [{key}]"))
            } else {
                self.error(format!("missing '{key}' in {}", self.title()))
            };
            self.report.add(missing.expected(expected));
        }
    }

    /// Reports every key of the table that was not asked for.
    pub(crate) fn finish(self) {
        let keys = self.table.into_iter().flat_map(DeTable::keys);
        for key in keys.filter(|key| !self.asked.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let place =
                if self.name.is_empty() { "at the top of the file".into() } else { format!("in {}", self.title()) };
            let error = self.report.error(key.span().start, format!("unknown key '{name}' {place}"));
            let hint = did_you_mean(name, self.asked.iter().copied());
            let error = if hint.is_some() { error.hint_opt(hint) } else { error.expected(listed(&self.asked)) };
            self.report.add(error);
        }
    }

    /// The key's place and its value.
    fn entry(&mut self, key: &'static str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let (key, value) = self.table?.get_key_value(key)?;
        Some((key.span().start, value))
    }

    fn table_of(&self, name: String, at: usize, value: &'a Spanned<DeValue<'a>>) -> Section<'a> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let message = format!("'{name}' is {}", type_name(value.get_ref()));
            self.report.add(self.report.error(at, message).expected(format!("a table [{name}]")));
        }
        Section { report: self.report, name, repeated: false, at, table, asked: Vec::new() }
    }

    fn wrong_type(&self, key: &str, at: usize, value: &Spanned<DeValue<'_>>, expected: &str) {
        let message = format!("'{key}' holds {}", type_name(value.get_ref()));
        self.report.add(self.report.error(at, message).expected(expected));
    }

    fn title(&self) -> String {
        if self.repeated { format!("[[{}]]", self.name) } else { format!("[{}]", self.name) }
    }

    fn dotted(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}
