//! One line for each change, for pipes, scripts and slow lines: seven fields with tabs between them.
//!
//! Time, what happened, severity, handling, space, id, summary; `-` stands for what there is not. The first word of a line about
//! Vigie itself is written in capitals, so that `grep -v` and `cut` tell the two apart.

use crate::app::commands::watch::item::{Item, plain};
use vigie_model::time::format_utc;

/// A line about an alert.
#[must_use]
pub(super) fn alert_line(log_ms: i64, what: &str, item: &Item) -> String {
    let (time, severity) = (format_utc(log_ms), item.severity.as_str());
    let of = if item.exercise { "exercise: " } else { "" };
    [&time, what, severity, item.handling(), &item.space, item.short_id(), &format!("{of}{}", item.summary)].join("\t")
}

/// A line about Vigie itself; the time is our own.
#[must_use]
pub(super) fn own_line(wall_ms: i64, what: &str, words: &str) -> String {
    [&format_utc(wall_ms), what, "-", "-", "-", "-", &plain(words)].join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_seven_fields() {
        let row = r#"{"alert_id":"0c7f31aa55","rule":"Crowded","space":"town-hall","severity":"high","state":"active","event_time":
            "2017-03-12T10:00:00Z","log_time":"2017-03-12T10:00:01Z","summary":"a\tb","offset":4}"#;
        let item = Item::read(row).unwrap();
        let line = alert_line(item.log_ms, "active", &item);
        assert_eq!(line, "2017-03-12T10:00:01Z\tactive\thigh\topen\ttown-hall\t0c7f31aa\ta b");
        assert_eq!(own_line(0, "LOST", "a\nb"), "1970-01-01T00:00:00Z\tLOST\t-\t-\t-\t-\ta b");
    }
}
