//! burn on its CPU backend, burn-flex, with the AVX-512 kernels that it has to be asked for.

use burn::module::Module;
use burn::nn::activation::Activation;
use burn::nn::loss::{
    BinaryCrossEntropyLoss, BinaryCrossEntropyLossConfig, CrossEntropyLoss, CrossEntropyLossConfig,
    MseLoss, Reduction,
};
use burn::nn::{LeakyReluConfig, Linear, LinearConfig, Tanh};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};
use peers::{Build, CLASSES, Peer, SLOPE, Start, Table, WIDTH};

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
    activation: Activation,
}

/// The targets of a batch with their loss.
#[derive(Clone)]
enum Goal {
    Classes(CrossEntropyLoss, Tensor<1, Int>),
    Labels(BinaryCrossEntropyLoss, Tensor<2, Int>),
    Values(MseLoss, Tensor<2>),
}

impl Goal {
    fn loss(self, output: Tensor<2>) -> Tensor<1> {
        match self {
            Goal::Classes(loss, classes) => loss.forward(output, classes),
            Goal::Labels(loss, labels) => loss.forward(output, labels),
            Goal::Values(loss, values) => loss.forward(output, values, Reduction::Mean),
        }
    }
}

/// A table and the loss of its targets.
struct Columns {
    inputs: usize,
    outputs: usize,
    binary: bool,
    targets: Vec<f32>,
    /// All rows as one batch.
    whole: Option<(Tensor<2>, Goal)>,
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
    table: Option<Columns>,
}

impl Burn {
    fn fresh(&mut self, widths: &[usize], tanh: bool, rule: ModuleOptimizer, rate: f64) {
        let pairs = widths.windows(2);
        let layers = pairs.map(|pair| LinearConfig::new(pair[0], pair[1]).init(&self.training));
        let slope = LeakyReluConfig::new().with_negative_slope(f64::from(SLOPE));
        self.network = Some(Network {
            layers: layers.collect(),
            activation: match tanh {
                true => Activation::Tanh(Tanh::new()),
                false => Activation::LeakyRelu(slope.init()),
            },
        });
        self.predictor = None;
        (self.rule, self.rate) = (Some(rule), rate);
    }

    /// Rows as a tensor: what burn calls a batcher.
    fn rows_of(&self, values: &[f32], width: usize, rows: &[u32]) -> TensorData {
        let mut batch = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            let start = row as usize * width;
            batch.extend_from_slice(&values[start..start + width]);
        }
        TensorData::new(batch, [rows.len(), width])
    }

    fn batch(&self, rows: &[u32]) -> (Tensor<2>, Goal) {
        let device = &self.training;
        let Some(table) = &self.table else {
            let images = self.rows_of(&self.images, WIDTH, rows);
            let labels = rows.iter().map(|&row| self.labels[row as usize] as i32);
            let labels = TensorData::new(labels.collect::<Vec<i32>>(), [rows.len()]);
            let goal = Goal::Classes(self.loss.clone(), Tensor::from_data(labels, device));
            return (Tensor::from_data(images, device), goal);
        };
        let features = self.rows_of(&self.images, table.inputs, rows);
        let targets = self.rows_of(&table.targets, table.outputs, rows);
        let goal = match table.binary {
            true => {
                let loss = BinaryCrossEntropyLossConfig::new().with_logits(true);
                let labels = targets.convert::<i32>();
                Goal::Labels(loss.init(device), Tensor::from_data(labels, device))
            }
            false => Goal::Values(MseLoss::new(), Tensor::from_data(targets, device)),
        };
        (Tensor::from_data(features, device), goal)
    }

    /// One step; the loss.
    fn step(&mut self, (input, goal): (Tensor<2>, Goal)) -> Tensor<1> {
        let network = self.network.take().expect("a network");
        let loss = goal.loss(network.forward(input));
        let value = loss.clone().inner();
        let grads = GradientsParams::from_grads(loss.backward(), &network);
        let rule = self.rule.as_mut().expect("a rule");
        self.network = Some(rule.step(self.rate, network, grads));
        value
    }

    fn whole(&self) -> (Tensor<2>, Goal) {
        let table = self.table.as_ref().expect("a table");
        table.whole.clone().expect("all rows")
    }
}

impl Peer for Burn {
    const CRATE: &'static str = "burn";
    type Rows = Tensor<2>;

    fn new(images: &[f32], labels: &[u32]) -> Self {
        let mut device = Device::flex();
        if Start::read().double {
            device.configure(FloatDType::F64).expect("f64");
        }
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
            table: None,
        }
    }

    fn build(&mut self, network: &Build) {
        let widths = [&[WIDTH][..], &network.hidden, &[CLASSES]].concat();
        let rule = match network.adam {
            true => AdamConfig::new().with_epsilon(1e-8).init(),
            false => SgdConfig::new().init(),
        };
        self.fresh(&widths, false, rule, network.rate);
    }

    fn train(&mut self, order: &[u32], batch: usize) -> f64 {
        let mut sum = Tensor::<1>::zeros([1], &self.device);
        for rows in order.chunks_exact(batch) {
            let batch = self.batch(rows);
            sum = sum + self.step(batch);
        }
        self.predictor = None;
        f64::from(sum.into_scalar::<f32>())
    }

    fn table(&mut self, table: &Table, features: Vec<f32>, targets: Vec<f32>) {
        let Build {
            hidden, adam, rate, ..
        } = &table.network;
        let widths = [&[table.inputs][..], hidden, &[table.outputs]].concat();
        let momentum = MomentumConfig {
            momentum: 0.9,
            dampening: 0.0,
            nesterov: true,
        };
        let rule = match adam {
            true => AdamConfig::new().with_epsilon(1e-8).init(),
            false => SgdConfig::new().with_momentum(Some(momentum)).init(),
        };
        self.fresh(&widths, table.tanh, rule, *rate);
        self.images = features;
        self.table = Some(Columns {
            inputs: table.inputs,
            outputs: table.outputs,
            binary: table.binary,
            targets,
            whole: None,
        });
        if table.network.batch == table.rows {
            let whole = self.batch(&(0..table.rows as u32).collect::<Vec<u32>>());
            self.table.as_mut().expect("a table").whole = Some(whole);
        }
    }

    fn steps(&mut self, steps: usize) -> f64 {
        let whole = self.whole();
        let mut sum = Tensor::<1>::zeros([1], &self.device);
        for _ in 0..steps {
            sum = sum + self.step(whole.clone());
        }
        sum.into_scalar::<f64>() / steps as f64
    }

    fn gradient(&mut self, steps: usize) -> f64 {
        let (input, goal) = self.whole();
        let network = self.network.as_ref().expect("a network");
        let mut value = Tensor::<1>::zeros([1], &self.device);
        for _ in 0..steps {
            let loss = goal.clone().loss(network.forward(input.clone()));
            value = loss.clone().inner();
            std::hint::black_box(GradientsParams::from_grads(loss.backward(), network));
        }
        value.into_scalar::<f64>()
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
