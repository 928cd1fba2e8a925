//! The one door through which SQL reaches history: guard, scope, limits, formats, audit.
//!
//! **Threads.** Queries are long pieces of CPU work that would starve the listeners and timers of the caller's runtime,
//! so a door owns a small runtime of its own ([`SqlLimits::threads`]); reading local files goes through its blocking
//! threads. The caller's runtime only awaits the result. Two runtimes, one rule: no query code outside this one.

use super::explain::{planning_error, refused, running_error, timed_out, too_many_bytes, too_many_rows};
use super::format::{content_type, write};
use super::guard::check;
use super::limits::SqlLimits;
use super::session::{empty_session, scoped_session};
use crate::history::source::RowSource;
use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{DataFrame, SQLOptions};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vigie_model::doors::{DoorFuture, QueryAnswer, QueryDoor, QueryError, QueryFormat};
use vigie_model::id::hashed_id;
use vigie_model::principal::{Principal, Scope};

/// Stack of the threads that parse, plan and run: some 32 KiB for each level of the deepest tree that
/// [`SqlLimits::statement_tokens_max`] allows. Memory is used only as deep as it is reached.
const THREAD_STACK_BYTES: usize = 32 << 20;

/// The guarded door over a source of rows.
pub struct SqlDoor {
    source: Arc<dyn RowSource>,
    limits: SqlLimits,
    environment: Arc<RuntimeEnv>,
    slots: Arc<Semaphore>,
    /// `None` only while dropping.
    runtime: Option<Runtime>,
}

impl SqlDoor {
    /// A door over `source`.
    ///
    /// # Errors
    /// When the system gives no threads, or the files of the tables cannot be reached.
    pub fn new(source: Arc<dyn RowSource>, limits: SqlLimits) -> Result<Self, QueryError> {
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
        Ok(Self {
            source,
            limits,
            environment,
            slots: Arc::new(Semaphore::new(limits.queries_max)),
            runtime: Some(runtime),
        })
    }

    async fn answer(&self, who: &Principal, sql: &str, format: QueryFormat) -> Result<QueryAnswer, QueryError> {
        let in_time = self.run(who.scope.clone(), sql.to_owned(), format);
        tokio::time::timeout(self.limits.timeout, in_time).await.unwrap_or_else(|_| Err(timed_out(&self.limits)))
    }

    /// Runs a statement on the door's own runtime, once there is a slot. Dropping the future stops the query.
    async fn run(&self, scope: Scope, sql: String, format: QueryFormat) -> Result<QueryAnswer, QueryError> {
        let (source, environment, limits) = (Arc::clone(&self.source), Arc::clone(&self.environment), self.limits);
        let runtime = self.runtime.as_ref().expect("the runtime lives as long as the door").handle();
        let mut task = JoinSet::new();
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        let query = async move {
            // Planning cannot be interrupted, so the slot is free when the work has ended, not when its caller gave up.
            let _slot = slot;
            execute(source.as_ref(), &environment, &limits, &scope, &sql, format).await
        };
        task.spawn_on(query, runtime);
        match task.join_next().await {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => Err(QueryError::Unavailable(format!("the query ended abnormally: {error}"))),
            None => Err(QueryError::Unavailable("the query was not started".to_owned())),
        }
    }
}

impl QueryDoor for SqlDoor {
    fn query<'a>(
        &'a self,
        who: &'a Principal,
        sql: &'a str,
        format: QueryFormat,
    ) -> DoorFuture<'a, Result<QueryAnswer, QueryError>> {
        Box::pin(async move {
            let started = Instant::now();
            let answer = self.answer(who, sql, format).await;
            audit(who, sql, &answer, started);
            answer
        })
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

async fn execute(
    source: &dyn RowSource,
    environment: &Arc<RuntimeEnv>,
    limits: &SqlLimits,
    scope: &Scope,
    sql: &str,
    format: QueryFormat,
) -> Result<QueryAnswer, QueryError> {
    let checked = check(sql, limits)?;
    let unavailable = |error: DataFusionError| QueryError::Unavailable(error.strip_backtrace());
    let session = scoped_session(source, environment, limits, scope, &checked.tables).map_err(unavailable)?;
    let plan = session.state().statement_to_plan(checked.statement).await.map_err(|error| planning_error(&error))?;
    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_queries.verify_plan(&plan).map_err(|error| planning_error(&error))?;
    let frame = session.execute_logical_plan(plan).await.map_err(|error| planning_error(&error))?;
    let schema = Arc::clone(frame.schema().inner());
    let batches = collect(frame, limits, scope).await?;
    let body = write(format, &schema, &batches)
        .map_err(|error| refused(format!("the answer cannot be written in this format: {error}")))?;
    if body.len() > limits.answer_bytes_max {
        return Err(too_many_bytes(limits));
    }
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    Ok(QueryAnswer { rows, content_type: content_type(format), body })
}

/// All batches of an answer, as long as it stays within its bounds.
async fn collect(frame: DataFrame, limits: &SqlLimits, scope: &Scope) -> Result<Vec<RecordBatch>, QueryError> {
    let mut stream = frame.execute_stream().await.map_err(|error| running_error(&error, scope, limits))?;
    let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| running_error(&error, scope, limits))?;
        rows += batch.num_rows();
        bytes +=
            batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum::<usize>();
        if rows > limits.answer_rows_max {
            return Err(too_many_rows(limits));
        }
        if bytes > limits.answer_bytes_max {
            return Err(too_many_bytes(limits));
        }
        batches.push(batch);
    }
    Ok(batches)
}

/// Who read what, what for, and how much of it. The statement's hash, not its text: a text may hold what was looked for.
fn audit(who: &Principal, sql: &str, answer: &Result<QueryAnswer, QueryError>, started: Instant) {
    let elapsed = started.elapsed();
    let (outcome, rows) = match answer {
        Ok(answer) => ("answered", answer.rows),
        Err(QueryError::Refused(_)) => ("refused", 0),
        Err(QueryError::Limit(_)) => ("limited", 0),
        Err(QueryError::Unavailable(_)) => ("unavailable", 0),
    };
    tracing::info!(
        target: "vigie::audit",
        who = who.name.as_ref(),
        centre = who.scope.centre.as_ref(),
        purpose = ?who.scope.purpose,
        sql_hash = hashed_id(&[sql]),
        outcome,
        rows,
        elapsed_ms = elapsed.as_secs_f64() * 1e3,
        "query"
    );
    metrics::counter!("vigie_sql_queries_total", "outcome" => outcome).increment(1);
    metrics::histogram!("vigie_sql_query_seconds").record(elapsed.as_secs_f64());
}
