//! The plot of how an evaluation grows with endpoints and with the size of the request.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

/// What one size took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// The size: endpoints, or kilobytes.
    pub(crate) size: usize,
    /// What the policy that does nothing took.
    pub(crate) noop: Duration,
    /// What the policy took.
    pub(crate) policy: Duration,
}

/// Draws both plots side by side into an SVG file.
///
/// # Errors
///
/// If the file cannot be written.
pub(crate) fn draw(file: &Path, by_endpoints: &[Point], by_size: &[Point]) -> Result<()> {
    let area = SVGBackend::new(file, (960, 400)).into_drawing_area();
    let failed = |error: DrawingAreaErrorKind<_>| anyhow!("{}: {error}", file.display());
    area.fill(&WHITE).map_err(failed)?;
    let (left, right) = area.split_horizontally(480);
    panel(
        &left,
        "ServiceMonitor, a regex for each endpoint",
        "endpoints",
        by_endpoints,
    )
    .map_err(failed)?;
    panel(&right, "PrometheusRule", "KB", by_size).map_err(failed)?;
    area.present().map_err(failed)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Failure<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

fn panel<'a>(
    area: &Area<'a>,
    title: &str,
    unit: &str,
    points: &[Point],
) -> Result<(), Failure<'a>> {
    let largest = points.iter().map(|point| point.size).max().unwrap_or(1);
    let longest = points
        .iter()
        .map(|point| millis(point.policy))
        .fold(0.0, f64::max)
        * 1.1;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(0..largest, 0.0..longest)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc(unit)
        .y_desc("ms")
        .label_style(("sans-serif", 13))
        .draw()?;
    let line = |value: fn(&Point) -> Duration| -> Vec<(usize, f64)> {
        let point = |point: &Point| (point.size, millis(value(point)));
        points.iter().map(point).collect()
    };
    for (name, colour, line) in [
        (
            "this policy",
            RGBColor(200, 60, 30),
            line(|point| point.policy),
        ),
        ("no-op", RGBColor(60, 60, 60), line(|point| point.noop)),
    ] {
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(2)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 13))
        .draw()?;
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
