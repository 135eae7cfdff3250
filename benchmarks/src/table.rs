//! The figures as tables: aligned on a terminal, in Markdown for a file, and as a chart.

use backprop_report::plot::{Axis, BarChart, Figure, Scale};
use jiff::Zoned;

use super::jobs::Measured;
use super::machine::Machine;
use super::peers::{Comparison, Comparisons};
use super::process::Process;
use super::sweep::{Cell, PEERS, summary};
use backprop_cli::output::{percent, thousands, threads as on};

/// The text before and after the measured part of a Markdown file.
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

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

    fn markdown(&self) -> String {
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

fn memory(bytes: Option<u64>) -> String {
    bytes.map_or("?".to_string(), |bytes| {
        format!("{} MB", (bytes + 500_000) / 1_000_000)
    })
}

/// The limits of the machine in a sentence.
pub(crate) fn machine(machine: &Machine) -> String {
    let peaks: Vec<String> = machine
        .fma_gflops
        .iter()
        .map(|(threads, peak)| format!("{peak:.1} GFLOP/s on {threads}"))
        .collect();
    let meeting = machine.meeting_ns.map_or_else(String::new, |ns| {
        format!(" Two threads meet in {ns:.0} ns.")
    });
    format!(
        "{}, {} cores. Peak of f32 multiply-adds: {}. One thread reads {:.1} GB/s from L2 and {:.1} \
         GB/s from memory.{meeting}",
        machine.cpu,
        machine.cores,
        peaks.join(", "),
        machine.l2_gb_s,
        machine.dram_gb_s
    )
}

/// Every job of this project, beside what the machine can do.
pub(crate) fn jobs<'a>(
    jobs: impl Iterator<Item = &'a Measured>,
    machine: &Machine,
    repeats: usize,
) -> Table {
    let columns = [
        "job",
        "threads",
        "time",
        "rows/s",
        "GFLOP/s",
        "of the peak",
        "times the dense limit",
        "meetings a step",
    ];
    let mut table = Table::new(format!("Jobs, medians of {repeats}"), &columns);
    for job in jobs {
        table.rows.push(vec![
            job.job.clone(),
            job.threads.to_string(),
            time(job.seconds),
            thousands(job.per_second.round() as usize),
            format!("{:.1}", job.gflops),
            percent(job.gflops * 1e9 / machine.peak(job.threads)),
            format!("{:.2}", job.times_dense_limit),
            job.meetings_per_step
                .map_or(String::new(), |count| format!("{count:.1}")),
        ]);
    }
    table
}

pub(crate) fn processes(processes: &[Process]) -> Table {
    let title = "Whole processes: start, read, one epoch of A, evaluate, exit";
    let mut table = Table::new(title, &["", "threads", "time", "peak memory"]);
    for process in processes {
        table.rows.push(vec![
            process.name.clone(),
            process.threads.to_string(),
            time(process.seconds),
            memory(process.peak_rss_bytes),
        ]);
    }
    table
}

/// A table for each job and number of threads.
pub(crate) fn peers(compared: &[Comparison]) -> Vec<Table> {
    let mut tables: Vec<(&str, usize, Table)> = Vec::new();
    let columns = [
        "peer",
        "its time",
        "ours",
        "ratio",
        "its loss",
        "ours",
        "its accuracy",
        "ours",
    ];
    for row in compared {
        let title = format!("{} on {}", row.job, on(row.threads));
        let place = tables
            .iter()
            .position(|(job, n, _)| (*job, *n) == (row.job, row.threads));
        let place = place.unwrap_or_else(|| {
            tables.push((row.job, row.threads, Table::new(title, &columns)));
            tables.len() - 1
        });
        let share = |share: Option<f64>| share.map_or("?".to_string(), percent);
        tables[place].2.rows.push(vec![
            format!("{} {}", row.peer, row.version),
            time(row.seconds),
            time(row.our_seconds),
            format!("{:.2}", row.ratio),
            row.loss
                .map_or("?".to_string(), |loss| format!("{loss:.4}")),
            format!("{:.4}", row.our_loss),
            share(row.accuracy),
            share(row.our_accuracy),
        ]);
    }
    tables.sort_by_key(|(job, threads, _)| (job.len(), *job, *threads));
    tables.into_iter().map(|(_, _, table)| table).collect()
}

/// All ratios at a glance: how many times our seconds each peer takes.
pub(crate) fn ratios(compared: &[Comparison]) -> Table {
    let columns = [
        "peer",
        "threads",
        "A",
        "B",
        "C",
        "predict-1",
        "predict-50",
        "predict-1000",
    ];
    let mut table = Table::new("How many times our seconds each peer takes", &columns);
    let mut done: Vec<(&str, usize)> = Vec::new();
    for row in compared {
        let key = (row.peer, row.threads);
        if done.contains(&key) {
            continue;
        }
        done.push(key);
        let mut cells = vec![
            format!("{} {}", row.peer, row.version),
            row.threads.to_string(),
        ];
        for job in &columns[2..] {
            let of_job = compared
                .iter()
                .find(|other| (other.peer, other.threads) == key && other.job == *job);
            cells.push(of_job.map_or("-".to_string(), |found| format!("{:.2}", found.ratio)));
        }
        table.rows.push(cells);
    }
    table
}

pub(crate) fn sweep(cells: &[Cell]) -> Table {
    let mut columns = vec![
        "data",
        "batch",
        "width",
        "threads",
        "a step",
        "GFLOP/s",
        "dense limit",
    ];
    let compared = cells.iter().any(|cell| !cell.peers.is_empty());
    if compared {
        columns.extend(PEERS);
    }
    let title = "Sweep: two hidden layers, gradient descent; seconds of a step, the times over the \
                 dense limit, and how many times ours each peer takes";
    let mut table = Table::new(title, &columns);
    for cell in cells {
        let mut row = vec![
            cell.data.to_string(),
            cell.batch.to_string(),
            cell.width.to_string(),
            cell.threads.to_string(),
            time(cell.seconds),
            format!("{:.1}", cell.gflops),
            format!("{:.2}", cell.times_dense_limit),
        ];
        if compared {
            let ratio = |name| cell.peers.get(name).map(|seconds| seconds / cell.seconds);
            let text = |ratio: Option<f64>| ratio.map_or("-".to_string(), |r| format!("{r:.2}"));
            row.extend(PEERS.map(|name| text(ratio(name))));
        }
        table.rows.push(row);
    }
    table
}

/// The measured part of a Markdown file.
pub(crate) fn markdown(
    first: &str,
    jobs: &[Table],
    comparison: &Comparisons,
    sweep_cells: &[Cell],
    chart: Option<&str>,
) -> String {
    let date = Zoned::now().strftime("%Y-%m-%d");
    let mut parts = vec![format!("Measured on {date}. {first}")];
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
pub(crate) fn chart(jobs: &[Measured], comparison: &Comparisons, machine: &Machine) -> Figure {
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
                let share = |job: &Measured| job.gflops * 1e9 / machine.peak(threads);
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

    fn row(job: &'static str, threads: usize, seconds: f64) -> Comparison {
        Comparison {
            peer: "numpy",
            version: "2".to_string(),
            job,
            threads,
            seconds,
            our_seconds: 0.5,
            ratio: seconds / 0.5,
            loss: Some(0.25),
            accuracy: None,
            our_loss: 0.2,
            our_accuracy: Some(0.95),
        }
    }

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
    fn ratios_stand_in_a_row_for_each_peer_and_number_of_threads() {
        let rows = [row("A", 1, 1.0), row("predict-1", 1, 2.0), row("A", 2, 0.4)];
        let table = ratios(&rows);
        let one = ["numpy 2", "1", "2.00", "-", "-", "4.00", "-", "-"];
        assert_eq!(table.rows[0], one);
        assert_eq!(table.rows[1][2], "0.80");
        let titles: Vec<String> = peers(&rows).into_iter().map(|table| table.title).collect();
        assert_eq!(
            titles,
            ["A on 1 thread", "A on 2 threads", "predict-1 on 1 thread"]
        );
    }

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

    #[test]
    fn times_read_well() {
        let times = [12.34, 1.234, 0.1234, 0.01234, 12.3e-6].map(time);
        assert_eq!(
            times,
            ["12.3 s", "1.23 s", "0.123 s", "12.34 ms", "12.30 us"]
        );
    }
}
