"""Small tables with default settings: `backprop train` beside scikit-learn's MLPClassifier.

    python small_tables.py PROGRAM [SPLITS]    PROGRAM is `backprop`; needs numpy and scikit-learn

For each table of scikit-learn and each of ten splits, 70 % of the rows are trained on and the others are the
test set; both get the same rows. The program holds a fifth of its rows out for validation. scikit-learn's
inputs are standardised, as its documentation advises for networks. Prints the mean accuracy of the test rows.
"""

import csv
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# That 200 epochs are not enough for it is part of its defaults.
warnings.filterwarnings("ignore")


def ours(program, folder, parts):
    for name, (inputs, classes) in parts.items():
        with open(folder / f"{name}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"x{i}" for i in range(inputs.shape[1])] + ["class"])
            writer.writerows([*row, label] for row, label in zip(inputs.tolist(), classes.tolist()))
    subprocess.run(
        [program, "train", "--dataset", "csv:train.csv", "--test", "test.csv", "--target", "class"]
        + ["--run-dir", "run", "--report", "report.json", "--quiet"],
        check=True,
        cwd=folder,
    )
    return json.loads((folder / "report.json").read_text())["test"]["accuracy"]


def main(program, splits):
    print("| table | rows | backprop | scikit-learn | difference, points |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in ["iris", "wine", "breast_cancer", "digits"]:
        inputs, classes = getattr(datasets, f"load_{name}")(return_X_y=True)
        figures = []
        for seed in range(splits):
            x, x_test, y, y_test = train_test_split(inputs, classes, train_size=0.7, random_state=seed)
            with tempfile.TemporaryDirectory() as folder:
                accuracy = ours(program, Path(folder), {"train": (x, y), "test": (x_test, y_test)})
            peer = make_pipeline(StandardScaler(), MLPClassifier(random_state=seed)).fit(x, y)
            figures.append((accuracy, peer.score(x_test, y_test)))
        own, peer = 100 * np.mean(figures, axis=0)
        print(f"| {name} | {len(inputs)} | {own:.2f} % | {peer:.2f} % | {own - peer:+.2f} |", flush=True)


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
