//! Runs all experiments with all seeds, side by side, each run on one thread.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::{Context, Result};
use backprop_trainer::data::Dataset;
use backprop_trainer::layers::Sequential;
use backprop_trainer::search::{parallel_map, trial_key};
use backprop_trainer::tensor::Key;
use backprop_trainer::{Epoch, on_epoch};

use backprop_cli::common::Common;
use backprop_cli::output::say;
use backprop_cli::progress;

use super::experiments::{self, Experiment, TEN_EPOCHS, TRIALS, search_range};
use super::setup::{Divergence, Setup, fit};

/// Seeds that a mean is taken over.
pub(super) const SEEDS: u64 = 3;

/// The result of a run.
pub(super) struct Run {
    pub(super) seed: u64,
    /// The whole epochs.
    pub(super) epochs: Vec<Epoch>,
    pub(super) divergence: Option<Divergence>,
    pub(super) seconds: f64,
    pub(super) networks: Option<Networks>,
}

/// A network before and after training.
pub(super) struct Networks {
    pub(super) before: Sequential<f32>,
    pub(super) after: Sequential<f32>,
}

/// A trial of the random search.
pub(super) struct Trial {
    pub(super) learning_rate: f64,
    pub(super) run: Run,
}

/// All runs: those of each experiment by seed, and the trials in their order.
pub(super) struct Done {
    pub(super) runs: Vec<Vec<Run>>,
    pub(super) trials: Vec<Trial>,
}

/// One run, ready to go.
struct Job<'a> {
    /// The experiment; `None` for a trial of the search.
    experiment: Option<&'a Experiment>,
    index: usize,
    setup: Setup,
    images: usize,
}

impl Job<'_> {
    fn epochs(&self) -> usize {
        self.setup.epochs as usize
    }
}

/// All runs, the longest first, so that no thread is left with one of them at the end.
fn jobs<'a>(experiments: &'a [Experiment], images: usize, first_seed: u64) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    let mut add = |experiment, index, setup: Setup| {
        let images = setup.images(images);
        jobs.push(Job {
            experiment,
            index,
            setup,
            images,
        });
    };
    for (index, experiment) in experiments.iter().enumerate() {
        for number in 0..SEEDS {
            let seed = first_seed.wrapping_add(number);
            let setup = Setup {
                seed,
                ..experiment.setup.clone()
            };
            add(Some(experiment), index, setup);
        }
    }
    for trial in 0..TRIALS {
        let key = trial_key(Key::new(first_seed), trial as u64).derive("learning-rate", 0);
        let setup = Setup {
            seed: first_seed,
            ..experiments::trial(search_range().sample(key))
        };
        add(None, trial, setup);
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(job.images * job.epochs()));
    jobs
}

/// Runs everything, on as many threads as the flags say.
pub(super) fn run(
    experiments: &[Experiment],
    images: &Dataset<f32>,
    common: &Common,
) -> Result<Done> {
    let jobs = jobs(experiments, images.len(), common.seed.unwrap_or(0));
    let bar = progress::bar("{msg} {bar:30} {percent:>3} %  {eta} left", common.quiet);
    bar.set_length(
        jobs.iter()
            .map(|job| job.images * job.epochs())
            .sum::<usize>() as u64,
    );
    let mut done = Done {
        runs: experiments.iter().map(|_| Vec::new()).collect(),
        trials: Vec::new(),
    };
    let mut trials = Vec::new();
    let work = |job: &Job<'_>| train(job, images, || bar.inc(job.images as u64));
    parallel_map(common.threads(), &jobs, work, |job, result| {
        let name = job.experiment.map_or("the random search", |e| &e.name);
        let run = result.with_context(|| name.to_string())?;
        if !common.quiet && bar.is_hidden() {
            say!("{name}: seed {}, {:.2} s", run.seed, run.seconds);
        }
        bar.set_message(name.to_string());
        match job.experiment {
            Some(_) => done.runs[job.index].push(run),
            None => trials.push((job.index, job.setup.learning_rate, run)),
        }
        anyhow::Ok(())
    })?;
    bar.finish_and_clear();
    for runs in &mut done.runs {
        runs.sort_by_key(|run| run.seed);
    }
    trials.sort_by_key(|(index, ..)| *index);
    let trial = |(_, learning_rate, run)| Trial { learning_rate, run };
    done.trials = trials.into_iter().map(trial).collect();
    Ok(done)
}

fn train(job: &Job<'_>, images: &Dataset<f32>, tick: impl Fn()) -> Result<Run> {
    let start = Instant::now();
    let (train, validation) = job.setup.split(images.len())?;
    let split = (images.select(&train), images.select(&validation));
    let mut trainer = job.setup.trainer(images.width(), images.target_width())?;
    let is_kept = job.experiment.is_some_and(|e| e.name == TEN_EPOCHS);
    let before = is_kept.then(|| trainer.network().clone());
    let mut observer = on_epoch(|_| {
        tick();
        ControlFlow::Continue(())
    });
    let divergence = fit(&mut trainer, &split, &mut observer)?;
    let epochs = trainer.history().epochs().to_vec();
    (epochs.len()..job.epochs()).for_each(|_| tick());
    Ok(Run {
        seed: job.setup.seed,
        epochs,
        divergence,
        seconds: start.elapsed().as_secs_f64(),
        networks: before.map(|before| Networks {
            before,
            after: trainer.into_network(),
        }),
    })
}
