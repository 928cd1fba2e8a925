//! Geometries of spaces: read from GeoJSON and checked, in degrees of WGS 84.

use geo::{CoordsIter, Geometry, LineString, Polygon};
use geojson::Geometry as JsonGeometry;

/// Fewest positions of a closed ring (RFC 7946, 3.1.6).
const RING_POSITIONS_MIN: usize = 4;

/// Why a text is not the geometry of a space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// Not a GeoJSON geometry.
    #[error("not a GeoJSON geometry: {0}")]
    Malformed(String),
    /// It has no position, or a ring that encloses nothing.
    #[error("the geometry is empty, or has a ring of fewer than four positions")]
    Empty,
    /// A latitude that is none, next to a number that could be one.
    #[error(
        "latitude {latitude} is beyond 90 degrees; a GeoJSON position is [longitude, latitude]: are the two swapped?"
    )]
    Swapped {
        /// What stands where the latitude should.
        latitude: String,
    },
    /// A position outside the world.
    #[error("position [{longitude}, {latitude}] is outside the world; expected [longitude, latitude] in degrees")]
    OutsideWorld {
        /// First number.
        longitude: String,
        /// Second number.
        latitude: String,
    },
}

/// Reads and checks the GeoJSON text of a geometry.
///
/// # Errors
/// [`GeometryError`] names the first thing wrong with it.
pub fn parse_geometry(text: &str) -> Result<Geometry<f64>, GeometryError> {
    let malformed = |error: &dyn std::fmt::Display| GeometryError::Malformed(error.to_string());
    let json: JsonGeometry = text.parse().map_err(|error| malformed(&error))?;
    let geometry = Geometry::<f64>::try_from(&json.value).map_err(|error| malformed(&error))?;
    if geometry.coords_count() == 0 || !rings_enclose(&geometry) {
        return Err(GeometryError::Empty);
    }
    geometry.coords_iter().try_for_each(|position| check_position(position.y, position.x))?;
    Ok(geometry)
}

/// Checks a position in degrees.
///
/// # Errors
/// [`GeometryError::Swapped`] or [`GeometryError::OutsideWorld`].
pub fn check_position(latitude: f64, longitude: f64) -> Result<(), GeometryError> {
    let is_latitude = |degrees: f64| (-90.0..=90.0).contains(&degrees);
    let is_longitude = |degrees: f64| (-180.0..=180.0).contains(&degrees);
    if is_latitude(latitude) && is_longitude(longitude) {
        Ok(())
    } else if is_latitude(longitude) && is_longitude(latitude) {
        Err(GeometryError::Swapped { latitude: latitude.to_string() })
    } else {
        Err(GeometryError::OutsideWorld { longitude: longitude.to_string(), latitude: latitude.to_string() })
    }
}

fn rings_enclose(geometry: &Geometry<f64>) -> bool {
    let ring_encloses = |ring: &LineString<f64>| ring.0.len() >= RING_POSITIONS_MIN;
    let polygon_encloses =
        |polygon: &Polygon<f64>| ring_encloses(polygon.exterior()) && polygon.interiors().iter().all(ring_encloses);
    match geometry {
        Geometry::Polygon(polygon) => polygon_encloses(polygon),
        Geometry::MultiPolygon(polygons) => polygons.iter().all(polygon_encloses),
        Geometry::GeometryCollection(parts) => parts.iter().all(rings_enclose),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_and_impossible_positions_are_told_apart() {
        let point = |position: &str| parse_geometry(&format!(r#"{{"type":"Point","coordinates":{position}}}"#));
        assert!(point("[144.97, -37.82]").is_ok());
        assert_eq!(point("[-37.82, 144.97]"), Err(GeometryError::Swapped { latitude: "144.97".into() }));
        assert!(matches!(point("[500, 500]"), Err(GeometryError::OutsideWorld { .. })));
        assert!(matches!(point("[144.97]"), Err(GeometryError::Malformed(_))));
        assert!(matches!(point("7"), Err(GeometryError::Malformed(_))));
    }

    #[test]
    fn a_polygon_encloses_something() {
        let polygon = |rings: &str| parse_geometry(&format!(r#"{{"type":"Polygon","coordinates":{rings}}}"#));
        assert!(polygon("[[[0,0],[1,0],[1,1],[0,0]]]").is_ok());
        assert_eq!(polygon("[]"), Err(GeometryError::Empty));
        assert_eq!(polygon("[[[0,0],[1,0]]]"), Err(GeometryError::Empty));
    }
}
