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
}
