import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

W = Variable(np.ones((1, 1, 3, 3)))
y = F.conv2d(x, W, stride=stride, pad=pad)
(gW,) = grad(y, W, gy)

# en: the same by hand: gy as a kernel with its cells a stride apart
# ja: 同じものを自分で計算: gy を、マスの間隔がストライドと等しいカーネルとして使います
same = F.conv2d(x, gy, pad=pad, dilation=stride)
same = same.data[:, :, :3, :3]
difference = np.abs(gW.data - same).max()

# en: which pixel each weight met, from 1
# ja: 各重みが掛かった画素の番号(1 から)
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, 3, stride, pad)
