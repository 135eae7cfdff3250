//! The colours, once for light and once for dark, and the style sheets made of them.
//!
//! The colours of series are those of Okabe and Ito (2008), which colour-blind readers can tell
//! apart. Concrete colours, not CSS variables, stand in the rules of charts, because not every
//! viewer of SVG files knows variables. What is printed is light.

/// How many series have a colour of their own.
pub(crate) const SERIES: usize = 7;

struct Theme {
    background: &'static str,
    raised: &'static str,
    text: &'static str,
    muted: &'static str,
    grid: &'static str,
    axis: &'static str,
    link: &'static str,
    marked: &'static str,
    series: [&'static str; SERIES],
}

const LIGHT: Theme = Theme {
    background: "#ffffff",
    raised: "#f5f6f8",
    text: "#1b1f24",
    muted: "#555c66",
    grid: "#e3e6ea",
    axis: "#8a919b",
    link: "#00598f",
    marked: "#e6f2fa",
    series: [
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555c66",
    ],
};

const DARK: Theme = Theme {
    background: "#14171c",
    raised: "#1d2128",
    text: "#e8eaee",
    muted: "#a8b0bb",
    grid: "#2c323b",
    axis: "#7a828e",
    link: "#7cc4f0",
    marked: "#1c3345",
    series: [
        "#56b4e9", "#e69f00", "#1fbf93", "#cc79a7", "#f0e442", "#e07a3a", "#a8b0bb",
    ],
};

/// Solid, dashed, dotted: a second way to tell series apart, also in black and white.
const DASHES: [&str; SERIES] = ["none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4"];

impl Theme {
    /// The rules of what lies in a chart.
    fn chart(&self) -> String {
        let Theme {
            background,
            text,
            muted,
            grid,
            axis,
            ..
        } = self;
        let mut rules = format!(
            ".bp text{{fill:{text}}}.bp .m{{fill:{muted}}}.bp .bg{{fill:{background}}}\
             .bp .grid{{stroke:{grid}}}.bp .axis{{stroke:{axis}}}.bp .guide{{stroke:{muted}}}\
             .bp .odd{{stroke:{text}}}.bp text.on{{fill:{background}}}\
             .bp .halo{{stroke:{background}}}.bp .box{{stroke:{grid}}}"
        );
        for (k, colour) in self.series.iter().enumerate() {
            rules.push_str(&format!(
                ".bp .l{k}{{stroke:{colour}}}.bp .f{k}{{fill:{colour}}}"
            ));
        }
        rules
    }

    /// The variables that the style of a page uses.
    fn page(&self) -> String {
        format!(
            ":root{{--bg:{};--raised:{};--text:{};--muted:{};--line:{};--link:{};--marked:{};\
             --good:{};--bad:{}}}",
            self.background,
            self.raised,
            self.text,
            self.muted,
            self.grid,
            self.link,
            self.marked,
            self.series[0],
            self.series[1],
        )
    }
}

/// What is the same in light and dark.
fn chart_shapes() -> String {
    let mut rules = String::from(
        ".bp text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,\
         sans-serif;font-variant-numeric:tabular-nums}.bp text.t{font-size:15px;font-weight:600}\
         .bp text.s{font-size:11px}.bp text.b{font-weight:600}\
         .bp .grid,.bp .axis,.bp .guide,.bp .box{stroke-width:1}.bp .guide{stroke-dasharray:4 3}\
         .bp .edge{stroke-width:1.5;stroke-linejoin:round}.bp .line{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
         .bp .odd,.bp .ring{stroke-width:2}.bp .soft{fill-opacity:.35}.bp .faint{fill-opacity:.6}\
         .bp .halo{stroke-width:3;stroke-linejoin:round;paint-order:stroke}\
         .bp image{image-rendering:pixelated}",
    );
    for (k, dash) in DASHES.iter().enumerate().skip(1) {
        rules.push_str(&format!(".bp .line.l{k}{{stroke-dasharray:{dash}}}"));
    }
    rules
}

/// The style of charts, for both themes.
pub(crate) fn chart_css() -> String {
    let dark = "@media screen and (prefers-color-scheme:dark)";
    format!(
        "{}{}{dark}{{{}.ink{{filter:invert(1)}}.bp .glow{{filter:brightness(1.6)}}}}",
        chart_shapes(),
        LIGHT.chart(),
        DARK.chart(),
    )
}

/// The style of pages, charts included.
pub(crate) fn page_css() -> String {
    let dark = "@media screen and (prefers-color-scheme:dark)";
    format!(
        "{}{dark}{{{}}}{}{}",
        LIGHT.page(),
        DARK.page(),
        include_str!("page.css"),
        chart_css(),
    )
}
