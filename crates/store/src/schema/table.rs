//! The six tables of history and their columns (DESIGN.md, "History tables").
//!
//! **The partition column** `date` is a Delta `DATE`, not text: it takes part in date arithmetic without a cast, prunes
//! files for every comparison (as text, `date >= '2017-3-1'` would silently prune wrongly), and Python readers get real
//! dates. It stands last, as Delta readers put partition columns there anyway.
//!
//! **Additions to DESIGN.md**: `actions.space`, without which a partner's row scope could not be enforced,
//! `actions.cause`, which a close command carries, and `incidents.flags`, without which a backtest would judge revisions.

use super::column::ColumnType::{Date, Double, Integer, LocalTime, Map, Small, Text, Timestamp};
use super::column::{Column, UTC};
use arrow::datatypes::{Schema, SchemaRef};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// A history table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Measured facts.
    Observations,
    /// Reported happenings.
    Incidents,
    /// Answers about feeling safe.
    Perceptions,
    /// Transitions of alert episodes.
    Alerts,
    /// Commands of operators, and what the log did by itself.
    Actions,
    /// Public spaces, in versions.
    Spaces,
}

/// Name of the partition column.
pub const DATE: &str = "date";
/// Name of the column of offsets.
pub const OFFSET: &str = "offset";
/// Name of the column of partitions.
pub const PARTITION: &str = "partition";
/// Name of the computed column of local time.
pub const LOCAL_TIME: &str = "local_time";
/// Name of the computed column of day and night.
pub const LIGHT: &str = "light";
/// Name of the column every row scope filters.
pub const CENTRE: &str = "centre";

const EVENT_TIME: Column =
    Column::new("event_time", Timestamp, "when it happened, floored to the millisecond").unit(UTC);
const SPACE: Column = Column::new("space", Text, "id of the public space it is about");
const SEVERITY: Column = Column::new("severity", Text, "informational, low, medium, high or critical");

const OBSERVATIONS: &[Column] = &[
    EVENT_TIME,
    Column::new("sent_time", Timestamp, "event time as sent, when the log adjusted it").unit(UTC).or_null(),
    SPACE,
    Column::new("sensor", Text, "id of the sensor").or_null(),
    Column::new("node", Text, "id of the edge node").or_null(),
    Column::new("seq", Integer, "sequence number given by the node").or_null(),
    Column::new("id", Text, "id given by the source").or_null(),
    Column::new("metric", Text, "what was measured"),
    Column::new("value", Double, "the measured value, in the unit of column unit"),
    Column::new("unit", Text, "canonical unit of the metric (UCUM); empty when none is configured"),
    Column::new("quality", Text, "good, uncertain or bad; only good values are judged"),
    Column::new("flags", Text, "words separated by commas: late, backfill, time_adjusted; empty when none"),
];

const INCIDENTS: &[Column] = &[
    EVENT_TIME,
    Column::new("reported_time", Timestamp, "when it was reported").unit(UTC).or_null(),
    Column::new("id", Text, "id given by the source; #partition-offset when it gave none"),
    SPACE,
    Column::new("category", Text, "what happened, in the source's words: theft, assault"),
    SEVERITY,
    Column::new("channel", Text, "how it was reported: dispatch, app, camera; empty when unknown"),
    Column::new("source_reliability", Double, "how far the source is trusted, 0 to 1").unit("1").or_null(),
    Column::new("status", Text, "status in the source's words; empty when unknown"),
    Column::new("version", Integer, "version of the report, counted by the source"),
    Column::new("text", Text, "free text, only from feeds that declare it").or_null(),
    Column::new(
        "flags",
        Text,
        "words separated by commas: revision (another version of an incident in the log, not judged), backfill, time_adjusted",
    )
    .or_null(),
];

const PERCEPTIONS: &[Column] = &[
    EVENT_TIME,
    Column::new("id", Text, "id given by the source; #partition-offset when it gave none"),
    SPACE,
    Column::new("wave", Text, "survey wave"),
    Column::new("question", Text, "question asked: safe-alone"),
    Column::new("scale", Text, "answer scale, in the survey's words").or_null(),
    Column::new("period", Text, "day, night or empty"),
    Column::new("group", Map, "population group, as {sex: f}; empty for everybody. Quote it in SQL: \"group\""),
    Column::new("n", Integer, "people asked").unit("people"),
    Column::new("unsafe", Double, "people who felt unsafe; fractional in weighted surveys").unit("people"),
    Column::new("share", Double, "published share that felt unsafe, 0 to 1").unit("1").or_null(),
    Column::new("weight", Double, "survey weight").unit("1").or_null(),
];

const ALERTS: &[Column] = &[
    Column::new("alert_id", Text, "id of the episode; the same on every replay"),
    Column::new("rule", Text, "name of the rule"),
    Column::new("rule_uid", Text, "identity of the rule; a rule created anew is another"),
    Column::new("rule_version", Text, "version of the rule; changes with any of its fields"),
    Column::new("key", Text, "what was judged: space, space/sensor or space/node"),
    SPACE,
    SEVERITY,
    Column::new("state", Text, "active, stale, resumed, escalated or cleared"),
    EVENT_TIME,
    Column::new("reason", Text, "why, when it is not the condition itself: rule_changed, rule_deleted, inactive_period; shadow: nobody was shown it").or_null(),
    Column::new("evidence", Text, "JSON from which the verdict can be recomputed, in active rows; {} in others"),
    Column::new("summary", Text, "the alert in words for people"),
];

const ACTIONS: &[Column] = &[
    Column::new("action_id", Text, "id of the command, or of what the log did"),
    Column::new("alert_id", Text, "the alert it is about").or_null(),
    Column::new("space", Text, "space of the alert; empty when no alert has that id"),
    Column::new("operator", Text, "who gave the command; vigie for what the log did by itself"),
    Column::new(
        "action",
        Text,
        "acknowledge, shelve, unshelve, assign, close, reopen, checklist; out_of_service, return, mode, test_alert, file_new, file_change, sign_shift, sound_check; of the log itself intake_up, rules_changed, replay_ended",
    ),
    Column::new("note", Text, "the operator's note; of what the log did its place, as JSON").or_null(),
    Column::new(
        "until",
        Timestamp,
        "when it ends by itself: a shelving, an acknowledgement, being out of service, a mode",
    )
    .unit(UTC)
    .or_null(),
    Column::new("disposition", Text, "what a closed alert turned out to be: true, false, nuisance, test, duplicate")
        .or_null(),
    Column::new("cause", Text, "root cause of a closed alert, in the operator's words").or_null(),
    Column::new(
        "outcome",
        Text,
        "done; unchanged, as it was so already; or why it was refused: unknown_alert, unknown_step, unknown_id, still_active, already_cleared, already_closed, until_passed, too_many",
    ),
    Column::new("event_time", Timestamp, "when the command was taken").unit(UTC),
    Column::new("target", Text, "what the command names besides, as JSON: {\"to\": \"Bea\"}").or_null(),
];

const SPACES: &[Column] = &[
    Column::new("id", Text, "id of the public space"),
    Column::new("name", Text, "name for people"),
    Column::new("kind", Text, "square, street, park, station, ...; empty when only registered"),
    Column::new("district", Text, "district it lies in; empty when only registered"),
    Column::new("geometry", Text, "geometry as GeoJSON, WGS 84; empty when only registered"),
    Column::new("capacity", Integer, "people it may hold").unit("people").or_null(),
    Column::new("params", Text, "per-rule parameters as JSON: {\"Rule\": {\"name\": 1.5}}"),
    Column::new("valid_from", Timestamp, "start of this version; when the log learnt of it if not declared").unit(UTC),
    Column::new("valid_to", Timestamp, "end of this version").unit(UTC).or_null(),
];

const LOG_TIME: Column =
    Column::new("log_time", Timestamp, "when the log took it; never decreases along a partition").unit(UTC);
const LOG_COLUMNS: [Column; 2] = [
    Column::new(PARTITION, Small, "partition of the log"),
    Column::new(OFFSET, Integer, "row of that partition, from 0. Quote it in SQL: \"offset\"").unit("rows"),
];
const STREAM_COLUMNS: [Column; 2] = [
    Column::new(PARTITION, Small, "always 0: the alert stream is one order"),
    Column::new(
        OFFSET,
        Integer,
        "position in the alert stream, equal to the id of its server-sent event. Quote it in SQL: \"offset\"",
    ),
];
const SPACE_COLUMNS: [Column; 2] = [
    Column::new(PARTITION, Small, "always 0: space versions are one order"),
    Column::new(OFFSET, Integer, "ordinal of the space version in the log, from 0. Quote it in SQL: \"offset\""),
];

const COMPUTED: [Column; 2] = [
    Column::new(LOCAL_TIME, LocalTime, "event_time on the clocks of the centre's time zone; an hour comes twice in autumn"),
    Column::new(
        LIGHT,
        Text,
        "day or night at event_time, by the sun at the space (at the middle of all spaces when it has no outline): night \
         from sunset to sunrise, as for rules; null while no space has an outline",
    )
    .or_null(),
];

impl Table {
    /// Every table.
    pub const ALL: [Self; 6] =
        [Self::Observations, Self::Incidents, Self::Perceptions, Self::Alerts, Self::Actions, Self::Spaces];

    /// Name in SQL, and of the folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observations => "observations",
            Self::Incidents => "incidents",
            Self::Perceptions => "perceptions",
            Self::Alerts => "alerts",
            Self::Actions => "actions",
            Self::Spaces => "spaces",
        }
    }

    /// The table of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// What its rows are, in one line.
    #[must_use]
    pub const fn comment(self) -> &'static str {
        match self {
            Self::Observations => "what sensors measured: one row per value",
            Self::Incidents => "what was reported to have happened",
            Self::Perceptions => "what people answered about feeling safe, aggregated",
            Self::Alerts => "one row per transition of an alert episode: active, stale, resumed, escalated, cleared",
            Self::Actions => "what operators commanded and what became of it",
            Self::Spaces => "public spaces, one row per version",
        }
    }

    /// Its columns, the common ones last.
    #[must_use]
    pub fn columns(self) -> Vec<Column> {
        let (own, place) = match self {
            Self::Observations => (OBSERVATIONS, LOG_COLUMNS),
            Self::Incidents => (INCIDENTS, LOG_COLUMNS),
            Self::Perceptions => (PERCEPTIONS, LOG_COLUMNS),
            Self::Alerts => (ALERTS, STREAM_COLUMNS),
            Self::Actions => (ACTIONS, STREAM_COLUMNS),
            Self::Spaces => (SPACES, SPACE_COLUMNS),
        };
        let dated = if self == Self::Spaces { "valid_from" } else { "event_time" };
        let date_comment = if dated == "event_time" {
            "UTC date of event_time; prunes files"
        } else {
            "UTC date of valid_from; prunes files"
        };
        let mut columns = own.to_vec();
        columns.push(Column::new(CENTRE, Text, "supervision centre (tenant)"));
        columns.push(Column::new("feed", Text, "feed it came by; empty when it came by none"));
        columns.push(LOG_TIME);
        columns.extend(place);
        columns.push(Column::new(DATE, Date, date_comment));
        columns
    }

    /// Columns that SQL shows beside those that are stored; each is made when a query asks for it.
    ///
    /// When a survey's answers were given says nothing of the light that was asked about: `perceptions` has no `light`,
    /// but its own column `period`.
    #[must_use]
    pub const fn computed_columns(self) -> &'static [Column] {
        match self {
            Self::Observations | Self::Incidents | Self::Alerts => &COMPUTED,
            Self::Perceptions | Self::Actions => COMPUTED.split_at(1).0,
            Self::Spaces => &[],
        }
    }

    /// Its Arrow schema as stored; built once.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; 6]> = LazyLock::new(|| {
            Table::ALL.map(|table| Arc::new(Schema::new(table.columns().iter().map(Column::field).collect::<Vec<_>>())))
        });
        Arc::clone(&SCHEMAS[self as usize])
    }

    /// The column that names the space of a row, which row scopes filter.
    #[must_use]
    pub const fn space_column(self) -> &'static str {
        if matches!(self, Self::Spaces) { "id" } else { "space" }
    }

    /// The column whose date is the row's date, and by which rows of a space are sorted.
    #[must_use]
    pub const fn time_column(self) -> &'static str {
        if matches!(self, Self::Spaces) { "valid_from" } else { "event_time" }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
