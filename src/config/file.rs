//! The configuration file as a whole: what the user typed, then what it means.
//!
//! Reading has two stages. The first is TOML's: every syntax error, and a tree in which each key and value knows its
//! place. The second asks each section what the tree means. A file with syntax errors still goes through the second
//! stage, so that one run shows all there is to mend; of what the damaged lines would cause, nothing is repeated.

use super::calendars;
use super::centre::{self, Centre};
use super::console::{self, Console};
use super::csv;
use super::desk;
use super::events::{self, Event};
use super::feeds::{self, Feed};
use super::history::{self, History};
use super::http::{self, Http};
use super::log::{self, Log};
use super::metrics;
use super::paths::folder_of;
use super::report::Report;
use super::rules::{self, Rules};
use super::spaces::{self, Spaces};
use super::sql::{self, Sql};
use super::text;
use super::time::{self, Time};
use super::toml_reader::Section;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::DeTable;
use vigie_ingest::decode::csv::mapping::Mapping;
use vigie_ingest::decode::feed::{FeedSpec, Feeds};
use vigie_model::calendar::Calendar;
use vigie_model::control::AlertSettings;
use vigie_model::diagnostic::Diagnostic;
use vigie_model::metric::Metrics;

/// The largest configuration file in MiB: a thousand times what one needs, and never a data file given by mistake.
const FILE_MIB_MAX: u64 = 8;

/// The feed of events that name none; `[feeds.events]` may declare it.
pub const FEED_DEFAULT: &str = "events";

/// What a configuration file means. Paths are relative to the current folder, or absolute.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// `[centre]`
    pub centre: Centre,
    /// `[spaces]`
    pub spaces: Spaces,
    /// `[feeds.NAME]`, in the order of their names.
    pub feeds: Vec<Feed>,
    /// `[rules]`
    pub rules: Rules,
    /// `[log]`
    pub log: Log,
    /// `[history]`
    pub history: History,
    /// `[http]`
    pub http: Http,
    /// `[sql]`
    pub sql: Sql,
    /// `[console]`
    pub console: Console,
    /// `[desk]`
    pub desk: Arc<AlertSettings>,
    /// `[metrics.NAME]`
    pub metrics: Metrics,
    /// `[calendars.NAME]`, in the order of their names.
    pub calendars: Vec<Calendar>,
    /// `[events.NAME]`, in the order of their names.
    pub events: Vec<Event>,
    /// `[time]`
    pub time: Time,
    /// `[[csv]]`, in the order of the file.
    pub csv: Vec<Arc<Mapping>>,
}

impl Config {
    /// The declared feeds as the door needs them; events that name no feed belong to [`FEED_DEFAULT`].
    #[must_use]
    pub fn feed_specs(&self) -> Feeds {
        let specs = self.feeds.iter().map(|feed| FeedSpec { name: feed.name.as_str().into(), text_allowed: feed.text });
        let specs: Vec<_> = specs.collect();
        let declared = specs.iter().find(|spec| *spec.name == *FEED_DEFAULT).cloned();
        Feeds::new(specs, declared.unwrap_or_else(|| FeedSpec::named(FEED_DEFAULT)))
    }

    /// What differs from a server's running configuration and takes effect only when it is started again, as it is written
    /// in the file. Spaces, metrics and rules are not among it.
    #[must_use]
    pub fn waiting_for_restart(&self, running: &Self) -> Vec<&'static str> {
        let differs = [
            ("[centre]", self.centre != running.centre),
            ("[spaces] unknown", self.spaces.unknown != running.spaces.unknown),
            ("[spaces] nearest_m", self.spaces.nearest_m != running.spaces.nearest_m),
            ("[feeds]", self.feeds != running.feeds),
            ("[rules] threads", self.rules.threads != running.rules.threads),
            ("[log]", self.log != running.log),
            ("[history]", self.history != running.history),
            ("[http]", self.http != running.http),
            ("[sql]", self.sql != running.sql),
            ("[console]", self.console != running.console),
            ("[time]", self.time != running.time),
        ];
        differs.into_iter().filter_map(|(what, differs)| differs.then_some(what)).collect()
    }
}

/// Reads a configuration file, and gives the warnings with it.
///
/// # Errors
/// Every mistake of the file, and the warnings with them, in the order of the file.
pub fn read(path: &Path) -> Result<(Config, Vec<Diagnostic>), Vec<Diagnostic>> {
    match read_all(path) {
        (Some(config), found) if !found.iter().any(Diagnostic::is_error) => Ok((config, found)),
        (_, found) => Err(found),
    }
}

/// Everything found in a configuration file, and its meaning as far as it has one; only to be used to find more
/// mistakes when there is an error.
pub(super) fn read_all(path: &Path) -> (Option<Config>, Vec<Diagnostic>) {
    match text::read(path, FILE_MIB_MAX) {
        Ok(text) => {
            let report = Report::new(path, text);
            let config = read_text(path, &report);
            (config, report.into_sorted())
        }
        Err(mistake) => (None, vec![mistake]),
    }
}

fn read_text(path: &Path, report: &Report) -> Option<Config> {
    let (tree, errors) = DeTable::parse_recoverable(report.text());
    let mut damaged_lines = BTreeSet::new();
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        let diagnostic = report.error(at, format!("not TOML: {}", error.message().replace('\n', ", ")));
        if damaged_lines.insert(diagnostic.line) {
            report.add(diagnostic);
        }
    }
    report.hush_lines(damaged_lines);
    meaning_of(path, Section::top(report, tree.get_ref()))
}

fn meaning_of(path: &Path, mut top: Section<'_>) -> Option<Config> {
    let folder = folder_of(path);
    let centre = centre::read(top.required_section("centre", "a table with id and time_zone"), &folder);
    let spaces = spaces::read(top.section("spaces"), &folder);
    let feeds = feeds::read(top.section("feeds"));
    let rules = rules::read(top.section("rules"), &folder);
    let log = log::read(top.section("log"), &feeds);
    let history = history::read(top.section("history"));
    let http = http::read(top.section("http"));
    let sql = sql::read(top.section("sql"), &folder);
    let console = console::read(top.section("console"), &folder);
    let desk = Arc::new(desk::read(top.section("desk")));
    let metrics = metrics::read(top.section("metrics"));
    let calendars = calendars::read(top.section("calendars"));
    let events = events::read(top.section("events"));
    let time = time::read(top.section("time"));
    let csv = csv::read(top.sections("csv"), &feeds, &metrics);
    top.finish();
    let file = path.to_path_buf();
    let centre = centre?;
    Some(Config {
        file,
        centre,
        spaces,
        feeds,
        rules,
        log,
        history,
        http,
        sql,
        console,
        desk,
        metrics,
        calendars,
        events,
        time,
        csv,
    })
}
