//! The queries that run now and those that ended lately: whose they are, how they are found, how they are cancelled.

use super::explain::refused;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use vigie_model::audit::QueryOutcome;
use vigie_model::doors::{EndedQuery, QueryError, Question, RunningQuery};
use vigie_model::id::{check_id, hashed_id};
use vigie_model::principal::Principal;

/// Ended queries that are remembered, so that who got an answer that broke off learns why.
const ENDED_MAX: usize = 64;

/// Who may see and cancel a query: the same name in the same centre.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    name: Arc<str>,
    centre: Arc<str>,
}

#[derive(Debug)]
struct Entry {
    owner: Owner,
    query: RunningQuery,
    rows: Arc<AtomicU64>,
    cancel: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    running: BTreeMap<u64, Entry>,
    ended: VecDeque<(Owner, EndedQuery)>,
}

/// All queries of a door.
#[derive(Debug, Default)]
pub(crate) struct Queries(Mutex<Held>);

/// A query's entry; when it is dropped, the query runs no more.
#[derive(Debug)]
pub(crate) struct Listed {
    queries: Arc<Queries>,
    number: u64,
    pub(crate) id: Arc<str>,
    /// Rows handed out.
    pub(crate) rows: Arc<AtomicU64>,
    cancelled: watch::Receiver<bool>,
}

impl Queries {
    /// Lists a query.
    ///
    /// # Errors
    /// When the id it was given is none, or belongs to a query that runs.
    pub(crate) fn list(self: &Arc<Self>, who: &Principal, question: &Question) -> Result<Listed, QueryError> {
        let asked_ms = now_ms();
        let mut held = self.held();
        let id = match &question.id {
            Some(id) => {
                check_id(id).map_err(|error| refused(format!("the id of the query {error}")))?;
                if held.running.values().any(|entry| entry.query.id == *id) {
                    return Err(refused(format!("a query with the id '{id}' is running; choose another, or none")));
                }
                Arc::clone(id)
            }
            None => hashed_id(&[&asked_ms.to_string(), &held.next.to_string(), &question.sql]).into(),
        };
        let number = held.next;
        held.next += 1;
        let (cancel, cancelled) = watch::channel(false);
        let rows = Arc::new(AtomicU64::new(0));
        let query = RunningQuery {
            id: Arc::clone(&id),
            door: question.door,
            sql: Arc::clone(&question.sql),
            reason: question.reason.clone(),
            asked_ms,
            rows: 0,
        };
        held.running.insert(number, Entry { owner: Owner::of(who), query, rows: Arc::clone(&rows), cancel });
        Ok(Listed { queries: Arc::clone(self), number, id, rows, cancelled })
    }

    /// The queries of `who`: running ones, oldest first, and ended ones, newest first.
    pub(crate) fn of(&self, who: &Principal) -> (Vec<RunningQuery>, Vec<EndedQuery>) {
        let (held, owner) = (self.held(), Owner::of(who));
        let running = held.running.values().filter(|entry| entry.owner == owner).map(Entry::now).collect();
        let ended = held.ended.iter().rev().filter(|(of, _)| *of == owner).map(|(_, ended)| ended.clone()).collect();
        (running, ended)
    }

    /// Cancels a query of `who`; whether there is one.
    pub(crate) fn cancel(&self, who: &Principal, id: &str) -> bool {
        let (held, owner) = (self.held(), Owner::of(who));
        let found = held.running.values().find(|entry| *entry.query.id == *id && entry.owner == owner);
        found.is_some_and(|entry| entry.cancel.send(true).is_ok())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().expect("no holder of the list of queries panics")
    }
}

impl Listed {
    /// Returns when somebody cancels the query.
    pub(crate) async fn cancelled(&self) {
        let mut cancelled = self.cancelled.clone();
        if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
            // Nobody can cancel it any more.
            std::future::pending::<()>().await;
        }
    }

    /// Whether somebody has cancelled it, asked without waiting.
    pub(crate) fn is_cancelled(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let cancelled = self.cancelled.clone();
        move || *cancelled.borrow()
    }

    /// Takes it from the list, and remembers how it ended.
    pub(crate) fn ended(&self, outcome: QueryOutcome, error: Option<String>) {
        let mut held = self.queries.held();
        let Some(entry) = held.running.remove(&self.number) else { return };
        let ended = EndedQuery { query: entry.now(), outcome, error };
        if held.ended.len() == ENDED_MAX {
            held.ended.pop_front();
        }
        held.ended.push_back((entry.owner, ended));
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.queries.held().running.remove(&self.number);
    }
}

impl Entry {
    fn now(&self) -> RunningQuery {
        RunningQuery { rows: self.rows.load(Ordering::Relaxed), ..self.query.clone() }
    }
}

impl Owner {
    fn of(who: &Principal) -> Self {
        Self { name: Arc::clone(&who.name), centre: Arc::clone(&who.scope.centre) }
    }
}

/// The wall clock: people look for their queries by it.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
