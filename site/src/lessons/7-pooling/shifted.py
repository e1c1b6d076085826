import numpy as np

import pyconvlite.functions as F


def pool(image):
    y = F.pooling(image[None, None], kernel_size, stride)
    return y.data[0, 0]


H, W = x.shape
# en: zeros come in from beyond the edges
# ja: 端の外からは 0 が入ります
D = max(abs(down), abs(right))
moved = np.pad(x, D)[D - down : D - down + H, D - right : D - right + W]
pooled = pool(x)
pooled_moved = pool(moved)


# en: 1: equal, 0: nothing shared
# ja: 1: 同じ、0: 共通部分なし
def alike(a, b):
    total = np.maximum(a, b).sum()
    shared = np.minimum(a, b).sum()
    return shared / total if total else 1


before = alike(x, moved)
after = alike(pooled, pooled_moved)
