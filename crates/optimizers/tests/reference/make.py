"""Writes trajectories.json and schedules.json: optimizers, clipping and schedules as PyTorch does them.

Run, in any folder, with Python 3.9 or later:

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python crates/optimizers/tests/reference/make.py

Both files are written beside this script. Everything is float64 on one CPU thread; numbers are
written with the digits that give the same float64 when read back.
"""

import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 20
START = [-1.2, 1.0, 0.7, -0.4, 0.3]
# The size of each element's gradient: rules that divide by its running size should not care.
SCALE = [1.0, 0.01, 30.0, 0.5, 2.0]


def gradient(p, t):
    """A closed formula: neighbours are coupled as in Rosenbrock's function, and t shakes it.

    g_i = s_i (2 (p_i - 1) - 4 a_i p_i + 2 a_{i-1} + 0.3 sin(1.7 t + i) + 0.2 sin(3 p_i)),
    a_i = p_{i+1} - p_i^2, and a_{-1} = a_4 = 0; t counts steps from 1.
    """
    n = len(p)
    a = [p[i + 1] - p[i] * p[i] for i in range(n - 1)] + [0.0]
    return [
        SCALE[i]
        * (
            2.0 * (p[i] - 1.0)
            - 4.0 * a[i] * p[i]
            + (2.0 * a[i - 1] if i > 0 else 0.0)
            + 0.3 * math.sin(1.7 * t + i)
            + 0.2 * math.sin(3.0 * p[i])
        )
        for i in range(n)
    ]


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. (2023), as torch.optim has no Lion."""

    def __init__(self, params, lr, beta1=0.9, beta2=0.99, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "b1": beta1, "b2": beta2, "decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                update = torch.sign(group["b1"] * m + (1.0 - group["b1"]) * p.grad)
                p.sub_(group["lr"] * (update + group["decay"] * p))
                m.copy_(group["b2"] * m + (1.0 - group["b2"]) * p.grad)


def trajectory(name, optimizer, hyper, make, rates):
    p = torch.nn.Parameter(torch.tensor(START))
    rule = make(p, rates[0])
    gradients, parameters = [], []
    for step, rate in enumerate(rates, start=1):
        g = gradient(p.tolist(), step)
        p.grad = torch.tensor(g)
        for group in rule.param_groups:
            group["lr"] = rate
        rule.step()
        gradients.append(g)
        parameters.append(p.tolist())
        assert all(math.isfinite(x) for x in parameters[-1]), name
    return {
        "name": name,
        "optimizer": optimizer,
        "hyper": hyper,
        "learning_rates": rates,
        "gradients": gradients,
        "parameters": parameters,
    }


def constant(rate):
    return [rate] * STEPS


def trajectories():
    optim = torch.optim
    plain = {"foreach": False}
    # Falls, jumps up and down, is zero once and then one-cycle-like.
    changing = [0.05 * (1.0 + math.sin(0.9 * k)) for k in range(STEPS)]
    changing[7] = 0.0

    def sgd(**more):
        return lambda p, lr: optim.SGD([p], lr=lr, **plain, **more)

    def rmsprop(**more):
        return lambda p, lr: optim.RMSprop([p], lr=lr, **plain, **more)

    def adam(**more):
        return lambda p, lr: optim.Adam([p], lr=lr, **plain, **more)

    def adamw(**more):
        return lambda p, lr: optim.AdamW([p], lr=lr, **plain, **more)

    def nadam(**more):
        return lambda p, lr: optim.NAdam([p], lr=lr, **plain, **more)

    def adagrad(**more):
        return lambda p, lr: optim.Adagrad([p], lr=lr, **plain, **more)

    def lion(**more):
        return lambda p, lr: Lion([p], lr=lr, **more)

    def hyper_nadam(momentum_decay=0.004, **more):
        return {**hyper_adam(**more), "momentum_decay": momentum_decay}

    def hyper_adagrad(l2=0.0, epsilon=1e-10):
        return {"epsilon": epsilon, "l2": l2, "decoupled": 0.0}

    def hyper_lion(decoupled=0.0, beta1=0.9, beta2=0.99):
        return {"beta1": beta1, "beta2": beta2, "l2": 0.0, "decoupled": decoupled}

    def hyper_sgd(l2=0.0):
        return {"l2": l2, "decoupled": 0.0}

    def hyper_nesterov(l2=0.0):
        return {"momentum": 0.9, "l2": l2, "decoupled": 0.0}

    def hyper_rmsprop(l2=0.0, alpha=0.99, epsilon=1e-8):
        return {"decay_rate": alpha, "epsilon": epsilon, "l2": l2, "decoupled": 0.0}

    def hyper_adam(l2=0.0, decoupled=0.0, beta1=0.9, beta2=0.999, epsilon=1e-8):
        return {
            "beta1": beta1,
            "beta2": beta2,
            "epsilon": epsilon,
            "l2": l2,
            "decoupled": decoupled,
        }

    l2 = 0.05
    return [
        trajectory("sgd", "sgd", hyper_sgd(), sgd(), constant(0.002)),
        trajectory("sgd + l2", "sgd", hyper_sgd(l2), sgd(weight_decay=l2), constant(0.002)),
        trajectory(
            "nesterov",
            "nesterov",
            hyper_nesterov(),
            sgd(momentum=0.9, nesterov=True),
            constant(0.0005),
        ),
        trajectory(
            "nesterov + l2",
            "nesterov",
            hyper_nesterov(l2),
            sgd(momentum=0.9, nesterov=True, weight_decay=l2),
            constant(0.0005),
        ),
        trajectory(
            "rmsprop", "rmsprop", hyper_rmsprop(), rmsprop(alpha=0.99, eps=1e-8), constant(0.01)
        ),
        trajectory(
            "rmsprop + l2",
            "rmsprop",
            hyper_rmsprop(l2),
            rmsprop(alpha=0.99, eps=1e-8, weight_decay=l2),
            constant(0.01),
        ),
        trajectory(
            "rmsprop, own constants",
            "rmsprop",
            hyper_rmsprop(alpha=0.9, epsilon=1e-2),
            rmsprop(alpha=0.9, eps=1e-2),
            constant(0.01),
        ),
        trajectory("adam", "adam", hyper_adam(), adam(), constant(0.05)),
        trajectory(
            "adam, own constants",
            "adam",
            hyper_adam(beta1=0.8, beta2=0.95, epsilon=1e-6),
            adam(betas=(0.8, 0.95), eps=1e-6),
            constant(0.05),
        ),
        trajectory("adam + l2", "adam", hyper_adam(l2), adam(weight_decay=l2), constant(0.05)),
        trajectory(
            "adamw", "adam", hyper_adam(decoupled=0.01), adamw(weight_decay=0.01), constant(0.05)
        ),
        trajectory("adam, changing learning rate", "adam", hyper_adam(), adam(), changing),
        trajectory(
            "adamw, changing learning rate",
            "adam",
            hyper_adam(decoupled=0.01),
            adamw(weight_decay=0.01),
            changing,
        ),
        trajectory(
            "nesterov, changing learning rate",
            "nesterov",
            hyper_nesterov(),
            sgd(momentum=0.9, nesterov=True),
            [rate / 100.0 for rate in changing],
        ),
        trajectory("momentum", "momentum", hyper_nesterov(), sgd(momentum=0.9), constant(0.0005)),
        trajectory(
            "momentum + l2",
            "momentum",
            hyper_nesterov(l2),
            sgd(momentum=0.9, weight_decay=l2),
            [rate / 100.0 for rate in changing],
        ),
        # The rule's own decay, of PyTorch's default.
        trajectory("adamw by name", "adamw", hyper_adam(), adamw(), constant(0.05)),
        trajectory(
            "adamw by name, changing learning rate",
            "adamw",
            {**hyper_adam(beta1=0.8, beta2=0.95, epsilon=1e-6), "weight_decay": 0.2},
            adamw(betas=(0.8, 0.95), eps=1e-6, weight_decay=0.2),
            changing,
        ),
        trajectory("nadam", "nadam", hyper_nadam(), nadam(), constant(0.05)),
        trajectory(
            "nadam + l2, changing learning rate",
            "nadam",
            hyper_nadam(l2=l2),
            nadam(weight_decay=l2),
            changing,
        ),
        trajectory(
            "nadam + decoupled, own constants",
            "nadam",
            hyper_nadam(0.1, decoupled=0.01, beta1=0.8, beta2=0.95, epsilon=1e-6),
            nadam(
                betas=(0.8, 0.95),
                eps=1e-6,
                momentum_decay=0.1,
                weight_decay=0.01,
                decoupled_weight_decay=True,
            ),
            constant(0.05),
        ),
        trajectory("adagrad", "adagrad", hyper_adagrad(), adagrad(), constant(0.1)),
        trajectory(
            "adagrad + l2, own epsilon, changing learning rate",
            "adagrad",
            hyper_adagrad(l2, 1e-2),
            adagrad(weight_decay=l2, eps=1e-2),
            changing,
        ),
        trajectory("lion", "lion", hyper_lion(), lion(), constant(0.02)),
        trajectory(
            "lion + decoupled, own constants, changing learning rate",
            "lion",
            hyper_lion(0.1, 0.95, 0.98),
            lion(beta1=0.95, beta2=0.98, weight_decay=0.1),
            changing,
        ),
    ]


def clips():
    first = [[0.5, -1.5, 2.0], [1e-3, 0.0, -0.75]]
    second = [3.0, -0.25]
    cases = []
    for max_norm in [0.01, 0.5, 1.0, 3.9, 4.1, 100.0]:
        a = torch.nn.Parameter(torch.zeros(2, 3))
        b = torch.nn.Parameter(torch.zeros(2))
        a.grad, b.grad = torch.tensor(first), torch.tensor(second)
        norm = torch.nn.utils.clip_grad_norm_([a, b], max_norm)
        cases.append(
            {
                "max_norm": max_norm,
                "gradients": [torch.tensor(first).flatten().tolist(), second],
                "norm": norm.item(),
                "clipped": [a.grad.flatten().tolist(), b.grad.tolist()],
            }
        )
    return cases


def rates_of(make, steps, per_epoch=None):
    """The rate of each optimizer step; the schedule moves after each step, or each epoch."""
    p = torch.nn.Parameter(torch.zeros(1))
    rule = torch.optim.SGD([p], lr=0.01)
    schedule = make(rule)
    rates = []
    for step in range(steps):
        rates.append(rule.param_groups[0]["lr"])
        p.grad = torch.zeros(1)
        rule.step()
        # OneCycleLR refuses to move past its last step; nothing asks for that rate.
        last = step + 1 == steps
        if not last and (per_epoch is None or (step + 1) % per_epoch == 0):
            schedule.step()
    return rates


def schedules():
    sched = torch.optim.lr_scheduler
    cosine_epochs, one_cycle_epochs, steps = 5, 4, 7
    total = one_cycle_epochs * steps
    return [
        {
            "name": "step",
            "torch": "StepLR(step_size=4, gamma=0.5), step() after each epoch",
            "peak": 0.01,
            "epochs": 12,
            "steps_per_epoch": 3,
            "every_epochs": 4,
            "gamma": 0.5,
            "learning_rates": rates_of(lambda o: sched.StepLR(o, 4, 0.5), 12 * 3, 3),
        },
        {
            "name": "cosine",
            "torch": "CosineAnnealingLR(T_max=epochs*steps_per_epoch, eta_min=0), step() after each step",
            "peak": 0.01,
            "epochs": cosine_epochs,
            "steps_per_epoch": steps,
            "learning_rates": rates_of(
                lambda o: sched.CosineAnnealingLR(o, cosine_epochs * steps, 0.0),
                cosine_epochs * steps,
            ),
        },
        {
            "name": "one-cycle",
            "torch": "OneCycleLR(max_lr=0.01, total_steps=epochs*steps_per_epoch, cycle_momentum=False), step() after each step",
            "peak": 0.01,
            "epochs": one_cycle_epochs,
            "steps_per_epoch": steps,
            "pct_start": 0.3,
            "div_factor": 25.0,
            "final_div_factor": 1e4,
            "learning_rates": rates_of(
                lambda o: sched.OneCycleLR(o, 0.01, total_steps=total, cycle_momentum=False),
                total,
            ),
        },
    ]


def write(name, content):
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


def main():
    version = torch.__version__
    write(
        "trajectories.json",
        {
            "about": "Float64 trajectories of torch.optim. In each case: gradients[k] was fed to step "
            "k + 1 with learning_rates[k], and parameters[k] came out of it; the first step starts "
            "from `start`. `l2` is torch's weight_decay of SGD, RMSprop and Adam; `decoupled` is "
            "that of AdamW and NAdam; Lion is written out in make.py. `clip`: torch.nn.utils.clip_grad_norm_ on a (2, 3) and a (2) gradient, "
            "row-major; `norm` is their global norm before clipping.",
            "torch": version,
            "gradient": gradient.__doc__.strip(),
            "scale": SCALE,
            "start": START,
            "cases": trajectories(),
            "clip": clips(),
        },
    )
    write(
        "schedules.json",
        {
            "about": "learning_rates[k] is the rate that optimizer step k + 1 used, read before "
            "scheduler.step(); one for each of epochs * steps_per_epoch steps, in float64. `peak` "
            "is the optimizer's learning rate, or max_lr of OneCycleLR.",
            "torch": version,
            "schedules": schedules(),
        },
    )


main()
