//! Every public function with what it cannot take: what it then says, word for word.
//!
//! An error where a user's data or settings are wrong, a panic where the program is; either way a
//! sentence with the numbers in it.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use backprop_trainer::data::idx::{self, Idx, Values};
use backprop_trainer::data::{
    Batch, Batches, DataError, Dataset, Labels, Limits, csv, mnist, split_rows,
};
use backprop_trainer::formats::{
    Checkpoint, ModelInfo, OutputKind, load_model, load_parameters, model_bytes, model_from_bytes,
    read_limited, save_model, stored_precision, write_atomic,
};
use backprop_trainer::layers::{
    BuildError, Dropout, Init, Key, Layer, LayerSpec, LeakyRelu, Linear, Mode, Parameter,
    ParameterKind, Pool, Relu, Run, Seen, Sequential, Sigmoid, Softmax, Tanh, Workspace, dropout,
    leaky_relu, linear, softmax, tanh,
};
use backprop_trainer::losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy,
    Targets,
};
use backprop_trainer::ndarray::{Array2, ArrayView2, ArrayViewMut2, array};
use backprop_trainer::optimizers::{
    Adam, Decay, Nesterov, Optimizer, OptimizerState, Progress, RmsProp, Schedule, Sgd, Step,
    clip_scale,
};
use backprop_trainer::tensor::Panels;
use backprop_trainer::{Settings, TrainError, Trainer};

/// What is done, what it says, and what it must say; after `…` it is the system's turn.
type Table<'a> = Vec<(&'a str, String, &'a str)>;

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

#[track_caller]
fn check(table: Table<'_>) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(_, found, expected)| match expected.strip_suffix('…') {
            Some(begin) => !found.starts_with(begin),
            None => found != expected,
        })
        .map(|(what, found, expected)| format!("{what}\n  says     {found}\n  not      {expected}"))
        .collect();
    let all = table.len();
    assert!(
        wrong.is_empty(),
        "{} of {all}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    println!("{all} wrong uses say what they should");
}

fn f32s(rows: usize, columns: usize) -> Array2<f32> {
    Array2::zeros((rows, columns))
}

fn network(specs: &[LayerSpec]) -> Sequential<f32> {
    Sequential::new(4, specs.iter().cloned(), Key::new(0)).unwrap()
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
        _run: &Run<'_>,
        _input: ArrayView2<'_, f32>,
        _output: ArrayViewMut2<'_, f32>,
        _cache: &mut [f32],
    ) {
    }
    fn backward(
        &self,
        _run: &Run<'_>,
        _seen: Seen<'_, f32>,
        _input_grad: Option<ArrayViewMut2<'_, f32>>,
        _grads: &mut [Box<[f32]>],
    ) {
    }
    fn spec(&self) -> LayerSpec {
        LayerSpec::Custom {
            name: "nothing".to_owned(),
            settings: String::new(),
        }
    }
    fn boxed_clone(&self) -> Box<dyn Layer<f32>> {
        Box::new(self.clone())
    }
}

#[test]
fn networks() {
    let build = |specs: &[LayerSpec]| {
        error(Sequential::<f32>::new(
            4,
            specs.iter().cloned(),
            Key::new(0),
        ))
    };
    let boxed = |layer: Linear<f32>| -> Box<dyn Layer<f32>> { Box::new(layer) };
    let custom = LayerSpec::Custom {
        name: "mine".to_owned(),
        settings: String::new(),
    };
    let half = usize::MAX / 2;
    check(vec![
        (
            "no layers",
            build(&[]),
            "the network has no layers; give it at least one",
        ),
        (
            "no inputs",
            error(Sequential::<f32>::new(0, [tanh()], Key::new(0))),
            "the number of inputs of the network is 0; it must be at least 1",
        ),
        (
            "no inputs of a linear layer",
            error(Sequential::<f32>::new(0, [linear(3)], Key::new(0))),
            "layer 0: the number of inputs of a Linear layer is 0; it must be at least 1",
        ),
        (
            "no outputs",
            build(&[linear(3), tanh(), linear(0)]),
            "layer 2: the number of outputs of a Linear layer is 0; it must be at least 1",
        ),
        (
            "more outputs than there is memory",
            build(&[linear(half)]),
            "layer 0: a weight of 9223372036854775807 x 4 numbers is more than there is memory for; \
             make the layer narrower",
        ),
        (
            "more outputs than a number",
            build(&[linear(usize::MAX)]),
            "layer 0: a weight of 18446744073709551615 x 4 numbers is more than there is memory for; \
             make the layer narrower",
        ),
        (
            "more weights than there is memory",
            build(&[linear(1 << 50)]),
            "layer 0: a weight of 1125899906842624 x 4 numbers is more than there is memory for; \
             make the layer narrower",
        ),
        (
            "dropout of all",
            build(&[linear(3), dropout(1.0)]),
            "layer 1: the dropout probability is 1; it must be at least 0 and below 1",
        ),
        (
            "dropout of NaN",
            error(Dropout::new(f64::NAN)),
            "the dropout probability is NaN; it must be at least 0 and below 1",
        ),
        (
            "a slope of infinity",
            build(&[leaky_relu(f64::INFINITY)]),
            "layer 0: the slope of a LeakyReLU is inf; it must be a finite number",
        ),
        (
            "a slope of NaN",
            error(LeakyRelu::new(f64::NAN)),
            "the slope of a LeakyReLU is NaN; it must be a finite number",
        ),
        (
            "weights for a slope of NaN",
            error(Linear::<f32>::new(
                2,
                2,
                Init::He { slope: f64::NAN },
                Key::new(0),
            )),
            "the slope of a LeakyReLU is NaN; it must be a finite number",
        ),
        (
            "a layer of one's own as plain data",
            build(&[linear(3), custom]),
            "layer 1: the layer \"mine\" is not one of this crate's; build it and use \
             Sequential::from_layers",
        ),
        (
            "widths that differ",
            error(Sequential::from_layers(
                4,
                vec![
                    boxed(Linear::from_rows(2, 4, &[0.0; 8], &[0.0; 2])),
                    boxed(Linear::from_rows(1, 3, &[0.0; 3], &[0.0])),
                ],
            )),
            "layer 1: Linear takes 3 inputs but would get 2; make the widths agree",
        ),
        (
            "a layer of one's own without outputs",
            error(Sequential::from_layers(4, vec![Box::new(Nothing) as _])),
            "layer 0: the number of outputs of the layer is 0; it must be at least 1",
        ),
    ]);
}

#[test]
fn parameters() {
    let plain = || Parameter::plain("scale", ParameterKind::Weight, vec![2, 3], vec![0.0_f32; 6]);
    let weight = || Parameter::weight(2, 3, &[0.0_f32; 6]);
    check(vec![
        (
            "a weight of too few values",
            panic(|| Parameter::weight(2, 3, &[0.0_f32; 5])),
            "assertion `left == right` failed: rows of a (2, 3) weight\n  left: 5\n right: 6",
        ),
        (
            "a layer of too few weights",
            panic(|| Linear::from_rows(2, 3, &[0.0_f32; 5], &[0.0; 2])),
            "assertion `left == right` failed: rows of a (2, 3) weight\n  left: 5\n right: 6",
        ),
        (
            "a layer of too many biases",
            panic(|| Linear::from_rows(2, 3, &[0.0_f32; 6], &[0.0; 3])),
            "assertion `left == right` failed: values of bias [2]\n  left: 3\n right: 2",
        ),
        (
            "a parameter of too few values",
            panic(|| Parameter::plain("scale", ParameterKind::Bias, vec![4], vec![0.0_f32; 3])),
            "assertion `left == right` failed: values of scale [4]\n  left: 3\n right: 4",
        ),
        (
            "too few new values",
            panic(|| plain().set_rows(&[0.0; 5])),
            "assertion `left == right` failed: values of scale [2, 3]\n  left: 5\n right: 6",
        ),
        (
            "too many new values of a weight",
            panic(|| weight().set_rows(&[0.0; 7])),
            "assertion `left == right` failed: values of weight [2, 3]\n  left: 7\n right: 6",
        ),
        (
            "a gradient of another length",
            panic(|| plain().rows_of(&[0.0; 5])),
            "assertion `left == right` failed: numbers in the storage of scale [2, 3]\n  left: 5\n \
             right: 6",
        ),
        (
            "a gradient of a weight in logical order",
            panic(|| weight().rows_of(&[0.0; 6])),
            "assertion `left == right` failed: numbers in the storage of weight [2, 3]\n  left: 6\n \
             right: 48",
        ),
        (
            "a panel that is not there",
            panic(|| Pool::new(2).owned(3, 3)),
            "panel 3 of 3: the last one is 2",
        ),
        (
            "packing another number of values",
            panic(|| Panels::new(3, 2).pack(&[0.0_f32; 6], &mut [0.0; 6])),
            "assertion `left == right` failed: storage of a (2, 3) weight\n  left: 6\n right: 48",
        ),
    ]);
}

#[test]
fn passes() {
    let one = network(&[linear(3), tanh(), linear(2)]);
    let deeper = network(&[linear(3), linear(3), tanh(), linear(2)]);
    let wider = network(&[linear(5), tanh(), linear(2)]);
    let forward = |rows: usize| {
        let mut workspace = workspace();
        one.forward(&mut workspace, training(), f32s(rows, 4).view());
        workspace
    };
    let predict = |input: (usize, usize), output: (usize, usize)| {
        let (input, mut output) = (f32s(input.0, input.1), f32s(output.0, output.1));
        panic(|| one.predict_into(&mut workspace(), input.view(), output.view_mut()))
    };
    let another =
        "the workspace last ran another network; run Sequential::forward of this one first";
    check(vec![
        (
            "a batch of another width",
            predict((2, 3), (2, 2)),
            "assertion `left == right` failed: the network takes 4 inputs but the batch has the \
             shape (2, 3)\n  left: 3\n right: 4",
        ),
        (
            "an output of another width",
            predict((2, 4), (2, 3)),
            "assertion `left == right` failed: shape of the output, (batch, outputs)\n  left: \
             (2, 3)\n right: (2, 2)",
        ),
        (
            "an output of fewer rows",
            predict((2, 4), (1, 2)),
            "assertion `left == right` failed: shape of the output, (batch, outputs)\n  left: \
             (1, 2)\n right: (2, 2)",
        ),
        ("zero rows are no rows", predict((0, 4), (0, 2)), "no panic"),
        (
            "the output before there is one",
            panic(|| workspace().output().to_owned()),
            "run Sequential::forward first",
        ),
        (
            "backward before forward",
            panic(|| one.backward(&mut workspace(), f32s(2, 4).view())),
            "run Sequential::forward with Mode::Train first",
        ),
        (
            "backward after predicting",
            panic(|| {
                let mut workspace = workspace();
                one.forward(&mut workspace, Mode::Predict, f32s(2, 4).view());
                one.backward(&mut workspace, f32s(2, 4).view());
            }),
            "run Sequential::forward with Mode::Train first",
        ),
        (
            "backward of other rows",
            panic(|| one.backward(&mut forward(2), f32s(3, 4).view())),
            "assertion `left == right` failed: rows of the input and of the forward pass\n  left: 3\n \
             right: 2",
        ),
        (
            "backward of a deeper network",
            panic(|| deeper.backward(&mut forward(2), f32s(2, 4).view())),
            another,
        ),
        (
            "backward of a wider network",
            panic(|| wider.backward(&mut forward(2), f32s(2, 4).view())),
            another,
        ),
        (
            "the gradients of a wider network",
            panic(|| wider.clone().learnables(&forward(2)).count()),
            another,
        ),
        (
            "the gradients before there are any",
            panic(|| one.clone().learnables(&workspace()).count()),
            "run Sequential::forward with Mode::Train first",
        ),
    ]);
}

#[test]
fn layers_by_themselves() {
    let pool = Pool::new(1);
    let run = Run {
        pool: &pool,
        mode: training(),
    };
    let forward = |layer: &dyn Layer<f32>, output: (usize, usize), cache: usize| {
        let (input, mut output) = (f32s(2, 3), f32s(output.0, output.1));
        let mut cache = vec![0.0; cache];
        panic(|| layer.forward(&run, input.view(), output.view_mut(), &mut cache))
    };
    let backward = |layer: &dyn Layer<f32>, output_grad: (usize, usize), input_grad: usize| {
        let (output, mut input_grad) = (f32s(2, 3), f32s(2, input_grad));
        let output_grad = f32s(output_grad.0, output_grad.1);
        let seen = Seen {
            input: output.view(),
            output: output.view(),
            cache: &[0.0; 6],
            output_grad: output_grad.view(),
        };
        panic(|| layer.backward(&run, seen, Some(input_grad.view_mut()), &mut []))
    };
    let leaky = LeakyRelu::new(0.01).unwrap();
    let half = Dropout::new(0.5).unwrap();
    let layers: [(&dyn Layer<f32>, &str); 6] = [
        (&Sigmoid, "Sigmoid"),
        (&Tanh, "Tanh"),
        (&Relu, "ReLU"),
        (&leaky, "LeakyReLU"),
        (&Softmax, "Softmax"),
        (&half, "Dropout"),
    ];
    for (layer, name) in layers {
        let keeps = |input: &str, output: &str| {
            format!(
                "a {name} layer keeps the shape of a batch, but the input is {input} and the \
                 output {output}"
            )
        };
        check(vec![
            (
                "an output that is wider",
                forward(layer, (2, 4), 6),
                &keeps("(2, 3)", "(2, 4)"),
            ),
            (
                "an output of fewer rows",
                forward(layer, (1, 3), 6),
                &keeps("(2, 3)", "(1, 3)"),
            ),
            (
                "a gradient that is narrower",
                backward(layer, (2, 2), 3),
                &keeps("(2, 3)", "(2, 2)"),
            ),
            (
                "a gradient by the input that is wider",
                backward(layer, (2, 3), 4),
                &keeps("(2, 4)", "(2, 3)"),
            ),
        ]);
    }
    let linear = Linear::from_rows(2, 3, &[0.0_f32; 6], &[0.0; 2]);
    let maps = "a (2, 3) weight maps (batch, 3) to (batch, 2), but the input is (2, 3) and the \
                output (2, 3)";
    check(vec![
        (
            "an output of the input's width",
            forward(&linear, (2, 3), 0),
            maps,
        ),
        (
            "no room for the gradients",
            backward(&linear, (2, 2), 3),
            "a Linear layer has 2 gradients, not 0",
        ),
    ]);
}

/// All losses, with what their targets may be.
#[test]
fn losses() {
    let outputs = array![[0.2_f64, 0.8], [0.5, 0.5]];
    let values = array![[0.0, 1.0], [1.0, 0.0]];
    let (narrow, first) = (array![[0.0], [1.0]], array![[0.0, 1.0]]);
    let nan = array![[0.0, f64::NAN], [1.0, 0.0]];
    let evaluate = |loss: &dyn Loss<f64>, targets, weights, grad: (usize, usize)| {
        let mut grad = Array2::zeros(grad);
        panic(|| loss.evaluate(outputs.view(), targets, weights, Some(grad.view_mut())))
    };
    let classes = Targets::Classes(&[0, 1]);
    let losses: [&dyn Loss<f64>; 4] = [
        &SoftmaxCrossEntropy,
        &CrossEntropy,
        &MeanSquaredError,
        &BinaryCrossEntropyWithLogits,
    ];
    for loss in losses {
        let range = match loss.name() {
            "MeanSquaredError" => "finite numbers",
            "BinaryCrossEntropyWithLogits" => "numbers from 0 to 1",
            _ => "finite shares of at least 0",
        };
        let name = loss.name();
        let not_a_number = format!("the target at row 0, column 1 is NaN; {name} takes {range}");
        let all = Targets::Values(values.view());
        check(vec![
            (
                "targets of another width, checked",
                error(loss.check(2, Targets::Values(narrow.view()))),
                "the targets have 1 columns, but the network has 2 outputs",
            ),
            (
                "a target that is not a number, checked",
                error(loss.check(2, Targets::Values(nan.view()))),
                &not_a_number,
            ),
            (
                "targets of another width",
                evaluate(loss, Targets::Values(narrow.view()), None, (2, 2)),
                "assertion `left == right` failed: shape of the targets and of the output\n  left: \
                 (2, 1)\n right: (2, 2)",
            ),
            (
                "targets of fewer rows",
                evaluate(loss, Targets::Values(first.view()), None, (2, 2)),
                "assertion `left == right` failed: rows of the targets and of the output\n  left: 1\n \
                 right: 2",
            ),
            (
                "too few weights",
                evaluate(loss, all, Some(&[1.0]), (2, 2)),
                "assertion `left == right` failed: weights and rows of the output\n  left: 1\n right: 2",
            ),
            (
                "a gradient of another shape",
                evaluate(loss, all, None, (2, 3)),
                "assertion `left == right` failed: shape of the gradient and of the output\n  left: \
                 (2, 3)\n right: (2, 2)",
            ),
        ]);
    }
    for loss in &losses[..2] {
        let same = |outputs: usize| {
            format!(
                "{} over {outputs} output(s) is the same whatever the network does; give it an \
                 output for each of at least two classes",
                loss.name()
            )
        };
        let negative = array![[0.0, -0.5], [1.0, 0.0]];
        let below = format!(
            "the target at row 0, column 1 is -0.5; {} takes finite shares of at least 0",
            loss.name()
        );
        check(vec![
            (
                "one class",
                error(loss.check(1, Targets::Classes(&[0, 0]))),
                &same(1),
            ),
            (
                "no output",
                error(loss.check(0, Targets::Classes(&[0]))),
                &same(0),
            ),
            (
                "a class out of range, checked",
                error(loss.check(3, Targets::Classes(&[2, 0, 3]))),
                "row 2 is of class 3, but the network has 3 outputs (classes 0 to 2)",
            ),
            (
                "a class out of range",
                evaluate(*loss, Targets::Classes(&[0, 2]), None, (2, 2)),
                "row 1 is of class 2, but the output has 2 columns; call Loss::check first",
            ),
            (
                "a negative share",
                error(loss.check(2, Targets::Values(negative.view()))),
                &below,
            ),
        ]);
    }
    for loss in &losses[2..] {
        let needs = format!(
            "{} takes values as targets, but these are classes; choose a cross-entropy",
            loss.name()
        );
        let takes = format!("{} takes values as targets, not classes", loss.name());
        check(vec![
            ("classes, checked", error(loss.check(2, classes)), &needs),
            ("classes", evaluate(*loss, classes, None, (2, 2)), &takes),
        ]);
    }
    let above = array![[0.0, 1.5], [1.0, 0.0]];
    check(vec![(
        "a label above 1",
        error(BinaryCrossEntropyWithLogits.check(2, Targets::Values(above.view()))),
        "the target at row 0, column 1 is 1.5; BinaryCrossEntropyWithLogits takes numbers from 0 to 1",
    )]);
}

#[test]
fn optimizers() {
    let step = |number| Step {
        number,
        learning_rate: 0.1_f32,
        l2: 0.0,
        decoupled: 0.0,
        grad_scale: 1.0,
    };
    let update = |rule: &dyn Optimizer<f32>, grads: usize, buffers: usize, length: usize| {
        let (mut values, grads) = ([0.0; 3], vec![0.0; grads]);
        let mut state = vec![vec![0.0; length]; buffers];
        let mut state: Vec<&mut [f32]> = state.iter_mut().map(Vec::as_mut_slice).collect();
        panic(|| rule.update(step(1), &mut values, &grads, &mut state))
    };
    let rules: [(&dyn Optimizer<f32>, &str); 4] = [
        (&Sgd, "Sgd"),
        (&Nesterov::default(), "Nesterov"),
        (&RmsProp::default(), "RmsProp"),
        (&Adam::default(), "Adam"),
    ];
    for (rule, name) in rules {
        let buffers = rule.buffers();
        let lengths = format!(
            "assertion `left == right` failed: gradients and values of a step of {name}\n  left: 2\n \
             right: 3"
        );
        let more = buffers + 1;
        let count = format!("{name} has {buffers} state buffers, not {more}");
        check(vec![
            ("too few gradients", update(rule, 2, buffers, 3), &lengths),
            ("a buffer too many", update(rule, 3, more, 3), &count),
            (
                "all as it should be",
                update(rule, 3, buffers, 3),
                "no panic",
            ),
        ]);
        if buffers > 0 {
            let short = format!(
                "assertion `left == right` failed: a state buffer and values of a step of {name}\n  \
                 left: 2\n right: 3"
            );
            check(vec![(
                "a short buffer",
                update(rule, 3, buffers, 2),
                &short,
            )]);
        }
    }

    let pool = Pool::new(1);
    let take = |state: &mut OptimizerState<f32>, rule: &dyn Optimizer<f32>, lengths: &[usize]| {
        let mut values: Vec<Vec<f32>> = lengths.iter().map(|&n| vec![0.0; n]).collect();
        let grads = values.clone();
        let pairs = values.iter_mut().zip(&grads);
        let items = pairs.map(|(v, g)| (v.as_mut_slice(), g.as_slice(), 1, Decay::NONE));
        state.step(&pool, rule, 0.1, 1.0, items);
    };
    let after_first = |rule: &dyn Optimizer<f32>, lengths: &[usize]| {
        let mut state = OptimizerState::new();
        take(&mut state, &Adam::default(), &[2, 3]);
        panic(|| take(&mut state, rule, lengths))
    };
    let adam = Adam::default();
    let at = |step, steps_per_epoch, epochs| Progress {
        step,
        steps_per_epoch,
        epochs,
    };
    let schedules = [Schedule::Constant, Schedule::Cosine, Schedule::OneCycle];
    let endless = |schedule: &Schedule| schedule.learning_rate(0.1, at(5, 1000, u64::MAX));
    check(vec![
        (
            "values and gradients of different length",
            panic(|| {
                let item = (&mut [0.0_f32; 3][..], &[0.0_f32; 2][..], 1, Decay::NONE);
                OptimizerState::new().step(&pool, &Sgd, 0.1, 1.0, [item].into_iter());
            }),
            "assertion `left == right` failed: values and gradients of parameter 0\n  left: 3\n right: 2",
        ),
        (
            "a parameter more than before",
            after_first(&adam, &[2, 3, 4]),
            "more parameters than the 2 of the first step",
        ),
        (
            "a parameter fewer than before",
            after_first(&adam, &[2]),
            "assertion `left == right` failed: parameters in this step and in the first\n  left: 1\n \
             right: 2",
        ),
        (
            "another length than before",
            after_first(&adam, &[2, 4]),
            "assertion `left == right` failed: moments and values of parameter 1\n  left: 3\n right: 4",
        ),
        (
            "another rule than before",
            after_first(&RmsProp::default(), &[2, 3]),
            "assertion `left == right` failed: buffers of the state and of the rule \"rmsprop\"\n  \
             left: 2\n right: 1",
        ),
        (
            "a unit of nothing",
            panic(|| {
                let item = (&mut [0.0_f32; 3][..], &[0.0_f32; 3][..], 0, Decay::NONE);
                OptimizerState::new().step(&pool, &Sgd, 0.1, 1.0, [item].into_iter());
            }),
            "a unit of 0 elements cannot be split off",
        ),
        (
            "a step that Adam does not know",
            panic(|| adam.update(step(0), &mut [0.0], &[0.0], &mut [&mut [0.0], &mut [0.0]])),
            "Adam counts steps from 1, not 0",
        ),
        (
            "a norm of 0 to clip at",
            panic(|| clip_scale([&[1.0_f32][..]].into_iter(), 0.0)),
            "the norm to clip at is 0; it must be above 0",
        ),
        (
            "a norm of NaN to clip at",
            panic(|| clip_scale([&[1.0_f32][..]].into_iter(), f64::NAN)),
            "the norm to clip at is NaN; it must be above 0",
        ),
        (
            "a momentum of 1",
            error(Nesterov::new(1.0)),
            "the momentum is 1; it must be at least 0 and below 1",
        ),
        (
            "a decay rate of NaN",
            error(RmsProp::new(f64::NAN, 1e-8)),
            "the decay rate is NaN; it must be at least 0 and below 1",
        ),
        (
            "a beta below 0",
            error(Adam::new(0.9, -0.1, 1e-8)),
            "beta2 is -0.1; it must be at least 0 and below 1",
        ),
        (
            "an epsilon of 0",
            error(Adam::new(0.9, 0.999, 0.0)),
            "epsilon is 0; it must be above 0 and finite",
        ),
        (
            "a step schedule that never changes",
            error(
                Schedule::Step {
                    every_epochs: 0,
                    factor: 0.5,
                }
                .check(),
            ),
            "the number of epochs between two changes of the learning rate is 0; it must be above 0 \
             and finite",
        ),
        (
            "a step schedule of factor NaN",
            error(
                Schedule::Step {
                    every_epochs: 1,
                    factor: f64::NAN,
                }
                .check(),
            ),
            "the factor of the step schedule is NaN; it must be above 0 and finite",
        ),
        (
            "a run of all the epochs there are",
            format!("{:.4?}", schedules.each_ref().map(endless)),
            "[0.1000, 0.1000, 0.0040]",
        ),
        (
            "a cosine after its end",
            format!("{}", Schedule::Cosine.learning_rate(0.1, at(15, 1, 10))),
            "0",
        ),
        (
            "a cosine of no steps",
            format!("{}", Schedule::Cosine.learning_rate(0.1, at(0, 0, 0))),
            "0.1",
        ),
    ]);
}

#[test]
fn data_sets() {
    let classes = |labels: &[u32], classes| Labels::<f32>::Classes {
        labels: labels.to_vec(),
        classes,
    };
    let targets = |width, values: &[f32]| Labels::Values {
        width,
        values: values.to_vec(),
    };
    let three = || {
        let labels = classes(&[0, 1, 1], 2);
        Dataset::from_values(1, vec![1.0_f32, 2.0, 3.0], labels).unwrap()
    };
    let regression = || Dataset::from_values(1, vec![1.0_f32], targets(1, &[1.0])).unwrap();
    let empty = || three().limit(0);
    let key = Key::new(0);
    check(vec![
        (
            "rows of no width",
            error(Dataset::from_values(0, vec![], classes(&[], 2))),
            "the width of a row is 0; it must be at least 1",
        ),
        (
            "a row that is not whole",
            error(Dataset::from_values(2, vec![0.0; 3], classes(&[0], 2))),
            "3 features do not make whole rows of 2; give a multiple of 2",
        ),
        (
            "bytes of a row that is not whole",
            error(Dataset::from_bytes(2, vec![0; 3], classes(&[0], 2))),
            "3 features do not make whole rows of 2; give a multiple of 2",
        ),
        (
            "a feature of NaN",
            error(Dataset::from_values(
                2,
                vec![0.0, 0.0, 0.0, f32::NAN],
                classes(&[0, 0], 2),
            )),
            "feature 1 of row 1 is NaN; it must be a finite number",
        ),
        (
            "a target of infinity",
            error(Dataset::from_values(
                1,
                vec![0.0; 2],
                targets(1, &[0.0, f32::INFINITY]),
            )),
            "target value 0 of row 1 is inf; it must be a finite number",
        ),
        (
            "targets of no width",
            error(Dataset::from_values(1, vec![0.0; 2], targets(0, &[]))),
            "the target's width is 0; it must be at least 1",
        ),
        (
            "fewer labels than rows",
            error(Dataset::from_values(1, vec![0.0; 2], classes(&[0], 2))),
            "2 rows of features but 1 of labels; give each row its label",
        ),
        (
            "no classes",
            error(Dataset::from_values(1, vec![], classes(&[], 0))),
            "the number of classes is 0; it must be at least 1",
        ),
        (
            "a label out of range",
            error(Dataset::from_values(
                1,
                vec![0.0; 3],
                classes(&[0, 1, 2], 2),
            )),
            "row 2 has label 2, but there are 2 classes, from 0; mend the label",
        ),
        (
            "a weight of NaN",
            error(three().with_weights(vec![1.0, f32::NAN, 1.0])),
            "the weight of row 1 is NaN; it must be a finite number of at least 0",
        ),
        (
            "a negative weight",
            error(three().with_weights(vec![1.0, 1.0, -1.0])),
            "the weight of row 2 is -1; it must be a finite number of at least 0",
        ),
        (
            "too few weights",
            error(three().with_weights(vec![1.0])),
            "1 weights for 3 rows; give each row its weight",
        ),
        (
            "too many names",
            error(three().with_class_names(vec![String::new(); 3])),
            "3 names for 2 classes; give each class its name",
        ),
        (
            "names for values",
            error(regression().with_class_names(vec![])),
            "the labels are values, not classes, and have no names; use a data set with classes",
        ),
        (
            "balancing values",
            error(regression().with_balanced_weights()),
            "the labels are values, not classes, and have no balance; use a data set with classes",
        ),
        (
            "a row that is not there",
            panic(|| three().select(&[0, 3])),
            "row 3 of a data set of 3 rows",
        ),
        (
            "gathering a row that is not there",
            panic(|| three().limit(1).gather(&[1], &mut Batch::new())),
            "row 1 of a data set of 1 rows",
        ),
        (
            "holding out NaN",
            error(three().split(f64::NAN, key)),
            "the fraction to hold out is NaN; it must be above 0 and below 1",
        ),
        (
            "holding out all",
            error(three().split(1.0, key)),
            "the fraction to hold out is 1; it must be above 0 and below 1",
        ),
        (
            "holding out nothing",
            error(three().split(0.1, key)),
            "holding out 0.1 of 3 rows means 0 rows, and leaves one side empty; choose another \
             fraction or give more rows",
        ),
        (
            "holding out of nothing",
            error(empty().split(0.5, key)),
            "holding out 0.5 of 0 rows means 0 rows, and leaves one side empty; choose another \
             fraction or give more rows",
        ),
        (
            "batches of nothing",
            panic(|| Batches::new(3, 0, None)),
            "a batch size of 0 never gets anywhere; give at least 1",
        ),
        (
            "an array that does not fill its shape",
            error(
                Idx {
                    shape: vec![2, 2],
                    values: Values::U8(vec![0; 3]),
                }
                .to_bytes(),
            ),
            "the IDX array cannot be written: 3 values do not fill the shape (2, 2)",
        ),
        (
            "an IDX file of nothing",
            error(idx::parse("a.idx", &[][..], Limits::default())),
            "a.idx, byte 0: expected an IDX header, found an empty file; check that this is an IDX \
             file",
        ),
        (
            "MNIST that is not there",
            error(mnist::load::<f32>("no-such-folder", mnist::Which::Mnist)),
            "no-such-folder/mnist holds neither train-images-idx3-ubyte nor \
             train-images-idx3-ubyte.gz; download the data set into it first",
        ),
    ]);
    // Empty, and everything that can be done with nothing.
    let mut batch = Batch::new();
    empty().gather(&[], &mut batch);
    assert_eq!((batch.rows(), batch.inputs().dim()), (0, (0, 1)));
    assert_eq!(Batches::new(0, 5, Some(key)).next_batch(), None);
    assert_eq!(empty().class_counts(), Some(vec![0, 0]));
}

#[test]
fn tables() {
    let limits = Limits::default();
    let table = |text: &str| csv::Table::parse("t.csv", text, csv::Header::Present, limits);
    let encode = |text: &str, options: &csv::Options| {
        let table = table(text)?;
        table.dataset::<f32>(&table.fit(options, &[0])?)
    };
    let parse = |text: &str, options: &csv::Options| error(encode(text, options));
    let y = |text: &str| parse(text, &csv::Options::new("y"));
    let weighted = csv::Options {
        weights: Some("w".to_owned()),
        ..csv::Options::new("y")
    };
    let fitted = |text: &str| {
        let table = table(text).unwrap();
        table.fit(&csv::Options::new("y"), &[0, 1]).unwrap()
    };
    let later = |text: &str| {
        let fitted = fitted("x,c,y\n1,red,a\n3,blue,b\n");
        error(table(text).and_then(|table| table.features::<f32>(&fitted)))
    };
    let mut damaged = fitted("x,y\n1,a\n2,b\n");
    damaged.columns = 1;
    check(vec![
        (
            "nothing",
            y(""),
            "t.csv, line 1: expected a header row that names the columns, found an empty file",
        ),
        (
            "a header alone",
            y("x,y\n"),
            "t.csv, line 2: expected at least one row below the header, found none",
        ),
        (
            "no such target",
            y("x,z\n1,2\n"),
            "t.csv, line 1: expected a column named \"y\", found x, z",
        ),
        (
            "two columns of one name",
            y("x,x,y\n1,2,3\n"),
            "t.csv, line 1: expected a different name for each column, found two columns named \"x\"",
        ),
        (
            "no features",
            y("y\n1\n"),
            "t.csv, line 1: expected a column besides the target, the weights and those left out, found none",
        ),
        (
            "a row that is short",
            y("x,y\n1,2\n1\n"),
            "t.csv, line 3: expected 2 cells, as in the header, found 1",
        ),
        (
            "an empty cell",
            y("x,y\n1,2\n,2\n"),
            "t.csv, line 3, column \"x\": expected a value in every row, or `missing` set to mean, found an empty cell",
        ),
        (
            "a feature of NaN",
            y("x,y\n1,2\nNaN,2\n"),
            "t.csv, line 3, column \"x\": expected a value in every row, or `missing` set to mean, found \"NaN\"",
        ),
        (
            "a number too large for f32",
            y("x,y\n1,a\n1e300,b\n"),
            "t.csv, line 3, column \"x\": expected a number that is finite over the deviation 1 (f32), found \"1e300\"",
        ),
        (
            "a negative weight",
            parse("x,w,y\n1,-1,2\n1,1,3\n", &weighted),
            "t.csv, line 2, column \"w\": expected a weight, a finite number of at least 0, found \"-1\"",
        ),
        (
            "text that is not UTF-8",
            error(csv::Table::parse(
                "t.csv",
                *b"x,y\n\xff,1\n",
                csv::Header::Present,
                limits,
            )),
            "t.csv, line 2: expected text in UTF-8, found other bytes in cell 1",
        ),
        (
            "a file that is not there",
            error(csv::Table::read(
                "no-such-file.csv",
                csv::Header::Present,
                limits,
            )),
            "no-such-file.csv cannot be opened: …",
        ),
        (
            "no name where there is no header",
            error(
                csv::Table::parse("t.csv", "1,2\n3,4\n", csv::Header::Absent, limits)
                    .and_then(|table| table.fit(&csv::Options::new("price"), &[0])),
            ),
            "t.csv, line 1: expected the number of a column, from 1 to 2, as there is no header, found \"price\"",
        ),
        (
            "one class",
            y("x,y\n1,a\n2,a\n"),
            "t.csv, column \"y\": expected at least two different classes, found \"a\" in every row",
        ),
        (
            "a column that is the target and the weights",
            parse(
                "x,y\n1,2\n",
                &csv::Options {
                    weights: Some("y".to_owned()),
                    ..csv::Options::new("y")
                },
            ),
            "t.csv, column \"y\": expected a use: target, weights or left out, found it named twice",
        ),
        (
            "text where training had numbers",
            later("x,c\ntall,red\n"),
            "t.csv, line 2, column \"x\": expected a finite number, found \"tall\"",
        ),
        (
            "text that training did not have",
            later("x,c\n1,mauve\n"),
            "t.csv, line 2, column \"c\": expected one of the 2 values of the training rows (blue, red), or `unknown` set to zeros, found \"mauve\"",
        ),
        (
            "a column that training had",
            later("x\n1\n"),
            "t.csv, line 1: expected a column named \"c\", found x",
        ),
        (
            "an encoding that was damaged",
            error(table("x,y\n1,a\n").unwrap().dataset::<f32>(&damaged)),
            "the encoding of the table says that there are 1 columns; it is damaged, so fit it again",
        ),
        (
            "rows that are not there",
            panic(|| {
                table("x,y\n1,a\n")
                    .unwrap()
                    .fit(&csv::Options::new("y"), &[1])
            }),
            "row 1 of a table of 1 rows",
        ),
        (
            "nothing of so many rows held out",
            error(split_rows(2, 0.1, Key::new(0))),
            "holding out 0.1 of 2 rows means 0 rows, and leaves one side empty; choose another fraction or give more rows",
        ),
        (
            "more folds than rows",
            error(backprop_trainer::search::fold_rows(2, 3, Key::new(0))),
            "the number of folds is 3; it must be at least 2 and at most the number of rows",
        ),
    ]);
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let info = ModelInfo::new(OutputKind::Logits);
    let small = network(&[linear(2)]);
    let bytes = model_bytes(&small, &info).unwrap();
    let mut broken = small.clone();
    broken
        .parameters_mut()
        .nth(1)
        .unwrap()
        .1
        .set_rows(&[0.0, f32::NAN]);
    let mut other = network(&[linear(3)]);
    let here = folder.path().display().to_string();
    let says = |text: String| text.replace(&here, "HERE");
    std::fs::write(at("long"), [0; 100]).unwrap();
    check(vec![
        (
            "a parameter of NaN",
            says(error(save_model(at("m"), &broken, &info))),
            "cannot save HERE/m: value 1 of the parameter 0.bias is NaN; train it with a smaller \
             learning rate",
        ),
        (
            "names for other classes",
            error(model_bytes(&small, &info.clone().with_class_names(["a"]))),
            "cannot save the network: its description names 1 classes but the network has 2 outputs",
        ),
        (
            "an input scale of 0",
            error(model_bytes(&small, &info.clone().with_input_scale(0.0))),
            "cannot save the network: its description has the input scale 0, which must be finite \
             and not 0",
        ),
        (
            "the parameters of another network",
            error(load_parameters(&mut other, "m", &bytes)),
            "m: the parameter 0.weight has the shape (3, 4) but the file's tensor (2, 4); it is of \
             another network",
        ),
        (
            "an empty model",
            error(model_from_bytes::<f32>("m", b"")),
            "m, byte 0: the file should be at least 8 bytes but is 0 bytes, cut off; the file is \
             damaged or of another format, use another copy",
        ),
        (
            "the precision of nothing",
            error(stored_precision("m", b"")),
            "m, byte 0: the file should be at least 8 bytes but is 0 bytes, cut off; the file is \
             damaged or of another format, use another copy",
        ),
        (
            "a model that is not there",
            says(error(load_model::<f32>(at("none")))),
            "cannot open HERE/none: …",
        ),
        (
            "a model that is a folder",
            says(error(load_model::<f32>(folder.path()))),
            "cannot read HERE: it is a folder; give the path of a file",
        ),
        (
            "a file above the limit",
            says(error(read_limited(at("long"), 99))),
            "HERE/long is larger than the limit of 99 bytes; raise it if the file is meant to be so \
             large",
        ),
        (
            "writing nowhere",
            error(write_atomic(Path::new(""), b"")),
            "cannot write : it names no file; give the path of a file",
        ),
        (
            "writing into a folder that is not there",
            says(error(write_atomic(at("none/file"), b""))),
            "cannot create a temporary file in the folder of HERE/none/file: …",
        ),
        (
            "an empty checkpoint file",
            error(Checkpoint::from_bytes("c", b"")),
            "c, byte 0: the magic should be 6 bytes but is 0 bytes, cut off; the file is damaged or \
             of another format, use another copy",
        ),
        (
            "a section that is not there",
            error(Checkpoint::new().require("moments").map(<[u8]>::len)),
            "the checkpoint has no section \"moments\", only none; it was written by another program",
        ),
    ]);
}

#[test]
fn trainers() {
    let settings = Settings::default;
    let make = |settings: Settings| {
        Trainer::new(network(&[linear(3)]), SoftmaxCrossEntropy, Sgd, settings)
    };
    let trainer = || make(settings()).unwrap();
    let batch = |inputs: &Array2<f32>, targets, weights: Option<&[f32]>| {
        let mut trainer = trainer();
        let before: Vec<Vec<f32>> = rows(&trainer);
        let said = error(trainer.train_batch(inputs.view(), targets, weights));
        assert_eq!(
            rows(&trainer),
            before,
            "the parameters have changed: {said}"
        );
        said
    };
    let two = f32s(2, 4);
    let classes = Targets::Classes(&[0, 2]);
    let mut nan = two.clone();
    nan[[1, 2]] = f32::NAN;
    let mut infinite = two.clone();
    infinite[[0, 3]] = f32::INFINITY;
    let values = f32s(2, 3);
    let rate = |rate| {
        let mut trainer = trainer();
        trainer.set_learning_rate(rate);
        error(trainer.train_batch(two.view(), classes, None))
    };
    let data = |width: usize, rows: usize, classes: usize| {
        let labels = Labels::Classes {
            labels: vec![0; rows],
            classes,
        };
        Dataset::from_values(width, vec![0.5_f32; rows * width], labels).unwrap()
    };
    let fit = |train: &Dataset<f32>, validation: Option<&Dataset<f32>>| {
        error(trainer().fit(train, validation, &mut ()).map(|_| ()))
    };
    let one_output = |train: &Dataset<f32>| {
        let network = Sequential::new(4, [linear(1)], Key::new(0)).unwrap();
        let trainer = Trainer::new(network, SoftmaxCrossEntropy, Sgd, settings());
        error(trainer.unwrap().fit(train, None, &mut ()).map(|_| ()))
    };
    let regression = |width: usize| {
        let labels = Labels::Values {
            width,
            values: vec![0.5_f32; 2 * width],
        };
        Dataset::from_values(4, vec![0.5; 8], labels).unwrap()
    };
    let good = data(4, 5, 3);
    let weightless = good.clone().with_weights(vec![0.0; 5]).unwrap();
    let broken = || {
        let mut network = network(&[linear(3)]);
        network
            .parameters_mut()
            .nth(1)
            .unwrap()
            .1
            .set_rows(&[0.0, f32::NAN, 0.0]);
        Trainer::new(network, SoftmaxCrossEntropy, Sgd, settings()).unwrap()
    };
    let no_rows = "there are no rows of data; give at least one";
    check(vec![
        (
            "a batch of another width",
            batch(&f32s(2, 3), classes, None),
            "the data has 3 features a row, but the network takes 4 inputs",
        ),
        (
            "a batch of nothing",
            batch(&f32s(0, 4), Targets::Classes(&[]), None),
            no_rows,
        ),
        (
            "fewer targets than inputs",
            batch(&two, Targets::Classes(&[0]), None),
            "the batch has 2 rows of inputs, 1 of targets and 2 weights",
        ),
        (
            "more weights than inputs",
            batch(&two, classes, Some(&[1.0; 3])),
            "the batch has 2 rows of inputs, 2 of targets and 3 weights",
        ),
        (
            "a class out of range",
            batch(&two, Targets::Classes(&[0, 3]), None),
            "row 1 is of class 3, but the network has 3 outputs (classes 0 to 2)",
        ),
        (
            "targets of another width",
            batch(&two, Targets::Values(f32s(2, 2).view()), None),
            "the targets have 2 columns, but the network has 3 outputs",
        ),
        (
            "targets as shares",
            batch(&two, Targets::Values(values.view()), None),
            "no error",
        ),
        (
            "an input of NaN",
            batch(&nan, classes, None),
            "the input at row 1, column 2 is NaN; it must be a finite number, so mend the data",
        ),
        (
            "an input of infinity",
            batch(&infinite, classes, None),
            "the input at row 0, column 3 is inf; it must be a finite number, so mend the data",
        ),
        (
            "a weight of NaN",
            batch(&two, classes, Some(&[1.0, f32::NAN])),
            "the weight of row 1 is NaN; it must be a finite number of at least 0",
        ),
        (
            "a negative weight",
            batch(&two, classes, Some(&[-0.5, 1.0])),
            "the weight of row 0 is -0.5; it must be a finite number of at least 0",
        ),
        (
            "no weight at all",
            batch(&two, classes, Some(&[0.0; 2])),
            "the weights of the 2 rows sum to 0; at least one must be above 0",
        ),
        (
            "a learning rate of NaN",
            rate(f64::NAN),
            "the learning rate is NaN; it must be at least 0 and finite",
        ),
        (
            "a negative learning rate",
            rate(-0.1),
            "the learning rate is -0.1; it must be at least 0 and finite",
        ),
        ("fitting nothing", fit(&good.limit(0), None), no_rows),
        (
            "validating with nothing",
            fit(&good, Some(&good.limit(0))),
            no_rows,
        ),
        (
            "rows of another width",
            fit(&data(3, 5, 3), None),
            "the data has 3 features a row, but the network takes 4 inputs",
        ),
        (
            "more classes than outputs",
            fit(&data(4, 5, 7), None),
            "the data has 7 classes, but the network has 3 outputs",
        ),
        (
            "more classes than outputs in validation",
            fit(&good, Some(&data(4, 5, 7))),
            "the data has 7 classes, but the network has 3 outputs",
        ),
        (
            "one class",
            one_output(&data(4, 5, 1)),
            "SoftmaxCrossEntropy over 1 output(s) is the same whatever the network does; give it an \
             output for each of at least two classes",
        ),
        (
            "values of another width",
            fit(&regression(2), None),
            "the targets have 2 columns, but the network has 3 outputs",
        ),
        (
            "rows without weight",
            fit(&weightless, None),
            "the weights of the 5 rows sum to 0; at least one must be above 0",
        ),
        (
            "evaluating nothing",
            error(trainer().evaluate(&good.limit(0))),
            no_rows,
        ),
        (
            "evaluating rows without weight",
            error(trainer().evaluate(&weightless)),
            "the weights of the 5 rows sum to 0; at least one must be above 0",
        ),
        (
            "predicting another width",
            error(trainer().predict(f32s(2, 5).view())),
            "the data has 5 features a row, but the network takes 4 inputs",
        ),
        (
            "probabilities of another width",
            error(trainer().predict_proba(f32s(2, 5).view())),
            "the data has 5 features a row, but the network takes 4 inputs",
        ),
        (
            "the class of NaN",
            error(trainer().predict_classes(nan.view())),
            "the network's output for row 1 is not a number; look for NaN in that row of the input \
             and in the parameters",
        ),
        (
            "the class by a parameter of NaN",
            error(broken().predict_classes(two.view())),
            "the network's output for row 0 is not a number; look for NaN in that row of the input \
             and in the parameters",
        ),
        (
            "a clip of 0",
            error(make(Settings {
                clip: Some(0.0),
                ..settings()
            })),
            "the norm to clip at is 0; it must be above 0 and finite",
        ),
        (
            "an L2 of NaN",
            error(make(Settings {
                l2: f64::NAN,
                ..settings()
            })),
            "l2 is NaN; it must be at least 0 and finite",
        ),
        (
            "a weight decay below 0",
            error(make(Settings {
                weight_decay: -1.0,
                ..settings()
            })),
            "the weight decay is -1; it must be at least 0 and finite",
        ),
        (
            "no patience at all",
            error(make(Settings {
                patience: Some(0),
                ..settings()
            })),
            "the patience is 0; it must be at least 1",
        ),
        (
            "a checkpoint of nothing",
            error(trainer().restore(&Checkpoint::new())),
            "the checkpoint has no section \"settings\", only none; it was written by another program",
        ),
    ]);

    // No rows predict nothing, and nothing is right by being broken: NaN is of no class.
    let mut nothing = trainer();
    assert_eq!(nothing.predict(f32s(0, 4).view()).unwrap().dim(), (0, 3));
    assert!(
        nothing
            .predict_classes(f32s(0, 4).view())
            .unwrap()
            .is_empty()
    );
    let evaluation = broken().evaluate(&data(4, 5, 3)).unwrap();
    assert_eq!(evaluation.accuracy, Some(0.0));
    assert!(evaluation.loss.is_nan());

    // As many epochs as there are numbers, until the patience ends.
    let endless = Settings {
        epochs: u64::MAX,
        patience: Some(1),
        learning_rate: 1e-30,
        schedule: Schedule::OneCycle,
        batch_size: 2,
        ..settings()
    };
    let mut trainer = make(endless).unwrap();
    trainer.fit(&good, Some(&good), &mut ()).unwrap();
    assert_eq!(trainer.history().epochs().len(), 2);
}

fn rows(trainer: &Trainer<f32>) -> Vec<Vec<f32>> {
    let parameters = trainer.network().parameters();
    parameters
        .map(|(_, parameter)| parameter.to_rows())
        .collect()
}

/// Every tail of a network with every loss that does not take it.
#[test]
fn tails() {
    let trainer = |tail: &[LayerSpec], loss: Box<dyn Loss<f32>>| {
        let specs: Vec<LayerSpec> = [&[linear(3)][..], tail].concat();
        error::<Trainer<f32>, TrainError>(Trainer::new(
            network(&specs),
            loss,
            Sgd,
            Settings::default(),
        ))
    };
    let probabilities = "CrossEntropy takes probabilities, but the network does not end in a Softmax; \
                         train with SoftmaxCrossEntropy, or end the network in a Softmax";
    check(vec![
        (
            "a softmax before logits",
            trainer(&[softmax()], Box::new(SoftmaxCrossEntropy)),
            "SoftmaxCrossEntropy takes logits and applies the squashing itself, but the network ends \
             in a Softmax; leave that layer out, predict_proba adds it",
        ),
        (
            "a softmax before binary logits",
            trainer(&[softmax()], Box::new(BinaryCrossEntropyWithLogits)),
            "BinaryCrossEntropyWithLogits takes logits and applies the squashing itself, but the \
             network ends in a Softmax; leave that layer out, predict_proba adds it",
        ),
        (
            "no softmax",
            trainer(&[], Box::new(CrossEntropy)),
            probabilities,
        ),
        (
            "a tanh",
            trainer(&[tanh()], Box::new(CrossEntropy)),
            probabilities,
        ),
        (
            "a softmax",
            trainer(&[softmax()], Box::new(CrossEntropy)),
            "no error",
        ),
        (
            "values",
            trainer(&[tanh()], Box::new(MeanSquaredError)),
            "no error",
        ),
    ]);
}

/// Errors of data sets are errors of the standard library as well, and can be told apart.
#[test]
fn errors_can_be_told_apart() {
    let labels = Labels::<f32>::Classes {
        labels: vec![5],
        classes: 2,
    };
    let error = Dataset::from_values(1, vec![0.0], labels).unwrap_err();
    assert!(matches!(
        error,
        DataError::Label {
            row: 0,
            label: 5,
            classes: 2
        }
    ));
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
    assert!(boxed.downcast_ref::<DataError>().is_some());
}
