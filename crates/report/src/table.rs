//! Tables of text.

use crate::text::escape;

/// A table of text with a caption; on narrow screens it scrolls within its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, a text for each column. Missing texts are left empty.
    pub rows: Vec<Vec<String>>,
    /// The row, from 0, that is set off.
    pub marked: Option<usize>,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// What stands above it.
    pub name: String,
    /// Whether it holds numbers, which are aligned on the right.
    pub numeric: bool,
}

impl Column {
    /// A column of text.
    pub fn text(name: impl Into<String>) -> Self {
        Column {
            name: name.into(),
            numeric: false,
        }
    }

    /// A column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Column {
            name: name.into(),
            numeric: true,
        }
    }
}

impl Table {
    pub(crate) fn html(&self) -> String {
        let caption = escape(&self.caption);
        let mut html = format!(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\
             <table><caption>{caption}</caption><thead><tr>"
        );
        for column in &self.columns {
            let class = class(column);
            html.push_str(&format!(
                "<th scope=\"col\"{class}>{}</th>",
                escape(&column.name)
            ));
        }
        html.push_str("</tr></thead><tbody>\n");
        for (at, row) in self.rows.iter().enumerate() {
            let marked = self.marked == Some(at);
            html.push_str(if marked {
                "<tr class=\"marked\">"
            } else {
                "<tr>"
            });
            for (k, column) in self.columns.iter().enumerate() {
                let text = escape(row.get(k).map_or("", |text| text));
                let class = class(column);
                html.push_str(&if k == 0 {
                    format!("<th scope=\"row\"{class}>{text}</th>")
                } else {
                    format!("<td{class}>{text}</td>")
                });
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody></table></div>\n");
        html
    }
}

fn class(column: &Column) -> &'static str {
    if column.numeric { " class=\"n\"" } else { "" }
}
