//! The style sheet of pages.

use backprop_plot::{Theme, style_sheet};

/// The colours of a page: those of its charts, and of what charts do not have.
struct PageTheme {
    charts: Theme,
    raised: &'static str,
    link: &'static str,
    marked: &'static str,
}

const LIGHT: PageTheme = PageTheme {
    charts: Theme::LIGHT,
    raised: "#f5f6f8",
    link: "#00598f",
    marked: "#e6f2fa",
};

const DARK: PageTheme = PageTheme {
    charts: Theme::DARK,
    raised: "#1d2128",
    link: "#7cc4f0",
    marked: "#1c3345",
};

impl PageTheme {
    /// The variables that `page.css` uses.
    fn variables(&self) -> String {
        let PageTheme {
            charts,
            raised,
            link,
            marked,
        } = self;
        format!(
            ":root{{--bg:{};--raised:{raised};--text:{};--muted:{};--line:{};--link:{link};\
             --marked:{marked};--good:{};--bad:{}}}",
            charts.background,
            charts.text,
            charts.muted,
            charts.grid,
            charts.series[0],
            charts.series[1],
        )
    }
}

/// The style sheet of pages, charts included.
pub(crate) fn page_css() -> String {
    let dark = "@media screen and (prefers-color-scheme:dark)";
    format!(
        "{}{dark}{{{}}}{}{}",
        LIGHT.variables(),
        DARK.variables(),
        include_str!("page.css"),
        style_sheet(),
    )
}
