"""Writes losses.json: losses and their gradients as PyTorch's autograd computes them.

Run, in any folder, with Python 3.9 or later:

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python crates/losses/tests/reference/make.py

The file is written beside this script. Everything is float64 on one CPU thread; numbers are
written with the digits that give the same float64 when read back.
"""

import json
import pathlib

import torch
from torch.nn import functional

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

HERE = pathlib.Path(__file__).resolve().parent

MODERATE = [[0.3, -1.2, 2.5], [-0.7, 0.4, 0.1], [1.5, 1.5, -3.0], [0.0, -0.25, 0.6]]
LARGE = [[50.0, -50.0, 0.0], [-50.0, 50.0, 49.5], [-50.0, -50.0, -50.0], [50.0, 3.0, -1.0]]
HUGE = [[1000.0, -1000.0, 0.0], [-800.0, 900.0, 899.0], [-1e4, -1e4, -1e4], [1e4, 0.0, -1e4]]
CLASSES = [2, 0, 1, 1]
DISTRIBUTIONS = [[0.1, 0.2, 0.7], [1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.625, 0.375]]
VALUES = [[0.5, -1.0, 2.0], [0.0, 0.0, 0.25], [3.0, -2.0, 1.0], [-0.125, 1.5, 0.75]]
# Three independent yes-or-no labels a row, one of them soft.
LABELS = [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.3], [1.0, 1.0, 0.0]]
COUNTS = [[0.0, 1.0, 12.0], [3.0, 0.0, 0.0], [5.0, 2.0, 1.0], [0.0, 7.0, 1.5]]
WEIGHTS = [0.5, 2.0, 0.0, 1.25]


def softmax_cross_entropy(z, target):
    return functional.cross_entropy(z, target, reduction="none")


def cross_entropy(p, target):
    if target.dtype == torch.int64:
        return functional.nll_loss(p.log(), target, reduction="none")
    return -(target * p.log()).sum(dim=1)


def mean_squared_error(y, target):
    return functional.mse_loss(y, target, reduction="none").mean(dim=1)


def binary_cross_entropy(z, target):
    each = functional.binary_cross_entropy_with_logits(z, target, reduction="none")
    return each.mean(dim=1)


def mean_absolute_error(y, target):
    return functional.l1_loss(y, target, reduction="none").mean(dim=1)


def huber(y, target):
    return functional.huber_loss(y, target, reduction="none", delta=0.6).mean(dim=1)


def poisson(y, target):
    return functional.poisson_nll_loss(y, target, reduction="none").mean(dim=1)


def quantile(y, target):
    """Koenker and Bassett (1978), as PyTorch has no such loss."""
    error = target - y
    return torch.maximum(0.9 * error, (0.9 - 1.0) * error).mean(dim=1)


def label_smoothing(z, target):
    return functional.cross_entropy(z, target, reduction="none", label_smoothing=0.1)


def focal(z, target):
    """Lin et al. (2017) on a softmax, as PyTorch has no such loss."""
    log_p = z.log_softmax(dim=1)
    terms = -((1.0 - log_p.exp()) ** 1.5) * log_p
    if target.dtype == torch.int64:
        return terms.gather(1, target[:, None])[:, 0]
    return (target * terms).sum(dim=1)


def case(name, loss, of_rows, output, classes=None, values=None, weights=None, logits=None):
    x = torch.tensor(output, requires_grad=True)
    target = torch.tensor(classes if values is None else values)
    w = torch.ones(len(output)) if weights is None else torch.tensor(weights)
    rows = of_rows(x, target)
    total = (w * rows).sum()
    total.backward()
    weight = w.sum()
    record = {
        "name": name,
        "loss": loss,
        "output": output,
        "classes": classes,
        "values": values,
        "weights": weights,
        "row_losses": rows.tolist(),
        "sum": total.item(),
        "weight": weight.item(),
        "mean": (total / weight).item(),
        "sum_gradient": x.grad.tolist(),
        "mean_gradient": (x.grad / weight).tolist(),
    }
    if logits is not None:
        # The same loss, differentiated through the softmax that made the probabilities.
        z = torch.tensor(logits, requires_grad=True)
        ((w * of_rows(z.softmax(dim=1), target)).sum() / weight).backward()
        record["logits"] = logits
        record["logits_mean_gradient"] = z.grad.tolist()
    return record


def cases():
    found = []
    for suffix, weights in [("", None), (", weighted", WEIGHTS)]:
        sizes = [("", MODERATE), (", large", LARGE), (", huge", HUGE)]
        for size, logits in sizes:
            found.append(
                case(
                    "softmax cross-entropy, classes" + size + suffix,
                    "softmax_cross_entropy",
                    softmax_cross_entropy,
                    logits,
                    classes=CLASSES,
                    weights=weights,
                )
            )
            found.append(
                case(
                    "softmax cross-entropy, distributions" + size + suffix,
                    "softmax_cross_entropy",
                    softmax_cross_entropy,
                    logits,
                    values=DISTRIBUTIONS,
                    weights=weights,
                )
            )
            found.append(
                case(
                    "binary cross-entropy" + size + suffix,
                    "binary_cross_entropy",
                    binary_cross_entropy,
                    logits,
                    values=LABELS,
                    weights=weights,
                )
            )
        # Large, yet every probability is a normal number: nothing is clamped. At the huge logits
        # some are zero.
        for size, logits in sizes[:2]:
            probabilities = torch.tensor(logits).softmax(dim=1).tolist()
            found.append(
                case(
                    "cross-entropy, classes" + size + suffix,
                    "cross_entropy",
                    cross_entropy,
                    probabilities,
                    classes=CLASSES,
                    weights=weights,
                    logits=logits,
                )
            )
            found.append(
                case(
                    "cross-entropy, distributions" + size + suffix,
                    "cross_entropy",
                    cross_entropy,
                    probabilities,
                    values=DISTRIBUTIONS,
                    weights=weights,
                    logits=logits,
                )
            )
        for loss, of_rows in [
            ("MeanAbsoluteError", mean_absolute_error),
            ("Huber:0.6", huber),
            ("Quantile:0.9", quantile),
        ]:
            for size, output in sizes:
                found.append(
                    case(
                        loss + size + suffix,
                        loss,
                        of_rows,
                        output,
                        values=VALUES,
                        weights=weights,
                    )
                )
        found.append(
            case(
                "Poisson" + suffix, "Poisson", poisson, MODERATE, values=COUNTS, weights=weights
            )
        )
        for loss, of_rows in [("LabelSmoothing:0.1", label_smoothing), ("Focal:1.5", focal)]:
            for targets in [{"classes": CLASSES}, {"values": DISTRIBUTIONS}]:
                for size, output in sizes[: 3 if loss.startswith("Label") else 1]:
                    found.append(
                        case(
                            f"{loss}, {next(iter(targets))}{size}{suffix}",
                            loss,
                            of_rows,
                            output,
                            weights=weights,
                            **targets,
                        )
                    )
        found.append(
            case(
                "mean squared error" + suffix,
                "mean_squared_error",
                mean_squared_error,
                MODERATE,
                values=VALUES,
                weights=weights,
            )
        )
    return found


def main():
    content = {
        "about": "Float64 losses of PyTorch on a batch of 4 rows and 3 outputs, with gradients by "
        "autograd. `loss` names the function: softmax_cross_entropy is CrossEntropyLoss on logits, "
        "cross_entropy is NLLLoss of the logarithm of probabilities, mean_squared_error and "
        "binary_cross_entropy are MSELoss and BCEWithLogitsLoss with the mean over a row's outputs "
        "as the row's loss; the others are named as the crate writes them, with their constants. Either `classes` or `values` holds the targets, the other is null; "
        "`weights` null means 1 for each row. `row_losses` is l, without weights; `sum` = sum w l; "
        "`weight` = sum w; `mean` = sum / weight. `sum_gradient` is that of `sum` by `output`, "
        "`mean_gradient` that of `mean`. cross_entropy cases also hold the `logits` whose softmax is "
        "`output`, and `logits_mean_gradient`: the gradient of `mean` by them.",
        "torch": torch.__version__,
        "cases": cases(),
    }
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    (HERE / "losses.json").write_text(text + "\n", encoding="utf-8")


main()
