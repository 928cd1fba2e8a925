//! Geometries of spaces as history keeps them: GeoJSON, longitude before latitude (RFC 7946).

use serde_json::Value;

/// A place on the map, degrees.
pub(crate) type Place = (f64, f64);
/// Metres of a degree of latitude.
pub(crate) const METRES_PER_DEGREE: f64 = 111_320.0;

/// What is drawn of a space.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A place.
    Point(Place),
    /// Rings of areas, outer and inner alike.
    Area(Vec<Vec<Place>>),
    /// Lines.
    Line(Vec<Vec<Place>>),
}

impl Shape {
    /// The shape of a GeoJSON geometry; `None` when there is none, or none that can be drawn.
    pub(crate) fn of(geometry: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(geometry).ok()?;
        let coordinates = json.get("coordinates")?;
        match json.get("type")?.as_str()? {
            "Point" => Some(Self::Point(place(coordinates)?)),
            "LineString" => Some(Self::Line(vec![places(coordinates)?])),
            "MultiLineString" => Some(Self::Line(lists(coordinates)?)),
            "Polygon" => Some(Self::Area(lists(coordinates)?)),
            "MultiPolygon" => {
                let rings = coordinates.as_array()?.iter().map(lists).collect::<Option<Vec<_>>>()?;
                Some(Self::Area(rings.concat()))
            }
            _ => None,
        }
    }

    /// Every place of it.
    pub(crate) fn places(&self) -> Box<dyn Iterator<Item = Place> + '_> {
        match self {
            Self::Point(place) => Box::new(std::iter::once(*place)),
            Self::Area(lists) | Self::Line(lists) => Box::new(lists.iter().flatten().copied()),
        }
    }

    /// Metres from its edge to that of another, 0 where one lies in the other. Right within a city.
    pub(crate) fn distance_m(&self, other: &Self) -> f64 {
        let holds = |one: &Self, other: &Self| other.places().next().is_some_and(|place| one.contains(place));
        if holds(self, other) || holds(other, self) {
            return 0.0;
        }
        let nearest =
            |from: &Self, to: &Self| from.places().map(|place| to.nearest_m(place)).fold(f64::INFINITY, f64::min);
        nearest(self, other).min(nearest(other, self))
    }

    /// Whether a place lies in its area: a ray from it meets the rings an odd number of times.
    fn contains(&self, (east, north): Place) -> bool {
        let Self::Area(rings) = self else { return false };
        let sides = rings.iter().flat_map(|ring| ring.windows(2));
        let met = sides.filter(|side| {
            let ((east_a, north_a), (east_b, north_b)) = (side[0], side[1]);
            (north_a > north) != (north_b > north)
                && east < east_a + (north - north_a) / (north_b - north_a) * (east_b - east_a)
        });
        met.count() % 2 == 1
    }

    /// Metres from a place to the nearest of its places, corners and sides alike.
    fn nearest_m(&self, from: Place) -> f64 {
        let sides: Box<dyn Iterator<Item = (Place, Place)> + '_> = match self {
            Self::Point(place) => Box::new(std::iter::once((*place, *place))),
            Self::Area(lists) | Self::Line(lists) => {
                Box::new(lists.iter().flat_map(|list| list.windows(2)).map(|side| (side[0], side[1])))
            }
        };
        let metres = |(east, north): Place| {
            let shortening = from.1.to_radians().cos();
            ((east - from.0) * shortening * METRES_PER_DEGREE, (north - from.1) * METRES_PER_DEGREE)
        };
        sides.map(|(a, b)| from_origin(metres(a), metres(b))).fold(f64::INFINITY, f64::min)
    }

    /// Where a mark for it stands: the middle of what it covers.
    pub(crate) fn middle(&self) -> Option<Place> {
        let bounds = Bounds::around(self.places())?;
        Some(((bounds.west + bounds.east) / 2.0, (bounds.south + bounds.north) / 2.0))
    }
}

/// What a set of places covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) west: f64,
    pub(crate) east: f64,
    pub(crate) south: f64,
    pub(crate) north: f64,
}

impl Bounds {
    /// The smallest bounds around the places; `None` without any.
    pub(crate) fn around(places: impl Iterator<Item = Place>) -> Option<Self> {
        places.fold(None, |bounds, (east, north)| {
            let bounds = bounds.unwrap_or(Self { west: east, east, south: north, north });
            Some(Self {
                west: bounds.west.min(east),
                east: bounds.east.max(east),
                south: bounds.south.min(north),
                north: bounds.north.max(north),
            })
        })
    }
}

/// How far the origin lies from the side between two places.
fn from_origin((ax, ay): (f64, f64), (bx, by): (f64, f64)) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (ax + along * dx).hypot(ay + along * dy)
}

fn place(json: &Value) -> Option<Place> {
    let [east, north, ..] = json.as_array()?.as_slice() else { return None };
    let (east, north) = (east.as_f64()?, north.as_f64()?);
    (east.abs() <= 180.0 && north.abs() <= 90.0).then_some((east, north))
}

fn places(json: &Value) -> Option<Vec<Place>> {
    json.as_array()?.iter().map(place).collect()
}

fn lists(json: &Value) -> Option<Vec<Vec<Place>>> {
    json.as_array()?.iter().map(places).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_between_edges() {
        let square = |west: f64, south: f64| {
            let (east, north) = (west + 0.001, south + 0.001);
            Shape::Area(vec![vec![(west, south), (east, south), (east, north), (west, north), (west, south)]])
        };
        let distance = |one: &Shape, other: &Shape| {
            let both = (one.distance_m(other), other.distance_m(one));
            assert!((both.0 - both.1).abs() < 1e-3, "{both:?}");
            both.0.round()
        };
        assert_eq!(distance(&square(0.0, 0.0), &square(0.002, 0.0)), 111.0);
        assert_eq!(distance(&square(0.0, 0.0), &square(0.002, 0.002)), 157.0);
        assert_eq!(distance(&square(0.0, 0.0), &Shape::Point((0.0005, 0.0005))), 0.0);
        assert_eq!(distance(&square(0.0, 0.0), &Shape::Point((0.0005, 0.002))), 111.0);
        // At 60 degrees a degree of longitude is half as long.
        assert_eq!(distance(&Shape::Point((0.0, 60.0)), &Shape::Point((0.002, 60.0))), 111.0);
        let road = Shape::Line(vec![vec![(-0.01, 0.003), (0.01, 0.003)]]);
        assert_eq!(distance(&square(0.0, 0.0), &road), 223.0);
    }

    #[test]
    fn shapes_are_read_and_nothing_else() {
        let point = Shape::of(r#"{"type":"Point","coordinates":[144.96,-37.81]}"#).unwrap();
        assert_eq!(point.middle(), Some((144.96, -37.81)));
        let area = Shape::of(r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[4,0],[4,2],[0,0]]]]}"#).unwrap();
        assert_eq!(area.middle(), Some((2.0, 1.0)));
        for wrong in
            ["", "{}", "null", r#"{"type":"Point","coordinates":[200,0]}"#, r#"{"type":"Point","coordinates":["a",0]}"#]
        {
            assert_eq!(Shape::of(wrong), None, "{wrong}");
        }
    }
}
