//! The colours, once for light and once for dark, and the style sheet made of them.
//!
//! The colours of series are those of Okabe and Ito (2008), which colour-blind readers can tell
//! apart. Concrete colours, not CSS variables, stand in the rules of charts, because not every
//! viewer of SVG files knows variables. What is printed is light.

/// The number of series that differ in colour.
pub(crate) const SERIES: usize = 7;

/// The colours of charts, as `#rrggbb`, for the page around them.
///
/// ```
/// use backprop_plot::Theme;
///
/// assert_eq!(Theme::LIGHT.background, "#ffffff");
/// assert_eq!(Theme::DARK.series.len(), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The background.
    pub background: &'static str,
    /// The text.
    pub text: &'static str,
    /// The text of lesser weight: labels of axes, captions.
    pub muted: &'static str,
    /// The grid lines.
    pub grid: &'static str,
    /// The lines of axes.
    pub axis: &'static str,
    /// The series, which colour-blind readers can tell apart (Okabe and Ito, 2008).
    pub series: [&'static str; SERIES],
}

/// Solid, dashed, dotted: a second way to tell series apart, also in black and white.
const DASHES: [&str; SERIES] = ["none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4"];

impl Theme {
    /// The colours on light screens and on paper.
    pub const LIGHT: Theme = Theme {
        background: "#ffffff",
        text: "#1b1f24",
        muted: "#555c66",
        grid: "#e3e6ea",
        axis: "#8a919b",
        series: [
            "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555c66",
        ],
    };
    /// The colours on dark screens.
    pub const DARK: Theme = Theme {
        background: "#14171c",
        text: "#e8eaee",
        muted: "#a8b0bb",
        grid: "#2c323b",
        axis: "#7a828e",
        series: [
            "#56b4e9", "#e69f00", "#1fbf93", "#cc79a7", "#f0e442", "#e07a3a", "#a8b0bb",
        ],
    };

    /// The rules of the colours in a chart.
    fn rules(&self) -> String {
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
             .bp .invalid,.bp .mark{{stroke:{text}}}.bp text.on{{fill:{background}}}\
             .bp .halo{{stroke:{background}}}.bp .box{{stroke:{grid}}}"
        );
        for (k, colour) in self.series.iter().enumerate() {
            rules.push_str(&format!(
                ".bp .l{k}{{stroke:{colour}}}.bp .f{k}{{fill:{colour}}}"
            ));
        }
        rules
    }
}

/// The rules that are the same in light and dark.
fn shapes() -> String {
    let mut rules = String::from(
        ".bp text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,\
         sans-serif;font-variant-numeric:tabular-nums}.bp text.t{font-size:15px;font-weight:600}\
         .bp text.s{font-size:11px}.bp text.b{font-weight:600}\
         .bp .grid,.bp .axis,.bp .guide,.bp .box{stroke-width:1}.bp .guide{stroke-dasharray:4 3}\
         .bp .edge{stroke-width:1.5;stroke-linejoin:round}.bp .line{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
         .bp .invalid,.bp .mark{stroke-width:2}.bp .soft{fill-opacity:.35}.bp .faint{fill-opacity:.6}\
         .bp .halo{stroke-width:3;stroke-linejoin:round;paint-order:stroke}\
         .bp image{image-rendering:pixelated}",
    );
    for (k, dash) in DASHES.iter().enumerate().skip(1) {
        rules.push_str(&format!(".bp .line.l{k}{{stroke-dasharray:{dash}}}"));
    }
    rules
}

/// The style sheet of charts, for light and dark screens and for paper.
///
/// A page that holds figures as [`Figure::to_inline_svg`](crate::Figure::to_inline_svg) writes them
/// needs this sheet once.
///
/// ```
/// assert!(backprop_plot::style_sheet().contains("prefers-color-scheme:dark"));
/// ```
pub fn style_sheet() -> String {
    let dark = "@media screen and (prefers-color-scheme:dark)";
    format!(
        "{}{}{dark}{{{}.gray{{filter:invert(1)}}.bp .diverging{{filter:brightness(1.6)}}}}",
        shapes(),
        Theme::LIGHT.rules(),
        Theme::DARK.rules(),
    )
}
