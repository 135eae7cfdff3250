//! The traits that a user may count on at compile time, and one network used from many threads at once.

use std::fmt::{Debug, Display};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use backprop_datasets::mnist;
use backprop_trainer::data::{Batch, BatchSampler, DataError, Dataset, Limits, Targets, csv, idx};
use backprop_trainer::formats::{Checkpoint, FormatError, ModelInfo};
use backprop_trainer::layers::{
    BuildError, Dropout, Elu, Gelu, GeluTanh, HardSwish, Init, Key, Layer, LayerSpec, LeakyRelu,
    Linear, Mish, Mode, Parameter, ParameterKind, Pool, Relu, Selu, Sequential, Sigmoid, Silu,
    Softmax, Softplus, Tanh, Workspace, dropout, leaky_relu, linear, softmax,
};
use backprop_trainer::losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Focal, Huber, LabelSmoothing, Loss, LossError,
    MeanAbsoluteError, MeanSquaredError, OutputKind, Poisson, Quantile, SoftmaxCrossEntropy,
    TargetsView, WeightedSum,
};
use backprop_trainer::ndarray::Array2;
use backprop_trainer::optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, OptimizerError,
    OptimizerState, Progress, RmsProp, Schedule, Sgd, WeightDecay,
};
use backprop_trainer::tensor::{PanelLayout, Scalar};
use backprop_trainer::{
    BatchReport, Epoch, Evaluation, History, StopReason, TrainConfig, TrainError, Trainer,
};

fn shared<T: Send + Sync + Debug + ?Sized>() {}
fn cloned<T: Clone + Send + Sync + Debug>() {}
fn copied<T: Copy + Send + Sync + Debug>() {}
fn error<T: std::error::Error + Display + Send + Sync + 'static>() {}
fn written<T: serde::Serialize + serde::de::DeserializeOwned>() {}

/// Does not compile where one of these is missing.
#[test]
fn types_are_send_sync_clone_and_debug() {
    fn numbers<T: Scalar>() {
        cloned::<Sequential<T>>();
        cloned::<Linear<T>>();
        cloned::<Parameter<T>>();
        cloned::<Dataset<T>>();
        cloned::<Targets<T>>();
        cloned::<Batch<T>>();
        cloned::<OptimizerState<T>>();
        copied::<TargetsView<'static, T>>();
        shared::<Workspace<T>>();
        shared::<Trainer<T>>();
        shared::<dyn Layer<T>>();
        shared::<dyn Loss<T>>();
        shared::<dyn Optimizer<T>>();
        cloned::<Box<dyn Layer<T>>>();
    }
    numbers::<f32>();
    numbers::<f64>();
    shared::<Pool>();
    copied::<Key>();
    copied::<PanelLayout>();
    copied::<Mode>();
    copied::<Init>();
    copied::<ParameterKind>();
    cloned::<LayerSpec>();
    cloned::<Relu>();
    cloned::<LeakyRelu>();
    cloned::<Sigmoid>();
    cloned::<Tanh>();
    cloned::<Softmax>();
    copied::<Elu>();
    copied::<Gelu>();
    copied::<GeluTanh>();
    copied::<HardSwish>();
    copied::<Mish>();
    copied::<Selu>();
    copied::<Silu>();
    copied::<Softplus>();
    cloned::<Dropout>();
    copied::<SoftmaxCrossEntropy>();
    copied::<Focal>();
    copied::<Huber>();
    copied::<LabelSmoothing>();
    copied::<MeanAbsoluteError>();
    copied::<Poisson>();
    copied::<Quantile>();
    copied::<CrossEntropy>();
    copied::<MeanSquaredError>();
    copied::<BinaryCrossEntropyWithLogits>();
    copied::<WeightedSum>();
    copied::<Sgd>();
    copied::<Nesterov>();
    copied::<RmsProp>();
    copied::<Adam>();
    copied::<Momentum>();
    copied::<AdaGrad>();
    copied::<AdamW>();
    copied::<NAdam>();
    copied::<Lion>();
    copied::<WeightDecay>();
    copied::<Schedule>();
    copied::<Progress>();
    cloned::<BatchSampler>();
    copied::<Limits>();
    cloned::<idx::Idx>();
    cloned::<idx::Values>();
    cloned::<csv::Options>();
    cloned::<csv::Table>();
    cloned::<csv::TableEncoding>();
    copied::<mnist::Variant>();
    cloned::<Checkpoint>();
    cloned::<ModelInfo>();
    copied::<OutputKind>();
    cloned::<TrainConfig>();
    cloned::<History>();
    copied::<Epoch>();
    copied::<StopReason>();
    copied::<Evaluation>();
    copied::<BatchReport>();
    error::<BuildError>();
    error::<LossError>();
    error::<OptimizerError>();
    error::<DataError>();
    error::<FormatError>();
    error::<TrainError>();
    written::<LayerSpec>();
    written::<ModelInfo>();
    written::<OutputKind>();
    written::<Schedule>();
    written::<TrainConfig>();
    written::<Epoch>();
    written::<StopReason>();
    written::<History>();
    written::<Evaluation>();
    written::<BatchReport>();
}

/// As other programs see them.
#[test]
fn settings_and_history_are_read_as_they_were_written() {
    let settings = TrainConfig {
        schedule: Schedule::Step {
            every_epochs: 2,
            factor: 0.5,
        },
        clip: Some(1.0),
        ..TrainConfig::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert!(text.contains(r#""schedule":{"kind":"step","every_epochs":2,"factor":0.5}"#));
    assert_eq!(
        serde_json::from_str::<TrainConfig>(&text).unwrap(),
        settings
    );
    let few = r#"{"epochs": 3, "schedule": {"kind": "one-cycle"}}"#;
    let expected = TrainConfig {
        epochs: 3,
        schedule: Schedule::OneCycle,
        ..TrainConfig::default()
    };
    assert_eq!(serde_json::from_str::<TrainConfig>(few).unwrap(), expected);
    for (wrong, said) in [
        (r#"{"epoch": 3}"#, "unknown field `epoch`"),
        (
            r#"{"schedule": {"kind": "twice"}}"#,
            "unknown variant `twice`",
        ),
    ] {
        let error = serde_json::from_str::<TrainConfig>(wrong).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    let text = r#"{"epochs":[{"epoch":1,"train_loss":0.5,"validation_loss":null,"validation_accuracy":null,"learning_rate":0.125,"seconds":2.0}],"end":"early-stopping","stop_metric":"loss"}"#;
    let history: History = serde_json::from_str(text).unwrap();
    assert_eq!(history.end(), Some(StopReason::EarlyStopping));
    assert_eq!(history.epochs()[0].learning_rate, 0.125);
    assert_eq!(serde_json::to_string(&history).unwrap(), text);
}

/// Eight threads predict with one network at the same time, each through a workspace of its own and
/// half of them through one pool, and all find the bits that one thread finds alone.
#[test]
fn one_network_predicts_from_eight_threads_at_once() {
    fn check<T: Scalar>() {
        let layers = [
            linear(200),
            leaky_relu(0.01),
            dropout(0.3),
            linear(100),
            leaky_relu(0.01),
            linear(10),
            softmax(),
        ];
        let network = Sequential::<T>::new(300, layers, 4).unwrap();
        let predict = |workspace: &mut Workspace<T>, thread: usize, round: usize| -> Vec<u64> {
            let rows = 1 + (thread * 7 + round * 5) % 40;
            let key = Key::new(thread as u64).derive("input", round as u64);
            let input = Array2::from_shape_fn((rows, 300), |(i, j)| {
                let draw = key.random_block((i * 300 + j) as u64)[0];
                T::from_f64(f64::from(draw) / f64::from(u32::MAX) - 0.5)
            });
            let mut output = Array2::zeros((rows, 10));
            network.predict_into(workspace, input.view(), output.view_mut());
            output.iter().map(|y| y.as_f64().to_bits()).collect()
        };
        let meeting_time = Duration::from_nanos(100);
        let shared_pool = Arc::new(Pool::with_meeting_time(3, meeting_time));
        let start = Barrier::new(8);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|thread| {
                    let (predict, start) = (&predict, &start);
                    let pool = if thread % 2 == 0 {
                        Arc::clone(&shared_pool)
                    } else {
                        Arc::new(Pool::with_meeting_time(1 + thread / 2, meeting_time))
                    };
                    scope.spawn(move || {
                        let mut workspace = Workspace::new(pool);
                        start.wait();
                        (0..30)
                            .map(|round| predict(&mut workspace, thread, round))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            for (thread, found) in threads.into_iter().enumerate() {
                let mut alone = Workspace::new(Arc::new(Pool::new(1)));
                for (round, found) in found.join().unwrap().into_iter().enumerate() {
                    let expected = predict(&mut alone, thread, round);
                    assert!(
                        found == expected,
                        "{} thread {thread}, round {round}",
                        T::NAME
                    );
                }
            }
        });
    }
    check::<f32>();
    check::<f64>();
}

/// `unsafe` is in `crates/tensor`, and in this package, whose allocator counts.
#[test]
fn unsafe_is_where_it_is_said_to_be() {
    use std::path::{Path, PathBuf};
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for folder in [
        "crates",
        "xtask",
        "benchmarks/src",
        "notebook",
        "tests",
        "fuzz/fuzz_targets",
    ] {
        sources(&root.join(folder), &mut found);
    }
    let says_unsafe = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap());
        let code = code.collect::<Vec<_>>().join("\n");
        let mut at = code.split("unsafe").skip(1).map(str::trim_start);
        let keyword = ["{", "(", "fn ", "impl", "trait ", "extern "];
        at.any(|rest| keyword.iter().any(|next| rest.starts_with(next)))
    };
    let (tensor, tests) = (root.join("crates/tensor"), root.join("tests/tests"));
    let with: Vec<&PathBuf> = found.iter().filter(|path| says_unsafe(path)).collect();
    let in_tensor = with.iter().filter(|path| path.starts_with(&tensor)).count();
    assert!(in_tensor > 1, "the search finds nothing: {with:?}");
    for path in with {
        assert!(
            path.starts_with(&tensor) || path.starts_with(&tests),
            "{} says unsafe; only crates/tensor and tests/tests may",
            path.display()
        );
    }
    // Every other library forbids unsafe code in its root, which the code below it cannot take back; the
    // lint of the workspace denies unsafe code to programs and tests.
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let lib = entry.unwrap().path().join("src/lib.rs");
        if !lib.starts_with(&tensor) && lib.exists() {
            let text = std::fs::read_to_string(&lib).unwrap();
            let forbids = text.contains("#![forbid(unsafe_code)]");
            assert!(forbids, "{} does not forbid unsafe code", lib.display());
        }
    }
}
