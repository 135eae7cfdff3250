//! How a run looks while it goes: a bar on a terminal, otherwise one plain line an epoch; and what
//! Ctrl-C does.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Error, Result};
use backprop_trainer::formats::{WriteBudget, write_atomic};
use backprop_trainer::{BatchReport, Epoch, Observer};
use indicatif::{ProgressBar, ProgressStyle};

use crate::history::history_csv;
use crate::output::{percent, rate, say};

/// Set while a run can be stopped in an orderly way.
static TRAINING: AtomicBool = AtomicBool::new(false);
/// Set by the first Ctrl-C of a run.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was interrupted: 128 and the number of SIGINT.
pub const INTERRUPTED_CODE: u8 = 130;

/// The first Ctrl-C stops a run at the end of its step; without a run, or the second time, it
/// ends the program at once.
pub fn handle_ctrl_c() {
    let handled = ctrlc::set_handler(|| {
        let training = TRAINING.load(Ordering::SeqCst);
        if !training || INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(INTERRUPTED_CODE));
        }
    });
    // Without a handler Ctrl-C ends the program, and the last checkpoint is there all the same.
    drop(handled);
}

/// A bar on a terminal, hidden elsewhere.
///
/// # Panics
/// If `template` is not a template of `indicatif`.
pub fn bar(template: &str, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).expect("a valid template");
    ProgressBar::no_length().with_style(style)
}

/// Shows a run, keeps its `history.csv`, and stops it when Ctrl-C is pressed.
pub struct Progress {
    epochs: u64,
    quiet: bool,
    bar: ProgressBar,
    rows: u64,
    history: Vec<Epoch>,
    /// `None` where the history is not kept.
    history_path: Option<PathBuf>,
    budget: WriteBudget,
    is_written: bool,
    failure: Option<Error>,
}

/// The most epochs that have a line each; of more, every tenth or twentieth, for instance, has one.
const MAX_LINES: u64 = 40;

impl Progress {
    /// For a run of `epochs` epochs, the first of which are done already.
    pub fn new(epochs: u64, done: &[Epoch], history_path: Option<PathBuf>, quiet: bool) -> Self {
        TRAINING.store(true, Ordering::SeqCst);
        let template = "epoch {msg} {bar:30} {percent:>3} %  {prefix}  {eta} left";
        let bar = bar(template, quiet);
        let history = done.to_vec();
        Progress {
            epochs,
            quiet,
            bar,
            rows: 0,
            history,
            history_path,
            budget: WriteBudget::default(),
            is_written: true,
            failure: None,
        }
    }

    /// Takes the bar away.
    ///
    /// # Errors
    /// The error that stopped the run, if one did.
    pub fn finish(mut self) -> Result<()> {
        self.bar.finish_and_clear();
        if !self.is_written && self.failure.is_none() {
            self.write_history();
        }
        TRAINING.store(false, Ordering::SeqCst);
        self.failure.map_or(Ok(()), Err)
    }

    /// Keeps `history.csv`; a failure stops the run.
    fn write_history(&mut self) {
        let Some(path) = &self.history_path else {
            return;
        };
        let text = history_csv(&self.history);
        let written = self.budget.write(|| write_atomic(path, text.as_bytes()));
        self.failure = written.err().map(Error::from);
        self.is_written = true;
    }

    /// Whether an epoch has a line: all of a few, of many a round number of them, and the last.
    fn has_line(&self, epoch: u64) -> bool {
        let rounds = (0..18).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
        let step = rounds
            .into_iter()
            .find(|step| self.epochs / step <= MAX_LINES);
        let step = step.unwrap_or(self.epochs);
        epoch.is_multiple_of(step) || epoch == self.epochs
    }

    fn line(&self, epoch: &Epoch) -> String {
        let width = self.epochs.to_string().len();
        let mut line = format!(
            "epoch {:>width$}/{}  train loss {:.4}",
            epoch.epoch, self.epochs, epoch.train_loss
        );
        if let Some(loss) = epoch.validation_loss {
            line += &format!("  validation loss {loss:.4}");
        }
        if let Some(accuracy) = epoch.validation_accuracy {
            line += &format!("  accuracy {:>7}", percent(accuracy));
        }
        if let Some(score) = epoch.validation_score {
            line += &format!("  stop metric {:>7}", percent(score));
        }
        line + &format!(
            "  learning rate {}  {:.2} s",
            rate(epoch.learning_rate),
            epoch.seconds
        )
    }
}

impl Observer for Progress {
    fn batch(&mut self, report: &BatchReport) -> ControlFlow<()> {
        if !self.bar.is_hidden() {
            self.rows += report.rows as u64;
            if self.bar.length().is_none() {
                self.bar.set_length(report.batches * self.epochs);
            }
            self.bar
                .set_position((report.epoch - 1) * report.batches + report.batch);
            if report.batch % 32 == 1 {
                let seconds = self.bar.elapsed().as_secs_f64().max(1e-9);
                let speed = self.rows as f64 / seconds;
                self.bar
                    .set_message(format!("{}/{}", report.epoch, self.epochs));
                let known = self
                    .history
                    .last()
                    .and_then(|last| last.validation_accuracy);
                let accuracy = known.map_or(String::new(), |known| {
                    format!("accuracy {}  ", percent(known))
                });
                let loss = report.loss;
                self.bar
                    .set_prefix(format!("loss {loss:.4}  {accuracy}{speed:.0} rows/s"));
            }
        }
        if INTERRUPTED.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        if !self.quiet && self.has_line(epoch.epoch) {
            self.bar.suspend(|| say!("{}", self.line(epoch)));
        }
        self.history.push(*epoch);
        self.is_written = false;
        if self.budget.is_due() {
            self.write_history();
        }
        if self.failure.is_some() {
            return ControlFlow::Break(());
        }
        if INTERRUPTED.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
