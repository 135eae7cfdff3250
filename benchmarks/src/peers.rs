//! This project and its peers at the same jobs, in turn.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use backprop_trainer::tensor::Pool;
use serde::Serialize;
use serde_json::{Value, json};

use super::jobs::{Backprop, Network, PREDICT_JOBS, median, training_jobs};
use super::peer::{Installed, Peer};
use super::process::{self, Process};
use super::{Data, Plan};
use backprop_cli::output::{say, threads as on};

/// Threads that wait for work by spinning have gone to sleep after this: those of OpenBLAS spin for
/// 2^28 cycles, a tenth of a second, and would take a core from the next process.
pub(crate) const PAUSE: Duration = Duration::from_millis(300);

/// A peer at a job.
#[derive(Serialize)]
pub(crate) struct Comparison {
    pub(crate) peer: &'static str,
    pub(crate) version: String,
    pub(crate) job: &'static str,
    pub(crate) threads: usize,
    /// The peer's median: seconds an epoch for training, seconds a call for prediction.
    pub(crate) seconds: f64,
    /// Ours, measured in turn with it.
    pub(crate) our_seconds: f64,
    /// The peer's seconds over ours.
    pub(crate) ratio: f64,
    /// On the validation rows, after as many epochs as ours; for prediction, of the network of A.
    pub(crate) loss: Option<f64>,
    pub(crate) accuracy: Option<f64>,
    pub(crate) our_loss: f64,
    pub(crate) our_accuracy: Option<f64>,
}

/// All that a comparison gives.
#[derive(Default)]
pub(crate) struct Comparisons {
    pub(crate) peers: Vec<Comparison>,
    pub(crate) processes: Vec<Process>,
}

/// Compares with each library on each number of threads. One that fails is named and left out.
pub(crate) fn compare(libraries: &[Installed], data: &Data, plan: &Plan) -> Result<Comparisons> {
    let mut all = Comparisons::default();
    for library in libraries {
        for &threads in &plan.threads {
            if !plan.quiet {
                say!("comparing with {} on {}", library.name, on(threads));
            }
            if let Err(error) = compare_one(library, threads, data, plan, &mut all) {
                eprintln!("{} on {} is left out: {error:#}", library.name, on(threads));
            }
        }
    }
    Ok(all)
}

fn compare_one(
    library: &Installed,
    threads: usize,
    data: &Data,
    plan: &Plan,
    all: &mut Comparisons,
) -> Result<()> {
    let images = &data.images()?;
    let rows = data.train.len();
    let mut peer = Peer::start(library, threads, images, rows)?;
    let pool = Arc::new(Pool::new(threads));
    for (job, network) in training_jobs() {
        let mut ours = Backprop::new(&network, &pool, plan.seed)?;
        let steps = rows / network.batch;
        peer.ask(&build(&network, false))?;
        // One epoch each warms up: programs are compiled, memory is there.
        ours.epoch(&data.train)?;
        peer.train(steps)?;
        let times = alternate(
            plan.repeats,
            || ours.epoch(&data.train),
            || peer.train(steps),
        )?;
        let (evaluation, answer) = (
            ours.evaluate(&data.validation)?,
            peer.ask(&json!({ "do": "evaluate" }))?,
        );
        let version = peer.version.clone();
        let mut push = |job, (our_seconds, seconds): (f64, f64)| {
            all.peers.push(Comparison {
                peer: library.name,
                version: version.clone(),
                job,
                threads,
                seconds,
                our_seconds,
                ratio: seconds / our_seconds,
                loss: answer.loss,
                accuracy: answer.accuracy,
                our_loss: evaluation.loss,
                our_accuracy: evaluation.accuracy,
            });
        };
        push(job, times);
        if job == "A" {
            for (job, rows, calls) in PREDICT_JOBS {
                let command = json!({ "do": "predict", "rows": rows, "calls": calls });
                let mut ours = || Ok(ours.predict(&data.validation_inputs, rows, calls));
                let mut theirs = || peer.ask(&command)?.seconds();
                ours()?;
                theirs()?;
                push(job, alternate(plan.repeats, ours, theirs)?);
            }
        }
    }
    peer.end()?;
    let whole = || whole_process(library, threads, images, rows);
    all.processes
        .push(process::median_of(plan.repeats.min(3), whole)?);
    Ok(())
}

/// Measures A B A B; the medians of both.
pub(crate) fn alternate(
    repeats: usize,
    mut ours: impl FnMut() -> Result<f64>,
    mut theirs: impl FnMut() -> Result<f64>,
) -> Result<(f64, f64)> {
    let (mut us, mut them) = (Vec::new(), Vec::new());
    for _ in 0..repeats {
        std::thread::sleep(PAUSE);
        us.push(ours()?);
        std::thread::sleep(PAUSE);
        them.push(theirs()?);
    }
    Ok((median(us), median(them)))
}

/// The command that makes a network.
pub(crate) fn build(network: &Network, dense: bool) -> Value {
    let mut command = json!(network);
    command["do"] = "build".into();
    if dense {
        command["dense"] = true.into();
    }
    command
}

/// A peer from its start to its end: read, train one epoch of A, evaluate.
fn whole_process(
    library: &Installed,
    threads: usize,
    images: &Path,
    rows: usize,
) -> Result<Process> {
    let [(_, network), ..] = training_jobs();
    let start = Instant::now();
    let mut peer = Peer::start(library, threads, images, rows)?;
    peer.ask(&build(&network, false))?;
    peer.train(rows / network.batch)?;
    peer.ask(&json!({ "do": "evaluate" }))?;
    let peak_rss_bytes = peer.ask(&json!({ "do": "memory" }))?.peak_rss_bytes;
    peer.end()?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Process {
        name: library.name.to_string(),
        threads,
        seconds,
        peak_rss_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_alternate_and_each_gets_its_own_median() {
        let order = std::cell::RefCell::new(Vec::new());
        let turn = |name: &'static str, times: [f64; 3]| {
            let (order, mut times) = (&order, times.into_iter());
            move || {
                order.borrow_mut().push(name);
                Ok(times.next().unwrap())
            }
        };
        let medians = alternate(
            3,
            turn("we", [1.0, 9.0, 2.0]),
            turn("they", [7.0, 5.0, 3.0]),
        );
        assert_eq!(medians.unwrap(), (2.0, 5.0));
        assert_eq!(
            order.into_inner(),
            ["we", "they", "we", "they", "we", "they"]
        );
    }

    #[test]
    fn a_network_is_built_by_one_command() {
        let [(_, network), ..] = training_jobs();
        let expected = json!({
            "do": "build", "hidden": [128, 64], "batch": 50, "adam": false, "rate": 0.1
        });
        assert_eq!(build(&network, false), expected);
        assert_eq!(build(&network, true)["dense"], true);
    }
}
