import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad


def loss_of(w):
    y = w[0] * x + w[1]
    return F.mean((y - t) ** 2, axis=-1)


w, step = start, np.zeros(2)
path, losses = [], []
for _ in range(steps + 1):
    here = Variable(w)
    loss = loss_of(here)
    (gw,) = grad(loss, here)
    path.append(w)
    losses.append(loss.data)
    step = momentum * step - rate * gw.data
    w = w + step

# en: the map: the loss for many slopes and heights
# ja: 地図: さまざまな傾きと高さでの損失
a = np.linspace(-1.5, 3.5, 41)
b = np.linspace(-2.5, 3.5, 41)
ground = loss_of([a[:, None], b[:, None, None]])
