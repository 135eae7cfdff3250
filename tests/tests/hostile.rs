//! Bytes from outside, arbitrary and nearly right, for everything that reads: never a panic, and
//! what is accepted makes sense.
//!
//! The environment variable `PROPTEST_CASES` says how many of each are tried, 256 by default.

use std::io::Write;
use std::sync::LazyLock;

use backprop_trainer::Trainer;
use backprop_trainer::data::idx::{self, Idx, Values};
use backprop_trainer::data::{Batch, DataError, Dataset, Limits, Targets, csv};
use backprop_trainer::formats::{
    Checkpoint, Model, ModelInfo, OutputKind, dtype_of, load_parameters,
};
use backprop_trainer::layers::{
    Pool, Sequential, Workspace, dropout, leaky_relu, linear, relu, sigmoid, softmax, tanh,
};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::ndarray::Array2;
use backprop_trainer::optimizers::{Adam, Schedule};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;

const LIMITS: Limits = Limits { max_bytes: 1 << 16 };

/// One change of some bytes: what to do, where, and with what.
type Change = (u8, u16, u8);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(any::<Change>(), 1..6)
}

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for &(what, at, with) in changes {
        if bytes.is_empty() {
            return bytes;
        }
        let at = usize::from(at) % bytes.len();
        match what % 8 {
            0 => bytes[at] ^= 1 << (with % 8),
            1 => bytes[at] = with,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, with),
            4 => drop(bytes.remove(at)),
            // The ends of the number types, where lengths are.
            5 => bytes[at..].iter_mut().take(8).for_each(|b| *b = 0xff),
            6 => bytes[at..].iter_mut().take(4).for_each(|b| *b = 0),
            _ => {
                let end = (at + usize::from(with)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

// IDX

fn check_idx(bytes: &[u8]) {
    match idx::parse("a.idx", bytes, LIMITS) {
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with("a.idx") && text.len() < 500, "{text}");
        }
        Ok(array) => {
            let written = array.to_bytes().unwrap();
            assert!(written.len() as u64 <= LIMITS.max_bytes);
            if bytes.starts_with(&[0, 0]) {
                assert_eq!(written, bytes, "what was read is what was there");
            }
        }
    }
}

fn arrays() -> Vec<Idx> {
    let shape = vec![2, 3];
    let all = [
        Values::U8(vec![1, 2, 3, 4, 5, 255]),
        Values::I16(vec![1, -2, 3, -4, 5, i16::MIN]),
        Values::F32(vec![0.5, -1.0, f32::NAN, f32::MAX, 0.0, -0.0]),
        Values::F64(vec![0.5, -1.0, f64::NAN, f64::MAX, 0.0, -0.0]),
    ];
    let array = |values| Idx {
        shape: shape.clone(),
        values,
    };
    all.map(array).into()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn idx_of_arbitrary_bytes(bytes in vec(any::<u8>(), 0..300)) {
        check_idx(&bytes);
        check_idx(&gzip(&bytes));
        check_idx(&[&[0x1f, 0x8b], &bytes[..]].concat());
    }

    #[test]
    fn idx_of_arbitrary_headers(
        kind in 6_u8..17, dimensions in 0_u8..5,
        lengths in vec(prop_oneof![0_u32..9, any::<u32>()], 5),
        rest in vec(any::<u8>(), 0..100),
    ) {
        let mut bytes = vec![0, 0, kind, dimensions];
        for length in &lengths[..usize::from(dimensions)] {
            bytes.extend(length.to_be_bytes());
        }
        bytes.extend(rest);
        check_idx(&bytes);
        check_idx(&gzip(&bytes));
    }

    #[test]
    fn idx_of_changed_files(which in 0_usize..4, changes in changes()) {
        let plain = arrays()[which].to_bytes().unwrap();
        check_idx(&changed(&plain, &changes));
        check_idx(&gzip(&changed(&plain, &changes)));
        check_idx(&changed(&gzip(&plain), &changes));
    }
}

// CSV

fn check_csv(bytes: &[u8]) {
    for header in [csv::Header::Present, csv::Header::Absent] {
        match csv::Table::parse("t.csv", bytes, header, LIMITS) {
            Err(error) => check_csv_error(&error),
            Ok(table) => {
                for kind in [
                    csv::TargetKind::Guess,
                    csv::TargetKind::Classes,
                    csv::TargetKind::Values,
                ] {
                    check_table(&table, kind);
                }
            }
        }
    }
}

fn check_csv_error(error: &DataError) {
    let text = error.to_string();
    assert!(text.starts_with("t.csv") && text.len() < 1000, "{text}");
}

/// Fits an encoding on the first half of a table, and applies it to all of it.
fn check_table(table: &csv::Table, kind: csv::TargetKind) {
    let half: Vec<u32> = (0..table.len().div_ceil(2) as u32).collect();
    for (target, missing, unknown) in [
        ("y", csv::Missing::Refuse, csv::Unknown::Refuse),
        ("2", csv::Missing::Mean, csv::Unknown::Zeros),
    ] {
        let options = csv::Options {
            kind,
            missing,
            unknown,
            ..csv::Options::new(target)
        };
        let encoding = match table.fit(&options, &half) {
            Ok(encoding) => encoding,
            Err(error) => {
                check_csv_error(&error);
                continue;
            }
        };
        match (
            table.dataset::<f32>(&encoding),
            table.features::<f32>(&encoding),
        ) {
            (Ok(dataset), Ok(features)) => {
                assert_eq!(dataset.len(), table.len());
                assert_eq!(dataset.width(), encoding.feature_names().len());
                let rows: Vec<u32> = (0..dataset.len() as u32).collect();
                let mut batch = Batch::new();
                dataset.gather(&rows, &mut batch);
                assert!(batch.inputs().iter().all(|x| x.is_finite()));
                assert_eq!(batch.inputs(), features);
            }
            (Err(error), _) => check_csv_error(&error),
            (Ok(_), Err(error)) => panic!("a data set has no features: {error}"),
        }
    }
}

/// Text of the characters that mean something in a table.
fn tables() -> impl Strategy<Value = String> {
    let cells = [
        "x", "y", "1", "-2.5", "1e400", "NaN", "inf", "", " ", "\"", "ä", "\"a\n\"", "9",
    ];
    let ends = [",", ",", ",", "\n", "\r\n", ""];
    let pairs = (
        proptest::sample::select(cells.to_vec()),
        proptest::sample::select(ends.to_vec()),
    );
    vec(pairs, 0..30).prop_map(|pairs| {
        let text: String = pairs.iter().flat_map(|(cell, end)| [*cell, *end]).collect();
        format!("x,y\n{text}")
    })
}

const TABLE: &str =
    "size,colour,w,y\n1.5,red,1,apple\n2,\"green, or so\",0.5,pear\n-3e2,red,2,\"a \"\"b\"\"\"\n";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn csv_of_arbitrary_bytes(bytes in vec(any::<u8>(), 0..300)) {
        check_csv(&bytes);
        check_csv(&[b"x,y\n", &bytes[..]].concat());
    }

    #[test]
    fn csv_of_arbitrary_cells(text in tables()) {
        check_csv(text.as_bytes());
    }

    #[test]
    fn csv_of_changed_files(changes in changes()) {
        check_csv(&changed(TABLE.as_bytes(), &changes));
    }
}

// Models

/// Files of a network of every kind of layer and of a small one.
static MODELS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let info = ModelInfo::new(OutputKind::Probabilities).with_class_names(["a", "b"]);
    let layers = [
        linear(5),
        relu(),
        dropout(0.1),
        linear(2),
        leaky_relu(0.5),
        sigmoid(),
        tanh(),
        softmax(),
    ];
    let large = Sequential::<f64>::new(3, layers, 1).unwrap();
    let small = Sequential::<f32>::new(2, [linear(2)], 1).unwrap();
    [
        Model::new(large.clone(), info.clone())
            .and_then(|model| model.to_bytes())
            .unwrap(),
        Model::new(small.clone(), info.clone())
            .and_then(|model| model.to_bytes())
            .unwrap(),
    ]
});

/// Mends the checksum, if the bytes still have one: what is behind it is to be tried as well.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let mark = b"\"crc32\":\"";
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    let Some(at) = found
        .map(|at| at + mark.len())
        .filter(|at| at + 8 <= bytes.len())
    else {
        return bytes;
    };
    bytes[at..at + 8].copy_from_slice(b"00000000");
    let digits = format!("{:08x}", crc(&bytes));
    bytes[at..at + 8].copy_from_slice(digits.as_bytes());
    bytes
}

fn check_model(bytes: &[u8]) {
    let mut network = Sequential::<f32>::new(2, [linear(2)], 0).unwrap();
    let before: Vec<Vec<f32>> = network.parameters().map(|(_, p)| p.to_array()).collect();
    if load_parameters(&mut network, "m", bytes).is_err() {
        let after: Vec<Vec<f32>> = network.parameters().map(|(_, p)| p.to_array()).collect();
        assert_eq!(before, after, "an error leaves the network as it was");
    }
    let _ = dtype_of("m", bytes);
    match Model::<f32>::from_bytes("m", bytes) {
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with('m') && text.len() < 4000, "{text}");
        }
        Ok(model) => {
            // As good as any: it can be written, read again, and used.
            let written = model.to_bytes().unwrap();
            let again = Model::<f32>::from_bytes("m", &written).unwrap();
            let network = model.network();
            assert!(again.network().parameters().eq(network.parameters()));
            assert_eq!(again.info(), model.info());
            if network.input_width() < 1000 {
                let mut workspace = Workspace::new(std::sync::Arc::new(Pool::new(1)));
                let input = Array2::zeros((2, network.input_width()));
                let mut output = Array2::zeros((2, network.output_width()));
                network.predict_into(&mut workspace, input.view(), output.view_mut());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn models_of_arbitrary_bytes(bytes in vec(any::<u8>(), 0..300)) {
        check_model(&bytes);
        check_model(&[&(bytes.len() as u64).to_le_bytes(), &bytes[..]].concat());
    }

    #[test]
    fn models_of_changed_files(which in 0_usize..2, changes in changes()) {
        let bytes = changed(&MODELS[which], &changes);
        check_model(&bytes);
        check_model(&sealed(bytes));
    }

    #[test]
    fn models_of_changed_headers(
        which in 0_usize..2,
        changes in vec((any::<u16>(), "[0-9{}\\[\\],:\"a-z.+-]{0,6}"), 1..4),
    ) {
        let whole = &MODELS[which];
        let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
        let mut header = String::from_utf8(whole[8..8 + length].to_vec()).unwrap();
        for (at, with) in &changes {
            let at = usize::from(*at) % header.len();
            header.replace_range(at..(at + with.len()).min(header.len()), with);
        }
        let size = (header.len() as u64).to_le_bytes();
        check_model(&sealed([&size, header.as_bytes(), &whole[8 + length..]].concat()));
    }
}

// Checkpoints

fn check_checkpoint(bytes: &[u8]) {
    match Checkpoint::from_bytes("c", bytes) {
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with('c') && text.len() < 2000, "{text}");
        }
        Ok(checkpoint) => {
            let written = checkpoint.to_bytes();
            let again = Checkpoint::from_bytes("c", &written[..]).unwrap();
            assert!(again.names().eq(checkpoint.names()));
            assert_eq!(again.to_bytes(), written);
        }
    }
}

fn trainer() -> (Trainer<f32>, Dataset<f32>) {
    let network = Sequential::new(2, [linear(3), tanh(), linear(2)], 5).unwrap();
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(1e-3)).unwrap();
    let trainer = trainer.epochs(4).batch_size(3).patience(3);
    let labels = Targets::Classes {
        labels: vec![0, 1, 1, 0, 1],
        num_classes: 2,
    };
    let values = (0..10).map(|i| (i * 3 % 7) as f32 / 7.0).collect();
    (
        trainer.schedule(Schedule::Constant).threads(1),
        Dataset::from_values(2, values, labels).unwrap(),
    )
}

/// After two epochs of four.
static HALF: LazyLock<Checkpoint> = LazyLock::new(|| {
    let (mut trainer, data) = trainer();
    let mut stop = backprop_trainer::on_epoch(|epoch| match epoch.epoch {
        2 => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    });
    trainer.fit_with(&data, Some(&data), &mut stop).unwrap();
    trainer.checkpoint().unwrap()
});

/// Restores, and goes on where that is accepted.
fn check_restore(checkpoint: &Checkpoint) {
    let (mut trainer, data) = trainer();
    let before = trainer.checkpoint().unwrap().to_bytes();
    match trainer.restore(checkpoint) {
        Err(error) => {
            assert!(error.to_string().len() < 4000);
            let after = trainer.checkpoint().unwrap().to_bytes();
            assert_eq!(after, before, "an error leaves the trainer as it was");
        }
        Ok(()) => {
            // Over, or diverged by what was put into it, or done: any end but a panic.
            let _ = trainer.fit(&data, &data);
            let _ = trainer.evaluate(&data);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn checkpoints_of_arbitrary_bytes(bytes in vec(any::<u8>(), 0..300)) {
        check_checkpoint(&bytes);
        check_checkpoint(&[b"BPCKPT\x01\x00", &bytes[..]].concat());
        let header = br#"{"__metadata__":{"contents":"checkpoint","crc32":"00000000"}}"#;
        let length = (header.len() as u64).to_le_bytes();
        check_checkpoint(&sealed([&length[..], header, &bytes[..]].concat()));
    }

    #[test]
    fn checkpoints_of_changed_files(changes in changes()) {
        let bytes = changed(&HALF.to_bytes(), &changes);
        check_checkpoint(&bytes);
        check_checkpoint(&sealed(bytes));
    }

    #[test]
    fn checkpoints_hold_what_was_put_into_them(
        sections in vec(("[a-zäöü ]{0,5}", vec(any::<u8>(), 0..50)), 0..6),
    ) {
        let mut checkpoint = Checkpoint::new();
        for (name, data) in &sections {
            checkpoint.insert(name.clone(), data.clone());
        }
        let back = Checkpoint::from_bytes("c", checkpoint.to_bytes()).unwrap();
        prop_assert!(back.names().eq(checkpoint.names()));
        for name in back.names() {
            prop_assert_eq!(back.get(name), checkpoint.get(name));
        }
    }

    /// Whole as files, with sections that are not what the trainer wrote.
    #[test]
    fn trainers_restore_changed_sections(
        which in vec(0_usize..6, 1..3), changes in changes(),
        noise in vec(any::<u8>(), 0..64), replace in any::<bool>(),
    ) {
        let mut checkpoint = HALF.clone();
        let names: Vec<String> = HALF.names().map(str::to_owned).collect();
        prop_assert_eq!(names.len(), 6);
        for which in which {
            let name = &names[which];
            let data = HALF.get(name).unwrap();
            let data = match (replace, &**name) {
                (true, _) => noise.clone(),
                (false, "network" | "best") => sealed(changed(data, &changes)),
                (false, _) => changed(data, &changes),
            };
            checkpoint.insert(name.clone(), data);
        }
        check_restore(&checkpoint);
    }
}

/// The checkpoint that all these are made from is good, or they would show nothing.
#[test]
fn the_checkpoint_that_is_changed_is_whole() {
    let (mut trainer, data) = trainer();
    trainer.restore(&HALF).unwrap();
    trainer.fit(&data, &data).unwrap();
    assert_eq!(trainer.history().epochs().len(), 4);
}

/// Too rare for chance to find: a number of steps from which one cannot go on counting.
#[test]
fn a_checkpoint_of_more_steps_than_can_be_counted_is_refused() {
    for steps in [u64::MAX, u64::MAX - 1, (1 << 53) + 1] {
        let mut moments = HALF.get("moments").unwrap().to_vec();
        moments[..8].copy_from_slice(&steps.to_le_bytes());
        let mut checkpoint = HALF.clone();
        checkpoint.insert("moments", moments);
        let error = trainer().0.restore(&checkpoint).unwrap_err().to_string();
        assert!(error.contains("at most 9007199254740992 steps"), "{error}");
        check_restore(&checkpoint);
    }
}
