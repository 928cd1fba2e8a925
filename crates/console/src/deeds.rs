//! What somebody wants to do with an alert, read from the fields of a body.

use crate::body::Fields;
use crate::given::{required, until};
use crate::refusal::Refusal;
use vigie_model::command::{AlertDeed, Disposition, StepState, TEXT_BYTES_MAX};

const DISPOSITIONS: &str = "true, false, nuisance, test or duplicate";
const STEP_STATES: &str = "open, done or skipped";

/// The commands about one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Acknowledge,
    Shelve,
    Unshelve,
    Assign,
    Close,
    Reopen,
    Checklist,
}

impl Verb {
    /// Those that a bulk may name.
    pub(crate) const BULK: [Self; 5] = [Self::Acknowledge, Self::Shelve, Self::Unshelve, Self::Assign, Self::Close];

    /// The word in paths and bodies.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Shelve => "shelve",
            Self::Unshelve => "unshelve",
            Self::Assign => "assign",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Checklist => "checklist",
        }
    }

    /// The fields of its body.
    pub(crate) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Acknowledge | Self::Shelve => &["operator", "note", "until"],
            Self::Unshelve | Self::Reopen => &["operator", "note"],
            Self::Assign => &["operator", "to", "note"],
            Self::Close => &["operator", "disposition", "cause", "note"],
            Self::Checklist => &["operator", "step", "state", "note"],
        }
    }

    /// The deed that a body asks for at log time `now_ms`.
    pub(crate) fn deed(self, fields: &mut Fields, now_ms: i64) -> Result<AlertDeed, Refusal> {
        Ok(match self {
            Self::Acknowledge => AlertDeed::Acknowledge { until_ms: until(fields, now_ms)? },
            Self::Shelve => {
                if !fields.has("note") {
                    return Err(missing("note").expected("why it is put out of sight"));
                }
                let until_ms = until(fields, now_ms)?;
                AlertDeed::Shelve { until_ms: until_ms.ok_or_else(|| missing("until").expected("when it comes back"))? }
            }
            Self::Unshelve => AlertDeed::Unshelve,
            Self::Assign => AlertDeed::Assign {
                to: required(fields, "to", TEXT_BYTES_MAX, "the name of the person who is to act")?.into(),
            },
            Self::Close => {
                let all = Disposition::ALL.map(|disposition| (disposition.as_str(), disposition));
                let disposition = fields.word("disposition", &all, DISPOSITIONS)?;
                AlertDeed::Close { disposition, cause: fields.text("cause", TEXT_BYTES_MAX)? }
            }
            Self::Reopen => AlertDeed::Reopen,
            Self::Checklist => {
                let step = fields.whole("step")?;
                let step = step.ok_or_else(|| missing("step").expected("the number of a step, from 1"))?;
                let all = StepState::ALL.map(|state| (state.as_str(), state));
                AlertDeed::CheckStep { step, state: fields.word("state", &all, STEP_STATES)? }
            }
        })
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::bad_request(format!("'{name}' is missing"))
}
