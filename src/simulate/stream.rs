//! The events of a run as native lines, in order of event time, a day at a time.
//!
//! A count of an hour is known at its end; an incident stands where it happened, with the instant of its report; what a camera
//! saw is a value of 1, and ten minutes later a 0. Lines of one instant have the order in which they are made.

use super::answers::{GROUPS, QUESTION, SCALE, answers_on};
use super::counters::visitors_on;
use super::incidents::{ASSAULT, CATEGORIES, Incident, false_detections_on, happened_on};
use super::options::{DAY_MS, START_MS};
use super::truth::Truth;

/// The metric of counters.
pub const VISITORS: &str = "people_count";
/// The metric of cameras.
pub const DISTURBANCE: &str = "disturbance";
const HOUR_MS: i64 = 3_600_000;
/// How long a disturbance seen lasts.
const SEEN_MS: i64 = 600_000;

/// A line and its event time.
pub type TimedLine = (i64, String);

/// The lines of a run.
#[derive(Debug)]
pub struct Stream {
    truth: Truth,
    day: i64,
    /// Lines of days to come: ends of what cameras saw, and counts of hours that end at midnight.
    ahead: Vec<TimedLine>,
}

impl Stream {
    /// The run from its beginning.
    #[must_use]
    pub const fn new(truth: Truth) -> Self {
        Self { truth, day: 0, ahead: Vec::new() }
    }

    /// What was planted, with what chance made of the days so far.
    #[must_use]
    pub fn into_truth(self) -> Truth {
        self.truth
    }

    fn visitors(&mut self, space: usize, lines: &mut Vec<TimedLine>) {
        let hours = visitors_on(&self.truth, space, self.day);
        let planted = &mut self.truth.spaces[space];
        for (hour, count) in (1..).zip(hours) {
            let Some(count) = count else {
                planted.counted.hours_out += 1;
                continue;
            };
            planted.counted.hours_counted += 1;
            planted.counted.visitors += count;
            let time_ms = START_MS + self.day * DAY_MS + hour * HOUR_MS;
            let id = &planted.id;
            let sensor = number(space);
            let line = format!(
                r#"{{"space":"{id}","sensor":"counter-{sensor}","metric":"{VISITORS}","value":{count},"time":{time_ms}}}"#
            );
            lines.push((time_ms, line));
        }
    }

    fn incidents(&mut self, space: usize, lines: &mut Vec<TimedLine>) {
        for (index, incident) in (1..).zip(happened_on(&self.truth, space, self.day)) {
            let planted = &mut self.truth.spaces[space];
            let counted = &mut planted.counted;
            let (is_assault, is_seen) = (incident.category == ASSAULT, incident.seen_ms.is_some());
            counted.happened += 1;
            counted.seen += u64::from(is_seen);
            if let Some(report) = incident.report {
                counted.reported += 1;
                counted.revised += u64::from(report.revised_ms.is_some());
                counted.assaults_reported += u64::from(is_assault);
                counted.assaults_reported_and_seen += u64::from(is_seen);
                let id = format!("i-{}-{}-{index}", number(space), self.day);
                let line = |version, status, reported_ms| {
                    report_line(&incident, &planted.id, &id, version, status, reported_ms)
                };
                lines.push((incident.time_ms, line(1, "open", report.time_ms)));
                lines.extend(report.revised_ms.map(|revised_ms| (incident.time_ms, line(2, "closed", revised_ms))));
            }
            if let Some(seen_ms) = incident.seen_ms {
                self.seen(space, seen_ms, lines);
            }
        }
        for seen_ms in false_detections_on(&self.truth, space, self.day) {
            self.truth.spaces[space].counted.false_detections += 1;
            self.seen(space, seen_ms, lines);
        }
    }

    fn seen(&self, space: usize, seen_ms: i64, lines: &mut Vec<TimedLine>) {
        let id = &self.truth.spaces[space].id;
        let sensor = number(space);
        for (value, time_ms) in [(1, seen_ms), (0, seen_ms + SEEN_MS)] {
            let line = format!(
                r#"{{"space":"{id}","sensor":"camera-{sensor}","metric":"{DISTURBANCE}","value":{value},"time":{time_ms}}}"#
            );
            lines.push((time_ms, line));
        }
    }

    fn answers(&mut self, lines: &mut Vec<TimedLine>) {
        for answer in answers_on(&self.truth, self.day) {
            let planted = &mut self.truth.spaces[answer.space];
            planted.counted.asked += answer.n;
            planted.counted.unsafe_answers += answer.unsafe_count;
            let (wave, period, sex) = (answer.wave, answer.light.word(), GROUPS[answer.group]);
            let (space, n, unsafe_count, time_ms) = (&planted.id, answer.n, answer.unsafe_count, answer.time_ms);
            let line = format!(
                r#"{{"type":"perception","id":"p-{space}-{wave}-{period}-{sex}","space":"{space}","wave":"wave-{wave:02}","question":"{QUESTION}","scale":"{SCALE}","period":"{period}","group":{{"sex":"{sex}"}},"n":{n},"unsafe":{unsafe_count},"time":{time_ms}}}"#
            );
            lines.push((time_ms, line));
        }
    }
}

impl Iterator for Stream {
    type Item = Vec<TimedLine>;

    /// The lines of the next date; after the last one what is left of days to come.
    fn next(&mut self) -> Option<Self::Item> {
        let days = i64::from(self.truth.days);
        if self.day > days {
            return None;
        }
        let mut lines = std::mem::take(&mut self.ahead);
        if self.day < days {
            for space in 0..self.truth.spaces.len() {
                self.visitors(space, &mut lines);
                self.incidents(space, &mut lines);
            }
            self.answers(&mut lines);
        }
        self.day += 1;
        lines.sort_by_key(|(time_ms, _)| *time_ms);
        if self.day <= days {
            let end_ms = START_MS + self.day * DAY_MS;
            self.ahead = lines.split_off(lines.partition_point(|(time_ms, _)| *time_ms < end_ms));
        }
        Some(lines)
    }
}

fn report_line(incident: &Incident, space: &str, id: &str, version: u32, status: &str, reported_ms: i64) -> String {
    let (category, severity, _) = CATEGORIES[incident.category];
    let (time_ms, channel) = (incident.time_ms, incident.report.map_or("", |report| report.channel));
    format!(
        r#"{{"type":"incident","id":"{id}","space":"{space}","category":"{category}","severity":"{severity}","channel":"{channel}","status":"{status}","version":{version},"time":{time_ms},"reported":{reported_ms}}}"#
    )
}

/// The number in the names of a space's sensors.
fn number(space: usize) -> String {
    format!("{:04}", space + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::options::Options;

    #[test]
    fn lines_come_in_order_and_none_is_lost() {
        let truth = Truth::plan(&Options { seed: 9, spaces: 9, days: 90 });
        let mut stream = Stream::new(truth);
        let lines: Vec<TimedLine> = stream.by_ref().flatten().collect();
        assert!(lines.is_sorted_by_key(|(time_ms, _)| *time_ms));
        let truth = stream.into_truth();
        let sum = |of: fn(&crate::simulate::truth::Counted) -> u64| {
            truth.spaces.iter().map(|space| of(&space.counted)).sum::<u64>()
        };
        let of_type = |text: &str| lines.iter().filter(|(_, line)| line.contains(text)).count() as u64;
        assert_eq!(of_type("people_count"), sum(|counted| counted.hours_counted));
        assert_eq!(sum(|counted| counted.hours_counted + counted.hours_out), 9 * 90 * 24);
        assert_eq!(of_type("\"incident\""), sum(|counted| counted.reported + counted.revised));
        assert_eq!(of_type(DISTURBANCE), 2 * sum(|counted| counted.seen + counted.false_detections));
        assert_eq!(of_type("\"perception\""), 9 * 4, "one wave");
        for (_, line) in &lines {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}
