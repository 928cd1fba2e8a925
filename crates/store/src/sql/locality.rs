//! Where a centre is and which clocks it reads: what `local_time` and `light` are computed from.
//!
//! Places come from the table `spaces`, so that a folder without a server answers as the server would. They are read once
//! and kept for as long as the table stays as it is.

use super::light::LightAt;
use super::local_time::LocalTime;
use crate::history::source::RowSource;
use crate::schema::table::{CENTRE, LIGHT, LOCAL_TIME, OFFSET, Table};
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{DataFrame, SessionContext, col, lit};
use futures::StreamExt;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use vigie_model::place::Places;

/// Makes the computed columns of a centre's rows.
#[derive(Clone, Debug)]
pub(crate) struct Locality {
    local_time: Arc<ScalarUDF>,
    light: Arc<ScalarUDF>,
}

impl Locality {
    fn new(zone: TimeZone, places: Arc<Places>) -> Self {
        let local_time = Arc::new(ScalarUDF::new_from_impl(LocalTime::new(zone)));
        Self { local_time, light: Arc::new(ScalarUDF::new_from_impl(LightAt::new(places))) }
    }

    /// The rows of a table with its computed columns, which cost nothing unless they are used.
    pub(crate) fn completed(&self, table: Table, mut rows: DataFrame) -> Result<DataFrame, DataFusionError> {
        for column in table.computed_columns() {
            let made = match column.name {
                LOCAL_TIME => self.local_time.call(vec![col(table.time_column())]),
                LIGHT => self.light.call(vec![col(table.space_column()), col(table.time_column())]),
                other => unreachable!("column {other} is computed by nobody"),
            };
            rows = rows.with_column(column.name, made)?;
        }
        Ok(rows)
    }
}

/// The locality of the centre that was asked for last.
#[derive(Debug)]
pub(crate) struct Localities {
    zone: TimeZone,
    kept: Mutex<Option<Kept>>,
}

/// A locality with what it was read from. The provider is held, so that no other one can have its address.
#[derive(Debug)]
struct Kept {
    centre: Arc<str>,
    committed: Arc<dyn TableProvider>,
    hot_rows: usize,
    locality: Locality,
}

impl Localities {
    /// Of centres whose clocks are those of `zone`.
    pub(crate) const fn new(zone: TimeZone) -> Self {
        Self { zone, kept: Mutex::new(None) }
    }

    /// The locality of a centre as of now. Cost: reads the table `spaces` when it changed.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) async fn of(
        &self,
        source: &dyn RowSource,
        session: &SessionContext,
        centre: &Arc<str>,
    ) -> Result<Locality, DataFusionError> {
        let captured = source.capture(Table::Spaces);
        let committed = Arc::clone(&captured.committed);
        let hot_rows = captured.hot.iter().map(RecordBatch::num_rows).sum();
        if let Some(locality) = self.kept(centre, &committed, hot_rows) {
            return Ok(locality);
        }
        let places = places(captured.rows(session)?, centre).await?;
        let locality = Locality::new(self.zone.clone(), Arc::new(places));
        let kept = Kept { centre: Arc::clone(centre), committed, hot_rows, locality: locality.clone() };
        *self.kept.lock().expect("no holder of the localities panics") = Some(kept);
        Ok(locality)
    }

    fn kept(&self, centre: &Arc<str>, committed: &Arc<dyn TableProvider>, hot_rows: usize) -> Option<Locality> {
        let kept = self.kept.lock().expect("no holder of the localities panics");
        let is_same = |kept: &&Kept| {
            kept.centre == *centre && kept.hot_rows == hot_rows && Arc::ptr_eq(&kept.committed, committed)
        };
        kept.as_ref().filter(is_same).map(|kept| kept.locality.clone())
    }
}

/// Where the newest versions of all spaces are. Kept meanwhile: one outline a space.
async fn places(spaces: DataFrame, centre: &str) -> Result<Places, DataFusionError> {
    let columns = ["id", "geometry", "log_time", OFFSET].map(|name| col(format!("\"{name}\"")));
    let spaces = spaces.filter(col(CENTRE).eq(lit(centre)))?.select(columns.to_vec())?;
    let mut rows = spaces.execute_stream().await?;
    let mut newest: BTreeMap<String, ((i64, i64), String)> = BTreeMap::new();
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let [ids, geometries] = [0, 1].map(|column| cast(batch.column(column), &DataType::Utf8));
        let (ids, geometries) = (ids?, geometries?);
        let log_times = batch.column(2).as_primitive::<TimestampMicrosecondType>().values();
        let offsets = batch.column(3).as_primitive::<Int64Type>().values();
        let texts = ids.as_string::<i32>().iter().zip(geometries.as_string::<i32>());
        for ((id, geometry), version) in texts.zip(log_times.iter().copied().zip(offsets.iter().copied())) {
            let (id, geometry) = (id.unwrap_or_default(), geometry.unwrap_or_default());
            if newest.get(id).is_none_or(|(known, _)| *known <= version) {
                newest.insert(id.to_owned(), (version, geometry.to_owned()));
            }
        }
    }
    Ok(Places::new(newest.iter().map(|(id, (_, geometry))| (id.as_str(), geometry.as_str()))))
}
