"""Shapes: reshape, transpose, sums, broadcasting, matrix products, slices."""

import dezero.functions as F
import numpy as np
from dezero import Variable
from dezero.utils import gradient_check

x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
for y in (F.reshape(x, (6,)), x.reshape(3, 2), x.transpose(), x.T, x.sum(axis=0), F.sum(x, 1, True), x[1]):
    x.cleargrad()
    y.backward(retain_grad=True)
    print(y, x.grad, y.shape)
print(F.sum_to(x, (1, 3)), F.broadcast_to(Variable(np.array([1, 2])), (3, 2)))
x0, x1 = Variable(np.array([1, 2, 3])), Variable(np.array([10]))
y = x0 + x1
y.backward()
print(x1.grad)
x, W = Variable(np.arange(6.0).reshape(2, 3)), Variable(np.ones((3, 4)))
y = F.matmul(x, W)
y.backward()
print(x.grad, W.grad)
print(F.get_item(x, (slice(None), 2)), x[np.array([0, 0, 1])])
print(gradient_check(lambda x: F.sum(x**3), np.array([[1, 2], [3, 4]])))
