//! The door for incidents entered by hand: a native event of the feed `desk`, decoded and logged like any other, so that
//! what a sender could not send, an operator cannot enter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use vigie_ingest::decode::feed::FeedSpec;
use vigie_ingest::decode::names::NameCache;
use vigie_ingest::decode::native::Decoder;
use vigie_ingest::decode::report::Report as Decoded;
use vigie_ingest::spaces::registry::Registry;
use vigie_log::intake::{Intake, IntakeError};
use vigie_model::batch::Events;
use vigie_model::doors::{CommandError, DoorFuture, Report, ReportError, ReportSink};
use vigie_model::id::hashed_id;
use vigie_model::principal::Principal;
use vigie_model::severity::Severity;
use vigie_model::time::format_utc;

/// The feed of what operators enter. It declares free text: the operator's words.
pub const DESK_FEED: &str = "desk";

/// Writes incidents to the log of one centre.
pub struct ReportsDoor {
    centre: Arc<str>,
    intake: Intake,
    registry: Arc<Registry>,
    feed: FeedSpec,
    /// When this door was opened: a log outlives the process, and numbers begin anew with it.
    opened_ns: u128,
    next: AtomicU64,
}

impl ReportsDoor {
    /// A door to the log behind `intake`, for the spaces of `registry`.
    #[must_use]
    pub fn new(centre: Arc<str>, intake: Intake, registry: Arc<Registry>) -> Self {
        let opened = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let feed = FeedSpec { name: DESK_FEED.into(), text_allowed: true };
        Self { centre, intake, registry, feed, opened_ns: opened.as_nanos(), next: AtomicU64::new(0) }
    }

    async fn take(&self, who: &Principal, report: Report) -> Result<Arc<str>, ReportError> {
        if !who.scope.allows(&self.centre, &report.space) {
            return Err(ReportError::Refused(format!("no space has the id '{}'", report.space)));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let id = hashed_id(&[&self.centre, DESK_FEED, &self.opened_ns.to_string(), &number]);
        let words = [Some(report.operator.to_string()), report.note];
        let words: Vec<_> = words.into_iter().flatten().collect();
        let event = serde_json::json!({
            "type": "incident",
            "id": &id,
            "space": &*report.space,
            "category": report.category,
            "severity": report.severity.unwrap_or(Severity::Medium).as_str(),
            "channel": report.channel,
            "time": format_utc(report.time_ms.unwrap_or_else(|| self.intake.log_time_ms())),
            "reported": format_utc(self.intake.log_time_ms()),
            "text": words.join(": "),
        });
        let (mut events, mut decoded) = (Events::default(), Decoded::default());
        let names = NameCache::new(Arc::clone(self.intake.interner()), Arc::clone(&self.registry));
        Decoder::new(names).decode_body(&self.feed, event.to_string().as_bytes(), &mut events, &mut decoded);
        if let Some(refused) = decoded.rejects.into_iter().next() {
            return Err(ReportError::Refused(refused.reason));
        }
        self.intake.submit(events).await.map_err(|error| match error {
            IntakeError::Busy | IntakeError::Full => CommandError::Busy,
            IntakeError::Closed => CommandError::Closed,
        })?;
        tracing::info!(space = &*report.space, incident = id, "an operator entered an incident");
        Ok(id.into())
    }
}

impl ReportSink for ReportsDoor {
    fn report<'a>(&'a self, who: &'a Principal, report: Report) -> DoorFuture<'a, Result<Arc<str>, ReportError>> {
        Box::pin(self.take(who, report))
    }
}
