//! SVG elements as text.

use std::fmt::Write;

use crate::text::{escape, truncate};

/// The point of a text that stands at its coordinates.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// SVG elements one after the other. All coordinates are finite.
pub(crate) struct Canvas {
    pub(crate) width: f64,
    pub(crate) height: f64,
    body: String,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Canvas {
            width,
            height,
            body: String::new(),
        }
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coord);
        let _ = write!(
            self.body,
            r##"<path class="{class}" fill="none" stroke="#888" d="M{x1} {y1}L{x2} {y2}"/>"##
        );
    }

    /// A line through points.
    pub(crate) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let d = path_data(points);
        let _ = write!(
            self.body,
            r##"<path class="{class}" fill="none" stroke="#888" d="{d}"/>"##
        );
    }

    /// A filled polygon.
    pub(crate) fn shape(&mut self, class: &str, points: &[(f64, f64)]) {
        let d = path_data(points);
        let _ = write!(self.body, r#"<path class="{class}" d="{d}Z"/>"#);
    }

    /// A rectangle with more attributes; `title` is its tooltip.
    pub(crate) fn rect(
        &mut self,
        class: &str,
        at: (f64, f64),
        size: (f64, f64),
        more: &str,
        title: &str,
    ) {
        let [x, y, w, h] = [at.0, at.1, size.0.max(0.0), size.1.max(0.0)].map(coord);
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}"{more}"#
        );
        self.close("rect", title);
    }

    pub(crate) fn circle(&mut self, class: &str, at: (f64, f64), radius: f64, title: &str) {
        let [x, y, r] = [at.0, at.1, radius].map(coord);
        let _ = write!(
            self.body,
            r#"<circle class="{class}" cx="{x}" cy="{y}" r="{r}""#
        );
        self.close("circle", title);
    }

    /// A circle that is not filled.
    pub(crate) fn ring(&mut self, class: &str, at: (f64, f64), radius: f64) {
        let [x, y, r] = [at.0, at.1, radius].map(coord);
        let _ = write!(
            self.body,
            r##"<circle class="{class}" fill="none" stroke="#888" cx="{x}" cy="{y}" r="{r}"/>"##
        );
    }

    /// A cross, for a value that cannot be drawn.
    pub(crate) fn mark_invalid(&mut self, at: (f64, f64), title: &str) {
        let (x, y) = at;
        let [left, right, top, bottom] = [x - 4.0, x + 4.0, y - 4.0, y + 4.0].map(coord);
        let _ = write!(
            self.body,
            r##"<path class="invalid" fill="none" stroke="#888" d="M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}""##
        );
        self.close("path", title);
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        self.turned_text(class, at, anchor, 0.0, text);
    }

    /// A text turned clockwise by `degrees`.
    pub(crate) fn turned_text(
        &mut self,
        class: &str,
        at: (f64, f64),
        anchor: Anchor,
        degrees: f64,
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y] = [at.0, at.1].map(coord);
        let turn = if degrees == 0.0 {
            String::new()
        } else {
            format!(r#" transform="rotate({} {x} {y})""#, coord(degrees))
        };
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(r#" class="{class}""#)
        };
        let _ = write!(
            self.body,
            r#"<text{class} x="{x}" y="{y}" text-anchor="{anchor}"{turn}>{}</text>"#,
            escape(text)
        );
    }

    /// The title of a chart, truncated to the width.
    pub(crate) fn heading(&mut self, title: &str) {
        let max_chars = (self.width / 8.0) as usize;
        self.text("t", (8.0, 22.0), Anchor::Start, &truncate(title, max_chars));
    }

    /// An image stretched to this size; `uri` is its data address.
    pub(crate) fn image(&mut self, class: &str, at: (f64, f64), size: (f64, f64), uri: &str) {
        let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(coord);
        let _ = write!(
            self.body,
            r#"<image class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="none" href="{uri}"/>"#
        );
    }

    /// The markup so far.
    pub(crate) fn into_body(self) -> String {
        self.body
    }

    fn close(&mut self, name: &str, title: &str) {
        if title.is_empty() {
            self.body.push_str("/>");
        } else {
            let _ = write!(self.body, "><title>{}</title></{name}>", escape(title));
        }
    }
}

fn path_data(points: &[(f64, f64)]) -> String {
    let mut data = String::with_capacity(12 * points.len());
    for (at, (x, y)) in points.iter().enumerate() {
        let letter = if at == 0 { 'M' } else { 'L' };
        let _ = write!(data, "{letter}{} {}", coord(*x), coord(*y));
    }
    data
}

/// A coordinate, to a hundredth of a pixel.
pub(crate) fn coord(value: f64) -> String {
    debug_assert!(value.is_finite(), "{value}");
    let rounded = (100.0 * value).round() / 100.0;
    if rounded == 0.0 || !rounded.is_finite() {
        "0".to_string()
    } else {
        rounded.to_string()
    }
}
