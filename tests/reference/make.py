"""Writes network.json: twenty training steps of a small network as PyTorch does them.

Run, in any folder, with Python 3.9 or later:

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python tests/reference/make.py

The file is written beside this script. Everything is float64 on one CPU thread; numbers are
written with the digits that give the same float64 when read back.
"""

import json
import pathlib

import numpy
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

HERE = pathlib.Path(__file__).resolve().parent
WIDTHS = [6, 5, 4, 3]
SLOPE = 0.01
BATCH = 8
STEPS_PER_EPOCH = 5
EPOCHS = 4
STEPS = EPOCHS * STEPS_PER_EPOCH
SEED = 12
L2 = 1e-3
DECOUPLED = 1e-2
CLIP = 0.5


def build(layers):
    modules = []
    for index, layer in enumerate(layers):
        outputs, inputs = len(layer["weight"]), len(layer["weight"][0])
        linear = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(layer["weight"]))
            linear.bias.copy_(torch.tensor(layer["bias"]))
        modules.append(linear)
        if index + 1 < len(layers):
            modules.append(torch.nn.LeakyReLU(SLOPE))
    return torch.nn.Sequential(*modules)


def linears(network):
    return [module for module in network if isinstance(module, torch.nn.Linear)]


def state(network):
    return [
        {"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in linears(network)
    ]


def gradients(network):
    return [
        {"weight": layer.weight.grad.tolist(), "bias": layer.bias.grad.tolist()}
        for layer in linears(network)
    ]


def scheduler(schedule, rule, rate):
    """The scheduler, and after how many steps it goes on."""
    lr = torch.optim.lr_scheduler
    if schedule == "step":
        return lr.StepLR(rule, step_size=2, gamma=0.5), STEPS_PER_EPOCH
    if schedule == "cosine":
        return lr.CosineAnnealingLR(rule, T_max=STEPS), 1
    if schedule == "one-cycle":
        return lr.OneCycleLR(rule, max_lr=rate, total_steps=STEPS, cycle_momentum=False), 1
    return lr.ConstantLR(rule, factor=1.0), STEPS_PER_EPOCH


def train(optimizer, rate, hyper, make, initial, inputs, labels, change):
    name, l2, decoupled, clip, schedule = change
    network = build(initial)
    layers = linears(network)
    groups = [
        # PyTorch has L2 or decoupled decay, not both: then L2 is added by hand, below.
        {
            "params": [layer.weight for layer in layers],
            "weight_decay": 0.0 if decoupled else l2,
        },
        {"params": [layer.bias for layer in layers], "weight_decay": 0.0},
    ]
    rule = make(groups, rate)
    goes_on, every = scheduler(schedule, rule, rate)
    losses, norms, rates = [], [], []
    x, t = torch.tensor(inputs), torch.tensor(labels)
    for step in range(STEPS):
        rule.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), t)
        loss.backward()
        limit = float("inf") if clip is None else clip
        norms.append(torch.nn.utils.clip_grad_norm_(network.parameters(), limit).item())
        rates.append(rule.param_groups[0]["lr"])
        # Decoupled decay as AdamW does it, by hand so that every rule can have it.
        with torch.no_grad():
            for layer in layers:
                if decoupled:
                    layer.weight.grad.add_(layer.weight, alpha=l2)
                layer.weight.mul_(1.0 - rates[-1] * decoupled)
        rule.step()
        losses.append(loss.item())
        if (step + 1) % every == 0:
            goes_on.step()
    return {
        "name": optimizer + name,
        "optimizer": optimizer,
        "learning_rate": rate,
        "schedule": schedule,
        "rates": rates,
        "hyper": hyper,
        "l2": l2,
        "decoupled": decoupled,
        "clip": clip,
        "losses": losses,
        "norms": norms,
        "final": state(network),
    }


def first_gradients(initial, inputs, labels):
    network = build(initial)
    x, t = torch.tensor(inputs), torch.tensor(labels)
    torch.nn.functional.cross_entropy(network(x), t).backward()
    return gradients(network)


def main():
    random = numpy.random.default_rng(SEED)
    initial = []
    for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
        deviation = (2.0 / ((1.0 + SLOPE**2) * inputs)) ** 0.5
        weight = deviation * random.standard_normal((outputs, inputs))
        bias = 0.1 * random.standard_normal(outputs)
        initial.append({"weight": weight.tolist(), "bias": bias.tolist()})
    inputs = random.standard_normal((BATCH, WIDTHS[0])).tolist()
    labels = random.integers(0, WIDTHS[-1], BATCH).tolist()

    optim = torch.optim
    rules = [
        ("sgd", 0.1, {}, lambda g, lr: optim.SGD(g, lr=lr, foreach=False)),
        (
            "nesterov",
            0.05,
            {"momentum": 0.9},
            lambda g, lr: optim.SGD(g, lr=lr, momentum=0.9, nesterov=True, foreach=False),
        ),
        (
            "rmsprop",
            0.01,
            {"decay_rate": 0.99, "epsilon": 1e-8},
            lambda g, lr: optim.RMSprop(g, lr=lr, foreach=False),
        ),
        (
            "adam",
            0.01,
            {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
            lambda g, lr: optim.Adam(g, lr=lr, foreach=False),
        ),
    ]
    changes = [
        ("", 0.0, 0.0, None, "constant"),
        (", l2", L2, 0.0, None, "constant"),
        (", decoupled decay", 0.0, DECOUPLED, None, "constant"),
        (", clip", 0.0, 0.0, CLIP, "constant"),
        (", step", 0.0, 0.0, None, "step"),
        (", cosine", 0.0, 0.0, None, "cosine"),
        (", one-cycle", 0.0, 0.0, None, "one-cycle"),
        (", all together", L2, DECOUPLED, CLIP, "one-cycle"),
    ]
    cases = [
        train(optimizer, rate, hyper, make, initial, inputs, labels, change)
        for optimizer, rate, hyper, make in rules
        for change in changes
    ]
    content = {
        "about": "Twenty steps of PyTorch in float64 on one fixed batch: Linear layers of `widths`, "
        "LeakyReLU(`slope`) between them, cross-entropy on logits averaged over the batch. In each "
        "step: gradients; if `clip` is not null, clipping to that global norm over all parameters; "
        "then `l2` times the weight is added to the gradient of weights, not of biases; then the "
        "optimizer's rule; before it, `decoupled` times the rate times the weight is taken off. The "
        "schedule counts `steps_per_epoch` steps an epoch; `rates[k]` is the rate of step k + 1. Weights are (out, in), row-major. losses[k] is the loss that step k + 1 "
        "found before it changed the parameters, without an L2 term; norms[k] the global norm of its "
        "gradients before clipping and L2. `first_gradients` are those of step 1 of every case, "
        "before clipping and L2; `final` are the parameters after the last step. All cases start from `initial`.",
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "seed": SEED,
        "widths": WIDTHS,
        "slope": SLOPE,
        "steps": STEPS,
        "steps_per_epoch": STEPS_PER_EPOCH,
        "epochs": EPOCHS,
        "inputs": inputs,
        "labels": labels,
        "initial": initial,
        "first_gradients": first_gradients(initial, inputs, labels),
        "cases": cases,
    }
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    (HERE / "network.json").write_text(text + "\n", encoding="utf-8")


main()
