//! rten, on the ONNX export of a network of ours.

use std::sync::Arc;

use peers::{Runtime, WIDTH, serve_runtime};
use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

struct Rten {
    model: Model,
    options: RunOptions,
}

impl Runtime for Rten {
    const CRATE: &'static str = "rten";
    type Rows = Tensor<f32>;

    fn load(model: &str, threads: usize) -> Self {
        let mut options = ModelOptions::with_all_ops();
        let model = options.prepack_weights(true).load_file(model);
        let pool = ThreadPool::with_num_threads(threads);
        Rten {
            model: model.expect("a network"),
            options: RunOptions::default().with_thread_pool(Some(Arc::new(pool))),
        }
    }

    fn rows(&mut self, images: &[f32]) -> Tensor<f32> {
        NdTensor::from_data([images.len() / WIDTH, WIDTH], images.to_vec()).into_dyn()
    }

    fn predict(&mut self, rows: &Tensor<f32>) -> Tensor<f32> {
        let output = self
            .model
            .run_one(rows.view().into(), Some(self.options.clone()));
        output.expect("logits").try_into().expect("numbers")
    }

    fn numbers(&self, logits: Tensor<f32>) -> Vec<f32> {
        logits.to_vec()
    }
}

fn main() {
    serve_runtime::<Rten>();
}
