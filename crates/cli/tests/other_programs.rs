//! Models of other programs: names of their own, half precision, files without a description.

mod common;

use common::{Place, sentence};
use serde_json::Value;

const TRAIN: &str =
    "train --dataset csv:table.csv --target kind --hidden 3 --dropout 0 --threads 1 --epochs 1";
const LAYERS: &str = "--layers=linear\u{a0}3,relu,linear\u{a0}2";

/// A tensor: its name, its shape and its values.
type Tensor<'a> = (&'a str, &'a [usize], &'a [f32]);

/// The upper half of each value: BF16, exact for small whole numbers.
fn bf16(value: f32) -> Vec<u8> {
    value.to_le_bytes()[2..].to_vec()
}

fn f32(value: f32) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

/// F16 of small whole numbers other than 0, and of halves.
fn f16(value: f32) -> Vec<u8> {
    let bits = value.to_bits();
    let magnitude = ((bits & 0x7fff_ffff) - (112 << 23)) >> 13;
    ((bits >> 16 & 0x8000 | magnitude) as u16)
        .to_le_bytes()
        .to_vec()
}

impl Place {
    /// A safetensors file without metadata, as PyTorch's `save_file` writes it.
    fn write_tensors(
        &self,
        file: &str,
        (dtype, bytes_of): (&str, fn(f32) -> Vec<u8>),
        tensors: &[Tensor<'_>],
    ) {
        let mut data: Vec<u8> = Vec::new();
        let mut entries = Vec::new();
        for (name, shape, values) in tensors {
            assert_eq!(values.len(), shape.iter().product::<usize>());
            let start = data.len();
            data.extend(values.iter().flat_map(|&value| bytes_of(value)));
            let end = data.len();
            entries.push(format!(
                r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
            ));
        }
        let header = format!("{{{}}}", entries.join(","));
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        std::fs::write(self.path().join(file), bytes).unwrap();
    }

    /// The command with the layers of [`module`], whose text has spaces.
    fn with_layers(&self, line: &str) -> std::process::Output {
        let mut command = self.command(line);
        command.arg(LAYERS.replace('\u{a0}', " ")).output().unwrap()
    }

    fn refused(&self, line: &str) -> String {
        let output = self.run(line);
        sentence(line, &output)
    }
}

const W1: &[f32] = &[1.0, 2.0, -1.0, 4.0, 3.0, 1.0];
const B1: &[f32] = &[2.0, 1.0, -2.0];
const W2: &[f32] = &[1.0, -3.0, 2.0, -1.0, 1.0, 4.0];
const B2: &[f32] = &[0.5, -0.5];

/// Two Linear layers, 2 to 3 to 2, with names of their own.
const MODULE: [Tensor<'_>; 4] = [
    ("body.fc1.weight", &[3, 2], W1),
    ("body.fc1.bias", &[3], B1),
    ("head.weight", &[2, 3], W2),
    ("head.bias", &[2], B2),
];

fn place() -> Place {
    let place = Place::new();
    let rows = (0..30).map(|row| format!("{},{},k{}\n", row % 7, row % 5, row % 2));
    let table = format!("a,b,kind\n{}", rows.collect::<String>());
    std::fs::write(place.path().join("table.csv"), table).unwrap();
    std::fs::write(place.path().join("rows.csv"), "1,2\n-3,0.5\n").unwrap();
    place.write_tensors("f32.safetensors", ("F32", f32), &MODULE);
    place
}

/// The outputs of the module for a row.
fn outputs(row: [f64; 2]) -> Vec<f64> {
    let layer = |weight: &[f32], bias: &[f32], input: &[f64]| -> Vec<f64> {
        let rows = weight.chunks(input.len()).zip(bias);
        let sum = |w: &[f32]| -> f64 { w.iter().zip(input).map(|(&w, x)| f64::from(w) * x).sum() };
        rows.map(|(w, &b)| sum(w) + f64::from(b)).collect()
    };
    let hidden: Vec<f64> = layer(W1, B1, &row).iter().map(|x| x.max(0.0)).collect();
    layer(W2, B2, &hidden)
}

#[test]
fn a_training_begins_with_layers_by_their_own_names() {
    let place = place();
    let from = "--from f32.safetensors";
    let error = place.refused(&format!("{TRAIN} {from} --run-dir run"));
    let names = "--rename body.fc1=0,head=2";
    let expected = "error: f32.safetensors has layers with names of its own; they fit with";
    assert_eq!(error.trim_end(), format!("{expected} {names}"));
    assert!(!place.path().join("run").exists());

    // Steps too small to change anything: the model is the file's.
    let still = "--learning-rate 1e-30 --validation-fraction 0";
    let told = place.succeeds(&format!("{TRAIN} {from} {names} {still} --run-dir run"));
    assert!(!told.contains("from f32"), "{told}");
    let config = std::fs::read_to_string(place.path().join("run/config.toml")).unwrap();
    assert!(
        config.contains("rename = \"body.fc1=0,head=2\""),
        "{config}"
    );
    let bytes = std::fs::read(place.path().join("run/model.safetensors")).unwrap();
    let data =
        |values: &[&[f32]]| -> Vec<u8> { values.concat().into_iter().flat_map(f32).collect() };
    for part in [data(&[B1]), data(&[W1]), data(&[B2]), data(&[W2])] {
        assert!(bytes.windows(part.len()).any(|window| window == part));
    }
    place.succeeds("train --resume --run-dir run --rename body.fc1=0,head=2");
    let error = place.refused("train --resume --run-dir run --rename head=2");
    assert!(error.contains("cannot be resumed"), "{error}");

    let error = place.refused(&format!("{TRAIN} {names} --run-dir none"));
    let expected = "--rename belongs to --from MODEL; add it, or leave --rename out";
    assert!(error.contains(expected), "{error}");
    let error = place.refused(&format!("{TRAIN} {from} --rename head --run-dir none"));
    assert!(
        error.contains("\"head\" is not NAME=NUMBER; write"),
        "{error}"
    );
    let error = place.refused(&format!("{TRAIN} {from} --rename neck=2 --run-dir none"));
    let expected = "there is no layer neck to be layer 2, only body.fc1, head; name one of these";
    assert!(error.contains(expected), "{error}");
    let error = place.refused(&format!("{TRAIN} {from} --rename head=1 --run-dir none"));
    let expected = "head is to be layer 1, but the network's layers with parameters are 0, 2";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn layers_that_fit_in_no_way_or_in_several_are_listed() {
    let place = place();
    let from = "--from f32.safetensors --run-dir run";
    let wide = TRAIN.replace("--hidden 3", "--hidden 5");
    assert_eq!(
        place.refused(&format!("{wide} {from}")).trim_end(),
        "error: f32.safetensors has layers with names of its own; say with --rename \
         NAME=NUMBER,NAME=NUMBER which is which: the file has body.fc1 [weight (3, 2), bias (3)], head \
         [weight (2, 3), bias (2)], and the network 0 [weight (5, 2), bias (5)], 2 [weight (2, 5), bias (2)]"
    );
    let twins = [
        ("a.weight", &[3, 2][..], W1),
        ("a.bias", &[3], B1),
        ("b.weight", &[3, 2], W1),
        ("b.bias", &[3], B1),
    ];
    place.write_tensors("twins.safetensors", ("F32", f32), &twins);
    let error = place.refused(&format!("{TRAIN} --from twins.safetensors --run-dir run"));
    assert!(
        error.contains("which is which: the file has a [weight"),
        "{error}"
    );
}

#[test]
fn layers_not_in_the_file_are_told_from_those_of_other_shapes() {
    let place = place();
    // As nn.Sequential counts where a Dropout is left out.
    let tensors = [
        ("0.weight", &[3, 2][..], W1),
        ("0.bias", &[3], B1),
        ("1.weight", &[2, 3], W2),
        ("1.bias", &[2], B2),
    ];
    place.write_tensors("counted.safetensors", ("F32", f32), &tensors);
    let from = "--from counted.safetensors";
    let told = place.succeeds(&format!("{TRAIN} {from} --run-dir a"));
    let expected = "from counted.safetensors: layer 0 kept; layer 2 not in the file, drawn anew; more of \
                    the file fits with --rename 0=0,1=2\n";
    assert!(told.contains(expected), "{told}");
    let told = place.succeeds(&format!("{TRAIN} {from} --rename 0=0,1=2 --run-dir b"));
    assert!(!told.contains("counted"), "{told}");
    let deep = TRAIN.replace("--hidden 3", "--hidden 3,4,5");
    let told = place.succeeds(&format!("{deep} {from} --rename 1=2 --run-dir c"));
    let expected =
        "layer 0 kept; layer 2 of other shapes and layers 4, 6 not in the file, drawn anew\n";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn half_precision_is_read() {
    let place = place();
    place.write_tensors("f16.safetensors", ("F16", f16), &MODULE);
    place.write_tensors("bf16.safetensors", ("BF16", bf16), &MODULE);
    let predict = |file: &str| {
        let line = format!("predict {file}.safetensors rows.csv --json --rename body.fc1=0,head=2");
        let output = place.with_layers(&line);
        assert!(output.status.success(), "{file}");
        output.stdout
    };
    let expected = predict("f32");
    assert!(!expected.is_empty());
    assert_eq!(predict("f16"), expected);
    assert_eq!(predict("bf16"), expected);
}

#[test]
fn a_file_without_a_description_predicts_evaluates_and_is_exported() {
    let place = place();
    let names = "--rename body.fc1=0,head=2";
    let line = format!("predict f32.safetensors rows.csv --json --outputs values {names}");
    let output = place.with_layers(&format!("{line} --input-scale 1/4"));
    let lines = String::from_utf8(output.stdout).unwrap();
    for (line, row) in lines.lines().zip([[0.25, 0.5], [-0.75, 0.125]]) {
        let answer: Value = serde_json::from_str(line).unwrap();
        let values = serde_json::to_value(outputs(row)).unwrap();
        assert_eq!(answer["values"], values);
    }
    assert_eq!(lines.lines().count(), 2);

    // Logits after a linear layer; classes by name.
    let line = format!("predict f32.safetensors rows.csv --json {names} --class-names ant,bee");
    let output = place.with_layers(&line);
    let first = String::from_utf8(output.stdout).unwrap();
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    let [ant, bee] = outputs([1.0, 2.0])[..] else {
        panic!("two outputs")
    };
    let expected = 1.0 / (1.0 + (bee - ant).exp());
    assert!(bee > ant);
    assert_eq!(first["class"], "bee");
    approx::assert_relative_eq!(
        first["probabilities"][0].as_f64().unwrap(),
        expected,
        max_relative = 1e-6
    );

    // Exported with a description, it needs no flags any more.
    let line = format!("export f32.safetensors --to own.safetensors {names} --class-names ant,bee");
    assert!(place.with_layers(&line).status.success());
    let told = place.succeeds("predict own.safetensors rows.csv");
    assert!(told.starts_with("rows.csv, row 0: bee ("), "{told}");
    let line = format!("export f32.safetensors --to own.onnx {names}");
    assert!(place.with_layers(&line).status.success());
    let again = place.with_layers("predict own.safetensors rows.csv");
    assert_eq!(
        sentence("predict with --layers", &again).trim_end(),
        "error: own.safetensors says itself which layers it has; leave --layers out"
    );
}

#[test]
fn a_classifier_of_pictures_is_evaluated() {
    let place = place();
    let weight: Vec<f32> = (0..7840).map(|i| (i % 13) as f32 - 6.0).collect();
    let tensors = [
        ("out.weight", &[10, 784][..], &weight[..]),
        ("out.bias", &[10], &[0.0; 10]),
    ];
    place.write_tensors("pictures.safetensors", ("F32", f32), &tensors);
    let evaluate = |flags: &[&str]| {
        let mut command =
            place.command("evaluate pictures.safetensors --dataset sample --report r.json");
        let output = command.args(flags).output().unwrap();
        (output.status.success(), output, place.path().join("r.json"))
    };
    let (succeeds, _, report) = evaluate(&["--layers", "linear 10", "--rename", "out=0"]);
    assert!(succeeds && report.is_file());
    assert_eq!(place.json("r.json")["test_samples"], 1000);
    let loss = place.json("r.json")["test"]["loss"].as_f64().unwrap();
    assert!(loss.is_finite() && loss > 0.0, "{loss}");
    let (succeeds, output, _) = evaluate(&["--layers", "linear 10"]);
    assert!(!succeeds);
    let error = sentence("evaluate", &output);
    assert!(error.contains("they fit with --rename out=0"), "{error}");
}

#[test]
fn flags_that_describe_no_network_are_refused() {
    let place = place();
    let predict = "predict f32.safetensors rows.csv";
    assert_eq!(
        place.refused(predict).trim_end(),
        "error: f32.safetensors was written by another program; say what network it is, for instance with \
         --layers \"linear 128, relu, linear 10\": the file has body.fc1 [weight (3, 2), bias (3)], head \
         [weight (2, 3), bias (2)]"
    );
    for (flags, expected) in [
        (
            "--layers relu,prelu",
            "layer 1: \"prelu\" is no layer; write linear N",
        ),
        (
            "--layers relu",
            "has no linear layer, and so no parameters; add one",
        ),
        ("--rename head=0", "--layers <LAYERS>"),
        ("--outputs values", "--layers <LAYERS>"),
        ("--class-names a,b", "--layers <LAYERS>"),
        ("--input-scale 2", "--layers <LAYERS>"),
        (
            "--layers relu --input-scale 1/0",
            "a number other than 0, or a fraction such as 1/255",
        ),
        ("--layers relu --input-scale 0", "a number other than 0"),
        ("--layers relu --input-scale x/2", "a number other than 0"),
    ] {
        let error = place.refused(&format!("{predict} {flags}"));
        assert!(error.contains(expected), "{flags}: {error}");
    }
    let output = place.with_layers(&format!(
        "{predict} --rename body.fc1=0,head=2 --class-names a"
    ));
    let error = sentence(predict, &output);
    assert!(
        error.contains("names 1 classes but the network has 2 outputs"),
        "{error}"
    );
}
