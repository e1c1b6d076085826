import numpy as np

import pyconvlite.functions as F

# At depth d the kernel lies on KD planes at once.
KD = len(W)


def plane(d):
    planes = x[None, d : d + KD]
    return F.conv2d(planes, W[None]).data[0, 0]


depths = range(len(x) - KD + 1)
y = np.stack([plane(d) for d in depths])
