"""JAX: all steps of an epoch in one compiled program, a `lax.scan` over the batches."""

import functools
import json
import os
import sys

# JAX takes as many threads as it may use cores.
start = json.loads(sys.argv[1])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: start["threads"]])

import jax
import jax.numpy as jnp
import numpy as np

from serve import CLASSES, SLOPE, serve

jax.config.update("jax_enable_x64", start["double"])


def logits(parameters, values, tanh=False):
    for weight, bias in parameters[:-1]:
        values = values @ weight + bias
        values = jnp.tanh(values) if tanh else jax.nn.leaky_relu(values, SLOPE)
    weight, bias = parameters[-1]
    return values @ weight + bias


def cross_entropy(logits, labels):
    scores = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()


def binary(logits, labels):
    return (jax.nn.softplus(logits) - labels * logits).mean()


def squared(values, targets):
    return jnp.square(values - targets).mean()


def loss(parameters, images, labels, kind, tanh):
    return kind(logits(parameters, images, tanh), labels)


def nesterov(state, grads, rate):
    parameters, moments, count = state
    moments = jax.tree.map(lambda b, g: 0.9 * b + g, moments, grads)
    move = lambda p, g, b: p - rate * (g + 0.9 * b)
    return jax.tree.map(move, parameters, grads, moments), moments, count + 1


def sgd(state, grads, rate):
    parameters, moments, count = state
    return jax.tree.map(lambda p, g: p - rate * g, parameters, grads), moments, count + 1


def adam_rule(state, grads, rate):
    parameters, (m, v), count = state
    count = count + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    one, two = 1 - 0.9**count, 1 - 0.999**count
    move = lambda p, m, v: p - rate * (m / one) / (jnp.sqrt(v / two) + 1e-8)
    return jax.tree.map(move, parameters, m, v), (m, v), count


STATIC = ["steps", "batch", "rule", "rate", "kind", "tanh"]


@functools.partial(jax.jit, static_argnames=STATIC, donate_argnums=0)
def epoch(state, images, labels, key, steps, batch, rule, rate, kind, tanh):
    whole = batch == len(images)
    order = None if whole else jax.random.permutation(key, steps * batch).reshape(steps, batch)

    def step(state, rows):
        pair = (images, labels) if whole else (images[rows], labels[rows])
        value, grads = jax.value_and_grad(loss)(state[0], *pair, kind, tanh)
        return rule(state, grads, rate), value

    state, losses = jax.lax.scan(step, state, order, length=steps)
    return state, losses.mean()


@functools.partial(jax.jit, static_argnames=["steps", "kind", "tanh"])
def gradients(parameters, images, labels, rate, steps, kind, tanh):
    """The gradient `steps` times: each needs the one before, times a rate of 0, so that all are computed."""

    def step(parameters, _):
        value, grads = jax.value_and_grad(loss)(parameters, images, labels, kind, tanh)
        return jax.tree.map(lambda p, g: p - rate * g, parameters, grads), value

    return jax.lax.scan(step, parameters, length=steps)


predict = jax.jit(logits)


class Jax:
    def __init__(self, images, labels):
        self.images, self.labels = jnp.asarray(images), jnp.asarray(labels)

    def build(self, hidden, batch, adam, rate, table=None):
        dtype = self.images.dtype
        widths = [self.images.shape[1], *hidden, table["outputs"] if table else CLASSES]
        keys = jax.random.split(jax.random.key(0), len(widths))
        self.tanh = bool(table and table["tanh"])
        gain = 1 if self.tanh else 2
        weight = lambda key, shape: jax.random.normal(key, shape, dtype) * (gain / shape[0]) ** 0.5
        parameters = [
            (weight(key, (inputs, outputs)), jnp.zeros(outputs, dtype))
            for key, inputs, outputs in zip(keys, widths, widths[1:])
        ]
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
        without = (nesterov, zeros()) if table else (sgd, ())
        self.rule, moments = (adam_rule, (zeros(), zeros())) if adam else without
        self.state = parameters, moments, jnp.zeros((), dtype)
        self.kind = (binary if table["binary"] else squared) if table else cross_entropy
        self.batch, self.rate = batch, rate

    def train(self, steps, seed):
        settings = steps, self.batch, self.rule, self.rate, self.kind, self.tanh
        self.state, value = epoch(self.state, self.images, self.labels, jax.random.key(seed), *settings)
        jax.block_until_ready(self.state)
        return value

    def gradient(self, steps):
        settings = jnp.zeros((), self.images.dtype), steps, self.kind, self.tanh
        _, losses = jax.block_until_ready(gradients(self.state[0], self.images, self.labels, *settings))
        return losses.mean()

    def rows(self, images):
        return jnp.asarray(images)

    def predict(self, rows):
        return predict(self.state[0], rows).block_until_ready()

    def numbers(self, logits):
        return np.asarray(logits)


serve(Jax, jax.__version__)
