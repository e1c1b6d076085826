import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(x)
way = kernel_size, stride
y = F.pooling(x, *way)
# en: the positions of the maxima, kept for backward
# ja: 逆伝播のために保存された最大値の位置
index = y.creator.indexes
(gx,) = grad(y, x, gy)

mean = F.average_pooling(x, *way)
(spread,) = grad(mean, x, gy)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel, *way)
