import numpy as np

import pyconvlite.functions as F

way = kernel_size, stride, pad
col = F.im2col(x, *way)

# en: The same with the pixels numbered, from 1: where each number of col is from.
# ja: 画素に 1 から番号を付けて同じ計算をすると、col の各数がどの画素から来たかがわかります。
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)
