import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(x)
way = kernel_size, stride
y = F.pooling(x, *way)
index = y.creator.indexes  # kept for backward
(gx,) = grad(y, x, gy)

mean = F.average_pooling(x, *way)
(spread,) = grad(mean, x, gy)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel, *way)
