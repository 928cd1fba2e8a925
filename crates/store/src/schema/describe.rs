//! The columns of history in words, for `vigie sql --describe`.

use super::column::Column;
use super::table::Table;
use super::view::View;
use crate::analysis::describe::{described, names, overview};
use vigie_model::diagnostic::did_you_mean;

/// The asked-for table does not exist; the text names it, the nearest name and all names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownTable(String);

impl UnknownTable {
    /// The refusal of `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let names: Vec<_> = Table::ALL.map(Table::name).into_iter().chain(View::ALL.map(View::name)).collect();
        let hint = did_you_mean(name, names.iter().copied()).map(|hint| format!("; {hint}")).unwrap_or_default();
        Self(format!("unknown table '{name}'{hint} (history has {})", names.join(", ")))
    }

    /// The refusal of a name that is no function's either.
    fn or_function(name: &str) -> Self {
        match did_you_mean(name, names()) {
            Some(hint) => Self(format!("unknown table or function '{name}'; {hint}")),
            None => Self::new(name),
        }
    }
}

/// All tables, views and functions in a line each, or all about one.
///
/// # Errors
/// [`UnknownTable`] when no table, view or function has that name.
pub fn describe(table: Option<&str>) -> Result<String, UnknownTable> {
    let Some(name) = table else {
        let mut lines: Vec<[String; 2]> = vec![["table".into(), "rows".into()]];
        lines.extend(Table::ALL.map(|table| [table.name().into(), table.comment().into()]));
        lines.extend(View::ALL.map(|view| [view.name().into(), view.comment().into()]));
        let mut functions: Vec<[String; 2]> = vec![["function".into(), "gives".into()]];
        functions.extend(overview());
        let (tables, functions) = (aligned(&lines), aligned(&functions));
        let more = "The columns of a table, or all about a function: vigie sql --describe observations\n";
        return Ok(format!("{tables}\n{functions}\n{more}"));
    };
    if let Some(text) = described(name) {
        return Ok(text);
    }
    let view = View::from_name(name);
    let table = Table::from_name(name);
    let (comment, own, computed) = match (view, table) {
        (Some(view), _) => (view.comment(), view.columns(), view.computed_columns()),
        (None, Some(table)) => (table.comment(), table.columns(), table.computed_columns()),
        (None, None) => return Err(UnknownTable::or_function(name)),
    };
    let mut text = format!("{name}: {comment}\n\n{}", columns(&own));
    if !computed.is_empty() {
        text.push_str("\nMade by the SQL door when a query names them; not in the files:\n\n");
        text.push_str(&columns(computed));
    }
    if let Some(statement) = view.and_then(View::statement) {
        text.push_str(&format!("\nIt is\n\n{statement}"));
    }
    Ok(text)
}

/// Columns in a line each.
fn columns(columns: &[Column]) -> String {
    let mut lines: Vec<[String; 5]> = vec![["column", "type", "null", "unit", "meaning"].map(String::from)];
    lines.extend(columns.iter().map(|column| {
        let null = if column.nullable { "yes" } else { "no" };
        [column.name, column.kind.as_str(), null, column.unit, column.comment].map(String::from)
    }));
    aligned(&lines)
}

/// Cells padded to the widest of their column, two blanks apart.
fn aligned<const N: usize>(lines: &[[String; N]]) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|cell| lines.iter().map(|line| line[cell].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn lists_the_tables() {
        expect![[r#"
            table              rows
            observations       what sensors measured: one row per value
            incidents          what was reported to have happened
            perceptions        what people answered about feeling safe, aggregated
            alerts             one row per transition of an alert episode: active, stale, resumed, escalated, cleared
            actions            what operators commanded and what became of it
            spaces             public spaces, one row per version
            incidents_current  the newest version of each incident; withdrawn ones are left out
            coverage           sensors expected and seen, per space, metric and hour: where zero means not measured
            incident_rates     incidents per 1,000 people counted, per space and month, over the hours that were measured
            rule_value         how often the alerts of a rule were right, as operators closed them
            rule_recall        how many reported incidents had an alert of a rule in their space within 15 minutes
            operator_load      alerts per hour, how soon they were acknowledged, and floods
            sdg_16_1_4         SDG 16.1.4: people who feel safe walking alone after dark, by wave and group

            function             gives
            rate                 incidents per 1,000 units of exposure; null without exposure
            share                share k / n of people; null when nobody was asked
            weighted_share       share of weighted answers; n is the effective number
            standardised_share   directly standardised share; one row for each group, standard is its size in the standard population
            empirical_bayes      rate per 1,000 drawn towards that of all rows of the window, the more the less it rests on
            gap_index            how far people feel less safe (above 0) or safer than incidents suggest, in standard deviations; label felt_worse or felt_better when the interval does not span 0
            spearman             rank correlation with its p-value
            spearman_lag         rank correlation of x with y lag steps of time later
            holm                 p-values adjusted for as many tests as the window has rows
            interrupted_series   rate ratios of a measure taken at start: level, slope per month, trend before
            interrupted_level    the same without a change of slope
            interrupted_poisson  the same without season and over-dispersion: to compare with, its interval is too narrow when phi is above 1
            displacement         whether incidents moved next door: quotient below 0 says so, above 0 that the buffer gained too
            happened             what happened, from what was reported and the share that is reported; a band, never a number alone
            night_to_day         incidents by night for each by day of the same street; null without any by day
            night_change         how the ratio of night to day changed; below 1, nights became quieter than days tell
            published_count      a count that stands alone: null from 1 to 4
            published_counts     counts of a window whose total is shown too: null from 1 to 4, and the next smallest where a hidden one could be recomputed
            rounded_count        a count rounded to a multiple of 5; nothing is missing, nothing adds up
            published_share      a share for publication: null with fewer than 10 answers

            The columns of a table, or all about a function: vigie sql --describe observations
        "#]]
        .assert_eq(&describe(None).unwrap());
    }

    #[test]
    fn describes_the_columns_of_a_table() {
        expect![[r#"
            observations: what sensors measured: one row per value

            column      type       null  unit  meaning
            event_time  timestamp  no    UTC   when it happened, floored to the millisecond
            sent_time   timestamp  yes   UTC   event time as sent, when the log adjusted it
            space       text       no          id of the public space it is about
            sensor      text       yes         id of the sensor
            node        text       yes         id of the edge node
            seq         bigint     yes         sequence number given by the node
            id          text       yes         id given by the source
            metric      text       no          what was measured
            value       double     no          the measured value, in the unit of column unit
            unit        text       no          canonical unit of the metric (UCUM); empty when none is configured
            quality     text       no          good, uncertain or bad; only good values are judged
            flags       text       no          words separated by commas: late, backfill, time_adjusted; empty when none
            centre      text       no          supervision centre (tenant)
            feed        text       no          feed it came by; empty when it came by none
            log_time    timestamp  no    UTC   when the log took it; never decreases along a partition
            partition   int        no          partition of the log
            offset      bigint     no    rows  row of that partition, from 0. Quote it in SQL: "offset"
            date        date       no          UTC date of event_time; prunes files

            Made by the SQL door when a query names them; not in the files:

            column      type        null  unit  meaning
            local_time  local time  no          event_time on the clocks of the centre's time zone; an hour comes twice in autumn
            light       text        yes         day or night at event_time, by the sun at the space (at the middle of all spaces when it has no outline): night from sunset to sunrise, as for rules; null while no space has an outline
        "#]]
        .assert_eq(&describe(Some("observations")).unwrap());
    }

    #[test]
    fn an_unknown_table_gets_a_hint() {
        let error = describe(Some("observation")).unwrap_err().to_string();
        expect!["unknown table 'observation'; did you mean 'observations'? (history has observations, incidents, perceptions, alerts, actions, spaces, incidents_current, coverage, incident_rates, rule_value, rule_recall, operator_load, sdg_16_1_4)"].assert_eq(&error);
    }
}
