//! Tables with the target `y`, and weights where there is a column `w`.
#![no_main]

use backprop_trainer::data::{Batch, Limits, csv};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for weights in [None, Some("w".to_owned())] {
        let options = csv::Options {
            weights,
            limits: Limits { max_bytes: 1 << 20 },
            ..csv::Options::new("y")
        };
        if let Ok(table) = csv::parse::<f32>("fuzz", bytes, &options) {
            let dataset = table.dataset;
            assert_eq!(dataset.width(), table.feature_names.len());
            let rows: Vec<u32> = (0..dataset.len() as u32).collect();
            let mut batch = Batch::new();
            dataset.gather(&rows, &mut batch);
            assert!(batch.inputs().iter().all(|x| x.is_finite()));
        }
    }
});
