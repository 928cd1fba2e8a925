//! What the terminal shows, as lines: a bar with the centre and its counts, what is wrong with Vigie itself, the alerts, and
//! what can be done.
//!
//! ```text
//!  Melbourne  2017-03-12 21:00:07   2 open, 1 acknowledged, 1 suppressed
//! > HIGH  open  active  7m07s  birrarung-marr  Birrarung Marr: 9,411 people in six hours
//! ```

use crate::app::commands::watch::board::{Alarm, Board};
use crate::app::commands::watch::item::Item;
use crate::app::commands::watch::paint::{Line, Style};
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;
use vigie_model::time::format_local_instant;

/// What else alerts may be besides open and acknowledged; counted, not listed.
const ASIDE: [&str; 3] = ["shelved", "suppressed", "out_of_service"];
const SECOND_MS: i64 = 1_000;
/// What stands before the summary.
const COLUMNS: usize = 5;
/// The widest name of a space shown.
const SPACE_CHARS_MAX: usize = 24;

/// What is shown besides the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    /// Our own clock.
    pub(super) now_ms: i64,
    /// Lines of the terminal.
    pub(super) height: usize,
    /// Place of the selected alert in the list.
    pub(super) selected: usize,
    /// What the last line says: keys, a question, or what became of a command.
    pub(super) footer: &'a str,
}

/// The lines of the screen, exactly `height` of them.
#[must_use]
pub(super) fn screen(board: &Board, view: View<'_>) -> Vec<Line> {
    let alarm = board.alarm(view.now_ms);
    let mut lines = vec![title(board)];
    lines.extend(alarm.as_ref().map(|alarm| Line::of(Style::Alarm, format!(" {}", words(alarm)))));
    let listed = board.listed();
    let room = view.height.saturating_sub(lines.len() + 1).max(1);
    let first = (view.selected + 1).saturating_sub(room);
    let shown: Vec<_> = listed.iter().enumerate().skip(first).take(room).map(|(place, item)| (place, *item)).collect();
    let rows: Vec<_> = shown.iter().map(|(_, item)| cells(board, item, alarm.is_some())).collect();
    let mut widths = [0; COLUMNS];
    for cells in &rows {
        widths.iter_mut().zip(cells).for_each(|(width, cell)| *width = (*width).max(cell.width()));
    }
    for ((place, item), cells) in shown.into_iter().zip(rows) {
        lines.push(row(item, &cells, &widths, place == view.selected, alarm.is_some()));
    }
    if listed.is_empty() && alarm.is_none() {
        lines.push(Line::of(Style::Dim, "  nothing to do"));
    }
    lines.resize(view.height.saturating_sub(1).max(1), Line::default());
    lines.push(Line::of(Style::Bar, format!(" {}", view.footer)));
    lines
}

/// An alarm in words.
#[must_use]
pub(super) fn words(alarm: &Alarm) -> String {
    match alarm {
        Alarm::NoConnection { for_ms, why } => {
            format!("NO CONNECTION for {}: what you see is old ({why})", age(*for_ms))
        }
        Alarm::NoTick { for_ms } => {
            format!("VIGIE JUDGES NO MORE: no tick for {}; what you see is old", age(*for_ms))
        }
    }
}

fn title(board: &Board) -> Line {
    let status = board.status();
    let zone = TimeZone::get(&status.time_zone).unwrap_or(TimeZone::UTC);
    let clock = format_local_instant(status.log_time_ms - status.log_time_ms.rem_euclid(SECOND_MS), &zone);
    let mut counts = format!("{} open, {} acknowledged", board.count("open"), board.count("acknowledged"));
    for aside in ASIDE {
        match board.count(aside) {
            0 => {}
            count => counts.push_str(&format!(", {count} {}", aside.replace('_', " "))),
        }
    }
    if board.left_out() > 0 {
        counts.push_str(&format!(", {} more not shown", board.left_out()));
    }
    let name = if status.name.is_empty() { "Vigie" } else { &status.name };
    let clock = if status.name.is_empty() { String::new() } else { format!("  {clock}   {counts}") };
    Line::of(Style::Bar, format!(" {name}{clock}"))
}

/// Severity, handling, condition, age and space, in words.
fn cells(board: &Board, item: &Item, is_old: bool) -> [String; COLUMNS] {
    // The age of what is old is not known.
    let age = if is_old { "?".to_owned() } else { age(board.status().log_time_ms - item.since_ms) };
    let severity = item.severity.as_str().to_uppercase();
    [severity, item.handling().replace('_', " "), item.state.clone(), age, space(item)]
}

fn row(item: &Item, cells: &[String; COLUMNS], widths: &[usize; COLUMNS], is_selected: bool, is_old: bool) -> Line {
    let padded = |column: usize| cells[column].clone() + &" ".repeat(widths[column] - cells[column].width());
    let text_style = match (is_old, item.is_open()) {
        (true, _) => Style::Dim,
        (false, true) => Style::Bold,
        (false, false) => Style::Plain,
    };
    let severity_style = if is_old { Style::Dim } else { Style::Severity(item.severity) };
    let others: Vec<_> = (1..COLUMNS).map(padded).collect();
    Line::of(Style::Plain, if is_selected { "> " } else { "  " })
        .and(severity_style, padded(0))
        .and(text_style, format!("  {}  {}", others.join("  "), told(item)))
}

/// The name of its space, cut to what a column holds.
fn space(item: &Item) -> String {
    let mut space: String = item.space.chars().take(SPACE_CHARS_MAX).collect();
    if space.len() < item.space.len() {
        space.push('…');
    }
    space
}

/// The summary, behind what a reader has to know first.
fn told(item: &Item) -> String {
    let mut told = String::new();
    for (is_so, word) in [(item.exercise, "EXERCISE "), (item.test, "TEST ")] {
        told.push_str(if is_so { word } else { "" });
    }
    told.push_str(&item.summary);
    if let Some(act) = item.acknowledged.as_ref().filter(|_| item.handling() == "acknowledged") {
        told.push_str(&format!(" [{}]", act.operator));
    }
    if let Some(again) = item.reannounced.as_ref().filter(|_| item.is_open()) {
        told.push_str(&format!(" [again: {}]", again.reason.replace('_', " ")));
    }
    told
}

/// A duration in its two largest units; nothing is younger than now.
fn age(ms: i64) -> String {
    let seconds = (ms / SECOND_MS).max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, ..) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours:02}h"),
    }
}

#[cfg(test)]
mod tests;
