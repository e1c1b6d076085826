import numpy as np

import pyconvlite
import pyconvlite.functions as F

pyconvlite.seed(draw)
once = F.dropout(x, ratio)

many = [F.dropout(x, ratio).data for _ in range(200)]
average = np.mean(many, axis=0)

with pyconvlite.test_mode():
    test = F.dropout(x, ratio)
