"""PyTorch, eager, with its fused optimizers."""

import json
import sys

import torch

from serve import CLASSES, SLOPE, WIDTH, serve

torch.set_num_threads(json.loads(sys.argv[1])["threads"])


class PyTorch:
    def __init__(self, images, labels):
        self.images = torch.from_numpy(images)
        self.labels = torch.from_numpy(labels).long()

    def build(self, hidden, batch, adam, rate):
        torch.manual_seed(0)
        layers, inputs = [], WIDTH
        for width in hidden:
            layers += [torch.nn.Linear(inputs, width), torch.nn.LeakyReLU(SLOPE, inplace=True)]
            inputs = width
        self.network = torch.nn.Sequential(*layers, torch.nn.Linear(inputs, CLASSES))
        rule = torch.optim.Adam if adam else torch.optim.SGD
        self.rule = rule(self.network.parameters(), lr=rate, fused=True)
        self.loss = torch.nn.CrossEntropyLoss()
        self.batch = batch

    def train(self, steps, seed):
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(steps * self.batch, generator=generator)
        total = torch.zeros(())
        for rows in order.split(self.batch):
            self.rule.zero_grad(set_to_none=True)
            loss = self.loss(self.network(self.images[rows]), self.labels[rows])
            loss.backward()
            self.rule.step()
            total += loss.detach()
        return total.item() / steps

    def rows(self, images):
        return torch.from_numpy(images)

    def predict(self, rows):
        with torch.inference_mode():
            return self.network(rows)

    def numbers(self, logits):
        return logits.numpy()


serve(PyTorch, torch.__version__)
