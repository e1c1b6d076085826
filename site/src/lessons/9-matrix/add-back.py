import numpy as np

import pyconvlite.functions as F

way = kernel_size, stride, pad
col = F.im2col(x, *way)
back = F.col2im(col, x.shape, *way)

# en: how many copies there were of each pixel
# ja: 各画素のコピーの数
ones = np.ones(col.shape)
times = F.col2im(ones, x.shape, *way)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)
