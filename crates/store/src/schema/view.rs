//! Views that the SQL door offers beside the tables: questions of the control room and of analysts, answered once.
//!
//! `incidents_current` is made of one table, before its rows are filtered by scope. Each of the others is one `SELECT` in
//! `schema/views`, planned in the session of a query over tables that already hold only the rows its
//! caller may see: a partner's `operator_load` counts the alerts of the partner's spaces. So a view needs no guard of its
//! own, and cannot show more than its tables do.

use super::column::Column;
use super::column::ColumnType::{Date, Double, Integer, Text, Timestamp};
use super::column::UTC;
use super::table::Table;
use std::fmt;

/// A view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// The newest version of each incident.
    IncidentsCurrent,
    /// Sensors expected and seen, per space, metric and hour.
    Coverage,
    /// Incidents and rates per space and month.
    IncidentRates,
    /// How often rules are right.
    RuleValue,
    /// How many of the reported incidents rules found.
    RuleRecall,
    /// What operators had to do, per hour.
    OperatorLoad,
    /// SDG indicator 16.1.4.
    SafeAlone,
}

const SPACE: Column = Column::new("space", Text, "id of the public space");
const HOUR: Column = Column::new("hour", Timestamp, "start of the hour").unit(UTC);
const RULE: Column = Column::new("rule", Text, "name of the rule");

const COVERAGE: &[Column] = &[
    SPACE,
    Column::new("metric", Text, "what is measured"),
    HOUR,
    Column::new("expected", Integer, "sensors seen on that day (UTC) or on one of the seven before it").unit("sensors"),
    Column::new("seen", Integer, "sensors with a good value in that hour; 0 is not measured, not nothing there")
        .unit("sensors"),
];

const INCIDENT_RATES: &[Column] = &[
    SPACE,
    Column::new("month", Date, "first day of the month (UTC)"),
    Column::new("incidents", Integer, "incidents reported, by their newest version"),
    Column::new("hours_measured", Integer, "hours with a good people_count; rates look at no others").unit("h"),
    Column::new("incidents_measured", Integer, "incidents in hours that were measured"),
    Column::new("people", Double, "people counted; null when nothing was measured").unit("people").or_null(),
    Column::new("rate", Double, "incidents_measured per 1,000 people; null without people").or_null(),
    Column::new("rate_low", Double, "its 95 % limit (Byar)").or_null(),
    Column::new("rate_high", Double, "its 95 % limit (Byar)").or_null(),
];

const RULE_VALUE: &[Column] = &[
    RULE,
    Column::new("alerts", Integer, "alerts raised; those of shadow rules, which nobody was shown, are left out"),
    Column::new("true_alerts", Integer, "closed as true"),
    Column::new("false_alerts", Integer, "closed as false or nuisance"),
    Column::new("set_aside", Integer, "closed as test or duplicate: they count on neither side"),
    Column::new("not_judged", Integer, "not closed, or closed without a disposition"),
    Column::new("precision", Double, "true_alerts of those judged; null when none was").unit("1").or_null(),
    Column::new("precision_low", Double, "its 95 % limit (Wilson)").unit("1").or_null(),
    Column::new("precision_high", Double, "its 95 % limit (Wilson)").unit("1").or_null(),
    Column::new(
        "operator_hours",
        Integer,
        "hours in which an operator gave a command, summed over operators: fewer than were on duty",
    )
    .unit("h"),
    Column::new("false_per_operator_hour", Double, "false_alerts over operator_hours").unit("1/h").or_null(),
];

const RULE_RECALL: &[Column] = &[
    RULE,
    Column::new("category", Text, "what happened, in the source's words"),
    Column::new("incidents", Integer, "incidents reported since the rule's first alert, in all spaces"),
    Column::new("with_alert", Integer, "of them, those with an alert of the rule in their space within 15 minutes"),
    Column::new("recall", Double, "with_alert of incidents").unit("1"),
    Column::new("recall_low", Double, "its 95 % limit (Wilson)").unit("1"),
    Column::new("recall_high", Double, "its 95 % limit (Wilson)").unit("1"),
    Column::new(
        "lead_s",
        Double,
        "median time by which the first such alert came before the incident; negative: after it",
    )
    .unit("s")
    .or_null(),
];

const OPERATOR_LOAD: &[Column] = &[
    HOUR,
    Column::new("alerts", Integer, "alerts raised; those of shadow rules are left out"),
    Column::new("high", Integer, "of them high or critical"),
    Column::new("medium", Integer, "of them medium"),
    Column::new("low", Integer, "of them low or informational"),
    Column::new("acknowledged", Integer, "of them acknowledged since"),
    Column::new("acknowledge_s", Double, "median time from the alert to its first acknowledgement, both by event time")
        .unit("s")
        .or_null(),
    Column::new(
        "busiest_10min",
        Integer,
        "most alerts raised in any 10 minutes that end in the hour; more than 10 for each operator are a flood (ISA-18.2)",
    ),
    Column::new("operators", Integer, "operators who gave a command in the hour; 0 when none did"),
];

const SAFE_ALONE: &[Column] = &[
    Column::new("wave", Text, "survey wave"),
    Column::new("question", Text, "the question, safe-alone"),
    Column::new("scale", Text, "answer scale, in the survey's words; waves with other scales do not compare").or_null(),
    Column::new("sex", Text, "group, where the survey tells it").or_null(),
    Column::new("age", Text, "group, where the survey tells it").or_null(),
    Column::new("asked", Double, "people asked").unit("people"),
    Column::new("safe_share", Double, "share that felt safe walking alone after dark; null with fewer than 10 answers")
        .unit("1")
        .or_null(),
    Column::new("safe_share_low", Double, "its 95 % limit (Wilson)").unit("1").or_null(),
    Column::new("safe_share_high", Double, "its 95 % limit (Wilson)").unit("1").or_null(),
];

impl View {
    /// Every view.
    pub const ALL: [Self; 7] = [
        Self::IncidentsCurrent,
        Self::Coverage,
        Self::IncidentRates,
        Self::RuleValue,
        Self::RuleRecall,
        Self::OperatorLoad,
        Self::SafeAlone,
    ];

    /// Name in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncidentsCurrent => "incidents_current",
            Self::Coverage => "coverage",
            Self::IncidentRates => "incident_rates",
            Self::RuleValue => "rule_value",
            Self::RuleRecall => "rule_recall",
            Self::OperatorLoad => "operator_load",
            Self::SafeAlone => "sdg_16_1_4",
        }
    }

    /// The view of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }

    /// What its rows are, in one line.
    #[must_use]
    pub const fn comment(self) -> &'static str {
        match self {
            Self::IncidentsCurrent => "the newest version of each incident; withdrawn ones are left out",
            Self::IncidentRates => {
                "incidents per 1,000 people counted, per space and month, over the hours that were measured"
            }
            Self::RuleRecall => "how many reported incidents had an alert of a rule in their space within 15 minutes",
            Self::Coverage => "sensors expected and seen, per space, metric and hour: where zero means not measured",
            Self::RuleValue => "how often the alerts of a rule were right, as operators closed them",
            Self::OperatorLoad => "alerts per hour, how soon they were acknowledged, and floods",
            Self::SafeAlone => "SDG 16.1.4: people who feel safe walking alone after dark, by wave and group",
        }
    }

    /// Its columns.
    #[must_use]
    pub fn columns(self) -> Vec<Column> {
        match self {
            Self::IncidentsCurrent => Table::Incidents.columns(),
            Self::Coverage => COVERAGE.to_vec(),
            Self::IncidentRates => INCIDENT_RATES.to_vec(),
            Self::RuleValue => RULE_VALUE.to_vec(),
            Self::RuleRecall => RULE_RECALL.to_vec(),
            Self::OperatorLoad => OPERATOR_LOAD.to_vec(),
            Self::SafeAlone => SAFE_ALONE.to_vec(),
        }
    }

    /// Columns that the SQL door adds when a query names them.
    #[must_use]
    pub fn computed_columns(self) -> &'static [Column] {
        match self {
            Self::IncidentsCurrent => Table::Incidents.computed_columns(),
            _ => &[],
        }
    }

    /// The tables it is made of.
    #[must_use]
    pub const fn tables(self) -> &'static [Table] {
        match self {
            Self::IncidentsCurrent => &[Table::Incidents],
            Self::Coverage => &[Table::Observations],
            Self::IncidentRates => &[Table::Observations, Table::Incidents],
            Self::RuleRecall => &[Table::Alerts, Table::Incidents],
            Self::RuleValue | Self::OperatorLoad => &[Table::Alerts, Table::Actions],
            Self::SafeAlone => &[Table::Perceptions],
        }
    }

    /// The table of whose rows it keeps the newest versions, when it is such a view.
    #[must_use]
    pub(crate) const fn versions_of(self) -> Option<Table> {
        if matches!(self, Self::IncidentsCurrent) { Some(Table::Incidents) } else { None }
    }

    /// The views it reads.
    #[must_use]
    pub(crate) const fn views(self) -> &'static [Self] {
        if matches!(self, Self::IncidentRates | Self::RuleRecall) { &[Self::IncidentsCurrent] } else { &[] }
    }

    /// Whether its statement reads only the dates of the hours asked for.
    #[must_use]
    pub(crate) const fn is_by_hour(self) -> bool {
        matches!(self, Self::Coverage)
    }

    /// What it selects, when it is a statement.
    #[must_use]
    pub(crate) const fn statement(self) -> Option<&'static str> {
        match self {
            Self::IncidentsCurrent => None,
            Self::Coverage => Some(include_str!("views/coverage.sql")),
            Self::IncidentRates => Some(include_str!("views/incident_rates.sql")),
            Self::RuleValue => Some(include_str!("views/rule_value.sql")),
            Self::RuleRecall => Some(include_str!("views/rule_recall.sql")),
            Self::OperatorLoad => Some(include_str!("views/operator_load.sql")),
            Self::SafeAlone => Some(include_str!("views/sdg_16_1_4.sql")),
        }
    }

    /// What it selects, for people.
    #[must_use]
    pub(crate) fn definition(self) -> String {
        match (self.statement(), self.tables()) {
            (Some(statement), _) => statement.to_owned(),
            (None, tables) => format!("SELECT * FROM {} -- {}", tables[0], self.comment()),
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
