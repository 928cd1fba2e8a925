//! A small control room on a loopback socket: the real book, live table and feed; commands are applied at once, as the
//! roles do a moment later. Shared by the tests and by `examples/page.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use vigie_alerts::desk::live::LiveDesk;
use vigie_alerts::feed::AlertFeed;
use vigie_alerts::live::LiveAlerts;
use vigie_alerts::room::{ControlRoom, Stepped};
use vigie_console::router::router;
use vigie_console::state::{ConsoleState, PageSettings};
use vigie_model::alert::{AlertId, AlertState, Guidance, RuleIdentity, Transition};
use vigie_model::audit::QueryOutcome;
use vigie_model::command::{Command, Outcome};
use vigie_model::doors::{
    AnswerParts, AnswerStream, BacktestDoor, BacktestError, BacktestRequest, CommandAnswer, CommandError,
    CommandRequest, CommandSink, DoorFuture, EndedQuery, QueryDoor, Question, RunningQuery,
};
use vigie_model::doors::{QueryError, Report, ReportError, ReportSink, RuleInForce, RulesDoor, RulesError, SpaceView};
use vigie_model::position::Position;
use vigie_model::principal::Principal;
use vigie_model::severity::Severity;
use vigie_model::space::Space;
use vigie_model::stream::{AlertItem, AlertRecord};

/// Sunday 12 March 2017, 21:00 in Melbourne.
pub(crate) const MOOMBA_MS: i64 = 1_489_312_800_000;

const WHOLE: &str = "nothing panics while it holds the book";

/// What stands behind the doors.
pub(crate) struct Room {
    pub(crate) live: Arc<LiveAlerts>,
    pub(crate) desk: Arc<LiveDesk>,
    pub(crate) feed: Arc<AlertFeed>,
    pub(crate) log_time_ms: AtomicI64,
    spaces: Vec<Arc<Space>>,
    book: Mutex<(ControlRoom, u64)>,
    /// Incidents entered by hand.
    pub(crate) reported: Mutex<Vec<Report>>,
}

/// What the engine says of an alert.
pub(crate) struct Said<'a> {
    pub(crate) id: &'a str,
    pub(crate) space: &'a str,
    pub(crate) severity: Severity,
    pub(crate) state: AlertState,
    pub(crate) summary: &'a str,
}

impl Room {
    pub(crate) fn new(spaces: Vec<Space>, ring_rows_max: usize) -> Arc<Self> {
        Arc::new(Self {
            live: Arc::new(LiveAlerts::new("melbourne")),
            feed: Arc::new(AlertFeed::new("melbourne", 0, ring_rows_max)),
            log_time_ms: AtomicI64::new(MOOMBA_MS),
            spaces: spaces.into_iter().map(Arc::new).collect(),
            book: Mutex::default(),
            reported: Mutex::default(),
            desk: Arc::default(),
        })
    }

    pub(crate) fn state(self: &Arc<Self>) -> ConsoleState {
        let room = Arc::clone(self);
        ConsoleState {
            centre_name: "Melbourne".into(),
            time_zone: "Australia/Melbourne".into(),
            principal: Principal::local("melbourne"),
            hosts: Arc::new([]),
            alerts: Arc::clone(&self.live),
            desk: Arc::clone(&self.desk),
            feed: Arc::clone(&self.feed),
            reports: Arc::clone(self) as _,
            page: Arc::new(PageSettings { languages: vec!["en".to_owned()], ..PageSettings::default() }),
            commands: Arc::clone(self) as _,
            queries: Some(Arc::clone(self) as _),
            rules: Arc::clone(self) as _,
            backtests: Some(Arc::clone(self) as _),
            spaces: Arc::clone(self) as _,
            log_clock: Arc::new(move || room.log_time_ms.load(Ordering::Relaxed)),
        }
    }

    /// The engine writes a transition of the rule `Crowded` at the room's log time.
    pub(crate) fn say(&self, said: &Said<'_>, evidence: Option<String>) {
        self.say_of(RuleIdentity { name: "Crowded".into(), ..RuleIdentity::default() }, said, evidence);
    }

    /// The engine writes a transition of a rule.
    pub(crate) fn say_of(&self, rule: RuleIdentity, said: &Said<'_>, evidence: Option<String>) {
        let now = self.log_time_ms.load(Ordering::Relaxed);
        let offset = self.book.lock().expect(WHOLE).1;
        let rule = RuleIdentity { uid: "6f1c".into(), version: "v1".into(), severity: said.severity, ..rule };
        self.write(AlertItem::Transition(Arc::new(Transition {
            alert_id: AlertId::from_text(said.id),
            rule: Arc::new(rule),
            key: said.space.into(),
            space: said.space.into(),
            state: said.state,
            severity: said.severity,
            event_time_ms: now,
            log_time_ms: now,
            reason: None,
            evidence: evidence.map(Into::into),
            summary: said.summary.into(),
            feed: "pedestrian".into(),
            position: Position { partition: 0, offset },
            ordinal: 0,
        })));
    }

    /// The clock ticks at the room's log time.
    pub(crate) fn tick(&self) {
        let tick_ms = self.log_time_ms.load(Ordering::Relaxed);
        self.write(AlertItem::Tick { tick_ms });
    }

    fn write(&self, item: AlertItem) -> Option<Outcome> {
        let mut held = self.book.lock().expect(WHOLE);
        let (room, position) = &mut *held;
        let record = AlertRecord { position: *position, log_time_ms: self.log_time_ms.load(Ordering::Relaxed), item };
        *position += 1;
        let Stepped { applied, desk } = room.apply(&record);
        let desk_has_changed = desk.is_some();
        self.live.apply(&applied);
        desk.into_iter().for_each(|desk| self.desk.show(desk));
        self.feed.push(&record, &applied, desk_has_changed);
        applied.command.map(|command| command.outcome)
    }
}

impl ReportSink for Room {
    fn report<'a>(&'a self, _: &'a Principal, report: Report) -> DoorFuture<'a, Result<Arc<str>, ReportError>> {
        Box::pin(async move {
            if &*report.space == "nowhere" {
                return Err(ReportError::Refused("space is not declared".to_owned()));
            }
            let mut reported = self.reported.lock().expect(WHOLE);
            reported.push(report);
            Ok(format!("r{}", reported.len()).into())
        })
    }
}

impl CommandSink for Room {
    fn command<'a>(
        &'a self,
        _: &'a Principal,
        request: CommandRequest,
    ) -> DoorFuture<'a, Result<CommandAnswer, CommandError>> {
        Box::pin(async move {
            match &*request.operator {
                "busy" => return Err(CommandError::Busy),
                "closed" => return Err(CommandError::Closed),
                _ => {}
            }
            let CommandRequest { operator, note, action } = request;
            let action_id: Arc<str> = format!("a{}", self.book.lock().expect(WHOLE).1).into();
            let log_time_ms = self.log_time_ms.load(Ordering::Relaxed);
            let command = Command { action_id: Arc::clone(&action_id), operator, note, log_time_ms, action };
            let outcome = self.write(AlertItem::Command(Arc::new(command))).expect("a command has an outcome");
            Ok(CommandAnswer { action_id, outcome })
        })
    }
}

impl RulesDoor for Room {
    fn rules<'a>(&'a self, _: &'a Principal) -> DoorFuture<'a, Result<Vec<RuleInForce>, RulesError>> {
        let guidance = Guidance { action: Some("Look at camera 4".into()), ..Guidance::default() };
        let identity = RuleIdentity {
            name: "Crowded".into(),
            inhibited_by: vec!["Blind".into()],
            guidance: Some(guidance),
            ..RuleIdentity::default()
        };
        Box::pin(async move { Ok(vec![RuleInForce { identity: Arc::new(identity), kind: "threshold" }]) })
    }

    fn why_not<'a>(
        &'a self,
        _: &'a Principal,
        rule: &'a str,
        key: &'a str,
    ) -> DoorFuture<'a, Result<String, RulesError>> {
        Box::pin(async move {
            match rule {
                "Crowded" => Ok(format!(r#"{{"text":["{key} is calm"]}}"#)),
                "busy" => Err(RulesError::Busy),
                _ => Err(RulesError::Unknown(format!("there is no rule '{rule}'"))),
            }
        })
    }
}

impl BacktestDoor for Room {
    fn backtest<'a>(
        &'a self,
        _: &'a Principal,
        request: BacktestRequest,
    ) -> DoorFuture<'a, Result<String, BacktestError>> {
        Box::pin(async move {
            match request.truth.as_deref() {
                Some("wrong") => Err(BacktestError::Refused("proposed.yaml:3:1: error: no rule".to_owned())),
                Some("empty") => Err(BacktestError::Nothing("history has no rows".to_owned())),
                Some("unfit") => Err(BacktestError::Unfit("vigie.toml:1: error: no centre".to_owned())),
                Some("second") => Err(BacktestError::Busy),
                Some("slow") => Err(BacktestError::TooLong(120)),
                Some("lost") => Err(BacktestError::Unavailable("disk is gone".to_owned())),
                _ => Ok(serde_json::json!({ "asked": format!("{request:?}") }).to_string()),
            }
        })
    }
}

impl SpaceView for Room {
    fn space(&self, who: &Principal, id: &str) -> Option<Arc<Space>> {
        self.spaces(who).into_iter().find(|space| *space.id == *id)
    }

    fn spaces(&self, who: &Principal) -> Vec<Arc<Space>> {
        self.spaces.iter().filter(|space| who.scope.allows("melbourne", &space.id)).cloned().collect()
    }
}

/// Parts prepared before, and then an error or the end.
struct Prepared {
    parts: VecDeque<Result<Vec<u8>, QueryError>>,
    rows: u64,
}

impl AnswerParts for Prepared {
    fn next(&mut self) -> DoorFuture<'_, Option<Result<Vec<u8>, QueryError>>> {
        Box::pin(async { self.parts.pop_front() })
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}

impl QueryDoor for Room {
    fn ask<'a>(&'a self, who: &'a Principal, question: Question) -> DoorFuture<'a, Result<AnswerStream, QueryError>> {
        Box::pin(async move {
            let Question { sql, format, reason, bounds, id, door } = question;
            let large = || vec![b'x'; 200 << 10];
            let parts = match &*sql {
                "DROP TABLE alerts" => return Err(QueryError::Refused("only SELECT may be run".to_owned())),
                "SELECT slow" => return Err(QueryError::Limit("ran longer than 30 s".to_owned())),
                "SELECT lost" => return Err(QueryError::Unavailable("disk is gone".to_owned())),
                "SELECT late" => vec![Ok(large()), Err(QueryError::Cancelled)],
                "SELECT much" => vec![Ok(large()), Ok(large()), Ok(large())],
                "SELECT broken" => (0..100).map(|_| Ok(large())).chain([Err(QueryError::Cancelled)]).collect(),
                "SELECT told" => vec![Ok(format!("{door} {reason:?} {bounds:?} {id:?}").into_bytes())],
                _ => vec![Ok(format!("{}|{format:?}|{sql}", who.scope.centre).into_bytes())],
            };
            let parts = Box::new(Prepared { parts: parts.into(), rows: 1 });
            Ok(AnswerStream { id: id.unwrap_or_else(|| "q-17".into()), content_type: "text/x-test", parts })
        })
    }

    fn queries(&self, who: &Principal) -> (Vec<RunningQuery>, Vec<EndedQuery>) {
        let query = RunningQuery {
            id: "q-1".into(),
            door: "http",
            sql: "SELECT ".repeat(100).into(),
            reason: Some(format!("for {}", who.name).into()),
            asked_ms: MOOMBA_MS,
            rows: 7,
        };
        let ended =
            EndedQuery { query: query.clone(), outcome: QueryOutcome::Limited, error: Some("too large".to_owned()) };
        (vec![query], vec![ended])
    }

    fn cancel(&self, who: &Principal, id: &str) -> bool {
        (&*who.name, id) == ("local", "q-1")
    }
}

/// A space that is a point.
pub(crate) fn point(id: &str, name: &str, lon: f64, lat: f64) -> Space {
    Space {
        id: id.into(),
        name: name.into(),
        kind: "square".to_owned(),
        district: "Centre".to_owned(),
        geometry: format!(r#"{{"type":"Point","coordinates":[{lon},{lat}]}}"#).into(),
        params: BTreeMap::new(),
        ..Space::default()
    }
}

/// Serves the console on a free loopback port, on a thread of its own, until the process ends.
pub(crate) fn serve(state: ConsoleState, port: u16) -> SocketAddr {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
            let at = listener.local_addr().expect("a bound listener has an address");
            tell.send(at).expect("the caller waits for it");
            axum::serve(listener, router(state)).await.expect("the listener lives");
        });
    });
    told.recv().expect("the server tells its address")
}
