import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

EPSILON = 0.1  # what each pixel changes by
rng = np.random.default_rng(1)
W = rng.choice([-1.0, 1.0], (n, 1))  # one weight for each of n pixels
x = Variable(rng.random((1, n)))

score = F.linear(x, W)
(g,) = grad(score, x)  # for a linear model it is W itself

# what each pixel adds to the score, summed up from pixel to pixel
aimed = np.cumsum(W[:, 0] * EPSILON * np.sign(g.data[0]))
random = np.cumsum(W[:, 0] * EPSILON * rng.choice([-1, 1], n))
