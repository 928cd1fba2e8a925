//! What a metric means: its words and its canonical unit.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Words and unit of a metric, as configured under `[metrics.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricSpec {
    /// What a value counts, for sentences: `people`.
    pub label: Option<String>,
    /// Canonical unit (UCUM): `1`, `dB(A)`, `1/m2`. Values are converted at the door.
    pub unit: String,
    /// The period one value covers, in milliseconds, when it is an aggregate: an hourly count has 3,600,000.
    pub period_ms: Option<i64>,
}

/// All configured metrics by name.
pub type Metrics = BTreeMap<Arc<str>, MetricSpec>;
