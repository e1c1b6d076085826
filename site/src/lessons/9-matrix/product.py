import numpy as np

import pyconvlite.functions as F

OC, C, KH, KW = W.shape
way = (KH, KW), stride, pad
col = F.im2col(x, *way)
kernels = W.reshape(OC, -1).T
# en: all sums at once
# ja: すべての和を一度に計算
t = col @ kernels

# en: the same numbers, as images
# ja: 同じ数を画像の形で
y = F.conv2d(x, W, stride=stride, pad=pad)

# en: where each number of col is from
# ja: col の各数がどの画素から来たか
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)
