//! Where a space is: the middle of the box around its outline.
//!
//! A space without an outline is where the middle of the box around all spaces is, if any has one ([`Places::of`]).
//!
//! ```
//! use vigie_model::place::Places;
//!
//! let square = r#"{"type": "Point", "coordinates": [144.97, -37.81]}"#;
//! let places = Places::new([("square", square), ("registered", "")]);
//! assert_eq!(places.of("registered"), places.of("square"));
//! ```

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Half a turn of longitude, in degrees.
const HALF_TURN: f64 = 180.0;

/// A point on the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// Where the spaces of a centre are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    /// Spaces with an outline.
    own: BTreeMap<Arc<str>, Place>,
    /// Around all outlines there ever were.
    all: Bounds,
}

impl Places {
    /// The places of spaces by their ids, from geometries as GeoJSON text, see [`Self::learn`].
    pub fn new<'a>(spaces: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut places = Self::default();
        spaces.into_iter().for_each(|(id, geometry)| places.learn(id, geometry));
        places
    }

    /// Learns where a space is. Of several versions of a space the last one counts, also when it has no outline.
    pub fn learn(&mut self, id: &str, geometry: &str) {
        let outline = Bounds::of_geojson(geometry);
        self.all.include(&outline);
        match outline.middle() {
            Some(place) => self.own.insert(id.into(), place),
            None => self.own.remove(id),
        };
    }

    /// Where a space is, else the middle of all spaces; none while no space has an outline.
    #[must_use]
    pub fn of(&self, space: &str) -> Option<Place> {
        self.own.get(space).copied().or_else(|| self.all.middle())
    }

    /// Whether no space has an outline.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.middle().is_none()
    }
}

/// The box around positions. Empty until one is included.
///
/// Longitudes are kept twice, once from -180 and once from 0 degrees: the narrower of the two boxes is the one meant, so
/// that an outline across the antimeridian has its middle there and not on the other side of the globe.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bounds {
    latitudes: Extent,
    from_minus_180: Extent,
    from_0: Extent,
}

/// The smallest and the largest of some numbers; `None` without one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Extent(Option<(f64, f64)>);

impl Extent {
    fn include(&mut self, least: f64, most: f64) {
        let (low, high) = self.0.unwrap_or((least, most));
        self.0 = Some((low.min(least), high.max(most)));
    }

    fn include_extent(&mut self, other: Self) {
        if let Some((low, high)) = other.0 {
            self.include(low, high);
        }
    }
}

impl Bounds {
    /// The box around the positions of a GeoJSON geometry. Text that is none, and positions outside the world, are left
    /// out: the door of the spaces file has reported them.
    fn of_geojson(text: &str) -> Self {
        let mut bounds = Self::default();
        if let Ok(geometry) = serde_json::from_str::<Value>(text) {
            bounds.include_geometry(&geometry);
        }
        bounds
    }

    /// Makes the box large enough for another.
    fn include(&mut self, other: &Self) {
        self.latitudes.include_extent(other.latitudes);
        self.from_minus_180.include_extent(other.from_minus_180);
        self.from_0.include_extent(other.from_0);
    }

    /// Its middle; none of an empty box.
    fn middle(&self) -> Option<Place> {
        let (south, north) = self.latitudes.0?;
        let (straight, around) = (self.from_minus_180.0?, self.from_0.0?);
        let (west, east) = if around.1 - around.0 < straight.1 - straight.0 { around } else { straight };
        let longitude = west + (east - west) / 2.0;
        let longitude = if longitude > HALF_TURN { longitude - 2.0 * HALF_TURN } else { longitude };
        Some(Place { latitude: south + (north - south) / 2.0, longitude })
    }

    fn include_geometry(&mut self, geometry: &Value) {
        self.include_positions(&geometry["coordinates"]);
        for part in geometry["geometries"].as_array().into_iter().flatten() {
            self.include_geometry(part);
        }
    }

    /// Includes a position, or lists of them in any depth.
    fn include_positions(&mut self, coordinates: &Value) {
        let Some(list) = coordinates.as_array() else { return };
        let [Some(longitude), Some(latitude), ..] = list.iter().map(Value::as_f64).collect::<Vec<_>>()[..] else {
            return list.iter().for_each(|inner| self.include_positions(inner));
        };
        if (-90.0..=90.0).contains(&latitude) && (-HALF_TURN..=HALF_TURN).contains(&longitude) {
            self.latitudes.include(latitude, latitude);
            self.from_minus_180.include(longitude, longitude);
            let turned = if longitude < 0.0 { longitude + 2.0 * HALF_TURN } else { longitude };
            self.from_0.include(turned, turned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn middle(text: &str) -> Option<(f64, f64)> {
        Bounds::of_geojson(text).middle().map(|place| (place.latitude, place.longitude))
    }

    #[test]
    fn the_middle_of_the_box_of_any_geometry() {
        assert_eq!(middle(r#"{"type": "Point", "coordinates": [144.5, -37.25, 20]}"#), Some((-37.25, 144.5)));
        let polygon =
            r#"{"type": "Polygon", "coordinates": [[[1,10],[3,10],[3,14],[1,10]], [[2,11],[2,12],[2.5,12],[2,11]]]}"#;
        assert_eq!(middle(polygon), Some((12.0, 2.0)));
        let parts = r#"{"type": "GeometryCollection", "geometries": [
            {"type": "Point", "coordinates": [-6, 53]},
            {"type": "MultiPoint", "coordinates": [[-7, 54], [-6.5, 53.5]]}]}"#;
        assert_eq!(middle(parts), Some((53.5, -6.5)));
    }

    #[test]
    fn across_the_antimeridian_the_short_way_counts() {
        let line = |coordinates| middle(&format!(r#"{{"type": "LineString", "coordinates": {coordinates}}}"#));
        assert_eq!(line("[[179, -16], [-178, -18]]"), Some((-17.0, -179.5)));
        assert_eq!(line("[[178, -16], [-179, -18]]"), Some((-17.0, 179.5)));
        assert_eq!(line("[[-80, 10], [80, 12]]"), Some((11.0, 0.0)));
    }

    #[test]
    fn the_last_version_of_a_space_counts() {
        let point = |longitude| format!(r#"{{"type": "Point", "coordinates": [{longitude}, 10]}}"#);
        let mut places = Places::new([("a", point(4).as_str()), ("b", "")]);
        let longitude = |places: &Places, id| places.of(id).map(|place| place.longitude);
        assert_eq!((longitude(&places, "a"), longitude(&places, "b")), (Some(4.0), Some(4.0)));
        places.learn("a", &point(8));
        assert_eq!((longitude(&places, "a"), longitude(&places, "unknown")), (Some(8.0), Some(6.0)));
        places.learn("a", "");
        assert_eq!(longitude(&places, "a"), Some(6.0));
        assert!(Places::new([("b", "")]).is_empty() && !places.is_empty());
    }

    #[test]
    fn what_is_no_outline_has_no_middle() {
        for text in ["", "7", "{}", "[[1, 2]", r#"{"coordinates": []}"#, r#"{"coordinates": [500, 91]}"#] {
            assert_eq!(middle(text), None, "{text}");
        }
    }
}
