import numpy as np

import pyconvlite.functions as F
from pyconvlite import Parameter
from pyconvlite.optimizers import Adam

x = np.random.default_rng(0).standard_normal((32, 16))
# en: what is to be learnt
# ja: 学習の目標
t = np.sin(2 * x)


def losses(adds):
    rng = np.random.default_rng(1)
    weights = [Parameter(rng.standard_normal((16, 16)) / 8) for _ in range(depth)]
    optimizer = Adam(0.02)
    found = []
    # en: the losses after 0, 1, ... 30 steps
    # ja: 0, 1, ... 30 ステップ後の損失
    for _ in range(31):
        h = x
        for W in weights:
            f = F.tanh(F.linear(h, W))
            h = h + f if adds else f
        loss = F.mean((h - t) ** 2)
        found.append(loss.data)
        for W in weights:
            W.cleargrad()
        loss.backward()
        for W in weights:
            optimizer.update_one(W)
    return found


plain, residual = losses(False), losses(True)
