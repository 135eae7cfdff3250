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
    check_table(vec![
        (
            "rows of no width",
            error(Dataset::from_values(0, vec![], classes(&[], 2))),
            "the width of a row is 0; it must be at least 1",
        ),
        (
            "a row that is not whole",
            error(Dataset::from_values(2, vec![0.0; 3], classes(&[0], 2))),
            "3 features do not make whole rows of 2; give a multiple of 2",
        ),
        (
            "bytes of a row that is not whole",
            error(Dataset::from_bytes(2, vec![0; 3], classes(&[0], 2))),
            "3 features do not make whole rows of 2; give a multiple of 2",
        ),
        (
            "a feature of NaN",
            error(Dataset::from_values(
                2,
                vec![0.0, 0.0, 0.0, f32::NAN],
                classes(&[0, 0], 2),
            )),
            "feature 1 of row 1 is NaN; it must be a finite number",
        ),
        (
            "a target of infinity",
            error(Dataset::from_values(
                1,
                vec![0.0; 2],
                targets(1, &[0.0, f32::INFINITY]),
            )),
            "target value 0 of row 1 is inf; it must be a finite number",
        ),
        (
            "targets of no width",
            error(Dataset::from_values(1, vec![0.0; 2], targets(0, &[]))),
            "the target's width is 0; it must be at least 1",
        ),
        (
            "fewer labels than rows",
            error(Dataset::from_values(1, vec![0.0; 2], classes(&[0], 2))),
            "2 rows of features but 1 of labels; give each row its label",
        ),
        (
            "no classes",
            error(Dataset::from_values(1, vec![], classes(&[], 0))),
            "the number of classes is 0; it must be at least 1",
        ),
        (
            "a label out of range",
            error(Dataset::from_values(
                1,
                vec![0.0; 3],
                classes(&[0, 1, 2], 2),
            )),
            "row 2 has label 2, but there are 2 classes, from 0; mend the label",
        ),
        (
            "a weight of NaN",
            error(three().with_weights(vec![1.0, f32::NAN, 1.0])),
            "the weight of row 1 is NaN; it must be a finite number of at least 0",
        ),
        (
            "a negative weight",
            error(three().with_weights(vec![1.0, 1.0, -1.0])),
            "the weight of row 2 is -1; it must be a finite number of at least 0",
        ),
        (
            "too few weights",
            error(three().with_weights(vec![1.0])),
            "1 weights for 3 rows; give each row its weight",
        ),
        (
            "too many names",
            error(three().with_class_names(vec![String::new(); 3])),
            "3 names for 2 classes; give each class its name",
        ),
        (
            "names for values",
            error(regression().with_class_names(vec![])),
            "the labels are values, not classes, and have no names; use a data set with classes",
        ),
        (
            "balancing values",
            error(regression().with_balanced_weights()),
            "the labels are values, not classes, and have no balance; use a data set with classes",
        ),
        (
            "joining rows of another width",
            error(three().concat(&wider())),
            "two data sets that differ in the width of a row cannot be joined; make them agree",
        ),
        (
            "joining bytes and numbers",
            error(three().concat(&bytes())),
            "two data sets that differ in whether features are bytes or numbers cannot be joined; \
             make them agree",
        ),
        (
            "joining classes and values",
            error(three().concat(&regression())),
            "two data sets that differ in what is to be learnt about a row cannot be joined; make \
             them agree",
        ),
        (
            "joining rows with weights and without",
            error(three().concat(&three().with_weights(vec![1.0; 3]).unwrap())),
            "two data sets that differ in whether rows have weights cannot be joined; make them agree",
        ),
        (
            "joining nothing",
            error(three().concat(&empty())),
            "no error",
        ),
        (
            "a row that is not there",
            panic(|| three().select(&[0, 3])),
            "row 3 of a data set of 3 rows",
        ),
        (
            "gathering a row that is not there",
            panic(|| three().limit(1).gather(&[1], &mut Batch::new())),
            "row 1 of a data set of 1 rows",
        ),
        (
            "holding out NaN",
            error(three().split(f64::NAN, 0)),
            "the fraction to hold out is NaN; it must be above 0 and below 1",
        ),
        (
            "holding out all",
            error(three().split(1.0, 0)),
            "the fraction to hold out is 1; it must be above 0 and below 1",
        ),
        (
            "holding out nothing",
            error(three().split(0.1, 0)),
            "holding out 0.1 of 3 rows means 0 rows, and leaves one side empty; choose another \
             fraction or give more rows",
        ),
        (
            "holding out of nothing",
            error(empty().split(0.5, 0)),
            "holding out 0.5 of 0 rows means 0 rows, and leaves one side empty; choose another \
             fraction or give more rows",
        ),
        (
            "batches of nothing",
            panic(|| BatchSampler::new(3, 0, None)),
            "a batch size of 0 never gets anywhere; give at least 1",
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
            "the IDX array cannot be written: 3 values do not fill the shape (2, 2)",
        ),
        (
            "an array that nobody takes",
            error(
                Idx {
                    shape: vec![1],
                    values: Values::U8(vec![0]),
                }
                .write_to("full", &mut [0_u8; 3][..]),
            ),
            "full cannot be written: …",
        ),
        (
            "an IDX file that is not there",
            error(idx::read("no-such-file.idx", Limits::default())),
            "no-such-file.idx cannot be opened: …",
        ),
        (
            "an IDX file of nothing",
            error(idx::parse("a.idx", &[][..], Limits::default())),
            "a.idx, byte 0: expected an IDX header, found an empty file; check that this is an IDX \
             file",
        ),
        (
            "MNIST that is not there",
            error(mnist::load::<f32>("no-such-folder", mnist::Variant::Mnist)),
            "no-such-folder/mnist holds neither train-images-idx3-ubyte nor \
             train-images-idx3-ubyte.gz; download the data set into it first",
        ),
    ]);
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
    check_table(vec![
        (
            "nothing",
            y(""),
            "t.csv, line 1: expected a header row that names the columns, found an empty file",
        ),
        (
            "a header alone",
            y("x,y\n"),
            "t.csv, line 2: expected at least one row below the header, found none",
        ),
        (
            "no such target",
            y("x,z\n1,2\n"),
            "t.csv, line 1: expected a column named \"y\", found x, z",
        ),
        (
            "two columns of one name",
            y("x,x,y\n1,2,3\n"),
            "t.csv, line 1: expected a different name for each column, found two columns named \"x\"",
        ),
        (
            "no features",
            y("y\n1\n"),
            "t.csv, line 1: expected a column besides the target, the weights and those left out, found none",
        ),
        (
            "a row that is short",
            y("x,y\n1,2\n1\n"),
            "t.csv, line 3: expected 2 cells, as in the header, found 1",
        ),
        (
            "an empty cell",
            y("x,y\n1,2\n,2\n"),
            "t.csv, line 3, column \"x\": expected a value in every row, or `missing` set to mean, found an empty cell",
        ),
        (
            "a feature of NaN",
            y("x,y\n1,2\nNaN,2\n"),
            "t.csv, line 3, column \"x\": expected a value in every row, or `missing` set to mean, found \"NaN\"",
        ),
        (
            "a number too large for f32",
            y("x,y\n1,a\n1e300,b\n"),
            "t.csv, line 3, column \"x\": expected a number that is finite over the deviation 1 (f32), found \"1e300\"",
        ),
        (
            "a negative weight",
            parse("x,w,y\n1,-1,2\n1,1,3\n", &weighted),
            "t.csv, line 2, column \"w\": expected a weight, a finite number of at least 0, found \"-1\"",
        ),
        (
            "text that is not UTF-8",
            error(csv::Table::parse(
                "t.csv",
                *b"x,y\n\xff,1\n",
                csv::Header::Present,
                limits,
            )),
            "t.csv, line 2: expected text in UTF-8, found other bytes in cell 1",
        ),
        (
            "a file that is not there",
            error(csv::Table::read(
                "no-such-file.csv",
                csv::Header::Present,
                limits,
            )),
            "no-such-file.csv cannot be opened: …",
        ),
        (
            "no name where there is no header",
            error(
                csv::Table::parse("t.csv", "1,2\n3,4\n", csv::Header::Absent, limits)
                    .and_then(|table| table.fit(&csv::Options::new("price"), &[0])),
            ),
            "t.csv, line 1: expected the number of a column, from 1 to 2, as there is no header, found \"price\"",
        ),
        (
            "one class",
            y("x,y\n1,a\n2,a\n"),
            "t.csv, column \"y\": expected at least two different classes, found \"a\" in every row",
        ),
        (
            "a column that is the target and the weights",
            parse(
                "x,y\n1,2\n",
                &csv::Options {
                    weights: Some("y".to_owned()),
                    ..csv::Options::new("y")
                },
            ),
            "t.csv, column \"y\": expected a use: target, weights or left out, found it named twice",
        ),
        (
            "text where training had numbers",
            later("x,c\ntall,red\n"),
            "t.csv, line 2, column \"x\": expected a finite number, found \"tall\"",
        ),
        (
            "text that training did not have",
            later("x,c\n1,mauve\n"),
            "t.csv, line 2, column \"c\": expected one of the 2 values of the training rows (blue, red), or `unknown` set to zeros, found \"mauve\"",
        ),
        (
            "a column that training had",
            later("x\n1\n"),
            "t.csv, line 1: expected a column named \"c\", found x",
        ),
        (
            "an encoding that was damaged",
            error(table("x,y\n1,a\n").unwrap().dataset::<f32>(&damaged)),
            "the encoding of the table says that there are 1 columns; it is damaged, so fit it again",
        ),
        (
            "rows that are not there",
            panic(|| {
                table("x,y\n1,a\n")
                    .unwrap()
                    .fit(&csv::Options::new("y"), &[1])
            }),
            "row 1 of a table of 1 rows",
        ),
        (
            "nothing of so many rows held out",
            error(split_rows(2, 0.1, Key::new(0))),
            "holding out 0.1 of 2 rows means 0 rows, and leaves one side empty; choose another fraction or give more rows",
        ),
        (
            "more folds than rows",
            error(backprop_trainer::search::kfold_indices(2, 3, Key::new(0))),
            "the number of folds is 3; it must be at least 2 and at most the number of rows",
        ),
    ]);
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
    check_table(vec![
        (
            "a parameter of NaN",
            says(error(
                Model::new(broken, info.clone()).unwrap().save(at("m")),
            )),
            "cannot save HERE/m: value 1 of the parameter 0.bias is NaN; train it with a smaller \
             learning rate",
        ),
        (
            "names for other classes",
            error(Model::new(
                small.clone(),
                info.clone().with_class_names(["a"]),
            )),
            "cannot save the network: its description names 1 classes but the network has 2 outputs",
        ),
        (
            "an input scale of 0",
            error(Model::new(small, info.with_input_scale(0.0))),
            "cannot save the network: its description has the input scale 0, which must be finite \
             and not 0",
        ),
        (
            "the parameters of another network",
            error(load_parameters(&mut other, "m", &bytes)),
            "m: the parameter 0.weight has the shape (3, 4) but the file's tensor (2, 4); it is of \
             another network",
        ),
        (
            "an empty model",
            error(Model::<f32>::from_bytes("m", b"")),
            "m, byte 0: the file should be at least 8 bytes but is 0 bytes, cut off; the file is \
             damaged or of another format, use another copy",
        ),
        (
            "the precision of nothing",
            error(dtype_of("m", b"")),
            "m, byte 0: the file should be at least 8 bytes but is 0 bytes, cut off; the file is \
             damaged or of another format, use another copy",
        ),
        (
            "a model that is not there",
            says(error(Model::<f32>::load(at("none")))),
            "cannot open HERE/none: …",
        ),
        (
            "a model that is a folder",
            says(error(Model::<f32>::load(folder.path()))),
            "cannot read HERE: it is a folder; give the path of a file",
        ),
        (
            "a file above the limit",
            says(error(read_limited(at("long"), 99))),
            "HERE/long is larger than the limit of 99 bytes; raise it if the file is meant to be so \
             large",
        ),
        (
            "writing nowhere",
            error(write_atomic(Path::new(""), b"")),
            "cannot write : it names no file; give the path of a file",
        ),
        (
            "writing into a folder that is not there",
            says(error(write_atomic(at("none/file"), b""))),
            "cannot create a temporary file in the folder of HERE/none/file: …",
        ),
        (
            "an empty checkpoint file",
            error(Checkpoint::from_bytes("c", [])),
            "c, byte 0: the file should be at least 8 bytes but is 0 bytes, cut off; the file is \
             damaged or of another format, use another copy",
        ),
        (
            "a checkpoint of an earlier version",
            error(Checkpoint::from_bytes("c", &b"BPCKPT\x01\x00"[..])),
            "c is a checkpoint of an earlier version, which this version cannot resume; resume it with \
             the version that wrote it, or train anew",
        ),
        (
            "a model as a checkpoint",
            error(Checkpoint::from_bytes("c", &bytes[..])),
            "c should hold a checkpoint but holds a network or something else; give the file of a \
             checkpoint",
        ),
        (
            "a checkpoint as a model",
            error(Model::<f32>::from_bytes("m", &Checkpoint::new().to_bytes())),
            "m should hold a network but holds a checkpoint; give the file of a network",
        ),
        (
            "a checkpoint that is not there",
            says(error(Checkpoint::load(at("none"), 1 << 20))),
            "cannot open HERE/none: …",
        ),
        (
            "a checkpoint above the limit",
            says(error(Checkpoint::load(at("long"), 99))),
            "HERE/long is larger than the limit of 99 bytes; raise it if the file is meant to be so \
             large",
        ),
        (
            "a checkpoint written into a folder that is not there",
            says(error(Checkpoint::new().save(at("none/checkpoint")))),
            "cannot create a temporary file in the folder of HERE/none/checkpoint: …",
        ),
        (
            "a section that is not there",
            error(Checkpoint::new().require("moments").map(<[u8]>::len)),
            "the checkpoint has no section \"moments\", only none; it was written by another program",
        ),
    ]);
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
