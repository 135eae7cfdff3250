"""Networks in PyTorch: one of this project's from its file, and one that PyTorch trains itself.

    python pytorch.py train FOLDER    trains and saves FOLDER/pytorch.safetensors, a plain state dict, and
                                      named.safetensors, the same with layers by name, in half precision too
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn


def read_idx(path):
    """The bytes of an IDX file, shaped."""
    data = Path(path).read_bytes()
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def raw(folder, part):
    """The images of one part of MNIST, a row each, from 0 to 255."""
    images = read_idx(Path(folder) / f"{part}-images-idx3-ubyte")
    return images.reshape(len(images), -1).astype(np.float32)


def layer(entry, inputs):
    """The layer that an entry of the metadata's list describes, and its number of outputs."""
    match entry["kind"]:
        case "linear":
            return nn.Linear(inputs, entry["outputs"]), entry["outputs"]
        case "relu":
            return nn.ReLU(), inputs
        case "leaky_relu":
            return nn.LeakyReLU(entry["slope"]), inputs
        case "sigmoid":
            return nn.Sigmoid(), inputs
        case "tanh":
            return nn.Tanh(), inputs
        case "gelu":
            return nn.GELU(), inputs
        case "gelu_tanh":
            return nn.GELU("tanh"), inputs
        case "silu":
            return nn.SiLU(), inputs
        case "elu":
            return nn.ELU(entry["alpha"]), inputs
        case "selu":
            return nn.SELU(), inputs
        case "softplus":
            return nn.Softplus(), inputs
        case "mish":
            return nn.Mish(), inputs
        case "hard_swish":
            return nn.Hardswish(), inputs
        case "softmax":
            return nn.Softmax(dim=1), inputs
        case "dropout":
            return nn.Dropout(entry["probability"]), inputs
    raise ValueError(f"unknown layer {entry}")


def load(path):
    """The network of a file of this project, in prediction mode, and what is known about it."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    info, width = json.loads(metadata["info"]), int(metadata["input_width"])
    layers = []
    for entry in json.loads(metadata["layers"]):
        module, width = layer(entry, width)
        layers.append(module)
    state = load_file(path)
    network = nn.Sequential(*layers).to(next(iter(state.values())).dtype)
    network.load_state_dict(state)  # strict: every name and every shape has to fit
    return network.eval(), info


@torch.no_grad()
def probabilities(network, info, images):
    """Of raw images; the network's outputs are logits."""
    assert info["output"] == "logits", info
    inputs = torch.from_numpy(images).to(next(network.parameters()).dtype) * info["input_scale"]
    return network(inputs).softmax(dim=1).numpy()


def plain():
    """The default network of this project, as PyTorch would write it."""
    return nn.Sequential(
        nn.Linear(784, 128), nn.LeakyReLU(0.01), nn.Dropout(0.1),
        nn.Linear(128, 64), nn.LeakyReLU(0.01), nn.Dropout(0.1),
        nn.Linear(64, 10),
    )  # fmt: skip


# The layers with parameters, as a module with attributes may call them.
NAMES = {"0": "body.fc1", "3": "body.fc2", "6": "head"}


def save_named(state, folder):
    """The state dict with names of its own, as f32, f16 and bf16."""
    def named(name):
        layer, parameter = name.split(".")
        return f"{NAMES[layer]}.{parameter}"

    for suffix, kind in [("", torch.float32), ("-f16", torch.float16), ("-bf16", torch.bfloat16)]:
        tensors = {named(name): tensor.to(kind) for name, tensor in state.items()}
        save_file(tensors, Path(folder) / f"named{suffix}.safetensors")


def train(folder):
    """One epoch of Adam by PyTorch; saves the state dict and nothing else."""
    torch.manual_seed(0)
    images = torch.from_numpy(raw(folder, "train")) / 255
    labels = torch.from_numpy(read_idx(Path(folder) / "train-labels-idx1-ubyte").astype(np.int64))
    network, loss = plain(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters())
    for rows in torch.randperm(len(images)).split(128):
        optimizer.zero_grad()
        loss(network(images[rows]), labels[rows]).backward()
        optimizer.step()
    save_file(network.state_dict(), Path(folder) / "pytorch.safetensors")
    save_named(network.state_dict(), folder)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["train", folder]:
            train(folder)
        case _:
            sys.exit(__doc__)
