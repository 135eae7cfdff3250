//! The measured parts of a Markdown file, and its chart.

use backprop_report::plot::{Axis, BarChart, Figure, Scale};
use jiff::Zoned;

use super::figures::{peers, ratios, sweep, threads_of};
use super::jobs::Measured;
use super::peers::{Comparison, Comparisons};
use super::sweep::{Cell, summary};
use super::table::Table;
use backprop_cli::output::threads as on;

/// All that stands in the measured parts of a Markdown file.
pub(crate) struct Page<'a> {
    /// The machine and the data set in a few sentences.
    pub(crate) machine: String,
    /// The time that all measurements took.
    pub(crate) minutes: f64,
    pub(crate) overview: Table,
    /// The tables of this project without others beside it.
    pub(crate) alone: Vec<Table>,
    pub(crate) comparison: &'a Comparisons,
    pub(crate) cells: &'a [Cell],
    /// The file of the chart.
    pub(crate) chart: Option<String>,
}

impl Page<'_> {
    /// Changes the measured parts of a text: the summary, and all figures.
    pub(crate) fn put_into(&self, text: &str) -> String {
        let date = Zoned::now().strftime("%Y-%m-%d");
        let (machine, minutes) = (&self.machine, self.minutes);
        let summary = [
            self.overview.markdown(),
            format!("Measured on {date} in {minutes:.0} minutes. {machine}"),
        ];
        let text = replace_part(text, "summary", &summary.join("\n\n"));
        replace_part(&text, "measured", &self.figures())
    }

    fn figures(&self) -> String {
        let mut parts = Vec::new();
        if !self.comparison.peers.is_empty() {
            parts.push(ratios(&self.comparison.peers).markdown());
        }
        if let Some(file) = &self.chart {
            parts.push(format!("![The times of job A]({file})"));
        }
        parts.extend(self.alone.iter().map(Table::markdown));
        parts.extend(peers(&self.comparison.peers).iter().map(Table::markdown));
        if !self.cells.is_empty() {
            parts.push(summary(self.cells).join(" "));
            parts.push(sweep(self.cells).markdown());
        }
        parts.join("\n\n")
    }
}

/// Puts a part in its place in a text, between two comments with its name; at the end of a text
/// without them.
fn replace_part(text: &str, name: &str, part: &str) -> String {
    let [begin, end] = ["begin", "end"].map(|side| format!("<!-- {name}: {side} -->"));
    let (before, after) = match (text.split_once(&begin), text.split_once(&end)) {
        (Some((before, _)), Some((_, after))) => (before, after),
        _ => (text, "\n"),
    };
    format!("{before}{begin}\n\n{}\n\n{end}{after}", part.trim())
}

/// Job A as bars, a figure for each number of threads: ours and the peers', or all jobs' shares of
/// the machine's peak where there are no peers.
pub(crate) fn chart(jobs: &[Measured], comparison: &Comparisons) -> Figure {
    let with_peers = !comparison.peers.is_empty();
    let figures: Vec<Figure> = threads_of(jobs)
        .into_iter()
        .map(|threads| {
            let ours = jobs.iter().filter(|job| job.threads == threads);
            let bars = if with_peers {
                let ours = ours.filter(|job| job.job == "A");
                let ours = ours.map(|job| ("backprop".to_string(), job.seconds));
                let is_a = |row: &&Comparison| row.job == "A" && row.threads == threads;
                let peers = comparison.peers.iter().filter(is_a);
                let mut bars: Vec<(String, f64)> = ours
                    .chain(peers.map(|row| (row.peer.to_string(), row.seconds)))
                    .collect();
                bars.sort_by(|a, b| a.1.total_cmp(&b.1));
                bars
            } else {
                let share = |job: &Measured| 1.0 / job.times_dense_limit;
                ours.map(|job| (job.job.clone(), share(job))).collect()
            };
            let (title, y) = if with_peers {
                (
                    "Job A: seconds an epoch",
                    Axis::new("seconds (s)", Scale::Linear),
                )
            } else {
                (
                    "Fraction of the machine's peak, counted dense",
                    Axis::new("fraction", Scale::Percent),
                )
            };
            let title = format!("{title}, {}", on(threads));
            BarChart {
                title,
                x: String::new(),
                y,
                bars,
            }
            .figure()
        })
        .collect();
    Figure::stack("Benchmarks", &figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_measured_parts_of_a_text_change() {
        let once = replace_part("Before.\n", "measured", "one");
        assert!(
            once.starts_with("Before.\n") && once.contains("one"),
            "{once}"
        );
        let comments = |name: &str, text: &str| {
            format!("<!-- {name}: begin -->\n\n{text}\n\n<!-- {name}: end -->")
        };
        let text = |summary: &str, measured: &str| {
            let (first, last) = (comments("summary", summary), comments("measured", measured));
            format!("Before.\n\n{first}\nBetween.\n\n{last}\nAfter.\n")
        };
        let twice = replace_part(&text("old", "older"), "measured", "one");
        let twice = replace_part(&replace_part(&twice, "measured", "two"), "summary", "new");
        assert_eq!(twice, text("new", "two"));
    }
}
