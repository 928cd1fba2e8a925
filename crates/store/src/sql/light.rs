//! The column `light`: day or night at a space and an instant, by the sun.

use crate::schema::column::ColumnType;
use arrow::array::{AsArray, StringBuilder};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use hashbrown::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use vigie_model::place::{Place, Places};
use vigie_model::sun::light;
use vigie_model::time::{TIME_MS_END, TIME_MS_MIN};

const MICROS_PER_MS: i64 = 1_000;

/// Spaces and instants to day and night.
#[derive(Debug)]
pub(super) struct LightAt {
    places: Arc<Places>,
    signature: Signature,
}

impl LightAt {
    pub(super) fn new(places: Arc<Places>) -> Self {
        let arguments = TypeSignature::Exact(vec![DataType::Utf8View, ColumnType::Timestamp.arrow()]);
        Self { places, signature: Signature::new(arguments, Volatility::Immutable) }
    }
}

/// The same places are one allocation: a query makes one function for all its tables.
impl PartialEq for LightAt {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.places, &other.places)
    }
}

impl Eq for LightAt {}

impl Hash for LightAt {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.places).hash(state);
    }
}

impl ScalarUDFImpl for LightAt {
    fn name(&self) -> &'static str {
        "light"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let (spaces, instants) = (arrays[0].as_string_view(), arrays[1].as_primitive::<TimestampMicrosecondType>());
        let mut skies: HashMap<&str, Sky> = HashMap::new();
        let mut lights = StringBuilder::with_capacity(instants.len(), instants.len() * "night".len());
        for (space, instant) in spaces.iter().zip(instants) {
            let (Some(space), Some(micros)) = (space, instant) else {
                lights.append_null();
                continue;
            };
            let sky = skies.entry(space).or_insert_with(|| Sky::above(self.places.of(space)));
            lights.append_option(sky.at(micros.div_euclid(MICROS_PER_MS)));
        }
        Ok(ColumnarValue::Array(Arc::new(lights.finish())))
    }
}

/// The sky above a space, with the stretch of light asked for last: rows of a space come in the order of time, or nearly,
/// so there are two questions a day and not one for each row.
struct Sky {
    place: Option<Place>,
    /// Epoch milliseconds in which `is_night` holds.
    stretch: Range<i64>,
    is_night: bool,
}

impl Sky {
    const fn above(place: Option<Place>) -> Self {
        Self { place, stretch: 0..0, is_night: false }
    }

    /// `None` without a place, and outside the years that instants may have.
    fn at(&mut self, at_ms: i64) -> Option<&'static str> {
        if !self.stretch.contains(&at_ms) {
            let place = self.place.filter(|_| (TIME_MS_MIN..TIME_MS_END).contains(&at_ms))?;
            let found = light(place, at_ms);
            (self.stretch, self.is_night) = (at_ms..found.until_ms, found.is_night);
        }
        Some(if self.is_night { "night" } else { "day" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::time::parse_rfc3339_ms;

    fn at(latitude: f64, longitude: f64, instants: &[&str]) -> Vec<Option<&'static str>> {
        let mut sky = Sky::above(Some(Place { latitude, longitude }));
        instants.iter().map(|instant| sky.at(parse_rfc3339_ms(instant).unwrap())).collect()
    }

    #[test]
    fn night_is_from_sunset_to_sunrise_also_near_the_poles() {
        // Melbourne, 1 March 2026: sunrise 7:05, sunset 20:02 local time; asked out of order.
        let melbourne = ["2026-03-01T07:00:00+11:00", "2026-03-01T19:58:00+11:00", "2026-03-01T07:10:00+11:00"];
        assert_eq!(at(-37.81, 144.96, &melbourne), [Some("night"), Some("day"), Some("day")]);
        assert_eq!(at(-37.81, 144.96, &["2026-03-01T20:06:00+11:00"]), [Some("night")]);
        // South of Tromso: no sun at noon in December, the sun at midnight in June.
        let polar = ["2010-12-15T12:00:00+01:00", "2010-06-15T00:00:00+02:00"];
        assert_eq!(at(69.1044, 18.0594, &polar), [Some("night"), Some("day")]);
    }

    #[test]
    fn nowhere_there_is_neither() {
        assert_eq!(Sky::above(None).at(0), None);
        let greenwich = Place { latitude: 51.48, longitude: 0.0 };
        assert_eq!(Sky::above(Some(greenwich)).at(TIME_MS_END), None);
    }
}
