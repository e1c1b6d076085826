import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

rng = np.random.default_rng(0)
x = rng.standard_normal((16, 32))
weights = scale * rng.standard_normal((depth, 32, 32)) / 32**0.5


# en: the length of the gradient at each block's input
# ja: 各ブロックの入力での勾配の長さ
def lengths(adds):
    h = Variable(x)
    inputs = []
    for W in weights:
        inputs.append(h)
        f = F.tanh(F.linear(h, W))
        h = h + f if adds else f
    gradients = grad(F.sum(h), inputs)
    return [(g.data**2).sum() ** 0.5 for g in gradients]


plain, residual = lengths(False), lengths(True)
