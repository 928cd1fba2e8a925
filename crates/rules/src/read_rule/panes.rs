//! The panes of a sliding window: their length, given or by default, and how many there may be.

use crate::fields::Fields;
use crate::yaml::Problems;
use vigie_model::duration::format_ms;

/// The most panes a window may have: a day in panes of five seconds, with room.
const PANES_MAX: i64 = 20_000;

/// The length of a window and of its panes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panes {
    /// The window.
    pub(crate) window_ms: i64,
    /// Each of its panes, which divides it.
    pub(crate) pane_ms: i64,
}

impl Panes {
    /// Reads the window in the field `name` and the panes in `every`.
    pub(crate) fn read(name: &str, fields: &Fields<'_>, problems: &mut Problems) -> Option<Self> {
        fields.missing(name, "the rule", problems);
        let window_ms = fields.positive_duration(name, problems);
        let every_ms = fields.positive_duration("every", problems);
        let window_ms = window_ms?;
        if fields.has("every") && every_ms.is_none() {
            return None;
        }
        let spot = fields.spot_of(if fields.has("every") { "every" } else { name });
        let window = format_ms(window_ms);
        let Some(pane_ms) = every_ms.or_else(|| default_pane_ms(window_ms)) else {
            problems.error(spot, format!("a window of {window} is no whole number of seconds")).hint =
                Some("say 'every', a duration that divides it".to_owned());
            return None;
        };
        let (pane, panes) = (format_ms(pane_ms), window_ms / pane_ms);
        if window_ms % pane_ms != 0 {
            problems.error(spot, format!("'every' ({pane}) does not divide '{name}' ({window})")).hint =
                Some(format!("make '{name}' a multiple of it"));
            return None;
        }
        if panes > PANES_MAX {
            let message = problems.error(spot, format!("the window would have {panes} panes of {pane}"));
            message.expected = Some(format!("at most {PANES_MAX}"));
            message.hint = Some("make 'every' longer".to_owned());
            return None;
        }
        Some(Self { window_ms, pane_ms })
    }
}

/// The largest whole number of seconds that divides the window and is at most a twelfth of it, or one second.
fn default_pane_ms(window_ms: i64) -> Option<i64> {
    let window_s = Some(window_ms / 1000).filter(|_| window_ms % 1000 == 0)?;
    let panes = (12..=PANES_MAX).find(|panes| window_s % panes == 0).filter(|panes| *panes <= window_s);
    Some(panes.map_or(1, |panes| window_s / panes) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_panes_are_the_longest_that_fit() {
        let by_definition = |window_s: i64| {
            let longest_s = (window_s / 12).max(1);
            (1..=longest_s).rev().find(|pane_s| window_s % pane_s == 0).map(|pane_s| pane_s * 1000)
        };
        for window_s in 1..=PANES_MAX {
            assert_eq!(default_pane_ms(window_s * 1000), by_definition(window_s), "{window_s}s");
        }
        assert_eq!(default_pane_ms(1500), None);
    }
}
