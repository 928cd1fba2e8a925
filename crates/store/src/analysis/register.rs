//! Gives a session its measures.

use super::aggregate::SetFunction;
use super::registry::{Kind, MEASURES, Measure};
use super::scalar::RowFunction;
use super::weighted::WeightedShareFunction;
use super::window::EachFunction;
use super::work::Work;
use datafusion::prelude::SessionContext;

/// Registers all measures in the session of one query, whose bootstraps share one bound.
pub(crate) fn register(session: &SessionContext) {
    let work = Work::default();
    for Measure { name, arguments, kind, .. } in MEASURES {
        match kind {
            Kind::Number(of) => session.register_udf(RowFunction::number(name, arguments, *of, &work)),
            Kind::Interval(of) => {
                for function in RowFunction::interval(name, arguments, *of, &work) {
                    session.register_udf(function);
                }
            }
            Kind::Parts(shape, of) => session.register_udf(RowFunction::parts(name, arguments, *shape, *of, &work)),
            Kind::Set(shape, most, of) => {
                session.register_udaf(SetFunction::of(name, arguments, *shape, *most, *of, &work));
            }
            Kind::WeightedShare(shape) => session.register_udaf(WeightedShareFunction::of(name, arguments, *shape)),
            Kind::Each(divisors, of) => {
                session.register_udwf(EachFunction::of(name, arguments, None, divisors, *of, &work));
            }
            Kind::EachParts(shape, divisors, of) => {
                session.register_udwf(EachFunction::of(name, arguments, Some(*shape), divisors, *of, &work));
            }
        }
    }
}
