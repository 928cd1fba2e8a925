//! `[metrics.NAME]`: words, units and periods of what is measured.

use super::toml_reader::Section;
use vigie_model::id::check_id;
use vigie_model::metric::{MetricSpec, Metrics};

/// The unit of a metric that declares none: UCUM's unit of a bare number.
const UNIT_DEFAULT: &str = "1";

/// Reads all `[metrics.NAME]`.
pub(super) fn read(section: Section<'_>) -> Metrics {
    let mut metrics = Metrics::new();
    for (name, mut section) in section.named_sections() {
        let report = section.report();
        if let Err(reason) = check_id(name.value) {
            report.add(report.error(name.at, format!("the name of metric '{}' {reason}", name.value)));
        }
        let label = section.text("label").map(|label| label.value.to_owned());
        let unit = section.text("unit").map_or(UNIT_DEFAULT, |unit| unit.value).to_owned();
        let period_ms = section.duration_ms("period", 1);
        section.finish();
        metrics.insert(name.value.into(), MetricSpec { label, unit, period_ms });
    }
    metrics
}
