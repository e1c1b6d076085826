import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

W = Variable(np.ones((1, 1, 3, 3)))
y = F.conv2d(x, W, stride=stride, pad=pad)
(gW,) = grad(y, W, gy)

# the same by hand: gy as a kernel
# with its cells a stride apart
same = F.conv2d(x, gy, pad=pad, dilation=stride)
same = same.data[:, :, :3, :3]
difference = np.abs(gW.data - same).max()

# which pixel each weight met, from 1
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, 3, stride, pad)
