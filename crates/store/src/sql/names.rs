//! Names for sub-queries behind `FROM` that need one to be answered rightly.
//!
//! DataFusion takes an expression for a column of the sub-query below that was made by an expression of the same words: of
//! `SELECT x + x AS x FROM (SELECT x + x AS x FROM ...)` it computes the inner sum only, and answers wrongly. With a name around
//! the sub-query the two `x` are different columns. Others keep none, for a name would show in those of columns.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, Select, SelectItem, SetExpr, TableAlias, TableFactor, Visit, VisitMut, Visitor, VisitorMut,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// What no statement would write.
const NAME: &str = "sub-query ";

/// Names those sub-queries of a query that compute what is computed above them, too, in the same words.
pub(crate) fn name_sub_queries(query: &mut Query) {
    let _: ControlFlow<()> = query.visit(&mut Namer { named: 0 });
}

struct Namer {
    named: usize,
}

impl VisitorMut for Namer {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let mut above = Words::default();
        select.projection.visit(&mut above)?;
        select.selection.visit(&mut above)?;
        select.group_by.visit(&mut above)?;
        select.having.visit(&mut above)?;
        let from = select.from.iter_mut();
        let factors = from.flat_map(|table| {
            let joined = table.joins.iter_mut().map(|join| &mut join.relation);
            std::iter::once(&mut table.relation).chain(joined)
        });
        for factor in factors {
            if let TableFactor::Derived { subquery, alias: alias @ None, .. } = factor
                && computed(&subquery.body).iter().any(|words| above.0.contains(words))
            {
                self.named += 1;
                let name = Ident::with_quote('"', format!("{NAME}{}", self.named));
                *alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
            }
        }
        ControlFlow::Continue(())
    }
}

/// The words of every expression that is looked at.
#[derive(Default)]
struct Words(BTreeSet<String>);

impl Visitor for Words {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.0.insert(expr.to_string());
        ControlFlow::Continue(())
    }
}

/// The words of what a query computes under other names.
fn computed(body: &SetExpr) -> Vec<String> {
    match body {
        SetExpr::Query(query) => computed(&query.body),
        SetExpr::SetOperation { left, right, .. } => [computed(left), computed(right)].concat(),
        SetExpr::Select(select) => {
            let renamed = select.projection.iter().filter_map(|item| match item {
                SelectItem::ExprWithAlias { expr, .. } => Some(expr),
                _ => None,
            });
            let plain =
                |expr: &&Expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_));
            renamed.filter(|expr| !plain(expr)).map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    }
}
