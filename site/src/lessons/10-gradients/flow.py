import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(np.zeros((1, 1, 5, 5)))
y = F.conv2d(x, W, stride=stride, pad=pad)
(gx,) = grad(y, x, gy)

# the same by hand: gy, deconvolved
same = F.deconv2d(gy, W, stride=stride, pad=pad, outsize=5)
difference = np.abs(gx.data - same.data).max()

# which pixel each weight met, from 1
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, 3, stride, pad)
