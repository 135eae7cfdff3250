//! The crates below the layers and above the trainer: products, pools, searches and pages.

use super::*;

use std::time::Duration;

use backprop_report::metrics::{self, RegressionMetrics};
use backprop_report::{HistoryColumns, collect_predictions};
use backprop_trainer::search::{self, ParamRange};
use backprop_trainer::tensor::{Scalar, affine, affine_input_grad, affine_weight_grad, matmul};

#[test]
fn products() {
    let pool = Pool::new(1);
    let layout = PanelLayout::new(3, 2);
    let stored = [0.0_f32; 48];
    let forward = |input: (usize, usize), output: (usize, usize), stored: &[f32], bias: usize| {
        let (input, mut output) = (f32s(input.0, input.1), f32s(output.0, output.1));
        let bias = vec![0.0; bias];
        panic(|| {
            affine(
                &pool,
                layout,
                input.view(),
                stored,
                &bias,
                output.view_mut(),
                &mut SparseIndex::default(),
            )
        })
    };
    let weight_grad = |rows: usize, grad: (usize, usize), stored: usize, bias: usize| {
        let (input, grad) = (f32s(rows, 3), f32s(grad.0, grad.1));
        let (mut weight, mut bias) = (vec![0.0; stored], vec![0.0; bias]);
        panic(|| {
            let (input, grad) = (input.view(), grad.view());
            affine_weight_grad(&pool, layout, input, grad, None, &mut weight, &mut bias);
        })
    };
    let input_grad = |grad: (usize, usize), input: (usize, usize), stored: &[f32]| {
        let (grad, mut input) = (f32s(grad.0, grad.1), f32s(input.0, input.1));
        panic(|| affine_input_grad(&pool, layout, grad.view(), stored, input.view_mut()))
    };
    let said = [
        (
            "a product of matrices that do not fit",
            panic(|| {
                matmul(
                    1.0,
                    f32s(2, 3).view(),
                    f32s(2, 3).view(),
                    0.0,
                    f32s(2, 3).view_mut(),
                )
            }),
        ),
        (
            "a product into a matrix of another shape",
            panic(|| {
                matmul(
                    1.0,
                    f32s(2, 3).view(),
                    f32s(3, 4).view(),
                    0.0,
                    f32s(4, 2).view_mut(),
                )
            }),
        ),
        (
            "a product of nothing",
            panic(|| {
                matmul(
                    1.0,
                    f32s(2, 0).view(),
                    f32s(0, 4).view(),
                    0.0,
                    f32s(2, 4).view_mut(),
                )
            }),
        ),
        (
            "an input of another width",
            forward((4, 5), (4, 2), &stored, 2),
        ),
        (
            "an output of fewer rows",
            forward((4, 3), (3, 2), &stored, 2),
        ),
        (
            "weights in logical order",
            forward((4, 3), (4, 2), &stored[..6], 2),
        ),
        ("a short bias", forward((4, 3), (4, 2), &stored, 1)),
        ("no rows", forward((0, 3), (0, 2), &stored, 2)),
        ("gradients of fewer rows", weight_grad(4, (3, 2), 48, 2)),
        (
            "a weight gradient in logical order",
            weight_grad(4, (4, 2), 6, 2),
        ),
        (
            "a bias gradient that is too long",
            weight_grad(4, (4, 2), 48, 16),
        ),
        (
            "the gradient of another output",
            input_grad((4, 3), (4, 3), &stored),
        ),
        (
            "an input gradient that is wider",
            input_grad((4, 2), (4, 4), &stored),
        ),
        (
            "an input gradient by weights in logical order",
            input_grad((4, 2), (4, 3), &stored[..6]),
        ),
        (
            "unpacking another number of values",
            panic(|| layout.unpack(&stored, &mut [0.0; 5])),
        ),
        (
            "a number of too few bytes",
            until(
                panic(|| f64::read_le(&[0; 4])),
                "as many bytes as the number has: …",
            ),
        ),
    ];
    check("products", said);
    assert_ne!(panic(|| 1.0_f64.write_le(&mut [0; 4])), "no panic");
}

#[test]
fn pools() {
    // A given time: the work has to be shared, however far apart the cores of this machine are.
    let pool = Pool::with_meeting_time(2, Duration::from_nanos(50));
    let mut many = vec![0.0_f32; 1 << 20];
    let said = [
        ("a pool of no threads", Pool::new(0).threads().to_string()),
        (
            "a unit of nothing",
            panic(|| pool.par_split(0, [&mut [0.0_f32; 3][..]], |_, _| ())),
        ),
        (
            "slices of different length",
            panic(|| pool.par_split(1, [&mut [0_u8; 3][..], &mut [0; 2][..]], |_, _| ())),
        ),
        (
            "work that panics",
            panic(|| {
                pool.par_split(1, [&mut many], |range, _| {
                    assert_eq!(range.start, 0, "mine")
                })
            }),
        ),
        (
            "the pool after that",
            panic(|| pool.par_split(1, [&mut [0.0_f32; 3][..]], |_, _| ())),
        ),
    ];
    check("pools", said);
}

#[test]
fn searches() {
    let labels = Targets::Classes {
        labels: vec![0, 1, 1],
        num_classes: 2,
    };
    let three = Dataset::from_values(1, vec![1.0_f32, 2.0, 3.0], labels).unwrap();
    let folds = |parts| error(search::kfold(&three, parts, Key::new(0)));
    let said = [
        ("a range from NaN", error(ParamRange::linear(f64::NAN, 1.0))),
        (
            "a range to infinity",
            error(ParamRange::linear(0.0, f64::INFINITY)),
        ),
        ("a range of one number", error(ParamRange::linear(2.0, 2.0))),
        (
            "a logarithmic range from 0",
            error(ParamRange::logarithmic(0.0, 1.0)),
        ),
        (
            "a choice of nothing",
            panic(|| *search::sample_choice(&[] as &[u8], Key::new(0))),
        ),
        ("no folds", folds(0)),
        ("one fold", folds(1)),
        ("more folds than rows", folds(4)),
        (
            "rungs that leave nobody out",
            panic(|| search::rungs(8, 8, 1)),
        ),
        (
            "rungs of nothing",
            format!("{}", search::rungs(0, 0, 2).len()),
        ),
        (
            "a trial that is not there",
            panic(|| search::survivors(&[Some(0.5)], &[0, 3], 1)),
        ),
        ("the best of nothing", format!("{:?}", search::best(&[]))),
        (
            "the best of what diverged",
            format!("{:?}", search::best(&[None, Some(f64::NAN)])),
        ),
        (
            "nothing side by side",
            error(search::parallel_map(
                0,
                &[] as &[u8],
                |_| (),
                |_, ()| Err("called"),
            )),
        ),
    ];
    check("searches", said);
}

/// A page is made when the work is done: what is missing is left out, and nothing panics.
#[test]
fn reports() {
    let labels = |rows| Targets::Classes {
        labels: vec![0; rows],
        num_classes: 3,
    };
    let data = |width: usize, rows: usize| {
        Dataset::from_values(width, vec![0.5_f32; rows * width], labels(rows)).unwrap()
    };
    let network = network(&[linear(3)]);
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Sgd::default()).unwrap();
    let outcome = |test: &Dataset<f32>| error(collect_predictions(&trainer, test, true));
    let none = RegressionMetrics::new(&[], &[]);
    let said = [
        ("a test set of another width", outcome(&data(3, 2))),
        ("an empty test set", outcome(&data(4, 0))),
        (
            "no epochs",
            format!(
                "{:?}",
                HistoryColumns::new(&[]) == HistoryColumns::default()
            ),
        ),
        (
            "labels out of range",
            format!("{:?}", metrics::confusion_matrix(&[0, 7, 1], &[0, 0, 9], 2)),
        ),
        (
            "no classes",
            format!("{:?}", metrics::confusion_matrix(&[0], &[0], 0)),
        ),
        (
            "the scores of nothing",
            format!("{:?}", metrics::class_metrics(&[])),
        ),
        (
            "the mean of no scores",
            metrics::macro_average(&[], |score| score.f1).to_string(),
        ),
        (
            "an interval of no rows",
            format!("{:?}", metrics::wilson_interval(0, 0)),
        ),
        (
            "no bins",
            metrics::Calibration::new(&[0.7, f64::NAN], &[true, true], 0)
                .bins
                .len()
                .to_string(),
        ),
        ("errors of nothing", format!("{}", none.mean_squared_error)),
    ];
    check("reports", said);
}
