//! `--activation`: every activation trains, is kept and predicts the same from its file.

mod common;

use common::{Place, sentence};

const ALL: [&str; 12] = [
    "leaky-relu",
    "relu",
    "sigmoid",
    "tanh",
    "gelu",
    "gelu-tanh",
    "silu",
    "elu",
    "selu",
    "softplus",
    "mish",
    "hard-swish",
];

#[test]
fn every_activation_is_trained_kept_and_exported() {
    let place = Place::new();
    let train = "train --dataset sample --limit 200 --epochs 2 --hidden 8 --threads 1";
    for name in ALL {
        let flags = format!("--activation {name} --run-dir {name} --report train.json");
        place.succeeds(&format!("{train} {flags}"));
        let config = std::fs::read_to_string(place.path().join(name).join("config.toml")).unwrap();
        assert!(
            config.contains(&format!("activation = \"{name}\"")),
            "{config}"
        );
        let model = format!("{name}/model.safetensors --dataset sample");
        place.succeeds(&format!("evaluate {model} --report test.json"));
        let (trained, evaluated) = (place.json("train.json"), place.json("test.json"));
        assert_eq!(trained["test"], evaluated["test"], "{name}");
        place.succeeds(&format!("export {name} --to {name}.onnx"));
        // The file resumes, and has nothing left to do.
        let line = format!("{train} --activation {name} --run-dir {name} --resume");
        assert!(place.run(&line).status.success(), "{line}");
    }
    let line = format!("{train} --activation swish --run-dir run");
    let said = sentence(&line, &place.run(&line));
    assert!(
        said.contains("possible values") && said.contains("hard-swish"),
        "{said}"
    );
}
