"""Writes layers.json: layers and their gradients as PyTorch's autograd computes them.

Run, in any folder, with Python 3.9 or later:

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python crates/layers/tests/reference/make.py

The file is written beside this script. Everything is float64 on one CPU thread; numbers are
written with the digits that give the same float64 when read back.
"""

import json
import pathlib

import numpy
import torch
from torch.nn import functional

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

HERE = pathlib.Path(__file__).resolve().parent
SEED = 5

MODERATE = [[0.3, -1.2, 2.5, -0.7], [-0.4, 0.1, 1.5, 1.25], [-2.0, -0.5, -1.0, -0.01]]
# Zero of either sign and what is beside it.
KINKS = [[0.0, -0.0, 1e-3, -1e-3], [-0.0, 0.0, 1e-30, -1e-30]]
LARGE = [[50.0, -50.0, -60.0, 70.5], [-800.0, -40.0, 800.0, 1e4], [-1e4, -55.0, 0.5, 300.0]]
# Equal, nearly equal and far apart; in each row at least two that count.
LOGITS = [
    [0.3, -1.2, 2.5, -0.7],
    [0.25, 0.25, 0.25, 0.25],
    [50.0, -50.0, 49.5, 0.0],
    [1000.0, -1000.0, 0.0, 999.0],
    [-1e4, -1e4, -9999.0, -9998.5],
    [0.0, -0.0, 1e-3, -1e-3],
]
WEIGHTS = [0.5, 2.0, 0.0, 1.25, 0.75, 1.0, 3.0, 0.125]


def philox(counter, key):
    """Four 32-bit draws of Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011)."""
    a, b, c, d = counter & 0xFFFFFFFF, counter >> 32, 0, 0
    k, l = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        first, third = a * 0xD2511F53, c * 0xCD9E8D57
        a, b = (third >> 32) ^ b ^ k, third & 0xFFFFFFFF
        c, d = (first >> 32) ^ d ^ l, first & 0xFFFFFFFF
        k, l = (k + 0x9E3779B9) & 0xFFFFFFFF, (l + 0xBB67AE85) & 0xFFFFFFFF
    return [a, b, c, d]


def mask(shape, p, key):
    """0 where the element's draw is below p, and 1 / (1 - p) elsewhere."""
    count = shape[0] * shape[1]
    draws = [draw for four in range((count + 3) // 4) for draw in philox(four, key)]
    kept = [0.0 if draw < int(p * 2**32) else 1.0 / (1.0 - p) for draw in draws[:count]]
    return torch.tensor(kept).reshape(shape)


def case(random, name, layer, inputs, weights, of, slope=None, p=None, key=None, parameters=None):
    """The gradients of `sum_i w_i sum_j c_ij y_ij / sum_i w_i`, of which the layer sees dL/dy."""
    x = torch.tensor(inputs, requires_grad=True)
    learned = [torch.tensor(values, requires_grad=True) for values in parameters or []]
    y = of(x, *learned)
    y.retain_grad()
    c = torch.tensor(numpy.round(random.uniform(-2.0, 2.0, tuple(y.shape)), 3))
    w = torch.tensor(WEIGHTS[: len(inputs)] if weights else [1.0] * len(inputs))
    ((w * (c * y).sum(dim=1)).sum() / w.sum()).backward()
    return {
        "name": name + (", weighted" if weights else ""),
        "layer": layer,
        "slope": slope,
        "p": p,
        "key": key,
        "input": inputs,
        "parameters": parameters or [],
        "output": y.tolist(),
        "output_grad": y.grad.tolist(),
        "input_grad": x.grad.tolist(),
        "parameter_grads": [values.grad.tolist() for values in learned],
    }


def linears(random, weights):
    # One panel of outputs and less, more, and none that is whole; one row and several.
    for rows, inputs, outputs in [(1, 4, 3), (5, 7, 17), (8, 3, 16), (3, 19, 1)]:
        x = numpy.round(random.standard_normal((rows, inputs)), 3)
        # Zeros, as they come from a rectifier.
        x[random.random((rows, inputs)) < 0.4] = 0.0
        weight = numpy.round(random.standard_normal((outputs, inputs)), 3)
        bias = numpy.round(random.standard_normal(outputs), 3)
        yield case(
            random,
            f"linear {inputs} to {outputs}, {rows} rows",
            "linear",
            x.tolist(),
            weights,
            functional.linear,
            parameters=[weight.tolist(), bias.tolist()],
        )


def activations(random, weights):
    for size, inputs in [("", MODERATE), (", kinks", KINKS), (", large", LARGE)]:
        for layer, of in [("sigmoid", torch.sigmoid), ("tanh", torch.tanh), ("relu", torch.relu)]:
            yield case(random, layer + size, layer, inputs, weights, of)
        for slope in [0.01, 0.0, 1.0, -0.5, 3.0]:
            yield case(
                random,
                f"leaky relu {slope}{size}",
                "leaky_relu",
                inputs,
                weights,
                lambda x, slope=slope: functional.leaky_relu(x, slope),
                slope=slope,
            )


def smooth(random, weights):
    layers = [
        ("gelu", functional.gelu),
        ("gelu_tanh", lambda x: functional.gelu(x, approximate="tanh")),
        ("silu", functional.silu),
        ("selu", functional.selu),
        ("softplus", functional.softplus),
        ("mish", functional.mish),
        ("hard_swish", functional.hardswish),
    ]
    # The hard swish has kinks at -3 and 3.
    around = [[-3.0, 3.0, -2.999, 2.999], [-3.001, 3.001, -5.5, 4.5]]
    sizes = [("", MODERATE), (", kinks", KINKS), (", around 3", around), (", large", LARGE)]
    for size, inputs in sizes:
        for layer, of in layers:
            yield case(random, layer + size, layer, inputs, weights, of)
        for alpha in [1.0, 0.25, 3.0]:
            yield case(
                random,
                f"elu {alpha}{size}",
                "elu",
                inputs,
                weights,
                lambda x, alpha=alpha: functional.elu(x, alpha),
                slope=alpha,
            )


def cases():
    random = numpy.random.default_rng(SEED)
    found = []
    for weights in [False, True]:
        found.extend(linears(random, weights))
        found.extend(activations(random, weights))
        # Draws of their own: the cases around them stay as they are.
        found.extend(smooth(numpy.random.default_rng(SEED + 1), weights))
        softmax = lambda x: functional.softmax(x, dim=1)
        found.append(case(random, "softmax", "softmax", LOGITS, weights, softmax))
        x = numpy.round(random.standard_normal((7, 9)), 3).tolist()
        for p, key in [(0.0, 1), (0.25, 7), (0.5, 2**40 + 3), (0.9, 2**64 - 1)]:
            fixed = mask((7, 9), p, key)
            drop = lambda x, fixed=fixed: x * fixed
            name = f"dropout {p}"
            found.append(case(random, name, "dropout", x, weights, drop, p=p, key=key))
    return found


def main():
    content = {
        "about": "Float64 layers of PyTorch, with gradients by autograd. `output` is the layer's "
        "of `input`, (rows, features). With c drawn once and w the weights of the rows, 1 each where "
        "the case is not weighted, the loss is sum_i w_i sum_j c_ij y_ij / sum_i w_i; "
        "`output_grad` is its gradient by the output, `input_grad` that by the input and "
        "`parameter_grads` those by the `parameters`: of linear the weight (out, in), then the "
        "bias. PyTorch's dropout draws from a generator of its own, so here its mask is made by "
        "hand: element i of a batch, row by row, is dropped where draw i of Philox4x32-10 with the "
        "key is below p 2^32, and else divided by 1 - p.",
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "seed": SEED,
        "cases": cases(),
    }
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    (HERE / "layers.json").write_text(text + "\n", encoding="utf-8")


main()
