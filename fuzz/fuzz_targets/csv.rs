//! Tables with the target `y`, or `2` where there is no header, and weights where there is a column
//! `w`. What is behind a zero byte is another table, read with the encoding of the first.
#![no_main]

use backprop_trainer::data::csv::{
    Header, Missing, Options, ReadOptions, Table, TargetKind, Thousands, Unknown,
};
use backprop_trainer::data::{Batch, Limits};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_bytes: 1 << 20 };

fn all(first: &[u8], later: &[u8], how: impl Into<ReadOptions>, options: &Options) {
    let Ok(table) = Table::parse("fuzz", first, how, LIMITS) else {
        return;
    };
    // Rows of the second half may hold what the encoding has not seen.
    let half: Vec<u32> = (0..table.len().div_ceil(2) as u32).collect();
    let Ok(encoding) = table.fit(options, &half) else {
        return;
    };
    assert_eq!(encoding.width(), encoding.feature_names().len());
    if let Ok(dataset) = table.dataset::<f32>(&encoding) {
        assert_eq!((dataset.len(), dataset.width()), (table.len(), encoding.width()));
        let rows: Vec<u32> = (0..dataset.len() as u32).collect();
        let mut batch = Batch::new();
        dataset.gather(&rows, &mut batch);
        assert!(batch.inputs().iter().all(|x| x.is_finite()));
    }
    if let Ok(table) = Table::parse("later", later, encoding.read_options(), LIMITS)
        && let Ok(features) = table.features::<f32>(&encoding)
    {
        assert_eq!(features.dim(), (table.len(), encoding.width()));
        assert!(features.iter().all(|x| x.is_finite()));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0);
    let (first, later) = bytes.split_at(end.unwrap_or(bytes.len()));
    let later = later.get(1..).unwrap_or_default();
    for weights in [None, Some("w".to_owned())] {
        let options = Options {
            weights,
            ..Options::new("y")
        };
        all(first, later, Header::Present, &options);
    }
    let options = Options {
        kind: TargetKind::Values,
        missing: Missing::Mean,
        unknown: Unknown::Zeros,
        ..Options::new("2")
    };
    all(first, later, Header::Absent, &options);
    let how = ReadOptions {
        na_values: vec!["x".to_owned(), "-9".to_owned()],
        thousands: Some(Thousands::Comma),
        date_format: Some("%d.%m.%y".to_owned()),
        encoding: Some("latin1".to_owned()),
        ..ReadOptions::default()
    };
    let options = Options {
        categorical: vec!["c".to_owned()],
        ..Options::new("y").missing_as_mean()
    };
    all(first, later, how, &options);
});
