#!/usr/bin/env bash
# Trains networks, carries them to PyTorch, onnxruntime and a runtime in Rust, and one from PyTorch
# back, and compares all predictions for MNIST's 10,000 test images. It needs cargo and Python 3.10 or
# later with pip, and puts everything into target/interop. See docs/interop.md.
#
#   tests/interop/run.sh [DATA_DIR]
#
# PYTHON=... names an interpreter that has the packages already.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=${1:-data}
out=target/interop
mkdir -p "$out"

python=${PYTHON:-$out/venv/bin/python}
if [ -z "${PYTHON:-}" ]; then
    [ -x "$python" ] || python3 -m venv "$out/venv"
    "$python" -m pip install --quiet --disable-pip-version-check \
        numpy onnx onnxruntime safetensors torch
fi

cargo --quiet xtask download mnist --data-dir "$data"
images=$out/t10k-images-idx3-ubyte
for name in t10k-images-idx3-ubyte t10k-labels-idx1-ubyte train-images-idx3-ubyte train-labels-idx1-ubyte; do
    if [ -e "$data/mnist/$name" ]; then cp "$data/mnist/$name" "$out/$name"
    else gzip -dc "$data/mnist/$name.gz" > "$out/$name"; fi
done

# The default network, and a small one in double precision.
rm -rf "$out/run" "$out/run-f64" "$out/from-pytorch"
cargo --quiet xtask train --dataset mnist --data-dir "$data" --run-dir "$out/run"
cargo --quiet xtask train --dataset mnist --data-dir "$data" --run-dir "$out/run-f64" \
    --precision f64 --hidden 64 --limit 10000 --epochs 2
for run in run run-f64; do
    cargo --quiet xtask export "$out/$run" --to "$out/$run.safetensors"
    cargo --quiet xtask export "$out/$run" --to "$out/$run.onnx"
    cargo --quiet xtask predict "$out/$run.safetensors" "$images" --json > "$out/$run.jsonl"
done
cargo --quiet run --release -p backprop-tests --example onnx_in_rust -- \
    "$out/run.onnx" "$images" "$out/run.rten"

# The way back: a plain state dict of PyTorch becomes a model, and the start of a training.
"$python" tests/interop/pytorch.py train "$out"
cargo --quiet run --release -p backprop-formats --example from_pytorch -- \
    "$out/pytorch.safetensors" "$out/from-pytorch.safetensors"
cargo --quiet xtask predict "$out/from-pytorch.safetensors" "$images" --json > "$out/from-pytorch.jsonl"
# A module with names of its own, without a description, in full and in half precision.
layers="linear 128, leaky-relu, dropout 0.1, linear 64, leaky-relu, dropout 0.1, linear 10"
for kind in named named-f16 named-bf16; do
    cargo --quiet xtask predict "$out/$kind.safetensors" "$images" --json --layers "$layers" \
        --rename body.fc1=0,body.fc2=3,head=6 --input-scale 1/255 > "$out/$kind.jsonl"
done
# One epoch of steps too small to change anything: the accuracy is that of what was loaded.
cargo --quiet xtask train --dataset mnist --data-dir "$data" --from "$out/pytorch.safetensors" \
    --learning-rate 1e-30 --epochs 1 --run-dir "$out/from-pytorch" --report "$out/from-pytorch.json"

"$python" tests/interop/check.py "$out"

# Tables: cells as they are, in onnxruntime.
cargo --quiet build --release -p backprop-cli
"$python" tests/interop/tables.py "${CARGO_TARGET_DIR:-target}/release/backprop" "$out/tables"
