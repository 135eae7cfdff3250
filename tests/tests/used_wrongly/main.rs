//! Every public function with what it cannot take: what it then says, word for word.
//!
//! An error where a user's data or settings are wrong, a panic where the program is; either way a
//! sentence with the numbers in it. The sentences stand in the folder `snapshots`, a list for each
//! test; with INSTA_UPDATE=always the tests write the lists anew, and the difference is to be read.

mod data;
mod foundations;
mod losses_and_rules;
mod networks;
mod trainers;

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use backprop_datasets::mnist;
use backprop_trainer::data::idx::{self, Idx, Values};
use backprop_trainer::data::{
    Batch, BatchSampler, DataError, Dataset, Limits, Targets, csv, split_rows,
};
use backprop_trainer::formats::{
    Checkpoint, Model, ModelInfo, OutputKind, Rename, dtype_of, load_parameters, read_limited,
    write_atomic,
};
use backprop_trainer::layers::{
    BackwardArgs, BuildError, Dropout, Init, Key, Layer, LayerSpec, LeakyRelu, Linear, Mode,
    Parameter, ParameterKind, PassContext, Pool, Relu, Saved, Sequential, Sigmoid, Softmax, Tanh,
    Workspace, dropout, leaky_relu, linear, parse_layers, softmax, tanh,
};
use backprop_trainer::losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Focal, Huber, LabelSmoothing, Loss,
    MeanAbsoluteError, MeanSquaredError, Poisson, Quantile, SoftmaxCrossEntropy, TargetsView,
};
use backprop_trainer::ndarray::{Array2, ArrayView2, ArrayViewMut2, array};
use backprop_trainer::optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, OptimizerState, ParamInfo,
    Progress, RmsProp, Schedule, Sgd, Step, clip_scale,
};
use backprop_trainer::tensor::{PanelLayout, SparseIndex};
use backprop_trainer::{TrainConfig, TrainError, Trainer};

/// The sentence of an error.
#[track_caller]
fn error<T, E: Display>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .expect("a panic with a message")
}

/// The sentence of a panic.
fn panic<T>(f: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => "no panic".to_owned(),
        Err(payload) => text(&*payload),
    }
}

/// The beginning of a sentence whose end is a message of the system, where the sentence begins so.
fn until(sentence: String, begin: &str) -> String {
    let begin = begin.trim_end_matches('…');
    match sentence.starts_with(begin) {
        true => format!("{begin}…"),
        false => sentence,
    }
}

/// The wrong uses of one thing among several.
fn of<const N: usize>(name: &str, said: [(&str, String); N]) -> [(String, String); N] {
    said.map(|(what, sentence)| (format!("{name}: {what}"), sentence))
}

/// Compares what is said with the list of this name in the folder `snapshots`.
#[track_caller]
fn check(name: &str, said: impl IntoIterator<Item = (impl Display, String)>) {
    let lines = said.into_iter().map(|(what, sentence)| {
        let sentence = sentence.replace('\n', "\n    ");
        format!("{what}\n    {sentence}\n")
    });
    let list: String = lines.collect();
    insta::assert_snapshot!(name, list);
}

fn f32s(rows: usize, columns: usize) -> Array2<f32> {
    Array2::zeros((rows, columns))
}

fn network(specs: &[LayerSpec]) -> Sequential<f32> {
    Sequential::new(4, specs.iter().cloned(), 0).unwrap()
}

fn workspace() -> Workspace<f32> {
    Workspace::new(Arc::new(Pool::new(1)))
}

fn training() -> Mode {
    Mode::Train(Key::new(0))
}

/// A layer that says it has no outputs.
#[derive(Clone, Debug)]
struct Nothing;

impl Layer<f32> for Nothing {
    fn output_width(&self, _input_width: usize) -> Result<usize, BuildError> {
        Ok(0)
    }
    fn forward(
        &self,
        _context: &PassContext<'_>,
        _input: ArrayView2<'_, f32>,
        _output: ArrayViewMut2<'_, f32>,
        _saved: Saved<'_, f32>,
    ) {
    }
    fn backward(
        &self,
        _context: &PassContext<'_>,
        _args: BackwardArgs<'_, f32>,
        _input_grad: Option<ArrayViewMut2<'_, f32>>,
        _grads: &mut [Box<[f32]>],
    ) {
    }
    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("nothing", "")
    }
}
