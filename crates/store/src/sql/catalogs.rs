//! What clients of the Postgres wire ask about the tables: `pg_catalog` and `information_schema`.
//!
//! Questions about tables and questions to tables never meet. Those about tables run in a session that holds no row of
//! history: six empty tables and the views with their columns, and the catalogs that `datafusion-pg-catalog` makes of them, with
//! what [`super::catalog_objects`] knows better. Whatever a catalog's function or a rewritten statement may do there, there is nothing to see. A statement that names both kinds of
//! tables is refused by the guard, which knows no catalogs.

use super::absent::without_absent;
use super::brake::Brake;
use super::catalog_functions::{register_absent, register_constant, register_texts, texts};
use super::catalog_objects::{PG_CATALOG, PgCatalog};
use super::guard::{Checked, DATABASE, SCHEMA, Walk, check, check_expansion, check_length};
use super::known::runnable;
use super::limits::SqlLimits;
use super::session::{braked, empty_session};
use crate::analysis::register::register;
use crate::schema::column::Column;
use crate::schema::table::Table;
use crate::schema::view::View;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, SchemaProvider,
};
use datafusion::common::TableReference;
use datafusion::datasource::ViewTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::Statement;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{Statement as SqlStatement, Visit};
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::setup_pg_catalog;
use datafusion_postgres::datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use vigie_model::doors::QueryError;

/// What `version()` says: drivers read the number, and decide by it what to ask.
const VERSION: &str = "PostgreSQL 16.6 (Vigie)";
/// The tables of `information_schema` that may be asked; others tell of settings.
const INFORMATION: [&str; 6] = ["tables", "columns", "views", "schemata", "routines", "parameters"];

/// A statement that may be run, and where.
pub(crate) enum Asked {
    /// In a session with the caller's rows.
    History(Checked),
    /// In a session without rows.
    Catalogs(Statement),
}

/// The catalogs of the six tables and their views.
pub(crate) struct Catalogs {
    session: SessionContext,
    /// The six tables and the views, empty.
    tables: Arc<dyn SchemaProvider>,
    catalog: PgCatalog,
    /// Columns of `pg_roles`.
    roles: SchemaRef,
    parser: PostgresCompatibilityParser,
}

impl Catalogs {
    /// # Errors
    /// When the catalogs cannot be made, which does not depend on the machine.
    pub(crate) async fn new(environment: &Arc<RuntimeEnv>, limits: &SqlLimits) -> Result<Self, DataFusionError> {
        let session = empty_session(environment, limits);
        session.state_ref().write().config_mut().options_mut().catalog.information_schema = true;
        for table in Table::ALL {
            let stored = table.schema();
            let computed = table.computed_columns().iter().map(|column| Arc::new(column.field()));
            let seen = Schema::new(stored.fields().iter().cloned().chain(computed).collect::<Vec<_>>());
            session.register_table(table.name(), Arc::new(EmptyTable::new(Arc::new(seen))))?;
        }
        for view in View::ALL {
            let (own, computed) = (view.columns(), view.computed_columns());
            let seen = Schema::new(own.iter().chain(computed).map(Column::field).collect::<Vec<_>>());
            let rows = session.read_table(Arc::new(EmptyTable::new(Arc::new(seen))))?.into_unoptimized_plan();
            session.register_table(view.name(), Arc::new(ViewTable::new(rows, Some(view.definition()))))?;
        }
        setup_pg_catalog(&session, DATABASE, EmptyContextProvider).map_err(|error| *error)?;
        let schema = |name: &str| {
            let found = session.catalog(DATABASE).and_then(|catalog| catalog.schema(name));
            found.ok_or_else(|| DataFusionError::Internal(format!("there is no schema {name}")))
        };
        let tables = schema(SCHEMA)?;
        let (catalog, objects) = PgCatalog::new(&session, schema(PG_CATALOG)?).await?;
        let roles = catalog.schema("pg_roles").await?;
        register_absent(&session);
        register_texts(&session, "pg_get_viewdef", objects.view_definitions);
        register_texts(&session, "pg_get_function_arguments", objects.function_arguments);
        register_texts(&session, "pg_get_function_result", objects.function_results);
        let text = |text: &str| ScalarValue::Utf8(Some(text.to_owned()));
        // Some of these come with the catalogs, but for one row only.
        for (name, value) in [
            ("version", text(VERSION)),
            ("current_database", text(DATABASE)),
            ("current_schema", text(SCHEMA)),
            ("current_schemas", texts(&[PG_CATALOG, SCHEMA])),
            ("pg_get_userbyid", text(DATABASE)),
            ("pg_backend_pid", ScalarValue::Int32(Some(1))),
            ("pg_is_in_recovery", ScalarValue::Boolean(Some(false))),
        ] {
            register_constant(&session, name, value);
        }
        Ok(Self { session, tables, catalog, roles, parser: PostgresCompatibilityParser::new() })
    }

    /// Checks a statement that may also ask about the tables.
    ///
    /// # Errors
    /// What [`check`] says of it.
    pub(crate) fn check(&self, sql: &str, limits: &SqlLimits) -> Result<Asked, QueryError> {
        let checked = check(sql, limits);
        if checked.as_ref().is_ok_and(|checked| !checked.tables.is_empty()) {
            return checked.map(Asked::History);
        }
        let known = runnable(sql);
        let sql = known.as_deref().unwrap_or(sql);
        check_length(sql, limits)?;
        match self.about_tables(sql) {
            Some(statement) => Ok(Asked::Catalogs(statement)),
            None => checked.map(Asked::History),
        }
    }

    /// A query that reads nothing but the catalogs, as they can run it.
    fn about_tables(&self, sql: &str) -> Option<Statement> {
        // The parser rewrites what it reads, by rules of others that do not expect everything.
        let parsed = catch_unwind(AssertUnwindSafe(|| self.parser.parse(sql)));
        let mut statements = parsed.ok()?.ok()?;
        let mut statement = statements.pop().filter(|_| statements.is_empty())?;
        let SqlStatement::Query(query) = &mut statement else { return None };
        check_expansion(query).ok()?;
        without_absent(query, &|name| self.session.state_ref().read().aggregate_functions().contains_key(name));
        if query.visit(&mut Walk).is_break() {
            return None;
        }
        let statement = Statement::Statement(Box::new(statement));
        let (references, _) = resolve_table_references(&statement, true).ok()?;
        references.iter().all(is_catalog).then_some(statement)
    }

    /// A session of one query for somebody called `user`.
    ///
    /// # Errors
    /// When the catalogs cannot be made, which does not depend on the machine.
    pub(crate) fn session(&self, user: &str, brake: Arc<Brake>) -> Result<SessionContext, DataFusionError> {
        let schemas = MemoryCatalogProvider::new();
        schemas.register_schema(SCHEMA, Arc::clone(&self.tables))?;
        schemas.register_schema(PG_CATALOG, Arc::new(self.catalog.of(user, &self.roles)?))?;
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(DATABASE.to_owned(), Arc::new(schemas));
        let state =
            SessionStateBuilder::new_from_existing(self.session.state()).with_catalog_list(Arc::new(catalogs)).build();
        let session = braked(&SessionContext::new_with_state(state), brake);
        // Anew: the functions of a query share a bound of its work.
        register(&session);
        for name in ["session_user", "current_user"] {
            register_constant(&session, name, ScalarValue::Utf8(Some(user.to_owned())));
        }
        Ok(session)
    }
}

fn is_catalog(reference: &TableReference) -> bool {
    let (schema, table) = match reference {
        TableReference::Partial { schema, table } => (schema, table),
        TableReference::Full { catalog, schema, table } if **catalog == *DATABASE => (schema, table),
        _ => return false,
    };
    match &**schema {
        PG_CATALOG => true,
        "information_schema" => INFORMATION.contains(&&**table),
        _ => false,
    }
}
