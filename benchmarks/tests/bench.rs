//! `cargo xtask bench` on the sample: every figure of its report is there and fits the others.

use std::path::Path;
use std::process::{Command, Output};

use approx::assert_relative_eq;

fn bench(folder: &Path, flags: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_backprop-benchmarks"))
        .args(flags.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn bench_reports_the_machine_and_every_job() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--quick --dataset sample --threads 2 --report bench.json --markdown bench.md";
    let output = bench(folder.path(), flags);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report = {
        let bytes = std::fs::read(folder.path().join("bench.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    let machine = &report["machine"];
    assert!(
        machine["cpu"].is_string() && machine["cores"].is_u64(),
        "{machine}"
    );
    for figure in ["l2_gb_s", "dram_gb_s"].map(|name| &machine[name]) {
        assert!(figure.as_f64().unwrap() > 0.0, "{machine}");
    }
    let several = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    assert_eq!(
        machine["meeting_ns"].as_f64().is_some_and(|ns| ns > 0.0),
        several
    );
    let peak = |threads: &str| machine["fma_gflops"][threads].as_f64().unwrap();
    assert!(peak("1") > 0.0 && peak("2") > 0.0);
    let jobs = report["jobs"].as_array().unwrap();
    let names: Vec<&str> = jobs
        .iter()
        .map(|job| job["job"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "A",
            "B",
            "C",
            "predict-1",
            "predict-50",
            "predict-1000",
            "D",
            "E",
            "F"
        ]
    );
    let rate = |index: usize| {
        let figure = |name: &str| jobs[index][name].as_f64().unwrap();
        (figure("per_second") * figure("seconds")).round()
    };
    assert_eq!([6, 7, 8].map(rate), [40_000.0, 10_000.0, 200.0]);
    // The sample's first 4,000 images, and what job A is when every product is counted dense.
    let figure = |name: &str| jobs[0][name].as_f64().unwrap();
    let flops = 4000.0 * 2.0 * (2 * 784 * 128 + 3 * 128 * 64 + 3 * 64 * 10) as f64;
    let limit = flops / (peak("2") * 1e9);
    let rate = 4000.0 / figure("seconds");
    assert_relative_eq!(figure("per_second"), rate, max_relative = 1e-9);
    let times = figure("seconds") / limit;
    assert_relative_eq!(figure("times_dense_limit"), times, max_relative = 1e-9);
    assert_eq!(jobs[0]["threads"], 2);
    let meetings = |index: usize| jobs[index]["meetings_per_step"].as_f64();
    assert!(meetings(0).is_some_and(|count| (0.0..40.0).contains(&count)));
    assert_eq!(meetings(3), None);
    assert!(report["process"][0]["seconds"].as_f64().unwrap() > figure("seconds"));
    let text = std::fs::read_to_string(folder.path().join("bench.md")).unwrap();
    assert!(text.contains("| predict-1000 | 2 |"), "{text}");
    assert!(
        text.contains("| D | OpenNN (2025) | i9-12900K | 16 |"),
        "{text}"
    );
    assert!(folder.path().join("bench.svg").is_file());
    let output = bench(folder.path(), "--against no-such-commit --dataset sample");
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && sentence.contains("no-such-commit: no such commit"),
        "{sentence}"
    );
    let output = bench(folder.path(), "--peers --dataset sample");
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && sentence.contains("xtask download"),
        "{sentence}"
    );
}
