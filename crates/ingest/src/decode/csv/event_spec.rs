//! The words of a `[[csv]]` section that is about incidents or perceptions, or about observations that name their place by
//! position. Rows of such a section become native events and meet the same checks.
//!
//! ```toml
//! [[csv]]                                 # one respondent a row
//! name = "answers"
//! event = "perception"                    # observation, incident, perception
//! files = ["answers_*.csv"]
//! layout = "long"
//! value_is = "answer"                     # what columns.value holds; see ValueKind
//! missing = ["", "NA"]                    # a value that is none of it: no row
//! columns = { value = "Q4", space = "Area", wave = "Wave", weight = "w", group = { sex = "Sex" } }
//! constants = { question = "How safe do you feel walking alone here after dark?", period = "night" }
//! only_rows = { Mode = ["CAPI", "CATI"] } # rows that say anything else there are left out, and counted
//! [csv.answers]                           # the scale: its words are kept with every row
//! "Very safe" = "safe"
//! "Fairly safe" = "safe"
//! "A bit unsafe" = "unsafe"
//! "Very unsafe" = "unsafe"
//! "Don't know" = "refused"                # asked and counted apart: n = 0
//! [csv.words.group]                       # words of the file -> words kept, by field; with it, every word must be listed
//! "1" = "m"
//! "2" = "f"
//!
//! [[csv]]                                 # published: one row a group, one column a wave
//! name = "published"
//! event = "perception"
//! files = ["published_*.csv"]
//! layout = "wide"
//! value_is = "safe_percent"
//! thousands = ","                         # in n, as in 1,180
//! only = ["2018", "2019"]
//! columns = { n = "Sample size", group = { sex = "Sex" } }
//! constants = { space = "city", question = "safe-alone", period = "night" }
//! [csv.names]                             # wide: what a value column stands for; long: what a text of columns.name does
//! "2018" = { wave = "2018" }
//! "2019" = { wave = "2019" }
//!
//! [[csv]]                                 # an incident whose month alone is known
//! name = "crime"
//! event = "incident"
//! files = ["*-street.csv"]
//! layout = "long"
//! time = { columns = ["Month"], format = "%Y-%m", zone = "Europe/London", resolution = "month" }
//! columns = { space = "LSOA code", category = "Crime type" }
//! constants = { channel = "police" }
//! ```
//!
//! - A field comes from its column, else from the name map, else from `constants`. A text of `missing` in a column is nothing.
//! - A perception without `time` belongs to the beginning, in UTC, of the year its wave begins with.
//! - Without `n` a published share has `n` = 0: its people were not published, and nothing counts them.
//! - Rows whose month alone is known stand at its first instant in the zone, which is no time of day.

use serde::Deserialize;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Measured facts.
    #[default]
    Observation,
    /// Something reported to have happened.
    Incident,
    /// Answers about feeling safe, one by one or published.
    Perception,
}

/// What the values of perceptions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// The answer of one respondent, by `[csv.answers]`.
    Answer,
    /// A published percentage that felt safe.
    SafePercent,
    /// A published percentage that felt unsafe.
    UnsafePercent,
    /// A published share that felt safe, from 0 to 1.
    SafeShare,
    /// A published share that felt unsafe, from 0 to 1.
    UnsafeShare,
    /// People who felt unsafe among `n`; fractional where answers are weighted.
    UnsafeCount,
}

/// What one answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Felt safe.
    Safe,
    /// Felt unsafe.
    Unsafe,
    /// Was asked and gave no answer that counts.
    Refused,
}

/// How exactly a file knows its times, when that is less than the instant written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The month alone.
    Month,
}

/// A field of a native event, besides ids, that a mapping may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventField {
    /// Latitude, in degrees.
    Lat,
    /// Longitude, in degrees.
    Lon,
    /// The value of every row: of observations whose rows count one thing each.
    Value,
    /// What happened.
    Category,
    /// How bad it is.
    Severity,
    /// How it was reported.
    Channel,
    /// Status of the report.
    Status,
    /// Version of the report.
    Version,
    /// Survey wave.
    Wave,
    /// The question, in its own words.
    Question,
    /// Scale of the answers.
    Scale,
    /// `day` or `night`, when the question says so.
    Period,
    /// People who answered.
    N,
    /// Survey weight.
    Weight,
}

impl EventField {
    /// Every one.
    pub const ALL: [Self; 14] = [
        Self::Lat,
        Self::Lon,
        Self::Value,
        Self::Category,
        Self::Severity,
        Self::Channel,
        Self::Status,
        Self::Version,
        Self::Wave,
        Self::Question,
        Self::Scale,
        Self::Period,
        Self::N,
        Self::Weight,
    ];

    /// Its key in columns, constants and the name map.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Lat => "lat",
            Self::Lon => "lon",
            Self::Value => "value",
            Self::Category => "category",
            Self::Severity => "severity",
            Self::Channel => "channel",
            Self::Status => "status",
            Self::Version => "version",
            Self::Wave => "wave",
            Self::Question => "question",
            Self::Scale => "scale",
            Self::Period => "period",
            Self::N => "n",
            Self::Weight => "weight",
        }
    }

    /// Whether events of that kind have it.
    #[must_use]
    pub const fn belongs_to(self, kind: EventKind) -> bool {
        match self {
            Self::Lat | Self::Lon => true,
            Self::Value => matches!(kind, EventKind::Observation),
            Self::Category | Self::Severity | Self::Channel | Self::Status | Self::Version => {
                matches!(kind, EventKind::Incident)
            }
            Self::Wave | Self::Question | Self::Scale | Self::Period | Self::N | Self::Weight => {
                matches!(kind, EventKind::Perception)
            }
        }
    }
}

impl EventKind {
    /// The word in a sentence.
    #[must_use]
    pub(super) const fn with_article(self) -> &'static str {
        match self {
            Self::Observation => "an observation",
            Self::Incident => "an incident",
            Self::Perception => "a perception",
        }
    }

    /// The word of `event`, and of native events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observation => "observation",
            Self::Incident => "incident",
            Self::Perception => "perception",
        }
    }
}
