//! Which columns a query reads, as its optimized plan says: for the audit trail.

use super::session::Scans;
use crate::schema::table::CENTRE;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::LogicalPlan;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Columns by table, without that of the centre, which every query compares with its scope.
pub(crate) type Reads = BTreeMap<&'static str, BTreeSet<String>>;

/// What `plan` reads of the tables of its session; a table that the optimizer found unnecessary stays without columns.
pub(crate) fn reads(plan: &LogicalPlan, scans: &Scans) -> Reads {
    let mut reads: Reads = scans.iter().map(|(table, _)| (table.name(), BTreeSet::new())).collect();
    let visited = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
            && let Some((table, _)) = scans.iter().find(|(_, own)| Arc::ptr_eq(own, &provider))
        {
            let columns = reads.entry(table.name()).or_default();
            let projected = scan.projected_schema.fields().iter().map(|field| field.name().clone());
            let filtered =
                scan.filters.iter().flat_map(|filter| filter.column_refs()).map(|column| column.name.clone());
            columns.extend(projected.chain(filtered).filter(|column| column != CENTRE));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(visited.is_ok(), "looking at a plan does not fail");
    reads
}
