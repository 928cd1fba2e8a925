//! One query from its text to its last part, as a task on the door's own runtime.
//!
//! Parts go through a short queue to whoever reads them. The task ends early when somebody cancels it, or when the reader
//! is gone or too slow: whatever it holds is dropped at its next step, and its slot and memory are free again.
//!
//! **Invariant**: the last piece is [`Piece::Failed`] or [`Piece::End`], and what was handed out is whole only behind an
//! end; a queue that merely closes is a failure.

use super::brake::{Brake, Unwanted};
use super::explain::unread;
use super::explain::{answered_too_long, refused, running_error, timed_out, too_many_bytes, too_many_rows};
use super::growth::{check_growth, makes_long_values};
use super::limits::{Bounds, SqlLimits};
use super::planning::{Planned, Statement, Workshop, with_parameters};
use super::queries::Listed;
use super::reads::reads;
use super::session::for_long_values;
use super::shape::{Shape, bytes_of, slices};
use super::trail::Trail;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::scalar::ScalarValue;
use futures::{FutureExt, StreamExt};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::timeout;
use vigie_model::audit::QueryOutcome;
use vigie_model::doors::QueryError;
use vigie_model::principal::{Principal, Scope};

/// What a reader gets, in this order: the columns, the parts, how it ended.
#[derive(Debug)]
pub(crate) enum Piece<P> {
    Columns(SchemaRef),
    Part {
        part: P,
        /// Rows in it, and in the parts before that were kept for it.
        rows: u64,
    },
    Failed(QueryError),
    End,
}

/// A query to be answered.
pub(crate) struct Work<S: Shape> {
    pub(crate) shop: Workshop,
    pub(crate) who: Principal,
    pub(crate) statement: Statement,
    pub(crate) bounds: Bounds,
    pub(crate) shape: S,
    pub(crate) listed: Listed,
    pub(crate) trail: Trail,
    pub(crate) out: mpsc::Sender<Piece<S::Part>>,
}

/// Columns and rows of a plan that runs.
struct Running {
    schema: SchemaRef,
    rows: SendableRecordBatchStream,
}

/// The time a query may still work. Waiting for its reader is not work.
struct Stopwatch<'a> {
    left: Duration,
    limits: &'a SqlLimits,
    brake: &'a Brake,
}

impl Stopwatch<'_> {
    async fn within<T>(&mut self, work: impl Future<Output = T>) -> Result<T, QueryError> {
        // A timer of zero lets through whatever is ready at once.
        if self.left.is_zero() {
            return Err(timed_out(self.limits));
        }
        let begun = Instant::now();
        self.brake.allow(self.left);
        let done = timeout(self.left, work).await.map_err(|_| timed_out(self.limits))?;
        self.brake.pause();
        self.left = self.left.saturating_sub(begun.elapsed());
        Ok(done)
    }
}

impl<S: Shape> Work<S> {
    /// Answers the query.
    pub(crate) async fn run(self) {
        let Self { shop, who, statement, bounds, mut shape, listed, mut trail, out } = self;
        let brake = Arc::new(Brake::new(is_unwanted(&listed, &out)));
        let answered = {
            let mut parts =
                Parts { limits: &shop.limits, bounds, out: &out, listed: &listed, asked: trail.asked(), bytes: 0 };
            let answer = answer(&shop, &who, statement, &brake, &mut shape, &mut trail, &mut parts);
            // Planner and catalogs are the work of others; whatever happens there, the query has an end.
            let answer = AssertUnwindSafe(answer).catch_unwind();
            tokio::select! {
                biased;
                () = listed.cancelled() => Err(QueryError::Cancelled),
                () = out.closed() => Err(QueryError::Cancelled),
                answered = answer => answered.unwrap_or_else(|_| Err(ended_abnormally())),
            }
        };
        let ended = trail.end(answered, listed.rows.load(Ordering::Relaxed));
        let outcome = ended.as_ref().map_or_else(QueryError::outcome, |()| QueryOutcome::Answered);
        listed.ended(outcome, ended.as_ref().err().map(ToString::to_string));
        let last = ended.map_or_else(Piece::Failed, |()| Piece::End);
        // A reader that is gone, or never takes it, knows that the answer is not whole.
        let _ = timeout(shop.limits.reader_wait_max, out.send(last)).await;
    }
}

/// Whether a query was cancelled or its reader is gone, for whoever cannot wait for it.
fn is_unwanted<P: Send + 'static>(
    listed: &Listed,
    out: &mpsc::Sender<Piece<P>>,
) -> impl Fn() -> bool + Send + Sync + use<P> {
    let (is_cancelled, out) = (listed.is_cancelled(), out.downgrade());
    move || is_cancelled() || out.upgrade().is_none_or(|out| out.is_closed())
}

fn ended_abnormally() -> QueryError {
    QueryError::Unavailable("the query ended abnormally".to_owned())
}

async fn answer<S: Shape>(
    shop: &Workshop,
    who: &Principal,
    statement: Statement,
    brake: &Arc<Brake>,
    shape: &mut S,
    trail: &mut Trail,
    parts: &mut Parts<'_, S::Part>,
) -> Result<(), QueryError> {
    let (limits, scope) = (&shop.limits, &who.scope);
    let mut watch = Stopwatch { left: limits.timeout, limits, brake };
    let asked = statement.check(limits)?;
    let _slot = watch.within(shop.slots.acquire()).await?.expect("the semaphore is never closed");
    let planned = watch.within(statement.plan(shop, who, asked, Arc::clone(brake))).await??;
    let started = start(planned, statement.parameters, trail, scope, limits);
    let Running { schema, mut rows } = watch.within(started).await??;
    parts.send(Piece::Columns(Arc::clone(&schema))).await?;
    let unwritten = |error: ArrowError| refused(format!("the answer cannot be written in this format: {error}"));
    let (mut kept, mut taken, mut bytes_taken) = (0, 0, 0);
    if let Some(part) = shape.begin(&schema).map_err(unwritten)? {
        parts.part::<S>(part, 0).await?;
    }
    while let Some(batch) = watch.within(rows.next()).await? {
        let batch = batch.map_err(|error| match brake.braked() {
            Some(Unwanted::Late) => timed_out(limits),
            Some(Unwanted::Cancelled) => QueryError::Cancelled,
            None => running_error(&error, scope, limits),
        })?;
        let bytes = bytes_of(&batch);
        taken += batch.num_rows() as u64;
        bytes_taken += bytes as u64;
        if taken > parts.bounds.rows {
            return Err(too_many_rows(parts.bounds));
        }
        if bytes_taken > parts.bounds.bytes {
            return Err(too_many_bytes(parts.bounds));
        }
        for slice in slices(&batch, bytes, limits.part_bytes_max) {
            kept += slice.num_rows() as u64;
            if let Some(part) = shape.rows(slice).map_err(unwritten)? {
                parts.part::<S>(part, std::mem::take(&mut kept)).await?;
            }
        }
    }
    match shape.end().map_err(unwritten)? {
        Some(part) => parts.part::<S>(part, kept).await,
        None => Ok(()),
    }
}

/// Writes the beginning of a planned statement into the trail, and starts it.
async fn start(
    planned: Planned,
    parameters: Vec<ScalarValue>,
    trail: &mut Trail,
    scope: &Scope,
    limits: &SqlLimits,
) -> Result<Running, QueryError> {
    let Planned { session, scans, plan } = planned;
    let plan = with_parameters(plan, parameters)?;
    let state = session.state();
    let running = |error: DataFusionError| running_error(&error, scope, limits);
    let schema = Arc::clone(plan.schema().inner());
    check_growth(&plan).map_err(running)?;
    let plan = state.optimize(&plan).map_err(running)?;
    let state = if makes_long_values(&plan).map_err(running)? { for_long_values(state) } else { state };
    let touched = match &plan {
        LogicalPlan::Explain(explain) => reads(&explain.plan, &scans),
        plan => reads(plan, &scans),
    };
    trail.begin(touched)?;
    let physical = state.query_planner().create_physical_plan(&plan, &state).await.map_err(running)?;
    let rows = execute_stream(physical, state.task_ctx()).map_err(running)?;
    Ok(Running { schema, rows })
}

/// Where parts go, and how much of them there may be.
struct Parts<'a, P> {
    limits: &'a SqlLimits,
    bounds: Bounds,
    out: &'a mpsc::Sender<Piece<P>>,
    listed: &'a Listed,
    asked: Instant,
    /// Bytes of text so far.
    bytes: u64,
}

impl<P> Parts<'_, P> {
    async fn part<S: Shape<Part = P>>(&mut self, part: P, rows: u64) -> Result<(), QueryError> {
        self.bytes += S::bytes(&part);
        if self.bytes > self.bounds.bytes {
            return Err(too_many_bytes(self.bounds));
        }
        self.send(Piece::Part { part, rows }).await?;
        self.listed.rows.fetch_add(rows, Ordering::Relaxed);
        Ok(())
    }

    async fn send(&self, piece: Piece<P>) -> Result<(), QueryError> {
        if self.asked.elapsed() > self.limits.answer_time_max {
            return Err(answered_too_long(self.limits));
        }
        let sent = timeout(self.limits.reader_wait_max, self.out.send(piece)).await.map_err(|_| unread(self.limits))?;
        sent.map_err(|_| QueryError::Cancelled)
    }
}
