//! The columns of history in words, for `vigie sql --describe`.

use super::table::Table;
use vigie_model::diagnostic::did_you_mean;

/// The asked-for table does not exist; the text names it, the nearest name and all names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownTable(String);

impl UnknownTable {
    /// The refusal of `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let names = Table::ALL.map(Table::name);
        let hint = did_you_mean(name, names).map(|hint| format!("; {hint}")).unwrap_or_default();
        Self(format!("unknown table '{name}'{hint} (history has {})", names.join(", ")))
    }
}

/// All tables in a line each, or the columns of one.
///
/// # Errors
/// [`UnknownTable`] when no table has that name.
pub fn describe(table: Option<&str>) -> Result<String, UnknownTable> {
    let Some(name) = table else {
        let mut lines: Vec<[String; 2]> = vec![["table".into(), "rows".into()]];
        lines.extend(Table::ALL.map(|table| [table.name().into(), table.comment().into()]));
        return Ok(aligned(&lines) + "\nThe columns of one: vigie sql --describe observations\n");
    };
    let table = Table::from_name(name).ok_or_else(|| UnknownTable::new(name))?;
    let mut lines: Vec<[String; 5]> = vec![["column", "type", "null", "unit", "meaning"].map(String::from)];
    lines.extend(table.columns().iter().map(|column| {
        let null = if column.nullable { "yes" } else { "no" };
        [column.name, column.kind.as_str(), null, column.unit, column.comment].map(String::from)
    }));
    Ok(format!("{}: {}\n\n{}", table.name(), table.comment(), aligned(&lines)))
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
            table         rows
            observations  what sensors measured: one row per value
            incidents     what was reported to have happened
            perceptions   what people answered about feeling safe, aggregated
            alerts        one row per transition of an alert episode: active, stale, resumed, escalated, cleared
            actions       what operators commanded and what became of it
            spaces        public spaces, one row per version

            The columns of one: vigie sql --describe observations
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
        "#]]
        .assert_eq(&describe(Some("observations")).unwrap());
    }

    #[test]
    fn an_unknown_table_gets_a_hint() {
        let error = describe(Some("observation")).unwrap_err().to_string();
        expect!["unknown table 'observation'; did you mean 'observations'? (history has observations, incidents, perceptions, alerts, actions, spaces)"].assert_eq(&error);
    }
}
