//! burn on its CPU backend, burn-flex, with the AVX-512 kernels that it has to be asked for.

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{LeakyRelu, LeakyReluConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use peers::{Build, CLASSES, Peer, SLOPE, WIDTH};

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
    activation: LeakyRelu,
}

impl Network {
    fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("a layer");
        let forward = |values, layer: &Linear| self.activation.forward(layer.forward(values));
        last.forward(hidden.iter().fold(input, forward))
    }
}

struct Burn {
    device: Device,
    training: Device,
    images: Vec<f32>,
    labels: Vec<u32>,
    network: Option<Network>,
    /// The same without autodiff.
    predictor: Option<Network>,
    rule: Option<ModuleOptimizer>,
    rate: f64,
    loss: CrossEntropyLoss,
}

impl Peer for Burn {
    const CRATE: &'static str = "burn";
    type Rows = Tensor<2>;

    fn new(images: &[f32], labels: &[u32]) -> Self {
        let device = Device::flex();
        let training = device.clone().autodiff();
        Burn {
            loss: CrossEntropyLossConfig::new().init(&training),
            device,
            training,
            images: images.to_vec(),
            labels: labels.to_vec(),
            network: None,
            predictor: None,
            rule: None,
            rate: 0.0,
        }
    }

    fn build(&mut self, network: &Build) {
        let mut inputs = WIDTH;
        let widths = network.hidden.iter().copied().chain([CLASSES]);
        let layers = widths.map(|outputs| {
            let layer = LinearConfig::new(inputs, outputs).init(&self.training);
            inputs = outputs;
            layer
        });
        let slope = LeakyReluConfig::new().with_negative_slope(f64::from(SLOPE));
        self.network = Some(Network {
            layers: layers.collect(),
            activation: slope.init(),
        });
        self.predictor = None;
        self.rule = Some(match network.adam {
            true => AdamConfig::new().with_epsilon(1e-8).init(),
            false => SgdConfig::new().init(),
        });
        self.rate = network.rate;
    }

    fn train(&mut self, order: &[u32], batch: usize) -> f64 {
        let mut network = self.network.take().expect("a network");
        let rule = self.rule.as_mut().expect("a rule");
        let mut sum = Tensor::<1>::zeros([1], &self.device);
        for rows in order.chunks_exact(batch) {
            // What burn calls a batcher: rows become a tensor.
            let mut images = Vec::with_capacity(batch * WIDTH);
            for &row in rows {
                let start = row as usize * WIDTH;
                images.extend_from_slice(&self.images[start..start + WIDTH]);
            }
            let labels: Vec<i32> = rows
                .iter()
                .map(|&row| self.labels[row as usize] as i32)
                .collect();
            let images =
                Tensor::<2>::from_data(TensorData::new(images, [batch, WIDTH]), &self.training);
            let labels =
                Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &self.training);
            let loss = self.loss.forward(network.forward(images), labels);
            sum = sum + loss.clone().inner();
            let grads = GradientsParams::from_grads(loss.backward(), &network);
            network = rule.step(self.rate, network, grads);
        }
        self.network = Some(network);
        self.predictor = None;
        f64::from(sum.into_scalar::<f32>())
    }

    fn rows(&self, images: &[f32]) -> Tensor<2> {
        let shape = [images.len() / WIDTH, WIDTH];
        Tensor::from_data(TensorData::new(images.to_vec(), shape), &self.device)
    }

    fn predict(&mut self, rows: &Tensor<2>) -> Tensor<2> {
        let network = self.network.as_ref().expect("a network");
        let predictor = self.predictor.get_or_insert_with(|| network.valid());
        predictor.forward(rows.clone())
    }

    fn numbers(&self, logits: Tensor<2>) -> Vec<f32> {
        logits.into_data().try_to_vec().expect("numbers")
    }
}

fn main() {
    peers::serve::<Burn>();
}
