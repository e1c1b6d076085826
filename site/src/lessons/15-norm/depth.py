import numpy as np

import pyconvlite.functions as F

rng = np.random.default_rng(0)
# en: 64 inputs of 50 numbers
# ja: 50 個の数からなる入力を 64 個
x = rng.standard_normal((64, 50))
weights = scale * rng.standard_normal((8, 50, 50)) / 50**0.5
one, zero = np.ones(50), np.zeros(50)


# en: how the outputs lie between -1 and 1
# ja: -1 から 1 の間での出力の分布
def shares(h):
    counts, _ = np.histogram(h.data, bins=21, range=(-1, 1))
    return counts / h.size


plain, normed = [], []
h = g = x
for W in weights:
    h = F.tanh(F.linear(h, W))
    plain.append(shares(h))
    g = F.linear(g, W)
    g = F.tanh(F.batch_norm(g, one, zero, zero, one))
    normed.append(shares(g))
