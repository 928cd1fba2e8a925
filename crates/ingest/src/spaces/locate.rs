//! From a position to a space: the polygon that contains it, else the nearest space within a distance.
//!
//! Where polygons overlap, as a square inside a park, the smallest wins. Distances are measured on a plane that touches
//! the globe at the position, which is exact to a fraction of a percent over the few hundred metres that matter here.
//! A space across the 180th meridian is not found from the other side of it.
//!
//! Cost: one comparison of four numbers per space, and exact geometry only for spaces whose bounding box is near.

use geo::{Area, BoundingRect, Contains, Distance, Euclidean, Geometry, MapCoords, Point, Rect, coord};
use std::sync::Arc;
use vigie_model::space::Space;

use crate::spaces::geometry::parse_geometry;

/// Metres in one degree of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// Finds spaces by position.
#[derive(Debug)]
pub struct Locator {
    places: Vec<Place>,
    nearest_m_max: f64,
}

#[derive(Debug)]
struct Place {
    space: Arc<str>,
    bounds: Rect<f64>,
    area: f64,
    geometry: Geometry<f64>,
}

impl Locator {
    /// A locator over the geometries of `spaces`. A position that no polygon contains belongs to the nearest space at
    /// most `nearest_m_max` metres away; 0 demands that a polygon contains it. Spaces without a geometry are not found.
    #[must_use]
    pub fn new(spaces: &[Space], nearest_m_max: f64) -> Self {
        let places = spaces.iter().filter_map(|space| Place::new(&space.id, parse_geometry(&space.geometry).ok()?));
        Self { places: places.collect(), nearest_m_max }
    }

    /// The space of a position; `None` when no polygon contains it and no space is near enough.
    #[must_use]
    pub fn locate(&self, latitude: f64, longitude: f64) -> Option<&Arc<str>> {
        let position = Point::new(longitude, latitude);
        self.containing(position).or_else(|| self.nearest(position))
    }

    fn containing(&self, position: Point<f64>) -> Option<&Arc<str>> {
        self.places
            .iter()
            .filter(|place| place.area > 0.0 && place.geometry.contains(&position))
            .min_by(|a, b| a.area.total_cmp(&b.area).then_with(|| a.space.cmp(&b.space)))
            .map(|place| &place.space)
    }

    fn nearest(&self, position: Point<f64>) -> Option<&Arc<str>> {
        let metres_per_degree_east = METRES_PER_DEGREE * position.y().to_radians().cos();
        let margin_north = self.nearest_m_max / METRES_PER_DEGREE;
        let margin_east = self.nearest_m_max / metres_per_degree_east.max(1.0);
        let on_plane = |degrees: geo::Coord<f64>| {
            coord! { x: (degrees.x - position.x()) * metres_per_degree_east, y: (degrees.y - position.y()) * METRES_PER_DEGREE }
        };
        self.places
            .iter()
            .filter(|place| place.is_within(position, margin_east, margin_north))
            .map(|place| {
                (Euclidean.distance(&Point::new(0.0, 0.0), &place.geometry.map_coords(on_plane)), &place.space)
            })
            .filter(|(distance_m, _)| *distance_m <= self.nearest_m_max)
            .min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)))
            .map(|(_, space)| space)
    }
}

impl Place {
    fn new(space: &Arc<str>, geometry: Geometry<f64>) -> Option<Self> {
        let bounds = geometry.bounding_rect()?;
        Some(Self { space: Arc::clone(space), bounds, area: geometry.unsigned_area(), geometry })
    }

    fn is_within(&self, position: Point<f64>, margin_east: f64, margin_north: f64) -> bool {
        let (low, high) = (self.bounds.min(), self.bounds.max());
        (low.x - margin_east..=high.x + margin_east).contains(&position.x())
            && (low.y - margin_north..=high.y + margin_north).contains(&position.y())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(id: &str, geometry: &str) -> Space {
        Space { geometry: geometry.into(), ..Space::registered(id) }
    }

    fn square(id: &str, west: f64, south: f64, side: f64) -> Space {
        let (east, north) = (west + side, south + side);
        let ring = format!("[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]");
        space(id, &format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#))
    }

    fn city(nearest_m_max: f64) -> Locator {
        let pole = space("counter", r#"{"type":"Point","coordinates":[144.980,-37.820]}"#);
        let nowhere = space("nowhere", "");
        Locator::new(
            &[square("park", 144.96, -37.83, 0.01), square("pond", 144.962, -37.828, 0.002), pole, nowhere],
            nearest_m_max,
        )
    }

    #[test]
    fn the_smallest_polygon_that_contains_it_wins() {
        assert_eq!(city(0.0).locate(-37.827, 144.963).map(AsRef::as_ref), Some("pond"));
        assert_eq!(city(0.0).locate(-37.821, 144.961).map(AsRef::as_ref), Some("park"));
        assert_eq!(city(0.0).locate(-37.820, 144.9801), None);
    }

    #[test]
    fn else_the_nearest_within_the_distance() {
        // 0.0005 degrees east of the counter are 44 m here; 0.001 degrees north 111 m.
        assert_eq!(city(50.0).locate(-37.820, 144.9805).map(AsRef::as_ref), Some("counter"));
        assert_eq!(city(40.0).locate(-37.820, 144.9805), None);
        assert_eq!(city(120.0).locate(-37.819, 144.980).map(AsRef::as_ref), Some("counter"));
        assert_eq!(city(100.0).locate(-37.819, 144.980), None);
        assert_eq!(city(100.0).locate(-37.825, 144.9705).map(AsRef::as_ref), Some("park"));
    }

    #[test]
    fn the_poles_and_nonsense_find_nothing() {
        for (latitude, longitude) in [(90.0, 0.0), (-90.0, 180.0), (f64::NAN, f64::NAN), (f64::INFINITY, 0.0)] {
            assert_eq!(city(1000.0).locate(latitude, longitude), None);
        }
    }
}
