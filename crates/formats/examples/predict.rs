//! The smallest program that uses a trained network: `predict MODEL.safetensors ROW.csv` reads one
//! row of raw inputs, comma-separated, and prints its class and the probability of it.
//!
//! It needs `backprop-layers` and `backprop-formats` alone.

use std::error::Error;
use std::path::Path;

use backprop_formats::Model;
use backprop_layers::ndarray::Array2;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(row)) = (arguments.next(), arguments.next()) else {
        return Err("usage: predict MODEL.safetensors ROW.csv".into());
    };
    let (class, probability) = predict(Path::new(&model), &std::fs::read_to_string(row)?)?;
    println!("{class} ({:.2} %)", 100.0 * probability);
    Ok(())
}

fn predict(path: &Path, row: &str) -> Result<(String, f32), Box<dyn Error>> {
    let model = Model::<f32>::load(path)?;
    let raw: Result<Vec<f32>, _> = row.split(',').map(|cell| cell.trim().parse()).collect();
    let mut input = Array2::from_shape_vec((1, model.network().input_width()), raw?)?;
    input *= model.info().input_scale as f32;

    let class = model.classify(input.view())?[0];
    let probability = model.predict_proba(input.view())?[[0, class]];
    Ok((model.info().class_name(class), probability))
}

#[cfg(test)]
mod tests {
    use backprop_formats::{Model, ModelInfo};
    use backprop_layers::{Sequential, linear};

    use super::*;

    #[test]
    fn a_row_gets_its_class_and_probability() {
        let mut network = Sequential::<f32>::new(2, [linear(2)], 0).unwrap();
        for ((_, parameter), rows) in network
            .parameters_mut()
            .zip([vec![0.0, 0.0, 4.0, -2.0], vec![0.0, 0.0]])
        {
            parameter.assign(&rows);
        }
        let info = ModelInfo::default()
            .with_input_scale(0.5)
            .with_class_names(["no", "yes"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        Model::new(network, info).unwrap().save(&path).unwrap();
        // The logits are 0 and 0.5 (4 * 1 - 2 * 2) = 0.
        assert_eq!(predict(&path, "1, 2\n").unwrap().1, 0.5);
        // 0.5 (4 * 3 - 2 * 1) = 5.
        let (class, probability) = predict(&path, "3,1").unwrap();
        assert_eq!(class, "yes");
        let expected = 1.0 / (1.0 + (-5.0_f32).exp());
        approx::assert_abs_diff_eq!(probability, expected, epsilon = 1e-6);
        assert!(predict(&path, "1,2,3").is_err() && predict(&path, "1,x").is_err());
    }
}
