import numpy as np

import pyconvlite.functions as F
from pyconvlite import Variable, grad

# en: what each pixel changes by
# ja: 各画素の変化の大きさ
EPSILON = 0.1
rng = np.random.default_rng(1)
# en: one weight for each of n pixels
# ja: n 個の画素それぞれの重み
W = rng.choice([-1.0, 1.0], (n, 1))
x = Variable(rng.random((1, n)))

score = F.linear(x, W)
# en: for a linear model it is W itself
# ja: 線形モデルでは W そのもの
(g,) = grad(score, x)

# en: what each pixel adds to the score, summed up from pixel to pixel
# ja: 各画素がスコアに加える値を、画素の順に足していったもの
aimed = np.cumsum(W[:, 0] * EPSILON * np.sign(g.data[0]))
random = np.cumsum(W[:, 0] * EPSILON * rng.choice([-1, 1], n))
