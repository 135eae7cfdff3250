//! The parts that all charts with two axes share: title, legend, axes, grid.

use crate::axis::{Axis, Scale};
use crate::canvas::{Anchor, Canvas};
use crate::scaled_axis::{Margin, ScaledAxis};
use crate::text::{text_width, truncate};

/// The shape that stands for a series in a legend.
#[derive(Clone, Copy)]
pub(crate) enum LegendKey {
    Line,
    Dot,
    Area,
}

/// One entry of a legend: its key, the index of its colour, its name.
pub(crate) type LegendEntry<'a> = (LegendKey, usize, &'a str);

/// The quantity of an axis, the values that the axis must hold, and the room beyond them.
pub(crate) struct AxisInput<'a> {
    pub(crate) axis: &'a Axis,
    pub(crate) values: Vec<f64>,
    pub(crate) margin: Margin,
}

/// The drawn axes, and the coordinates of values between them.
pub(crate) struct Axes {
    pub(crate) canvas: Canvas,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    x: ScaledAxis,
    y: ScaledAxis,
}

/// The width of a chart in pixels.
pub(crate) const WIDTH: f64 = 480.0;
/// The usual height of the area between the axes in pixels.
pub(crate) const PLOT_HEIGHT: f64 = 210.0;
/// The size of labels in pixels.
pub(crate) const FONT_SIZE: f64 = 13.0;
/// The most characters of a name below an axis.
const NAME_CHARS: usize = 14;
/// The pixels of height for each tick of the vertical axis.
const Y_TICK_PIXELS: f64 = 42.0;

/// How the labels of the horizontal axis stand.
struct XLabels {
    named: bool,
    turned: bool,
    height: f64,
}

impl XLabels {
    fn new(scale: &Scale, axis: &ScaledAxis, plot_width: f64) -> Self {
        let named = matches!(scale, Scale::Names(_));
        let slot = plot_width / axis.ticks.len().max(1) as f64;
        let labels = axis.ticks.iter();
        let widths = labels.map(|tick| text_width(&truncate(&tick.label, NAME_CHARS), FONT_SIZE));
        let longest = widths.fold(0.0, f64::max);
        let turned = named && longest + 6.0 > slot;
        XLabels {
            named,
            turned,
            height: if turned { 14.0 + 0.7 * longest } else { 20.0 },
        }
    }
}

impl Axes {
    pub(crate) fn new(
        title: &str,
        legend: &[LegendEntry<'_>],
        x: AxisInput<'_>,
        y: AxisInput<'_>,
        height: f64,
    ) -> Axes {
        let y_ticks = (height / Y_TICK_PIXELS) as usize;
        let scaled_y = ScaledAxis::new(y.axis, y.values.into_iter(), y.margin, y_ticks);
        let labels = scaled_y.ticks.iter();
        let widths = labels.map(|tick| text_width(&tick.label, FONT_SIZE));
        let (left, right) = (16.0 + widths.fold(14.0, f64::max), WIDTH - 16.0);
        let x_ticks = match x.axis.scale {
            Scale::Whole | Scale::Log => 10,
            _ => 6,
        };
        let scaled_x = ScaledAxis::new(x.axis, x.values.into_iter(), x.margin, x_ticks);
        let labels = XLabels::new(&x.axis.scale, &scaled_x, right - left);
        let rows = legend_rows(legend);
        let top = 64.0 + 20.0 * rows.len() as f64;
        let bottom = top + height;
        let label_height = if x.axis.label.is_empty() { 4.0 } else { 22.0 };
        let mut axes = Axes {
            canvas: Canvas::new(WIDTH, bottom + labels.height + label_height + 4.0),
            left,
            right,
            top,
            bottom,
            x: scaled_x,
            y: scaled_y,
        };
        axes.canvas.heading(title);
        axes.legend(&rows);
        let y_label = truncate(&y.axis.label, 64);
        let above = (8.0, top - 14.0);
        axes.canvas.text("m", above, Anchor::Start, &y_label);
        axes.y_grid();
        axes.x_grid(&labels);
        let below = ((left + right) / 2.0, bottom + labels.height + 18.0);
        let x_label = truncate(&x.axis.label, 60);
        axes.canvas.text("m", below, Anchor::Middle, &x_label);
        axes
    }

    fn legend(&mut self, rows: &[Vec<(f64, LegendEntry<'_>)>]) {
        for (row, entries) in rows.iter().enumerate() {
            let y = 42.0 + 20.0 * row as f64;
            for &(x, (key, colour, name)) in entries {
                let middle = y - 4.0;
                match key {
                    LegendKey::Line => {
                        let class = format!("line l{colour}");
                        self.canvas.line(&class, (x, middle), (x + 22.0, middle));
                    }
                    LegendKey::Dot => {
                        let class = format!("f{colour}");
                        self.canvas.circle(&class, (x + 11.0, middle), 4.5, "");
                    }
                    LegendKey::Area => {
                        let class = format!("f{colour} faint");
                        let at = (x + 5.0, y - 10.0);
                        self.canvas.rect(&class, at, (14.0, 11.0), "", "");
                    }
                }
                self.canvas.text("", (x + 28.0, y), Anchor::Start, name);
            }
        }
    }

    fn y_grid(&mut self) {
        for (y, label) in ticks_between(&self.y, self.bottom, self.top) {
            self.canvas.line("grid", (self.left, y), (self.right, y));
            let beside = (self.left - 7.0, y + 4.0);
            self.canvas.text("", beside, Anchor::End, &label);
        }
    }

    fn x_grid(&mut self, labels: &XLabels) {
        let (left, right, top, bottom) = (self.left, self.right, self.top, self.bottom);
        let ticks = ticks_between(&self.x, left, right);
        // Names that would touch are thinned out.
        let slot = (right - left) / ticks.len().max(1) as f64;
        let stride = if labels.named {
            (FONT_SIZE / slot).ceil().max(1.0) as usize
        } else {
            1
        };
        let mut free = f64::NEG_INFINITY;
        for (x, label) in ticks.into_iter().step_by(stride) {
            if !labels.named {
                self.canvas.line("grid", (x, top), (x, bottom));
            }
            self.canvas.line("axis", (x, bottom), (x, bottom + 4.0));
            let label = if labels.named {
                truncate(&label, NAME_CHARS)
            } else {
                label
            };
            let half = text_width(&label, FONT_SIZE) / 2.0;
            if labels.turned {
                let at = (x + 4.0, bottom + 14.0);
                self.canvas.turned_text("", at, Anchor::End, -40.0, &label);
            } else if x - half > free {
                // The last label may not run over the edge.
                let at = (x.min(right + 14.0 - half), bottom + 18.0);
                self.canvas.text("", at, Anchor::Middle, &label);
                free = x + half + 4.0;
            }
        }
        self.canvas.line("axis", (left, bottom), (right, bottom));
    }

    /// The horizontal coordinate of a value of the x axis.
    pub(crate) fn x(&self, value: f64) -> Option<f64> {
        let position = self.x.position(value)?;
        Some(self.left + position * (self.right - self.left))
    }

    /// The vertical coordinate of a value of the y axis.
    pub(crate) fn y(&self, value: f64) -> Option<f64> {
        let position = self.y.position(value)?;
        Some(self.bottom - position * (self.bottom - self.top))
    }

    /// The coordinates of a point.
    pub(crate) fn point(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x(x)?, self.y(y)?))
    }

    /// Marks points that cannot be drawn with crosses at the upper edge, and counts them.
    pub(crate) fn mark_invalid(&mut self, points: &[(f64, f64)], name: &str) -> usize {
        for &(x, y) in points {
            if let Some(x) = self.x(x) {
                let title = format!("{name}: {y}");
                self.canvas.mark_invalid((x, self.top + 5.0), &title);
            }
        }
        points.len()
    }

    /// A text in the middle of a chart that has nothing else to show.
    pub(crate) fn placeholder(&mut self, text: &str) {
        let middle = (
            (self.left + self.right) / 2.0,
            (self.top + self.bottom) / 2.0,
        );
        self.canvas.text("m", middle, Anchor::Middle, text);
    }
}

/// The coordinates and labels of the ticks that lie on the axis from `low` to `high`.
fn ticks_between(axis: &ScaledAxis, low: f64, high: f64) -> Vec<(f64, String)> {
    let ticks = axis.ticks.iter().filter_map(|tick| {
        let position = axis.position(tick.value)?;
        let inside = (-1e-6..=1.0 + 1e-6).contains(&position);
        inside.then(|| (low + position * (high - low), tick.label.clone()))
    });
    ticks.collect()
}

/// The entries of a legend with their horizontal coordinates, in as many rows as they need.
fn legend_rows<'a>(legend: &[LegendEntry<'a>]) -> Vec<Vec<(f64, LegendEntry<'a>)>> {
    let mut rows: Vec<Vec<(f64, LegendEntry<'a>)>> = Vec::new();
    let mut x = f64::INFINITY;
    for entry in legend {
        let needed = 28.0 + text_width(entry.2, FONT_SIZE) + 14.0;
        if x + needed > WIDTH {
            rows.push(Vec::new());
            x = 8.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, *entry));
        }
        x += needed;
    }
    rows
}

/// The sentence of a caption that counts the points marked as invalid; empty for none.
pub(crate) fn invalid_note(count: usize, why: &str) -> String {
    match count {
        0 => String::new(),
        _ => format!("Crosses at the upper edge: {count} {why}."),
    }
}
