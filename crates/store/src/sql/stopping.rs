//! Joins that would not end are stopped, and their slot is free again.

use super::limits::SqlLimits;
use super::samples::{Filled, filled};
use crate::fixture::CENTRE;
use std::fmt::Write;
use std::time::{Duration, Instant};
use vigie_model::doors::{QueryError, QueryFormat};
use vigie_model::principal::Principal;

/// A cross join of `observations` with itself: 8 rows to the power of `count`.
fn product(count: usize) -> String {
    let mut sql = "observations AS t0".to_owned();
    for number in 1..count {
        write!(sql, ", observations AS t{number}").unwrap();
    }
    sql
}

/// Asks in the only slot until it is free: a statement that waits for it, or is planned beside the end of the one before on a busy
/// machine, runs into its own time.
async fn freed(filled: &Filled, who: &Principal) -> String {
    let asked = Instant::now();
    loop {
        match filled.ask(who, "SELECT count(*) AS n FROM observations", QueryFormat::Csv).await {
            Ok(answer) => {
                return String::from_utf8(answer.body).unwrap().trim_start_matches("n\n").trim_end().to_owned();
            }
            Err(error) => assert!(asked.elapsed() < Duration::from_secs(30), "the slot is not free: {error}"),
        }
    }
}

#[tokio::test]
async fn joins_without_end_run_into_their_time_and_free_their_slot() {
    let limits = SqlLimits { timeout: Duration::from_secs(2), queries_max: 1, ..SqlLimits::default() };
    let filled = filled(limits).await;
    let who = Principal::local(CENTRE);
    // A LIMIT keeps the planner from making one long join of both sides, whose own size would end it.
    let side = |name| format!("(SELECT t0.value AS v, t0.centre AS c FROM {} LIMIT 200000) AS {name}", product(6));
    let (one, other) = (side("x"), side("y"));
    for (name, sql) in [
        ("rows and rows", format!("SELECT count(*), max(x.v + y.v) FROM {one} CROSS JOIN {other}")),
        ("a condition nothing fulfils", format!("SELECT count(*) FROM {one} JOIN {other} ON x.v + y.v < -1")),
        (
            "a key and such a condition",
            format!("SELECT count(*) FROM {one} JOIN {other} ON x.c = y.c AND x.v + y.v < -1"),
        ),
        ("a key that all rows have", format!("SELECT count(*), max(x.v + y.v) FROM {one} JOIN {other} ON x.c = y.c")),
    ] {
        let begun = Instant::now();
        let error = filled.ask(&who, &sql, QueryFormat::Csv).await.unwrap_err();
        assert!(matches!(&error, QueryError::Limit(said) if said.contains("timeout")), "{name}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} took {:?}", begun.elapsed());
        assert_eq!(freed(&filled, &who).await, "8", "behind {name}");
    }
}
