"""scikit-learn's MLPClassifier. It has no leaky ReLU: this is ReLU."""

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from serve import CLASSES, serve


class Scikit:
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def build(self, hidden, batch, adam, rate):
        self.batch = batch
        self.network = MLPClassifier(
            hidden_layer_sizes=hidden,
            activation="relu",
            solver="adam" if adam else "sgd",
            batch_size=batch,
            learning_rate_init=rate,
            learning_rate="constant",
            momentum=0.0,
            nesterovs_momentum=False,
            alpha=0.0,
            random_state=0,
        )

    def train(self, steps, seed):
        # One call is one epoch, in an order of its own.
        rows = slice(None, steps * self.batch)
        self.network.partial_fit(self.images[rows], self.labels[rows], classes=range(CLASSES))
        return self.network.loss_

    def rows(self, images):
        return images

    def predict(self, rows):
        return self.network.predict_proba(rows)

    def numbers(self, probabilities):
        # The logits up to a constant.
        return np.log(np.maximum(probabilities, 1e-30))


serve(Scikit, sklearn.__version__)
