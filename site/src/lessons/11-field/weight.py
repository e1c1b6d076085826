import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

side = 2 * layers + 1  # what one unit sees
x = Variable(np.zeros((1, 1, side, side)))
W = np.ones((1, 1, 3, 3))

h = x
for _ in range(layers):
    h = F.conv2d(h, W)

(gx,) = grad(h, x)
share = 100 * gx[0, 0] / 9**layers  # per cent of all ways
middle = np.array([share.data[r : side - r, r : side - r].sum() for r in range(layers, -1, -1)])
