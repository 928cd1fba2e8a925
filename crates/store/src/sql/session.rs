//! The session of one query: the tables it names, each fixed at one instant and filtered to what the caller may see.
//!
//! The row scope is enforced by construction. A session starts empty and gets views that already hold only the caller's
//! rows; there is no unfiltered table in it that a sub-query, a CTE or a catalog name could reach.

use super::brake::{Brake, BrakeJoins};
use super::current::newest_versions;
use super::dated::{ByHour, OnlyDatesAsked};
use super::growth::ROWS_OF_LONG_VALUES;
use super::guard::{Checked, DATABASE, FUNCTIONS_WITHHELD, RANGE_FUNCTION, SCHEMA};
use super::limits::SqlLimits;
use super::locality::Localities;
use super::portions::{HoldWindows, InPortions};
use crate::analysis::register::register;
use crate::history::source::RowSource;
use crate::schema::table::{CENTRE, Table};
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col, lit};
use std::collections::HashMap;
use std::sync::Arc;
use vigie_model::principal::{Scope, SpaceScope};

/// The tables of a session, and what reads their committed rows.
pub(crate) type Scans = Vec<(Table, Arc<dyn TableProvider>)>;

/// A session that holds nothing yet.
pub(crate) fn empty_session(environment: &Arc<RuntimeEnv>, limits: &SqlLimits) -> SessionContext {
    let config = SessionConfig::new()
        .with_default_catalog_and_schema(DATABASE, SCHEMA)
        .with_target_partitions(limits.threads)
        .with_information_schema(false)
        .set_str("datafusion.execution.time_zone", "UTC")
        .set_bool("datafusion.execution.enable_recursive_ctes", false)
        .set_bool("datafusion.sql_parser.collect_spans", true);
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(Arc::clone(environment))
        .with_table_functions(HashMap::new())
        .with_optimizer_rule(Arc::new(OnlyDatesAsked))
        .build();
    let session = SessionContext::new_with_state(state);
    for function in FUNCTIONS_WITHHELD {
        session.deregister_udf(function);
    }
    session.deregister_udf(RANGE_FUNCTION);
    register(&session);
    session
}

/// The session with a brake on its joins, and windows whose rows count as memory.
pub(crate) fn braked(session: &SessionContext, brake: Arc<Brake>) -> SessionContext {
    let state = SessionStateBuilder::new_from_existing(session.state())
        .with_physical_optimizer_rule(Arc::new(BrakeJoins(brake)))
        .with_physical_optimizer_rule(Arc::new(HoldWindows));
    SessionContext::new_with_state(state.build())
}

/// The state for a plan that makes long values: batches of fewer rows, and bounds on what is computed at a time.
pub(crate) fn for_long_values(state: SessionState) -> SessionState {
    let mut state =
        SessionStateBuilder::new_from_existing(state).with_physical_optimizer_rule(Arc::new(InPortions)).build();
    *state.config_mut() = state.config().clone().with_batch_size(ROWS_OF_LONG_VALUES);
    state
}

/// A session with the tables and views of a statement as of now, as far as `scope` may see them.
///
/// # Errors
/// When a view cannot be planned, which means that committed and hot rows differ in type, or spaces cannot be read.
pub(crate) async fn scoped_session(
    source: &dyn RowSource,
    localities: &Localities,
    environment: &Arc<RuntimeEnv>,
    limits: &SqlLimits,
    scope: &Scope,
    checked: &Checked,
    brake: Arc<Brake>,
) -> Result<(SessionContext, Scans), DataFusionError> {
    let mut scans = Scans::new();
    let session = braked(&empty_session(environment, limits), brake);
    if scope.spaces != SpaceScope::All {
        // Physical plans name files, and so days with rows of spaces that the caller may not see.
        session.state_ref().write().config_mut().options_mut().explain.logical_plan_only = true;
    }
    for table in &checked.tables {
        // Once, so that table and views are of one instant.
        let captured = source.capture(*table);
        scans.push((*table, Arc::clone(&captured.committed)));
        let completed = async |rows: DataFrame| {
            if table.computed_columns().is_empty() {
                return Ok(rows);
            }
            localities.of(source, &session, &scope.centre).await?.completed(*table, rows)
        };
        for view in checked.views.iter().filter(|view| view.versions_of() == Some(*table)) {
            let rows = newest_versions(captured.clone().rows(&session)?.filter(of_centre(scope))?)?;
            let seen = completed(rows.filter(may_see(*table, scope))?).await?;
            session.register_table(view.name(), seen.into_view())?;
        }
        let seen = completed(captured.rows(&session)?.filter(may_see(*table, scope))?).await?;
        session.register_table(table.name(), seen.into_view())?;
    }
    // Planned over what was just registered, so that views show no more than their tables.
    for view in &checked.views {
        let Some(statement) = view.statement() else { continue };
        if view.is_by_hour() {
            session.register_table(view.name(), Arc::new(ByHour::new(&session.state(), statement).await?))?;
        } else {
            let plan = session.state().create_logical_plan(statement).await?;
            session.register_table(view.name(), DataFrame::new(session.state(), plan).into_view())?;
        }
    }
    Ok((session, scans))
}

fn of_centre(scope: &Scope) -> Expr {
    col(CENTRE).eq(lit(scope.centre.as_ref()))
}

/// The rows of a table that `scope` may see.
fn may_see(table: Table, scope: &Scope) -> Expr {
    let centre = of_centre(scope);
    match &scope.spaces {
        SpaceScope::All => centre,
        SpaceScope::Only(spaces) => {
            let ids = spaces.iter().map(|space| lit(space.as_ref())).collect();
            centre.and(col(table.space_column()).in_list(ids, false))
        }
    }
}
