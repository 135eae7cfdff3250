"""Prints the coefficients of crates/tensor/src/functions/erf.rs, exact values and the largest error.

    python3 -m venv venv && venv/bin/pip install mpmath numpy
    venv/bin/python crates/tensor/tests/reference/erf.py
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 50
MIDDLE, END = mp.mpf(2), mp.mpf(6)


def interpolated(of, low, high, degree):
    """The coefficients of the polynomial through the zeros of a Chebyshev polynomial on [low, high]."""
    count = degree + 1
    zeros = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / count) for k in range(count)]
    at = [(low + high) / 2 + (high - low) / 2 * zero for zero in zeros]
    powers = mp.matrix(count, count)
    for i, x in enumerate(at):
        for j in range(count):
            powers[i, j] = x**j
    found = mp.lu_solve(powers, mp.matrix([of(x) for x in at]))
    return [float(found[i]) for i in range(count)]


def near(square):
    """erf(x) / x - 1 by the square of x."""
    x = mp.sqrt(square)
    return mp.erf(x) / x - 1


def far(z):
    """e^(x^2) (1 - erf(x)) by z = (x - 2) / (x + 2)."""
    x = MIDDLE * (1 + z) / (1 - z)
    return mp.erfc(x) * mp.exp(x * x)


def mapped(x):
    return (x - MIDDLE) / (x + MIDDLE)


NEAR = interpolated(near, mp.mpf(0), mp.mpf(1), 11)
FAR = interpolated(far, mapped(mp.mpf(1)), mapped(END), 16)


def horner(coefficients, x):
    found = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        found = found * x + coefficient
    return found


def erf(x):
    """The formula of erf.rs in float64."""
    a = np.minimum(np.abs(x), 6.0)
    square = a * a
    small = a + a * horner(NEAR, square)
    large = 1.0 - np.exp(-square) * horner(FAR, (a - 2.0) / (a + 2.0))
    return np.copysign(np.where(a < 1.0, small, large), x)


def worst():
    random = np.random.default_rng(0)
    x = [random.uniform(0, 1, 15000), random.uniform(1, 6, 15000), 10 ** random.uniform(-300, 0, 3000)]
    x = np.concatenate([*x, 1 + random.uniform(-1e-3, 1e-3, 2000)])
    found = erf(x)
    off = 0
    for x, found in zip(x, found):
        exact = mp.erf(mp.mpf(float(x)))
        ulp = np.spacing(float(exact)) if float(exact) < 1 else 2.0**-53
        off = max(off, abs((mp.mpf(float(found)) - exact) / mp.mpf(float(ulp))))
    return off


print("near", NEAR)
print("far", FAR)
for x in [1e-300, 1e-9, 1e-3, 0.1, 0.25, 0.5, 0.75, 0.99, 1.0, 1.01, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 5.5, 5.9]:
    print(x, float(mp.erf(mp.mpf(x))))
print("largest error in ulp", mp.nstr(worst(), 4))
