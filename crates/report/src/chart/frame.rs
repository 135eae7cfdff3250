//! What all charts with two axes share: title, legend, axes, grid.

use crate::axis::{Axis, Fit, Placed, Scale};
use crate::figure::{Anchor, Canvas};
use crate::text::{cut, width};

/// How a legend shows a series.
#[derive(Clone, Copy)]
pub(crate) enum Swatch {
    Line,
    Dot,
    Area,
}

/// One entry of a legend: how, in the colour of which series, and its name.
pub(crate) type Entry<'a> = (Swatch, usize, &'a str);

/// The ends of an axis: what it measures, the values it must hold, how far beyond.
pub(crate) struct Side<'a> {
    pub(crate) axis: &'a Axis,
    pub(crate) values: Vec<f64>,
    pub(crate) fit: Fit,
}

/// The drawn axes, and where values lie between them.
pub(crate) struct Frame {
    pub(crate) canvas: Canvas,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    x: Placed,
    y: Placed,
}

/// The size of a chart that stands beside others.
pub(crate) const WIDTH: f64 = 480.0;
const PLOT_HEIGHT: f64 = 210.0;
/// The most characters of a name below an axis.
const NAME: usize = 14;

impl Frame {
    pub(crate) fn new(title: &str, legend: &[Entry<'_>], x: Side<'_>, y: Side<'_>) -> Frame {
        Self::with_height(title, legend, x, y, PLOT_HEIGHT)
    }

    pub(crate) fn with_height(
        title: &str,
        legend: &[Entry<'_>],
        x: Side<'_>,
        y: Side<'_>,
        height: f64,
    ) -> Frame {
        let placed_y = Placed::new(
            y.axis,
            y.values.into_iter(),
            y.fit,
            (height / 42.0) as usize,
        );
        let widest = placed_y.ticks.iter().map(|tick| width(&tick.label, 13.0));
        let left = 16.0 + widest.fold(14.0, f64::max);
        let right = WIDTH - 16.0;
        let ticks = if matches!(x.axis.scale, Scale::Whole | Scale::Log) {
            10
        } else {
            6
        };
        let placed_x = Placed::new(x.axis, x.values.into_iter(), x.fit, ticks);
        let rows = legend_rows(legend);
        let top = 64.0 + 20.0 * rows.len() as f64;
        let bottom = top + height;
        let slots = placed_x.ticks.len().max(1);
        let is_named = matches!(x.axis.scale, Scale::Names(_));
        let longest = placed_x
            .ticks
            .iter()
            .map(|tick| width(&cut(&tick.label, NAME), 13.0));
        let longest = longest.fold(0.0, f64::max);
        let turned = is_named && longest + 6.0 > (right - left) / slots as f64;
        let below = if turned { 14.0 + 0.7 * longest } else { 20.0 };
        let label_room = if x.axis.label.is_empty() { 4.0 } else { 22.0 };
        let mut frame = Frame {
            canvas: Canvas::new(WIDTH, bottom + below + label_room + 4.0),
            left,
            right,
            top,
            bottom,
            x: placed_x,
            y: placed_y,
        };
        frame.canvas.title(title);
        frame.legend(&rows);
        let label = cut(&y.axis.label, 64);
        frame
            .canvas
            .text("m", (8.0, top - 14.0), Anchor::Start, &label);
        frame.grid(is_named, turned);
        let place = ((left + right) / 2.0, bottom + below + 18.0);
        frame
            .canvas
            .text("m", place, Anchor::Middle, &cut(&x.axis.label, 60));
        frame
    }

    fn legend(&mut self, rows: &[Vec<(f64, Entry<'_>)>]) {
        for (row, entries) in rows.iter().enumerate() {
            let y = 42.0 + 20.0 * row as f64;
            for (x, (swatch, colour, name)) in entries {
                let (x, middle) = (*x, y - 4.0);
                match swatch {
                    Swatch::Line => {
                        let class = format!("line l{colour}");
                        self.canvas.line(&class, (x, middle), (x + 22.0, middle));
                    }
                    Swatch::Dot => {
                        self.canvas
                            .circle(&format!("f{colour}"), (x + 11.0, middle), 4.5, "");
                    }
                    Swatch::Area => {
                        let class = format!("f{colour} faint");
                        self.canvas
                            .rect(&class, (x + 5.0, y - 10.0), (14.0, 11.0), "", "");
                    }
                }
                self.canvas.text("", (x + 28.0, y), Anchor::Start, name);
            }
        }
    }

    fn grid(&mut self, is_named: bool, turned: bool) {
        let (left, right, top, bottom) = (self.left, self.right, self.top, self.bottom);
        let y_ticks: Vec<(f64, String)> = self.places(&self.y, bottom, top);
        for (y, label) in y_ticks {
            self.canvas.line("grid", (left, y), (right, y));
            self.canvas
                .text("", (left - 7.0, y + 4.0), Anchor::End, &label);
        }
        let x_ticks: Vec<(f64, String)> = self.places(&self.x, left, right);
        // Names that would touch are thinned out.
        let room = (right - left) / x_ticks.len().max(1) as f64;
        let stride = if is_named {
            (13.0 / room).ceil().max(1.0) as usize
        } else {
            1
        };
        let mut free = f64::NEG_INFINITY;
        for (x, label) in x_ticks.into_iter().step_by(stride) {
            if !is_named {
                self.canvas.line("grid", (x, top), (x, bottom));
            }
            self.canvas.line("axis", (x, bottom), (x, bottom + 4.0));
            let label = if is_named { cut(&label, NAME) } else { label };
            let half = width(&label, 13.0) / 2.0;
            if turned {
                let place = (x + 4.0, bottom + 14.0);
                self.canvas
                    .turned_text("", place, Anchor::End, -40.0, &label);
            } else if x - half > free {
                // The last label may not run over the edge.
                let middle = x.min(right + 14.0 - half);
                self.canvas
                    .text("", (middle, bottom + 18.0), Anchor::Middle, &label);
                free = x + half + 4.0;
            }
        }
        self.canvas.line("axis", (left, bottom), (right, bottom));
    }

    fn places(&self, placed: &Placed, from: f64, to: f64) -> Vec<(f64, String)> {
        let ticks = placed.ticks.iter();
        let places = ticks.filter_map(|tick| {
            let part = placed.part(tick.at)?;
            let inside = (-1e-6..=1.0 + 1e-6).contains(&part);
            inside.then(|| (from + part * (to - from), tick.label.clone()))
        });
        places.collect()
    }

    /// Where a value of the x axis lies.
    pub(crate) fn x(&self, value: f64) -> Option<f64> {
        let part = self.x.part(value)?;
        Some(self.left + part * (self.right - self.left))
    }

    /// Where a value of the y axis lies.
    pub(crate) fn y(&self, value: f64) -> Option<f64> {
        let part = self.y.part(value)?;
        Some(self.bottom - part * (self.bottom - self.top))
    }

    /// Where a point lies.
    pub(crate) fn point(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x(x)?, self.y(y)?))
    }

    /// Marks points that cannot be drawn with crosses at the upper edge; says how many there are.
    pub(crate) fn crosses(&mut self, points: &[(f64, f64)], name: &str) -> usize {
        for &(x, y) in points {
            if let Some(place) = self.x(x) {
                let title = format!("{name}: {y}");
                self.canvas.cross((place, self.top + 5.0), &title);
            }
        }
        points.len()
    }

    /// A remark in the middle of a chart that has nothing else to show.
    pub(crate) fn remark(&mut self, text: &str) {
        let place = (
            (self.left + self.right) / 2.0,
            (self.top + self.bottom) / 2.0,
        );
        self.canvas.text("m", place, Anchor::Middle, text);
    }
}

/// The entries of a legend, each with its place, in as many rows as they need.
fn legend_rows<'a>(legend: &[Entry<'a>]) -> Vec<Vec<(f64, Entry<'a>)>> {
    let mut rows: Vec<Vec<(f64, Entry<'a>)>> = Vec::new();
    let mut x = f64::INFINITY;
    for entry in legend {
        let needed = 28.0 + width(entry.2, 13.0) + 14.0;
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

/// How many points cannot be drawn, as a sentence for a caption; empty if all can.
pub(crate) fn not_drawn(count: usize, why: &str) -> String {
    match count {
        0 => String::new(),
        _ => format!("Crosses at the upper edge: {count} {why}."),
    }
}
