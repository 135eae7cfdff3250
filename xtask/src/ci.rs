//! `cargo xtask ci`: all checks, the cheapest first.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// How many cases the property tests try in the long tests.
const PROPERTY_CASES: &str = "20000";

/// How long each fuzz target runs.
const FUZZ_SECONDS: u32 = 60;

const HELP: &str = "\
All checks, the cheapest first: format, lints, documentation, tests

Usage: cargo xtask ci [--thorough]

Flags:
      --thorough  Also run the tests in release mode, the tests that are too long for every change,
                  for a minute each the fuzz targets, where a nightly toolchain and cargo-fuzz are
                  installed, and all mutations, where cargo-mutants is: about an hour
  -h, --help      Print this help
";

/// The crates whose mutants the tests have to catch; `.cargo/mutants.toml` names their files.
const MUTATED: [&str; 6] = [
    "losses",
    "optimizers",
    "metrics",
    "layers",
    "formats",
    "data",
];

/// The folder of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// One check: a command line in a folder of the workspace, and what it is called.
struct Check {
    name: String,
    folder: &'static str,
    program: OsString,
    arguments: Vec<String>,
    /// Variables of the environment: flags for the compiler, options of a sanitizer.
    environment: Vec<(&'static str, String)>,
}

impl Check {
    fn new(name: impl Into<String>, program: impl Into<OsString>, line: &str) -> Self {
        Check {
            name: name.into(),
            folder: ".",
            program: program.into(),
            arguments: line.split_whitespace().map(str::to_owned).collect(),
            environment: Vec::new(),
        }
    }

    /// Cargo of the toolchain that runs this.
    fn cargo(name: &str, line: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        Check::new(name, cargo, line)
    }

    fn line(&self) -> String {
        let program = Path::new(&self.program).file_name().unwrap_or_default();
        format!("{} {}", program.display(), self.arguments.join(" "))
    }

    fn run(&self) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        let status = command
            .args(&self.arguments)
            .current_dir(Path::new(ROOT).join(self.folder))
            .env("RUSTDOCFLAGS", "-D warnings")
            .env("PROPTEST_CASES", self.property_cases())
            // A sentence that has changed fails, and nothing is written.
            .env("INSTA_UPDATE", "no")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .status()
            .map_err(|error| format!("{} could not be started: {error}", self.line()))?;
        if status.success() {
            Ok(())
        } else {
            let (name, line) = (&self.name, self.line());
            Err(format!("{name} failed; run it alone with: {line}"))
        }
    }

    fn property_cases(&self) -> &'static str {
        match self.arguments.iter().any(|a| a == "--include-ignored") {
            true => PROPERTY_CASES,
            false => "256",
        }
    }
}

fn quick() -> Vec<Check> {
    vec![
        Check::cargo("format", "fmt --all --check"),
        Check::cargo(
            "lints",
            "clippy --workspace --all-targets --all-features -- -D warnings",
        ),
        Check::cargo("documentation", "doc --workspace --no-deps --all-features"),
        Check::cargo("tests", "test --workspace --all-features"),
    ]
}

fn thorough() -> Vec<Check> {
    let long = "test --workspace --all-features --release -- --include-ignored";
    let mut checks = vec![Check::cargo("long tests, release", long)];
    if has_nightly(&["--version"]) && cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        checks.extend(sanitizers());
    } else {
        println!(
            "the sanitizers are skipped: they need rustup's nightly toolchain on x86-64 Linux"
        );
    }
    if has_nightly(&["fuzz", "--version"]) {
        for target in fuzz_targets() {
            let line = format!(
                "run nightly cargo fuzz run {target} -- \
                 -max_total_time={FUZZ_SECONDS} -rss_limit_mb=512 -malloc_limit_mb=32"
            );
            checks.push(Check {
                folder: "fuzz",
                ..Check::new(format!("fuzz {target}"), "rustup", &line)
            });
        }
    } else {
        println!(
            "the fuzz targets are skipped: they need rustup's nightly toolchain and \
             `cargo install cargo-fuzz`"
        );
    }
    checks.extend(mutations());
    checks
}

/// One expression changed at a time: the tests of its crate have to fail.
fn mutations() -> Option<Check> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    if !succeeds(Command::new(cargo).args(["mutants", "--version"])) {
        println!("the mutations are skipped: they need `cargo install --locked cargo-mutants`");
        return None;
    }
    let packages = MUTATED.map(|name| format!("--package backprop-{name}"));
    let line = format!("mutants --output target {}", packages.join(" "));
    Some(Check::cargo("mutations", &line))
}

/// The one crate with `unsafe` under AddressSanitizer, and its pool under ThreadSanitizer.
fn sanitizers() -> [Check; 2] {
    let check = |name: &str, tests: &str, folder: &str, environment| Check {
        environment,
        ..Check::new(
            name,
            "rustup",
            &format!(
                "run nightly cargo test --target x86_64-unknown-linux-gnu --target-dir \
                 target/{folder} -p backprop-tensor {tests}"
            ),
        )
    };
    // The standard library of the toolchain is not instrumented, so that what it orders is not seen:
    // the channels of the test harness, and the last owner of an Arc.
    let known = Path::new(ROOT).join("crates/tensor/tests/tsan-suppressions.txt");
    let thread = "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer";
    [
        check(
            "unsafe code under AddressSanitizer",
            "--lib --tests",
            "asan",
            vec![("RUSTFLAGS", "-Zsanitizer=address".to_string())],
        ),
        check(
            "the pool under ThreadSanitizer",
            "--lib --tests -- pool:: products_of_a_layer_stay",
            "tsan",
            vec![
                ("RUSTFLAGS", thread.to_string()),
                ("TSAN_OPTIONS", format!("suppressions={}", known.display())),
            ],
        ),
    ]
}

/// Whether there is a nightly cargo that knows this command.
fn has_nightly(arguments: &[&str]) -> bool {
    let nightly = ["run", "nightly", "cargo"];
    succeeds(Command::new("rustup").args(nightly).args(arguments))
}

/// Whether a command can be run and succeeds; what it prints is not shown.
fn succeeds(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The names of the files in `fuzz/fuzz_targets`, sorted.
fn fuzz_targets() -> Vec<String> {
    let folder = Path::new(ROOT).join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let stem = |path: &Path| Some(path.file_stem()?.to_str()?.to_owned());
    let mut targets: Vec<String> = entries
        .filter_map(|entry| stem(&entry.ok()?.path()))
        .collect();
    targets.sort();
    targets
}

/// Runs the checks; the exit code says whether all of them passed.
pub(crate) fn main(arguments: &[OsString]) -> ExitCode {
    let is_thorough = match arguments {
        [] => false,
        [flag] if flag == "--thorough" => true,
        [flag] if flag == "--help" || flag == "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("error: cargo xtask ci takes --thorough and nothing else");
            return ExitCode::FAILURE;
        }
    };
    let mut checks = quick();
    if is_thorough {
        checks.extend(thorough());
    }
    match run(&checks) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(checks: &[Check]) -> Result<(), String> {
    let count = checks.len();
    for (check, number) in checks.iter().zip(1..) {
        println!("[{number}/{count}] {}: {}", check.name, check.line());
        let start = Instant::now();
        check.run()?;
        let seconds = start.elapsed().as_secs_f64();
        println!("[{number}/{count}] {}: done in {seconds:.1} s", check.name);
    }
    println!("all checks passed");
    Ok(())
}
