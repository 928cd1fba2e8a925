//! The one door through which SQL reaches history: guard, scope, limits, formats, audit.
//!
//! An answer is a stream: [`SqlDoor::open`] gives batches, [`QueryDoor::ask`] bytes in a format. Both are one task of
//! `super::work`, and both are cancelled by dropping what they gave, or by [`QueryDoor::cancel`].
//!
//! **Threads.** Queries are long pieces of CPU work that would starve the listeners and timers of the caller's runtime,
//! so a door owns a small runtime of its own ([`SqlLimits::threads`]); reading local files goes through its blocking
//! threads. The caller's runtime only awaits the parts. Two runtimes, one rule: no query code outside this one.

use super::answer::{Answer, BatchAnswer};
use super::catalogs::Catalogs;
use super::describe::{Choose, describe};
use super::explain::{refused, too_many_wait};
use super::format::{Writer, content_type};
use super::limits::{Bounds, SqlLimits};
use super::locality::Localities;
use super::planning::{Statement, Workshop};
use super::queries::Queries;
use super::session::empty_session;
use super::shape::{Batches, Shape};
use super::trail::Trail;
use super::work::Work;
use crate::history::source::RowSource;
use arrow::datatypes::SchemaRef;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::scalar::ScalarValue;
use jiff::tz::TimeZone;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::{OnceCell, Semaphore, mpsc};
use vigie_model::audit::{AuditTrail, QueryBegun, REASON_BYTES_MAX};
use vigie_model::doors::{
    AnswerStream, DoorFuture, EndedQuery, QueryDoor, QueryError, QueryFormat, Question, RunningQuery,
};
use vigie_model::id::hashed_id;
use vigie_model::principal::Principal;

/// Stack of the threads that parse, plan and run: some 32 KiB for each level of the deepest tree that
/// [`SqlLimits::statement_tokens_max`] allows. Memory is used only as deep as it is reached.
const THREAD_STACK_BYTES: usize = 32 << 20;
/// Pieces of an answer that are ready before they are asked for.
const PIECES_READY_MAX: usize = 2;

/// The guarded door over a source of rows.
pub struct SqlDoor {
    shop: Workshop,
    audit: Arc<dyn AuditTrail>,
    queries: Arc<Queries>,
    /// Room for queries, running and waiting.
    room: Arc<Semaphore>,
    /// Made when the Postgres wire first asks.
    catalogs: OnceCell<Arc<Catalogs>>,
    /// `None` only while dropping.
    runtime: Option<Runtime>,
}

impl SqlDoor {
    /// A door over `source`, whose queries are written down in `audit`.
    ///
    /// # Errors
    /// When the system gives no threads, or the files of the tables cannot be reached.
    pub fn new(source: Arc<dyn RowSource>, limits: SqlLimits, audit: Arc<dyn AuditTrail>) -> Result<Self, QueryError> {
        let unavailable = |error: &dyn std::fmt::Display| QueryError::Unavailable(error.to_string());
        // Queries do not spill: one that needs more than its memory is refused instead of filling the disk.
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(limits.memory_bytes_max)))
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
            .build_arc()
            .map_err(|error| unavailable(&error))?;
        let session = empty_session(&environment, &limits);
        source.attach(&session.state()).map_err(|error| unavailable(&error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(limits.threads)
            .thread_name("vigie-sql")
            .thread_stack_size(THREAD_STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|error| unavailable(&error))?;
        let localities = Arc::new(Localities::new(TimeZone::UTC));
        let slots = Arc::new(Semaphore::new(limits.queries_max));
        Ok(Self {
            shop: Workshop { source, localities, environment, limits, slots },
            audit,
            queries: Arc::default(),
            room: Arc::new(Semaphore::new(limits.queries_max + limits.waiting_max)),
            catalogs: OnceCell::new(),
            runtime: Some(runtime),
        })
    }

    /// The same door for a centre whose clocks are those of `zone`; without, local time is UTC.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.shop.localities = Arc::new(Localities::new(zone));
        self
    }

    /// Runs one statement over the rows that `who` may see, and streams its rows as batches; the format of the question
    /// means nothing here. Guard, scope, limits and audit are inside, and dropping the answer cancels the query.
    ///
    /// # Errors
    /// Any of [`QueryError`] that comes before the first row.
    pub async fn open(&self, who: &Principal, question: Question) -> Result<BatchAnswer, QueryError> {
        let statement = Statement { sql: Arc::clone(&question.sql), parameters: Vec::new(), catalogs: None };
        let bounds = self.shop.limits.bounds(question.bounds, false)?;
        self.start(who, question, statement, bounds, Batches).await
    }

    /// [`SqlDoor::open`] for the Postgres wire: the statement may have parameters, whose values are these, and may ask about
    /// the tables instead of for rows.
    ///
    /// # Errors
    /// Any of [`QueryError`] that comes before the first row.
    pub(crate) async fn open_prepared(
        &self,
        who: &Principal,
        question: Question,
        parameters: Vec<ScalarValue>,
    ) -> Result<BatchAnswer, QueryError> {
        let statement = self.of_the_wire(&question, parameters).await?;
        // Dashboards and notebooks page through large answers, and rows leave as fast as they are taken: what is in memory of
        // an answer are a few parts, however large it is. A user of the wire may have lower bounds.
        let bounds = self.shop.limits.bounds_unless(question.bounds);
        self.start(who, question, statement, bounds, Batches).await
    }

    /// What a statement of the Postgres wire would answer. `choose` gives each parameter a value of its type.
    ///
    /// # Errors
    /// When the statement is refused; the audit trail keeps that.
    pub(crate) async fn describe<T: Send + 'static>(
        &self,
        who: &Principal,
        question: Question,
        choose: Choose<T>,
    ) -> Result<(T, SchemaRef), QueryError> {
        check_reason(question.reason.as_deref())?;
        let statement = self.of_the_wire(&question, Vec::new()).await?;
        let place = Arc::clone(&self.room).try_acquire_owned().map_err(|_| too_many_wait(&self.shop.limits))?;
        let id = hashed_id(&[&question.sql]).into();
        let begun = QueryBegun::new(id, who, question.door, question.reason, question.sql);
        let trail = Trail::new(Arc::clone(&self.audit), begun);
        let (shop, who) = (self.shop.clone(), who.clone());
        let runtime = self.runtime.as_ref().expect("the runtime lives as long as the door");
        let described = runtime.spawn(async move {
            let _place = place;
            match describe(&shop, &who, &statement, choose).await {
                Ok(described) => Ok(described),
                Err(error) => Err(trail.end(Err(error.clone()), 0).err().unwrap_or(error)),
            }
        });
        described
            .await
            .unwrap_or_else(|error| Err(QueryError::Unavailable(format!("planning ended abnormally: {error}"))))
    }

    async fn of_the_wire(&self, question: &Question, parameters: Vec<ScalarValue>) -> Result<Statement, QueryError> {
        let runtime = self.runtime.as_ref().expect("the runtime lives as long as the door");
        let made = self.catalogs.get_or_try_init(async || {
            let Workshop { environment, limits, .. } = self.shop.clone();
            let made = runtime.spawn(async move { Catalogs::new(&environment, &limits).await });
            let made = made.await.map_err(|error| QueryError::Unavailable(format!("no catalogs: {error}")))?;
            made.map(Arc::new).map_err(|error| QueryError::Unavailable(error.strip_backtrace()))
        });
        let catalogs = Arc::clone(made.await?);
        Ok(Statement { sql: Arc::clone(&question.sql), parameters, catalogs: Some(catalogs) })
    }

    /// Starts a query and waits for its columns.
    async fn start<S: Shape>(
        &self,
        who: &Principal,
        question: Question,
        statement: Statement,
        bounds: Bounds,
        shape: S,
    ) -> Result<Answer<S::Part>, QueryError> {
        check_reason(question.reason.as_deref())?;
        let limits = self.shop.limits;
        let place = Arc::clone(&self.room).try_acquire_owned().map_err(|_| too_many_wait(&limits))?;
        let listed = self.queries.list(who, &question)?;
        let id = Arc::clone(&listed.id);
        let begun = QueryBegun::new(Arc::clone(&id), who, question.door, question.reason, question.sql);
        let trail = Trail::new(Arc::clone(&self.audit), begun);
        let (out, pieces) = mpsc::channel(PIECES_READY_MAX);
        let work = Work { shop: self.shop.clone(), who: who.clone(), statement, bounds, shape, listed, trail, out };
        let runtime = self.runtime.as_ref().expect("the runtime lives as long as the door");
        // Planning cannot be interrupted, so the place is free when the work has ended, not when its caller gave up.
        runtime.spawn(async move {
            work.run().await;
            drop(place);
        });
        Answer::begun(id, pieces, limits).await
    }
}

impl QueryDoor for SqlDoor {
    fn ask<'a>(&'a self, who: &'a Principal, question: Question) -> DoorFuture<'a, Result<AnswerStream, QueryError>> {
        Box::pin(async move {
            let format = question.format;
            let bounds = self.shop.limits.bounds(question.bounds, format == QueryFormat::Table)?;
            let statement = Statement { sql: Arc::clone(&question.sql), parameters: Vec::new(), catalogs: None };
            let answer = self.start(who, question, statement, bounds, Writer::new(format, bounds)).await?;
            let id = Arc::clone(answer.id());
            Ok(AnswerStream { id, content_type: content_type(format), parts: Box::new(answer) })
        })
    }

    fn queries(&self, who: &Principal) -> (Vec<RunningQuery>, Vec<EndedQuery>) {
        self.queries.of(who)
    }

    fn cancel(&self, who: &Principal, id: &str) -> bool {
        self.queries.cancel(who, id)
    }
}

impl Drop for SqlDoor {
    /// A runtime must not be waited for inside another one's task, where a door may well be dropped.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), QueryError> {
    let Some(reason) = reason else { return Ok(()) };
    if reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
        return Err(refused(format!("the reason has to be one line of at most {REASON_BYTES_MAX} bytes")));
    }
    Ok(())
}
