use backprop_plot::text::escape;
use maud::{Markup, PreEscaped, Render, html};

/// A table of text with a caption; on narrow screens it scrolls within its frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The caption.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, a text for each column. Missing texts are left empty.
    pub rows: Vec<Vec<String>>,
    /// The index of the row that is set off.
    pub marked: Option<usize>,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// Whether the column holds numbers, which are aligned on the right.
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

    fn class(&self) -> Option<&'static str> {
        self.numeric.then_some("n")
    }
}

/// A text for HTML: escaped, and without control characters, which `maud` lets through.
pub(crate) fn safe(text: &str) -> PreEscaped<String> {
    PreEscaped(escape(text))
}

/// A table within the frame that it scrolls in.
pub(crate) fn scrolling(label: &str, table: &Markup) -> Markup {
    html! {
        div class="scroll" role="region" tabindex="0" aria-label=(safe(label)) { (table) }
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        let table = html! {
            table {
                caption { (safe(&self.caption)) }
                thead { tr {
                    @for column in &self.columns {
                        th scope="col" class=[column.class()] { (safe(&column.name)) }
                    }
                } }
                tbody {
                    @for (index, row) in self.rows.iter().enumerate() {
                        tr class=[(self.marked == Some(index)).then_some("marked")] {
                            (self.cells(row))
                        }
                    }
                }
            }
        };
        scrolling(&self.caption, &table)
    }
}

impl Table {
    fn cells(&self, row: &[String]) -> Markup {
        let text = |k: usize| safe(row.get(k).map_or("", |text| text));
        html! {
            @for (k, column) in self.columns.iter().enumerate() {
                @if k == 0 {
                    th scope="row" class=[column.class()] { (text(k)) }
                } @else {
                    td class=[column.class()] { (text(k)) }
                }
            }
        }
    }
}
