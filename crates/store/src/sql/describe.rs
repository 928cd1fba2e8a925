//! What a statement would answer, without answering: for prepared statements of the Postgres wire.
//!
//! The statement goes through the same guard, scope, slots and time as a query. It reads no row, so that only a refusal
//! leaves a record in the audit trail.

use super::brake::Brake;
use super::explain::timed_out;
use super::planning::{Statement, Workshop, with_parameters};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::timeout;
use vigie_model::doors::QueryError;
use vigie_model::principal::Principal;

/// Gives each parameter a value of its type, and whatever else is to be known of them, when told which types the statement
/// needs; `None` where it could be any.
pub(crate) type Choose<T> = Box<dyn FnOnce(&[Option<DataType>]) -> Result<(T, Vec<ScalarValue>), QueryError> + Send>;

/// The columns of a statement whose parameters have the types chosen.
///
/// # Errors
/// When the statement is refused, or cannot be planned in time.
pub(crate) async fn describe<T>(
    shop: &Workshop,
    who: &Principal,
    statement: &Statement,
    choose: Choose<T>,
) -> Result<(T, SchemaRef), QueryError> {
    let limits = &shop.limits;
    let planned = async {
        let asked = statement.check(limits)?;
        let _slot = shop.slots.acquire().await.expect("the semaphore is never closed");
        statement.plan(shop, who, asked, Arc::new(Brake::new(|| false))).await
    };
    let planned = timeout(limits.timeout, planned).await.map_err(|_| timed_out(limits))??;
    let (chosen, values) = choose(&parameter_types(&planned.plan)?)?;
    let plan = with_parameters(planned.plan, values)?;
    Ok((chosen, Arc::clone(plan.schema().inner())))
}

/// The types that a plan needs of `$1`, `$2`, ..., in this order.
fn parameter_types(plan: &LogicalPlan) -> Result<Vec<Option<DataType>>, QueryError> {
    let refused = |said: String| QueryError::Refused(said);
    let found = plan.get_parameter_types().map_err(|error| refused(error.strip_backtrace()))?;
    let mut types = BTreeMap::new();
    for (name, data_type) in found {
        let number =
            name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok()).filter(|number| *number > 0);
        let number = number.ok_or_else(|| refused(format!("parameters are called $1, $2, ..., not {name}")))?;
        types.insert(number, data_type);
    }
    let count = types.keys().last().copied().unwrap_or_default();
    if count > types.len() {
        let missing = (1..=count).find(|number| !types.contains_key(number)).unwrap_or_default();
        return Err(refused(format!("there is a parameter ${count}, but none called ${missing}")));
    }
    Ok(types.into_values().collect())
}
