//! Public spaces and the sensors they declare.

use crate::decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A place open to the public, as declared in the spaces file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Unique id; part of every key.
    pub id: Arc<str>,
    /// Name for people.
    pub name: Arc<str>,
    /// What it is: `square`, `street`, `park`, `station`, ...; empty when only registered.
    pub kind: String,
    /// District it lies in; empty when only registered.
    pub district: String,
    /// People it may hold.
    pub capacity: Option<i64>,
    /// Its geometry as GeoJSON text; empty when only registered.
    pub geometry: Arc<str>,
    /// Per-rule parameters: rule name, then parameter name.
    pub params: BTreeMap<String, BTreeMap<String, Decimal>>,
    /// Ids of neighbouring spaces, as declared; adjacency counts both ways.
    pub adjacent: Vec<Arc<str>>,
    /// Sensors it declares.
    pub sensors: Vec<Sensor>,
    /// Event time from which this version of the space is valid.
    pub valid_from_ms: Option<i64>,
    /// Event time until which this version of the space is valid.
    pub valid_to_ms: Option<i64>,
}

/// A sensor declared by a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensor {
    /// Unique id inside its space.
    pub id: Arc<str>,
    /// What it measures.
    pub metric: Arc<str>,
    /// Whether its silence counts from the engine's start, before its first arrival.
    pub expected: bool,
}

impl Space {
    /// A space known by its id alone, as registered under `spaces.unknown = "register"`.
    #[must_use]
    pub fn registered(id: &str) -> Self {
        Self { id: id.into(), name: id.into(), ..Self::default() }
    }
}
