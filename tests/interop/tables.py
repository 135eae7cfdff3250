"""Networks of tables as ONNX: onnxruntime takes the cells as they are, and has to give what this project
predicts.

    python tables.py PROGRAM FOLDER    PROGRAM is `backprop`; trains and exports in FOLDER

Prints a table; exits with an error if a class differs, or a probability or value is off by more than allowed.
"""

import csv
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

# Of f32, where a sum is taken in another order; f64 has to agree nine digits further.
ALLOWED = {"f32": 2e-6, "f64": 1e-12}
MARKERS = {"", "na", "n/a", "nan", "null", "?"}
HOUSES = ["area", "built", "city", "heating", "price", "rent", "kind"]


def houses(rows, seed, odd):
    """Rows of numbers, whose means are far from 0, and texts; some of them odd: missing, or unknown."""
    draw = random.Random(seed)
    for _ in range(rows):
        area, built = round(draw.uniform(20, 300), 1), draw.randint(1900, 2020)
        city, heating = draw.choice(["Köln", "Bonn", "Ulm"]), draw.choice(["gas", "oil, old", "none"])
        price = 3e6 + 1000 * area + 50 * (built - 1900) + (9000 if city == "Köln" else 0)
        rent = price / 3e5 + draw.random()
        kind = "large" if area > 150 else "old" if built < 1950 else "new"
        row = [area, built, city, heating, price, rent, kind]
        if "" in odd and draw.random() < 0.5:
            row[draw.randrange(2)] = draw.choice(["", "NA", "?"])
        if odd and draw.random() < 0.5:
            row[2 + draw.randrange(2)] = draw.choice(odd)
        yield row


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HOUSES, *rows])
    return path


def inputs(session, rows):
    """The cells of each column that the graph takes, as it takes them."""
    given = {}
    for value in session.get_inputs():
        cells = [str(row[HOUSES.index(value.name)]) for row in rows]
        if value.type == "tensor(string)":
            column = np.array(cells, dtype=object)
        else:
            assert value.type == "tensor(double)", value.type
            column = np.array([np.nan if c.lower() in MARKERS else float(c) for c in cells])
        assert value.shape == ["batch", 1], value.shape
        given[value.name] = column.reshape(-1, 1)
    return given


def main(program, folder):
    folder.mkdir(parents=True, exist_ok=True)
    table = write(folder / "houses.csv", list(houses(800, 0, [])))
    plain = next(houses(1, 2, []))
    failures = 0

    def backprop(*arguments):
        result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=True)
        return result.stdout

    print("| target | type | policies | rows | same class | largest difference |")
    print("| --- | --- | --- | --- | --- | --- |")
    for target, ignore, precision, missing, unknown in [
        ("kind", "price,rent", "f32", "mean", "zeros"),
        ("kind", "price,rent", "f64", "mean", "zeros"),
        ("kind", "price,rent", "f32", "refuse", "refuse"),
        ("price", "kind,rent", "f32", "mean", "zeros"),
        ("price", "kind,rent", "f64", "mean", "refuse"),
        ("price", "kind,rent", "f32", "refuse", "zeros"),
        ("price,rent", "kind", "f32", "refuse", "refuse"),
        ("price,rent", "kind", "f64", "mean", "zeros"),
    ]:
        run = folder / f"{target}-{precision}-{missing}-{unknown}"
        shutil.rmtree(run, ignore_errors=True)
        policies = ["--missing", missing, "--unknown", unknown]
        backprop("train", "--dataset", f"csv:{table}", "--target", target, "--ignore", ignore, "--epochs", 5,
                 "--precision", precision, "--run-dir", run, "--quiet", *policies)  # fmt: skip
        file = folder / f"{run.name}.onnx"
        backprop("export", run, "--to", file)
        onnx.checker.check_model(onnx.load(file), full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what is refused is refused on purpose
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        rows = list(houses(400, 1, [*[""] * (missing == "mean"), *["Trier"] * (unknown == "zeros")]))
        path = write(folder / "later.csv", rows)
        expected = [json.loads(line) for line in backprop("predict", run, path, "--json").splitlines()]
        names = [output.name for output in session.get_outputs()]
        found = dict(zip(names, session.run(None, inputs(session, rows))))
        if target == "kind":
            assert names == ["label", "probabilities"], names
            same = sum(a["class"] == b for a, b in zip(expected, found["label"], strict=True))
            largest = np.abs(np.array([a["probabilities"] for a in expected]) - found["probabilities"]).max()
        else:
            assert names == target.split(","), names
            values = np.array([a["values"] for a in expected])
            there = np.concatenate([found[name] for name in names], axis=1)
            same, largest = len(rows), (np.abs(values - there) / np.abs(values)).max()
        good = same == len(rows) and largest <= ALLOWED[precision]
        failures += not good
        policy = f"{missing}, {unknown}"
        verdict = "" if good else " **FAILS**"
        print(f"| {target} | {precision} | {policy} | {len(rows)} | {same} | {largest:.1e} |{verdict}")
        if missing == "refuse":
            outputs = session.run(None, inputs(session, [["", *plain[1:]]]))
            failures += expect(np.isnan(outputs[target == "kind"]).all(), "a missing number makes NaN")
        for city in [""] * (missing == "refuse") + ["Trier"]:
            if unknown == "refuse":
                failures += expect(is_refused(session, [*plain[:2], city, *plain[3:]]), f"{city!r} is refused")
    sys.exit(f"{failures} of the checks failed" if failures else 0)


def is_refused(session, row):
    try:
        session.run(None, inputs(session, [row]))
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail:
        return True
    return False


def expect(holds, what):
    if not holds:
        print(f"**FAILS**: {what}")
    return not holds


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]))
