//! Written by hand on ndarray, whose products are those of matrixmultiply: every buffer is made
//! once, and every formula is a loop.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip, s};
use peers::{Build, CLASSES, Peer, SLOPE, WIDTH};

struct Layer {
    weight: Array2<f32>,
    bias: Array1<f32>,
    weight_grad: Array2<f32>,
    bias_grad: Array1<f32>,
    /// Adam's means and mean squares, of the weight and of the bias.
    moments: Option<[(Array2<f32>, Array1<f32>); 2]>,
    output: Array2<f32>,
    delta: Array2<f32>,
}

struct ByHand {
    images: Array2<f32>,
    labels: Vec<u32>,
    layers: Vec<Layer>,
    input: Array2<f32>,
    rate: f32,
    step: i32,
}

fn forward(layers: &mut [Layer], input: ArrayView2<'_, f32>) {
    let rows = input.nrows();
    let count = layers.len();
    for k in 0..count {
        let (before, rest) = layers.split_at_mut(k);
        let Layer {
            weight,
            bias,
            output,
            ..
        } = &mut rest[0];
        let mut output = output.slice_mut(s![..rows, ..]);
        match before.last() {
            None => general_mat_mul(1.0, &input, weight, 0.0, &mut output),
            Some(last) => {
                general_mat_mul(
                    1.0,
                    &last.output.slice(s![..rows, ..]),
                    weight,
                    0.0,
                    &mut output,
                );
            }
        }
        for mut row in output.rows_mut() {
            if k + 1 < count {
                Zip::from(&mut row).and(&*bias).for_each(|x, &b| {
                    let sum = *x + b;
                    *x = sum.max(SLOPE * sum);
                });
            } else {
                row += &*bias;
            }
        }
    }
}

/// Turns logits into the gradient of the mean loss, in `delta`; gives the mean loss.
fn loss(last: &mut Layer, labels: impl Iterator<Item = u32>, rows: usize) -> f64 {
    let scale = 1.0 / rows as f32;
    let mut total = 0.0;
    let deltas = last.delta.rows_mut().into_iter();
    for ((logits, mut delta), label) in last.output.rows().into_iter().zip(deltas).zip(labels) {
        let largest = logits.fold(f32::MIN, |a, &b| a.max(b));
        Zip::from(&mut delta)
            .and(&logits)
            .for_each(|d, &x| *d = (x - largest).exp());
        let sum = delta.sum();
        total += f64::from(largest + sum.ln() - logits[label as usize]);
        delta.mapv_inplace(|d| d * scale / sum);
        delta[label as usize] -= scale;
    }
    total * f64::from(scale)
}

impl ByHand {
    fn update(&mut self) {
        self.step += 1;
        let (rate, step) = (self.rate, self.step);
        let correct = |beta: f32| 1.0 - beta.powi(step);
        let (one, two) = (correct(0.9), correct(0.999));
        let adam = |w: &mut f32, g: &f32, m: &mut f32, v: &mut f32| {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *w -= rate * (*m / one) / ((*v / two).sqrt() + 1e-8);
        };
        for layer in &mut self.layers {
            match &mut layer.moments {
                None => {
                    layer.weight.scaled_add(-rate, &layer.weight_grad);
                    layer.bias.scaled_add(-rate, &layer.bias_grad);
                }
                Some([(mw, mb), (vw, vb)]) => {
                    Zip::from(&mut layer.weight)
                        .and(&layer.weight_grad)
                        .and(mw)
                        .and(vw)
                        .for_each(adam);
                    Zip::from(&mut layer.bias)
                        .and(&layer.bias_grad)
                        .and(mb)
                        .and(vb)
                        .for_each(adam);
                }
            }
        }
    }

    fn backward(&mut self) {
        for k in (0..self.layers.len()).rev() {
            let (before, rest) = self.layers.split_at_mut(k);
            let layer = &mut rest[0];
            layer.bias_grad.assign(&layer.delta.sum_axis(Axis(0)));
            let Some(below) = before.last_mut() else {
                general_mat_mul(
                    1.0,
                    &self.input.t(),
                    &layer.delta,
                    0.0,
                    &mut layer.weight_grad,
                );
                return;
            };
            let output = below.output.slice(s![..layer.delta.nrows(), ..]);
            general_mat_mul(1.0, &output.t(), &layer.delta, 0.0, &mut layer.weight_grad);
            general_mat_mul(1.0, &layer.delta, &layer.weight.t(), 0.0, &mut below.delta);
            Zip::from(&mut below.delta).and(&output).for_each(|d, &x| {
                *d *= if x > 0.0 { 1.0 } else { SLOPE };
            });
        }
    }
}

impl Peer for ByHand {
    const CRATE: &'static str = "ndarray";
    type Rows = Array2<f32>;

    fn new(images: &[f32], labels: &[u32]) -> Self {
        ByHand {
            images: Array2::from_shape_vec((labels.len(), WIDTH), images.to_vec()).expect("rows"),
            labels: labels.to_vec(),
            layers: Vec::new(),
            input: Array2::default((0, WIDTH)),
            rate: 0.0,
            step: 0,
        }
    }

    fn build(&mut self, network: &Build) {
        let mut inputs = WIDTH;
        let mut random = 7_u64;
        let mut uniform = move || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 40) as f32 / (1 << 24) as f32
        };
        let widths = network.hidden.iter().copied().chain([CLASSES]);
        self.layers = widths
            .map(|outputs| {
                let shape = (inputs, outputs);
                // He et al., as a uniform distribution.
                let bound = (6.0 / inputs as f32).sqrt();
                let zeros = || (Array2::zeros(shape), Array1::zeros(outputs));
                inputs = outputs;
                let buffer = Array2::zeros((network.batch.max(1000), outputs));
                Layer {
                    weight: Array2::from_shape_simple_fn(shape, || bound * (2.0 * uniform() - 1.0)),
                    bias: Array1::zeros(outputs),
                    weight_grad: Array2::zeros(shape),
                    bias_grad: Array1::zeros(outputs),
                    moments: network.adam.then(|| [zeros(), zeros()]),
                    output: buffer,
                    delta: Array2::zeros((network.batch, outputs)),
                }
            })
            .collect();
        self.input = Array2::zeros((network.batch, WIDTH));
        (self.rate, self.step) = (network.rate as f32, 0);
    }

    fn train(&mut self, order: &[u32], batch: usize) -> f64 {
        let mut sum = 0.0;
        for rows in order.chunks_exact(batch) {
            for (mut to, &row) in self.input.rows_mut().into_iter().zip(rows) {
                to.assign(&self.images.row(row as usize));
            }
            forward(&mut self.layers, self.input.view());
            let labels = rows.iter().map(|&row| self.labels[row as usize]);
            sum += loss(self.layers.last_mut().expect("a layer"), labels, batch);
            self.backward();
            self.update();
        }
        sum
    }

    fn rows(&self, images: &[f32]) -> Array2<f32> {
        let shape = (images.len() / WIDTH, WIDTH);
        Array2::from_shape_vec(shape, images.to_vec()).expect("rows")
    }

    fn predict(&mut self, rows: &Array2<f32>) -> Array2<f32> {
        forward(&mut self.layers, rows.view());
        let last = &self.layers[self.layers.len() - 1];
        last.output.slice(s![..rows.nrows(), ..]).to_owned()
    }

    fn numbers(&self, logits: Array2<f32>) -> Vec<f32> {
        logits.into_raw_vec_and_offset().0
    }
}

fn main() {
    peers::serve::<ByHand>();
}
