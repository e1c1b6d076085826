import numpy as np

import pyconvlite.functions as F

# en: At depth d the kernel lies on KD planes at once.
# ja: 深さ d で、カーネルは KD 枚の平面に同時に重なります。
KD = len(W)


def plane(d):
    planes = x[None, d : d + KD]
    return F.conv2d(planes, W[None]).data[0, 0]


depths = range(len(x) - KD + 1)
y = np.stack([plane(d) for d in depths])
