//! Tables of `pg_catalog` as they are here, in place of those of the library: what it leaves out, and what is not so.
//!
//! The library tells of tables and their columns, and ships the rows that every PostgreSQL has. Here, nobody makes indexes, keys
//! or roles; there is one database; and the only functions that are Vigie's own are the measures.

use super::absent::WITHOUT_ROWS;
use super::catalog_functions::Texts;
use super::guard::{DATABASE, SCHEMA};
use crate::analysis::describe::{Signature, signatures};
use crate::schema::view::View;
use arrow::array::AsArray;
use arrow::array::{Array, ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::prelude::{Expr, SessionContext, col, lit};
use std::collections::HashMap;
use std::sync::Arc;

/// The catalogs' schema.
pub(crate) const PG_CATALOG: &str = "pg_catalog";
/// Number of the first measure among the functions; those of PostgreSQL are below.
const FIRST_MEASURE: i32 = 90_000;
/// Numbers of the types that measures give.
const FLOAT8: i32 = 701;
const JSON: i32 = 114;

/// Tables by name.
type Tables = HashMap<&'static str, Arc<dyn TableProvider>>;

/// The catalogs as a user sees them.
#[derive(Clone, Debug)]
pub(crate) struct PgCatalog {
    /// What the library ships.
    shipped: Arc<dyn SchemaProvider>,
    instead: Tables,
}

/// What functions tell of objects.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    pub(crate) view_definitions: Texts,
    pub(crate) function_arguments: Texts,
    pub(crate) function_results: Texts,
}

impl PgCatalog {
    /// The catalogs of a session that has the library's, and what functions tell of their objects.
    ///
    /// # Errors
    /// When the library's catalogs cannot be read, which does not depend on the machine.
    pub(crate) async fn new(
        session: &SessionContext,
        library: Arc<dyn SchemaProvider>,
    ) -> Result<(Self, Objects), DataFusionError> {
        let mut catalog = Self { shipped: library, instead: Tables::new() };
        for name in WITHOUT_ROWS {
            catalog.instead.insert(name, Arc::new(EmptyTable::new(catalog.schema(name).await?)));
        }
        let databases = rows(session, "pg_database", col("datname").eq(lit(DATABASE))).await?;
        catalog.put("pg_database", databases)?;
        let classes = with_options(&rows(session, "pg_class", lit(true)).await?)?;
        let mut objects = Objects { view_definitions: view_definitions(&classes), ..Objects::default() };
        catalog.put("pg_class", classes)?;
        let views = views(&catalog.schema("pg_views").await?)?;
        catalog.put("pg_views", views)?;
        let public = rows(session, "pg_namespace", col("nspname").eq(lit(SCHEMA))).await?;
        let public = number(&public, "oid", 0).unwrap_or_default();
        let functions = rows(session, "pg_proc", lit(true)).await?;
        catalog.put("pg_proc", with_measures(&functions, public, &mut objects)?)?;
        Ok((catalog, objects))
    }

    /// The catalogs for somebody called `user`, who is the only role there is to see.
    ///
    /// # Errors
    /// When the library's table has other columns than PostgreSQL's.
    pub(crate) fn of(&self, user: &str, roles: &SchemaRef) -> Result<Self, DataFusionError> {
        let mut catalog = self.clone();
        let flag = |value: bool| Arc::new(BooleanArray::from(vec![value])) as ArrayRef;
        let role = of_columns(
            roles,
            &[
                ("oid", Arc::new(Int32Array::from(vec![10]))),
                ("rolname", Arc::new(StringArray::from(vec![user]))),
                ("rolsuper", flag(false)),
                ("rolinherit", flag(true)),
                ("rolcreaterole", flag(false)),
                ("rolcreatedb", flag(false)),
                ("rolcanlogin", flag(true)),
                ("rolreplication", flag(false)),
                ("rolbypassrls", flag(false)),
                ("rolconnlimit", Arc::new(Int32Array::from(vec![-1]))),
            ],
        )?;
        catalog.put("pg_roles", role)?;
        Ok(catalog)
    }

    /// The columns of a table of the library.
    pub(crate) async fn schema(&self, name: &str) -> Result<SchemaRef, DataFusionError> {
        let missing = || DataFusionError::Internal(format!("the catalogs have no {name}"));
        Ok(self.shipped.table(name).await?.ok_or_else(missing)?.schema())
    }

    fn put(&mut self, name: &'static str, rows: RecordBatch) -> Result<(), DataFusionError> {
        self.instead.insert(name, Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?));
        Ok(())
    }
}

#[async_trait]
impl SchemaProvider for PgCatalog {
    fn table_names(&self) -> Vec<String> {
        self.shipped.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        match self.instead.get(name) {
            Some(table) => Ok(Some(Arc::clone(table))),
            None => self.shipped.table(name).await,
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.shipped.table_exist(name)
    }
}

/// Rows of a table of the library, as one batch.
async fn rows(session: &SessionContext, table: &str, which: Expr) -> Result<RecordBatch, DataFusionError> {
    let found = session.table(format!("{PG_CATALOG}.{table}")).await?.filter(which)?;
    let schema = Arc::clone(found.schema().inner());
    Ok(concat_batches(&schema, &found.collect().await?)?)
}

/// A row, or several, of which some columns are given and the others null.
fn of_columns(schema: &SchemaRef, given: &[(&str, ArrayRef)]) -> Result<RecordBatch, DataFusionError> {
    let rows = given.first().map_or(0, |(_, values)| values.len());
    let columns = schema.fields().iter().map(|field| match given.iter().find(|(name, _)| name == field.name()) {
        Some((_, values)) => cast(values, field.data_type()),
        None => Ok(new_null_array(field.data_type(), rows)),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(or_null(schema), columns)?)
}

/// The same columns, any of which may be null.
fn or_null(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// `pg_class` with the column `reloptions`, which the library leaves out; no table has any.
fn with_options(classes: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let options = Field::new_list("reloptions", Field::new_list_field(DataType::Utf8, true), true);
    let none = new_null_array(options.data_type(), classes.num_rows());
    let fields = classes.schema().fields().iter().cloned().chain([Arc::new(options)]).collect::<Vec<_>>();
    let columns = classes.columns().iter().cloned().chain([none]).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn views(columns: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let of_each =
        |told: fn(View) -> String| Arc::new(StringArray::from_iter_values(View::ALL.into_iter().map(told))) as ArrayRef;
    of_columns(
        columns,
        &[
            ("schemaname", of_each(|_| SCHEMA.to_owned())),
            ("viewname", of_each(|view| view.name().to_owned())),
            ("viewowner", of_each(|_| DATABASE.to_owned())),
            ("definition", of_each(View::definition)),
        ],
    )
}

/// What views select, by their numbers.
fn view_definitions(classes: &RecordBatch) -> Texts {
    let names = classes.column_by_name("relname").and_then(|names| names.as_string_opt::<i32>());
    let names = names.into_iter().flatten().enumerate();
    names.filter_map(|(row, name)| Some((number(classes, "oid", row)?, View::from_name(name?)?.definition()))).collect()
}

/// The functions with the measures behind them.
fn with_measures(functions: &RecordBatch, public: i32, objects: &mut Objects) -> Result<RecordBatch, DataFusionError> {
    let (mut numbers, mut names, mut kinds, mut types) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (oid, Signature { name, kind, arguments, gives }) in (FIRST_MEASURE..).zip(signatures()) {
        objects.function_arguments.insert(oid, arguments);
        objects.function_results.insert(oid, gives.to_owned());
        types.push(if gives == "json" { JSON } else { FLOAT8 });
        numbers.push(oid);
        names.push(name);
        kinds.push(kind);
    }
    let schemas = Arc::new(Int32Array::from(vec![public; numbers.len()]));
    let measures = of_columns(
        &functions.schema(),
        &[
            ("oid", Arc::new(Int32Array::from(numbers))),
            ("proname", Arc::new(StringArray::from(names))),
            ("pronamespace", schemas),
            ("prorettype", Arc::new(Int32Array::from(types))),
            ("prokind", Arc::new(StringArray::from(kinds))),
        ],
    )?;
    let functions = RecordBatch::try_new(measures.schema(), functions.columns().to_vec())?;
    Ok(concat_batches(&measures.schema(), [&functions, &measures])?)
}

/// The number in a column of a row.
fn number(rows: &RecordBatch, column: &str, row: usize) -> Option<i32> {
    let numbers = cast(rows.column_by_name(column)?, &DataType::Int32).ok()?;
    let numbers = numbers.as_primitive::<Int32Type>();
    (row < numbers.len()).then(|| numbers.value(row))
}
