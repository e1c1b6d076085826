import numpy as np

import pyconvlite.functions as F

image, kernel = x[None, None], W[None, None]
sums = F.conv2d(image, kernel)[0, 0]
biases = np.array([b])
y = F.conv2d(image, kernel, biases)[0, 0]
