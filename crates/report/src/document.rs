use backprop_plot::Figure;

use crate::page::Page;

/// A finished page, and its plots one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The text of one self-contained HTML file.
    pub html: String,
    /// The plots: file names such as `loss.svg`, and the text of each file.
    pub plots: Vec<(String, String)>,
}

/// A page and its plots while they are built.
pub(crate) struct DocumentBuilder {
    pub(crate) page: Page,
    plots: Vec<(String, String)>,
}

impl DocumentBuilder {
    pub(crate) fn new(title: &str) -> Self {
        DocumentBuilder {
            page: Page::new(title),
            plots: Vec::new(),
        }
    }

    /// Adds figures to the page side by side, and each to the plots under its file name.
    pub(crate) fn figures(&mut self, figures: Vec<(String, Figure)>) {
        for (name, figure) in &figures {
            self.plot(name, figure);
        }
        let figures: Vec<Figure> = figures.into_iter().map(|(_, figure)| figure).collect();
        self.page.figures(&figures);
    }

    /// Adds a figure to the plots alone.
    pub(crate) fn plot(&mut self, name: &str, figure: &Figure) {
        self.plots.push((name.to_string(), figure.to_svg()));
    }

    pub(crate) fn finish(self) -> Document {
        Document {
            html: self.page.to_html(),
            plots: self.plots,
        }
    }
}
