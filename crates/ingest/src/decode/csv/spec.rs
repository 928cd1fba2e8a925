//! What a user writes about a foreign CSV: one `[[csv]]` section of the configuration. Of incidents and perceptions
//! [`super::event_spec`] has examples.
//!
//! ```toml
//! [[csv]]                                 # wide: one row per instant, one column per counter
//! name = "pedestrian"                     # for messages
//! files = ["pedestrian_*.csv"]            # globs on the path or the file name
//! feed = "pedestrian"                     # default: the mapping's name
//! delimiter = ","                         # one ASCII character; "\t" for TAB
//! layout = "wide"                         # or "long"
//! interval = "1h"                         # what one value covers ...
//! label = "start"                         # ... and which end of it the time names; event time = the end
//! missing = ["-1", ""]                    # no row, hence no arrival
//! factor = "1"                            # exact number each value is multiplied by, to the metric's unit
//! only = []                               # wide: the value columns, if not all others
//! ignore = ["Comment"]                    # wide: columns that are neither time nor value
//! names_are = ["space", "sensor"]         # what a name (here: of a value column) stands for
//! time = { columns = ["Date", "Hour"], format = "%d/%m/%Y %H", zone = "Australia/Melbourne" }
//! constants = { metric = "people_count" } # space, sensor, node, metric, quality: what no column says
//! [csv.names]                             # name -> id, or -> several ids at once
//! "Birrarung Marr" = "birrarung-marr"
//! "Town Hall (West)" = { space = "town-hall", sensor = "west" }
//!
//! [[csv]]                                 # long: one row per value
//! name = "tsibble"
//! files = ["tsibble_*.csv"]
//! layout = "long"
//! interval = "1h"
//! label = "start"
//! names_are = ["space", "sensor"]
//! time = { columns = ["Date_Time"], format = "rfc3339" }
//! columns = { name = "Sensor", value = "Count" } # also: space, sensor, node, metric, id, seq, quality
//! constants = { metric = "people_count" }
//! ```
//!
//! - `time.columns` are joined by one space. `time.format` is `rfc3339`, `epoch_ms`, `epoch_s`, or a strptime format of
//!   jiff (`%Y %m %d %H %I %p %M %S %z`); what it does not name is 0. `time.zone` is an IANA name; it is left out when
//!   the text carries its own offset (`rfc3339`, `epoch_*`, `%z`).
//! - Without `[csv.names]` a name is the id. With it, every name must be listed: an unlisted one is an error.
//! - Columns without a name are ignored, as are long columns that no entry of `columns` or `time` names.
//! - A local time that occurs twice (clocks set back) is the first occurrence when it is first seen for a series, and
//!   the second when it is seen again; one that never occurs (clocks set forward) is moved forward, and counted.

use super::event_spec::{Answer, EventField, EventKind, Resolution, ValueKind};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One `[[csv]]` section as written; [`super::mapping::Mapping::new`] says what it means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingSpec {
    /// For messages.
    pub name: String,
    /// Globs, matched against the path as given and against the file name.
    pub files: Vec<String>,
    /// Feed of the rows; the mapping's name when not given.
    pub feed: Option<String>,
    /// One ASCII character; a comma when not given.
    pub delimiter: Option<String>,
    /// Wide or long.
    pub layout: Layout,
    /// What one value covers, as a duration.
    pub interval: Option<String>,
    /// Which end of the interval the time names; its end when not given.
    pub label: Option<Label>,
    /// Texts that stand for "no value"; only the empty text when not given.
    pub missing: Option<Vec<String>>,
    /// Exact number each value is multiplied by; 1 when not given.
    pub factor: Option<String>,
    /// Wide: the value columns; when empty, all columns but time and ignored ones.
    #[serde(default)]
    pub only: Vec<String>,
    /// Wide: columns that are neither time nor value.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// What a name stands for.
    #[serde(default)]
    pub names_are: Vec<Role>,
    /// Where the time is, and how it is written. Perceptions may do without.
    pub time: Option<TimeSpec>,
    /// What the rows are; observations when not given.
    #[serde(default)]
    pub event: EventKind,
    /// Perceptions: what the values are.
    pub value_is: Option<ValueKind>,
    /// Perceptions: the scale of single answers, each with its meaning.
    #[serde(default)]
    pub answers: BTreeMap<String, Answer>,
    /// Perceptions: the character between thousands of `n`.
    pub thousands: Option<String>,
    /// Column to the texts of rows that are read; rows with any other are left out.
    #[serde(default)]
    pub only_rows: BTreeMap<String, Vec<String>>,
    /// Field, or `group`, to the words of the file, each with the word kept.
    #[serde(default)]
    pub words: BTreeMap<String, BTreeMap<String, String>>,
    /// What no column says.
    #[serde(default)]
    pub constants: ConstantSpec,
    /// Long: which column says what.
    #[serde(default)]
    pub columns: ColumnSpec,
    /// Name to ids.
    #[serde(default)]
    pub names: BTreeMap<String, TargetSpec>,
}

/// How a file lays out its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One row per instant, one column per series.
    Wide,
    /// One row per value.
    Long,
}

/// Which end of its interval a time names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// The beginning.
    Start,
    /// The end.
    End,
}

/// What an id identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A space.
    Space,
    /// A sensor.
    Sensor,
    /// An edge node.
    Node,
    /// A metric.
    Metric,
}

/// Where the time is, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSpec {
    /// Columns, joined by one space.
    pub columns: Vec<String>,
    /// `rfc3339`, `epoch_ms`, `epoch_s` or a strptime format.
    pub format: String,
    /// IANA name; none when the text carries its offset.
    pub zone: Option<String>,
    /// How exactly the file knows its times.
    pub resolution: Option<Resolution>,
}

/// What no column says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConstantSpec {
    /// Space of every row.
    pub space: Option<String>,
    /// Sensor of every row.
    pub sensor: Option<String>,
    /// Node of every row.
    pub node: Option<String>,
    /// Metric of every row.
    pub metric: Option<String>,
    /// Quality of every row; `good` when not given.
    pub quality: Option<String>,
    /// Population group of every row.
    pub group: BTreeMap<String, String>,
    /// Other fields of every row.
    #[serde(flatten)]
    pub fields: BTreeMap<EventField, String>,
}

/// Which column says what; of observations by space in the long layout only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ColumnSpec {
    /// Column whose text is looked up in the name map.
    pub name: Option<String>,
    /// Column of values.
    pub value: Option<String>,
    /// Column of space ids.
    pub space: Option<String>,
    /// Column of sensor ids.
    pub sensor: Option<String>,
    /// Column of node ids.
    pub node: Option<String>,
    /// Column of metrics.
    pub metric: Option<String>,
    /// Column of row ids.
    pub id: Option<String>,
    /// Column of sequence numbers.
    pub seq: Option<String>,
    /// Column of qualities.
    pub quality: Option<String>,
    /// Columns of the population group, by its keys.
    pub group: BTreeMap<String, String>,
    /// Columns of other fields.
    #[serde(flatten)]
    pub fields: BTreeMap<EventField, String>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum TargetSpec {
    /// One id, for every role of `names_are`.
    Id(String),
    /// Ids by role; what is absent comes from columns and constants.
    Ids(TargetIds),
}

/// Ids by role, and other fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TargetIds {
    /// Space.
    pub space: Option<String>,
    /// Sensor.
    pub sensor: Option<String>,
    /// Node.
    pub node: Option<String>,
    /// Metric.
    pub metric: Option<String>,
    /// Population group.
    pub group: BTreeMap<String, String>,
    /// Other fields.
    #[serde(flatten)]
    pub fields: BTreeMap<EventField, String>,
}
