import numpy as np

import pyconvlite.functions as F

OC, C, KH, KW = W.shape
way = (KH, KW), stride, pad
col = F.im2col(x, *way)
kernels = W.reshape(OC, -1).T
t = col @ kernels  # all sums at once

# the same numbers, as images
y = F.conv2d(x, W, stride=stride, pad=pad)

# where each number of col is from
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)
