"""Functions of two variables and their gradients."""

if "__file__" in globals():
    import os
    import sys

    sys.path.append(os.path.join(os.path.dirname(__file__), ".."))
import numpy as np
from dezero import Variable


def sphere(x, y):
    return x**2 + y**2


def matyas(x, y):
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def goldstein_price(x, y):
    near = 19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2
    far = 18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2
    return (1 + (x + y + 1) ** 2 * near) * (30 + (2 * x - 3 * y) ** 2 * far)


for valley in (sphere, matyas, goldstein_price):
    x, y = Variable(np.array(1.0)), Variable(np.array(0.5))
    z = valley(x, y)
    z.backward()
    print(valley.__name__, z, x.grad, y.grad)
    print(x.shape, x.ndim, x.size, x.dtype, float(3.0 / z.data))
