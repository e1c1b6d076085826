"""A Function of one's own, and the sine as a series, with the simple core."""

import math

import numpy as np
from dezero.core_simple import Function, Variable, no_grad, setup_variable

setup_variable()


class Sine(Function):
    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        x = self.inputs[0].data
        return gy * np.cos(x)


def series(x, smallest=1e-6):
    total = 0
    for i in range(1000):
        term = (-1) ** i / math.factorial(2 * i + 1) * x ** (2 * i + 1)
        total = total + term
        if abs(term.data) < smallest:
            break
    return total


x = Variable(np.array(math.pi / 4))
y = Sine()(x)
y.backward()
print(y.data, x.grad)
x.cleargrad()
y = series(x)
y.backward()
print(y.data, x.grad)
with no_grad():
    print((x * 2).creator)
