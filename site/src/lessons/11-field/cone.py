import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(np.zeros((1, 1, 1, width)))
W = np.ones((1, 1, 1, kernel_size))

h = x
for n in range(layers - down):  # up to the unit's own layer
    spread = dilation**n  # 1, or doubled each time
    h = F.conv2d(h, W, stride=(1, stride), dilation=(1, spread))

# by how many ways does a pixel reach the unit?
one = np.zeros(h.shape)
one[..., unit] = 1
(gx,) = grad(h, x, one)
ways = gx[0, 0, 0]
of = np.array([down, unit])
