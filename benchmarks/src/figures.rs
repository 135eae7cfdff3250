//! The figures as tables.

use super::jobs::Measured;
use super::machine::Machine;
use super::peers::Comparison;
use super::process::Process;
use super::sweep::{Cell, PEERS};
use super::table::{Table, time};
use backprop_cli::output::{percent, thousands, threads as on};

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
pub(crate) fn jobs<'a>(jobs: impl Iterator<Item = &'a Measured>, repeats: usize) -> Table {
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
            percent(1.0 / job.times_dense_limit),
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
        let share = |share: Option<f64>| share.map_or("-".to_string(), percent);
        let loss = |loss: Option<f64>| loss.map_or("-".to_string(), |loss| format!("{loss:.4}"));
        tables[place].2.rows.push(vec![
            format!("{} {}", row.peer, row.version),
            time(row.seconds),
            time(row.our_seconds),
            format!("{:.2}", row.ratio),
            loss(row.loss),
            loss(row.our_loss),
            share(row.accuracy),
            share(row.our_accuracy),
        ]);
    }
    tables.sort_by_key(|(job, threads, _)| (job.len(), *job, *threads));
    tables.into_iter().map(|(_, _, table)| table).collect()
}

/// The jobs in a few words each; `#` stands for the number of rows.
const JOBS: [(&str, &str); 9] = [
    ("A", "train 784-128-64-10 on # images, batches of 50"),
    ("B", "the same, batches of 128, Adam"),
    ("C", "train 784-1000-500-10 on # images, batches of 128"),
    (
        "D",
        "train 28-300-300-300-300-300-1 on # rows, batches of 100",
    ),
    ("E", "a step of 4-32-16-4 on # rows at once, Adam"),
    ("F", "loss and gradient of 24-8-2 on # rows, f64"),
    ("predict-1", "predict one image with the network of A"),
    ("predict-50", "predict 50 images in one call"),
    ("predict-1000", "predict 1,000 images in one call"),
];

/// A line for each job: on each number of threads our seconds, the fastest other library, and how
/// many times our seconds it takes, both measured in turn.
pub(crate) fn overview(jobs: &[Measured], compared: &[Comparison]) -> Table {
    let title =
        "How long each job takes, and how many times as long the fastest other library takes";
    let threads = threads_of(jobs);
    let mut columns = vec!["job"];
    for &threads in &threads {
        columns.push(match threads {
            1 => "1 thread",
            2 => "2 threads",
            _ => "more threads",
        });
        columns.extend(["fastest other", "takes"]);
    }
    let mut table = Table::new(title, &columns);
    for (name, words) in JOBS {
        let of_name = || jobs.iter().filter(|job| job.job == name);
        let rows = of_name().next().map_or(0, Measured::rows);
        let mut row = vec![format!("{name}: {}", words.replace('#', &thousands(rows)))];
        for &threads in &threads {
            let others = compared
                .iter()
                .filter(|row| row.job == name && row.threads == threads);
            let best = others.min_by(|a, b| a.ratio.total_cmp(&b.ratio));
            let alone = of_name().find(|job| job.threads == threads);
            let alone = alone.map(|job| job.seconds);
            let ours = best.map(|row| row.our_seconds).or(alone);
            row.push(ours.map_or("-".to_string(), time));
            row.push(best.map_or("-".to_string(), |row| row.peer.to_string()));
            row.push(best.map_or("-".to_string(), |row| format!("{:.2} times", row.ratio)));
        }
        table.rows.push(row);
    }
    table
}

/// The numbers of threads that were measured, in their order.
pub(crate) fn threads_of(jobs: &[Measured]) -> Vec<usize> {
    let mut threads: Vec<usize> = jobs.iter().map(|job| job.threads).collect();
    threads.dedup();
    threads
}

/// All ratios at a glance: how many times our seconds each peer takes.
pub(crate) fn ratios(compared: &[Comparison]) -> Table {
    let columns = [
        "peer",
        "threads",
        "A",
        "B",
        "C",
        "D",
        "E",
        "F",
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
        "network",
        "batch",
        "threads",
        "a step",
        "GFLOP/s",
        "dense limit",
    ];
    let compared = cells.iter().any(|cell| !cell.peers.is_empty());
    if compared {
        columns.extend(PEERS);
    }
    let title = "Sweep: images by gradient descent, tables by Adam; seconds of a step, the times over the \
                 dense limit, and how many times ours each peer takes";
    let mut table = Table::new(title, &columns);
    for cell in cells {
        let mut row = vec![
            cell.data.to_string(),
            cell.network.clone(),
            cell.batch.to_string(),
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
            our_loss: Some(0.2),
            our_accuracy: Some(0.95),
        }
    }

    #[test]
    fn the_overview_names_the_fastest_other_library() {
        let machine = Machine {
            cpu: String::new(),
            cores: 2,
            fma_gflops: [(1, 100.0)].into(),
            l2_gb_s: 0.0,
            dram_gb_s: 0.0,
            meeting_ns: None,
        };
        let ours = [Measured::new("A", 1, 0.5, 1000, 1e6, &machine)];
        let mut other = row("A", 1, 0.75);
        other.peer = "jax";
        let table = overview(&ours, &[row("A", 1, 1.0), other, row("A", 2, 0.1)]);
        assert_eq!(
            table.rows[0][0],
            "A: train 784-128-64-10 on 1,000 images, batches of 50"
        );
        assert_eq!(table.rows[0][1..], ["0.500 s", "jax", "1.50 times"]);
        assert_eq!(table.rows[1][1..], ["-", "-", "-"]);
    }

    #[test]
    fn ratios_stand_in_a_row_for_each_peer_and_number_of_threads() {
        let rows = [row("A", 1, 1.0), row("predict-1", 1, 2.0), row("A", 2, 0.4)];
        let table = ratios(&rows);
        let one = [
            "numpy 2", "1", "2.00", "-", "-", "-", "-", "-", "4.00", "-", "-",
        ];
        assert_eq!(table.rows[0], one);
        assert_eq!(table.rows[1][2], "0.80");
        let titles: Vec<String> = peers(&rows).into_iter().map(|table| table.title).collect();
        assert_eq!(
            titles,
            ["A on 1 thread", "A on 2 threads", "predict-1 on 1 thread"]
        );
    }
}
