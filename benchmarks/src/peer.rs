//! How another library is talked to.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::library::{Installed, clean};

/// Bytes of free memory that a C library keeps.
const MALLOC_KEEPS: &str = "1000000000";

/// The argument that a peer is started with.
#[derive(Serialize)]
pub(crate) struct Start<'a> {
    threads: usize,
    /// The folder with the plain IDX files of MNIST, if there are to be images.
    folder: Option<&'a Path>,
    /// The first images, to train on; the others are for validation.
    train: usize,
    /// Whether all that it computes is of f64.
    double: bool,
}

impl<'a> Start<'a> {
    /// A peer with the first `train` images of a folder to train on.
    pub(crate) fn images(threads: usize, folder: &'a Path, train: usize) -> Self {
        Start {
            threads,
            folder: Some(folder),
            train,
            double: false,
        }
    }

    /// A peer that gets tables.
    pub(crate) fn tables(threads: usize, double: bool) -> Self {
        Start {
            threads,
            folder: None,
            train: 0,
            double,
        }
    }
}

/// A library at work: a process that does what it is told, one line of JSON at a time.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    errors: PathBuf,
}

/// The answer of a peer: the fields of all commands.
#[derive(Debug, Default, Deserialize, PartialEq)]
pub(crate) struct Answer {
    version: Option<String>,
    seconds: Option<f64>,
    /// The largest difference of its logits from ours, with the same network.
    pub(crate) difference: Option<f64>,
    pub(crate) loss: Option<f64>,
    pub(crate) accuracy: Option<f64>,
    pub(crate) peak_rss_bytes: Option<u64>,
}

impl Answer {
    pub(crate) fn parse(line: &str) -> Result<Self> {
        serde_json::from_str(line).with_context(|| format!("an answer in JSON, not {line:?}"))
    }

    pub(crate) fn seconds(&self) -> Result<f64> {
        let seconds = self.seconds.context("an answer without seconds")?;
        ensure!(seconds > 0.0, "an answer of {seconds} seconds");
        Ok(seconds)
    }
}

impl Peer {
    /// Starts a library.
    pub(crate) fn start(library: &Installed, start: &Start<'_>) -> Result<Self> {
        let errors = std::env::temp_dir().join(format!("backprop-{}-errors.txt", library.name));
        let mut command = clean(&library.command[0]);
        let all = "OPENBLAS OMP MKL RAYON MATMUL CANDLE RTEN";
        for name in all.split(' ') {
            command.env(format!("{name}_NUM_THREADS"), start.threads.to_string());
        }
        let mut child = command
            .args(&library.command[1..])
            .arg(json!(start).to_string())
            // Memory that a library frees stays with it: to get it from the system again and again
            // costs some of them a third of their time.
            .env("MALLOC_MMAP_THRESHOLD_", MALLOC_KEEPS)
            .env("MALLOC_TRIM_THRESHOLD_", MALLOC_KEEPS)
            // The CPU, also where there is something else.
            .env("CUDA_VISIBLE_DEVICES", "")
            .env("JAX_PLATFORMS", "cpu")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).with_context(|| errors.display().to_string())?)
            .spawn()
            .with_context(|| format!("{} could not be started", library.name))?;
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        let mut peer = Peer {
            name: library.name,
            version: String::new(),
            commands: child.stdin.take(),
            child,
            answers,
            errors,
        };
        peer.version = peer.answer()?.version.unwrap_or_default();
        Ok(peer)
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn ask(&mut self, command: &Value) -> Result<Answer> {
        let commands = self.commands.as_mut().context("the peer has ended")?;
        // Where it has ended, the answer that does not come says so better.
        let _ = writeln!(commands, "{command}").and_then(|()| commands.flush());
        self.answer().with_context(|| command.to_string())
    }

    /// Trains `steps` steps; the seconds that they took.
    pub(crate) fn train(&mut self, steps: usize) -> Result<f64> {
        self.ask(&json!({ "do": "train", "steps": steps }))?
            .seconds()
    }

    fn answer(&mut self) -> Result<Answer> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            let text = std::fs::read_to_string(&self.errors).unwrap_or_default();
            let last = text.lines().rfind(|line| !line.trim().is_empty());
            bail!(
                "{} ended: {}",
                self.name,
                last.unwrap_or("it does not say why")
            );
        }
        Answer::parse(&line)
    }

    /// Lets it end, and waits until it has.
    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.commands.take());
        self.child.wait()?;
        Ok(())
    }
}

/// Ends a peer that failed, so that it does not work beside the next.
impl Drop for Peer {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let _ = std::fs::remove_file(&self.errors);
    }
}

#[cfg(test)]
mod tests {
    use super::super::library::Jobs;
    use super::*;

    #[test]
    fn an_answer_is_one_line_of_json() {
        let answer = Answer::parse("{\"loss\": 0.3, \"seconds\": 0.5}\n").unwrap();
        assert_eq!((answer.seconds().unwrap(), answer.loss), (0.5, Some(0.3)));
        assert_eq!(Answer::parse("{}").unwrap(), Answer::default());
        for line in [
            "",
            "Traceback (most recent call last):",
            "{\"seconds\": \"1\"}",
        ] {
            assert!(Answer::parse(line).is_err(), "{line}");
        }
        for line in ["{}", "{\"seconds\": 0}", "{\"seconds\": -1.5}"] {
            assert!(Answer::parse(line).unwrap().seconds().is_err(), "{line}");
        }
    }

    #[test]
    fn a_program_that_ends_is_an_error_with_its_last_words() {
        let script = "import sys; print('{\"version\": \"1\"}', flush=True); sys.exit('too bad')";
        let library = Installed {
            name: "none",
            jobs: Jobs::Images,
            command: ["python3", "-c", script].map(PathBuf::from).to_vec(),
        };
        let Ok(mut peer) = Peer::start(&library, &Start::tables(1, false)) else {
            return; // There is no Python here.
        };
        assert_eq!(peer.version, "1");
        let error = format!("{:#}", peer.train(1).unwrap_err());
        assert!(error.contains("none ended: too bad"), "{error}");
    }
}
