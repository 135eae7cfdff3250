//! Other libraries: how they are installed, and how one is talked to.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use backprop_cli::output::say;

/// The folder of the workspace.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Bytes of free memory that a C library keeps.
const MALLOC_KEEPS: &str = "1000000000";

/// A library to compare with.
pub(crate) struct Library {
    pub(crate) name: &'static str,
    language: Language,
}

enum Language {
    /// The package to install, its module, and the program in `benchmarks/python`.
    Python(&'static str, &'static str, &'static str),
    /// The program, and the feature that builds it, of `benchmarks/rust`.
    Rust(&'static str),
}

pub(crate) const LIBRARIES: [Library; 7] = [
    Library {
        name: "ndarray",
        language: Language::Rust("ndarray"),
    },
    Library {
        name: "jax",
        language: Language::Python("jax", "jax", "jax_scan.py"),
    },
    Library {
        name: "numpy",
        language: Language::Python("numpy", "numpy", "by_hand.py"),
    },
    Library {
        name: "burn",
        language: Language::Rust("burn"),
    },
    Library {
        name: "scikit-learn",
        language: Language::Python("scikit-learn", "sklearn", "scikit.py"),
    },
    Library {
        name: "torch",
        language: Language::Python("torch", "torch", "pytorch.py"),
    },
    Library {
        name: "candle",
        language: Language::Rust("candle"),
    },
];

/// A library that can be started.
pub(crate) struct Installed {
    pub(crate) name: &'static str,
    command: Vec<PathBuf>,
}

/// Installs those whose names are asked for, all where none is. One that cannot be had is named
/// and left out.
pub(crate) fn install(only: &[String], quiet: bool) -> Result<Vec<Installed>> {
    let known = |name: &String| LIBRARIES.iter().any(|library| library.name == name);
    if let Some(name) = only.iter().find(|name| !known(name)) {
        let names: Vec<&str> = LIBRARIES.iter().map(|library| library.name).collect();
        bail!(
            "--only {name}: no such library; there are {}",
            names.join(", ")
        );
    }
    let folder = Path::new(ROOT).join("target/peers");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let folder = folder.canonicalize()?;
    let mut installed = Vec::new();
    for library in &LIBRARIES {
        if !only.is_empty() && !only.iter().any(|name| name == library.name) {
            continue;
        }
        if !quiet {
            say!("installing {} in {}", library.name, folder.display());
        }
        let command = match &library.language {
            Language::Python(package, module, file) => python(&folder, package, module, file),
            Language::Rust(program) => rust(&folder, program),
        };
        match command {
            Ok(command) => installed.push(Installed {
                name: library.name,
                command,
            }),
            Err(error) => eprintln!("{} is left out: {error:#}", library.name),
        }
    }
    Ok(installed)
}

/// Puts a package into a virtual environment of its own.
fn python(folder: &Path, package: &str, module: &str, file: &str) -> Result<Vec<PathBuf>> {
    let environment = folder.join("python");
    let python = environment.join("bin/python");
    if !python.is_file() {
        finish(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&environment),
        )?;
    }
    let here = clean(&python)
        .args(["-c", &format!("import {module}")])
        .output();
    if !here.is_ok_and(|output| output.status.success()) {
        finish(clean(&python).args(["-m", "pip", "install", "--quiet", package]))?;
    }
    Ok(vec![
        python,
        Path::new(ROOT).join("benchmarks/python").join(file),
    ])
}

/// Builds a program of the workspace in `benchmarks/rust`.
fn rust(folder: &Path, program: &str) -> Result<Vec<PathBuf>> {
    let target = folder.join("rust");
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    // There, so that the settings of that workspace hold.
    let mut command = Command::new(cargo);
    command
        .current_dir(Path::new(ROOT).join("benchmarks/rust"))
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--bin",
            program,
        ])
        .args(["--features", program, "--target-dir"])
        .arg(&target);
    finish(&mut command)?;
    Ok(vec![target.join("release").join(program)])
}

fn finish(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{program} could not be started"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().rfind(|line| !line.trim().is_empty());
        bail!(
            "{program} failed: {}",
            line.unwrap_or("it does not say why")
        );
    }
    Ok(())
}

/// A command without the settings of this shell that would slow a library down.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    for name in [
        "OPENBLAS_CORETYPE",
        "OPENBLAS_L2_SIZE",
        "PYTHONPATH",
        "XLA_FLAGS",
    ] {
        command.env_remove(name);
    }
    command
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
    /// Starts a library on the first rows of the training images in `images`.
    pub(crate) fn start(
        library: &Installed,
        threads: usize,
        images: &Path,
        train: usize,
    ) -> Result<Self> {
        let errors = std::env::temp_dir().join(format!("backprop-{}-errors.txt", library.name));
        let mut command = clean(&library.command[0]);
        let all = "OPENBLAS OMP MKL RAYON MATMUL CANDLE";
        for name in all.split(' ') {
            command.env(format!("{name}_NUM_THREADS"), threads.to_string());
        }
        let start = json!({ "threads": threads, "folder": images, "train": train });
        let mut child = command
            .args(&library.command[1..])
            .arg(start.to_string())
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
            command: ["python3", "-c", script].map(PathBuf::from).to_vec(),
        };
        let Ok(mut peer) = Peer::start(&library, 1, Path::new("."), 1) else {
            return; // There is no Python here.
        };
        assert_eq!(peer.version, "1");
        let error = format!("{:#}", peer.train(1).unwrap_err());
        assert!(error.contains("none ended: too bad"), "{error}");
    }

    #[test]
    fn a_library_that_there_is_not_is_named() {
        let error = install(&["keras".to_string()], true)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("keras") && error.contains("scikit-learn"),
            "{error}"
        );
    }
}
