"""JAX: all steps of an epoch in one compiled program, a `lax.scan` over the batches."""

import functools
import json
import os
import sys

# JAX takes as many threads as it may use cores.
threads = json.loads(sys.argv[1])["threads"]
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])

import jax
import jax.numpy as jnp
import numpy as np

from serve import CLASSES, SLOPE, WIDTH, serve


def logits(parameters, values):
    for weight, bias in parameters[:-1]:
        values = jax.nn.leaky_relu(values @ weight + bias, SLOPE)
    weight, bias = parameters[-1]
    return values @ weight + bias


def loss(parameters, images, labels):
    scores = jax.nn.log_softmax(logits(parameters, images))
    return -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()


def sgd(state, grads, rate):
    parameters, moments, count = state
    return jax.tree.map(lambda p, g: p - rate * g, parameters, grads), moments, count + 1


def adam(state, grads, rate):
    parameters, (m, v), count = state
    count = count + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    one, two = 1 - 0.9**count, 1 - 0.999**count
    move = lambda p, m, v: p - rate * (m / one) / (jnp.sqrt(v / two) + 1e-8)
    return jax.tree.map(move, parameters, m, v), (m, v), count


@functools.partial(jax.jit, static_argnames=["steps", "batch", "rule", "rate"], donate_argnums=0)
def epoch(state, images, labels, key, steps, batch, rule, rate):
    order = jax.random.permutation(key, steps * batch).reshape(steps, batch)

    def step(state, rows):
        value, grads = jax.value_and_grad(loss)(state[0], images[rows], labels[rows])
        return rule(state, grads, rate), value

    state, losses = jax.lax.scan(step, state, order)
    return state, losses.mean()


predict = jax.jit(logits)


class Jax:
    def __init__(self, images, labels):
        self.images, self.labels = jnp.asarray(images), jnp.asarray(labels)

    def build(self, hidden, batch, adam, rate):
        widths = [WIDTH, *hidden, CLASSES]
        keys = jax.random.split(jax.random.key(0), len(widths))
        he = lambda key, shape: jax.random.normal(key, shape) * (2 / shape[0]) ** 0.5
        parameters = [
            (he(key, (inputs, outputs)), jnp.zeros(outputs))
            for key, inputs, outputs in zip(keys, widths, widths[1:])
        ]
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
        self.rule = globals()["adam" if adam else "sgd"]
        self.state = parameters, (zeros(), zeros()) if adam else (), jnp.zeros(())
        self.batch, self.rate = batch, rate

    def train(self, steps, seed):
        key = jax.random.key(seed)
        arguments = self.images, self.labels, key, steps, self.batch, self.rule, self.rate
        self.state, value = epoch(self.state, *arguments)
        jax.block_until_ready(self.state)
        return value

    def rows(self, images):
        return jnp.asarray(images)

    def predict(self, rows):
        return predict(self.state[0], rows).block_until_ready()

    def numbers(self, logits):
        return np.asarray(logits)


serve(Jax, jax.__version__)
