//! This project and its peers at the same jobs, in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use backprop_trainer::ndarray::Axis;
use backprop_trainer::tensor::Pool;
use serde::Serialize;
use serde_json::{Value, json};

use super::jobs::{Backprop, Network, PREDICT_JOBS, median, training_jobs};
use super::library::{Installed, Jobs};
use super::peer::{Peer, Start};
use super::plan::{Data, Plan};
use super::process::{self, Process};
use super::tabular::{self, Rows, TableJob, Work, table_jobs, write_numbers};
use backprop_cli::output::{say, threads as on};

/// Threads that wait for work by spinning have gone to sleep after this: those of OpenBLAS spin for
/// 2^28 cycles, a tenth of a second, and would take a core from the next process.
const PAUSE: Duration = Duration::from_millis(200);
/// Where there is one thread, none waits.
const SHORT_PAUSE: Duration = Duration::from_millis(20);

/// The seconds that the rounds of one job may take, if these are more than three.
const TURN_SECONDS: f64 = 15.0;

/// Rows whose logits a library that runs our network has to get right before it is measured, and by
/// how much they may differ: they are sums of up to 784 products, of up to about 20.
const CHECKED_ROWS: usize = 1000;
const TOLERANCE: f64 = 1e-4;

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
    /// On the validation rows, after as many epochs as ours; for prediction, of the network of A. On
    /// tables, the mean training loss of the steps of the last measurement.
    pub(crate) loss: Option<f64>,
    pub(crate) accuracy: Option<f64>,
    pub(crate) our_loss: Option<f64>,
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
            let side = Side {
                library,
                threads,
                pool: Arc::new(Pool::new(threads)),
                data,
                plan,
            };
            if let Err(error) = side.compare(&mut all) {
                eprintln!("{} on {} is left out: {error:#}", library.name, on(threads));
            }
        }
    }
    Ok(all)
}

/// A library on a number of threads, and all that a comparison with it needs.
struct Side<'a> {
    library: &'a Installed,
    threads: usize,
    pool: Arc<Pool>,
    data: &'a Data,
    plan: &'a Plan,
}

/// The loss and the accuracy of a network, where they are known.
type Learned = (Option<f64>, Option<f64>);

impl Side<'_> {
    fn compare(&self, all: &mut Comparisons) -> Result<()> {
        if self.library.jobs == Jobs::Predictions {
            return self.compare_runtime(all);
        }
        self.compare_images(all)?;
        if self.library.jobs == Jobs::All {
            self.compare_tables(all)?;
        }
        let (images, rows) = (self.data.images()?, self.data.train.len());
        let start = Start::images(self.threads, &images, rows);
        let whole = || whole_process(self.library, self.threads, &start, rows);
        let repeats = self.plan.repeats.min(3);
        all.processes.push(process::median_of(repeats, whole)?);
        Ok(())
    }

    fn turns(&self) -> Turns {
        Turns::new(self.threads, self.plan.repeats)
    }

    fn row(
        &self,
        version: &str,
        job: &'static str,
        (our_seconds, seconds): (f64, f64),
        ours: Learned,
        theirs: Learned,
    ) -> Comparison {
        Comparison {
            peer: self.library.name,
            version: version.to_string(),
            job,
            threads: self.threads,
            seconds,
            our_seconds,
            ratio: seconds / our_seconds,
            loss: theirs.0,
            accuracy: theirs.1,
            our_loss: ours.0,
            our_accuracy: ours.1,
        }
    }

    /// A, B, C and the predictions with the network of A.
    fn compare_images(&self, all: &mut Comparisons) -> Result<()> {
        let (images, train) = (self.data.images()?, &self.data.train);
        let start = Start::images(self.threads, &images, train.len());
        let mut peer = Peer::start(self.library, &start)?;
        for (job, network) in training_jobs() {
            let mut ours = Backprop::new(&network, &self.pool, self.plan.seed)?;
            let steps = train.len() / network.batch;
            peer.ask(&build(&network, false))?;
            // One epoch each warms up: programs are compiled, memory is there.
            let first = ours.epoch(train)? + peer.train(steps)?;
            let turns = self.turns().within(first);
            let times = turns.alternate(|| ours.epoch(train), || peer.train(steps))?;
            let evaluation = ours.evaluate(&self.data.validation)?;
            let answer = peer.ask(&json!({ "do": "evaluate" }))?;
            let learned = (Some(evaluation.loss), evaluation.accuracy);
            let their = (answer.loss, answer.accuracy);
            let version = peer.version.clone();
            all.peers
                .push(self.row(&version, job, times, learned, their));
            if job == "A" {
                self.compare_predictions(&mut ours, &mut peer, learned, their, all)?;
            }
        }
        peer.end()
    }

    fn compare_predictions(
        &self,
        ours: &mut Backprop,
        peer: &mut Peer,
        learned: Learned,
        their: Learned,
        all: &mut Comparisons,
    ) -> Result<()> {
        for (job, rows, calls) in PREDICT_JOBS {
            let command = json!({ "do": "predict", "rows": rows, "calls": calls });
            let mut ours = || Ok(ours.predict(&self.data.validation_inputs, rows, calls));
            let mut theirs = || peer.ask(&command)?.seconds();
            ours()?;
            theirs()?;
            let times = self.turns().alternate(ours, theirs)?;
            let version = peer.version.clone();
            all.peers
                .push(self.row(&version, job, times, learned, their));
        }
        Ok(())
    }

    /// The predictions of a network of ours, from the file that we export.
    fn compare_runtime(&self, all: &mut Comparisons) -> Result<()> {
        let (images, train) = (self.data.images()?, &self.data.train);
        let [(_, network), ..] = training_jobs();
        let mut ours = Backprop::new(&network, &self.pool, self.plan.seed)?;
        ours.epoch(train)?;
        let folder = tempfile::tempdir()?;
        let (model, logits) = (folder.path().join("a.onnx"), folder.path().join("logits"));
        ours.export(&model)?;
        let inputs = self.data.validation_inputs.view();
        let (rows, _) = inputs.split_at(Axis(0), CHECKED_ROWS);
        write_numbers(&logits, ours.logits(rows).iter().copied(), false)?;
        let start = Start::images(self.threads, &images, train.len());
        let mut peer = Peer::start(self.library, &start)?;
        let answer = peer.ask(&json!({ "do": "load", "model": model, "logits": logits }))?;
        let difference = answer
            .difference
            .context("an answer without a difference")?;
        ensure!(
            difference <= TOLERANCE,
            "its logits differ from ours by {difference:.1e}; at most {TOLERANCE:.0e} is expected"
        );
        let evaluation = ours.evaluate(&self.data.validation)?;
        let learned = (Some(evaluation.loss), evaluation.accuracy);
        self.compare_predictions(&mut ours, &mut peer, learned, (None, None), all)?;
        peer.end()
    }

    /// D, E and F; those of one precision share a process.
    fn compare_tables(&self, all: &mut Comparisons) -> Result<()> {
        let jobs = table_jobs(self.plan.repeats == 1);
        for double in [false, true] {
            let mut peer = Peer::start(self.library, &Start::tables(self.threads, double))?;
            for job in jobs.iter().filter(|job| job.network.double == double) {
                all.peers.push(self.compare_table(job, &mut peer)?);
            }
            peer.end()?;
        }
        Ok(())
    }

    fn compare_table(&self, job: &TableJob, peer: &mut Peer) -> Result<Comparison> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("table");
        let rows = Rows::new(&job.network, job.rows, self.plan.seed);
        rows.write(&file, job.network.double)?;
        peer.ask(&job.network.command(&file, job.rows))?;
        let command = match job.work {
            Work::Gradient => json!({ "do": "gradient", "steps": job.steps }),
            _ => json!({ "do": "train", "steps": job.steps }),
        };
        let each = match job.work {
            Work::Epoch => 1.0,
            _ => job.steps as f64,
        };
        let mut ours = tabular::ours(job, &rows, &self.pool, self.plan.seed)?;
        let (mut our_loss, mut their_loss) = (None, None);
        let mut we = || {
            let timed = ours.run()?;
            our_loss = Some(timed.loss);
            Ok(timed.seconds)
        };
        let mut they = || {
            let answer = peer.ask(&command)?;
            their_loss = answer.loss;
            Ok(answer.seconds()? / each)
        };
        let first: Result<f64> = they().and_then(|seconds| Ok(seconds + we()?));
        let times = self.turns().within(first? * each).alternate(we, they)?;
        let (ours, theirs) = ((our_loss, None), (their_loss, None));
        Ok(self.row(&peer.version, job.name, times, ours, theirs))
    }
}

/// How two take turns.
pub(crate) struct Turns {
    pub(crate) rounds: usize,
    pub(crate) pause: Duration,
}

impl Turns {
    pub(crate) fn new(threads: usize, rounds: usize) -> Self {
        let pause = if threads > 1 { PAUSE } else { SHORT_PAUSE };
        Turns { rounds, pause }
    }

    /// Fewer rounds, but three, where one takes long.
    fn within(self, seconds: f64) -> Self {
        let most = (TURN_SECONDS / seconds) as usize;
        Turns {
            rounds: self.rounds.min(most.max(3)),
            ..self
        }
    }

    /// Measures A B A B; the medians of both.
    fn alternate(
        &self,
        mut ours: impl FnMut() -> Result<f64>,
        mut theirs: impl FnMut() -> Result<f64>,
    ) -> Result<(f64, f64)> {
        let (mut us, mut them) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            std::thread::sleep(self.pause);
            us.push(ours()?);
            std::thread::sleep(self.pause);
            them.push(theirs()?);
        }
        Ok((median(us), median(them)))
    }
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
    start: &Start<'_>,
    rows: usize,
) -> Result<Process> {
    let [(_, network), ..] = training_jobs();
    let begin = Instant::now();
    let mut peer = Peer::start(library, start)?;
    peer.ask(&build(&network, false))?;
    peer.train(rows / network.batch)?;
    peer.ask(&json!({ "do": "evaluate" }))?;
    let peak_rss_bytes = peer.ask(&json!({ "do": "memory" }))?.peak_rss_bytes;
    peer.end()?;
    let seconds = begin.elapsed().as_secs_f64();
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
        let turns = Turns {
            rounds: 3,
            pause: Duration::from_millis(1),
        };
        let medians = turns.alternate(turn("we", [1.0, 9.0, 2.0]), turn("they", [7.0, 5.0, 3.0]));
        assert_eq!(medians.unwrap(), (2.0, 5.0));
        assert_eq!(
            order.into_inner(),
            ["we", "they", "we", "they", "we", "they"]
        );
    }

    #[test]
    fn a_job_that_takes_long_gets_fewer_rounds() {
        let rounds = |seconds| Turns::new(2, 5).within(seconds).rounds;
        assert_eq!([0.1, 3.0, 4.0, 60.0].map(rounds), [5, 5, 3, 3]);
        assert_eq!(Turns::new(2, 1).within(60.0).rounds, 1);
        assert!(Turns::new(1, 5).pause < Turns::new(2, 5).pause);
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
