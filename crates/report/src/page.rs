//! A page of headings, text, tables and figures, in one file.

use crate::text::escape;
use crate::theme::page_css;
use crate::{Figure, Table};

/// A self-contained HTML page: no script, nothing from the network.
///
/// ```
/// use backprop_report::{Column, Page, Table};
///
/// let mut page = Page::new("Two nets");
/// page.lead("Which of two widths reads digits better.");
/// page.section("Results");
/// page.table(&Table {
///     caption: "Accuracy by width".into(),
///     columns: vec![Column::number("width"), Column::number("accuracy")],
///     rows: vec![vec!["64".into(), "97.1 %".into()], vec!["128".into(), "97.9 %".into()]],
///     marked: Some(1),
/// });
/// assert!(page.to_html().starts_with("<!DOCTYPE html>"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    title: String,
    header: String,
    body: String,
    sections: Vec<String>,
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Page {
            title: title.into(),
            ..Page::default()
        }
    }

    /// A sentence below the title.
    pub fn lead(&mut self, text: &str) {
        self.header
            .push_str(&format!("<p class=\"lead\">{}</p>\n", escape(text)));
    }

    /// The figures that a reader looks for first: name, value and a remark each.
    pub fn headline(&mut self, items: &[(String, String, String)]) {
        self.header.push_str("<dl class=\"headline\">\n");
        for (name, value, remark) in items {
            let [name, value, remark] = [name, value, remark].map(|text| escape(text));
            self.header.push_str(&format!(
                "<div><dt>{name}</dt><dd><b>{value}</b>{}</dd></div>\n",
                if remark.is_empty() {
                    String::new()
                } else {
                    format!("<span>{remark}</span>")
                }
            ));
        }
        self.header.push_str("</dl>\n");
    }

    /// Begins a section; the contents at the top lead to it.
    pub fn section(&mut self, heading: &str) {
        self.end_section();
        self.sections.push(heading.to_string());
        let id = self.sections.len();
        self.body.push_str(&format!(
            "<section aria-labelledby=\"s{id}\">\n<h2 id=\"s{id}\">{}</h2>\n",
            escape(heading)
        ));
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) {
        self.body.push_str(&format!("<p>{}</p>\n", escape(text)));
    }

    /// A command or the like, in fixed width, to be copied.
    pub fn code(&mut self, text: &str) {
        let html = format!(
            "<pre tabindex=\"0\"><code>{}</code></pre>\n",
            text.lines().map(escape).collect::<Vec<_>>().join("\n")
        );
        self.body.push_str(&html);
    }

    /// Names and values in two columns.
    pub fn facts(&mut self, heading: &str, facts: &[(String, String)]) {
        if facts.is_empty() {
            return;
        }
        self.body.push_str(&format!(
            "<div class=\"facts\"><h3>{}</h3><dl>\n",
            escape(heading)
        ));
        for (name, value) in facts {
            let [name, value] = [name, value].map(|text| escape(text));
            self.body
                .push_str(&format!("<dt>{name}</dt><dd>{value}</dd>\n"));
        }
        self.body.push_str("</dl></div>\n");
    }

    /// A table.
    pub fn table(&mut self, table: &Table) {
        self.body.push_str(&table.html());
    }

    /// A table that is folded away until somebody opens it.
    pub fn folded_table(&mut self, summary: &str, table: &Table) {
        self.body.push_str(&format!(
            "<details><summary>{}</summary>{}</details>\n",
            escape(summary),
            table.html()
        ));
    }

    /// Figures side by side, where there is room.
    pub fn figures(&mut self, figures: &[Figure]) {
        if figures.is_empty() {
            return;
        }
        let parallel_map = figures.iter().filter(|figure| !figure.wide).count();
        let class = if parallel_map % 3 == 0 || parallel_map > 4 {
            "figures three"
        } else {
            "figures"
        };
        self.body.push_str(&format!("<div class=\"{class}\">\n"));
        for figure in figures {
            let wide = if figure.wide {
                " class=\"wide\" tabindex=\"0\""
            } else {
                ""
            };
            let caption = if figure.caption.is_empty() {
                String::new()
            } else {
                format!("<figcaption>{}</figcaption>", escape(&figure.caption))
            };
            self.body.push_str(&format!(
                "<figure{wide}>{}{caption}</figure>\n",
                figure.inline()
            ));
        }
        self.body.push_str("</div>\n");
    }

    /// Finished markup, already escaped.
    pub(crate) fn raw(&mut self, html: &str) {
        self.body.push_str(html);
    }

    fn end_section(&mut self) {
        if !self.sections.is_empty() {
            self.body.push_str("</section>\n");
        }
    }

    /// The file's text.
    pub fn to_html(&self) -> String {
        let mut page = self.clone();
        page.end_section();
        let title = escape(&page.title);
        let links: Vec<String> = (1..)
            .zip(&page.sections)
            .map(|(id, heading)| format!("<li><a href=\"#s{id}\">{}</a></li>", escape(heading)))
            .collect();
        let contents = if links.len() < 2 {
            String::new()
        } else {
            format!(
                "<nav aria-label=\"Contents\"><ul>{}</ul></nav>\n",
                links.concat()
            )
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             img-src data:; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>{}</style>\n\
             </head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n\
             <header>\n<h1>{title}</h1>\n{}{contents}</header>\n<main id=\"main\">\n{}</main>\n\
             </body>\n</html>\n",
            page_css(),
            page.header,
            page.body,
        )
    }
}
