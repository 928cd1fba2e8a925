//! One connection from its sign-in to its end: the simple and the extended protocol over the SQL door.
//!
//! Messages are carried out one after the other. Behind an error of the extended protocol everything is skipped up to the
//! next `Sync`. While a statement runs, what the client sends waits, up to the size of one message.

use super::cancels::CancelKey;
use super::formats::{Formats, told_columns};
use super::limits::{PostgresLimits, WRITE_BYTES};
use super::link::Link;
use super::prepared::{Kind, Portal, Progress, Statement};
use super::refusal::Refusal;
use super::rows::{More, OpenRows, Stopped, Watch, check_columns};
use super::session::{Session, session_column};
use super::settings::Settings;
use super::statements::{Told, told};
use super::users::PostgresUser;
use super::values::decode::{null, parameter, parameter_type};
use super::values::types::WireType;
use crate::sql::door::SqlDoor;
use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use std::io;
use std::sync::Arc;
use tokio::time::timeout;
use vigie_model::doors::QueryError;
use vigie_model::principal::Principal;
use vigie_postgres::incoming::{Bind, Incoming, Target, next_kind, take_message};
use vigie_postgres::outgoing::{Level, Transaction};

/// A connection of somebody signed in.
pub(crate) struct Connection {
    link: Link,
    door: Arc<SqlDoor>,
    limits: PostgresLimits,
    key: CancelKey,
    who: Principal,
    session: Session,
    /// Behind an error of the extended protocol.
    skips: bool,
}

impl Connection {
    pub(crate) fn new(
        link: Link,
        door: Arc<SqlDoor>,
        limits: PostgresLimits,
        key: CancelKey,
        (user, settings): (PostgresUser, Settings),
    ) -> Self {
        let session = Session::new(settings, user.bounds, limits);
        Self { link, door, limits, key, who: user.principal, session, skips: false }
    }

    /// Serves it until either side ends it.
    pub(crate) async fn serve(mut self) -> io::Result<()> {
        self.link.out.signed_in();
        self.session.settings.told().for_each(|(name, value)| self.link.out.setting(name, value));
        self.link.out.cancel_key(self.key.process, self.key.secret);
        self.link.out.ready(self.session.transaction);
        self.link.flush().await?;
        loop {
            let kind = next_kind(&self.link.inbox);
            let message = match take_message(&mut self.link.inbox, self.limits.message_bytes_max) {
                Ok(Some(message)) => message.map_err(Refusal::from),
                Ok(None) => {
                    // Answers wait for whoever asks for them; what a client has to wait for is sent where it ends.
                    if !self.more().await? {
                        return Ok(());
                    }
                    continue;
                }
                Err(error) => return self.fatal("08P01", &error.to_string()).await,
            };
            let done = match message {
                Ok(Incoming::Terminate) => return Ok(()),
                Ok(message) => self.carry_out(message).await,
                Err(refusal) => Err(refusal.into()),
            };
            match done {
                Ok(()) => {}
                Err(Stopped::Gone(error)) => return Err(error),
                Err(Stopped::Refused(refusal)) => self.failed(refusal, kind == Some(b'Q')).await?,
            }
            if self.link.out.len() >= WRITE_BYTES {
                self.link.flush().await?;
            }
        }
    }

    /// Waits for more bytes; `false` when there will be none.
    async fn more(&mut self) -> io::Result<bool> {
        match timeout(self.limits.idle_max, self.link.more()).await {
            Ok(more) => more,
            Err(_) => {
                self.fatal("57P05", "terminating connection due to idle-session timeout").await?;
                Ok(false)
            }
        }
    }

    async fn fatal(&mut self, sqlstate: &str, said: &str) -> io::Result<()> {
        self.link.out.error(Level::Fatal, sqlstate, said, None);
        self.link.close().await;
        Ok(())
    }

    /// Tells of an error. Behind one of the simple protocol the client may go on at once.
    async fn failed(&mut self, refusal: Refusal, is_simple: bool) -> io::Result<()> {
        self.link.out.error(Level::Error, refusal.sqlstate, &refusal.said, refusal.hint);
        if self.session.transaction == Transaction::Open {
            self.session.transaction = Transaction::Failed;
        }
        if is_simple {
            self.ready().await
        } else {
            self.skips = true;
            Ok(())
        }
    }

    /// The end of a statement or series: outside of a transaction, portals end with it.
    async fn ready(&mut self) -> io::Result<()> {
        if self.session.transaction == Transaction::Idle {
            self.session.kept.forget_portals();
        }
        self.link.out.ready(self.session.transaction);
        self.link.flush().await
    }

    async fn carry_out(&mut self, message: Incoming) -> Result<(), Stopped> {
        match message {
            Incoming::Sync => {
                self.skips = false;
                Ok(self.ready().await?)
            }
            Incoming::Query(sql) if !self.skips => self.query(&sql).await,
            _ if self.skips => Ok(()),
            Incoming::Parse { name, sql, types } => self.parse(name, &sql, &types).await,
            Incoming::Bind(bind) => Ok(self.bind(bind)?),
            Incoming::Describe(target) => Ok(self.describe(&target)?),
            Incoming::Execute { portal, rows_max } => self.execute(&portal, rows_max).await,
            Incoming::Close(target) => {
                match target {
                    Target::Statement(name) => self.session.kept.forget_statement(&name),
                    Target::Portal(name) => self.session.kept.forget_portal(&name),
                }
                self.link.out.closed();
                Ok(())
            }
            Incoming::Flush => Ok(self.link.flush().await?),
            Incoming::FunctionCall => Err(Refusal::new("0A000", "functions cannot be called by their ids").into()),
            // Handled before; and parts of a COPY nobody began mean nothing.
            Incoming::Query(_) | Incoming::Copy | Incoming::Terminate => Ok(()),
            Incoming::Secret(_) => Err(Refusal::protocol("nobody asked for a password").into()),
        }
    }

    async fn query(&mut self, sql: &str) -> Result<(), Stopped> {
        self.session.kept.forget_statement("");
        self.session.kept.forget_portal("");
        match told(sql) {
            Told::Empty => self.link.out.empty_query(),
            Told::Session(statements) => {
                for statement in statements {
                    self.session.carry_out(&statement, &mut self.link.out, true)?;
                }
            }
            Told::Question => self.ask_at_once(sql).await?,
        }
        Ok(self.ready().await?)
    }

    /// A question of the simple protocol.
    async fn ask_at_once(&mut self, sql: &str) -> Result<(), Stopped> {
        self.session.check_transaction()?;
        let key = Arc::clone(&self.key.running);
        let mut watch =
            Watch::new(key.notified(), self.session.settings.statement_timeout, self.limits.message_bytes_max);
        let question = self.session.question(sql);
        let asked = self.door.open_prepared(&self.who, question, Vec::new());
        let answer = watch.over(&mut self.link, asked).await?.map_err(Refusal::from)?;
        let mut rows = OpenRows::new(answer, Formats::default());
        check_columns(rows.schema())?;
        self.link.out.columns(&told_columns(rows.schema(), &Formats::default()));
        let (sent, _) = rows.send(&mut self.link, &mut watch, usize::MAX).await?;
        self.link.out.done(&format!("SELECT {sent}"));
        Ok(())
    }

    async fn parse(&mut self, name: String, sql: &str, said: &[u32]) -> Result<(), Stopped> {
        let kind = match told(sql) {
            Told::Empty => Kind::Empty,
            Told::Session(mut statements) => match (statements.pop(), statements.len()) {
                (Some(statement), 0) => Kind::Session(statement),
                _ => return Err(Refusal::new("42601", "a prepared statement can hold only one statement").into()),
            },
            Told::Question => {
                self.session.check_transaction()?;
                self.plan(sql, said.to_vec()).await?
            }
        };
        self.session.kept.keep_statement(name, Statement { sql: sql.into(), kind })?;
        self.link.out.parsed();
        Ok(())
    }

    /// Lets the door check and plan a statement, with the types of its parameters.
    async fn plan(&mut self, sql: &str, said: Vec<u32>) -> Result<Kind, Stopped> {
        let key = Arc::clone(&self.key.running);
        let mut watch =
            Watch::new(key.notified(), self.session.settings.statement_timeout, self.limits.message_bytes_max);
        let described = self.door.describe(
            &self.who,
            self.session.question(sql),
            Box::new(move |needed: &[Option<DataType>]| {
                let (mut types, mut ids) = (Vec::new(), Vec::new());
                for (index, needed) in needed.iter().enumerate() {
                    let said = said.get(index).copied().unwrap_or(0);
                    let wire_type = parameter_type(said, needed.as_ref()).ok_or_else(|| {
                        let place = index + 1;
                        QueryError::Refused(format!("the type {said} of parameter ${place} is not available here"))
                    })?;
                    ids.push(if [0, 705].contains(&said) { wire_type.id() } else { said });
                    types.push(wire_type);
                }
                let nulls = types.iter().map(|wire_type| null(*wire_type)).collect();
                Ok(((types, ids), nulls))
            }),
        );
        let described = watch.over(&mut self.link, described).await?;
        let ((parameters, parameter_ids), schema) = described.map_err(Refusal::from)?;
        check_columns(&schema)?;
        Ok(Kind::Question { parameters, parameter_ids, schema })
    }

    fn bind(&mut self, bind: Bind) -> Result<(), Refusal> {
        let Bind { portal, statement, parameter_formats, parameters, column_formats } = bind;
        let statement = Arc::clone(self.session.kept.statement(&statement)?);
        let (types, columns): (&[WireType], usize) = match &statement.kind {
            Kind::Question { parameters, schema, .. } => (parameters, schema.fields().len()),
            Kind::Session(statement) => (&[], usize::from(session_column(statement).is_some())),
            Kind::Empty => (&[], 0),
        };
        if types.len() != parameters.len() {
            let said = format!("{} parameters for a statement that has {}", parameters.len(), types.len());
            return Err(Refusal::protocol(said));
        }
        let sent_as = Formats::new(parameter_formats, parameters.len(), "parameters")?;
        let read = types.iter().zip(&parameters).enumerate().map(|(index, (wire_type, bytes))| {
            parameter(*wire_type, sent_as.is_binary(index), bytes.as_ref())
                .map_err(|why| Refusal::new("22P02", format!("parameter ${} cannot be read: {why}", index + 1)))
        });
        let parameters: Vec<ScalarValue> = read.collect::<Result<_, _>>()?;
        let formats = Formats::new(column_formats, columns, "columns")?;
        self.session.kept.keep_portal(portal, Portal { statement, parameters, formats, progress: Progress::New })?;
        self.link.out.bound();
        Ok(())
    }

    fn describe(&mut self, target: &Target) -> Result<(), Refusal> {
        let (statement, formats) = match target {
            Target::Statement(name) => {
                let statement = Arc::clone(self.session.kept.statement(name)?);
                match &statement.kind {
                    Kind::Question { parameter_ids, .. } => self.link.out.parameters(parameter_ids),
                    Kind::Empty | Kind::Session(_) => self.link.out.parameters(&[]),
                }
                (statement, Formats::default())
            }
            Target::Portal(name) => {
                let portal = self.session.kept.portal(name)?;
                (Arc::clone(&portal.statement), portal.formats.clone())
            }
        };
        match &statement.kind {
            Kind::Question { schema, .. } => self.link.out.columns(&told_columns(schema, &formats)),
            Kind::Session(statement) => match session_column(statement) {
                Some(column) => self.link.out.columns(&[column]),
                None => self.link.out.no_data(),
            },
            Kind::Empty => self.link.out.no_data(),
        }
        Ok(())
    }

    async fn execute(&mut self, name: &str, rows_max: i32) -> Result<(), Stopped> {
        let may_open = self.session.kept.may_open();
        let portal = self.session.kept.portal(name)?;
        let (statement, formats) = (Arc::clone(&portal.statement), portal.formats.clone());
        match &statement.kind {
            Kind::Empty => self.link.out.empty_query(),
            Kind::Session(statement) => self.session.carry_out(statement, &mut self.link.out, false)?,
            Kind::Question { schema, .. } => {
                // Whatever happens, the rows are not with the portal while they are sent.
                let progress = std::mem::replace(&mut portal.progress, Progress::Done);
                let parameters = portal.parameters.clone();
                self.session.check_transaction()?;
                let rows_max = usize::try_from(rows_max).ok().filter(|rows| *rows > 0).unwrap_or(usize::MAX);
                let key = Arc::clone(&self.key.running);
                let mut watch =
                    Watch::new(key.notified(), self.session.settings.statement_timeout, self.limits.message_bytes_max);
                let mut rows = match progress {
                    Progress::Done => {
                        self.link.out.done("SELECT 0");
                        return Ok(());
                    }
                    Progress::Open(rows) => rows,
                    Progress::New if !may_open => {
                        let refusal =
                            Refusal::new("53000", "too many portals of this connection have rows to be fetched");
                        return Err(refusal.hint("fetch all rows of one, or close it").into());
                    }
                    Progress::New => {
                        let asked =
                            self.door.open_prepared(&self.who, self.session.question(&statement.sql), parameters);
                        let answer = watch.over(&mut self.link, asked).await?.map_err(Refusal::from)?;
                        if told_columns(answer.schema(), &formats) != told_columns(schema, &formats) {
                            return Err(Refusal::new("0A000", "the columns of the statement have changed").into());
                        }
                        Box::new(OpenRows::new(answer, formats))
                    }
                };
                let (sent, more) = rows.send(&mut self.link, &mut watch, rows_max).await?;
                if more == More::Perhaps {
                    self.session.kept.portal(name)?.progress = Progress::Open(rows);
                    self.link.out.suspended();
                } else {
                    self.link.out.done(&format!("SELECT {sent}"));
                }
            }
        }
        Ok(())
    }
}
