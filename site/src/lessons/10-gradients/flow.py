import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(np.zeros((1, 1, 5, 5)))
y = F.conv2d(x, W, stride=stride, pad=pad)
(gx,) = grad(y, x, gy)

# en: the same by hand: gy, deconvolved
# ja: 同じものを自分で計算: gy の逆畳み込み
same = F.deconv2d(gy, W, stride=stride, pad=pad, outsize=5)
difference = np.abs(gx.data - same.data).max()

# en: which pixel each weight met, from 1
# ja: 各重みが掛かった画素の番号(1 から)
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, 3, stride, pad)
