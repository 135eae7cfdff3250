use backprop_plot::Figure;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use crate::style::page_css;
use crate::table::{Table, safe};

/// A self-contained HTML page of headings, text, tables and figures: no script, nothing from the
/// network.
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
    /// The text before the first section.
    preamble: String,
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Section {
    heading: String,
    body: String,
}

/// The most figures that stand in two columns rather than three.
const TWO_COLUMNS: usize = 4;
/// The content security policy: styles and images of the page itself, nothing else.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Page {
            title: title.into(),
            ..Page::default()
        }
    }

    /// Adds a sentence below the title.
    pub fn lead(&mut self, text: &str) {
        let lead = html! { p class="lead" { (safe(text)) } };
        self.header.push_str(&lead.into_string());
    }

    /// Adds the figures that a reader looks for first: name, value and a remark each.
    pub fn headline(&mut self, items: &[(String, String, String)]) {
        let headline = html! {
            dl class="headline" {
                @for (name, value, remark) in items {
                    div {
                        dt { (safe(name)) }
                        dd {
                            b { (safe(value)) }
                            @if !remark.is_empty() { span { (safe(remark)) } }
                        }
                    }
                }
            }
        };
        self.header.push_str(&headline.into_string());
    }

    /// Begins a section; the contents at the top of the page link to it.
    pub fn section(&mut self, heading: &str) {
        self.sections.push(Section {
            heading: heading.to_string(),
            body: String::new(),
        });
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: &str) {
        self.markup(&html! { p { (safe(text)) } });
    }

    /// Adds a command or the like, in fixed width, to be copied.
    pub fn code(&mut self, text: &str) {
        let lines: Vec<String> = text.lines().map(|line| safe(line).0).collect();
        let lines = PreEscaped(lines.join("\n"));
        self.markup(&html! { pre tabindex="0" { code { (lines) } } });
    }

    /// Adds names and values in two columns; nothing for no facts.
    pub fn facts(&mut self, heading: &str, facts: &[(String, String)]) {
        self.fact_columns(&[(heading, facts)]);
    }

    /// Adds lists of facts side by side; a list of no facts is left out.
    pub(crate) fn fact_columns(&mut self, lists: &[(&str, &[(String, String)])]) {
        let lists = || lists.iter().filter(|(_, facts)| !facts.is_empty());
        let columns = html! {
            @for (heading, facts) in lists() {
                div class="facts" {
                    h3 { (safe(heading)) }
                    dl {
                        @for (name, value) in facts.iter() {
                            dt { (safe(name)) }
                            dd { (safe(value)) }
                        }
                    }
                }
            }
        };
        match lists().count() {
            0 => {}
            1 => self.markup(&columns),
            _ => self.markup(&html! { div class="columns" { (columns) } }),
        }
    }

    /// Adds a table.
    pub fn table(&mut self, table: &Table) {
        self.markup(&table.render());
    }

    /// Adds a table that is folded away until a reader opens it.
    pub fn folded_table(&mut self, summary: &str, table: &Table) {
        self.markup(&html! { details { summary { (safe(summary)) } (table) } });
    }

    /// Adds figures, side by side where the screen is wide enough.
    pub fn figures(&mut self, figures: &[Figure]) {
        if figures.is_empty() {
            return;
        }
        let narrow = figures.iter().filter(|figure| !figure.is_wide()).count();
        let class = if narrow % 3 == 0 || narrow > TWO_COLUMNS {
            "figures three"
        } else {
            "figures"
        };
        self.markup(&html! {
            div class=(class) {
                @for figure in figures {
                    figure class=[figure.is_wide().then_some("wide")]
                        tabindex=[figure.is_wide().then_some("0")] {
                        (PreEscaped(figure.to_inline_svg()))
                        @if !figure.caption().is_empty() {
                            figcaption { (safe(figure.caption())) }
                        }
                    }
                }
            }
        });
    }

    /// Adds finished markup.
    pub(crate) fn markup(&mut self, markup: &Markup) {
        let body = match self.sections.last_mut() {
            Some(section) => &mut section.body,
            None => &mut self.preamble,
        };
        body.push_str(&markup.0);
        body.push('\n');
    }

    /// The text of the file.
    pub fn to_html(&self) -> String {
        let title = safe(&self.title);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" href="data:,";
                    title { (title) }
                    style { (PreEscaped(page_css())) }
                }
                body {
                    a class="skip" href="#main" { "Skip to the results" }
                    header {
                        h1 { (title) }
                        (PreEscaped(&self.header))
                        (self.contents())
                    }
                    main id="main" {
                        (PreEscaped(&self.preamble))
                        @for (id, section) in (1..).zip(&self.sections) { (section.render(id)) }
                    }
                }
            }
        };
        page.into_string()
    }

    /// The links to the sections, if there are several.
    fn contents(&self) -> Markup {
        html! {
            @if self.sections.len() > 1 {
                nav aria-label="Contents" { ul {
                    @for (id, section) in (1..).zip(&self.sections) {
                        li { a href={ "#s" (id) } { (safe(&section.heading)) } }
                    }
                } }
            }
        }
    }
}

impl Section {
    fn render(&self, id: i32) -> Markup {
        html! {
            section aria-labelledby={ "s" (id) } {
                h2 id={ "s" (id) } { (safe(&self.heading)) }
                (PreEscaped(&self.body))
            }
        }
    }
}
