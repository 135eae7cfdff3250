//! A finished chart.

use std::fmt::Write;

use crate::text::{cut, escape};
use crate::theme::chart_css;

/// A finished chart: SVG as text, with a title and a description for those who cannot see it.
///
/// A [`Page`](crate::Page) takes figures as they are; [`Figure::to_svg`] makes a file of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) caption: String,
    pub(crate) wide: bool,
    width: f64,
    height: f64,
    body: String,
}

impl Figure {
    pub(crate) fn new(title: &str, about: String, canvas: Canvas) -> Self {
        Figure {
            title: title.to_string(),
            about,
            caption: String::new(),
            wide: false,
            width: canvas.width,
            height: canvas.height,
            body: canvas.body,
        }
    }

    /// Several figures in one, one below the other.
    pub fn stack(title: impl Into<String>, figures: &[Figure]) -> Figure {
        let title = title.into();
        let (mut body, mut height, mut width) = (String::new(), 0.0, 1.0_f64);
        for figure in figures {
            let _ = write!(
                body,
                r#"<g transform="translate(0 {})">{}</g>"#,
                number(height),
                figure.body
            );
            height += figure.height;
            width = width.max(figure.width);
        }
        let abouts: Vec<&str> = figures.iter().map(|figure| &*figure.about).collect();
        Figure {
            about: abouts.join(" "),
            title,
            caption: String::new(),
            wide: false,
            width,
            height: height.max(1.0),
            body,
        }
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it shows, in words.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// With a sentence that a page puts below it.
    #[must_use]
    pub fn with_caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// As wide as the page, where others stand side by side.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// A file of its own, readable on light and dark screens and on paper.
    pub fn to_svg(&self) -> String {
        let scale = 1.5;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"bp\" width=\"{}\" height=\"{}\" \
             viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\
             <title>{}</title><desc>{}</desc><style>{}</style>\
             <rect class=\"bg\" fill=\"#fff\" width=\"100%\" height=\"100%\"/>{}</svg>\n",
            number(scale * self.width),
            number(scale * self.height),
            number(self.width),
            number(self.height),
            escape(&self.title),
            escape(&self.title),
            escape(&self.about),
            escape(&chart_css()),
            self.body,
        )
    }

    /// The SVG element for a page, whose style sheet holds the rules.
    pub(crate) fn inline(&self) -> String {
        let about = format!("{}. {}", self.title, self.about);
        format!(
            "<svg class=\"bp\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            number(self.width),
            number(self.height),
            escape(about.trim()),
            self.body,
        )
    }
}

/// Where a text begins, is centred or ends.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// SVG elements in the making. All numbers that reach it are finite.
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

    /// Adds finished markup.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
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

    /// A filled shape with these corners.
    pub(crate) fn shape(&mut self, class: &str, points: &[(f64, f64)]) {
        let d = path_data(points);
        let _ = write!(self.body, r#"<path class="{class}" d="{d}Z"/>"#);
    }

    /// A rectangle; `title` is what a pointer over it shows.
    pub(crate) fn rect(
        &mut self,
        class: &str,
        at: (f64, f64),
        size: (f64, f64),
        more: &str,
        title: &str,
    ) {
        let [x, y, w, h] = [at.0, at.1, size.0.max(0.0), size.1.max(0.0)].map(number);
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}"{more}"#
        );
        self.close("rect", title);
    }

    pub(crate) fn circle(&mut self, class: &str, at: (f64, f64), radius: f64, title: &str) {
        let [x, y, r] = [at.0, at.1, radius].map(number);
        let _ = write!(
            self.body,
            r#"<circle class="{class}" cx="{x}" cy="{y}" r="{r}""#
        );
        self.close("circle", title);
    }

    /// A circle that is not filled.
    pub(crate) fn ring(&mut self, class: &str, at: (f64, f64), radius: f64) {
        let [x, y, r] = [at.0, at.1, radius].map(number);
        let _ = write!(
            self.body,
            r##"<circle class="ring {class}" fill="none" stroke="#888" cx="{x}" cy="{y}" r="{r}"/>"##
        );
    }

    /// A cross, for what has no place.
    pub(crate) fn cross(&mut self, at: (f64, f64), title: &str) {
        let (x, y) = at;
        let [left, right, top, bottom] = [x - 4.0, x + 4.0, y - 4.0, y + 4.0].map(number);
        let _ = write!(
            self.body,
            r##"<path class="odd" fill="none" stroke="#888" d="M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}""##
        );
        self.close("path", title);
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        self.turned_text(class, at, anchor, 0.0, text);
    }

    /// A text turned by so many degrees.
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
        let [x, y] = [at.0, at.1].map(number);
        let turn = if degrees == 0.0 {
            String::new()
        } else {
            format!(r#" transform="rotate({} {x} {y})""#, number(degrees))
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

    /// The title of a chart, cut where it would run over.
    pub(crate) fn title(&mut self, title: &str) {
        let most = (self.width / 8.0) as usize;
        self.text("t", (8.0, 22.0), Anchor::Start, &cut(title, most));
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
        let _ = write!(data, "{letter}{} {}", number(*x), number(*y));
    }
    data
}

/// A coordinate, to a hundredth of a pixel.
pub(crate) fn number(value: f64) -> String {
    debug_assert!(value.is_finite(), "{value}");
    let rounded = (100.0 * value).round() / 100.0;
    if rounded == 0.0 || !rounded.is_finite() {
        "0".to_string()
    } else {
        rounded.to_string()
    }
}
