//! Whether the lines of a file stand in order of time, told before any of them is decoded.
//!
//! Recorded streams mostly do, and then a replay needs no sort: rows go on while the file is still read, and nothing
//! waits on disk. The look is quick and careful: a line counts only if it is one flat object without an escape and with
//! one `"time":` whose instant is written in the common way. Of any other line nothing is said, and the file is sorted.
//!
//! **Invariant**: when [`LineOrder::finish`] answers, every event that the decoder can take from the file has the
//! instant seen here, so events come in that order. Without an escape a quote ends a string, so the `"time":` of a line
//! is a key; with one brace it is a key of the event itself. Lines that the decoder refuses do not matter.

use crate::json::lines::LINE_END;
use crate::limits::LINE_BYTES_MAX;
use memchr::{memchr, memchr_iter, memmem, memrchr};
use vigie_model::time::{checked_ms, parse_common_rfc3339_ms};

/// The key of an event time with its colon.
const TIME_KEY: &[u8] = b"\"time\":";

/// The instants between which the events of a file lie; of no event, [`Times::NONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
}

impl Times {
    /// Neither before nor after any other.
    pub(super) const NONE: Self = Self { first_ms: i64::MAX, last_ms: i64::MIN };

    /// One instant.
    const fn at(time_ms: i64) -> Self {
        Self { first_ms: time_ms, last_ms: time_ms }
    }

    /// These and then `next`; `None` when they are not in order.
    pub(super) fn followed_by(self, next: Self) -> Option<Self> {
        let (first_ms, last_ms) = (self.first_ms.min(next.first_ms), self.last_ms.max(next.last_ms));
        (self.last_ms <= next.first_ms).then_some(Self { first_ms, last_ms })
    }
}

/// Takes the bytes of a file, piece by piece.
#[derive(Debug)]
pub(super) struct LineOrder {
    finder: memmem::Finder<'static>,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
    /// Of the lines so far; `None` once they are not known to be in order.
    times: Option<Times>,
}

impl LineOrder {
    /// Before the first byte.
    pub(super) fn new() -> Self {
        Self { finder: memmem::Finder::new(TIME_KEY), begun: Vec::new(), times: Some(Times::NONE) }
    }

    /// Takes the next piece. Cost: a few passes at the speed of memory, until a line is found that does not count.
    pub(super) fn take(&mut self, mut piece: &[u8]) {
        if self.times.is_none() {
            return;
        }
        if !self.begun.is_empty() {
            let end = memchr(LINE_END, piece).map_or(piece.len(), |end| end + 1);
            self.begun.extend_from_slice(&piece[..end]);
            piece = &piece[end..];
            if self.begun.last() == Some(&LINE_END) {
                let line = std::mem::take(&mut self.begun);
                self.lines(&line);
            }
        }
        let whole = memrchr(LINE_END, piece).map_or(0, |end| end + 1);
        let (lines, begun) = piece.split_at(whole);
        self.lines(lines);
        self.begun.extend_from_slice(begun);
        if self.begun.len() > LINE_BYTES_MAX {
            (self.times, self.begun) = (None, Vec::new());
        }
    }

    /// Whether the lines are not known to be in order, whatever comes.
    pub(super) fn is_lost(&self) -> bool {
        self.times.is_none()
    }

    /// Of all lines, if they are known to be in order.
    pub(super) fn finish(mut self) -> Option<Times> {
        let last = std::mem::take(&mut self.begun);
        self.lines(&last);
        self.times
    }

    fn lines(&mut self, lines: &[u8]) {
        let Some(times) = self.times else { return };
        self.times = self.times_of_all(times, lines).or_else(|| {
            let mut lines = lines.split(|byte| *byte == LINE_END).filter(|line| !line.trim_ascii().is_empty());
            lines.try_fold(times, |times, line| times.followed_by(Times::at(self.time_of(line)?)))
        });
    }

    /// Of lines with ends that all count and of which none is blank, after `times`; `None` when one is otherwise. They
    /// are looked at together: as many braces and keys as lines, and one of each in every line, are one in each.
    fn times_of_all(&self, times: Times, lines: &[u8]) -> Option<Times> {
        let count = memchr_iter(LINE_END, lines).count();
        let all_end = lines.last().is_none_or(|last| *last == LINE_END);
        if !all_end || memchr_iter(b'{', lines).count() != count || memchr(b'\\', lines).is_some() {
            return None;
        }
        let (mut times, mut start, mut seen) = (times, 0, 0);
        for key in self.finder.find_iter(lines) {
            let value = key + TIME_KEY.len();
            if key < start || lines[start] != b'{' {
                return None;
            }
            let end = value + memchr(LINE_END, &lines[value..])?;
            times = times.followed_by(Times::at(instant_of(&lines[value..end])?))?;
            (start, seen) = (end + 1, seen + 1);
        }
        (seen == count).then_some(times)
    }

    /// The instant of a line that counts.
    fn time_of(&self, line: &[u8]) -> Option<i64> {
        let key = self.finder.find(line)?;
        let (before, after) = (&line[..key], &line[key + TIME_KEY.len()..]);
        let opened = before.iter().filter(|byte| **byte == b'{').count();
        let plain = |part: &[u8]| memchr(b'\\', part).is_none();
        if opened != 1 || memchr(b'{', after).is_some() || !plain(before) || !plain(after) {
            return None;
        }
        if self.finder.find(after).is_some() {
            return None;
        }
        instant_of(after)
    }
}

/// The instant that a value begins with.
fn instant_of(value: &[u8]) -> Option<i64> {
    let value = value.trim_ascii_start();
    if let Some(text) = value.strip_prefix(b"\"") {
        let end = memchr(b'"', text)?;
        return parse_common_rfc3339_ms(&text[..end])?.ok();
    }
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ends = value.get(digits).is_some_and(|byte| matches!(byte, b',' | b'}' | b' '));
    let number = std::str::from_utf8(&value[..digits]).ok().filter(|_| ends)?;
    checked_ms(number.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str, piece: usize) -> Option<Times> {
        let mut order = LineOrder::new();
        text.as_bytes().chunks(piece).for_each(|piece| order.take(piece));
        order.finish()
    }

    #[test]
    fn lines_in_order_are_seen_in_any_pieces() {
        let text =
            "{\"metric\":\"time\",\"time\": 5}\r\n\n{\"time\":\"1970-01-01T00:00:00.005Z\"}\n{\"time\":7,\"a\":[1]}";
        for piece in [1, 2, 7, 1000] {
            assert_eq!(times(text, piece), Some(Times { first_ms: 5, last_ms: 7 }), "{piece}");
        }
        assert_eq!(times("", 1), Some(Times::NONE));
        assert_eq!(times("\n \n", 1), Some(Times::NONE));
    }

    #[test]
    fn nothing_is_said_of_other_lines() {
        for line in [
            "{\"time\":4}",
            "{\"time\":-4}",
            "{\"time\":6.5}",
            "{\"time\":\"yesterday\"}",
            "{\"time\":\"1970-01-01t00:00:09z\"}",
            "{\"time\":null}",
            "{\"time\" :9}",
            "{\"x\":{\"time\":9}}",
            "{\"x\":{},\"time\":9}",
            "{\"time\":9,\"x\":{}}",
            "{\"time\":9,\"time\":9}",
            "{\"time\":9,\"t\\u0069me\":1}",
            "{\"t\\u0069me\":1,\"x\":\"\",\"time\":9}",
            "nonsense",
        ] {
            assert_eq!(times(&format!("{{\"time\":5}}\n{line}\n"), 9), None, "{line}");
        }
        let long = format!("{{\"time\":5,\"x\":\"{}\"}}", "x".repeat(LINE_BYTES_MAX));
        assert_eq!(times(&long, 1000), None);
    }
}
