import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(np.zeros((1, 1, 1, width)))
W = np.ones((1, 1, 1, kernel_size))

h = x
# en: up to the unit's own layer
# ja: そのユニットの層まで
for n in range(layers - down):
    # en: 1, or doubled each time
    # ja: 1 のまま、または毎回 2 倍
    spread = dilation**n
    h = F.conv2d(h, W, stride=(1, stride), dilation=(1, spread))

# en: by how many ways does a pixel reach the unit?
# ja: 各画素からユニットへの経路は何通り?
one = np.zeros(h.shape)
one[..., unit] = 1
(gx,) = grad(h, x, one)
ways = gx[0, 0, 0]
of = np.array([down, unit])
