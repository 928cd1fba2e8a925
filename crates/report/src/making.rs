//! A report from its request: asks history, and puts title, findings, sections and manifest together.

use crate::asking::{AskError, Asker, epoch_ms, hash};
use crate::document::Document;
use crate::facts::{Span, versions};
use crate::language::phrases;
use crate::manifest::{MANIFEST_FORMAT, Manifest, Terms};
use crate::measure::Measure;
use crate::perception::perception;
use crate::rules::rules;
use crate::shift::shift;
use crate::wording::Wording;
use jiff::tz::TimeZone;
use serde::Deserialize;
use vigie_model::time::{format_utc, parse_rfc3339_ms};

const HOUR_MS: i64 = 3_600_000;

phrases! {
    SUBTITLE: "{0} · {1} to {2}", "{0} · du {1} au {2}";
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A shift of the control room.
    Shift,
    /// What rules were worth.
    Rules,
    /// How safe people feel, and what was reported.
    Perception,
}

impl Kind {
    /// Every kind.
    const ALL: [Self; 3] = [Self::Shift, Self::Rules, Self::Perception];

    /// Its name on the command line and in the manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shift => "shift",
            Self::Rules => "rules",
            Self::Perception => "perception",
        }
    }

    /// Whether it is for publication: small counts are hidden, and nothing of the file may tell them. Any other shows counts as
    /// they are, and says on top that it is not for publication.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Perception)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it is about.
    pub kind: Kind,
    /// Id of the centre.
    pub centre: String,
    /// The span of event time it covers.
    pub span: Span,
    /// Measures that a report on perception looks at, before and after.
    pub measures: Vec<Measure>,
    /// Language and time zone.
    pub wording: Wording,
    /// Only rows the log had taken up to here count, epoch milliseconds.
    pub as_of_ms: i64,
    /// When it is made, epoch milliseconds.
    pub made_at_ms: i64,
    /// The command that makes it again.
    pub command: String,
    /// Version of the program.
    pub vigie: String,
}

impl Request {
    /// What was asked for when the report of a manifest was made; `None` when the manifest is damaged.
    #[must_use]
    pub fn again(manifest: &Manifest, zone: TimeZone) -> Option<Self> {
        let ms = |text: &str| parse_rfc3339_ms(text).ok();
        let terms = &manifest.terms;
        Some(Self {
            kind: Kind::named(&manifest.report)?,
            centre: manifest.centre.clone(),
            span: Span { from_ms: ms(&terms.from)?, to_ms: ms(&terms.to)? },
            measures: terms.measures.clone(),
            wording: Wording { language: terms.lang, zone },
            as_of_ms: ms(&manifest.as_of)?,
            made_at_ms: ms(&manifest.made_at)?,
            command: manifest.command.clone(),
            vigie: manifest.vigie.clone(),
        })
    }
}

/// How far history goes.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Extent {
    /// Event time of the oldest row, epoch milliseconds.
    pub first_ms: i64,
    /// Event time of the newest row.
    pub last_ms: i64,
    /// Log time of the newest row.
    pub taken_ms: i64,
}

impl Extent {
    /// How far history goes now; `None` while it is empty.
    ///
    /// # Errors
    /// When history does not answer.
    pub fn of<E>(history: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>) -> Result<Option<Self>, AskError<E>> {
        let tables = ["observations", "incidents", "perceptions", "alerts", "actions"];
        let each: Vec<_> = tables.iter().map(|table| format!("SELECT event_time, log_time FROM {table}")).collect();
        let columns = [("min(event_time)", "first_ms"), ("max(event_time)", "last_ms"), ("max(log_time)", "taken_ms")];
        let columns = columns.map(|(column, name)| format!("{} AS {name}", epoch_ms(column)));
        let rows = format!("SELECT {} FROM ({}) HAVING count(*) > 0", columns.join(", "), each.join(" UNION ALL "));
        Ok(Asker::new(i64::MAX, history).rows("the extent", &rows)?.pop())
    }

    /// The span a report covers up to an instant, unless told otherwise: eight hours, four weeks, or all there is.
    #[must_use]
    pub const fn usual(self, kind: Kind, to_ms: i64) -> Span {
        let from_ms = match kind {
            Kind::Shift => to_ms - 8 * HOUR_MS,
            Kind::Rules => to_ms - 28 * 24 * HOUR_MS,
            Kind::Perception => self.first_ms,
        };
        Span { from_ms, to_ms }
    }
}

/// The questions of a report that history answers otherwise now.
///
/// # Errors
/// When history does not answer.
pub fn differences<E>(
    manifest: &Manifest,
    history: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<Vec<String>, E> {
    let mut differing = Vec::new();
    for question in &manifest.questions {
        if Some(hash(&history(&question.sql)?)) != question.answer {
            differing.push(question.name.clone());
        }
    }
    Ok(differing)
}

/// Makes a report.
///
/// # Errors
/// When history does not answer.
pub fn make<E>(
    request: &Request,
    history: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<Document, AskError<E>> {
    let Request { wording, span, .. } = request;
    let mut asker = Asker::new(request.as_of_ms, history);
    let (told, tables) = match request.kind {
        Kind::Shift => (
            shift(&mut asker, wording, *span)?,
            ["actions", "alerts", "incidents", "observations", "spaces"].as_slice(),
        ),
        Kind::Perception => (
            perception(&mut asker, wording, *span, &request.measures)?,
            ["incidents", "observations", "perceptions", "spaces"].as_slice(),
        ),
        Kind::Rules => (rules(&mut asker, wording, *span)?, ["actions", "alerts", "incidents"].as_slice()),
    };
    let tables = versions(&mut asker, tables)?;
    let (from, to) = (wording.instant(span.from_ms), wording.instant(span.to_ms));
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        report: request.kind.name().to_owned(),
        vigie: request.vigie.clone(),
        centre: request.centre.clone(),
        made_at: format_utc(request.made_at_ms),
        as_of: format_utc(request.as_of_ms),
        command: request.command.clone(),
        terms: Terms {
            from: format_utc(span.from_ms),
            to: format_utc(span.to_ms),
            lang: wording.language,
            measures: request.measures.clone(),
        },
        tables,
        questions: asker.into_questions(),
    };
    Ok(Document {
        wording: wording.clone(),
        title: told.title,
        subtitle: SUBTITLE.with(wording.language, &[&request.centre, &from, &to]),
        is_public: request.kind.is_public(),
        findings: told.findings,
        sections: told.sections,
        manifest: if request.kind.is_public() { manifest.for_publication() } else { manifest },
    })
}

#[cfg(test)]
mod tests;
