//! The smallest program that uses a trained network: `predict MODEL.safetensors ROW.csv` reads one
//! row of raw inputs, separated by commas, and prints its class and the probability of it.
//!
//! It needs `backprop-layers` and `backprop-formats` alone.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use backprop_formats::load_model;
use backprop_layers::ndarray::Array2;
use backprop_layers::{Pool, Workspace};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(row)) = (arguments.next(), arguments.next()) else {
        return Err("usage: predict MODEL.safetensors ROW.csv".into());
    };
    let (class, probability) = predict(Path::new(&model), &std::fs::read_to_string(row)?)?;
    println!("{class} ({:.2} %)", 100.0 * probability);
    Ok(())
}

fn predict(model: &Path, row: &str) -> Result<(String, f32), Box<dyn Error>> {
    let (network, info) = load_model::<f32>(model)?;
    let raw: Result<Vec<f32>, _> = row.split(',').map(|cell| cell.trim().parse()).collect();
    let mut input = Array2::from_shape_vec((1, network.input_width()), raw?)?;
    input *= info.input_scale as f32;

    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let mut output = Array2::zeros((1, network.output_width()));
    network.predict_into(&mut workspace, input.view(), output.view_mut());
    let mut output = output.into_raw_vec_and_offset().0;
    info.activate(output.len(), &mut output);

    let best = (0..output.len()).max_by(|&a, &b| output[a].total_cmp(&output[b]));
    let best = best.expect("a network has at least one output");
    Ok((info.class_name(best), output[best]))
}

#[cfg(test)]
mod tests {
    use backprop_formats::{ModelInfo, save_model};
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
        save_model(&path, &network, &info).unwrap();
        // The logits are 0 and 0.5 (4 * 1 - 2 * 2) = 0.
        assert_eq!(predict(&path, "1, 2\n").unwrap().1, 0.5);
        // 0.5 (4 * 3 - 2 * 1) = 5.
        let (class, probability) = predict(&path, "3,1").unwrap();
        assert_eq!(class, "yes");
        assert!((probability - 1.0 / (1.0 + (-5.0_f32).exp())).abs() < 1e-6);
        assert!(predict(&path, "1,2,3").is_err() && predict(&path, "1,x").is_err());
    }
}
