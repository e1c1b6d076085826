import numpy as np

import pyconvlite.functions as F

image = x[None, None]

# en: twice as large, by a deconvolution
# ja: 逆畳み込みで 2 倍に拡大
W = np.ones((1, 1, K, K)) * 4 / K**2
stamped = F.deconv2d(image, W, stride=2)[0, 0]

# en: the cure: enlarge first, then convolve
# ja: 対策: 先に拡大してから畳み込み
large = F.upsample(image, 2)
W = np.ones((1, 1, K, K)) / K**2
resized = F.conv2d(large, W, pad=K - 1)[0, 0]
