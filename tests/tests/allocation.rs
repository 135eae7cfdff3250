//! After its first call at the largest batch, a training step allocates nothing on any thread, and
//! neither does a prediction. Everything that every thread allocates goes through a counter.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backprop_datasets::mnist;
use backprop_trainer::Trainer;
use backprop_trainer::data::{Batch, BatchSampler};
use backprop_trainer::layers::{
    LayerSpec, Mode, Sequential, Workspace, dropout, leaky_relu, linear, relu, sigmoid, softmax,
    tanh,
};
use backprop_trainer::losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Focal, Huber, LabelSmoothing, Loss,
    MeanAbsoluteError, MeanSquaredError, Poisson, Quantile, SoftmaxCrossEntropy, TargetsView,
};
use backprop_trainer::ndarray::{Array2, s};
use backprop_trainer::optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, RmsProp, Sgd,
};
use backprop_trainer::tensor::{Key, Pool, Scalar};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    work();
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

/// Every layer; wide enough that the products, the update and the activations use all threads.
fn layers(tail: Option<LayerSpec>) -> Vec<LayerSpec> {
    let hidden = [
        linear(160),
        leaky_relu(0.01),
        dropout(0.2),
        linear(150),
        relu(),
        linear(40),
        tanh(),
        linear(30),
        sigmoid(),
        linear(10),
    ];
    hidden.into_iter().chain(tail).collect()
}

/// The targets: classes, or ten labels of each row between 0 and 1.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Classes,
    Values,
}

/// A pool that shares the larger products, always the same ones: a thread that gets its first share
/// makes its buffers.
fn pool(threads: usize) -> Pool {
    Pool::with_meeting_time(threads, Duration::from_nanos(300))
}

fn steps<T: Scalar>(
    threads: usize,
    (loss, wanted, tail): WithTail<T>,
    rule: Box<dyn Optimizer<T>>,
) {
    let (data, _) = mnist::sample::<T>();
    let data = data.limit(300).with_balanced_weights().unwrap();
    let case = format!(
        "{} with {}, {threads} threads, {}",
        rule.name(),
        loss.name(),
        T::NAME
    );
    let network = Sequential::new(784, layers(tail), 0).unwrap();
    let trainer = Trainer::new(network, loss, rule).unwrap();
    let trainer = trainer.with_pool(Arc::new(pool(threads)));
    let mut trainer = trainer.clip(1.0).l2(1e-4).weight_decay(1e-4);
    let mut batches = BatchSampler::new(data.len(), 128, Some(Key::new(1)));
    let mut batch = Batch::new();
    let values = Array2::from_elem((128, 10), T::from_f64(0.25));
    let mut epoch = || {
        while let Some(rows) = batches.next_batch() {
            data.gather(rows, &mut batch);
            let targets = match wanted {
                Wanted::Classes => TargetsView::Classes(batch.class_labels().unwrap()),
                Wanted::Values => TargetsView::Values(values.slice(s![..batch.rows(), ..])),
            };
            trainer
                .train_batch(batch.inputs(), targets, batch.weights())
                .unwrap();
        }
        batches.start_epoch(Key::new(2));
    };
    epoch();
    // 300 rows: two whole batches and a smaller one.
    assert_eq!(count(&mut epoch), 0, "{case}");
}

/// A loss with what it learns from, and the layer that has to come before it.
type WithTail<T> = (Box<dyn Loss<T>>, Wanted, Option<LayerSpec>);

fn rules<T: Scalar>() -> [Box<dyn Optimizer<T>>; 9] {
    [
        Box::<Sgd>::default(),
        Box::<Nesterov>::default(),
        Box::<RmsProp>::default(),
        Box::<Adam>::default(),
        Box::<Momentum>::default(),
        Box::<AdaGrad>::default(),
        Box::<AdamW>::default(),
        Box::<NAdam>::default(),
        Box::<Lion>::default(),
    ]
}

/// Every rule with one loss, and every other loss with a rule.
fn all_steps<T: Scalar>(threads: usize) {
    for rule in rules() {
        let loss: WithTail<T> = (Box::new(SoftmaxCrossEntropy), Wanted::Classes, None);
        steps(threads, loss, rule);
    }
    let losses: [WithTail<T>; 9] = [
        (Box::new(CrossEntropy), Wanted::Classes, Some(softmax())),
        (Box::new(MeanSquaredError), Wanted::Values, None),
        (Box::new(BinaryCrossEntropyWithLogits), Wanted::Values, None),
        (Box::new(MeanAbsoluteError), Wanted::Values, None),
        (Box::new(Huber::default()), Wanted::Values, None),
        (Box::new(Quantile::default()), Wanted::Values, None),
        (Box::new(Poisson), Wanted::Values, None),
        (Box::new(LabelSmoothing::default()), Wanted::Classes, None),
        (Box::new(Focal::default()), Wanted::Classes, None),
    ];
    for (rule, loss) in rules().into_iter().zip(losses) {
        steps(threads, loss, rule);
    }
}

fn predictions<T: Scalar>(threads: usize) {
    let (data, _) = mnist::sample::<T>();
    let mut batch = Batch::new();
    data.gather(&(0..300).collect::<Vec<u32>>(), &mut batch);
    let network = Sequential::<T>::new(784, layers(Some(softmax())), 0).unwrap();
    let mut workspace = Workspace::new(Arc::new(pool(threads)));
    let mut output = Array2::zeros((300, 10));
    network.predict_into(&mut workspace, batch.inputs(), output.view_mut());
    let allocations = count(|| {
        network.predict_into(&mut workspace, batch.inputs(), output.view_mut());
        for row in 0..20 {
            let (input, output) = (batch.inputs(), output.slice_mut(s![row..=row, ..]));
            network.predict_into(&mut workspace, input.slice(s![row..=row, ..]), output);
        }
    });
    assert_eq!(allocations, 0, "{threads} threads, {}", T::NAME);
}

/// The loss of a small network on 200 rows and its gradient, without an update.
fn gradients<T: Scalar>(threads: usize) {
    let layers = [linear(8), tanh(), linear(2)];
    let network = Sequential::<T>::new(24, layers, 0).unwrap();
    let mut workspace = Workspace::new(Arc::new(pool(threads)));
    let inputs =
        Array2::from_shape_fn((200, 24), |(i, j)| T::from_f64(((i * 24 + j) as f64).sin()));
    let targets = Array2::from_elem((200, 2), T::from_f64(0.25));
    let mut gradient = || {
        let mode = Mode::Train(Key::new(0));
        network.forward(&mut workspace, mode, inputs.view());
        let (output, grad) = workspace.output_and_grad();
        let targets = TargetsView::Values(targets.view());
        MeanSquaredError.value_and_grad(output, targets, None, Some(grad));
        network.backward(&mut workspace, inputs.view());
    };
    gradient();
    let allocations = count(|| (0..20).for_each(|_| gradient()));
    assert_eq!(allocations, 0, "{threads} threads, {}", T::NAME);
}

/// One test, so that no other allocates at the same time.
#[test]
fn steps_gradients_and_predictions_allocate_nothing_after_the_first() {
    assert!(count(|| drop(vec![0_u8; 100])) > 0, "the counter counts");
    for threads in [1, 2, 3] {
        all_steps::<f32>(threads);
        all_steps::<f64>(threads);
        predictions::<f32>(threads);
        predictions::<f64>(threads);
        gradients::<f32>(threads);
        gradients::<f64>(threads);
    }
}
