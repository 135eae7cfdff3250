//! Two IDX files, pictures and their labels, and a third of other labels behind them. The first two bytes
//! are the length of the first file, the next two that of the second.
#![no_main]

use backprop_trainer::data::images::LabeledImages;
use backprop_trainer::data::{Batch, Limits, idx};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_bytes: 1 << 18 };

fn cut(bytes: &[u8], length: [u8; 2]) -> (&[u8], &[u8]) {
    bytes.split_at(usize::from(u16::from_be_bytes(length)).min(bytes.len()))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&[a, b, c, d], files)) = bytes.split_first_chunk() else {
        return;
    };
    let (images, labels) = cut(files, [a, b]);
    let (labels, others) = cut(labels, [c, d]);
    let read = |name: &str, bytes: &[u8]| idx::parse(name, bytes, LIMITS);
    let (Ok(images), Ok(labels)) = (read("images", images), read("labels", labels)) else {
        return;
    };
    let Ok(pictures) = LabeledImages::from_arrays(("images", images.clone()), ("labels", labels)) else {
        return;
    };
    let Ok(classes) = pictures.classes() else {
        return;
    };
    assert!(classes.names.len() >= 2);
    for pictures in [pictures.clone(), pictures.transposed()] {
        let count = pictures.len();
        let dataset = pictures.dataset::<f32>(&classes).expect("its own classes");
        assert_eq!((dataset.len(), dataset.num_classes()), (count, Some(classes.names.len())));
        let encoding = dataset.image_encoding().expect("pictures");
        assert_eq!(encoding.row_width(), Some(dataset.width()));
        let mut batch = Batch::new();
        dataset.gather(&[0, count as u32 - 1], &mut batch);
        assert!(batch.inputs().iter().all(|x| (0.0..=1.0).contains(x)));
    }
    if let Ok(others) = read("others", others)
        && let Ok(pictures) = LabeledImages::from_arrays(("images", images), ("others", others))
        && let Ok(dataset) = pictures.dataset::<f32>(&classes)
    {
        assert_eq!(dataset.num_classes(), Some(classes.names.len()));
    }
});
