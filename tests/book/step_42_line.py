"""A line, then a network of two layers, by hand."""

import dezero.functions as F
import numpy as np
from dezero import Variable

np.random.seed(0)
x = np.random.rand(100, 1)
y = 5 + 2 * x + np.random.rand(100, 1)
x, y = Variable(x), Variable(y)
W, b = Variable(np.zeros((1, 1))), Variable(np.zeros(1))
for i in range(20):
    loss = F.mean_squared_error(y, F.matmul(x, W) + b)
    W.cleargrad()
    b.cleargrad()
    loss.backward()
    W.data -= 0.1 * W.grad.data
    b.data -= 0.1 * b.grad.data
print(W, b, loss)

x = np.random.rand(100, 1)
y = np.sin(2 * np.pi * x) + np.random.rand(100, 1)
weights = [Variable(0.01 * np.random.randn(*shape)) for shape in ((1, 10), (10, 1))]
biases = [Variable(np.zeros(size)) for size in (10, 1)]
for i in range(50):
    hidden = F.sigmoid_simple(F.linear_simple(x, weights[0], biases[0]))
    loss = F.mean_squared_error_simple(F.linear(hidden, weights[1], biases[1]), y)
    for p in weights + biases:
        p.cleargrad()
    loss.backward()
    for p in weights + biases:
        p.data -= 0.2 * p.grad.data
print(loss)
