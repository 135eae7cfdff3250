//! Data sets, tables and files.

use super::*;

#[test]
fn data_sets() {
    let classes = |labels: &[u32], classes| Targets::<f32>::Classes {
        labels: labels.to_vec(),
        num_classes: classes,
    };
    let targets = |width, values: &[f32]| Targets::Values {
        width,
        values: values.to_vec(),
    };
    let three = || {
        let labels = classes(&[0, 1, 1], 2);
        Dataset::from_values(1, vec![1.0_f32, 2.0, 3.0], labels).unwrap()
    };
    let regression = || Dataset::from_values(1, vec![1.0_f32], targets(1, &[1.0])).unwrap();
    let empty = || three().limit(0);
    let wider = || Dataset::from_values(2, vec![0.0; 2], classes(&[0], 2)).unwrap();
    let bytes = || Dataset::from_bytes(1, vec![0], classes(&[0], 2)).unwrap();
    let key = Key::new(0);
    let said = [
        (
            "rows of no width",
            error(Dataset::from_values(0, vec![], classes(&[], 2))),
        ),
        (
            "a row that is not whole",
            error(Dataset::from_values(2, vec![0.0; 3], classes(&[0], 2))),
        ),
        (
            "bytes of a row that is not whole",
            error(Dataset::from_bytes(2, vec![0; 3], classes(&[0], 2))),
        ),
        (
            "a feature of NaN",
            error(Dataset::from_values(
                2,
                vec![0.0, 0.0, 0.0, f32::NAN],
                classes(&[0, 0], 2),
            )),
        ),
        (
            "a target of infinity",
            error(Dataset::from_values(
                1,
                vec![0.0; 2],
                targets(1, &[0.0, f32::INFINITY]),
            )),
        ),
        (
            "targets of no width",
            error(Dataset::from_values(1, vec![0.0; 2], targets(0, &[]))),
        ),
        (
            "fewer labels than rows",
            error(Dataset::from_values(1, vec![0.0; 2], classes(&[0], 2))),
        ),
        (
            "no classes",
            error(Dataset::from_values(1, vec![], classes(&[], 0))),
        ),
        (
            "a label out of range",
            error(Dataset::from_values(
                1,
                vec![0.0; 3],
                classes(&[0, 1, 2], 2),
            )),
        ),
        (
            "a weight of NaN",
            error(three().with_weights(vec![1.0, f32::NAN, 1.0])),
        ),
        (
            "a negative weight",
            error(three().with_weights(vec![1.0, 1.0, -1.0])),
        ),
        ("too few weights", error(three().with_weights(vec![1.0]))),
        (
            "too many names",
            error(three().with_class_names(vec![String::new(); 3])),
        ),
        (
            "names for values",
            error(regression().with_class_names(vec![])),
        ),
        (
            "balancing values",
            error(regression().with_balanced_weights()),
        ),
        (
            "joining rows of another width",
            error(three().concat(&wider())),
        ),
        ("joining bytes and numbers", error(three().concat(&bytes()))),
        (
            "joining classes and values",
            error(three().concat(&regression())),
        ),
        (
            "joining rows with weights and without",
            error(three().concat(&three().with_weights(vec![1.0; 3]).unwrap())),
        ),
        ("joining nothing", error(three().concat(&empty()))),
        ("a row that is not there", panic(|| three().select(&[0, 3]))),
        (
            "gathering a row that is not there",
            panic(|| three().limit(1).gather(&[1], &mut Batch::new())),
        ),
        ("holding out NaN", error(three().split(f64::NAN, 0))),
        ("holding out all", error(three().split(1.0, 0))),
        ("holding out nothing", error(three().split(0.1, 0))),
        ("holding out of nothing", error(empty().split(0.5, 0))),
        (
            "batches of nothing",
            panic(|| BatchSampler::new(3, 0, None)),
        ),
        (
            "an array that does not fill its shape",
            error(
                Idx {
                    shape: vec![2, 2],
                    values: Values::U8(vec![0; 3]),
                }
                .to_bytes(),
            ),
        ),
        (
            "an array that nobody takes",
            until(
                error(
                    Idx {
                        shape: vec![1],
                        values: Values::U8(vec![0]),
                    }
                    .write_to("full", &mut [0_u8; 3][..]),
                ),
                "full cannot be written: …",
            ),
        ),
        (
            "an IDX file that is not there",
            until(
                error(idx::read("no-such-file.idx", Limits::default())),
                "no-such-file.idx cannot be opened: …",
            ),
        ),
        (
            "an IDX file of nothing",
            error(idx::parse("a.idx", &[][..], Limits::default())),
        ),
        (
            "MNIST that is not there",
            error(mnist::load::<f32>("no-such-folder", mnist::Variant::Mnist)),
        ),
    ];
    check("data_sets", said);
    // Empty, and everything that can be done with nothing.
    let mut batch = Batch::new();
    empty().gather(&[], &mut batch);
    assert_eq!((batch.rows(), batch.inputs().dim()), (0, (0, 1)));
    assert_eq!(BatchSampler::new(0, 5, Some(key)).next_batch(), None);
    assert_eq!(empty().class_counts(), Some(vec![0, 0]));
}

#[test]
fn tables() {
    let limits = Limits::default();
    let table = |text: &str| csv::Table::parse("t.csv", text, csv::Header::Present, limits);
    let encode = |text: &str, options: &csv::Options| {
        let table = table(text)?;
        table.dataset::<f32>(&table.fit(options, &[0])?)
    };
    let parse = |text: &str, options: &csv::Options| error(encode(text, options));
    let y = |text: &str| parse(text, &csv::Options::new("y"));
    let weighted = csv::Options {
        weights: Some("w".to_owned()),
        ..csv::Options::new("y")
    };
    let fitted = |text: &str| {
        let table = table(text).unwrap();
        table.fit(&csv::Options::new("y"), &[0, 1]).unwrap()
    };
    let later = |text: &str| {
        let fitted = fitted("x,c,y\n1,red,a\n3,blue,b\n");
        error(table(text).and_then(|table| table.features::<f32>(&fitted)))
    };
    let mut damaged = fitted("x,y\n1,a\n2,b\n");
    damaged.columns = 1;
    let said = [
        ("nothing", y("")),
        ("a header alone", y("x,y\n")),
        ("no such target", y("x,z\n1,2\n")),
        ("two columns of one name", y("x,x,y\n1,2,3\n")),
        ("no features", y("y\n1\n")),
        ("a row that is short", y("x,y\n1,2\n1\n")),
        ("an empty cell", y("x,y\n1,2\n,2\n")),
        ("a feature of NaN", y("x,y\n1,2\nNaN,2\n")),
        ("a number too large for f32", y("x,y\n1,a\n1e300,b\n")),
        (
            "a negative weight",
            parse("x,w,y\n1,-1,2\n1,1,3\n", &weighted),
        ),
        (
            "text that is not UTF-8",
            error(csv::Table::parse(
                "t.csv",
                *b"x,y\n\xff,1\n",
                csv::Header::Present,
                limits,
            )),
        ),
        (
            "a file that is not there",
            until(
                error(csv::Table::read(
                    "no-such-file.csv",
                    csv::Header::Present,
                    limits,
                )),
                "no-such-file.csv cannot be opened: …",
            ),
        ),
        (
            "no name where there is no header",
            error(
                csv::Table::parse("t.csv", "1,2\n3,4\n", csv::Header::Absent, limits)
                    .and_then(|table| table.fit(&csv::Options::new("price"), &[0])),
            ),
        ),
        ("one class", y("x,y\n1,a\n2,a\n")),
        (
            "a column that is the target and the weights",
            parse(
                "x,y\n1,2\n",
                &csv::Options {
                    weights: Some("y".to_owned()),
                    ..csv::Options::new("y")
                },
            ),
        ),
        ("text where training had numbers", later("x,c\ntall,red\n")),
        ("text that training did not have", later("x,c\n1,mauve\n")),
        ("a column that training had", later("x\n1\n")),
        (
            "an encoding that was damaged",
            error(table("x,y\n1,a\n").unwrap().dataset::<f32>(&damaged)),
        ),
        (
            "rows that are not there",
            panic(|| {
                table("x,y\n1,a\n")
                    .unwrap()
                    .fit(&csv::Options::new("y"), &[1])
            }),
        ),
        (
            "nothing of so many rows held out",
            error(split_rows(2, 0.1, Key::new(0))),
        ),
        (
            "more folds than rows",
            error(backprop_trainer::search::kfold_indices(2, 3, Key::new(0))),
        ),
    ];
    check("tables", said);
}

/// A safetensors file with one layer, `fc`, and no metadata.
fn other_program() -> Vec<u8> {
    let header = br#"{"fc.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},
        "fc.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[12,36]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header, &[0; 36]].concat()
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let info = ModelInfo::new(OutputKind::Logits);
    let small = network(&[linear(2)]);
    let bytes = Model::new(small.clone(), info.clone())
        .unwrap()
        .to_bytes()
        .unwrap();
    let mut broken = small.clone();
    broken
        .parameters_mut()
        .nth(1)
        .unwrap()
        .1
        .assign(&[0.0, f32::NAN]);
    let mut other = network(&[linear(3)]);
    let here = folder.path().display().to_string();
    let says = |text: String| text.replace(&here, "HERE");
    std::fs::write(at("long"), [0; 100]).unwrap();
    let said = [
        (
            "a parameter of NaN",
            says(error(
                Model::new(broken, info.clone()).unwrap().save(at("m")),
            )),
        ),
        (
            "names for other classes",
            error(Model::new(
                small.clone(),
                info.clone().with_class_names(["a"]),
            )),
        ),
        (
            "an input scale of 0",
            error(Model::new(small, info.with_input_scale(0.0))),
        ),
        (
            "the parameters of another network",
            error(load_parameters(&mut other, "m", &bytes)),
        ),
        ("an empty model", error(Model::<f32>::from_bytes("m", b""))),
        (
            "a model of another program",
            error(Model::<f32>::from_bytes("m", &other_program())),
        ),
        (
            "parameters with names of their own",
            error(load_parameters(&mut other, "m", &other_program())),
        ),
        ("names that are none", error("fc1".parse::<Rename>())),
        (
            "layers that are none",
            error(parse_layers("linear 2, prelu")),
        ),
        ("the precision of nothing", error(dtype_of("m", b""))),
        (
            "a model that is not there",
            until(
                says(error(Model::<f32>::load(at("none")))),
                "cannot open HERE/none: …",
            ),
        ),
        (
            "a model that is a folder",
            says(error(Model::<f32>::load(folder.path()))),
        ),
        (
            "a file above the limit",
            says(error(read_limited(at("long"), 99))),
        ),
        ("writing nowhere", error(write_atomic(Path::new(""), b""))),
        (
            "writing into a folder that is not there",
            until(
                says(error(write_atomic(at("none/file"), b""))),
                "cannot create a temporary file in the folder of HERE/none/file: …",
            ),
        ),
        (
            "an empty checkpoint file",
            error(Checkpoint::from_bytes("c", [])),
        ),
        (
            "a checkpoint of an earlier version",
            error(Checkpoint::from_bytes("c", &b"BPCKPT\x01\x00"[..])),
        ),
        (
            "a model as a checkpoint",
            error(Checkpoint::from_bytes("c", &bytes[..])),
        ),
        (
            "a checkpoint as a model",
            error(Model::<f32>::from_bytes("m", &Checkpoint::new().to_bytes())),
        ),
        (
            "a checkpoint that is not there",
            until(
                says(error(Checkpoint::load(at("none"), 1 << 20))),
                "cannot open HERE/none: …",
            ),
        ),
        (
            "a checkpoint above the limit",
            says(error(Checkpoint::load(at("long"), 99))),
        ),
        (
            "a checkpoint written into a folder that is not there",
            until(
                says(error(Checkpoint::new().save(at("none/checkpoint")))),
                "cannot create a temporary file in the folder of HERE/none/checkpoint: …",
            ),
        ),
        (
            "a section that is not there",
            error(Checkpoint::new().require("moments").map(<[u8]>::len)),
        ),
    ];
    check("files", said);
}

/// Errors of data sets are errors of the standard library as well, and can be told apart.
#[test]
fn errors_can_be_told_apart() {
    let labels = Targets::<f32>::Classes {
        labels: vec![5],
        num_classes: 2,
    };
    let error = Dataset::from_values(1, vec![0.0], labels).unwrap_err();
    assert!(matches!(
        error,
        DataError::Label {
            row: 0,
            label: 5,
            classes: 2
        }
    ));
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
    assert!(boxed.downcast_ref::<DataError>().is_some());
}
