//! The measured part of a Markdown file, and its chart.

use backprop_report::plot::{Axis, BarChart, Figure, Scale};
use jiff::Zoned;

use super::figures::{peers, ratios, sweep};
use super::jobs::Measured;
use super::peers::{Comparison, Comparisons};
use super::sweep::{Cell, summary};
use super::table::Table;
use backprop_cli::output::threads as on;

/// The text before and after the measured part of a Markdown file.
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// The measured part of a Markdown file.
pub(crate) fn markdown(
    first: &str,
    overview: &Table,
    jobs: &[Table],
    comparison: &Comparisons,
    sweep_cells: &[Cell],
    chart: Option<&str>,
) -> String {
    let date = Zoned::now().strftime("%Y-%m-%d");
    let mut parts = vec![format!("Measured on {date}. {first}"), overview.markdown()];
    if !comparison.peers.is_empty() {
        parts.push(ratios(&comparison.peers).markdown());
    }
    if let Some(file) = chart {
        parts.push(format!("![The times of job A]({file})"));
    }
    parts.extend(jobs.iter().map(Table::markdown));
    parts.extend(peers(&comparison.peers).iter().map(Table::markdown));
    if !sweep_cells.is_empty() {
        parts.push(summary(sweep_cells).join(" "));
        parts.push(sweep(sweep_cells).markdown());
    }
    parts.join("\n\n")
}

/// Puts the measured part in its place in a text; at its end where there is no place.
pub(crate) fn replace_measured(text: &str, measured: &str) -> String {
    let (before, after) = match (text.split_once(BEGIN), text.split_once(END)) {
        (Some((before, _)), Some((_, after))) => (before, after),
        _ => (text, "\n"),
    };
    format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", measured.trim())
}

/// Job A as bars, a figure for each number of threads: ours and the peers', or all jobs' shares of
/// the machine's peak where there are no peers.
pub(crate) fn chart(jobs: &[Measured], comparison: &Comparisons) -> Figure {
    let mut threads: Vec<usize> = jobs.iter().map(|job| job.threads).collect();
    threads.dedup();
    let with_peers = !comparison.peers.is_empty();
    let figures: Vec<Figure> = threads
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
    fn only_the_measured_part_of_a_text_changes() {
        let once = replace_measured("Before.\n", "one");
        assert!(
            once.starts_with("Before.\n") && once.contains("one"),
            "{once}"
        );
        let text = format!("Before.\n\n{BEGIN}\nold\n{END}\nAfter.\n");
        let twice = replace_measured(&replace_measured(&text, "one"), "two");
        assert_eq!(
            twice,
            format!("Before.\n\n{BEGIN}\n\ntwo\n\n{END}\nAfter.\n")
        );
    }
}
