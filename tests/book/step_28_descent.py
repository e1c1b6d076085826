"""Gradient descent and Newton's method, where a gradient is an array."""

import numpy as np
from dezero.core_simple import Variable, setup_variable

setup_variable()

x0, x1 = Variable(np.array(0.0)), Variable(np.array(2.0))
for i in range(30):
    y = 100 * (x1 - x0**2) ** 2 + (x0 - 1) ** 2
    x0.cleargrad()
    x1.cleargrad()
    y.backward()
    x0.data -= 0.001 * x0.grad
    x1.data -= 0.001 * x1.grad
print(x0.data, x1.data)

x = Variable(np.array(2.0))
for i in range(10):
    y = x**4 - 2 * x**2
    x.cleargrad()
    y.backward()
    x.data -= x.grad / (12 * x.data**2 - 4)
    print(i, x.data)
