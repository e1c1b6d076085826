import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(np.zeros((1, 1, 11, 11)))
W = np.ones((1, 1, K, K))
y = F.conv2d(x, W, stride=stride)

(gx,) = grad(y, x, np.ones(y.shape))
gx = gx[0, 0]
