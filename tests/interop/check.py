"""Compares what this project predicts with what others do with its files: `python check.py FOLDER`.

Prints a table; exits with an error if a class differs or a probability is off by more than allowed.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.torch import load_file

import pytorch

# What f32 leaves of agreement, asked for by the documentation; f64 has to agree nine digits further.
ALLOWED = {"f32": 1e-5, "f64": 1e-12}


def ours(path):
    """The probabilities that `cargo xtask predict --json` printed, a row each."""
    with open(path) as lines:
        return np.array([json.loads(line)["probabilities"] for line in lines])


def onnx_model(path):
    """The file, after onnx's own checks, shapes included."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return model


def run_onnx(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    kind = {"tensor(float)": np.float32, "tensor(double)": np.float64}[given.type]
    names = [output.name for output in session.get_outputs()]
    assert (given.name, names) == ("input", ["probabilities", "logits"]), (given.name, names)
    found, logits = session.run(None, {"input": images.astype(kind)})
    one, _ = session.run(None, {"input": images[:1].astype(kind)})  # the batch is free
    assert np.abs(one - found[:1]).max() <= 1e-6 and logits.shape == found.shape
    return found


def main(folder):
    images = pytorch.raw(folder, "t10k")
    labels = pytorch.read_idx(folder / "t10k-labels-idx1-ubyte")
    failures = 0

    def compare(what, precision, expected, found):
        nonlocal failures
        assert expected.shape == found.shape == (len(labels), 10), (expected.shape, found.shape)
        classes = int((expected.argmax(1) == found.argmax(1)).sum())
        largest = np.abs(expected - found).max()
        good = classes == len(labels) and largest <= ALLOWED[precision]
        failures += not good
        verdict = "" if good else " **FAILS**"
        print(f"| {what} | {precision} | {classes:,} of {len(labels):,} | {largest:.1e} |{verdict}")

    def accuracy(probabilities):
        return float((probabilities.argmax(1) == labels).mean())

    packages = ["torch", "onnx", "onnxruntime", "safetensors", "numpy"]
    print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in packages))
    print("| by | type | same class | largest difference of a probability |")
    print("| --- | --- | --- | --- |")
    for name, precision in [("run", "f32"), ("run-f64", "f64")]:
        expected = ours(folder / f"{name}.jsonl")
        network, info = pytorch.load(folder / f"{name}.safetensors")
        found = pytorch.probabilities(network, info, images)
        compare("PyTorch, from safetensors", precision, expected, found)
        model = onnx_model(folder / f"{name}.onnx")
        assert model.producer_name == "backprop" and model.opset_import[0].version == 13
        found = run_onnx(folder / f"{name}.onnx", images)
        compare("onnxruntime, from ONNX", precision, expected, found)
    expected = ours(folder / "run.jsonl")
    found = np.fromfile(folder / "run.rten", "<f4").reshape(-1, 10)
    compare("rten (Rust), from ONNX", "f32", expected, found)

    plain = pytorch.plain().eval()
    plain.load_state_dict(load_file(folder / "pytorch.safetensors"))
    info = {"output": "logits", "input_scale": 1 / 255}
    theirs = pytorch.probabilities(plain, info, images)
    compare("this project, from PyTorch", "f32", theirs, ours(folder / "from-pytorch.jsonl"))
    for kind, precision in [("named", "f32"), ("named-f16", "f16"), ("named-bf16", "bf16")]:
        state = load_file(folder / f"{kind}.safetensors")
        plain.load_state_dict(
            {f"{number}.{part}": state[f"{name}.{part}"].float()
             for number, name in pytorch.NAMES.items() for part in ("weight", "bias")}
        )  # fmt: skip
        named = pytorch.probabilities(plain, info, images)
        what = f"this project, from PyTorch's {precision} by name"
        compare(what, "f32", named, ours(folder / f"{kind}.jsonl"))
    loaded = json.loads((folder / "from-pytorch.json").read_text())["test"]["accuracy"]
    print(f"Accuracy of PyTorch's own network: {accuracy(theirs):.4f} there, {loaded:.4f} after --from")
    failures += abs(loaded - accuracy(theirs)) > 1e-9
    print(f"Accuracy of the default network: {accuracy(expected):.4f}")
    sys.exit(f"{failures} of the checks failed" if failures else 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
