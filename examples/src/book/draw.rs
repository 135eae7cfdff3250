//! Drawings that are no charts: boxes, arrows and texts as SVG, in the colours of the reports.

use std::fmt::Write;

/// A drawing in the making.
pub(crate) struct Drawing {
    title: String,
    about: String,
    width: f64,
    height: f64,
    body: String,
}

/// Where a text begins, is centred or ends.
#[derive(Clone, Copy)]
pub(crate) enum At {
    Start,
    Middle,
    End,
}

/// The colours of light screens and paper, then those of dark screens.
const STYLE: &str = ".d text{font:14px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',\
Arial,sans-serif;fill:#1b1f24}.d text.t{font-size:15px;font-weight:600}.d text.m{fill:#555c66}\
.d text.s{font-size:12px}.d text.b{font-weight:600}.d .bg{fill:#fff}\
.d .box{fill:#f5f6f8;stroke:#8a919b}.d .thin{stroke:#c3c8cf;fill:none}\
.d .k0{stroke:#0072b2;fill:none;stroke-width:2}.d .k1{stroke:#d55e00;fill:none;stroke-width:2}\
.d .k2{stroke:#009e73;fill:none;stroke-width:2}.d .f0{fill:#0072b2}.d .f1{fill:#d55e00}\
.d .f2{fill:#009e73}.d .f3{fill:#c3c8cf}.d text.c0{fill:#00598f}.d text.c1{fill:#a84a00}\
@media screen and (prefers-color-scheme:dark){.d text{fill:#e8eaee}.d text.m{fill:#a8b0bb}\
.d .bg{fill:#14171c}.d .box{fill:#1d2128;stroke:#7a828e}.d .thin{stroke:#4a525e}\
.d .k0{stroke:#56b4e9}.d .k1{stroke:#e69f00}.d .k2{stroke:#1fbf93}.d .f0{fill:#56b4e9}\
.d .f1{fill:#e69f00}.d .f2{fill:#1fbf93}.d .f3{fill:#4a525e}.d text.c0{fill:#7cc4f0}\
.d text.c1{fill:#e69f00}}";

impl Drawing {
    /// An empty one; `about` says in words what it shows.
    pub(crate) fn new(title: &str, about: &str, width: f64, height: f64) -> Self {
        let (title, about) = (title.to_string(), about.to_string());
        let mut drawing = Drawing {
            title,
            about,
            width,
            height,
            body: String::new(),
        };
        let title = drawing.title.clone();
        drawing.text("t", (8.0, 22.0), At::Start, &title);
        drawing
    }

    pub(crate) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut d = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let letter = if at == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{letter}{} {}", number(*x), number(*y));
        }
        let _ = write!(self.body, r#"<path class="{class}" d="{d}"/>"#);
    }

    /// A line with a head at its end; `k` is the colour, 0 to 2.
    pub(crate) fn arrow(&mut self, k: usize, from: (f64, f64), to: (f64, f64)) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let (ux, uy) = (dx / length, dy / length);
        let neck = (to.0 - 9.0 * ux, to.1 - 9.0 * uy);
        self.line(&format!("k{k}"), &[from, neck]);
        let left = (neck.0 - 4.5 * uy, neck.1 + 4.5 * ux);
        let right = (neck.0 + 4.5 * uy, neck.1 - 4.5 * ux);
        let corners = [to, left, right].map(|(x, y)| format!("{},{}", number(x), number(y)));
        let points = corners.join(" ");
        let _ = write!(self.body, r#"<polygon class="f{k}" points="{points}"/>"#);
    }

    pub(crate) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64)) {
        self.faint_rect(class, at, size, 1.0);
    }

    /// A rectangle whose filling is opaque by this share.
    pub(crate) fn faint_rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64), share: f64) {
        let [x, y, w, h] = [at.0, at.1, size.0, size.1].map(number);
        let opacity = match share {
            1.0 => String::new(),
            _ => format!(r#" fill-opacity="{}""#, number(share)),
        };
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}"{opacity}/>"#
        );
    }

    pub(crate) fn circle(&mut self, class: &str, at: (f64, f64), radius: f64) {
        let [x, y, r] = [at.0, at.1, radius].map(number);
        let _ = write!(
            self.body,
            r#"<circle class="{class}" cx="{x}" cy="{y}" r="{r}"/>"#
        );
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: At, text: &str) {
        let anchor = match anchor {
            At::Start => "start",
            At::Middle => "middle",
            At::End => "end",
        };
        let [x, y] = [at.0, at.1].map(number);
        let text = escape(text);
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>"#
        );
    }

    /// The finished file.
    pub(crate) fn to_svg(&self) -> String {
        let Drawing { width, height, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"d\" width=\"{}\" height=\"{}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\
             <title>{title}</title><desc>{}</desc><style>{STYLE}</style>\
             <rect class=\"bg\" width=\"100%\" height=\"100%\"/>{}</svg>\n",
            1.5 * width,
            1.5 * height,
            escape(&self.about),
            self.body,
            title = escape(&self.title),
        )
    }
}

/// A coordinate, to a tenth of a pixel.
fn number(value: f64) -> String {
    let rounded = (10.0 * value).round() / 10.0;
    if rounded == 0.0 {
        "0".to_string()
    } else {
        rounded.to_string()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
