import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

image, W = Variable(x), Variable(W)


def gradient(W):
    loss = F.sum(F.conv2d(image, W) ** 2)
    (gx,) = grad(loss, image, create_graph=True)
    return gx


# en: the squared length of that gradient
# ja: その勾配の長さの 2 乗
def length(W):
    return F.sum(gradient(W) ** 2)


gx = gradient(W)
# en: the second order
# ja: 2 階の勾配
(gW,) = grad(length(W), W)


# en: the same by differences, without the second backward
# ja: 同じものを、2 回目の逆伝播を使わず差分で求めたもの
def measured(h):
    slopes = np.zeros(W.shape)
    for i in np.ndindex(W.shape):
        e = np.zeros(W.shape)
        e[i] = h
        rise = length(W + e) - length(W - e)
        slopes[i] = rise.data / (2 * h)
    return slopes


def error(h):
    return np.abs(gW.data - measured(h)).max()


numeric = measured(0.1**digits)
errors = [error(0.1**k) for k in range(1, 13)]
