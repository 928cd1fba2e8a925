//! The one door to history of a server.

use crate::app::audit::AuditFolder;
use crate::config::control::Prepared;
use crate::exit::Failure;
use std::path::Path;
use std::sync::Arc;
use vigie_store::history::writer::History;
use vigie_store::sql::door::SqlDoor;
use vigie_store::sql::limits::SqlLimits;

/// The one door to history, for HTTP and the Postgres wire.
///
/// # Errors
/// When the system gives no threads, or the files of the tables cannot be reached.
pub fn sql_door(prepared: &Prepared, data: &Path, history: &Arc<History>) -> Result<Arc<SqlDoor>, Failure> {
    let audit = Arc::new(AuditFolder::new(data, prepared.config.sql.audit_text));
    let sql = SqlDoor::new(Arc::clone(history) as Arc<_>, SqlLimits::default(), audit);
    let sql = sql.map_err(|error| Failure::io("cannot open the SQL door", error))?;
    Ok(Arc::new(sql.in_zone(prepared.config.centre.zone.clone())))
}
