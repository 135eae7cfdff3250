//! A table: aligned on a terminal, in Markdown for a file.

/// A table of text; the first column is aligned on the left.
pub(crate) struct Table {
    pub(crate) title: String,
    columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        Table {
            title: title.into(),
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// In columns as wide as they need to be.
    pub(crate) fn plain(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.columns[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::new();
            for (column, (cell, &width)) in cells.zip(&widths).enumerate() {
                line += &match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("  {cell:>width$}"),
                };
            }
            line.trim_end().to_string()
        };
        let mut lines = vec![self.title.clone(), line(&mut self.columns.iter().copied())];
        lines.extend(
            self.rows
                .iter()
                .map(|row| line(&mut row.iter().map(|cell| &**cell))),
        );
        lines.join("\n")
    }

    pub(crate) fn markdown(&self) -> String {
        let columns = self.columns.join(" | ");
        let rule = "--:|".repeat(self.columns.len() - 1);
        let rows: String = self
            .rows
            .iter()
            .map(|row| format!("| {} |\n", row.join(" | ")))
            .collect();
        format!("**{}**\n\n| {columns} |\n|:--|{rule}\n{rows}", self.title)
    }
}

/// Seconds in a unit that reads well.
pub(crate) fn time(seconds: f64) -> String {
    match seconds {
        s if s >= 10.0 => format!("{s:.1} s"),
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.1 => format!("{s:.3} s"),
        s if s >= 1e-3 => format!("{:.2} ms", 1e3 * s),
        s => format!("{:.2} us", 1e6 * s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_markdown_has_the_same_cells() {
        let mut table = Table::new("Title", &["job", "time"]);
        table.rows = vec![
            vec!["A".into(), "1 s".into()],
            vec!["longer".into(), "12 s".into()],
        ];
        assert_eq!(
            table.plain(),
            "Title\njob     time\nA        1 s\nlonger  12 s"
        );
        let markdown = "**Title**\n\n| job | time |\n|:--|--:|\n| A | 1 s |\n| longer | 12 s |\n";
        assert_eq!(table.markdown(), markdown);
    }

    #[test]
    fn times_read_well() {
        let times = [12.34, 1.234, 0.1234, 0.01234, 12.3e-6].map(time);
        assert_eq!(
            times,
            ["12.3 s", "1.23 s", "0.123 s", "12.34 ms", "12.30 us"]
        );
    }
}
