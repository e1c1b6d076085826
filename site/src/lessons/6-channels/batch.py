import numpy as np

import pyconvlite.functions as F

y = F.conv2d(x, W, b)

# en: Image n computed by itself:
# ja: 画像 n だけで計算したもの:
alone = F.conv2d(x[n : n + 1], W, b)
difference = y.data[n] - alone.data[0]
difference = np.abs(difference).max()
