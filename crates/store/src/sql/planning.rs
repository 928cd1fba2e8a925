//! From a checked statement to a plan over the tables that its caller may see.

use super::brake::Brake;
use super::catalogs::{Asked, Catalogs};
use super::explain::{planning_error, running_error};
use super::guard::check;
use super::limits::SqlLimits;
use super::locality::Localities;
use super::session::{Scans, scoped_session};
use crate::history::source::RowSource;
use datafusion::common::ParamValues;
use datafusion::error::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;
use tokio::sync::Semaphore;
use vigie_model::doors::QueryError;
use vigie_model::principal::Principal;

/// What a query works with, shared by all of a door.
#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) source: Arc<dyn RowSource>,
    pub(crate) localities: Arc<Localities>,
    pub(crate) environment: Arc<RuntimeEnv>,
    pub(crate) limits: SqlLimits,
    pub(crate) slots: Arc<Semaphore>,
}

/// A statement as it came.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) sql: Arc<str>,
    /// Values for `$1`, `$2`, ...; they never become part of the text.
    pub(crate) parameters: Vec<ScalarValue>,
    /// Where questions about the tables are answered, for doors that have them.
    pub(crate) catalogs: Option<Arc<Catalogs>>,
}

/// A plan, and the session it runs in.
pub(crate) struct Planned {
    pub(crate) session: SessionContext,
    pub(crate) scans: Scans,
    pub(crate) plan: LogicalPlan,
}

impl Statement {
    /// Lets the guard look at it.
    ///
    /// # Errors
    /// What the guard says.
    pub(crate) fn check(&self, limits: &SqlLimits) -> Result<Asked, QueryError> {
        match &self.catalogs {
            Some(catalogs) => catalogs.check(&self.sql, limits),
            None => check(&self.sql, limits).map(Asked::History),
        }
    }

    /// Plans it, its parameters still open.
    ///
    /// # Errors
    /// When it is wrong, or does anything but read.
    pub(crate) async fn plan(
        &self,
        shop: &Workshop,
        who: &Principal,
        asked: Asked,
        brake: Arc<Brake>,
    ) -> Result<Planned, QueryError> {
        let Workshop { source, localities, environment, limits, .. } = shop;
        let unavailable = |error: DataFusionError| match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => running_error(&error, &who.scope, limits),
            _ => QueryError::Unavailable(error.strip_backtrace()),
        };
        let (session, scans, statement) = match (asked, &self.catalogs) {
            (Asked::Catalogs(statement), Some(catalogs)) => {
                (catalogs.session(&who.name, brake).map_err(unavailable)?, Scans::new(), statement)
            }
            (Asked::Catalogs(_), None) => unreachable!("only catalogs let questions to them through"),
            (Asked::History(checked), _) => {
                let scoped =
                    scoped_session(source.as_ref(), localities, environment, limits, &who.scope, &checked, brake).await;
                let (session, scans) = scoped.map_err(unavailable)?;
                (session, scans, checked.statement)
            }
        };
        let plan = session.state().statement_to_plan(statement).await.map_err(|error| planning_error(&error))?;
        let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        only_queries.verify_plan(&plan).map_err(|error| planning_error(&error))?;
        Ok(Planned { session, scans, plan })
    }
}

/// The plan with values for its parameters.
///
/// # Errors
/// When there are too few, or one has a type that does not fit.
pub(crate) fn with_parameters(plan: LogicalPlan, parameters: Vec<ScalarValue>) -> Result<LogicalPlan, QueryError> {
    if parameters.is_empty() {
        return Ok(plan);
    }
    plan.replace_params_with_values(&ParamValues::from(parameters)).map_err(|error| planning_error(&error))
}
