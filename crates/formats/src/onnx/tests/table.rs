use super::{nodes, text, values};
use crate::onnx::messages::{DOUBLE, FLOAT, INT64, STRING, Tensor};
use crate::onnx::*;
use backprop_layers::linear;

fn number(name: &str, is_optional: bool) -> OnnxColumn {
    OnnxColumn::Number {
        name: name.to_owned(),
        mean: 2.5,
        deviation: 0.5,
        is_optional,
    }
}

fn words(name: &str, values: &[&str], is_optional: bool, takes_any: bool) -> OnnxColumn {
    OnnxColumn::Text {
        name: name.to_owned(),
        values: values.iter().map(|&value| value.to_owned()).collect(),
        is_optional,
        takes_any,
    }
}

fn target(name: &str, mean: f64, deviation: f64) -> OnnxTarget {
    OnnxTarget {
        name: name.to_owned(),
        mean,
        deviation,
    }
}

fn network<T: Scalar>(inputs: usize, outputs: usize) -> Sequential<T> {
    Sequential::new(inputs, [linear(outputs)], 0).unwrap()
}

fn decoded<T: Scalar>(network: &Sequential<T>, info: &ModelInfo, table: &OnnxTable) -> Model {
    let bytes = onnx_table_bytes(network, info, table).unwrap();
    Model::decode(&bytes[..]).unwrap()
}

/// The tensors besides the network's own, each with its type and its contents.
fn constants(graph: &Graph) -> Vec<(&str, &[i64], String)> {
    let contents = |tensor: &Tensor| {
        let bytes = tensor.raw_data.as_deref().unwrap_or_default();
        let eights = bytes.chunks_exact(8).map(|bytes| bytes.try_into().unwrap());
        match tensor.data_type {
            Some(STRING) => {
                assert!(tensor.raw_data.is_none());
                format!("{:?}", tensor.string_data)
            }
            Some(INT64) => format!("{:?}", eights.map(i64::from_le_bytes).collect::<Vec<_>>()),
            Some(DOUBLE) => format!("{:?}", eights.map(f64::from_le_bytes).collect::<Vec<_>>()),
            other => panic!("{other:?}"),
        }
    };
    let own = graph
        .initializer
        .iter()
        .filter(|t| !text(&t.name).starts_with("0."));
    own.map(|tensor| (text(&tensor.name), &tensor.dims[..], contents(tensor)))
        .collect()
}

#[test]
fn a_classifier_of_a_table_takes_its_columns_and_gives_a_label() {
    let table = OnnxTable {
        columns: vec![
            number("age", true),
            words("city", &["Bonn", "Ulm"], true, false),
            words("kind", &["a"], false, true),
        ],
        targets: vec![],
    };
    let info = ModelInfo::new(OutputKind::Logits).with_class_names(["no", "yes"]);
    let model = decoded(&network::<f32>(4, 2), &info, &table);
    let sets: Vec<_> = model
        .opset_import
        .iter()
        .map(|set| (text(&set.domain), set.version))
        .collect();
    assert_eq!(sets, [("", Some(13)), ("ai.onnx.ml", Some(1))]);
    assert_eq!(
        text(&model.doc_string),
        "A feed-forward network from 3 columns of a table, as they are, to 2 classes."
    );
    let graph = model.graph.unwrap();
    assert_eq!(
        nodes(&graph),
        [
            "column.0.missing.output = IsNaN(age)",
            "column.0.filled.output = Where(column.0.missing.output, column.0.mean, age)",
            "column.0.centred.output = Sub(column.0.filled.output, column.0.mean)",
            "column.0.scaled.output = Div(column.0.centred.output, column.0.deviation)",
            "column.0.rounded.output = Cast(column.0.scaled.output) to=1",
            "column.1.one_hot.output = ai.onnx.ml.OneHotEncoder(city) \
             cats_strings=[\"Bonn\", \"Ulm\", \"\"] zeros=0",
            "column.1.flat.output = Squeeze(column.1.one_hot.output, column.1.axis)",
            "column.1.cut.output = Slice(column.1.flat.output, column.1.start, column.1.end, column.1.axis)",
            "column.2.one_hot.output = ai.onnx.ml.OneHotEncoder(kind) cats_strings=[\"a\"] zeros=1",
            "column.2.flat.output = Squeeze(column.2.one_hot.output, column.2.axis)",
            "features.output = Concat(column.0.rounded.output, column.1.cut.output, column.2.flat.output) axis=1",
            "logits = Gemm(features.output, 0.weight, 0.bias) transB=1",
            "probabilities = Softmax(logits) axis=1",
            "class.output = ArgMax(probabilities) axis=1 keepdims=0",
            "label = Gather(class_names, class.output) axis=0",
        ]
    );
    assert_eq!(
        constants(&graph),
        [
            ("column.0.mean", &[1, 1][..], "[2.5]".to_owned()),
            ("column.0.deviation", &[1, 1], "[0.5]".to_owned()),
            ("column.1.axis", &[1], "[1]".to_owned()),
            ("column.1.start", &[1], "[0]".to_owned()),
            ("column.1.end", &[1], "[2]".to_owned()),
            ("column.2.axis", &[1], "[1]".to_owned()),
            ("class_names", &[2], "[\"no\", \"yes\"]".to_owned()),
        ]
    );
    let shape = |width: &str| vec!["batch".to_owned(), width.to_owned()];
    assert_eq!(
        values(&graph.input),
        [
            ("age", shape("1"), DOUBLE),
            ("city", shape("1"), STRING),
            ("kind", shape("1"), STRING)
        ]
    );
    assert_eq!(
        values(&graph.output),
        [
            ("label", vec!["batch".to_owned()], STRING),
            ("probabilities", shape("2"), FLOAT)
        ]
    );
}

#[test]
fn a_regression_of_a_table_gives_its_targets_in_their_units() {
    let table = OnnxTable {
        columns: vec![
            number("age", false),
            words("city", &["", "Ulm"], true, false),
        ],
        targets: vec![target("price", 100.0, 20.0), target("rent", -1.5, 3.0)],
    };
    let info = ModelInfo::new(OutputKind::Values);
    let model = decoded(&network::<f64>(3, 2), &info, &table);
    assert!(text(&model.doc_string).ends_with("to 2 values."));
    let graph = model.graph.unwrap();
    let expected = [
        "column.0.centred.output = Sub(age, column.0.mean)",
        "column.0.scaled.output = Div(column.0.centred.output, column.0.deviation)",
        "column.1.one_hot.output = ai.onnx.ml.OneHotEncoder(city) cats_strings=[\"\", \"Ulm\"] zeros=0",
        "column.1.flat.output = Squeeze(column.1.one_hot.output, column.1.axis)",
        "column.1.widened.output = Cast(column.1.flat.output) to=11",
        "features.output = Concat(column.0.scaled.output, column.1.widened.output) axis=1",
        "values = Gemm(features.output, 0.weight, 0.bias) transB=1",
        "target.scaled.output = Mul(values, target.deviation)",
        "target.moved.output = Add(target.scaled.output, target.mean)",
        "price, rent = Split(target.moved.output) axis=1",
    ];
    assert_eq!(nodes(&graph), expected);
    let found = constants(&graph);
    assert!(found.contains(&("target.deviation", &[1, 2], "[20.0, 3.0]".to_owned())));
    assert!(found.contains(&("target.mean", &[1, 2], "[100.0, -1.5]".to_owned())));
    let shape = vec!["batch".to_owned(), "1".to_owned()];
    assert_eq!(
        values(&graph.output),
        [("price", shape.clone(), DOUBLE), ("rent", shape, DOUBLE)]
    );

    // Single precision is widened before the units.
    let graph = decoded(&network::<f32>(3, 2), &info, &table).graph.unwrap();
    let lines = nodes(&graph);
    let at = lines
        .iter()
        .position(|line| line.starts_with("values"))
        .unwrap();
    assert_eq!(lines[at + 1], "target.widened.output = Cast(values) to=11");
    assert_eq!(
        lines[at + 2],
        "target.scaled.output = Mul(target.widened.output, target.deviation)"
    );
}

#[test]
fn a_table_that_does_not_fit_is_refused() {
    let info = ModelInfo::new(OutputKind::Logits).with_class_names(["no", "yes"]);
    let table = |columns, targets| OnnxTable { columns, targets };
    let refused = |table: &OnnxTable, info: &ModelInfo| {
        let error = onnx_table_bytes(&network::<f32>(2, 2), info, table).unwrap_err();
        error.to_string()
    };
    let two = || vec![number("a", true), number("b", true)];
    assert!(onnx_table_bytes(&network::<f32>(2, 2), &info, &table(two(), vec![])).is_ok());
    assert_eq!(
        refused(
            &table(vec![words("a", &["x", "y", "z"], true, true)], vec![]),
            &info
        ),
        "cannot save the network: its table has 3 features but the network 2 inputs; use the table of \
         its training"
    );
    let outputs =
        "classes or target values but the network 2 outputs; use the table of its training";
    let one = vec![target("y", 0.0, 1.0)];
    assert!(refused(&table(two(), one), &info).ends_with(&format!("its table has 1 {outputs}")));
    let unnamed = ModelInfo::new(OutputKind::Logits);
    assert!(refused(&table(two(), vec![]), &unnamed).ends_with(&format!("has 0 {outputs}")));
    let values = ModelInfo::new(OutputKind::Values).with_class_names(["no", "yes"]);
    assert!(refused(&table(two(), vec![]), &values).ends_with(&format!("has 0 {outputs}")));
    for name in [
        "",
        "b",
        "logits",
        "label",
        "0.weight",
        "column.1.mean",
        "class.output",
    ] {
        let columns = vec![number(name, true), number("b", true)];
        assert_eq!(
            refused(&table(columns, vec![]), &info),
            format!(
                "cannot save the network: the column \"{name}\" has a name that a value of the ONNX graph \
                 needs; rename it in the table and train again, or export the encoded features"
            )
        );
    }
    let regression = ModelInfo::new(OutputKind::Values);
    for name in ["a", "values", "target.mean", "y"] {
        let targets = vec![target(name, 0.0, 1.0), target("y", 0.0, 1.0)];
        let error = refused(&table(two(), targets), &regression);
        assert!(
            error.contains(&format!("the column \"{name}\" has a name")),
            "{error}"
        );
    }
}

#[test]
fn a_table_is_saved_with_the_name_of_its_file_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let table = OnnxTable {
        columns: vec![number("a", true)],
        targets: vec![target("y", 0.0, 1.0)],
    };
    let (network, info) = (network::<f32>(1, 1), ModelInfo::new(OutputKind::Values));
    save_onnx_table(&path, &network, &info, &table).unwrap();
    let bytes = onnx_table_bytes(&network, &info, &table).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let error = save_onnx_table(&path, &network, &info, &OnnxTable::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("model.onnx: its table has 0 features"),
        "{error}"
    );
}
