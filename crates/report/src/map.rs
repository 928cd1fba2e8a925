//! Maps of spaces: a mark for each, its size or colour saying how much, and another mark where nothing is known.
//!
//! Drawn without a background map, so that the file stays whole by itself: outlines of areas, a scale bar, north above. Longitudes
//! are shortened by the cosine of the middle latitude, which is right within a city.

use crate::geometry::{Bounds, METRES_PER_DEGREE, Place, Shape};
use crate::markup::Markup;
use crate::plots::INK;

const WIDTH: f64 = 760.0;
const HEIGHT_MAX: f64 = 560.0;
const MARGIN: f64 = 36.0;
const LEGEND_HEIGHT: f64 = 34.0;
const RADIUS_MAX: f64 = 22.0;
const RADIUS_MIN: f64 = 2.5;
/// Spaces named on the map; more would cover one another.
const NAMED: usize = 12;
const GROUND: &str = "#eef1f4";
const OUTLINE: &str = "#aab3bd";

/// A space on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Name of the space.
    pub name: String,
    /// Its geometry as GeoJSON.
    pub geometry: String,
    /// How much; `None` where it is not known.
    pub amount: Option<f64>,
    /// Colour of the mark.
    pub colour: &'static str,
}

/// Words on a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapWords {
    /// What the size of a mark says.
    pub amount: String,
    /// What the mark without an amount says.
    pub unknown: String,
}

/// The map; `None` when no space has a geometry.
#[must_use]
pub fn map(marks: &[Mark], words: &MapWords) -> Option<String> {
    let shapes: Vec<(&Mark, Shape)> =
        marks.iter().filter_map(|mark| Some((mark, Shape::of(&mark.geometry)?))).collect();
    let sheet = Sheet::over(Bounds::around(shapes.iter().flat_map(|(_, shape)| shape.places()))?);
    let height = sheet.height + LEGEND_HEIGHT;
    let mut out = Markup::default();
    let font = "font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"11\"";
    out.open(
        "svg",
        &format!("xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" {font}"),
    );
    for (_, shape) in &shapes {
        outline(&mut out, &sheet, shape);
    }
    let most = marks.iter().filter_map(|mark| mark.amount).fold(0.0, f64::max);
    let mut placed: Vec<(&Mark, Place)> =
        shapes.iter().filter_map(|(mark, shape)| Some((*mark, sheet.at(shape.middle()?)))).collect();
    placed.sort_by(|(a, _), (b, _)| {
        b.amount.unwrap_or(-1.0).total_cmp(&a.amount.unwrap_or(-1.0)).then(a.name.cmp(&b.name))
    });
    for (mark, at) in &placed {
        draw(&mut out, mark, *at, most);
    }
    let mut names: Vec<Place> = Vec::new();
    for (mark, at) in placed.iter().filter(|(mark, _)| mark.amount.is_some_and(|amount| amount > 0.0)) {
        name(&mut out, &mut names, mark, *at, most);
    }
    legend(&mut out, &sheet, words);
    out.close("svg");
    Some(out.into_html())
}

/// How degrees become pixels.
struct Sheet {
    bounds: Bounds,
    /// Pixels of a degree of latitude.
    scale: f64,
    /// What a degree of longitude is in degrees of latitude.
    shortening: f64,
    height: f64,
}

impl Sheet {
    fn over(bounds: Bounds) -> Self {
        let shortening = ((bounds.south + bounds.north) / 2.0).to_radians().cos().max(0.01);
        // A single place gets the surroundings of a kilometre.
        let least = 1_000.0 / METRES_PER_DEGREE;
        let (wide, high) =
            (((bounds.east - bounds.west) * shortening).max(least), (bounds.north - bounds.south).max(least));
        let scale = ((WIDTH - 2.0 * MARGIN) / wide).min((HEIGHT_MAX - 2.0 * MARGIN) / high);
        Self { bounds, scale, shortening, height: high * scale + 2.0 * MARGIN }
    }

    fn at(&self, (east, north): Place) -> Place {
        let wide = (self.bounds.east - self.bounds.west) * self.shortening * self.scale;
        let left = (WIDTH - wide) / 2.0;
        let x = left + (east - self.bounds.west) * self.shortening * self.scale;
        let y = MARGIN + (self.bounds.north - north) * self.scale;
        (x, y)
    }
}

fn outline(out: &mut Markup, sheet: &Sheet, shape: &Shape) {
    let (lists, fill) = match shape {
        Shape::Point(_) => return,
        Shape::Area(rings) => (rings, GROUND),
        Shape::Line(lines) => (lines, "none"),
    };
    let mut path = String::new();
    for list in lists {
        for (number, place) in list.iter().enumerate() {
            let (x, y) = sheet.at(*place);
            path.push_str(&format!("{}{x:.1} {y:.1}", if number == 0 { 'M' } else { 'L' }));
        }
    }
    out.open(
        "path",
        &format!("d=\"{path}\" fill=\"{fill}\" stroke=\"{OUTLINE}\" stroke-width=\"0.8\" fill-rule=\"evenodd\"/"),
    );
}

fn radius(amount: f64, most: f64) -> f64 {
    if most > 0.0 { (RADIUS_MAX * (amount / most).sqrt()).max(RADIUS_MIN) } else { RADIUS_MIN }
}

fn draw(out: &mut Markup, mark: &Mark, (x, y): Place, most: f64) {
    let look = match mark.amount {
        Some(0.0) => format!("r=\"{RADIUS_MIN}\" fill=\"#ffffff\" stroke=\"{INK}\" stroke-width=\"1\""),
        Some(amount) => {
            let (radius, colour) = (radius(amount, most), mark.colour);
            format!("r=\"{radius:.1}\" fill=\"{colour}\" fill-opacity=\"0.65\" stroke=\"{colour}\" stroke-width=\"1\"")
        }
        None => format!("r=\"4\" fill=\"none\" stroke=\"{INK}\" stroke-width=\"1\" stroke-dasharray=\"2 2\""),
    };
    out.open("circle", &format!("cx=\"{x:.1}\" cy=\"{y:.1}\" {look}/"));
}

/// Names a mark, unless another name stands there.
fn name(out: &mut Markup, names: &mut Vec<Place>, mark: &Mark, (x, y): Place, most: f64) {
    let beside = x + mark.amount.map_or(RADIUS_MIN, |amount| radius(amount, most)) + 3.0;
    let free = names.iter().all(|(other_x, other_y)| (other_y - y).abs() > 13.0 || (other_x - beside).abs() > 150.0);
    if names.len() < NAMED && free {
        names.push((beside, y));
        let (anchor, at) = if beside > WIDTH - 150.0 { ("end", x - (beside - x)) } else { ("start", beside) };
        let look = format!("x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{INK}\"", y + 4.0);
        out.element("text", &look, &mark.name);
    }
}

fn legend(out: &mut Markup, sheet: &Sheet, words: &MapWords) {
    let y = sheet.height + 16.0;
    out.open(
        "circle",
        &format!("cx=\"{MARGIN}\" cy=\"{:.1}\" r=\"7\" fill=\"#8a929c\" fill-opacity=\"0.65\"/", y - 4.0),
    );
    out.element("text", &format!("x=\"{}\" y=\"{y:.1}\" fill=\"{INK}\"", MARGIN + 12.0), &words.amount);
    let dashed =
        format!("cx=\"300\" cy=\"{:.1}\" r=\"4\" fill=\"none\" stroke=\"{INK}\" stroke-dasharray=\"2 2\"/", y - 4.0);
    out.open("circle", &dashed);
    out.element("text", &format!("x=\"310\" y=\"{y:.1}\" fill=\"{INK}\""), &words.unknown);
    let metres = bar_metres(sheet.scale);
    let (long, right) = (metres / METRES_PER_DEGREE * sheet.scale, WIDTH - MARGIN);
    let bar = format!(
        "x1=\"{:.1}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{INK}\" stroke-width=\"2\"/",
        right - long
    );
    out.open("line", &bar);
    let text = if metres >= 1_000.0 { format!("{} km ↑ N", metres / 1_000.0) } else { format!("{metres} m ↑ N") };
    out.element("text", &format!("x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{INK}\"", y - 5.0), &text);
}

/// A round number of metres that makes a bar of at most a fifth of the width.
fn bar_metres(scale: f64) -> f64 {
    let most = WIDTH / 5.0 / scale * METRES_PER_DEGREE;
    let decade = 10_f64.powf(most.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|step| step * decade).find(|metres| *metres <= most).unwrap_or(decade)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(name: &str, geometry: &str, amount: Option<f64>) -> Mark {
        Mark { name: name.to_owned(), geometry: geometry.to_owned(), amount, colour: "#0b5cad" }
    }

    #[test]
    fn every_space_with_a_geometry_is_drawn_and_names_are_escaped() {
        let marks = [
            mark("A <b>", r#"{"type":"Point","coordinates":[144.96,-37.81]}"#, Some(4.0)),
            mark(
                "B",
                r#"{"type":"Polygon","coordinates":[[[144.9,-37.8],[144.91,-37.8],[144.9,-37.79],[144.9,-37.8]]]}"#,
                None,
            ),
            mark("C", "", Some(1.0)),
        ];
        let words = MapWords { amount: "alerts".to_owned(), unknown: "not known".to_owned() };
        let svg = map(&marks, &words).unwrap();
        assert_eq!(svg.matches("<circle").count(), 4, "two marks and two in the legend: {svg}");
        assert!(svg.contains("A &lt;b&gt;") && !svg.contains(">B<"));
        assert_eq!(map(&marks[2..], &words), None);
    }

    #[test]
    fn the_scale_bar_is_round() {
        for (metres_per_pixel, expected) in [(1.0, 100.0), (3.4, 500.0), (20.0, 2_000.0)] {
            assert_eq!(bar_metres(METRES_PER_DEGREE / metres_per_pixel), expected);
        }
    }
}
