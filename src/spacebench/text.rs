//! The events as lines of files.
//!
//! NDJSON lines are native events without an id: a line of a file is its own identity, and a made-up id would only make every
//! line longer than what the other formats hold. Times are milliseconds since the epoch.

use super::names;
use super::stream::Event;
use std::fmt::Write;

/// The header of the CSV form.
pub const CSV_HEADER: &str = "ts_ms,space,sensor,metric,value\n";

/// Appends a line of the CSV form.
pub fn write_csv(event: &Event, out: &mut String) {
    let Event { ts_ms, space, sensor, metric, tenths, .. } = *event;
    let metric = names::METRICS[metric as usize];
    let sensor = sensor + 1;
    writeln!(out, "{ts_ms},sp-{space:06},s{sensor},{metric},{}.{}", tenths / 10, tenths % 10)
        .expect("a text can always grow");
}

/// Appends a line of the NDJSON form.
pub fn write_ndjson(event: &Event, out: &mut String) {
    let Event { ts_ms, space, sensor, metric, tenths, .. } = *event;
    let metric = names::METRICS[metric as usize];
    let sensor = sensor + 1;
    writeln!(
        out,
        "{{\"space\":\"sp-{space:06}\",\"sensor\":\"s{sensor}\",\"metric\":\"{metric}\",\"value\":{}.{},\"time\":{ts_ms}}}",
        tenths / 10,
        tenths % 10
    )
    .expect("a text can always grow");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_the_names_of_the_dictionary() {
        let event = Event { sent_ms: 9, ts_ms: 8, space: 17, metric: 1, sensor: 6, tenths: 452 };
        let (mut csv, mut json) = (String::new(), String::new());
        write_csv(&event, &mut csv);
        write_ndjson(&event, &mut json);
        let (space, sensor) = (names::space(17), names::sensor(6));
        assert_eq!(csv, format!("8,{space},{sensor},crowd,45.2\n"));
        let expected = format!(r#"{{"space":"{space}","sensor":"{sensor}","metric":"crowd","value":45.2,"time":8}}"#);
        assert_eq!(json, format!("{expected}\n"));
    }
}
