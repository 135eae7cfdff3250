//! The part of the sweep that trains on tables: narrow inputs, in f32 and in f64.

use std::sync::Arc;

use anyhow::Result;
use backprop_cli::output::say;
use backprop_trainer::tensor::Pool;

use super::jobs::training_flops;
use super::library::Installed;
use super::machine::Machine;
use super::peer::{Peer, Start};
use super::plan::Plan;
use super::sweep::{Cell, Point, line, start, steps};
use super::tabular::{self, Rows, TableJob, TableNetwork, Work};

/// Inputs and outputs, from few to many.
const ENDS: [(usize, usize); 2] = [(8, 1), (64, 10)];
const WIDTHS: [usize; 3] = [32, 128, 256];
const BATCHES: [usize; 2] = [32, 256];

/// Rows of the largest table.
const MAX_ROWS: usize = 65_536;

/// The networks of one precision: two hidden layers each; in f32 also one hidden layer of 64
/// between 64 inputs and 64 outputs, a row at a time.
fn networks(double: bool) -> Vec<TableNetwork> {
    let network = |inputs, hidden: &[usize], outputs, batch| TableNetwork {
        inputs,
        hidden: hidden.to_vec(),
        outputs,
        tanh: false,
        binary: false,
        adam: true,
        rate: 1e-3,
        batch,
        double,
    };
    let mut all = Vec::new();
    for (inputs, outputs) in ENDS {
        for width in WIDTHS {
            for batch in BATCHES {
                all.push(network(inputs, &[width; 2], outputs, batch));
            }
        }
    }
    if !double {
        all.push(network(64, &[64], 64, 1));
    }
    all
}

/// Measures all cells, in turn with those of the libraries that belong to the sweep.
pub(crate) fn measure(
    libraries: &[Installed],
    machine: &Machine,
    plan: &Plan,
) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for &threads in &plan.threads {
        let pool = Arc::new(Pool::new(threads));
        for double in [false, true] {
            let mut peers = start(libraries, &Start::tables(threads, double));
            for network in networks(double) {
                let cell = cell(network, &pool, machine, plan, &mut peers)?;
                if !plan.quiet {
                    say!("{}", line(&cell));
                }
                cells.push(cell);
            }
            for peer in peers {
                peer.end()?;
            }
        }
    }
    Ok(cells)
}

fn cell(
    network: TableNetwork,
    pool: &Arc<Pool>,
    machine: &Machine,
    plan: &Plan,
    peers: &mut Vec<Peer>,
) -> Result<Cell> {
    let (widths, batch, double) = (network.widths(), network.batch, network.double);
    let flops = training_flops(&widths) * batch as f64;
    let most = (MAX_ROWS / batch).min(4000);
    let steps = steps(flops, machine.peak(1), most);
    let rows = Rows::new(&network, steps * batch, plan.seed);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("table");
    rows.write(&file, double)?;
    let command = network.command(&file, steps * batch);
    let job = TableJob {
        name: "sweep",
        network,
        rows: steps * batch,
        work: Work::Epoch,
        steps,
    };
    let mut ours = tabular::ours(&job, &rows, pool, plan.seed)?;
    let mut we = || Ok(ours.run()?.seconds);
    let point = Point {
        data: if double { "table f64" } else { "table" },
        widths,
        batch,
        steps,
        times_f32: if double { 2.0 } else { 1.0 },
    };
    point.measure(&mut we, &command, peers, pool, machine, plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_count_has_25_cells() {
        let (single, double) = (networks(false), networks(true));
        assert_eq!((single.len(), double.len()), (13, 12));
        assert_eq!(single[12].widths(), [64, 64, 64]);
        assert_eq!(
            (single[12].batch, single[0].widths()),
            (1, vec![8, 32, 32, 1])
        );
    }
}
