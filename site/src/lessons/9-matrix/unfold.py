import numpy as np

import pyconvlite.functions as F

way = kernel_size, stride, pad
col = F.im2col(x, *way)

# The same with the pixels numbered, from 1:
# where each number of col is from.
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)
