import numpy as np

import pyconvlite.functions as F


def pool(image):
    y = F.pooling(image[None, None], kernel_size, stride)
    return y.data[0, 0]


H, W = x.shape
D = max(abs(down), abs(right))  # zeros come in from beyond the edges
moved = np.pad(x, D)[D - down : D - down + H, D - right : D - right + W]
pooled = pool(x)
pooled_moved = pool(moved)


def alike(a, b):  # 1: equal, 0: nothing shared
    total = np.maximum(a, b).sum()
    shared = np.minimum(a, b).sum()
    return shared / total if total else 1


before = alike(x, moved)
after = alike(pooled, pooled_moved)
