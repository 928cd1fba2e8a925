//! The view `incidents_current`: of the versions of an incident the newest, unless it was withdrawn.
//!
//! Versions have the same feed and id. The newest is the one with the highest `version`; of several, the one that came
//! last. An id that Vigie made of a row's place in the log (`#partition-offset`) has one version: another log in the same
//! history may have made it too, for another incident.

use crate::schema::table::{OFFSET, PARTITION};
use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::functions::expr_fn::{concat, lower};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, cast, when};
use datafusion::prelude::{DataFrame, col, lit};
use vigie_model::event::WITHDRAWN;

/// Column that numbers the versions of an incident, the newest first; gone from the result.
const NTH: &str = "nth_version";

/// The newest versions among rows of `incidents`, which have to be those of all spaces: a version may move an incident.
pub(super) fn newest_versions(incidents: DataFrame) -> Result<DataFrame, DataFusionError> {
    let columns: Vec<Expr> = incidents.schema().columns().into_iter().map(Expr::Column).collect();
    let text = |name: &str| cast(column(name), DataType::Utf8);
    let made = concat(vec![lit("#"), text(PARTITION), lit("-"), text(OFFSET)]);
    let own_log_time = when(column("id").eq(made), column("log_time")).end()?;
    let newest_first = ["version", "log_time", PARTITION, OFFSET].map(|name| column(name).sort(false, false));
    let nth = row_number()
        .partition_by(vec![column("feed"), column("id"), own_log_time])
        .order_by(newest_first.into())
        .build()?
        .alias(NTH);
    incidents
        .window(vec![nth])?
        .filter(col(NTH).eq(lit(1u64)).and(lower(column("status")).not_eq(lit(WITHDRAWN))))?
        .select(columns)
}

fn column(name: &str) -> Expr {
    col(format!("\"{name}\""))
}
