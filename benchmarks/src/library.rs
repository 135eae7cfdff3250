//! Other libraries, and how they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use backprop_cli::output::say;

/// The folder of the workspace.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A library to compare with.
struct Library {
    name: &'static str,
    jobs: Jobs,
    language: Language,
}

/// The jobs that a library is compared at.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Jobs {
    /// A, B, C and the predictions.
    Images,
    /// These and D, E and F.
    All,
    /// The predictions, with a network of ours from an ONNX file.
    Predictions,
}

enum Language {
    /// The package to install, its module, and the program in `benchmarks/python`.
    Python(&'static str, &'static str, &'static str),
    /// The program, and the feature that builds it, of `benchmarks/rust`.
    Rust(&'static str),
}

const LIBRARIES: [Library; 9] = [
    Library {
        name: "ndarray",
        jobs: Jobs::Images,
        language: Language::Rust("ndarray"),
    },
    Library {
        name: "jax",
        jobs: Jobs::All,
        language: Language::Python("jax", "jax", "jax_scan.py"),
    },
    Library {
        name: "numpy",
        jobs: Jobs::Images,
        language: Language::Python("numpy", "numpy", "by_hand.py"),
    },
    Library {
        name: "burn",
        jobs: Jobs::All,
        language: Language::Rust("burn"),
    },
    Library {
        name: "scikit-learn",
        jobs: Jobs::Images,
        language: Language::Python("scikit-learn", "sklearn", "scikit.py"),
    },
    Library {
        name: "torch",
        jobs: Jobs::All,
        language: Language::Python("torch", "torch", "pytorch.py"),
    },
    Library {
        name: "candle",
        jobs: Jobs::Images,
        language: Language::Rust("candle"),
    },
    Library {
        name: "onnxruntime",
        jobs: Jobs::Predictions,
        language: Language::Python("onnxruntime", "onnxruntime", "onnx_runtime.py"),
    },
    Library {
        name: "rten",
        jobs: Jobs::Predictions,
        language: Language::Rust("rten"),
    },
];

/// A library that can be started.
pub(crate) struct Installed {
    pub(crate) name: &'static str,
    pub(crate) jobs: Jobs,
    /// The program and its first arguments.
    pub(crate) command: Vec<PathBuf>,
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
                jobs: library.jobs,
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
pub(crate) fn clean(program: &Path) -> Command {
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

#[cfg(test)]
mod tests {
    use super::*;

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
