//! Every flipped bit and every cut of a small file of each kind.

use backprop_trainer::Trainer;
use backprop_trainer::data::idx::{self, Idx, Values};
use backprop_trainer::data::{Dataset, Limits, Targets};
use backprop_trainer::formats::{
    Checkpoint, Model, ModelInfo, OutputKind, dtype_of, load_parameters,
};
use backprop_trainer::layers::{Sequential, leaky_relu, linear};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::{Adam, Schedule};
use backprop_trainer::tensor::Scalar;

fn network<T: Scalar>() -> Sequential<T> {
    Sequential::new(3, [linear(4), leaky_relu(0.01), linear(2)], 2).unwrap()
}

/// A trainer before its run of two epochs, and the data.
fn trainer() -> (Trainer<f32>, Dataset<f32>) {
    let trainer = Trainer::new(network(), SoftmaxCrossEntropy, Adam::new(1e-3));
    let trainer = trainer.unwrap().epochs(2).batch_size(4).patience(5);
    let trainer = trainer.schedule(Schedule::Constant);
    let labels = Targets::Classes {
        labels: vec![0, 1, 1, 0, 1, 0],
        num_classes: 2,
    };
    let values = (0..18).map(|i| (i * 7 % 5) as f32).collect();
    (trainer, Dataset::from_values(3, values, labels).unwrap())
}

/// Calls `f` with every flip of a bit, then with every cut; tells their numbers.
fn each_damage(whole: &[u8], mut f: impl FnMut(&[u8], String)) -> (usize, usize) {
    let mut bytes = whole.to_vec();
    for bit in 0..8 * bytes.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        f(&bytes, format!("bit {} of byte {}", bit % 8, bit / 8));
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..whole.len() {
        f(&whole[..length], format!("cut to {length} bytes"));
    }
    (8 * whole.len(), whole.len())
}

#[test]
fn every_flip_and_cut_of_a_trainers_checkpoint_is_an_error() {
    let (mut done, data) = trainer();
    done.fit(&data, &data).unwrap();
    let whole = done.checkpoint().unwrap().to_bytes();
    let (flips, cuts) = each_damage(&whole, |bytes, what| {
        let found = Checkpoint::from_bytes("c", bytes);
        let error = found.expect_err(&what).to_string();
        assert!(
            error.starts_with('c') && error.len() < 1000,
            "{what}: {error}"
        );
    });
    println!(
        "checkpoint of {} bytes: {flips} flips, {cuts} cuts",
        whole.len()
    );
    assert!(flips > 10_000);
    let (mut back, _) = trainer();
    back.restore(&Checkpoint::from_bytes("c", &whole[..]).unwrap())
        .unwrap();
}

/// Fuzzing begins with these files: a reader that refuses them would be tried on nothing.
#[test]
fn the_seeds_of_fuzzing_are_whole() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/checkpoint/");
    let sections = |seed: &str| {
        let checkpoint = Checkpoint::load(format!("{corpus}{seed}"), 1 << 20).unwrap();
        checkpoint.names().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(sections("seed-empty").is_empty());
    let (mut done, data) = trainer();
    done.fit(&data, &data).unwrap();
    let written = done.checkpoint().unwrap();
    assert!(written.names().eq(sections("seed-trainer").iter()));
}

#[test]
fn every_flip_and_cut_of_a_model_is_an_error() {
    let info = ModelInfo::new(OutputKind::Logits).with_class_names(["no", "yes"]);
    let whole = Model::new(network::<f32>(), info.clone())
        .and_then(|model| model.to_bytes())
        .unwrap();
    let mut other = network::<f64>();
    let (flips, cuts) = each_damage(&whole, |bytes, what| {
        assert!(Model::<f32>::from_bytes("m", bytes).is_err(), "{what}");
        assert!(load_parameters(&mut other, "m", bytes).is_err(), "{what}");
        assert!(dtype_of("m", bytes).is_err(), "{what}");
    });
    println!("model of {} bytes: {flips} flips, {cuts} cuts", whole.len());
    assert!(flips > 5_000);
    Model::<f32>::from_bytes("m", &whole).unwrap();
}

/// IDX has no checksum: a flip in its header is refused or shows in type or shape, one in the
/// elements shows in them, a cut is refused. What is packed has the checksum of gzip.
#[test]
fn every_flip_of_an_idx_header_is_refused_or_shows() {
    let limits = Limits { max_bytes: 1 << 12 };
    let all = [
        Values::U8((0..12).collect()),
        Values::I8((0..12).collect()),
        Values::I16((0..12).collect()),
        Values::I32((0..12).collect()),
        Values::F32((0..12).map(|i| i as f32).collect()),
        Values::F64((0..12).map(f64::from).collect()),
    ];
    let (mut refused, mut shown) = (0, 0);
    for values in all {
        for shape in [vec![12], vec![3, 4], vec![2, 2, 3]] {
            let header = 4 + 4 * shape.len();
            let array = Idx {
                shape,
                values: values.clone(),
            };
            let whole = array.to_bytes().unwrap();
            each_damage(&whole, |bytes, what| {
                let found = idx::parse("a", bytes, limits);
                let at = bytes.iter().zip(&whole).position(|(a, b)| a != b);
                let type_name = |array: &Idx| array.values.type_name();
                match (found, at) {
                    (Err(_), _) => refused += 1,
                    (Ok(found), Some(at)) if at < header => {
                        shown += 1;
                        let same =
                            (type_name(&found), &found.shape) == (type_name(&array), &array.shape);
                        assert!(!same, "{what} does not show: {found:?}");
                    }
                    (Ok(found), Some(at)) => {
                        assert_eq!(
                            (type_name(&found), &found.shape),
                            (type_name(&array), &array.shape)
                        );
                        let (found, size) = (found.to_bytes().unwrap(), whole.len());
                        assert!(found == bytes && at < size, "{what} does not show");
                    }
                    (Ok(_), None) => panic!("{what} was accepted"),
                }
            });
        }
    }
    println!("IDX headers and cuts: {refused} refused, {shown} shown");
    // A dimension of another length is always of another size; types of one size are not.
    assert!(refused > 1000 && shown > 0, "{refused} {shown}");
}
