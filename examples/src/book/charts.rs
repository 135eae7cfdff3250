//! The charts of several chapters.

use backprop::trainer::Epoch;
use backprop_plot::{Axis, LineChart, Scale, Series};

/// A line chart as a file.
pub(super) fn lines(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> String {
    let chart = LineChart {
        title: title.into(),
        x,
        y,
        series,
        mark: None,
    };
    chart.figure().to_svg()
}

/// A chart of something over epochs.
pub(super) fn over_epochs(title: &str, y: &str, scale: Scale, series: Vec<Series>) -> String {
    lines(
        title,
        Axis::new("epoch", Scale::Whole),
        Axis::new(y, scale),
        series,
    )
}

/// One line of a chart: a figure of each epoch.
pub(super) fn by_epoch(name: &str, epochs: &[Epoch], value: impl Fn(&Epoch) -> f64) -> Series {
    Series::by_epoch(name, &epochs.iter().map(value).collect::<Vec<_>>())
}
