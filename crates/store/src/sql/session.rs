//! The session of one query: the tables it names, each fixed at one instant and filtered to what the caller may see.
//!
//! The row scope is enforced by construction. A session starts empty and gets views that already hold only the caller's
//! rows; there is no unfiltered table in it that a sub-query, a CTE or a catalog name could reach.

use super::guard::{FUNCTIONS_WITHHELD, RANGE_FUNCTION};
use super::limits::SqlLimits;
use crate::history::source::RowSource;
use crate::schema::table::{CENTRE, Table};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use vigie_model::principal::{Scope, SpaceScope};

/// A session that holds nothing yet.
pub(crate) fn empty_session(environment: &Arc<RuntimeEnv>, limits: &SqlLimits) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(limits.threads)
        .with_information_schema(false)
        .set_str("datafusion.execution.time_zone", "UTC")
        .set_bool("datafusion.execution.enable_recursive_ctes", false)
        .set_bool("datafusion.sql_parser.collect_spans", true);
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(Arc::clone(environment))
        .with_table_functions(HashMap::new())
        .build();
    let session = SessionContext::new_with_state(state);
    for function in FUNCTIONS_WITHHELD {
        session.deregister_udf(function);
    }
    session.deregister_udf(RANGE_FUNCTION);
    session
}

/// A session with these tables as of now, as far as `scope` may see them.
///
/// # Errors
/// When a view cannot be planned, which means that committed and hot rows differ in type.
pub(crate) fn scoped_session(
    source: &dyn RowSource,
    environment: &Arc<RuntimeEnv>,
    limits: &SqlLimits,
    scope: &Scope,
    tables: &BTreeSet<Table>,
) -> Result<SessionContext, DataFusionError> {
    let session = empty_session(environment, limits);
    if scope.spaces != SpaceScope::All {
        // Physical plans name files, and so days with rows of spaces that the caller may not see.
        session.state_ref().write().config_mut().options_mut().explain.logical_plan_only = true;
    }
    for table in tables {
        let rows = source.capture(*table).rows(&session)?;
        let seen = rows.filter(may_see(*table, scope))?;
        session.register_table(table.name(), seen.into_view())?;
    }
    Ok(session)
}

/// The rows of a table that `scope` may see.
fn may_see(table: Table, scope: &Scope) -> Expr {
    let centre = col(CENTRE).eq(lit(scope.centre.as_ref()));
    match &scope.spaces {
        SpaceScope::All => centre,
        SpaceScope::Only(spaces) => {
            let ids = spaces.iter().map(|space| lit(space.as_ref())).collect();
            centre.and(col(table.space_column()).in_list(ids, false))
        }
    }
}
