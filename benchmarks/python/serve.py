"""What the Python peers share: the data, and the commands that `cargo xtask bench --peers` sends as
lines of JSON on standard input. `benchmarks/README.md` describes them."""

import json
import pathlib
import sys
import time

import numpy as np

WIDTH, CLASSES, SLOPE = 784, 10, 0.01


def read(folder, train):
    """The first rows of MNIST's training set, and the others."""
    raw = lambda name: (pathlib.Path(folder) / name).read_bytes()
    images = np.frombuffer(raw("train-images-idx3-ubyte"), np.uint8, offset=16).reshape(-1, WIDTH)
    labels = np.frombuffer(raw("train-labels-idx1-ubyte"), np.uint8, offset=8)
    pair = lambda rows: (images[rows] / np.float32(255), labels[rows].astype(np.int32))
    return pair(slice(None, train)), pair(slice(train, None))


def read_table(table):
    """The features of all rows, and then their targets, one number after the other."""
    rows, inputs, outputs = table["rows"], table["inputs"], table["outputs"]
    values = np.fromfile(table["file"], np.float64 if table["double"] else np.float32)
    features, targets = np.split(values, [rows * inputs])
    return features.reshape(rows, inputs), targets.reshape(rows, outputs)


def difference(peer, images, file):
    """The largest difference of the logits of the first rows from those in a file."""
    expected = np.fromfile(file, np.float32).reshape(-1, CLASSES)
    found = peer.numbers(peer.predict(peer.rows(images[: len(expected)])))
    return float(np.abs(found - expected).max())


def peak_rss_bytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024


def evaluate(peer, images, labels):
    """The loss and the accuracy on the rows held out."""
    loss, right = 0.0, 0
    for start in range(0, len(labels), 1000):
        logits = peer.numbers(peer.predict(peer.rows(images[start : start + 1000])))
        logits = logits.astype(np.float64)
        classes = labels[start : start + 1000]
        logits -= logits.max(axis=1, keepdims=True)
        of_class = logits[np.arange(len(classes)), classes]
        loss += float((np.log(np.exp(logits).sum(axis=1)) - of_class).sum())
        right += int((of_class == 0.0).sum())
    return {"loss": loss / len(labels), "accuracy": right / len(labels)}


def answer(value):
    print(json.dumps(value), flush=True)


def serve(make, version):
    """Does the commands, until there are no more. `make(images, labels)` makes the peer:

    build(hidden, batch, adam, rate): a fresh network and optimizer; for a table, images and labels are
    its features and targets, and `table` has `outputs`, `tanh`, `binary` and `double`;
    train(steps, seed): steps on rows in a random order, or on all rows where they are one batch; gives
    the mean loss of the batches;
    gradient(steps): the loss on all rows and its gradient, without an update; gives the loss;
    rows(images): rows to predict, before the clock starts; predict(rows): the logits, computed;
    numbers(logits): as a NumPy array.
    """
    start = json.loads(sys.argv[1])
    if start["folder"]:
        (images, labels), (held_out, held_out_labels) = read(start["folder"], start["train"])
    peers, current = {}, None
    trained = 0
    answer({"version": version})
    for line in sys.stdin:
        command = json.loads(line)
        do = command.pop("do")
        if do == "build":
            dense = command.pop("dense", False)
            if dense not in peers:
                # Random input of the same size, every pixel different from zero.
                random = np.random.default_rng(1)
                data = random.random(images.shape, np.float32) if dense else images
                peers[dense] = make(data, labels)
            current = peers[dense]
            current.build(**command)
            answer({})
        elif do == "table":
            current = make(*read_table(command))
            names = ["hidden", "batch", "adam", "rate"]
            current.build(*(command[name] for name in names), table=command)
            answer({})
        elif do == "load":
            current = make(command["model"])
            answer({"difference": difference(current, held_out, command["logits"])})
        elif do in ("train", "gradient"):
            trained += 1
            begin = time.perf_counter()
            steps = command["steps"]
            loss = current.gradient(steps) if do == "gradient" else current.train(steps, trained)
            answer({"seconds": time.perf_counter() - begin, "loss": float(loss)})
        elif do == "evaluate":
            answer(evaluate(current, held_out, held_out_labels))
        elif do == "predict":
            rows, calls = command["rows"], command["calls"]
            places = [k * rows % (len(held_out) - rows + 1) for k in range(calls)]
            inputs = [current.rows(held_out[at : at + rows]) for at in places]
            current.predict(inputs[0])
            begin = time.perf_counter()
            for item in inputs:
                current.predict(item)
            answer({"seconds": (time.perf_counter() - begin) / calls})
        elif do == "memory":
            answer({"peak_rss_bytes": peak_rss_bytes()})
