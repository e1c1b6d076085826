import numpy as np

import pyconvlite.functions as F

x = np.ones((1, 1, 5, 5))
W = np.ones((1, 1, K, K))
times = F.deconv2d(x, W, stride=stride)[0, 0]
