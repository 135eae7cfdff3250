"""The rational functions of crates/tensor/src/functions/tanh.rs, and the values that the test of
reference.rs compares with. Needs mpmath 1.3: python functions.py"""

from mpmath import cos, exp, log, lu_solve, matrix, mp, mpf, nstr, pi, polyval, sqrt, tanh

mp.dps = 60


def rational(limit, numerator, denominator):
    """P / Q of these degrees, Q with the leading coefficient 1, that equals (tanh x / x - 1) / x^2 at
    the Chebyshev nodes of z = x^2 between 0 and limit^2; and the relative error of tanh x."""
    count = numerator + 1 + denominator
    exact = lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z
    end = limit * limit
    nodes = [end / 2 * (1 + cos(pi * (2 * k + 1) / (2 * count))) for k in range(count)]
    rows, right = matrix(count, count), matrix(count, 1)
    for row, z in enumerate(nodes):
        for power in range(numerator + 1):
            rows[row, power] = z**power
        for power in range(denominator):
            rows[row, numerator + 1 + power] = -exact(z) * z**power
        right[row] = exact(z) * z**denominator
    solution = list(lu_solve(rows, right))
    p, q = solution[: numerator + 1], solution[numerator + 1 :] + [mpf(1)]
    error = lambda z: abs((1 + z * polyval(p[::-1], z) / polyval(q[::-1], z)) / (1 + z * exact(z)) - 1)
    return p, q, max(error(end * k / 2000) for k in range(1, 2001))


for name, limit, degrees in [("f32", "0.8", (1, 2)), ("f64", "0.7", (2, 3))]:
    p, q, error = rational(mpf(limit), *degrees)
    print(f"tanh, {name}: P {[float(c) for c in p]}, Q {[float(c) for c in q]}, error 2^{nstr(log(error, 2), 4)}")

logistic = lambda x: 1 / (1 + exp(-x))
softplus = lambda x: log(1 + exp(x))
for function, values in [
    (exp, [1.0, -0.5, 10.0]),
    (tanh, [0.3, 1.5, -1e-5]),
    (logistic, [0.75, -3.5, -40.0]),
    (softplus, [0.75, -3.5, -40.0]),
]:
    for x in values:
        value = function(mpf(x))
        print(x, float(value), float(value - float(value)))
