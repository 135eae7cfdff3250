"""NumPy by hand: every buffer is made once, every operation writes into one."""

import numpy as np

from serve import CLASSES, SLOPE, serve


class ByHand:
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def build(self, hidden, batch, adam, rate, table=None):
        random = np.random.default_rng(0)
        # Of the precision of the data.
        self.number = number = self.images.dtype.type
        widths = [self.images.shape[1], *hidden, table["outputs"] if table else CLASSES]
        pairs = list(zip(widths, widths[1:]))
        he = lambda shape: random.standard_normal(shape, number) * number((2 / shape[0]) ** 0.5)
        empty = lambda *shape: np.empty(shape, number)
        self.weights = [he(pair) for pair in pairs]
        self.biases = [np.zeros(outputs, number) for _, outputs in pairs]
        self.grads = [np.empty_like(p) for p in self.weights + self.biases]
        self.spare = [np.empty_like(p) for p in self.weights + self.biases]
        self.moments = [[np.zeros_like(p) for p in self.grads] for _ in range(2)] if adam else None
        self.batch, self.rate, self.steps = batch, rate, 0
        self.loss = self.squared if table else self.cross_entropy
        self.input = empty(batch, widths[0])
        self.outputs = [empty(batch, width) for width in widths[1:]]
        self.deltas = [empty(batch, width) for width in widths[1:]]
        self.room = [empty(batch, width) for width in widths[1:]]
        self.positive = [np.empty((batch, width), bool) for width in widths[1:]]

    def forward(self, values, outputs, room):
        last = len(self.weights) - 1
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            out = outputs[k] if outputs else None
            out = np.matmul(values, weight, out=out)
            out += bias
            if k < last:
                slack = np.multiply(out, self.number(SLOPE), out=room[k] if room else None)
                np.maximum(out, slack, out=out)
            values = out
        return values

    def squared(self, targets):
        """Leaves the gradient of the mean loss in the last delta."""
        delta = np.subtract(self.outputs[-1], targets, out=self.deltas[-1])
        loss = float(np.vdot(delta, delta)) / delta.size
        delta *= self.number(2 / delta.size)
        return loss

    def cross_entropy(self, classes):
        """Leaves the gradient of the mean loss in the last delta."""
        logits, delta = self.outputs[-1], self.deltas[-1]
        rows = np.arange(self.batch)
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=delta)
        sums = delta.sum(axis=1, keepdims=True)
        loss = float(np.log(sums).mean() - logits[rows, classes].mean())
        delta /= sums
        delta[rows, classes] -= 1
        delta /= self.number(self.batch)
        return loss

    def backward(self):
        count = len(self.weights)
        for k in reversed(range(count)):
            delta, below = self.deltas[k], self.outputs[k - 1] if k else self.input
            np.matmul(below.T, delta, out=self.grads[k])
            np.sum(delta, axis=0, out=self.grads[count + k])
            if k:
                np.matmul(delta, self.weights[k].T, out=self.deltas[k - 1])
                np.greater(below, 0, out=self.positive[k - 1])
                # The slope: 1 where the output is above 0.
                slope = np.multiply(self.positive[k - 1], self.number(1 - SLOPE), out=self.room[k - 1])
                slope += self.number(SLOPE)
                self.deltas[k - 1] *= slope

    def update(self):
        self.steps += 1
        parameters = self.weights + self.biases
        if self.moments is None:
            for value, grad in zip(parameters, self.grads):
                grad *= self.number(self.rate)
                value -= grad
            return
        one, two = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        for value, grad, room, m, v in zip(parameters, self.grads, self.spare, *self.moments):
            m *= self.number(0.9)
            np.multiply(grad, self.number(0.1), out=room)
            m += room
            v *= self.number(0.999)
            np.multiply(grad, grad, out=grad)
            grad *= self.number(0.001)
            v += grad
            np.divide(v, self.number(two), out=room)
            np.sqrt(room, out=room)
            room += self.number(1e-8)
            np.divide(m, room, out=room)
            room *= self.number(self.rate / one)
            value -= room

    def train(self, steps, seed):
        order = np.random.default_rng(seed).permutation(steps * self.batch).reshape(steps, self.batch)
        total = 0.0
        for rows in order:
            # Without `clip` NumPy copies through a buffer of its own.
            np.take(self.images, rows, axis=0, out=self.input, mode="clip")
            self.forward(self.input, self.outputs, self.room)
            total += self.loss(self.labels[rows])
            self.backward()
            self.update()
        return total / steps

    def rows(self, images):
        return np.ascontiguousarray(images)

    def predict(self, rows):
        return self.forward(rows, None, None)

    def numbers(self, logits):
        return logits


serve(ByHand, np.__version__)
