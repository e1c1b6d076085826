import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

# en: what one unit sees
# ja: 1 個のユニットが見る範囲
side = 2 * layers + 1
x = Variable(np.zeros((1, 1, side, side)))
W = np.ones((1, 1, 3, 3))

h = x
for _ in range(layers):
    h = F.conv2d(h, W)

(gx,) = grad(h, x)
# en: per cent of all ways
# ja: すべての経路に対する割合(%)
share = 100 * gx[0, 0] / 9**layers
middle = np.array([share.data[r : side - r, r : side - r].sum() for r in range(layers, -1, -1)])
