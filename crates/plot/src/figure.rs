use std::fmt::Write;

use crate::canvas::{Canvas, coord};
use crate::text::escape;
use crate::theme::style_sheet;

/// A finished chart: SVG as text, with a title and a description for readers who cannot see it.
///
/// [`to_svg`](Figure::to_svg) writes a file, [`to_inline_svg`](Figure::to_inline_svg) an element of an
/// HTML page.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    title: String,
    description: String,
    caption: String,
    wide: bool,
    width: f64,
    height: f64,
    body: String,
}

impl Figure {
    pub(crate) fn new(title: &str, description: String, canvas: Canvas) -> Self {
        Figure {
            title: title.to_string(),
            description,
            caption: String::new(),
            wide: false,
            width: canvas.width,
            height: canvas.height,
            body: canvas.into_body(),
        }
    }

    /// Several figures in one, the first on top.
    ///
    /// ```
    /// use backprop_plot::{Figure, Histogram};
    ///
    /// let one = Histogram::default().figure();
    /// assert_eq!(Figure::stack("Two", &[one.clone(), one]).title(), "Two");
    /// ```
    pub fn stack(title: impl Into<String>, figures: &[Figure]) -> Figure {
        let title = title.into();
        let (mut body, mut height, mut width) = (String::new(), 0.0, 1.0_f64);
        for figure in figures {
            let _ = write!(
                body,
                r#"<g transform="translate(0 {})">{}</g>"#,
                coord(height),
                figure.body
            );
            height += figure.height;
            width = width.max(figure.width);
        }
        let descriptions: Vec<&str> = figures.iter().map(|figure| &*figure.description).collect();
        Figure {
            description: descriptions.join(" "),
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

    /// The chart in words.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The sentence that a page puts below the figure; empty for none.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// Whether the figure wants the whole width of a page.
    pub fn is_wide(&self) -> bool {
        self.wide
    }

    /// The figure with this caption.
    #[must_use]
    pub fn with_caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// The figure as wide as the page, where others stand side by side.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// The text of an SVG file, readable on light and dark screens and on paper.
    pub fn to_svg(&self) -> String {
        let scale = 1.5;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"bp\" width=\"{}\" height=\"{}\" \
             viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\
             <title>{}</title><desc>{}</desc><style>{}</style>\
             <rect class=\"bg\" fill=\"#fff\" width=\"100%\" height=\"100%\"/>{}</svg>\n",
            coord(scale * self.width),
            coord(scale * self.height),
            coord(self.width),
            coord(self.height),
            escape(&self.title),
            escape(&self.title),
            escape(&self.description),
            escape(&style_sheet()),
            self.body,
        )
    }

    /// The SVG element for a page whose style sheet holds [`style_sheet`].
    pub fn to_inline_svg(&self) -> String {
        let description = format!("{}. {}", self.title, self.description);
        format!(
            "<svg class=\"bp\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            coord(self.width),
            coord(self.height),
            escape(description.trim()),
            self.body,
        )
    }
}
