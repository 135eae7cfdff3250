//! Data comes in as it was written, elsewhere too, and every row is where it should be once.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use backprop_trainer::Trainer;
use backprop_trainer::data::idx::{self, Idx, Values};
use backprop_trainer::data::{Batch, BatchSampler, Dataset, Limits, Targets};
use backprop_trainer::layers::{Key, LayerSpec, Sequential, dropout, linear};
use backprop_trainer::losses::{Loss, MeanSquaredError, OutputKind, RowTarget};
use backprop_trainer::ndarray::{ArrayView1, ArrayViewMut1};
use backprop_trainer::optimizers::Sgd;
use flate2::Compression;
use flate2::write::GzEncoder;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/idx.py");

/// Runs the script; `None`, and a line about it, where there is no Python.
fn python(arguments: &[&str]) -> Option<String> {
    let output = Command::new("python3").arg(SCRIPT).args(arguments).output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            println!("skipped, as python3 cannot be run: {error}");
            return None;
        }
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Some(String::from_utf8(output.stdout).unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Six elements of each type, its ends among them.
fn one_of_each() -> Vec<(u8, Values)> {
    vec![
        (8, Values::U8(vec![0, 1, 2, 127, 128, 255])),
        (9, Values::I8(vec![0, 1, -1, 127, -128, 5])),
        (11, Values::I16(vec![0, 1, -2, i16::MAX, i16::MIN, 258])),
        (12, Values::I32(vec![0, 1, -2, i32::MAX, i32::MIN, 66_051])),
        (
            13,
            Values::F32(vec![0.1, -1.5, f32::MIN_POSITIVE, f32::MAX, 1e-45, 5.0]),
        ),
        (
            14,
            Values::F64(vec![0.1, -1.5, f64::MIN_POSITIVE, f64::MAX, 5e-324, 5.0]),
        ),
    ]
}

#[test]
fn python_reads_the_idx_files_that_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let (mut paths, mut expected) = (Vec::new(), Vec::new());
    for (code, values) in one_of_each() {
        for shape in [vec![6], vec![2, 3], vec![1, 3, 1, 2]] {
            let array = Idx {
                shape: shape.clone(),
                values: values.clone(),
            };
            let plain = array.to_bytes().unwrap();
            for (kind, bytes) in [("gz", gzip(&plain)), ("raw", plain)] {
                let path = folder.path().join(format!("{code}-{}.{kind}", shape.len()));
                std::fs::write(&path, bytes).unwrap();
                paths.push(path.display().to_string());
                expected.push((code, format!("{shape:?}"), values.clone()));
            }
        }
    }
    let mut arguments = vec!["read"];
    arguments.extend(paths.iter().map(String::as_str));
    let Some(found) = python(&arguments) else {
        return;
    };
    assert_eq!(found.lines().count(), 36);
    for (line, (code, shape, values)) in found.lines().zip(expected) {
        let rest = line.strip_prefix(&format!("{code} {shape} "));
        let rest = rest.unwrap_or_else(|| panic!("{line}: not {code} {shape}"));
        let words: Vec<&str> = rest.split(' ').collect();
        let whole = || words.iter().map(|word| word.parse::<i64>().unwrap());
        // Python has f64 only: an f32 comes back as the f64 that it is.
        let floats = || {
            words
                .iter()
                .map(|word| word.parse::<f64>().unwrap().to_bits())
        };
        let bits = |x: f64| x.to_bits();
        let same = match values {
            Values::U8(v) => whole().eq(v.into_iter().map(i64::from)),
            Values::I8(v) => whole().eq(v.into_iter().map(i64::from)),
            Values::I16(v) => whole().eq(v.into_iter().map(i64::from)),
            Values::I32(v) => whole().eq(v.into_iter().map(i64::from)),
            Values::F32(v) => floats().eq(v.into_iter().map(|x| bits(f64::from(x)))),
            Values::F64(v) => floats().eq(v.into_iter().map(bits)),
        };
        assert!(same, "{line}");
    }
}

/// The values that the script writes, by the same formula.
fn values(code: u8, count: usize) -> Values {
    fn whole<V: Copy>(count: usize, low: V, high: V, of: fn(i64) -> V) -> Vec<V> {
        let rest = (0..count as i64).map(|i| of(i * 37 % 101));
        [low, high].into_iter().chain(rest).take(count).collect()
    }
    let floats = |largest: f64| {
        let first = [largest, -largest, f64::INFINITY, -0.0];
        let rest = (0..count).map(|i| (i as f64 - 7.0) * 0.375);
        first.into_iter().chain(rest).take(count)
    };
    match code {
        8 => Values::U8(whole(count, 0, 255, |i| i as u8)),
        9 => Values::I8(whole(count, i8::MIN, i8::MAX, |i| i as i8)),
        11 => Values::I16(whole(count, i16::MIN, i16::MAX, |i| i as i16)),
        12 => Values::I32(whole(count, i32::MIN, i32::MAX, |i| i as i32)),
        13 => Values::F32(floats(f64::from(f32::MAX)).map(|x| x as f32).collect()),
        14 => Values::F64(floats(f64::MAX).collect()),
        _ => panic!("no type has the code {code}"),
    }
}

#[test]
fn we_read_the_idx_files_that_python_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    if python(&["write", &path]).is_none() {
        return;
    }
    for code in [8, 9, 11, 12, 13, 14] {
        for shape in [vec![24], vec![2, 3, 4], vec![0, 5], vec![]] {
            for kind in ["", ".gz"] {
                let file = folder.path().join(format!("{code}-{}{kind}", shape.len()));
                let found = idx::read(&file, Limits::default()).unwrap();
                let values = values(code, shape.iter().product());
                // With the sign of a zero.
                let (bits, expected) = (
                    format!("{found:?}"),
                    Idx {
                        shape: shape.clone(),
                        values,
                    },
                );
                assert_eq!(bits, format!("{expected:?}"), "{}", file.display());
            }
        }
    }
}

/// Rows numbered from 0, as feature and as target.
fn numbered(rows: usize) -> Dataset<f64> {
    let numbers: Vec<f64> = (0..rows).map(|row| row as f64).collect();
    let labels = Targets::Values {
        width: 1,
        values: numbers.clone(),
    };
    Dataset::from_values(1, numbers, labels).unwrap()
}

/// The numbers of the rows, by their features; those by their targets must be the same.
fn numbers(dataset: &Dataset<f64>) -> Vec<usize> {
    let rows: Vec<u32> = (0..dataset.len() as u32).collect();
    let mut batch = Batch::new();
    dataset.gather(&rows, &mut batch);
    let features = batch.inputs().column(0).to_vec();
    let targets = batch.values().unwrap().column(0).to_vec();
    assert_eq!(features, targets, "a row has the target of another");
    features.iter().map(|&number| number as usize).collect()
}

fn sorted(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_split_is_a_partition() {
    for rows in [2, 3, 10, 997, 5000] {
        for fraction in [0.01, 0.2, 0.5, 0.99] {
            for seed in 0..3 {
                let Ok((train, held_out)) = numbered(rows).split(fraction, seed) else {
                    let side = (fraction * rows as f64).round() as usize;
                    assert!(
                        side == 0 || side == rows,
                        "{fraction} of {rows} was refused"
                    );
                    continue;
                };
                let expected = (fraction * rows as f64).round() as usize;
                assert_eq!(held_out.len(), expected, "{fraction} of {rows}");
                let all = sorted([numbers(&train), numbers(&held_out)].concat());
                assert!(
                    all.into_iter().eq(0..rows),
                    "{fraction} of {rows}, seed {seed}"
                );
            }
        }
    }
    // Another seed holds out other rows.
    let held_out = |seed| numbers(&numbered(1000).split(0.2, seed).unwrap().1);
    assert_ne!(held_out(1), held_out(2));
    assert_eq!(held_out(1), held_out(1));
}

#[test]
fn shuffling_is_a_permutation_and_batches_cut_it() {
    for rows in [1, 2, 63, 64, 65, 1000] {
        for batch_size in [1, 7, 64, 1000, 5000] {
            let mut orders = Vec::new();
            for epoch in 1..=3 {
                let key = Key::new(5).derive("shuffle/epoch", epoch);
                let mut batches = BatchSampler::new(rows, batch_size, Some(key));
                let mut order = Vec::new();
                while let Some(batch) = batches.next_batch() {
                    assert!(batch.len() <= batch_size && !batch.is_empty());
                    order.extend(batch.iter().map(|&row| row as usize));
                }
                assert!(sorted(order.clone()).into_iter().eq(0..rows), "{rows}");
                orders.push(order);
            }
            if rows > 60 {
                assert!(orders[0] != orders[1] && orders[1] != orders[2], "{rows}");
                assert!(!orders[0].is_sorted(), "{rows}");
            }
        }
    }
}

/// Squared error that remembers the targets it was given: those it trains on, and the others.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<[Vec<usize>; 2]>>);

impl Loss<f64> for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Values
    }

    fn row(
        &self,
        output: ArrayView1<'_, f64>,
        target: RowTarget<'_, f64>,
        row_weight: f64,
        grad: Option<ArrayViewMut1<'_, f64>>,
    ) -> f64 {
        let RowTarget::Values(values) = target else {
            panic!("values, not classes")
        };
        let seen = &mut self.0.lock().unwrap()[usize::from(grad.is_none())];
        seen.extend(values.iter().map(|&number| number as usize));
        MeanSquaredError.row(output, target, row_weight, grad)
    }
}

/// The rows that a network of these layers has seen in three epochs.
fn recorded(layers: &[LayerSpec], train: &Dataset<f64>, validation: &Dataset<f64>) -> Recorder {
    let recorder = Recorder::default();
    let network = Sequential::new(1, layers.iter().cloned(), 0).unwrap();
    let trainer = Trainer::new(network, recorder.clone(), Sgd::new(1e-9)).unwrap();
    let mut trainer = trainer.epochs(3).batch_size(16);
    trainer.fit(train, validation).unwrap();
    recorder
}

/// The rows that the trainer trains on and validates with, over three epochs.
#[test]
fn each_row_is_seen_once_an_epoch_and_in_another_order_each_time() {
    let all = numbered(103);
    let (train, validation) = all.split(0.25, 1).unwrap();
    let recorder = recorded(&[linear(1)], &train, &validation);
    let [trained, validated] = &*recorder.0.lock().unwrap();
    let (mine, others) = (numbers(&train), numbers(&validation));
    assert_eq!((trained.len(), validated.len()), (3 * 77, 3 * 26));
    let epochs: Vec<&[usize]> = trained.chunks(77).collect();
    for epoch in &epochs {
        assert_eq!(sorted(epoch.to_vec()), mine);
    }
    assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2]);
    for epoch in validated.chunks(26) {
        assert_eq!(epoch, others);
    }
    // A dropout draws as well, and leaves the order of the rows alone.
    let dropping = recorded(&[linear(3), dropout(0.5), linear(1)], &train, &validation);
    assert_eq!(&dropping.0.lock().unwrap()[0], trained);
}
