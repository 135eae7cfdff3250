//! The parts that the tests of the program share.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs in a folder of its own, so that nothing is left behind.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backprop"));
        command
            .args(line.split_whitespace())
            .current_dir(self.path());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    pub(crate) fn succeeds(&self, line: &str) -> String {
        let output = self.run(line);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, file: &str) -> Value {
        let bytes = std::fs::read(self.path().join(file)).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}

/// The sentence that a command failed with.
pub(crate) fn sentence(line: &str, output: &Output) -> String {
    assert!(!output.status.success(), "{line} succeeds");
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(stderr.starts_with("error: "), "{line}: {stderr}");
    assert!(!stderr.contains("panicked"), "{line}: {stderr}");
    // The parser of the command line has a form of its own.
    let is_usage = stderr.contains("For more information, try");
    assert!(is_usage || is_one_sentence(&stderr), "{line}: {stderr}");
    stderr
}

/// Whether an error is one line without a full stop before its end, as those of libraries have it.
fn is_one_sentence(stderr: &str) -> bool {
    let text = stderr.trim_end();
    let stops = [".;", ".:", ".,", ". ", " |"].iter();
    !text.contains('\n') && !text.ends_with('.') && !stops.clone().any(|stop| text.contains(stop))
}
