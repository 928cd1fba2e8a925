//! Plots: estimates with their intervals, counts over time. Drawn by kuva.
//!
//! Every plot has words beside it that say the same; colours differ in lightness too, so that a print in grey stays readable.

use crate::wording::Wording;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kuva::plot::annotations::ReferenceLine;
use kuva::plot::{BandPlot, BarPlot, ForestPlot, ForestRow, LinePlot, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use std::sync::Arc;

/// Colour of lines and texts.
pub(crate) const INK: &str = "#1a1d21";
const MARK: &str = "#0b5cad";
const ASIDE: &str = "#b8600b";
const FONT: &str = "system-ui, 'DejaVu Sans', sans-serif";
const WIDTH: f64 = 760.0;
const ROW_HEIGHT: f64 = 26.0;
const FRAME_HEIGHT: f64 = 110.0;
/// More rows than this do not fit a page.
pub const ROWS_MAX: usize = 30;

/// An estimate with its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// What it is about.
    pub label: String,
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What an axis shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Numbers with so many decimals.
    Number(usize),
    /// Shares, 0 to 1, written in percent.
    Percent,
}

/// Estimates below one another, with their intervals and a line where nothing would be the matter.
#[must_use]
pub fn intervals(wording: &Wording, axis: &str, scale: Scale, estimates: &[Estimate], neutral: Option<f64>) -> String {
    let mut forest = ForestPlot::new().with_color(MARK);
    forest.show_null_line = neutral.is_some();
    forest.null_value = neutral;
    forest.cap_size = 4.0;
    for estimate in estimates.iter().take(ROWS_MAX) {
        forest.rows.push(ForestRow::new(label(&estimate.label), estimate.value, estimate.low, estimate.high));
    }
    let plots = vec![Plot::Forest(forest)];
    let rows = estimates.len().min(ROWS_MAX) as f64;
    let layout = Layout::auto_from_plots(&plots)
        .with_width(WIDTH)
        .with_height(FRAME_HEIGHT + rows * ROW_HEIGHT)
        .with_x_label(label(axis))
        .with_x_tick_format(ticks(wording, scale));
    drawn(plots, layout)
}

/// Counts of consecutive spans, parts of each stacked; the first part stands at the bottom.
#[must_use]
pub fn stacked(wording: &Wording, axis: &str, parts: &[(&str, &str)], spans: &[(String, Vec<u64>)]) -> String {
    let mut bars = BarPlot::new().with_stacked().with_legend(parts.iter().map(|(name, _)| *name).collect());
    for (span, counts) in spans {
        let coloured = counts.iter().zip(parts).map(|(count, (_, colour))| (*count as f64, (*colour).to_owned()));
        bars = bars.with_group(label(span), coloured);
    }
    let plots = vec![Plot::Bar(bars)];
    let most = spans.iter().map(|(_, counts)| counts.iter().sum::<u64>()).max().unwrap_or(0);
    let layout = Layout::auto_from_plots(&plots)
        .with_width(WIDTH)
        .with_height(300.0)
        .with_y_tick_step(most.div_ceil(5).max(1) as f64)
        .with_y_label(label(axis))
        .with_x_tick_rotate(if spans.len() > 12 { -45.0 } else { 0.0 })
        .with_y_tick_format(ticks(wording, Scale::Number(0)));
    drawn(plots, layout)
}

/// A series that a measure interrupted; the first part of each pair is a day since 1970.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interrupted {
    /// What was counted.
    pub observed: Vec<(f64, f64)>,
    /// What the model expects before the measure.
    pub before: Vec<(f64, f64)>,
    /// What it expects from the measure on.
    pub after: Vec<(f64, f64)>,
    /// What it would have expected without, with lower and upper limits.
    pub without: Vec<(f64, f64, f64, f64)>,
    /// First day of the measure.
    pub start: f64,
}

/// Counts over time, the line fitted to them, and beside it the line as it would have gone on without the measure.
#[must_use]
pub fn interrupted(wording: &Wording, axis: &str, series: &Interrupted) -> String {
    let without = |of: fn(&(f64, f64, f64, f64)) -> f64| series.without.iter().map(of).collect::<Vec<f64>>();
    let band = BandPlot::new(without(|point| point.0), without(|point| point.2), without(|point| point.3));
    let line =
        |points: &[(f64, f64)]| LinePlot::new().with_data(points.to_vec()).with_color(MARK).with_stroke_width(2.5);
    let counterfactual = LinePlot::new()
        .with_data(series.without.iter().map(|point| (point.0, point.1)))
        .with_color(ASIDE)
        .with_dashed();
    let observed = ScatterPlot::new().with_data(series.observed.clone()).with_color(INK).with_size(3.0);
    let plots = vec![
        Plot::Band(band.with_color(ASIDE).with_opacity(0.22)),
        Plot::Line(counterfactual),
        Plot::Line(line(&series.before)),
        Plot::Line(line(&series.after)),
        Plot::Scatter(observed),
    ];
    let days = series.observed.last().zip(series.observed.first()).map_or(0.0, |(last, first)| last.0 - first.0);
    let layout = Layout::auto_from_plots(&plots)
        .with_width(WIDTH)
        .with_height(320.0)
        .with_y_axis_min(0.0)
        .with_x_tick_step(months_apart(days))
        .with_x_tick_format(TickFormat::Custom(Arc::new(month)))
        .with_y_tick_format(ticks(wording, Scale::Number(0)))
        .with_y_label(label(axis))
        .with_reference_line(measure_line(series.start));
    drawn(plots, layout)
}

/// A line that is not dashed, as the counterfactual is.
fn measure_line(day: f64) -> ReferenceLine {
    let mut line = ReferenceLine::vertical(day).with_color(INK).with_stroke_width(1.5);
    line.dasharray = "none".to_owned();
    line
}

/// Days between the marks of an axis: a quarter, half a year or years, so that there are a dozen at most.
fn months_apart(days: f64) -> f64 {
    const YEAR: f64 = 365.25;
    let years = days / YEAR;
    if years <= 3.0 {
        YEAR / 4.0
    } else if years <= 6.0 {
        YEAR / 2.0
    } else {
        YEAR * (years / 12.0).ceil()
    }
}

/// The month of a day since 1970: `2025-07`. Marks lie a day or two off its first.
fn month(day: f64) -> String {
    let noon_s = ((day + 5.0) * 86_400.0) as i64;
    let date = Timestamp::from_second(noon_s).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    format!("{:04}-{:02}", date.year(), date.month())
}

fn ticks(wording: &Wording, scale: Scale) -> TickFormat {
    let wording = wording.clone();
    TickFormat::Custom(Arc::new(move |value| match scale {
        Scale::Number(decimals) => wording.number(value, decimals),
        Scale::Percent => wording.percent(value, 0),
    }))
}

/// A text in which nothing is read as a formula.
fn label(text: &str) -> String {
    text.replace('$', "\\$")
}

/// The drawing, which keeps its proportions at every width.
fn drawn(plots: Vec<Plot>, layout: Layout) -> String {
    let svg = numbered_anew(&kuva::render_to_svg(plots, layout.with_font_family(FONT)));
    let size = |name: &str| svg.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(size, _)| size.to_owned());
    let (Some(width), Some(height)) = (size("width"), size("height")) else {
        return svg;
    };
    svg.replacen("<svg ", &format!("<svg viewBox=\"0 0 {width} {height}\" "), 1)
}

/// kuva numbers the clips of a process on; the same drawing has to be the same text whatever was drawn before it.
fn numbered_anew(svg: &str) -> String {
    const CLIP: &str = "kuva-clip-";
    let mut parts = svg.split(CLIP);
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        let (number, rest) = part.split_at(part.bytes().take_while(u8::is_ascii_digit).count());
        let place = seen.iter().position(|other| *other == number).unwrap_or_else(|| {
            seen.push(number);
            seen.len() - 1
        });
        text.push_str(&format!("{CLIP}{place}{rest}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn the_same_drawing_is_the_same_text() {
        let wording = Wording { language: Language::English, zone: TimeZone::UTC };
        let one = [Estimate { label: "A $1 shop & <b>".to_owned(), value: 0.3, low: 0.2, high: 0.4 }];
        let draw = || intervals(&wording, "share", Scale::Percent, &one, None);
        let first = draw();
        assert_eq!(first, draw());
        assert!(first.contains("kuva-clip-0") && first.contains("$1 shop &amp; &lt;b&gt;"), "{first}");
    }

    #[test]
    fn marks_of_a_year_are_a_quarter_apart_and_named_by_their_month() {
        let step = months_apart(700.0);
        let marks: Vec<String> = (220..225).map(|quarter| month(f64::from(quarter) * step)).collect();
        assert_eq!(marks, ["2025-01", "2025-04", "2025-07", "2025-10", "2026-01"]);
        assert!(months_apart(2_000.0) < months_apart(4_000.0));
    }
}
