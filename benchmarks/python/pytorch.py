"""PyTorch, eager, with its fused optimizers."""

import json
import sys

import torch

from serve import CLASSES, SLOPE, serve

torch.set_num_threads(json.loads(sys.argv[1])["threads"])


class PyTorch:
    def __init__(self, images, labels):
        self.images = torch.from_numpy(images)
        labels = torch.from_numpy(labels)
        self.labels = labels if labels.is_floating_point() else labels.long()

    def build(self, hidden, batch, adam, rate, table=None):
        torch.manual_seed(0)
        tanh = table and table["tanh"]
        activation = lambda: torch.nn.Tanh() if tanh else torch.nn.LeakyReLU(SLOPE, inplace=True)
        layers, inputs = [], self.images.shape[1]
        for width in hidden:
            layers += [torch.nn.Linear(inputs, width), activation()]
            inputs = width
        outputs = table["outputs"] if table else CLASSES
        self.network = torch.nn.Sequential(*layers, torch.nn.Linear(inputs, outputs))
        self.network.to(self.images.dtype)
        momentum = {"momentum": 0.9, "nesterov": True} if table and not adam else {}
        rule = torch.optim.Adam if adam else torch.optim.SGD
        self.rule = rule(self.network.parameters(), lr=rate, fused=True, **momentum)
        of_table = torch.nn.BCEWithLogitsLoss if table and table["binary"] else torch.nn.MSELoss
        self.loss = of_table() if table else torch.nn.CrossEntropyLoss()
        self.batch = batch

    def batches(self, steps, seed):
        if self.batch == len(self.images):
            yield from [(self.images, self.labels)] * steps
            return
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(steps * self.batch, generator=generator)
        for rows in order.split(self.batch):
            yield self.images[rows], self.labels[rows]

    def train(self, steps, seed):
        total = torch.zeros((), dtype=self.images.dtype)
        for images, labels in self.batches(steps, seed):
            self.rule.zero_grad(set_to_none=True)
            loss = self.loss(self.network(images), labels)
            loss.backward()
            self.rule.step()
            total += loss.detach()
        return total.item() / steps

    def gradient(self, steps):
        for _ in range(steps):
            self.network.zero_grad(set_to_none=True)
            loss = self.loss(self.network(self.images), self.labels)
            loss.backward()
        return loss.item()

    def rows(self, images):
        return torch.from_numpy(images)

    def predict(self, rows):
        with torch.inference_mode():
            return self.network(rows)

    def numbers(self, logits):
        return logits.numpy()


serve(PyTorch, torch.__version__)
