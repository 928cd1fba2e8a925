//! How every HTTP door says no: problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).
//!
//! A problem has a *kind* on which programs branch (its `type`), and words for people: what was wrong (`detail`), what would
//! have been right (`expected`) and what to do (`hint`). The doors add the header fields; what a kind means is here, once, and
//! `docs/api.md` lists it.
//!
//! **Invariant**: the kind follows from the status, so that the two cannot contradict each other.
//!
//! ```
//! use vigie_model::problem::{Problem, ProblemKind};
//! let problem = Problem::new(400, "'disposition' is missing").expected("true, false, nuisance, test or duplicate");
//! assert_eq!(problem.kind(), ProblemKind::BadRequest);
//! assert_eq!((problem.kind().uri(), problem.status()), ("/problems/bad-request", 400));
//! ```

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// The media type of a problem.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was refused, as far as programs care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// 400.
    BadRequest,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 408.
    Timeout,
    /// 409.
    Conflict,
    /// 413.
    TooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 422.
    LimitReached,
    /// 429.
    Shed,
    /// 500.
    Unknown,
    /// 503.
    Unavailable,
}

/// What is said of a kind.
struct Said {
    status: u16,
    uri: &'static str,
    title: &'static str,
    meaning: &'static str,
}

impl ProblemKind {
    /// All kinds, by status.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::LimitReached,
        Self::Shed,
        Self::Unknown,
        Self::Unavailable,
    ];

    /// The kind of a status; one that Vigie never answers with counts as the first of its hundred.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        let known = Self::ALL.into_iter().find(|kind| kind.status() == status);
        known.unwrap_or(if status < 500 { Self::BadRequest } else { Self::Unknown })
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.said().status
    }

    /// The member `type`: a reference that stays the same, and that the server answers with the kind's meaning.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        self.said().uri
    }

    /// The member `title`: a few words, the same for every problem of the kind.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.said().title
    }

    /// What it means and what a client should do.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.said().meaning
    }

    const fn said(self) -> Said {
        let (status, uri, title, meaning) = match self {
            Self::BadRequest => (
                400,
                "/problems/bad-request",
                "The request is wrong in itself",
                "Nothing was done. Sent again unchanged it is refused again: mend what 'detail' and 'expected' name.",
            ),
            Self::Forbidden => (
                403,
                "/problems/forbidden",
                "The request may not come from there",
                "Nothing was done. The host name is not one of this server's, or a page of another site asked.",
            ),
            Self::NotFound => (
                404,
                "/problems/not-found",
                "There is no such thing",
                "No route, alert, rule or key of this name, or none that you may see.",
            ),
            Self::MethodNotAllowed => (
                405,
                "/problems/method-not-allowed",
                "The route does not know this method",
                "Nothing was done. The header field Allow lists the methods it knows.",
            ),
            Self::Timeout => (
                408,
                "/problems/timeout",
                "The request did not arrive in time",
                "Nothing was taken. Send it again, whole, in smaller pieces or over a better line.",
            ),
            Self::Conflict => (
                409,
                "/problems/conflict",
                "The state of things forbids it",
                "Nothing was changed. Look at how it stands now, then decide.",
            ),
            Self::TooLarge => {
                (413, "/problems/too-large", "The body is too large", "Nothing was taken. Send it in pieces.")
            }
            Self::UnsupportedMediaType => (
                415,
                "/problems/unsupported-media-type",
                "The body is of a kind that the route does not read",
                "Nothing was done. 'detail' or 'expected' lists what it reads.",
            ),
            Self::LimitReached => (
                422,
                "/problems/limit-reached",
                "The answer would cost more than one answer may",
                "Nothing is wrong with the words of the statement: ask for less, a shorter time or fewer spaces.",
            ),
            Self::Shed => (
                429,
                "/problems/shed",
                "Observations are shed",
                "Nothing was taken: the log is short of room. Send the same request again after Retry-After seconds.",
            ),
            Self::Unknown => (
                500,
                "/problems/unknown-outcome",
                "It is not known what became of the request",
                "Look at how things stand before you send it again. Events with an id may be sent again as they are.",
            ),
            Self::Unavailable => (
                503,
                "/problems/unavailable",
                "Not now",
                "The server is busy, full, stopping or unwell, as 'detail' says. With Retry-After: try again then.",
            ),
        };
        Said { status, uri, title, meaning }
    }
}

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: u16,
    detail: String,
    expected: Option<String>,
    hint: Option<String>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A refusal with this HTTP status, and what was wrong.
    #[must_use]
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), expected: None, hint: None, retry_after_s: None }
    }

    /// Adds what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds after how many seconds trying again makes sense: the header field `Retry-After`.
    #[must_use]
    pub const fn with_retry_after_s(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        ProblemKind::of_status(self.status)
    }

    /// Seconds after which trying again makes sense, if it ever does.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u64> {
        self.retry_after_s
    }
}

/// The members of the body, in the order of the standard, then those of Vigie.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("type", self.kind().uri())?;
        members.serialize_entry("title", self.kind().title())?;
        members.serialize_entry("status", &self.status)?;
        members.serialize_entry("detail", &self.detail)?;
        for (name, text) in [("expected", &self.expected), ("hint", &self.hint)] {
            if let Some(text) = text {
                members.serialize_entry(name, text)?;
            }
        }
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_differ_and_are_found_by_their_status() {
        let uris: BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.uri()).collect();
        assert_eq!(uris.len(), ProblemKind::ALL.len());
        for kind in ProblemKind::ALL {
            assert_eq!(ProblemKind::of_status(kind.status()), kind);
            assert!(kind.uri().starts_with("/problems/") && kind.meaning().ends_with('.'));
        }
        assert!(ProblemKind::ALL.is_sorted_by_key(|kind| kind.status()));
        assert_eq!(ProblemKind::of_status(431), ProblemKind::BadRequest);
        assert_eq!(ProblemKind::of_status(502), ProblemKind::Unknown);
    }

    #[test]
    fn the_api_document_lists_every_kind_as_it_is() {
        let document = include_str!("../../../docs/api.md");
        for kind in ProblemKind::ALL {
            let row = format!("| `{}` | {} | {} | {} |", kind.uri(), kind.status(), kind.title(), kind.meaning());
            assert!(document.contains(&row), "docs/api.md lacks the row\n{row}");
        }
    }
}
