//! candle on the CPU: the layers, losses and optimizers of candle-nn.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, SGD, VarBuilder, VarMap};
use peers::{Build, CLASSES, Peer, SLOPE, WIDTH};

enum Rule {
    Sgd(SGD),
    Adam(AdamW),
}

struct Candle {
    images: Tensor,
    labels: Tensor,
    layers: Vec<Linear>,
    rule: Option<Rule>,
}

impl Candle {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let (last, hidden) = self.layers.split_last().expect("a layer");
        let mut values = input.clone();
        for layer in hidden {
            values = candle_nn::ops::leaky_relu(&layer.forward(&values)?, f64::from(SLOPE))?;
        }
        last.forward(&values)
    }

    fn build(&mut self, network: &Build) -> Result<()> {
        let variables = VarMap::new();
        let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
        let widths: Vec<usize> = [WIDTH]
            .into_iter()
            .chain(network.hidden.clone())
            .chain([CLASSES])
            .collect();
        self.layers = widths
            .windows(2)
            .enumerate()
            .map(|(k, pair)| candle_nn::linear(pair[0], pair[1], builder.pp(format!("{k}"))))
            .collect::<Result<_>>()?;
        let variables = variables.all_vars();
        self.rule = Some(if network.adam {
            // Without decay this is Adam.
            let settings = ParamsAdamW {
                lr: network.rate,
                weight_decay: 0.0,
                ..Default::default()
            };
            Rule::Adam(AdamW::new(variables, settings)?)
        } else {
            Rule::Sgd(SGD::new(variables, network.rate)?)
        });
        Ok(())
    }

    fn train(&mut self, order: &[u32], batch: usize) -> Result<f64> {
        let mut sum = Tensor::zeros((), DType::F32, &Device::Cpu)?;
        for rows in order.chunks_exact(batch) {
            let rows = Tensor::new(rows, &Device::Cpu)?;
            let logits = self.forward(&self.images.index_select(&rows, 0)?)?;
            let labels = self.labels.index_select(&rows, 0)?;
            let loss = candle_nn::loss::cross_entropy(&logits, &labels)?;
            match self.rule.as_mut().expect("a rule") {
                Rule::Sgd(rule) => rule.backward_step(&loss)?,
                Rule::Adam(rule) => rule.backward_step(&loss)?,
            }
            sum = (sum + loss.detach())?;
        }
        Ok(f64::from(sum.to_scalar::<f32>()?))
    }
}

impl Peer for Candle {
    const CRATE: &'static str = "candle-core";
    type Rows = Tensor;

    fn new(images: &[f32], labels: &[u32]) -> Self {
        let images = Tensor::from_slice(images, (labels.len(), WIDTH), &Device::Cpu);
        Candle {
            images: images.expect("a tensor"),
            labels: Tensor::new(labels, &Device::Cpu).expect("a tensor"),
            layers: Vec::new(),
            rule: None,
        }
    }

    fn build(&mut self, network: &Build) {
        self.build(network).expect("a network");
    }

    fn train(&mut self, order: &[u32], batch: usize) -> f64 {
        self.train(order, batch).expect("steps")
    }

    fn rows(&self, images: &[f32]) -> Tensor {
        let shape = (images.len() / WIDTH, WIDTH);
        Tensor::from_slice(images, shape, &Device::Cpu).expect("a tensor")
    }

    fn predict(&mut self, rows: &Tensor) -> Tensor {
        self.forward(rows).expect("logits").detach()
    }

    fn numbers(&self, logits: Tensor) -> Vec<f32> {
        assert_eq!(logits.dim(D::Minus1).ok(), Some(CLASSES));
        logits
            .flatten_all()
            .and_then(|all| all.to_vec1())
            .expect("numbers")
    }
}

fn main() {
    peers::serve::<Candle>();
}
